"""CodeGeneratorNetwork: points at the site of an edit, then writes its tokens.

The first half scores every site of a function, an action each, under a latent of what is known of the issue and the
place. The second half reads the surroundings of one site with a transformer (Vaswani et al. 2017) and writes token
after token; a token's logit is its embedding against the state, plus its standing in the function, the issue and the
file's habits, weighed by the state: a pointer and a language model in one softmax (See, Liu and Manning 2017 mix two).

Tokens have no fixed vocabulary: a token's embedding is the sum of those of its hash and of its parts' hashes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import torch
from torch import Tensor, nn

from kent_agent.decoder.lexicon import AFTER, AT, STANDING
from kent_agent.decoder.site_table import ACTIONS, BUCKETS, CATEGORIES, SITE_MEASURES

SEGMENTS = 5  # of what is read: the site's kind, what the issue says, the tokens before, those replaced, those behind
LONGEST = 160  # tokens read, and tokens written
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\w\s]")
_MOST_PARTS = 6
_MOST_CHARACTERS = 60


@dataclass(frozen=True)
class NetworkShape:
    """Sizes.

    Attributes:
        dimension: D of the hypervector that the latent is made from.
        width: of every embedding and state.
        layers: of the reader and of the writer, each.
        heads: of attention.
        wholes, parts: hash buckets of tokens and of their parts.
        dropout: in training.
    """

    dimension: int = 4096
    width: int = 128
    layers: int = 2
    heads: int = 4
    wholes: int = 16384
    parts: int = 8192
    dropout: float = 0.1


@lru_cache(maxsize=1 << 18)
def hashes(token: str, wholes: int, parts: int) -> tuple[int, ...]:
    """Rows of the embedding table that a token is the sum of: its own, then those of its parts."""
    found = dict.fromkeys(part.lower() for part in _PART.findall(token[:_MOST_CHARACTERS]))
    own, *others = (crc32(each.encode("utf-8", "surrogatepass")) for each in (token, *list(found)[:_MOST_PARTS]))
    return (own % wholes, *(wholes + other % parts for other in others))


class CodeGeneratorNetwork(nn.Module):
    """The weights.

    Args:
        shape: its sizes.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.table = nn.EmbeddingBag(shape.wholes + shape.parts, width, mode="sum")
        nn.init.normal_(self.table.weight, std=0.5 * width**-0.5)
        self.latent = nn.Linear(shape.dimension, width)
        self.categories = nn.EmbeddingBag(len(ACTIONS) + (CATEGORIES - 1) * BUCKETS, width, mode="sum")
        self.measures = nn.Linear(SITE_MEASURES, width)
        self.score = nn.Sequential(
            *(nn.ReLU(), nn.Dropout(shape.dropout), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
        )
        self.segments = nn.Embedding(SEGMENTS, width)
        self.positions = nn.Embedding(LONGEST, width)
        heads, inner, dropout = shape.heads, 3 * width, shape.dropout
        encoder = nn.TransformerEncoderLayer(width, heads, inner, dropout, batch_first=True, norm_first=True)
        decoder = nn.TransformerDecoderLayer(width, heads, inner, dropout, batch_first=True, norm_first=True)
        self.reader = nn.TransformerEncoder(encoder, shape.layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.writer = nn.TransformerDecoder(decoder, shape.layers, nn.LayerNorm(width))
        self.weigh = nn.Linear(width, STANDING + AT + AFTER)

    @property
    def parameters_in_all(self) -> int:
        """How many numbers are learned."""
        return sum(parameter.numel() for parameter in self.parameters())

    def embed(self, tokens: Sequence[str]) -> Tensor:
        """Embeddings of n tokens, `(n, width)`."""
        rows = [hashes(token, self.shape.wholes, self.shape.parts) for token in tokens]
        flat = torch.tensor([number for row in rows for number in row], dtype=torch.long)
        lengths = torch.tensor([0, *map(len, rows[:-1])], dtype=torch.long)
        embedded: Tensor = self.table(flat, lengths.cumsum(0))
        return embedded

    def forward_classify(self, condition: Tensor, categories: Tensor, measures: Tensor, owner: Tensor) -> Tensor:
        """Scores of n sites, `(n,)`, up to a constant for each owner.

        Args:
            condition: hypervectors of what is known, `(B, D)`.
            categories: `(n, CATEGORIES)`.
            measures: `(n, SITE_MEASURES)`.
            owner: which condition each site is under, `(n,)`.
        """
        hidden = self.categories(categories) + self.measures(measures) + self.latent(condition)[owner]
        scores: Tensor = self.score(hidden).squeeze(-1)
        return scores

    def read(self, condition: Tensor, tokens: Tensor, segments: Tensor, unused: Tensor) -> Tensor:
        """The memory `(B, 1 + S, width)` of what surrounds B sites.

        Args:
            condition: `(B, D)`.
            tokens: embeddings, `(B, S, width)`.
            segments: `(B, S)`.
            unused: true where there is no token, `(B, S)`.
        """
        at = torch.arange(tokens.shape[1])
        told = torch.cat([self.latent(condition)[:, None], tokens + self.segments(segments) + self.positions(at)], 1)
        memory: Tensor = self.reader(told, src_key_padding_mask=_with_latent(unused))
        return memory

    def forward_generate(self, memory: Tensor, unused: Tensor, written: Tensor) -> Tensor:
        """States `(B, T, width)` after each of T tokens that were written.

        Args:
            memory: `(B, 1 + S, width)`.
            unused: `(B, S)`.
            written: embeddings of the tokens, the site's action first, `(B, T, width)`.
        """
        length = written.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).triu(1)
        states: Tensor = self.writer(
            written + self.positions(torch.arange(length)),
            memory,
            tgt_mask=mask,
            memory_key_padding_mask=_with_latent(unused),
        )
        return states

    def logits(self, states: Tensor, lexicon: Tensor, standing: Tensor, at: Tensor, after: Tensor) -> Tensor:
        """Logits `(B, T, V)` of the next token.

        Args:
            states: `(B, T, width)`.
            lexicon: embeddings of the V tokens that may be written, `(B, V, width)`.
            standing: `(B, V, STANDING)`.
            at: `(B, V, AT)`.
            after: `(B, T, V, AFTER)`.
        """
        on_standing, on_at, on_after = self.weigh(states).split([STANDING, AT, AFTER], dim=-1)
        known = states @ lexicon.transpose(1, 2) * self.shape.width**-0.5
        static = on_standing @ standing.transpose(1, 2) + on_at @ at.transpose(1, 2)
        logits: Tensor = known + static + (after @ on_after[..., None]).squeeze(-1)
        return logits


def _with_latent(unused: Tensor) -> Tensor:
    """A mask of padding with the latent, which is always there, in front."""
    return torch.cat([torch.zeros(len(unused), 1, dtype=torch.bool), unused], 1)
