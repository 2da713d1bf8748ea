"""A codebook of bipolar vectors at one bit an element: cleanup that reads a thirty-second of float32's memory.

The dot product of two bipolar vectors is D less twice the number of elements where they differ, and that number is
the population count of an exclusive or. Elements are read part by part, and rows which already differ from the query
more than its nearest do in all are read no further: the answer stays exact, and a query of which a fifth is wrong is
cleaned up after half of the memory, while one that is near to nothing costs all of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kent_agent.hdc.vectors import Bipolar

_ROWS, _WORDS = 1024, 36  # compared at once: their temporaries, 330 KB, stay in a core's cache
_FEW = 16  # less than one row in so many is worth being read apart from the others

Words = NDArray[np.uint64]
Counts = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class PackedCodebook:
    """n bipolar vectors.

    Attributes:
        count: n.
        dimension: D.
        tiles: their signs as bits, rows innermost, padded with zeros: `(tiles, words, rows)`.
    """

    count: int
    dimension: int
    tiles: Words

    @classmethod
    def of(cls, vectors: Bipolar) -> "PackedCodebook":
        """Packs vectors `(n, D)`, n and D positive; a value above zero is +1, any other -1."""
        count, dimension = vectors.shape
        rows = min(_ROWS, count)
        words = _pack(vectors)
        padded = np.pad(words, [(0, -count % rows), (0, 0)]).reshape(-1, rows, words.shape[1])
        return cls(count, dimension, np.ascontiguousarray(padded.transpose(0, 2, 1)))

    def similarities(self, query: NDArray[np.generic]) -> NDArray[np.int32]:
        """Dot product of a query `(D,)` with every vector, `(n,)`: exact for a bipolar one, else of its signs."""
        words, differing = _pack(query), self._no_counts()
        for first in range(0, len(words), _WORDS):
            self._count(words, first, differing)
        dots: NDArray[np.int32] = self.dimension - 2 * differing.ravel()[: self.count].astype(np.int32)
        return dots

    def cleanup(self, query: NDArray[np.generic], k: int = 1) -> list[tuple[int, float]]:
        """Row and cosine of the k vectors nearest to a query `(D,)`, best first; ties in codebook order."""
        words, differing = _pack(query), self._no_counts()
        k = min(k, self.count)
        if k < 1:
            return []
        for first in range(0, len(words), _WORDS):
            self._count(words, first, differing)
            seen = differing.ravel()[: self.count]
            nearest = np.argpartition(seen, k - 1)[:k]
            rows = np.flatnonzero(seen <= self._distances(words, nearest).max())
            if len(rows) * _FEW < self.count:
                break
        distances = self._distances(words, rows)
        best = np.argsort(distances, kind="stable")[:k]
        return [(int(rows[i]), 1 - 2 * int(distances[i]) / self.dimension) for i in best]

    def _no_counts(self) -> Counts:
        narrow = np.uint16 if self.dimension < 1 << 16 else np.uint32  # the narrower, the faster
        return np.zeros((len(self.tiles), self.tiles.shape[2]), dtype=narrow)

    def _count(self, query: Words, first: int, differing: Counts) -> None:
        """Adds to `(tiles, rows)` the differing bits of one part of the words."""
        part = slice(first, first + _WORDS)
        for tile, counts in zip(self.tiles, differing, strict=True):
            counts += np.bitwise_count(tile[part] ^ query[part, None]).sum(axis=0, dtype=counts.dtype)

    def _distances(self, query: Words, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Differing bits of some rows, `(m,)`."""
        tile, row = np.divmod(rows, self.tiles.shape[2])
        distances: NDArray[np.int64] = np.bitwise_count(self.tiles[tile, :, row] ^ query).sum(axis=1, dtype=np.int64)
        return distances


def _pack(vectors: NDArray[np.generic]) -> Words:
    """Signs `(..., D)` as bits of whole words `(..., words)`, padded with zeros."""
    octets = np.packbits(np.greater(vectors, 0), axis=-1)
    padding = [(0, 0)] * (octets.ndim - 1) + [(0, -octets.shape[-1] % 8)]
    return np.pad(octets, padding).view(np.uint64)
