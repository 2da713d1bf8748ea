"""A diff is refuted by related tests that pass at the base commit, and by nothing else."""

from typing import TYPE_CHECKING

import pytest

from kent_agent.baseline import Baseline
from kent_agent.source.diff import unified_diff

if TYPE_CHECKING:
    from .conftest import Open

PATH = "shop/shapes.py"
PERIMETER = "tests/test_shapes.py::test_perimeter"
BROKEN = "it breaks a test that passed"


@pytest.fixture
def baseline(open_sandbox: "Open") -> Baseline:
    return Baseline(open_sandbox(), "")


def changed(files: dict[str, str], old: str, new: str) -> str:
    """The diff of a repository's file."""
    assert old in files[PATH]
    return unified_diff({PATH: (files[PATH], files[PATH].replace(old, new))})


def test_a_test_that_passed_refutes_and_one_that_failed_does_not(baseline: Baseline, files: dict[str, str]) -> None:
    careless = changed(files, "2 * (width", "3 * (width")
    selections = (("tests/test_shapes.py::test_area",), (PERIMETER,))
    assert baseline.refutation(careless, selections) == BROKEN
    assert baseline.refutation(careless, selections[:1]) == ""
    assert baseline.refutation(changed(files, "width + height", "width * height"), selections[:1]) == ""


def test_a_name_that_is_not_found_leaves_the_tests_of_other_files(baseline: Baseline, files: dict[str, str]) -> None:
    lost = ("hostile/test_deletion.py::test_lost", PERIMETER)
    assert baseline.refutation(changed(files, "2 * (width", "3 * (width"), (lost,)) == BROKEN


def test_a_diff_that_git_does_not_apply_is_refuted(baseline: Baseline, files: dict[str, str]) -> None:
    stale = changed(files | {PATH: files[PATH].replace("2 * (width", "4 * (width")}, "4 * (width", "3 * (width")
    assert baseline.refutation(stale, ((PERIMETER,),)).startswith("git does not apply its diff: ")


def test_slower_tests_still_pass_and_endless_ones_do_not(baseline: Baseline, files: dict[str, str]) -> None:
    def waiting(statement: str) -> str:
        return changed(files, "    return 2 * (width", f"    {statement}\n    return 2 * (width")

    selections = ((PERIMETER,),)
    assert baseline.refutation(waiting("__import__('time').sleep(1)"), selections) == ""
    assert baseline.refutation(waiting("while True: pass"), selections) == BROKEN
