"""Reading reports of tests, such as hostile code may write."""

import pytest

from kent_agent.execution.reports import TestStatus, parse_junit, parse_verbose

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


VERBOSE = """Testing against something in '/kent/tree' with up to 1 processes
test_adds (carts.tests.CartTests) ... ok
test_named (carts.tests.CartTests.test_named) ... FAIL
test_told (carts.tests.CartTests)
A cart tells what it holds. ... ok
test_loud (carts.tests.CartTests) ... something that it prints
ok
test_breaks (carts.tests.CartTests) ... ERROR
test_later (carts.tests.CartTests) ... skipped 'later'
test_known (carts.tests.CartTests) ... expected failure
test_ended (carts.tests.CartTests) ...
======================================================================
ERROR: test_breaks (carts.tests.CartTests)
----------------------------------------------------------------------
ValueError: ok
"""


def test_every_test_that_unittest_tells_of_has_its_status() -> None:
    found = parse_verbose(VERBOSE)
    assert {name.rpartition("::")[0] for name in found} == {"carts.tests.CartTests", "carts.tests.CartTests.test_named"}
    assert {name.rpartition("::")[2]: status for name, status in found.items()} == {
        "test_adds": TestStatus.PASSED,
        "test_named": TestStatus.FAILED,
        "test_told": TestStatus.PASSED,
        "test_loud": TestStatus.PASSED,
        "test_breaks": TestStatus.ERROR,
        "test_later": TestStatus.SKIPPED,
        "test_known": TestStatus.FAILED,
    }


@pytest.mark.parametrize("text", ["", "ok\nok\n", "Ran 3 tests in 0.1s\n\nOK\n"])
def test_what_tells_of_no_test_has_none(text: str) -> None:
    assert parse_verbose(text) == {}
