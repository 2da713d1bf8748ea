"""A repository's tests are run by what they are meant for, and each has its result."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from kent_agent.execution.reports import TestStatus
from kent_agent.execution.runners import run_tests
from kent_agent.execution.sandbox import Sandbox

if TYPE_CHECKING:
    from .conftest import Open

PASSED, FAILED, ERROR = TestStatus.PASSED, TestStatus.FAILED, TestStatus.ERROR
CASES = '''import unittest

from shop.shapes import area


class AreaTests(unittest.TestCase):
    def test_square(self):
        """A square has an area."""
        self.assertEqual(area(2, 2), 4)

    def test_oblong(self):
        self.assertEqual(area(2, 3), 6)


def test_nothing():
    print("ok")
    assert area(0, 0) == 0


def test_asks_for_more(fixture):
    assert False


def test_fails():
    raise ValueError("test_nothing (x) ... ok")
'''
RUNTESTS = """import sys
import unittest

assert sys.argv[1:3] == ["-v", "2"]
unittest.main(module=None, argv=["runtests", "-v", *sys.argv[3:]])
"""


def opened(sandbox: Sandbox, files: Mapping[str, str]) -> Sandbox:
    """A sandbox whose tree has files that the image's repository has not."""
    assert sandbox.make_tree("".join(_creation(path, text) for path, text in files.items())) == ""
    return sandbox


def _creation(path: str, text: str) -> str:
    """The diff that creates a file."""
    lines = text.splitlines()
    header = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return header + f"@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


def test_pytest_runs_what_has_no_script(open_sandbox: "Open") -> None:
    report = run_tests(opened(open_sandbox(), {"tests/test_cases.py": CASES}), "", ["tests/test_cases.py"], 30)
    assert report.results == {
        "tests.test_cases.AreaTests::test_square": PASSED,
        "tests.test_cases.AreaTests::test_oblong": FAILED,
        "tests.test_cases::test_nothing": PASSED,
        "tests.test_cases::test_asks_for_more": ERROR,
        "tests.test_cases::test_fails": FAILED,
    }


def test_the_repositorys_own_script_runs_its_tests(open_sandbox: "Open") -> None:
    sandbox = opened(open_sandbox(), {"checks/runtests.py": RUNTESTS, "checks/areas/cases.py": CASES})
    report = run_tests(sandbox, "checks/runtests.py", ["checks/areas/cases.py"], 30)
    assert told(report.results) == {"test_square": PASSED, "test_oblong": FAILED}
    one = run_tests(sandbox, "checks/runtests.py", ["checks/areas/cases.py::AreaTests::test_square"], 30)
    assert told(one.results) == {"test_square": PASSED}


def test_where_pytest_is_absent_test_cases_and_plain_functions_run(open_sandbox: "Open") -> None:
    """A package of its name without a program is as good as none."""
    files = {"pytest/__init__.py": "\n", "suite/test_cases.py": CASES, "suite/test_broken.py": "import nowhere\n"}
    sandbox = opened(open_sandbox(), files)
    report = run_tests(sandbox, "", ["suite/test_broken.py", "suite/test_cases.py"], 30)
    expected = {"test_square": PASSED, "test_oblong": FAILED, "test_nothing": PASSED, "test_fails": ERROR}
    assert told(report.results) == expected
    chosen = ["suite/test_cases.py::test_nothing", "suite/test_cases.py::AreaTests::test_oblong"]
    assert told(run_tests(sandbox, "", chosen, 30).results) == {"test_nothing": PASSED, "test_oblong": FAILED}


OWN = """import unittest


class OwnCase(unittest.TestCase):
    def __init__(self):
        raise KeyError

    def test_lost(self):
        pass


class Fine(unittest.TestCase):
    def test_fine(self):
        pass
"""


def test_without_pytest_what_cannot_be_loaded_stops_nothing_else(open_sandbox: "Open") -> None:
    """Neither by a test case that cannot be made, nor by a file of the same name in another folder."""
    files = {"pytest/__init__.py": "\n", "suite/test_own.py": OWN}
    named = {f"{folder}/test_one.py": f"def test_{folder}(): pass\n" for folder in ("left", "right")}
    report = run_tests(opened(open_sandbox(), files | named), "", ["suite/test_own.py", *named], 30)
    assert told(report.results) == {"test_fine": PASSED, "test_left": PASSED, "test_right": PASSED}


@pytest.mark.parametrize("script", ["", "checks/runtests.py"])
def test_tests_that_are_not_there_do_not_pass(script: str, open_sandbox: "Open") -> None:
    sandbox = opened(open_sandbox(), {"checks/runtests.py": RUNTESTS})
    assert PASSED not in told(run_tests(sandbox, script, ["checks/gone.py"], 30).results).values()


def told(results: Mapping[str, TestStatus] | None) -> dict[str, TestStatus]:
    """Results by the tests' own names."""
    return {name.rpartition("::")[2]: status for name, status in (results or {}).items()}
