"""Lines that an issue points at are likelier to be changed, however it points."""

import pytest

from kent_agent.source.issue import parse_issue
from kent_agent.source.pointers import Pointers

LINES = """\
def read(path):
    data = open(path).read()
    # parse the head
    head = parse(data, strict=True)
    return head
""".split("\n")
LINK = "https://github.com/o/r/blob/master/pkg/reader.py#L5"
FRAME = """\
Traceback (most recent call last):
  File "reader.py", line 9, in read
    head = parse(data, strict=True)
E: no"""


def pointed(body: str, path: str = "pkg/reader.py") -> dict[int, float]:
    return dict(Pointers.of(parse_issue(f"Crash\n\n{body}")).odds(path, LINES, range(1, 6)))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("It is\n```\nhead = parse(data,  strict=True)\n```", 4),
        ("because of `strict=True`", 4),
        (FRAME, 4),
        ("at line 2", 2),
        (f"see {LINK}", 5),
    ],
    ids=["quoted", "in part", "a frame", "a number", "a link"],
)
def test_each_way_to_point_raises_the_odds_of_a_line(body: str, line: int) -> None:
    found = pointed(body)
    assert found[line] == max(found.values()) > 0
    assert found.keys() <= {line - 1, line, line + 1}


@pytest.mark.parametrize("body", ["", "It crashes.", "```\n# parse the head\n```", "`data`"])
def test_nothing_is_pointed_at_without_telling_code(body: str) -> None:
    assert pointed(body) == {}


def test_a_link_to_another_file_points_at_nothing_here() -> None:
    assert pointed(f"see {LINK}", "pkg/writer.py") == {}


def test_lines_near_to_one_that_is_linked_to_are_nearer_the_less_they_are_apart() -> None:
    pointers = Pointers.of(parse_issue(f"Crash\n\nsee {LINK}"))
    assert 1 == pointers.near("pkg/reader.py", 5) > pointers.near("pkg/reader.py", 9) > pointers.near("x.py", 5) == 0
    assert pointers.lines("reader.py") == {5} and pointers.lines("x.py") == frozenset()


def test_a_number_is_of_a_file_that_is_named() -> None:
    pointers = Pointers.of(parse_issue("Crash\n\nIn line 7 of pkg/reader.py it fails."))
    assert pointers.lines("src/pkg/reader.py") == {7} and not pointers.lines("pkg/writer.py")


def test_two_ways_to_point_are_worth_more_than_one() -> None:
    assert pointed("`strict=True` at line 4")[4] > pointed("at line 4")[4]
