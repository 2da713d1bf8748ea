"""A resonator over role-filler records: slots that are solved in alternation and shape one another.

After resonator networks (Frady, Kent, Olshausen, Sommer 2020): each slot is unbound from what the current estimates
of all slots leave unexplained of the observation, cleaned up against its codebook, and fed back until nothing moves.
The observation is a record rather than a product, since products break at repository size; a slot's filler may be a
superposition, and then its amplitudes are what is estimated (successive interference cancellation, which for nearly
orthogonal codebooks is Landweber's iteration).

What couples two slots is the compatibility of their fillers: each tells the other how likely its fillers are, by all
that it knows but what the other told it (Pearl's belief propagation, 1988), so that no slot hears its own echo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import role_vector
from kent_agent.hdc.vectors import Real

FLOOR = 1e-4  # the likelihood of what nothing speaks for: a message never forbids


@dataclass(frozen=True)
class Coupling:
    """How two slots shape one another.

    Attributes:
        left, right: the slots.
        pairs: compatibility of their fillers, `(n_left, n_right)`, in [0, 1].
        to_left, to_right: exponents of what is told in each direction: of a filler's best partner, and of all
            its partners together.
    """

    left: str
    right: str
    pairs: Real
    to_left: tuple[float, float]
    to_right: tuple[float, float]

    def message(self, slot: str, belief: Real) -> Real:
        """What one slot's fillers are told `(n,)`, as log likelihoods, by what is believed of the other's."""
        pairs = self.pairs if slot == self.left else self.pairs.T
        best, together = self.to_left if slot == self.left else self.to_right
        reached = pairs * belief
        told: Real = best * np.log(reached.max(axis=1) + FLOOR) + together * np.log(reached.sum(axis=1) + FLOOR)
        return told


@dataclass(frozen=True)
class Decoding:
    """What a record holds.

    Attributes:
        names: the fillers of each slot.
        own: what the record alone says of each slot's fillers, `(n,)` summing to 1.
        beliefs: the same with what the other slots say.
        sweeps: over all slots, until nothing moved.
        converged: False when the sweeps ran out first, restarts included.
    """

    names: Mapping[str, tuple[str, ...]]
    own: Mapping[str, Real]
    beliefs: Mapping[str, Real]
    sweeps: int
    converged: bool

    @property
    def fillers(self) -> dict[str, str]:
        """The likeliest filler of each slot."""
        return {slot: self.names[slot][int(belief.argmax())] for slot, belief in self.beliefs.items()}

    @property
    def confidences(self) -> dict[str, float]:
        """The belief in it, in [0, 1]."""
        return {slot: float(belief.max()) for slot, belief in self.beliefs.items()}

    @property
    def confidence(self) -> float:
        """Geometric mean of the slots' confidences."""
        return float(np.exp(np.mean(np.log([max(c, 1e-12) for c in self.confidences.values()]))))


class RecordResonator:
    """Decodes records into beliefs about the fillers of each slot, jointly.

    A record's amplitudes are the square roots of likelihoods, so that it has length one whatever it holds.

    Args:
        codebooks: the fillers of each slot.
        couplings: between slots; as a graph they form a tree.
        items: the item memory that made the roles.
        noise_floor: amplitudes below this many standard deviations of what is unexplained are cleaned away.
        max_sweeps: sweeps over all slots before starting again.
        restarts: how often to start again, with half the step each time.
        tolerance: of beliefs, below which nothing moves.
    """

    def __init__(
        self,
        codebooks: Mapping[str, Codebook],
        couplings: Sequence[Coupling],
        items: ItemMemory,
        noise_floor: float = 2.0,
        max_sweeps: int = 30,
        restarts: int = 2,
        tolerance: float = 1e-3,
    ) -> None:
        self.codebooks = dict(codebooks)
        self.couplings = tuple(couplings)
        self.noise_floor = noise_floor
        self.max_sweeps = max_sweeps
        self.restarts = restarts
        self.tolerance = tolerance
        self._roles = {slot: role_vector(slot, items) for slot in codebooks}

    def decode(self, record: Real) -> Decoding:
        """The fillers of a record `(D,)`."""
        fillers = sum(len(book.names) for book in self.codebooks.values())
        step = (1 + (fillers / len(record)) ** 0.5) ** -2  # below which the alternation contracts
        decoding = self._settle(record, step)
        for restart in range(self.restarts):
            if decoding.converged:
                break
            again = self._settle(record, step / 2 ** (restart + 1))
            decoding = replace(again, sweeps=decoding.sweeps + again.sweeps)
        return decoding

    def _settle(self, record: Real, step: float) -> Decoding:
        amplitudes = {slot: np.zeros(len(book.names), dtype=np.float32) for slot, book in self.codebooks.items()}
        messages: dict[tuple[str, str], Real] = {}
        unexplained = record.copy()
        beliefs = {slot: self._belief(slot, amplitudes, messages) for slot in self.codebooks}
        for sweep in range(1, self.max_sweeps + 1):
            for slot in self.codebooks:
                self._listen(slot, amplitudes, unexplained, step)
                self._tell(slot, amplitudes, messages)
            before, beliefs = beliefs, {slot: self._belief(slot, amplitudes, messages) for slot in self.codebooks}
            if all(float(np.abs(beliefs[slot] - before[slot]).max()) < self.tolerance for slot in beliefs):
                return self._decoding(amplitudes, beliefs, sweep, True)
        return self._decoding(amplitudes, beliefs, self.max_sweeps, False)

    def _listen(self, slot: str, amplitudes: dict[str, Real], unexplained: Real, step: float) -> None:
        """Renews a slot's amplitudes by a remainder `(D,)`, and takes what they explain out of it, in place."""
        vectors, role = self.codebooks[slot].vectors, self._roles[slot]
        noise = float(np.linalg.norm(unexplained)) / len(unexplained) ** 0.5
        # Row by row: for a product with the matrix BLAS would start threads, which cost many times what they save
        # where the cores are busy, and whose number would show in the last bits.
        raised = amplitudes[slot] + step * np.vecdot(vectors, unexplained * role)
        heard = np.where(raised > self.noise_floor * step * noise, raised, 0.0).astype(np.float32)
        change = heard - amplitudes[slot]
        moving = np.flatnonzero(change)
        unexplained -= role * np.einsum("i,ij->j", change[moving], vectors[moving])
        amplitudes[slot] = heard

    def _tell(self, slot: str, amplitudes: Mapping[str, Real], messages: dict[tuple[str, str], Real]) -> None:
        """Renews what a slot tells each of its neighbours: all it knows but what that one told it."""
        for coupling in self.couplings:
            if slot in (coupling.left, coupling.right):
                other = coupling.right if slot == coupling.left else coupling.left
                heard = {key: message for key, message in messages.items() if key != (other, slot)}
                messages[slot, other] = coupling.message(other, self._belief(slot, amplitudes, heard))

    def _belief(self, slot: str, amplitudes: Mapping[str, Real], messages: Mapping[tuple[str, str], Real]) -> Real:
        """Likelihood of a slot's fillers `(n,)`: its own evidence times what the others say."""
        likelihood = amplitudes[slot] ** 2
        total = float(likelihood.sum())
        if not total:
            likelihood, total = np.ones_like(likelihood), float(len(likelihood))
        logs = np.log(likelihood / total + FLOOR**2)
        for (_, told), message in messages.items():
            if told == slot:
                logs = logs + message
        raised = np.exp(logs - logs.max())
        belief: Real = (raised / raised.sum()).astype(np.float32)
        return belief

    def _decoding(
        self, amplitudes: Mapping[str, Real], beliefs: Mapping[str, Real], sweeps: int, converged: bool
    ) -> Decoding:
        return Decoding(
            names={slot: book.names for slot, book in self.codebooks.items()},
            own={slot: self._belief(slot, amplitudes, {}) for slot in self.codebooks},
            beliefs=dict(beliefs),
            sweeps=sweeps,
            converged=converged,
        )
