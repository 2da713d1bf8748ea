"""Results of tests, one by one, from the report that pytest writes in JUnit's format."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree

from kent_agent.execution.sandbox import WORK, CommandResult, Sandbox


class TestStatus(StrEnum):
    """Of one test."""

    __test__ = False  # no test class, whatever pytest thinks of its name

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class TestReport:
    """What became of a run of tests.

    Attributes:
        results: `class.name::test[parameters]` -> status. None when there is no whole report: the command's output
            says why.
    """

    __test__ = False

    results: Mapping[str, TestStatus] | None
    command: CommandResult


def pytest_results(sandbox: Sandbox, selection: Sequence[str], timeout: float) -> TestReport:
    """Run pytest in the sandbox's tree.

    Args:
        selection: paths or ids of tests, relative to the repository.
        timeout: seconds for all of them.

    Raises:
        SandboxError: the container ended.
    """
    path = f"{WORK}/scratch/{secrets.token_hex(8)}.xml"
    script = 'python=$(command -v python || command -v python3); exec "$python" -m pytest "$@"'
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={path}"]
    result = sandbox.run(["/bin/bash", "-c", script, "kent", *options, *selection], timeout, report=path)
    return TestReport(parse_junit(result.report) if result.report else None, result)


def parse_junit(text: str) -> dict[str, TestStatus] | None:
    """Test -> status, from a report in JUnit's format; None where it is none."""
    if "<!" in text.partition("<testsuite")[0]:  # a document type: entities that grow
        return None
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    results: dict[str, TestStatus] = {}
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        status = _status(case)
        # A test whose teardown fails is there twice.
        if results.get(name, TestStatus.PASSED) is TestStatus.PASSED:
            results[name] = status
    return results


def _status(case: ElementTree.Element) -> TestStatus:
    for tag, status in (
        ("error", TestStatus.ERROR),
        ("failure", TestStatus.FAILED),
        ("skipped", TestStatus.SKIPPED),
    ):
        if case.find(tag) is not None:
            return status
    return TestStatus.PASSED
