"""Checks on candidates in real containers: what an outcome says, warm, cold and fresh alike."""

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from kent_agent.execution.client import Candidate, Check, Execution, Frame, Outcome, Status, alike
from kent_agent.execution.sandbox import Sandbox

if TYPE_CHECKING:
    from .conftest import Open

pytestmark = pytest.mark.docker

AREA = "from shop.shapes import area\n\nresult = area(2, 3)\nprint(result)\nassert result == 6, result\n"
Change = Callable[[str, str, str], Candidate]


@pytest.fixture
def change(files: dict[str, str]) -> Change:
    """A candidate: one replacement in one file."""

    def make(path: str, old: str, new: str) -> Candidate:
        assert files[path].count(old) == 1
        return {path: files[path].replace(old, new)}

    return make


def diff_of(candidate: Candidate, files: dict[str, str]) -> str:
    lines: list[str] = []
    for path, text in candidate.items():
        old, new = files[path].splitlines(True), text.splitlines(True)
        lines += difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
    return "".join(lines)


def attempt(sandbox: Sandbox, check: Check, *candidates: Candidate) -> list[Outcome]:
    return list(Execution(sandbox, check).run(candidates))


def test_an_outcome_says_what_the_check_did(open_sandbox: "Open", change: Change) -> None:
    wrong, right = attempt(
        open_sandbox(), Check(AREA), {}, change("shop/shapes.py", "width + height\n\n\nc", "width * height\n\n\nc")
    )
    assert (wrong.status, wrong.exception, wrong.message, wrong.check_line) == ("raised", "AssertionError", "5", 5)
    assert (wrong.stdout, wrong.frames) == ("5\n", ())
    assert (right.status, right.exception, right.stdout) == ("finished", None, "6\n")
    assert right.how == "warm"


def test_frames_are_those_of_the_changed_file(open_sandbox: "Open", change: Change) -> None:
    code = "from shop.shapes import perimeter\nperimeter(-1, 2)\n"
    candidate = change(
        "shop/shapes.py", "    return width + height\n", "    total = width * height\n    return total\n"
    )
    for outcome, line in zip(attempt(open_sandbox(), Check(code), {}, candidate), (24, 25), strict=True):
        assert (outcome.exception, outcome.message) == ("ValueError", "a width of -1")
        assert outcome.frames == (Frame("shop/shapes.py", line, "perimeter"),)


@pytest.mark.parametrize(
    ("path", "old", "new", "how"),
    [
        ("shop/shapes.py", "return width + height\n", "return width * height\n", "warm"),
        ("shop/shapes.py", "return area(self.side, self.side)", "return self.side ** 2", "warm"),
        ("shop/shapes.py", "CACHE = {}", "CACHE = {}\nWIDTH = 1", "cold"),
        ("shop/shapes.py", "def area(width, height):", "def area(width, height=1):", "cold"),
        ("shop/shapes.py", "def area(self):", "def area(self, factor=1):", "cold"),
        ("shop/shapes.py", "Of a rectangle", "Of any rectangle", "cold"),
        ("shop/registry.py", 'return "<" + function.__name__ + ">"', 'return "[" + function.__name__ + "]"', "cold"),
        ("shop/registry.py", "    return function\n", "    return lambda *a: 7\n", "cold"),
    ],
)
def test_warm_cold_and_fresh_agree_and_warm_is_used_only_where_nothing_ran_before(
    open_sandbox: "Open", change: Change, files: dict[str, str], path: str, old: str, new: str, how: str
) -> None:
    code = (
        "from shop import shapes\nfrom shop.registry import REGISTERED\n"
        "print(REGISTERED, shapes.area(2, 3), shapes.Square(4).area(), shapes.area.__doc__, sorted(vars(shapes)))\n"
        "print(shapes.perimeter(1, 2))\nshapes.perimeter(-1, 0)\n"
    )
    execution = Execution(open_sandbox(), Check(code))
    candidate = change(path, old, new)
    (outcome,) = execution.run([candidate])
    confirmed = execution.confirm(diff_of(candidate, files))
    assert (outcome.how, confirmed.how) == (how, "fresh")
    assert alike(outcome, confirmed), (outcome, confirmed)


def test_a_changed_file_that_is_imported_late_is_seen(open_sandbox: "Open", change: Change) -> None:
    code = "import sys\nassert 'shop' not in sys.modules\nfrom shop.shapes import area\nprint(area(2, 3))\n"
    candidate = change("shop/shapes.py", "return width + height\n", "return 9\n")
    assert [outcome.stdout for outcome in attempt(open_sandbox(), Check(code), candidate, {})] == ["9\n", "5\n"]


def test_identical_candidates_run_once(open_sandbox: "Open", change: Change) -> None:
    candidate = change("shop/shapes.py", "return width + height\n", "return 9\n")
    commented = {path: text.replace("return 9", "return 9  # nine") for path, text in candidate.items()}
    other = change("shop/shapes.py", "return width + height\n", "return 9.0\n")
    first, second, third = attempt(open_sandbox(), Check(AREA), candidate, commented, other)
    assert [outcome.repeated for outcome in (first, second, third)] == [False, True, False]
    assert (first.message, second.message, third.message) == ("9", "9", "9.0")


def test_candidates_do_not_see_each_other(open_sandbox: "Open") -> None:
    code = (
        "import os, tempfile\nfrom shop import shapes\nopen('here', 'x').close()\n"
        "open(os.path.join(tempfile.gettempdir(), 'x'), 'x').close(); open(os.path.expanduser('~/x'), 'x').close()\n"
        "print(shapes.CACHE); shapes.CACHE['seen'] = 1\n"
    )
    traced = Check(code)
    outcomes = attempt(
        open_sandbox(), traced, {}, {"shop/registry.py": "def register(f): return f\n"}, {"shop/__init__.py": "1"}
    )
    assert [outcome.stdout for outcome in outcomes] == ["{}\n"] * 3, outcomes


def test_executed_lines_are_reported_when_asked_for(open_sandbox: "Open") -> None:
    (outcome,) = attempt(open_sandbox(), Check(AREA, trace=True), {})
    assert outcome.lines == {"shop/shapes.py": (10,)}


def test_the_setup_is_done_before_and_a_failing_one_is_the_candidates_outcome(
    open_sandbox: "Open", change: Change
) -> None:
    sandbox = open_sandbox()
    (outcome,) = attempt(sandbox, Check("print(size)", setup="from shop.shapes import area\nsize = area(1, 1)"), {})
    assert (outcome.stdout, outcome.how) == ("2\n", "warm")
    execution = Execution(sandbox, Check("import shop.shapes\nprint(1)"))
    broken = change("shop/shapes.py", "CACHE = {}", "CACHE = {}[0]")
    before, after = execution.run([broken, {}])
    assert (before.status, before.exception, before.frames[-1].line) == ("raised", "KeyError", 5)
    assert after.status == "finished"
    failing = Execution(sandbox, Check("print(1)", setup="import shop.shapes\nraise OSError(3)"))
    assert failing.not_warm == "the setup raises OSError"
    assert [outcome.exception for outcome in failing.run([{}])] == ["OSError"]


def test_what_cannot_run_says_why(open_sandbox: "Open") -> None:
    sandbox = open_sandbox()
    execution = Execution(sandbox, Check("print 'two'"))
    assert execution.error.startswith("SyntaxError")
    assert next(execution.run([{}])).status is Status.CANNOT_RUN
    execution = Execution(sandbox, Check(AREA))
    absent, early, broken = execution.run(
        [{"shop/new.py": "x = 1\n"}, {"sitecustomize.py": "x = 1\n"}, {"shop/shapes.py": "def area(:\n"}]
    )
    assert (absent.status, absent.message) == ("cannot_run", "shop/new.py is no Python file of the repository")
    assert (early.status, early.message) == ("cannot_run", "sitecustomize.py is imported as the interpreter starts")
    assert (broken.status, broken.exception, broken.frames[0].line) == ("raised", "SyntaxError", 1)
    unfit = execution.confirm("--- a/shop/shapes.py\n+++ b/shop/shapes.py\n@@ -1 +1 @@\n-nothing\n+something\n")
    assert unfit.status is Status.CANNOT_RUN
    assert "patch does not apply" in unfit.message


def test_every_way_to_end_has_its_status(open_sandbox: "Open") -> None:
    sandbox = open_sandbox()
    ends = {
        "raise SystemExit(3)": ("exited", "3"),
        "import os; os._exit(0)": ("died", "its process exited with code 0"),
        "import os; os.abort()": ("died", "its process was ended by SIGABRT"),
        "while True: pass": ("timeout", "it was killed at its time limit"),
        "import time; time.sleep(100)": ("timeout", "it was killed at its time limit"),
    }
    for code, expected in ends.items():
        (outcome,) = attempt(sandbox, Check("x = 1\n" + code, timeout=0.5), {})
        assert (outcome.status, outcome.message) == expected
