"""CodeResonator: solves FILE, OPERATION and LOCATION of one repository jointly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kent_agent.evidence.columns import shares
from kent_agent.evidence.places import Place
from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.resonator import Coupling, Decoding, RecordResonator
from kent_agent.hdc.vectors import Real
from kent_agent.source.symbols import Symbol, SymbolKind
from kent_agent.task import Operation

DIMENSION = 10_000
LOCATIONS = 200  # places that stand in the record
_SEED = 3  # of a space apart from those of terms


@dataclass(frozen=True)
class Observation:
    """What the evidence says of each slot, before the slots have shaped one another.

    Attributes:
        files: log likelihood of each searched file by path, up to a constant.
        places: the symbols of those files.
        place_scores: their log likelihoods, up to a constant, `(n,)`.
        to_location: exponent of what FILE tells LOCATION.
        to_file: exponents of what LOCATION tells FILE, by a file's best place and by all of them.
        operations: likelihood of each operation, summing to 1; the commonest one where nothing is known.
        kinds: for each operation the share of its edits that are made in each kind of symbol.
    """

    files: Mapping[str, float]
    places: Sequence[Place]
    place_scores: Real
    to_location: float
    to_file: tuple[float, float]
    operations: Mapping[Operation, float] = field(default_factory=lambda: {Operation.MODIFY_LINE: 1.0})
    kinds: Mapping[Operation, Mapping[SymbolKind, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Factorization:
    """One answer to where and what.

    Attributes:
        file: path inside the repository.
        operation: the kind of edit.
        location: the symbol to edit, with its lines.
        confidence: of the three together, in [0, 1].
        confidences: each slot's, by name: how often a slot that believes so much is right.
        share: of the belief in all locations, which sums to 1: places are weighed against one another by it.
        converged: whether the resonator settled.
    """

    file: str
    operation: Operation
    location: Symbol
    confidence: float
    confidences: Mapping[str, float]
    share: float
    converged: bool


@dataclass(frozen=True)
class Beliefs:
    """Beliefs about the three slots.

    Attributes:
        files: belief in each searched file by path, best first.
        places: belief in each place that stood in the record, best first.
        operations: belief in each operation.
        converged: whether the resonator settled.
        sweeps: how many it took.
    """

    files: Mapping[str, float]
    places: tuple[tuple[Place, float], ...]
    operations: Mapping[Operation, float]
    converged: bool
    sweeps: int


class CodeResonator:
    """Puts the evidence for three slots into one record, and decodes it with what couples them.

    Args:
        dimension: D of the record, a multiple of 8.
    """

    def __init__(self, dimension: int = DIMENSION) -> None:
        self.items = ItemMemory(dimension, _SEED)

    def solve(self, observed: Observation, less: Callable[[Real, ItemMemory], Real] | None = None) -> Beliefs:
        """The beliefs that the slots come to, together.

        Args:
            observed: the evidence.
            less: takes out of the record `(D,)`, in the space of `items`, what is known to have failed.

        Raises:
            ValueError: nothing is observed of one of the slots.
        """
        if not observed.files or not observed.places or not observed.operations:
            raise ValueError("A slot without candidates cannot be solved.")
        order = self._likeliest(observed)
        places = [observed.places[j] for j in order]
        evidence = {
            "FILE": shares(np.array(list(observed.files.values()), dtype=np.float32)),
            "OPERATION": np.array(list(observed.operations.values()), dtype=np.float32),
            "LOCATION": shares(observed.place_scores[order]),
        }
        names: dict[str, list[str]] = {
            "FILE": list(observed.files),
            "OPERATION": [str(operation) for operation in observed.operations],
            "LOCATION": [f"{place.path}::{place.symbol.name}:{place.symbol.start}" for place in places],
        }
        codebooks = {slot: Codebook.of_atoms(fillers, self.items) for slot, fillers in names.items()}
        record = encode_record(
            {slot: np.einsum("i,ij->j", np.sqrt(evidence[slot]), book.vectors) for slot, book in codebooks.items()},
            self.items,
        )
        if less:
            record = less(record, self.items)
        found = RecordResonator(codebooks, self._couplings(observed, places), self.items).decode(record)
        return _beliefs(found, list(observed.files), places, list(observed.operations))

    def _likeliest(self, observed: Observation) -> list[int]:
        """Numbers of the places to put into the record: the best by what FILE and LOCATION say so far."""
        paths = {path: i for i, path in enumerate(observed.files)}
        files = np.log(shares(np.array(list(observed.files.values()), dtype=np.float32)) + 1e-6)
        of_file = np.array([files[paths[place.path]] for place in observed.places])
        scores = observed.place_scores + observed.to_location * of_file
        best: list[int] = np.argsort(-scores, kind="stable")[:LOCATIONS].tolist()
        return best

    def _couplings(self, observed: Observation, places: Sequence[Place]) -> list[Coupling]:
        """A location belongs to its file; an operation prefers kinds of locations."""
        paths = list(observed.files)
        belongs = np.array([[place.path == path for place in places] for path in paths], dtype=np.float32)
        prefers = np.array(
            [
                [observed.kinds.get(operation, {}).get(place.symbol.kind, 1.0) for place in places]
                for operation in observed.operations
            ],
            dtype=np.float32,
        )
        return [
            Coupling("FILE", "LOCATION", belongs, observed.to_file, (0.0, observed.to_location)),
            Coupling("OPERATION", "LOCATION", prefers, (0.0, 1.0), (0.0, 0.0)),
        ]


def factorizations(beliefs: Beliefs, k: int) -> list[Factorization]:
    """The k places believed in most, each with the operation that is believed in.

    One operation goes with all places: to choose it anew by each place's kind was measured to name it worse.
    """
    operation = max(beliefs.operations, key=lambda each: beliefs.operations[each])
    found = []
    for place, belief in beliefs.places[:k]:
        confidences = {
            "FILE": beliefs.files[place.path],
            "OPERATION": beliefs.operations[operation],
            "LOCATION": belief,
        }
        together = float(np.prod(list(confidences.values())) ** (1 / len(confidences)))
        where = (place.path, operation, place.symbol)
        found.append(Factorization(*where, together, confidences, belief, beliefs.converged))
    return found


def _beliefs(
    found: Decoding, paths: Sequence[str], places: Sequence[Place], operations: Sequence[Operation]
) -> Beliefs:
    files, locations = found.beliefs["FILE"], found.beliefs["LOCATION"]
    return Beliefs(
        files={paths[i]: float(files[i]) for i in np.argsort(-files, kind="stable")},
        places=tuple((places[j], float(locations[j])) for j in np.argsort(-locations, kind="stable")),
        operations=dict(zip(operations, found.beliefs["OPERATION"].tolist(), strict=True)),
        converged=found.converged,
        sweeps=found.sweeps,
    )
