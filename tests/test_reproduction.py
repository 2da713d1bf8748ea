"""A check is kept where a run shows what the issue says, and flips where a candidate mends it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.execution.client import Frame, Outcome, Status
from kent_agent.reproduction import Check, Verdict, change, checks, classify, flips, reproduces
from kent_agent.source.exports import Package
from kent_agent.source.traceback import tracebacks

ACME = Package("acme", {"acme": "import acme"})

BROKEN = """\
def parse(text):
    table = {}
    return table[text]


def add(left, right):
    return left - right
"""
MENDED = BROKEN.replace("table[text]", "table.get(text)").replace("left - right", "left + right")

ISSUE = """\
Parsing fails

```python
>>> import acme
>>> acme.add(2, 3)
-1
>>> acme.parse("a")
Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
  File "/lib/acme.py", line 3, in parse
    return table[text]
KeyError: 'a'
```
"""


def run(folder: Path, code: str, acme: str) -> Outcome:
    """What a program comes to with a version of the package, run in an interpreter of its own."""
    (folder / "acme.py").write_text(acme)
    program = folder / "program.py"
    program.write_text(code)
    done = subprocess.run(
        [sys.executable, "-B", str(program)], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    if not done.returncode:
        return Outcome(Status.FINISHED, stdout=done.stdout)
    last = tracebacks(done.stderr)[-1]
    own = [frame.line for frame in last.frames if frame.file == str(program)]
    frames = tuple(Frame("acme.py", f.line, f.function) for f in last.frames if f.file.endswith("acme.py"))
    return Outcome(
        Status.RAISED, last.exception, last.message, frames, own[0] if own else None, done.stdout, done.stderr
    )


def only(text: str) -> Check:
    """The one check of an issue."""
    (check,) = checks(text, ACME)
    return check


def fenced(code: str, sentence: str) -> str:
    """An issue of a script and a sentence."""
    return f"Title\n\n```python\nimport acme\n{code}\n```\n\n{sentence}\n"


def test_a_crash_as_the_traceback_says_is_kept_and_flips(tmp_path: Path) -> None:
    check = only(ISSUE)
    base = run(tmp_path, check.snippet.code, BROKEN)
    assert classify(base, check) is Verdict.CRASHES
    assert reproduces(base, check)
    mended = run(tmp_path, check.snippet.code, MENDED)
    assert classify(mended, check) is Verdict.PASSES
    assert flips(base, mended, check)
    assert not flips(base, base, check)
    assert not flips(mended, mended, check)


def test_a_wrong_value_is_kept_and_flips(tmp_path: Path) -> None:
    check = only(fenced("acme.add(2, 3)", "It should return `5`."))
    base = run(tmp_path, check.snippet.code, BROKEN)
    assert classify(base, check) is Verdict.DIFFERS
    assert flips(base, run(tmp_path, check.snippet.code, MENDED), check)


def test_the_output_that_an_issue_shows_must_come_first(tmp_path: Path) -> None:
    shown = only(fenced("acme.add(2, 3)", "It returns `-1`."))
    base = run(tmp_path, shown.snippet.code, BROKEN)
    assert reproduces(base, shown)
    assert flips(base, run(tmp_path, shown.snippet.code, MENDED), shown)
    other = only(fenced("acme.add(2, 3)", "It returns `7`."))
    assert not reproduces(base, other)


def test_a_silent_run_is_no_other_output() -> None:
    check = only(fenced("acme.add(2, 3)", "It returns `-1`."))
    assert classify(Outcome(Status.FINISHED), check) is Verdict.DIFFERS


def test_an_exception_that_should_be_raised(tmp_path: Path) -> None:
    check = only(fenced("acme.parse('a')", "It should raise a ValueError."))
    base = run(tmp_path, check.snippet.code, BROKEN)
    assert classify(base, check) is Verdict.DIFFERS
    better = BROKEN.replace("return table[text]", "raise ValueError(text)")
    assert flips(base, run(tmp_path, check.snippet.code, better), check)
    assert classify(run(tmp_path, check.snippet.code, MENDED), check) is Verdict.DIFFERS


def test_a_failing_assertion_of_the_issue_is_a_check(tmp_path: Path) -> None:
    check = only(fenced("def test_add():\n    assert acme.add(2, 3) == 5", "See?"))
    base = run(tmp_path, check.snippet.code, BROKEN)
    assert classify(base, check) is Verdict.CRASHES
    assert flips(base, run(tmp_path, check.snippet.code, MENDED), check)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(Status.RAISED, "KeyError", "'a'", (Frame("acme.py", 3, "parse"),)), Verdict.CRASHES),
        (Outcome(Status.RAISED, "KeyError", "'something else entirely'"), Verdict.CRASHES_OTHERWISE),
        (Outcome(Status.RAISED, "KeyError", "'b'", (Frame("acme.py", 9, "parse"),)), Verdict.CRASHES),
        (Outcome(Status.RAISED, "TypeError", "x", (Frame("acme.py", 3, "parse"),)), Verdict.CRASHES_OTHERWISE),
        (Outcome(Status.RAISED, "ModuleNotFoundError", "No module named 'numpy'"), Verdict.CANNOT_RUN),
        (Outcome(Status.RAISED, "NameError", "name 'x' is not defined"), Verdict.CANNOT_RUN),
        (Outcome(Status.RAISED, "NameError", "x", (Frame("acme.py", 3, "parse"),)), Verdict.CRASHES_OTHERWISE),
        (Outcome(Status.RAISED, "FileNotFoundError", "a.dcm", (Frame("acme.py", 3, "parse"),)), Verdict.CANNOT_RUN),
        (Outcome(Status.CANNOT_RUN, message="no Python"), Verdict.CANNOT_RUN),
        (Outcome(Status.TIMEOUT), Verdict.UNFINISHED),
        (Outcome(Status.DIED), Verdict.CRASHES_OTHERWISE),
        (Outcome(Status.EXITED, "SystemExit", "0"), Verdict.PASSES),
        (Outcome(Status.EXITED, "SystemExit", "2"), Verdict.CRASHES_OTHERWISE),
        (Outcome(Status.FINISHED), Verdict.PASSES),
    ],
)
def test_verdicts_on_a_stated_crash(outcome: Outcome, verdict: Verdict) -> None:
    assert classify(outcome, only(ISSUE)) is verdict


def test_any_crash_is_as_stated_where_the_issue_names_none() -> None:
    check = only(fenced("acme.parse('a')", "It crashes."))
    assert classify(Outcome(Status.DIED), check) is Verdict.CRASHES
    assert classify(Outcome(Status.RAISED, "NameError", "x"), check) is Verdict.CANNOT_RUN


def test_an_import_error_that_the_issue_states_is_the_fault_itself() -> None:
    check = only("Title\n\n```\n>>> from acme import parse_all\nImportError: cannot import name 'parse_all'\n```\n")
    outcome = Outcome(Status.RAISED, "ImportError", "cannot import name 'parse_all' from 'acme' (/x/acme.py)")
    assert classify(outcome, check) is Verdict.CRASHES


def test_provenance_tells_where_a_check_comes_from() -> None:
    told = only(ISSUE).provenance
    assert told["snippet"] == {"kind": "doctest", "lines": ((4, 12),), "repairs": told["snippet"]["repairs"]}  # type: ignore[index]
    assert told["expectation"] == {
        "kind": "no_crash",
        "line": 12,
        "source": "traceback",
        "exception": "KeyError",
        "message": "'a'",
    }


FAILED = Outcome(Status.RAISED, "KeyError", "'a'", (Frame("acme.py", 3, "parse"),), 5)


def test_the_same_failure_changed_nothing_and_a_later_line_all() -> None:
    elsewhere = Outcome(Status.RAISED, "KeyError", "'a'", (Frame("acme.py", 7, "load"),), 5)
    other = Outcome(Status.RAISED, "TypeError", "x", (Frame("acme.py", 3, "parse"),), 5)
    later = Outcome(Status.RAISED, "KeyError", "'a'", (Frame("acme.py", 3, "parse"),), 6)
    assert 0 == change(FAILED, FAILED) < change(FAILED, elsewhere) < change(FAILED, other) < change(FAILED, later) == 1
    assert change(FAILED, Outcome(Status.FINISHED)) == 1


def test_a_candidate_that_is_broken_itself_changed_nothing() -> None:
    for name in ("NameError", "UnboundLocalError", "ImportError", "SyntaxError"):
        assert change(FAILED, Outcome(Status.RAISED, name, "x", (), 9)) == 0
    assert change(FAILED, Outcome(Status.TIMEOUT)) == change(FAILED, Outcome(Status.DIED)) == 0
    assert change(FAILED, Outcome(Status.RAISED, "KeyError", "'a'", (), 4)) == 0


def test_another_output_is_half_a_change() -> None:
    printed = Outcome(Status.FINISHED, stdout="4\n")
    assert change(printed, printed) == 0
    assert change(printed, Outcome(Status.FINISHED, stdout="5\n")) == 0.5
    assert change(printed, FAILED) == 0


@settings(deadline=None)
@given(
    *(
        st.builds(
            Outcome,
            st.sampled_from(Status),
            st.sampled_from([None, "KeyError", "a.b.C", "NameError", "SystemExit"]),
            st.text(max_size=5),
            st.just(()),
            st.none() | st.integers(1, 5),
        )
        for _ in range(2)
    )
)
def test_every_outcome_has_a_verdict_and_a_change(base: Outcome, candidate: Outcome) -> None:
    assert 0 <= change(base, candidate) <= 1
    assert classify(base, only(ISSUE)) in Verdict
