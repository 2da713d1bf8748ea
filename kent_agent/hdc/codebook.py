"""Named hypervectors: an item memory that makes them, a codebook that cleans a noisy one up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kent_agent.hdc.vectors import Bipolar, Real, bundle, normalize, random_bipolar

_KEPT_ATOMS = 1 << 16  # 256 MB at D = 4,096: all the terms of a large repository, not those of a dozen of them


class ItemMemory:
    """Atoms by name, made on first use and kept for a while: the bridge from symbols to hypervectors.

    Args:
        dimension: D, a multiple of 8.
        seed: another seed is another, unrelated space.
    """

    def __init__(self, dimension: int, seed: int = 0) -> None:
        self.dimension = dimension
        self.seed = seed
        self._atom = lru_cache(maxsize=_KEPT_ATOMS)(lambda name: random_bipolar(name, dimension, seed))

    def __getitem__(self, name: str) -> Bipolar:
        """The atom of a name, `(D,)` int8."""
        return self._atom(name)

    def stack(self, names: Sequence[str]) -> Bipolar:
        """The atoms of n names, `(n, D)` int8."""
        if not names:
            return np.empty((0, self.dimension), dtype=np.int8)
        return np.stack([self[name] for name in names])

    def bag(self, weights: Mapping[str, float]) -> Real:
        """The bundle `(D,)` of a weighted set of names; the zero vector for an empty one."""
        names = list(weights)
        return bundle(self.stack(names), np.fromiter(weights.values(), np.float32, len(names)))


@dataclass(frozen=True)
class Codebook:
    """The fillers that a slot may take.

    Attributes:
        names: n filler names.
        vectors: their unit hypervectors, `(n, D)` float32.
    """

    names: tuple[str, ...]
    vectors: Real

    @classmethod
    def of_atoms(cls, names: Sequence[str], items: ItemMemory) -> "Codebook":
        """A codebook of unrelated atoms, one for each name."""
        return cls(tuple(names), normalize(items.stack(names)))

    def similarities(self, query: Real) -> Real:
        """Cosine of a query `(D,)` to every filler, `(n,)`."""
        result: Real = self.vectors @ normalize(query)
        return result

    def cleanup(self, query: Real, k: int = 1) -> list[tuple[str, float]]:
        """The k fillers nearest to a noisy vector, best first; ties in codebook order."""
        scores = self.similarities(query)
        order = np.argsort(-scores, kind="stable")[:k]
        return [(self.names[i], float(scores[i])) for i in order]
