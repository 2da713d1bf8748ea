"""Sparse hypervectors: terms as sparse ternary atoms, texts as bundles of them, kept and searched quantised.

An atom has one +1 or -1 in each of a few equal blocks of the D positions and is zero elsewhere (random indexing:
Kanerva, Kristofersson and Holst 2000; sparse block codes: Laiho et al. 2015). The dot product of two bundles then
estimates the dot product of their bags with the variance of dense atoms (Kane and Nelson 2014), while bundling a
text costs a few additions a term instead of D.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from kent_agent.hdc.vectors import Real

BLOCKS = 8  # non-zeros of an atom
LEVELS = 100  # a quantised weight's unit is a hundredth
UNIT = BLOCKS**-0.5 / LEVELS  # what a stored one stands for: atoms have length one
_HIGHEST = 127
_KEPT = 1 << 19  # atoms; what is forgotten is hashed again
_ATOM = np.dtype([("positions", np.uint16, BLOCKS), ("signs", np.int8, BLOCKS), ("key", np.uint32)])


@dataclass(frozen=True)
class SparseVectors:
    """n quantised hypervectors, row after row.

    Attributes:
        positions: of the non-zeros, ascending in each row, `(nnz,)` unsigned.
        values: at those positions, in hundredths, `(nnz,)` int8.
        lengths: non-zeros of each row, `(n,)` int32.
        norms: Euclidean length of each row before it was quantised, `(n,)` float32.
        unit: what a value of one stands for.
    """

    positions: NDArray[np.unsignedinteger]
    values: NDArray[np.int8]
    lengths: NDArray[np.int32]
    norms: Real
    unit: float = UNIT

    def __len__(self) -> int:
        return len(self.norms)

    @classmethod
    def concatenate(cls, parts: Sequence["SparseVectors"]) -> "SparseVectors":
        """The rows of several stacks, one stack."""
        return cls(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.norms for part in parts]),
            parts[0].unit,
        )

    def split(self, counts: Sequence[int]) -> list["SparseVectors"]:
        """Stacks of so many rows each, in order: the inverse of concatenation."""
        rows = np.cumsum([0, *counts])
        ends = np.concatenate(([0], np.cumsum(self.lengths)))[rows]
        return [
            SparseVectors(
                self.positions[ends[i] : ends[i + 1]],
                self.values[ends[i] : ends[i + 1]],
                self.lengths[rows[i] : rows[i + 1]],
                self.norms[rows[i] : rows[i + 1]],
                self.unit,
            )
            for i in range(len(counts))
        ]

    def take(self, rows: NDArray[np.int64]) -> "SparseVectors":
        """Some of the rows, by ascending numbers `(m,)`: where many are to be searched, by few of them at a time."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[rows] = True
        held = np.repeat(chosen, self.lengths)
        return SparseVectors(self.positions[held], self.values[held], self.lengths[rows], self.norms[rows], self.unit)

    def dots(self, query: Real) -> Real:
        """Dot product of every row with a query `(D,)` -> `(n,)`."""
        filled = np.flatnonzero(self.lengths)
        result = np.zeros(len(self), dtype=np.float32)
        if len(filled):
            ends = np.cumsum(self.lengths[filled])
            starts = np.concatenate(([0], ends[:-1]))
            result[filled] = np.add.reduceat(query[self.positions] * self.values, starts) * np.float32(self.unit)
        return result

    def cosines(self, query: Real) -> Real:
        """Cosine of every row to a query `(D,)` -> `(n,)`, by the stored norms; 0 for empty rows."""
        length = float(np.linalg.norm(query)) or 1.0
        norms = np.where(self.norms > 0, self.norms, np.float32(1.0))
        result: Real = (self.dots(query) / (norms * length)).astype(np.float32)
        return result


class SparseItems:
    """Sparse atoms by name, the same on every machine.

    Args:
        dimension: D, a multiple of BLOCKS, at most 65,536.
        seed: another seed is another, unrelated space.
    """

    def __init__(self, dimension: int, seed: int = 0) -> None:
        if dimension % BLOCKS or not 0 < dimension <= 1 << 16:
            raise ValueError(f"A sparse dimension is a positive multiple of {BLOCKS} up to 65,536, not {dimension}.")
        self.dimension = dimension
        self.seed = seed
        self._number: dict[str, int] = {}
        self._atoms = np.empty(1024, dtype=_ATOM)

    def rows(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Numbers of names in this memory's table of atoms, `(n,)`, new names entering it; good until the next call."""
        named = list(names)
        if len(self._number) > _KEPT:
            self._number.clear()
        if new := [name for name in dict.fromkeys(named) if name not in self._number]:
            self._hash(new)
        return np.fromiter(map(self._number.__getitem__, named), np.int64, len(named))

    def keys(self, names: Iterable[str]) -> NDArray[np.uint32]:
        """A number for each name that is the same in every process, `(n,)`: enough of its hash to tell names apart."""
        rows = self.rows(names)  # which makes the table grow
        keys: NDArray[np.uint32] = self._atoms["key"][rows]
        return keys

    def encode(self, bags: Sequence[Mapping[str, float]], saturation: float = 0.0) -> SparseVectors:
        """One bundle for each weighted set of names, quantised.

        Args:
            saturation: k, where weights are counts of which n shall weigh n / (n + k).
        """
        cells, weights = self._cells(bags, saturation)
        # Cell and weight are sorted as one number, which is faster than sorting by the cell.
        levels = np.rint(weights * LEVELS).astype(np.int64)
        highest = int(np.abs(levels).max(initial=0))
        bits = (2 * highest).bit_length()
        packed = np.sort(cells << bits | levels + highest)
        cells, levels = packed >> bits, (packed & (1 << bits) - 1) - highest
        first = np.flatnonzero(np.diff(cells, prepend=-1))
        values = (np.add.reduceat(levels, first) if len(first) else levels).astype(np.float32)
        owners, positions = np.divmod(cells[first], self.dimension)
        return SparseVectors(
            positions.astype(np.uint16),
            np.clip(values, -_HIGHEST, _HIGHEST).astype(np.int8),
            np.bincount(owners, minlength=len(bags)).astype(np.int32),
            (np.sqrt(np.bincount(owners, values**2, len(bags))) * UNIT).astype(np.float32),
        )

    def query(self, bag: Mapping[str, float]) -> Real:
        """The bundle `(D,)` of a weighted set of names in full precision."""
        cells, weights = self._cells([bag], 0.0)
        bundled: Real = (np.bincount(cells, weights, self.dimension) * BLOCKS**-0.5).astype(np.float32)
        return bundled

    def _cells(self, bags: Sequence[Mapping[str, float]], saturation: float) -> tuple[NDArray[np.int64], Real]:
        """Where the atoms of n bags stand in a dense `(n, D)`, flattened, and their signed weights there."""
        rows = self.rows(chain.from_iterable(bags))
        counts = np.fromiter(chain.from_iterable(bag.values() for bag in bags), np.float64, len(rows))
        weights = (counts / (counts + saturation) if saturation else counts).astype(np.float32)
        starts = np.repeat(np.arange(len(bags)) * self.dimension, [len(bag) for bag in bags])
        cells = starts[:, None] + self._atoms["positions"][rows]
        return cells.ravel(), (self._atoms["signs"][rows] * weights[:, None]).ravel()

    def _hash(self, names: Sequence[str]) -> None:
        """Enters the atoms of new names: three bytes of a hash a block, for its position and its sign."""
        salt = self.seed.to_bytes(8, "little")
        width = 3 * BLOCKS + 4
        digests = [
            hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=width, salt=salt).digest()
            for name in names
        ]
        table = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(names), width)
        drawn = table[:, 4:].reshape(len(names), BLOCKS, 3).astype(np.uint32)
        block = self.dimension // BLOCKS
        begin, end = len(self._number), len(self._number) + len(names)
        if end > len(self._atoms):
            self._atoms = np.concatenate([self._atoms, np.empty(end, dtype=_ATOM)])
        atoms = self._atoms[begin:end]
        atoms["positions"] = (drawn[..., 0] << 8 | drawn[..., 1]) % block + np.arange(BLOCKS) * block
        atoms["signs"] = ((drawn[..., 2] & 1).astype(np.int8) << 1) - 1
        atoms["key"] = table[:, :4].copy().view("<u4").ravel()
        self._number.update(zip(names, range(begin, end), strict=True))
