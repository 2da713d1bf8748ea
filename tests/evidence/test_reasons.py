"""The reasons for a place name what the issue and the place have in common."""

import numpy as np
import pytest

from kent_agent.evidence.columns import standardised
from kent_agent.evidence.gather import gather
from kent_agent.evidence.reasons import Reasons, reasons
from kent_agent.evidence.weights import WeightSet
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from tests.conftest import CALC, TEXT
from tests.evidence.memory import Memory

TEXTS = {
    "src/tiny/calc.py": CALC,
    "src/tiny/text.py": TEXT,
    **{f"src/tiny/plain{i}.py": "total = 1\n" for i in range(6)},
}
COMMITS = [
    ("Polish the mean\n\nNow with its total.", ["src/tiny/calc.py", "src/tiny/text.py"]),
    ("Words and their count", ["src/tiny/text.py"]),
    ("Return the mean of values", ["src/tiny/calc.py"]),
]
ISSUE = """mean of values has a wrong total

See `mean` in calc, its zebra.

```
Traceback (most recent call last):
  File "run.py", line 3, in <module>
    main()
  File "/site-packages/tiny/calc.py", line 13, in mean
    return total / len(values)
ZeroDivisionError: division by zero
```
"""
WEIGHTS = WeightSet(
    saw=(),
    files={"mentions.module": 1.0, "frames.last": 2.0, "history.best": 0.5, "body.all": -1.0, "file.size": 0.1},
    places={"frames.last": 1.0, "names.any": 0.75, "kind.module": 3.0},
    to_location=1.0,
    to_file=(1.0, 1.0),
)


def reasons_for(path: str, name: str, text: str = ISSUE, commits: list[tuple[str, list[str]]] = COMMITS) -> Reasons:
    index, source = RepositoryIndex(SparseItems(8000)), Memory(TEXTS, commits)
    evidence = gather(parse_issue(text), index, source)
    assert evidence is not None
    symbol = next(place.symbol for place in evidence.places if (place.path, place.symbol.name) == (path, name))
    return reasons(evidence, WEIGHTS, index, source, path, symbol)


def test_words_are_what_issue_and_symbol_share_the_rarest_first() -> None:
    words = reasons_for("src/tiny/calc.py", "mean").words
    assert set(words) == {"mean", "valu", "value", "total", "len"} & set(words)
    assert {"mean", "total", "len"} <= set(words)
    assert words[-1] == "total"  # which most files have
    assert "zebra" not in words
    assert "left" not in reasons_for("src/tiny/calc.py", "mean", "left is wrong").words
    assert reasons_for("src/tiny/calc.py", "add", "left is wrong").words == ("left",)


def test_no_more_than_eight_words_are_told() -> None:
    assert len(reasons_for("src/tiny/calc.py", "<module>", "It breaks\n\n" + CALC).words) == 8


def test_names_are_those_of_the_symbol_and_its_file() -> None:
    assert reasons_for("src/tiny/calc.py", "mean").names == ("calc", "mean", "tiny")
    assert reasons_for("src/tiny/calc.py", "add", "the mean is off").names == ()
    assert reasons_for("src/tiny/text.py", "Words.count", "Words.count is off").names == ("Words", "count")


def test_frames_are_those_of_the_file() -> None:
    assert reasons_for("src/tiny/calc.py", "mean").frames == ("/site-packages/tiny/calc.py:13 mean",)
    assert reasons_for("src/tiny/text.py", "Words").frames == ()


def test_commits_are_those_on_the_file_that_sound_most_like_the_issue() -> None:
    told = reasons_for("src/tiny/calc.py", "mean", "Return the mean of values").commits
    shas = Memory(TEXTS, COMMITS).ancestors(3)
    assert told == (f"{shas[2][:10]} Return the mean of values", f"{shas[0][:10]} Polish the mean")
    many = [(f"mean {i}", ["src/tiny/calc.py"]) for i in range(5)]
    assert len(reasons_for("src/tiny/calc.py", "mean", commits=many).commits) == 3
    assert reasons_for("src/tiny/calc.py", "mean", commits=[]).commits == ()


def test_sources_are_what_each_group_of_evidence_adds_for_file_and_place() -> None:
    index, source = RepositoryIndex(SparseItems(8000)), Memory(TEXTS, COMMITS)
    evidence = gather(parse_issue(ISSUE), index, source)
    assert evidence is not None
    row = evidence.paths.index("src/tiny/calc.py")
    place = next(i for i, each in enumerate(evidence.places) if each.symbol.name == "mean")
    told = reasons(evidence, WEIGHTS, index, source, "src/tiny/calc.py", evidence.places[place].symbol).sources
    history, size = standardised(evidence.files, ["history.best", "file.size"])[row]
    expected = {"frames": 3.0, "names": 0.75, "history": 0.5 * history, "file": 0.1 * size}
    assert dict(told) == pytest.approx(expected, abs=0.006)
    assert [value for _, value in told] == sorted((value for _, value in told), reverse=True)


def test_sources_that_speak_against_a_place_are_not_told() -> None:
    told = dict(reasons_for("src/tiny/plain0.py", "<module>").sources)
    assert told.keys() <= {"kind", "body"}
    assert told["kind"] == 3.0
    assert all(np.array(list(told.values())) > 0)
