"""Factorizes a product of bipolar vectors, one out of each of several codebooks (Frady, Kent, Olshausen, Sommer 2020).

Each factor is unbound with the estimates of all the others, compared with its codebook, and replaced by the sign of
the codebook's superposition; all candidates are searched at once. Three things differ from the paper's network.
Factors are renewed one after another, so that each hears the newest of the others. A guess counts only if its product
is nearer to the vector than any candidate would be by chance, hence a network that rests elsewhere is not believed.
And since a network that succeeds does so within a few sweeps, one that does not is soon started again, each time with
another filler of the smallest codebook held to be true at first: one of these starts is right and has a factor less.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kent_agent.hdc.packed import PackedCodebook
from kent_agent.hdc.vectors import Bipolar, Real

FALSE_ALARMS = 1e-6  # the chance that a vector which is no product at all is taken for one


@dataclass(frozen=True)
class Factorization:
    """What a vector is a product of.

    Attributes:
        indices: the row of each codebook, in the codebooks' order.
        cosine: of the product of those rows to the vector, in [-1, 1].
        sweeps: over all factors, restarts included.
        converged: whether the cosine is beyond chance; if not, the indices are the best product met, no answer.
    """

    indices: tuple[int, ...]
    cosine: float
    sweeps: int
    converged: bool


class ProductResonator:
    """Finds the factors of products.

    Args:
        codebooks: bipolar vectors `(n, D)` for each factor, n and D positive, D the same in all.
        max_sweeps: over all factors before starting again.
        restarts: at most; there are no more than the smallest codebook has fillers.
    """

    def __init__(self, codebooks: Sequence[Bipolar], max_sweeps: int = 5, restarts: int = 64) -> None:
        self._atoms = tuple(np.asarray(book, dtype=np.int8) for book in codebooks)
        self._packed = tuple(PackedCodebook.of(book) for book in self._atoms)
        self._weights = tuple(book.astype(np.float32) for book in self._atoms)
        self._superpositions = tuple(_sign(book.sum(axis=0, dtype=np.int32)) for book in self._atoms)
        # A start's guess, of the smallest codebook, is heard by all the others before it is renewed.
        self._order = sorted(range(len(codebooks)), key=lambda factor: -len(self._atoms[factor]))
        self.max_sweeps = max_sweeps
        self.restarts = restarts
        candidates = math.prod(len(book) for book in self._atoms)
        self.threshold = math.sqrt(2 * math.log(candidates / FALSE_ALARMS) / self._atoms[0].shape[1])

    def factorize(self, vector: Bipolar) -> Factorization:
        """The factors of a bipolar vector `(D,)`: a product, some of whose elements may have flipped."""
        smallest = self._order[-1]
        best = self._settle(vector, list(self._superpositions))
        sweeps = best.sweeps
        for guess in self._atoms[smallest][: self.restarts]:
            if best.converged:
                break
            start = list(self._superpositions)
            start[smallest] = guess
            found = self._settle(vector, start)
            sweeps += found.sweeps
            best = max(best, found, key=lambda one: one.cosine)
        return Factorization(best.indices, best.cosine, sweeps, best.converged)

    def _settle(self, vector: Bipolar, estimates: list[Bipolar]) -> Factorization:
        """The best product met in some sweeps from a start, which they change."""
        best = Factorization((0,) * len(estimates), -1.0, 0, False)
        for sweep in range(1, self.max_sweeps + 1):
            indices = [0] * len(estimates)
            for factor in self._order:
                others = [estimate for other, estimate in enumerate(estimates) if other != factor]
                similarities = self._packed[factor].similarities(_product([vector, *others]))
                indices[factor] = int(np.abs(similarities).argmax())  # two estimates may both be negated
                estimates[factor] = _sign(similarities.astype(np.float32) @ self._weights[factor])
            cosine = self._cosine(vector, indices)
            if cosine >= best.cosine:
                best = Factorization(tuple(indices), cosine, sweep, False)
            if cosine > self.threshold:
                return Factorization(tuple(indices), cosine, sweep, True)
        return Factorization(best.indices, best.cosine, self.max_sweeps, False)

    def _cosine(self, vector: Bipolar, indices: Sequence[int]) -> float:
        rows = [book[index] for book, index in zip(self._atoms, indices, strict=True)]
        return float(_product([vector, *rows]).mean(dtype=np.float64))


def _product(vectors: Sequence[Bipolar]) -> Bipolar:
    product: Bipolar = np.multiply.reduce(np.stack(vectors), axis=0)
    return product


def _sign(values: Real | NDArray[np.int32]) -> Bipolar:
    """+1 for ties too, so that every element stays bipolar."""
    signs: Bipolar = np.where(values >= 0, 1, -1).astype(np.int8)
    return signs
