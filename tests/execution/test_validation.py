"""Validation: the issue's checks choose among candidates by what they do when they are run."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kent_agent.agent import AgentOptions, Answer, Judged, KentAgent
from kent_agent.confirmation import Confirmation, Survivor, worth
from kent_agent.generator import Candidate
from kent_agent.resonator import Factorization
from kent_agent.source.diff import unified_diff
from kent_agent.source.grammar import Action, Edit, Site
from kent_agent.source.symbols import Symbol
from kent_agent.task import CodePatch, Operation, SWETask
from kent_agent.validation import Reproductions, Validation, Validator, key_of
from kent_agent.workspace import RepoSnapshot

if TYPE_CHECKING:
    from ..conftest import BuildRepository

PATH = "shop/shapes.py"
ISSUE = """area() adds

>>> from shop.shapes import area
>>> area(2, 3)
5

It should return 6.
"""
CRASH = """perimeter() refuses

```python
from shop.shapes import perimeter
perimeter(-1, 1)
```

Traceback (most recent call last):
  File "/x/shop/shapes.py", line 23, in perimeter
    raise ValueError("a width of %d" % width)
ValueError: a width of -1
"""


def place(name: str, start: int, end: int, share: float = 0.5) -> Factorization:
    symbol, confidences = Symbol(name, "function", start, end), {"FILE": 1.0, "LOCATION": share}
    return Factorization(PATH, Operation.MODIFY_LINE, symbol, share, confidences, share, True)


@pytest.fixture(scope="module")
def text(files: dict[str, str]) -> str:
    return files[PATH]


@pytest.fixture
def snapshot(files: dict[str, str], build_repository: "BuildRepository", tmp_path: Path) -> Iterator[RepoSnapshot]:
    (base,) = build_repository(tmp_path / "shop", [("All", files)])
    with RepoSnapshot("acme/shop", base, tmp_path / "shop") as snapshot:
        yield snapshot


@pytest.fixture
def validation(image: str) -> Iterator[Validation]:
    with Validator(budget=90, limit=10).open(image) as opened:
        yield opened


def candidate(text: str, old: str, new: str, score: float) -> Candidate:
    """An edit of `area`, as a decoder would propose it."""
    start = text.index(old)
    site = Site(
        Action.SWAP_OPERATOR, start, start + len(old), (start, start), "BinOp", "Return", "op", 0, 10, 10, "", ""
    )
    return Candidate(
        patch=CodePatch(PATH, Operation.MODIFY_LINE, "area:8-10", new),
        after=text.replace(old, new, 1),
        edits=(Edit(site, (new,)),),
        score=score,
        confidence=0.1,
        factorization=place("area", 8, 10),
        reason="",
        dropped="",
    )


def diff(text: str, each: Candidate) -> str:
    return unified_diff({PATH: (text, each.after)})


def survivors(
    validation: Validation, candidates: list[Candidate], found: Reproductions, snapshot: RepoSnapshot, text: str
) -> list[Survivor]:
    """What is left of candidates that are run and confirmed."""
    flipping = validation.run(candidates, found, until=len(candidates))
    return Confirmation(validation, found, snapshot).survivors(flipping, lambda each: diff(text, each))


def test_only_what_makes_the_check_pass_survives(validation: Validation, snapshot: RepoSnapshot, text: str) -> None:
    candidates = [candidate(text, "width + height", f"width {sign} height", -i) for i, sign in enumerate("-*/")]
    found = validation.reproduce(ISSUE, snapshot)
    assert [each.base.stdout for each in found] == ["5\n"] * len(found) != []
    (survivor,) = survivors(validation, candidates, found, snapshot, text)
    assert survivor == Survivor(candidates[1], diff(text, candidates[1]), flipped=1, rungs=3)
    keys = [key_of(each) for each in candidates]
    assert validation.fates.keys() == {keys[0], keys[2]} and validation.flipping == {keys[1]: 1}
    report = validation.report
    assert (report.rounds, report.tried, report.first_survivor) == (1, 3, 2)
    assert (report.note, report.budget_hit) == ("", False)
    assert report.checks[0]["base"] == {"status": "finished", "exception": None, "message": ""}


def test_what_breaks_a_test_that_passed_does_not_survive(
    validation: Validation, snapshot: RepoSnapshot, text: str
) -> None:
    right = candidate(text, "width + height", "width * height", 0.0)
    careless = candidate(text.replace("2 * (width", "3 * (width"), "width + height", "width * height", 1.0)
    found = validation.reproduce(ISSUE, snapshot)
    assert [each.candidate for each in survivors(validation, [careless, right], found, snapshot, text)] == [right]
    assert validation.report.broke == 1 and validation.fates == {key_of(careless): "it breaks a test that passed"}


def test_what_no_check_speaks_for_must_break_no_test(validation: Validation, snapshot: RepoSnapshot, text: str) -> None:
    careless, harmless, other = (
        candidate(text, "2 * (width", new, -i) for i, new in enumerate(("3 * (width", "2.0 * (width", "4 * (width"))
    )
    at_perimeter = [replace(each, factorization=place("perimeter", 21, 24)) for each in (careless, harmless, other)]
    Confirmation(validation, [], snapshot).drop_breaking(at_perimeter, lambda each: diff(text, each))
    assert validation.fates == {key_of(careless): "it breaks a test that passed"}


def test_what_was_run_is_not_run_again(validation: Validation, snapshot: RepoSnapshot, text: str) -> None:
    wrong, right = (candidate(text, "width + height", f"width {sign} height", 0.0) for sign in "-*")
    found = validation.reproduce(ISSUE, snapshot)
    assert validation.run([wrong], found, until=5) == []
    assert validation.run([wrong, right], found, until=5) == [right]
    assert (validation.report.rounds, validation.report.tried) == (2, 2)


def test_no_more_are_run_than_are_asked_for(validation: Validation, snapshot: RepoSnapshot, text: str) -> None:
    wrong = [candidate(text, "width + height", f"width + height - {i}", -i) for i in range(30, 50)]
    found = validation.reproduce(ISSUE, snapshot)
    validation.run(wrong, found, until=4)
    assert validation.report.tried == 4 and validation.going
    validation.run(wrong, found, until=20)
    assert validation.report.tried == validation.limit == 10 and not validation.going


def test_an_issue_that_shows_nothing_lets_nothing_survive(
    validation: Validation, snapshot: RepoSnapshot, text: str
) -> None:
    right = candidate(text, "width + height", "width * height", 0.0)
    for issue in ("area() adds", ISSUE.replace("\n5\n", "\n6\n").replace("return 6", "return 5")):
        found = validation.reproduce(issue, snapshot)
        assert found == [] or all(each.base.stdout == "5\n" for each in found)
        assert "area() adds" not in validation.report.note
    assert survivors(validation, [right], [], snapshot, text) == []
    assert validation.report.tried == 0


def test_what_a_reproduction_runs_is_told(validation: Validation, snapshot: RepoSnapshot) -> None:
    crash = validation.reproduce(CRASH, snapshot)[0].base
    assert crash.exception == "ValueError"
    (path,) = crash.lines
    assert crash.frames[-1].path == path and crash.frames[-1].line in crash.lines[path]


def test_an_image_that_is_not_there_is_said_and_nothing_is_run(snapshot: RepoSnapshot, client: object) -> None:
    with Validator().open("kent_agent/nowhere:latest") as validation:
        found = validation.reproduce(ISSUE, snapshot)
        assert (found, survivors(validation, [], found, snapshot, "")) == ([], [])
    assert "kent_agent/nowhere" in validation.report.note and validation.report.seconds > 0


def test_a_spent_budget_is_recorded(image: str, snapshot: RepoSnapshot, text: str) -> None:
    with Validator(budget=8, limit=10).open(image) as validation:
        found = validation.reproduce(ISSUE + "\n```\nimport time\ntime.sleep(60)\n```\n", snapshot)
        assert validation.report.budget_hit == bool(validation.report.note)
        endless = [candidate(text, "width + height", f"exec('while {i}: pass')", 0.0) for i in range(1, 11)]
        survivors(validation, endless, found, snapshot, text)
    assert validation.report.budget_hit and "budget" in validation.report.note


def test_the_agent_keeps_what_was_run_in_its_trajectory(
    image: str, files: dict[str, str], build_repository: "BuildRepository", tmp_path: Path
) -> None:
    (base,) = build_repository(tmp_path / "acme__shop", [("All", files)])
    task = SWETask("acme__shop-1", "acme/shop", base, ISSUE, image=image)
    agent = KentAgent(AgentOptions(tmp_path, candidates=12, min_confidence=0, validate="docker", budget=90))
    solution = agent.solve(task)
    told = json.loads(json.dumps(solution.trajectory))
    assert told["validation"]["checks"] and 0 < told["validation"]["tried"] <= 12
    failed = [each for each in told["candidates"] if "check failed" in each["dropped"]]
    chosen = [each for each in told["candidates"] if each["chosen"]]
    assert failed and not any(each["chosen"] for each in failed)
    assert bool(chosen) == bool(solution.model_patch)
    assert told["min_confidence"] == 0


@pytest.mark.parametrize(
    ("given", "unmended", "asked"), [(None, True, "0.02"), (None, False, "0"), (0.005, True, "0.005")]
)
def test_more_is_asked_of_what_mends_no_check_unless_that_is_given(
    given: float | None, unmended: bool, asked: str, text: str
) -> None:
    agent = KentAgent(AgentOptions(min_confidence=given))
    guess = replace(candidate(text, "width + height", "width * height", -5.3), confidence=0.001)
    answer = Answer((guess.factorization,), (Judged(guess, "a diff", ""),), unmended=unmended)
    assert agent.why_nothing(answer).endswith(f"below {asked}")


def test_what_takes_code_away_is_worth_less_than_what_adds_some(text: str) -> None:
    """A check of a crash also passes where what crashed is gone."""
    kept, gone = (candidate(text, "width + height", new, -1.0) for new in ("<old>", "1"))
    assert worth(kept) == kept.score > worth(gone)
