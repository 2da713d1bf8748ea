"""Places that a failing check runs come before those that it does not, those near its crash first."""

from dataclasses import replace

import pytest

from kent_agent.accumulator import ConstraintAccumulator, Slots
from kent_agent.evidence.places import Place
from kent_agent.evidence.weights import WeightSet
from kent_agent.execution.client import Frame, Outcome, Status
from kent_agent.locator import Localization
from kent_agent.resonator import Beliefs, Factorization
from kent_agent.source.symbols import symbols
from kent_agent.task import Operation
from kent_agent.traced import Trace, traced_places

TEXT = """\
def area(width, height):
    return check(width) * check(height)


def check(side):
    if side < 0:
        raise ValueError(side)
    return side


def volume(*sides):
    return area(*sides[:2]) * check(sides[2])
"""
FILES = {"shapes.py": TEXT}
PLACES = {symbol.name: Place("shapes.py", symbol, 2, frozenset()) for symbol in symbols(TEXT)}
RAN = Outcome(Status.RAISED, "ValueError", lines={"shapes.py": (1, 2, 5, 6, 7, 11)})
CRASHED = replace(RAN, frames=(Frame("shapes.py", 2, "area"), Frame("shapes.py", 7, "check")))


def located(**beliefs: float) -> Localization:
    places = tuple((PLACES[name], belief) for name, belief in beliefs.items())
    confidences = {"FILE": 0.9, "OPERATION": 0.5, "LOCATION": places[0][1]}
    first = Factorization("shapes.py", Operation.ADD_LINE, places[0][0].symbol, 0.5, confidences, places[0][1], True)
    solved = Beliefs({"shapes.py": 0.9}, places, {Operation.ADD_LINE: 1.0}, True, 2)
    return Localization(("shapes.py",), (first,), None, None, solved, WeightSet((), {}, {}, 0.0, (0.0, 0.0)))


def traced(*outcomes: Outcome) -> Trace:
    return Trace.of(outcomes, FILES.get)


def names(found: list[Factorization]) -> list[str]:
    return [each.location.name for each in found]


def test_what_is_not_run_comes_last() -> None:
    assert names(traced_places(located(volume=0.5, area=0.2), traced(RAN), 5)) == ["area", "volume", "check"]


def test_what_is_run_is_looked_at_though_the_text_does_not_speak_of_it() -> None:
    found = traced_places(located(volume=0.01), traced(RAN), 2)
    assert set(names(found)) == {"area", "check"}


def test_the_frame_that_crashed_comes_before_its_caller() -> None:
    assert names(traced_places(located(volume=0.01), traced(CRASHED), 2)) == ["check", "area"]


def test_a_line_that_runs_on_import_runs_nothing() -> None:
    imported = Outcome(Status.RAISED, lines={"shapes.py": (1, 5, 11)})
    text_alone = located(volume=0.5, area=0.2)
    assert traced_places(text_alone, traced(imported), 5) == list(text_alone.factorizations)


def test_what_is_believed_of_all_places_is_one_and_the_operation_stays() -> None:
    found = traced_places(located(volume=0.5, area=0.2), traced(CRASHED), 9)
    assert sum(each.share for each in found) == pytest.approx(1.0)
    assert {each.operation for each in found} == {Operation.ADD_LINE}
    assert {each.confidences["FILE"] for each in found} == {0.9}


def test_without_a_check_places_stay_as_they_are() -> None:
    text_alone = located(volume=0.5, area=0.2)
    assert traced_places(text_alone, traced(), 5) == list(text_alone.factorizations)


def test_lines_that_are_run_are_likelier_edited_and_those_of_a_frame_most() -> None:
    found = located(check=0.5).factorizations[0]
    nats = traced(CRASHED).of_lines
    run, crashed, skipped = (nats(found, range(line, line + 1)) for line in (6, 7, 8))
    assert crashed > run == 0 > skipped
    assert nats(found, range(6, 9)) == crashed  # one line of a statement is enough


def test_of_a_header_and_outside_of_functions_nothing_is_known() -> None:
    nats = traced(RAN).of_lines
    found = located(check=0.5).factorizations[0]
    assert nats(found, range(5, 6)) == 0
    module = replace(found, location=symbols(TEXT)[0])
    assert nats(module, range(8, 9)) == 0


def test_nothing_is_known_of_lines_where_a_function_is_not_run() -> None:
    found = located(volume=0.5).factorizations[0]
    assert [traced(RAN).of_lines(found, range(line, line + 1)) for line in (11, 12)] == [0, 0]


DECORATED = """\
@remember
@count(
    calls=True)
def area(
    width, height
):
    size = width * height
    return size
"""


def test_a_header_ends_where_the_body_begins() -> None:
    """Decorators and parameters run where the function is defined."""
    defined = Outcome(Status.RAISED, lines={"a.py": (1, 2, 3, 4, 5)})
    called = Outcome(Status.RAISED, lines={"a.py": (1, 2, 3, 4, 5, 7)})
    assert not Trace.of([defined], {"a.py": DECORATED}.get).run
    trace = Trace.of([called], {"a.py": DECORATED}.get)
    found = replace(located(area=0.5).factorizations[0], file="a.py", location=symbols(DECORATED)[1])
    assert [trace.of_lines(found, range(line, line + 1)) == 0 for line in (4, 5, 7, 8)] == [True, True, True, False]


def test_failures_count_against_places_that_the_text_does_not_speak_of() -> None:
    failed = ConstraintAccumulator()
    for _ in range(8):
        failed.record(Slots("shapes.py", "add_line", "check:5"), "rename", 0.0)
    assert names(traced_places(located(volume=0.01), traced(CRASHED), 2)) == ["check", "area"]
    assert names(traced_places(located(volume=0.01), traced(CRASHED), 2, failed)) == ["area", "check"]
