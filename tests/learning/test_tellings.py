"""A mined fix is also told as an issue might tell it: by code that fails, under a title."""

from dataclasses import replace
from random import Random

import pytest

from kent_agent.learning.tellings import NAMED, told_by_test
from kent_agent.source.issue import parse_issue
from tests.learning.lessons import sign_fix

FIX = sign_fix("add", "left", "right", "total")
TEST = """\
@pytest.mark.slow
class TestAdd:
    # it subtracted
    def test_adds_up(self):
        assert add(1, 2) == 3
async def test_later():
    pass
"""


def told(test: str, seed: int = 0) -> str | None:
    found = told_by_test(replace(FIX, test=test), Random(seed))
    return found.message if found else None


def test_the_block_holds_what_a_test_does_and_nothing_of_its_frame() -> None:
    issue = parse_issue(told(TEST) or "")
    assert [fence.strip() for fence in issue.fences] == ["assert add(1, 2) == 3"]


def test_the_title_is_the_messages_or_the_name_of_a_test() -> None:
    titles = [parse_issue(told(TEST, seed) or "").title for seed in range(200)]
    assert set(titles) == {FIX.message, "adds up"}
    assert titles.count("adds up") / len(titles) == pytest.approx(NAMED, abs=0.1)


def test_where_no_test_is_named_the_message_is_the_title() -> None:
    assert {parse_issue(told("assert add(1, 2) == 3", seed) or "").title for seed in range(20)} == {FIX.message}


@pytest.mark.parametrize("test", ["", "\n", "class TestNothing:\n    def test_none(self):\n        pass\n"])
def test_what_shows_nothing_tells_nothing(test: str) -> None:
    assert told(test) is None


def test_the_fix_itself_stays_what_it_is() -> None:
    found = told_by_test(replace(FIX, test=TEST), Random(0))
    assert found is not None and replace(found, message=FIX.message, test="") == FIX
