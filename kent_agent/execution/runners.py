"""Running a repository's tests in a sandbox, by the runner that it is meant for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from kent_agent.execution.reports import TestStatus, parse_junit, parse_verbose
from kent_agent.execution.sandbox import PACKAGE, WORK, CommandResult, Sandbox

_PYTHON = 'python=$(command -v python || command -v python3); exec "$python" "$@"'


@dataclass(frozen=True)
class TestReport:
    """What became of a run of tests.

    Attributes:
        results: `class.name::test[parameters]` -> status. None when there is no whole report: the command's output
            says why.
    """

    __test__ = False  # no test class, whatever pytest thinks of its name

    results: Mapping[str, TestStatus] | None
    command: CommandResult


Parse = Callable[[str], Mapping[str, TestStatus] | None]


def run_tests(sandbox: Sandbox, script: str, selection: Sequence[str], timeout: float) -> TestReport:
    """Run tests in the sandbox's tree: by the repository's own script, by pytest, or by unittest where that is absent.

    Args:
        script: the path of the repository's `runtests.py`; empty where it has none.
        selection: paths or ids of tests as pytest names them, relative to the repository.
        timeout: seconds for all of them.

    Raises:
        SandboxError: the container ended.
    """
    if script and (report := _runtests_results(sandbox, script, selection, timeout)).results:
        return report  # others of that name take other arguments
    report = pytest_results(sandbox, selection, timeout)
    if "No module named pytest" in report.command.stderr:
        return _plain_results(sandbox, selection, timeout)
    return report


def pytest_results(sandbox: Sandbox, selection: Sequence[str], timeout: float) -> TestReport:
    """Run pytest in the sandbox's tree; arguments, errors and result as of `run_tests`."""
    path = _report_path("xml")
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={path}"]
    command = ["/bin/bash", "-c", _PYTHON, "kent", "-m", "pytest", *options, *selection]
    return _ran(sandbox, command, timeout, path, parse_junit)


def _runtests_results(sandbox: Sandbox, script: str, selection: Sequence[str], timeout: float) -> TestReport:
    """Run a script that takes the dotted names of tests, as from its own folder."""
    path = _report_path("txt")
    folder = script.rpartition("/")[0]
    names = [_dotted(each.removeprefix(f"{folder}/")) for each in selection]
    command = ["/bin/bash", "-c", f"{_PYTHON} 2> {path}", "kent", script, "-v", "2", *names]
    return _ran(sandbox, command, timeout, path, parse_verbose)


def _plain_results(sandbox: Sandbox, selection: Sequence[str], timeout: float) -> TestReport:
    """Run test cases and functions without arguments, by a program that needs the standard library alone."""
    path = _report_path("txt")
    program = (files(PACKAGE) / "plain_tests.py").read_text("utf-8")
    command = ["/bin/bash", "-c", _PYTHON, "kent", "-c", program, path, *selection]
    return _ran(sandbox, command, timeout, path, parse_verbose)


def _ran(sandbox: Sandbox, command: list[str], timeout: float, path: str, parse: Parse) -> TestReport:
    result = sandbox.run(command, timeout, report=path)
    return TestReport(parse(result.report) if result.report and not result.timed_out else None, result)


def _report_path(suffix: str) -> str:
    """A file for a report, under a name that the tests cannot foresee."""
    return f"{WORK}/scratch/{secrets.token_hex(8)}.{suffix}"


def _dotted(selected: str) -> str:
    """`module.Class.test` for `module.py::Class::test`."""
    path, *names = selected.split("::")
    return ".".join([path.removesuffix(".py").replace("/", "."), *names])
