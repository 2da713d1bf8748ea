"""CodeGeneratorNetwork: a hypervector to the pattern of an edit, and to its tokens one after another."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class NetworkShape:
    """What fixes the network's tensors.

    Attributes:
        dimension: D of the hypervectors.
        patterns: number of edit patterns.
        learned: number of tokens with an embedding of their own (specials included).
        width: of the residual stream.
        heads: of each attention layer.
        layers: transformer blocks.
        length: longest sequence, the conditioning hypervector and the old statement included.
    """

    dimension: int
    patterns: int
    learned: int
    width: int = 128
    heads: int = 4
    layers: int = 3
    length: int = 112


class CodeGeneratorNetwork(nn.Module):
    """A pattern classifier and an autoregressive transformer decoder over an open, bounded vocabulary.

    A token is embedded by projecting its hypervector, which any token of any repository has; tokens that training saw
    often add an embedding of their own. Input and output share the embedding, so that attending to a token of the old
    statement and writing it again is one step for the network.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.classifier = nn.Sequential(
            nn.Dropout(
                0.5
            ),  # a hypervector tells every training example apart: without it the classifier learns them by heart
            nn.Linear(shape.dimension, shape.width),
            nn.GELU(),
            nn.Dropout(0.5),
            nn.Linear(shape.width, shape.patterns),
        )
        self.dropout = nn.Dropout(0.1)
        self.condition = nn.Linear(shape.dimension, shape.width)
        self.project = nn.Linear(shape.dimension, shape.width, bias=False)
        self.learned = nn.Embedding(shape.learned, shape.width)
        self.learned_bias = nn.Parameter(torch.zeros(shape.learned))
        self.positions = nn.Embedding(shape.length, shape.width)
        self.blocks = nn.ModuleList([_Block(shape.width, shape.heads) for _ in range(shape.layers)])
        self.norm = nn.LayerNorm(shape.width)
        self.copy_query = nn.Linear(shape.width, shape.width, bias=False)
        self.copy_key = nn.Linear(shape.width, shape.width, bias=False)
        self.copy_gate = nn.Linear(shape.width, 1)
        nn.init.normal_(self.learned.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)
        nn.init.normal_(self.project.weight, std=shape.dimension**-0.5)

    def embed(self, atoms: Tensor) -> Tensor:
        """Embeddings `(V, width)` of a vocabulary whose token atoms are `(V, D)`, learned tokens first."""
        table: Tensor = self.project(atoms)
        own = self.learned.weight[: len(atoms)]
        return torch.cat([table[: len(own)] + own, table[len(own) :]])

    def forward_classify(self, hypervector: Tensor) -> Tensor:
        """Pattern logits `(B, patterns)` of hypervectors `(B, D)`."""
        logits: Tensor = self.classifier(hypervector * self.shape.dimension**0.5)
        return logits

    def forward_generate(self, hypervector: Tensor, previous: Tensor, table: Tensor) -> Tensor:
        """Log probabilities `(B, T, V)` of the token after each of the previous ones.

        Args:
            hypervector: the condition, `(B, D)`.
            previous: token numbers `(B, T)`: the pattern, the old statement, a separator, then what was written so far.
            table: the vocabulary's embeddings, `(V, width)`, from `embed`.
        """
        state = self._read(hypervector, previous, table)
        return self._predict(state, state, previous, table)

    def forward_next(self, hypervector: Tensor, previous: Tensor, table: Tensor) -> Tensor:
        """Log probabilities `(B, V)` of the next token alone: the last row of `forward_generate`, for the search."""
        state = self._read(hypervector, previous, table)
        return self._predict(state[:, -1:], state, previous, table)[:, 0]

    def log_likelihood(self, hypervector: Tensor, previous: Tensor, targets: Tensor, table: Tensor) -> Tensor:
        """Log probabilities `(N,)` of the N targets `(B, T)` that are not negative: what training maximises.

        Equal to picking them from `forward_generate`, without its `(B, T, V)` tensor.
        """
        state = self._read(hypervector, previous, table)
        rows, columns = torch.nonzero(targets >= 0, as_tuple=True)
        wanted = targets[rows, columns]
        asking = state[rows, columns]
        written = self._write(asking, table).gather(1, wanted.unsqueeze(1)).squeeze(1)
        pointers = self._point(state, state)[rows, columns]
        copied = (pointers * (previous[rows] == wanted.unsqueeze(1))).sum(-1)
        return self._mix(asking, written.unsqueeze(-1), copied.unsqueeze(-1)).squeeze(-1)

    def _read(self, hypervector: Tensor, previous: Tensor, table: Tensor) -> Tensor:
        """Contextual states `(B, T, width)`; no state sees a later token."""
        first = self.condition(hypervector * self.shape.dimension**0.5).unsqueeze(1)
        stream = torch.cat([first, table[previous]], dim=1)
        stream = self.dropout(stream + self.positions.weight[: stream.shape[1]])
        for block in self.blocks:
            stream = block(stream)
        state: Tensor = self.norm(stream)[:, 1:]
        return state

    def _predict(self, asking: Tensor, state: Tensor, previous: Tensor, table: Tensor) -> Tensor:
        """Log probabilities `(B, A, V)` for the last A states."""
        written = self._write(asking, table)
        pointers = self._point(asking, state)
        copied = torch.zeros_like(written)
        copied = copied.scatter_add(2, previous.unsqueeze(1).expand(-1, asking.shape[1], -1), pointers)
        return self._mix(asking, written, copied)

    def _write(self, asking: Tensor, table: Tensor) -> Tensor:
        """Log probabilities `(..., V)` of writing each token of the vocabulary afresh."""
        own = len(self.learned_bias)
        bias = functional.pad(self.learned_bias, (0, max(0, len(table) - own)))[: len(table)]
        return functional.log_softmax(asking @ table.T * self.shape.width**-0.5 + bias, dim=-1)

    def _point(self, asking: Tensor, state: Tensor) -> Tensor:
        """Probabilities `(B, A, T)` of copying the token at each position not later than the asking one's."""
        scores = self.copy_query(asking) @ self.copy_key(state).transpose(1, 2) * self.shape.width**-0.5
        future = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1 + state.shape[1] - asking.shape[1])
        return functional.softmax(scores.masked_fill(future, float("-inf")), dim=-1)

    def _mix(self, asking: Tensor, written: Tensor, copied: Tensor) -> Tensor:
        """Log probabilities of writing (given as logarithms) and copying (given as probabilities) mixed by the gate."""
        gate = self.copy_gate(asking)
        return torch.logaddexp(
            written + functional.logsigmoid(-gate),
            copied.clamp_min(1e-12).log() + functional.logsigmoid(gate),
        )


class _Block(nn.Module):
    """One pre-norm transformer block with causal attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1))

    def forward(self, stream: Tensor) -> Tensor:
        batch, length, width = stream.shape
        qkv = self.qkv(self.attention_norm(stream)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        stream = stream + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        result: Tensor = stream + self.mlp(self.mlp_norm(stream))
        return result
