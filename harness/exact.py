"""Terms as positions of their own: what hypervectors approximate, to measure what the approximation costs."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kent_agent.hdc.sparse import BLOCKS, LEVELS, SparseItems, SparseVectors
from kent_agent.hdc.vectors import Real


class ExactItems(SparseItems):
    """Stands in for SparseItems: one-hot atoms in a space that grows with its terms, hence exact dot products."""

    def __init__(self) -> None:
        super().__init__(BLOCKS)
        self._column: dict[str, int] = {}

    def rows(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Positions of names, `(n,)`."""
        column = self._column
        return np.array([column.setdefault(name, len(column)) for name in names], dtype=np.int64)

    def keys(self, names: Iterable[str]) -> NDArray[np.uint32]:
        """The same as keys."""
        return self.rows(names).astype(np.uint32)

    def encode(self, bags: Sequence[Mapping[str, float]], saturation: float = 0.0) -> SparseVectors:
        """The bags as they are, but for saturation and hundredths."""
        positions, values = self._flat(bags)
        if saturation:
            values = (values / (values.astype(np.float64) + saturation)).astype(np.float32)
        lengths = [len(bag) for bag in bags]
        squares = np.bincount(np.repeat(np.arange(len(bags)), lengths), values**2, len(bags))
        return SparseVectors(
            positions.astype(np.uint32),
            np.rint(values * LEVELS).astype(np.int8),
            np.array(lengths, dtype=np.int32),
            np.sqrt(squares).astype(np.float32),
            1 / LEVELS,
        )

    def query(self, bag: Mapping[str, float]) -> Real:
        """The bag as a vector of all positions there are."""
        positions, values = self._flat([bag])
        vector = np.zeros(len(self._column), dtype=np.float32)
        vector[positions] = values
        return vector

    def _flat(self, bags: Sequence[Mapping[str, float]]) -> tuple[NDArray[np.int64], Real]:
        positions = self.rows(name for bag in bags for name in bag)
        return positions, np.array([weight for bag in bags for weight in bag.values()], dtype=np.float32)
