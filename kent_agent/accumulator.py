"""ConstraintAccumulator: what failed, as hypervectors, so that a search turns away from it.

Each failure is a record that binds the place of an edit at three depths (its file; its symbol; what was done there),
weighted by how little it changed the failure. Their sum is the accumulator's memory: the similarity of a candidate's
record to it tells how much of the candidate has failed before. Depths are separate role-filler pairs, and operation
and kind are bound to their place, so that what failed here says nothing of the same edit elsewhere.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from kent_agent.hdc.codebook import ItemMemory
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.vectors import Real, bind
from kent_agent.resonator import DIMENSION, Factorization
from kent_agent.source.grammar import Action
from kent_agent.source.symbols import Symbol

_SEED = 5  # of a space apart from the resonator's
_SHARES: Mapping[str, float] = {"FILE": 0.15, "LOCATION": 0.35, "EDIT": 0.5}
"""How much of a record's squared length each depth has: an edit shares all of it with itself, a file's others 0.15."""
_BONUS = 0.5  # of a failure that came as far as one can: it speaks for its place, less than a plain failure against
_CHANCE = 2.0  # standard deviations of what unrelated records have in common, which tells nothing
_RATE = 0.03  # ten failures take a tenth from a place, a thousand less than a third: most edits are wrong
_KEPT = 4096  # records: the beams of an instance come back to the same places


@dataclass(frozen=True)
class Slots:
    """Where an edit is made and what it does, as the resonator names its fillers.

    Attributes:
        file: path inside the repository.
        operation: of `kent_agent.task.Operation`.
        location: the symbol's qualified name and its first line, `Parser.parse:40`.
    """

    file: str
    operation: str
    location: str

    @classmethod
    def of(cls, found: Factorization) -> Self:
        """The slots of a factorization."""
        return cls.at(found.file, found.location, str(found.operation))

    @classmethod
    def at(cls, file: str, symbol: Symbol, operation: str = "") -> Self:
        """The slots of a symbol, whatever is done there or with an operation."""
        return cls(file, operation, f"{symbol.name}:{symbol.start}")

    @property
    def place(self) -> str:
        """The name of its location's filler in the resonator's codebook."""
        return f"{self.file}::{self.location}"


class ConstraintAccumulator:
    """Failures of one instance, and what they say of a candidate.

    Args:
        strength: log-score that one plain failure costs the very same edit.
        dimension: D, a multiple of 8.
    """

    def __init__(self, strength: float = 1.0, dimension: int = DIMENSION) -> None:
        self.strength = strength
        self.items = ItemMemory(dimension, _SEED)
        self.memory: Real = np.zeros(dimension, dtype=np.float32)
        self._failed: dict[Slots, float] = {}
        self._energy = 0.0  # the sum of squared weights, which noise grows with
        self._record = lru_cache(maxsize=_KEPT)(self._encoded)

    def record(self, slots: Slots, kind: str, change: float) -> None:
        """Remembers a failed candidate.

        Args:
            slots: where it was.
            kind: of the edit.
            change: how much it changed the failure, in [0, 1]: 0 for the same exception from the same line.

        Raises:
            ValueError: the change is out of range.
        """
        weight = _weight(change)
        self.memory += np.float32(weight) * self._record(slots, kind)
        self._failed[slots] = self._failed.get(slots, 0.0) + weight
        self._energy += weight**2

    def bias(self, slots: Slots, kind: str) -> float:
        """What to add to a candidate's log-score: the lower the more of it has failed before, 0 where nothing is known.

        It grows with the logarithm of the failures: a place that the model insists on is not shut for ever.
        """
        alike = float(self._record(slots, kind) @ self.memory)
        told = max(0.0, abs(alike) - _CHANCE * math.sqrt(self._energy / self.items.dimension))
        return -self.strength * _damped(math.copysign(told, alike))

    def bias_at(self, found: Factorization, action: Action) -> float:
        """What to add to the log-probability of an action at a place."""
        return self.bias(Slots.of(found), str(action))

    def bias_of_place(self, file: str, symbol: Symbol) -> float:
        """What to add to a place's log-belief, whatever is edited there."""
        return self.bias(Slots.at(file, symbol), "")

    def subtract_from(self, observation: Real, items: ItemMemory, rate: float = _RATE) -> Real:
        """An observation `(D,)` of the resonator without what failed.

        Args:
            observation: the record that `CodeResonator` decodes.
            items: the space it is in.
            rate: how much of a unit filler one failure takes away, more of them by their logarithm as in `bias`; a
                file loses a third of what a place does.
        """
        failed: defaultdict[tuple[str, str], float] = defaultdict(float)
        for slots, weight in self._failed.items():
            failed["LOCATION", slots.place] += weight
            failed["FILE", slots.file] += weight
        rest = observation.copy()
        for (role, filler), weight in failed.items():
            share = rate * _damped(weight) / (3 if role == "FILE" else 1) / math.sqrt(items.dimension)
            rest -= np.float32(share) * encode_record({role: items[filler].astype(np.float32)}, items)
        return rest

    def _encoded(self, slots: Slots, kind: str) -> Real:
        """The unit record `(D,)` of an edit."""
        place = self.items[slots.place]
        fillers: dict[str, Real] = {
            "FILE": self.items[slots.file].astype(np.float32),
            "LOCATION": place.astype(np.float32),
            "EDIT": bind(bind(place, self.items[slots.operation]), self.items[f"kind:{kind}"]),
        }
        for role, filler in fillers.items():
            filler *= np.float32(math.sqrt(_SHARES[role] / self.items.dimension))
        return encode_record(fillers, self.items)


def _damped(weight: float) -> float:
    """Of failures together: 1 for one, more by the logarithm."""
    return math.copysign(math.log2(1 + abs(weight)), weight)


def _weight(change: float) -> float:
    """Of a failure: 1 for one that changed nothing, less the more it changed, below 0 where it came much further."""
    if not 0 <= change <= 1:
        raise ValueError(f"A change is in [0, 1], not {change}.")
    return 1 - (1 + _BONUS) * change
