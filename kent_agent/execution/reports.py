"""Results of tests, one by one, from what their runner writes: JUnit's format, or unittest's lines."""

from __future__ import annotations

import re
from enum import StrEnum
from xml.etree import ElementTree

# `test_x (module.Class) ... ok`; the first line of a docstring, and what the test prints, may stand between.
_TEST = re.compile(r"^(\w+) \(([\w.<>]+)\)", re.MULTILINE)
_END = re.compile(r"(?:^|\.\.\. )(ok|FAIL|ERROR|skipped\b.*|expected failure|unexpected success)$", re.MULTILINE)


class TestStatus(StrEnum):
    """Of one test."""

    __test__ = False  # no test class, whatever pytest thinks of its name

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


_VERBOSE = {"ok": TestStatus.PASSED, "ERROR": TestStatus.ERROR, "skipped": TestStatus.SKIPPED}


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


def parse_verbose(text: str) -> dict[str, TestStatus]:
    """Test -> status, from what unittest writes when it is verbose; a test that does not end is not there."""
    begun = list(_TEST.finditer(text))
    ends = [*(each.start() for each in begun), len(text)][1:]
    told = [(each, _END.search(text, each.end(), end)) for each, end in zip(begun, ends, strict=True)]
    return {f"{test[2]}::{test[1]}": _VERBOSE.get(end[1].split()[0], TestStatus.FAILED) for test, end in told if end}


def _status(case: ElementTree.Element) -> TestStatus:
    for tag, status in (
        ("error", TestStatus.ERROR),
        ("failure", TestStatus.FAILED),
        ("skipped", TestStatus.SKIPPED),
    ):
        if case.find(tag) is not None:
            return status
    return TestStatus.PASSED
