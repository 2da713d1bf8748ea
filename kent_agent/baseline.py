"""What related tests do at the base commit, and whether a diff breaks one that passes there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from kent_agent.execution.reports import TestStatus
from kent_agent.execution.runners import TestReport, run_tests
from kent_agent.execution.sandbox import Sandbox

_TIMEOUT = 60.0  # seconds for all the tests that are run at once at the base commit
_SLOWER, _LEAST = 2.0, 30.0  # with a diff they may take so many times as long, and so many seconds in any case

Selections = tuple[tuple[str, ...], ...]
"""Paths or ids of tests, together where they are run together."""


@dataclass(frozen=True)
class _Run:
    """Tests that are run together, those of them that pass at the base commit, and the seconds that they take."""

    selection: tuple[str, ...]
    passed: frozenset[str]
    seconds: float


class Baseline:
    """The tests of one instance at its base commit; each selection is run there once.

    Args:
        sandbox: a started one.
        script: the path of the repository's `runtests.py`; empty where it has none.
    """

    def __init__(self, sandbox: Sandbox, script: str) -> None:
        self._sandbox = sandbox
        self._script = script
        self._known: dict[Selections, list[_Run]] = {}

    def refutation(self, diff: str, selections: Selections) -> str:
        """Why selected tests speak against a diff; empty where they do not, or where none of them passes without it.

        Raises:
            SandboxError: the container ended.
        """
        if not (runs := self._runs(selections)):
            return ""
        if reason := self._sandbox.make_tree(diff):
            return f"git does not apply its diff: {reason}"
        for run in runs:  # each by itself, since one may end without a report
            report = run_tests(self._sandbox, self._script, run.selection, max(_SLOWER * run.seconds, _LEAST))
            if not run.passed <= _passed(report):
                return "it breaks a test that passed"
        return ""

    def _runs(self, selections: Selections) -> list[_Run]:
        if selections not in self._known:
            self._sandbox.make_tree()
            timeout = _TIMEOUT / max(len(selections), 1)
            self._known[selections] = [run for each in selections for run in self._at_base(each, timeout)]
        return self._known[selections]

    def _at_base(self, selection: tuple[str, ...], timeout: float) -> Iterator[_Run]:
        """The run of a selection; one for each file where they do not run together: a name may not be found."""
        report = run_tests(self._sandbox, self._script, selection, timeout)
        if passed := _passed(report):
            yield _Run(selection, passed, report.command.seconds)
            return
        by_file = [tuple(ids) for _, ids in groupby(sorted(selection), lambda each: each.partition("::")[0])]
        if len(by_file) > 1 and not report.results and not report.command.timed_out:
            for each in by_file:
                yield from self._at_base(each, timeout / len(by_file))


def _passed(report: TestReport) -> frozenset[str]:
    return frozenset(name for name, status in (report.results or {}).items() if status is TestStatus.PASSED)
