"""CodeResonator solves the three slots jointly, and names places with what suits them."""

from dataclasses import replace

import numpy as np
import pytest

from kent_agent.evidence.places import Place
from kent_agent.resonator import LOCATIONS, CodeResonator, Observation, factorizations
from kent_agent.source.symbols import Symbol, SymbolKind
from kent_agent.task import Operation

RESONATOR = CodeResonator(dimension=2048)


def place(path: str, name: str, kind: SymbolKind = "function", start: int = 1) -> Place:
    return Place(path, Symbol(name, kind, start, start + 3), 4, frozenset())


def observation(files: dict[str, float], places: dict[Place, float]) -> Observation:
    return Observation(
        files=files,
        places=tuple(places),
        place_scores=np.array(list(places.values()), dtype=np.float32),
        to_location=1.0,
        to_file=(0.0, 1.0),
    )


TWINS = observation(
    {"a.py": 0.0, "b.py": 2.0}, {place("a.py", "load"): 0.1, place("b.py", "load"): 0.0, place("b.py", "save"): -1.0}
)


def test_the_file_decides_between_places_that_are_alike() -> None:
    best, _ = RESONATOR.solve(TWINS).places[0]
    assert (best.path, best.symbol.name) == ("b.py", "load")


def test_alone_each_slot_keeps_to_its_own_evidence() -> None:
    alone = RESONATOR.solve(replace(TWINS, to_location=0.0, to_file=(0.0, 0.0)))
    assert alone.places[0][0].path == "a.py"
    assert next(iter(alone.files)) == "b.py"


def test_a_place_that_fits_speaks_for_its_file() -> None:
    files = {"a.py": 0.1, "b.py": 0.0}
    found = RESONATOR.solve(observation(files, {place("a.py", "f"): 0.0, place("b.py", "g"): 4.0}))
    assert next(iter(found.files)) == "b.py"


def test_beliefs_of_each_slot_sum_to_one_and_come_best_first() -> None:
    found = RESONATOR.solve(TWINS)
    assert found.converged
    for shares in (list(found.files.values()), [belief for _, belief in found.places]):
        assert sum(shares) == pytest.approx(1.0, abs=1e-3)
        assert shares == sorted(shares, reverse=True)
    assert sum(found.operations.values()) == pytest.approx(1.0, abs=1e-3)


def test_all_places_go_with_the_operation_that_is_believed_in() -> None:
    places = {place("a.py", "<module>", "module"): 0.0, place("a.py", "f", start=9): 0.0}
    observed = replace(
        observation({"a.py": 0.0}, places), operations={Operation.ADD_IMPORT: 0.3, Operation.MODIFY_LINE: 0.7}
    )
    found = factorizations(RESONATOR.solve(observed), 2)
    assert {each.location.name: each.operation for each in found} == dict.fromkeys(
        ("<module>", "f"), Operation.MODIFY_LINE
    )
    assert found[0].confidences["OPERATION"] == pytest.approx(0.7, abs=0.02)


def test_places_tell_which_operation_it_is() -> None:
    kinds = {
        Operation.ADD_IMPORT: {"module": 0.95, "class": 0.01, "function": 0.04},
        Operation.MODIFY_LINE: {"module": 0.05, "class": 0.05, "function": 0.9},
    }
    places = {place("a.py", "<module>", "module"): 5.0, place("a.py", "f", start=9): 0.0}
    observed = observation({"a.py": 0.0}, places)
    even = {Operation.ADD_IMPORT: 0.5, Operation.MODIFY_LINE: 0.5}
    assert RESONATOR.solve(replace(observed, operations=even, kinds=kinds)).operations[Operation.ADD_IMPORT] > 0.8


def test_confidences_are_shares_of_distinct_places() -> None:
    found = factorizations(RESONATOR.solve(TWINS), 5)
    assert len({(each.file, each.location) for each in found}) == len(found) == 3
    assert all(0.0 <= share <= 1.0 for each in found for share in (each.confidence, *each.confidences.values()))
    assert [each.confidences["LOCATION"] for each in found] == sorted(
        (each.confidences["LOCATION"] for each in found), reverse=True
    )
    assert sum(each.share for each in found) == pytest.approx(1.0)


def test_the_record_holds_the_likeliest_places_only() -> None:
    places = {place("a.py", f"f{i}", start=10 * i + 1): float(i % 7) for i in range(LOCATIONS + 50)}
    found = RESONATOR.solve(observation({"a.py": 0.0}, places))
    assert len(found.places) == LOCATIONS
    assert found.places[0][0].symbol.name in {f"f{i}" for i in range(len(places)) if i % 7 == 6}


@pytest.mark.parametrize("empty", [{"files": {}}, {"places": ()}, {"operations": {}}])
def test_a_slot_without_candidates_cannot_be_solved(empty: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="without candidates"):
        RESONATOR.solve(replace(TWINS, **empty))  # type: ignore[arg-type]
