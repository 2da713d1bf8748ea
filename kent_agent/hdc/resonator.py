"""An alternating resonator over role-filler records whose slots shape one another.

After resonator networks (Frady, Kent, Olshausen, Sommer 2020): every slot's estimate is unbound from the
observation with the current estimates of the others, cleaned up against its codebook, and fed back until no
estimate moves. The observation here is a record rather than a pure product, since products break at repository size;
what couples two slots is a link, a bundle of their compatible pairs, each pair a product of two fillers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import unbind_role
from kent_agent.hdc.vectors import Real, bind


@dataclass(frozen=True)
class Link:
    """A coupling of two slots: the bundle `(D,)` of their compatible filler pairs, each a product `left * right`."""

    left: str
    right: str
    pairs: Real

    @classmethod
    def of_pairs(
        cls, left: str, right: str, codebooks: Mapping[str, Codebook], pairs: Mapping[tuple[int, int], float]
    ) -> "Link":
        """A link from weighted pairs of filler numbers; unbinding one filler yields the other at the pair's weight."""
        rows, columns = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
        products = codebooks[left].vectors[rows] * codebooks[right].vectors[columns]
        weights = np.fromiter(pairs.values(), np.float32, len(pairs))
        dimension = products.shape[1]  # unit fillers multiply to length 1/sqrt(D): bring them back
        return cls(left, right, (weights @ products) * dimension)


@dataclass(frozen=True)
class Decoding:
    """One factorization of a record.

    Attributes:
        fillers: the filler of each slot.
        confidences: each winner's share of its slot's cleaned-up estimate, in [0, 1].
        iterations: sweeps until no slot changed.
        converged: False when the sweep limit was reached first.
    """

    fillers: dict[str, str]
    confidences: dict[str, float]
    iterations: int
    converged: bool

    @property
    def confidence(self) -> float:
        """Geometric mean of the slots' confidences."""
        return float(np.exp(np.mean(np.log([max(c, 1e-12) for c in self.confidences.values()]))))


class RecordResonator:
    """Decodes records into one filler a slot, jointly.

    Args:
        codebooks: the fillers of each slot.
        links: couplings between slots.
        items: the item memory that made the roles.
        noise_floor: similarities below this many standard deviations of cross-talk are cleaned away.
        max_sweeps: sweeps over all slots before giving up.
    """

    def __init__(
        self,
        codebooks: Mapping[str, Codebook],
        links: Sequence[Link],
        items: ItemMemory,
        noise_floor: float = 2.0,
        max_sweeps: int = 20,
    ) -> None:
        self.codebooks = dict(codebooks)
        self.links = tuple(links)
        self.items = items
        self.noise_floor = noise_floor
        self.max_sweeps = max_sweeps

    def decode(self, record: Real, explained: Collection[str] = ()) -> Decoding:
        """The best joint factorization of a record `(D,)` whose last slot holds none of the explained fillers."""
        allowed = self._allowed(explained)
        estimates = {slot: self._cleanup(slot, self._own(record, slot), allowed) for slot in self.codebooks}
        winners = {slot: int(shares.argmax()) for slot, shares in estimates.items()}
        for sweep in range(1, self.max_sweeps + 1):
            before = dict(winners)
            for slot in self.codebooks:
                query = self._own(record, slot) + self._linked(slot, estimates)
                estimates[slot] = self._cleanup(slot, query, allowed)
                winners[slot] = int(estimates[slot].argmax())
            if winners == before:
                return self._decoding(winners, estimates, sweep, True)
        return self._decoding(winners, estimates, self.max_sweeps, False)

    def decode_top(self, record: Real, k: int) -> list[Decoding]:
        """Up to k factorizations, best first, each explaining away the last slot's filler of those before it.

        Only the most specific slot is explained away: two factorizations may share a file, never a place.
        """
        slot = list(self.codebooks)[-1]
        found: list[Decoding] = []
        for _ in range(min(k, len(self.codebooks[slot].names))):
            found.append(self.decode(record, {earlier.fillers[slot] for earlier in found}))
        return found

    def _allowed(self, explained: Collection[str]) -> Real:
        """1 for the last slot's fillers that are still to be found, 0 for those explained away, `(n,)`."""
        names = self.codebooks[list(self.codebooks)[-1]].names
        return np.array([name not in explained for name in names], dtype=np.float32)

    def _own(self, record: Real, slot: str) -> Real:
        return unbind_role(record, slot, self.items)

    def _linked(self, slot: str, estimates: Mapping[str, Real]) -> Real:
        """What the other slots' estimates say of this one, `(D,)`."""
        total = np.zeros(self.items.dimension, dtype=np.float32)
        for link in self.links:
            if slot not in (link.left, link.right):
                continue
            other = link.right if slot == link.left else link.left
            total += bind(link.pairs, estimates[other] @ self.codebooks[other].vectors)
        return total

    def _cleanup(self, slot: str, query: Real, allowed: Real) -> Real:
        """Shares `(n,)` of the codebook's fillers in a noisy query `(D,)`: what rises above the cross-talk.

        A dot product with a unit filler estimates that filler's weight in the bundle, with a standard deviation of
        |query| / sqrt(D); so shares are evidence, not similarities blown up by a temperature.
        """
        weights = self.codebooks[slot].vectors @ query
        noise = float(np.linalg.norm(query)) / self.items.dimension**0.5
        shares: Real = np.maximum(weights - self.noise_floor * noise, 0.0)
        if slot == list(self.codebooks)[-1]:
            shares *= allowed
            weights = np.where(allowed > 0, weights, -np.inf)
        if not shares.any():
            shares[int(weights.argmax())] = 1.0
        total: Real = shares / shares.sum()
        return total

    def _decoding(
        self, winners: Mapping[str, int], estimates: Mapping[str, Real], sweeps: int, converged: bool
    ) -> Decoding:
        return Decoding(
            {slot: self.codebooks[slot].names[i] for slot, i in winners.items()},
            {slot: float(estimates[slot][i]) for slot, i in winners.items()},
            sweeps,
            converged,
        )
