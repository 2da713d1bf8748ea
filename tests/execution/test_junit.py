"""Reading reports in JUnit's format, such as hostile code may write."""

import pytest

from kent_agent.execution.junit import TestStatus, parse_junit

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest">
<testcase classname="tests.test_a.TestB" name="test_c[1-x]" time="0.1" />
<testcase classname="tests.test_a" name="test_fails"><failure message="assert 0">text</failure></testcase>
<testcase classname="tests.test_a" name="test_setup"><error message="boom" /></testcase>
<testcase classname="tests.test_a" name="test_skipped"><skipped type="pytest.skip" /></testcase>
<testcase classname="tests.test_a" name="test_teardown" />
<testcase classname="tests.test_a" name="test_teardown"><error message="late" /></testcase>
<testcase classname="" name="tests.test_broken"><error message="collection failure" /></testcase>
</testsuite></testsuites>
"""


def test_every_test_has_its_status() -> None:
    assert parse_junit(REPORT) == {
        "tests.test_a.TestB::test_c[1-x]": TestStatus.PASSED,
        "tests.test_a::test_fails": TestStatus.FAILED,
        "tests.test_a::test_setup": TestStatus.ERROR,
        "tests.test_a::test_skipped": TestStatus.SKIPPED,
        "tests.test_a::test_teardown": TestStatus.ERROR,
        "::tests.test_broken": TestStatus.ERROR,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PASSED",
        REPORT[:-20],
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuites>&b;</testsuites>',
        '<!DOCTYPE x [<!ENTITY a "<testsuite/>">]><testsuites>&a;</testsuites>',
    ],
)
def test_what_is_no_whole_report_has_no_results(text: str) -> None:
    assert parse_junit(text) is None
