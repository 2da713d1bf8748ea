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

from kent_agent.decoder.continuations import AFTER
from kent_agent.decoder.lexicon import AT, STANDING
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
        hidden: units that weigh the measures of a token together.
        wholes, parts: hash buckets of tokens and of their parts.
        dropout: in training.
    """

    dimension: int = 4096
    width: int = 128
    layers: int = 2
    heads: int = 4
    hidden: int = 24
    wholes: int = 16384
    parts: int = 8192
    dropout: float = 0.1


Memory = tuple[tuple[Tensor, ...], ...]
"""Keys and values of each layer."""


@dataclass(frozen=True)
class Told:
    """Measures of the tokens to choose from: of each lexicon `(B, V, STANDING)`, of each state `(N, V, AT + AFTER)`."""

    standing: Tensor
    place: Tensor


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
        self.issue = nn.Linear(shape.dimension, width)
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
        self.measure = nn.Linear(STANDING + AT + AFTER, shape.hidden, bias=False)
        self.judge = nn.Linear(width, shape.hidden)
        self.decide = nn.Linear(shape.hidden, 1, bias=False)

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
        hidden = self.categories(categories) + self.measures(measures) + self.issue(condition)[owner]
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

    def recall(self, memory: Tensor) -> Memory:
        """What each layer of the writer attends to in a memory: keys and values, `(B, heads, 1 + S, width / heads)`."""
        return tuple(_projected(layer.multihead_attn, memory, (1, 2)) for layer in self._writing)

    def forward_generate(self, recalled: Memory, unused: Tensor, written: Tensor) -> Tensor:
        """States `(B, T, width)` after each of T tokens that were written.

        Args:
            recalled: of the memories `(B, 1 + S, width)`.
            unused: `(B, S)`.
            written: embeddings of the tokens, the site's action first, `(B, T, width)`.
        """
        length = written.shape[1]
        states = written + self.positions(torch.arange(length))
        earlier = torch.ones(length, length, dtype=torch.bool).tril()
        there = ~_with_latent(unused)[:, None, None]
        for layer, (keys, values) in zip(self._writing, recalled, strict=True):
            query, own_keys, own_values = _projected(layer.self_attn, layer.norm1(states), (0, 1, 2))
            states = states + layer.dropout1(_attended(layer.self_attn, query, own_keys, own_values, earlier))
            (query,) = _projected(layer.multihead_attn, layer.norm2(states), (0,))
            states = states + layer.dropout2(_attended(layer.multihead_attn, query, keys, values, there))
            inner = layer.dropout(torch.relu(layer.linear1(layer.norm3(states))))
            states = states + layer.dropout3(layer.linear2(inner))
        assert self.writer.norm is not None
        last: Tensor = self.writer.norm(states)
        return last

    @property
    def _writing(self) -> list[nn.TransformerDecoderLayer]:
        return [layer for layer in self.writer.layers if isinstance(layer, nn.TransformerDecoderLayer)]

    def logits(self, states: Tensor, used: Tensor, words: Tensor, told: "Told") -> Tensor:
        """Logits `(N, V)` of the next token after each of N used states.

        Args:
            states: of B lexicons, `(B, T, width)`.
            used: which of the states are used, `(B, T)`; N in all.
            words: embeddings of the lexicons' tokens, `(B, V, width)`.
            told: of the tokens.
        """
        chosen = states[used]
        on_standing, on_place = self.weigh(states).split([STANDING, AT + AFTER], dim=-1)
        of_standing, of_place = self.measure.weight[:, :STANDING], self.measure.weight[:, STANDING:]
        known = states @ words.transpose(1, 2) * self.shape.width**-0.5 + on_standing @ told.standing.transpose(1, 2)
        standing = told.standing @ of_standing.T
        # In place, and without copies for one lexicon: this is where most of a search's numbers are.
        hidden = told.place @ of_place.T
        hidden += standing if len(standing) == 1 else standing[used.nonzero()[:, 0]]
        hidden += self.judge(chosen)[:, None]
        decided = self.decide(torch.relu_(hidden)).squeeze(-1)
        logits: Tensor = known[used] + (told.place @ on_place[used][..., None]).squeeze(-1) + decided
        return logits


def _projected(attention: nn.MultiheadAttention, states: Tensor, thirds: Sequence[int]) -> tuple[Tensor, ...]:
    """Queries (0), keys (1) or values (2) of an attention for each head, `(B, heads, T, width / heads)`."""
    width, heads = attention.embed_dim, attention.num_heads
    rows = [slice(width * third, width * (third + 1)) for third in thirds]
    made = (torch.nn.functional.linear(states, attention.in_proj_weight[r], attention.in_proj_bias[r]) for r in rows)
    return tuple(each.view(*each.shape[:-1], heads, -1).transpose(1, 2) for each in made)


def _attended(attention: nn.MultiheadAttention, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """What an attention makes of all that a mask lets it see, `(B, T, width)`."""
    dropout = attention.dropout if attention.training else 0.0
    seen = torch.nn.functional.scaled_dot_product_attention(query, keys, values, mask, dropout)
    joined: Tensor = attention.out_proj(seen.transpose(1, 2).flatten(2))
    return joined


def _with_latent(unused: Tensor) -> Tensor:
    """A mask of padding with the latent, which is always there, in front."""
    return torch.cat([torch.zeros(len(unused), 1, dtype=torch.bool), unused], 1)
