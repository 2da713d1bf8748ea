"""What an issue itself proposes is taken as edits of the place that it is meant for."""

import math

import pytest

from kent_agent.decoder.outcome import applied
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.suggestions import PRIOR, suggested_edits
from kent_agent.decoder.surroundings import Said
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol

TEXT = """\
def read(path, mode):
    # as bytes
    data = path.read()
    return data + offset
"""
GET = """\
def get(found, key):
    try:
        return found[key]
    except KeyError:
        return None
"""
CRASH = """\
get() crashes

Traceback (most recent call last):
  File "a.py", line 3, in get
    return found[key]
TypeError: no
"""


def proposals(issue: str, text: str = TEXT) -> list[tuple[str, float]]:
    parsed = parse_issue(issue)
    whole = Symbol(text[4 : text.index("(")], "function", 1, text.count("\n"))
    situation = Situation(text, "a.py", whole, Said.by(parsed), {})
    return [(applied(situation, edit) or "", share) for edit, share in suggested_edits(parsed, situation)]


@pytest.mark.parametrize("issue", ["", "read fails", "Move it", "`read` catches nothing"])
def test_nothing_is_taken_from_what_proposes_nothing(issue: str) -> None:
    assert proposals(issue) == proposals(issue, GET) == []


def test_prose_that_says_what_to_replace_by_what_is_obeyed() -> None:
    found = [after for after, _ in proposals("Wrong sign\n\nPlease replace `offset` by `self_offset` there.")]
    assert any("return data + self_offset" in after for after in found)


def test_all_that_is_proposed_shares_one_prior() -> None:
    issue = "\n".join(f"replace `offset` by `number_{i}`" for i in range(40))
    found = proposals(f"Rounding\n\n{issue}")
    assert len(found) >= 40
    assert sum(math.exp(share) for _, share in found) <= PRIOR + 1e-9


def test_a_handler_also_catches_what_was_raised_in_its_try() -> None:
    ((after, share),) = proposals(CRASH, GET)
    assert after == GET.replace("KeyError", "(KeyError, TypeError)")
    assert share == pytest.approx(math.log(0.4))


def test_what_was_raised_elsewhere_is_caught_with_less_conviction() -> None:
    ((_, here),) = proposals(CRASH, GET)
    ((_, elsewhere),) = proposals(CRASH.replace("return found[key]", "return other[key]"), GET)
    assert elsewhere < here - 3


def test_what_a_library_raised_was_raised_where_it_was_called() -> None:
    deeper = '  File "/usr/lib/python3/re.py", line 9, in match\n    return _compile(pattern)\nTypeError: no'
    ((_, here),) = proposals(CRASH, GET)
    ((_, called),) = proposals(CRASH.replace("TypeError: no", deeper), GET)
    ((_, within),) = proposals(CRASH.replace("TypeError: no", deeper.replace("/usr/lib/python3/re.py", "a.py")), GET)
    assert within < called == here


@pytest.mark.parametrize(
    ("caught", "after"),
    [
        ("(KeyError, IndexError)", "(KeyError, IndexError, TypeError)"),
        ("(KeyError,)", "(KeyError, TypeError)"),
        ("errors.Missing", "(errors.Missing, TypeError)"),
        ("TypeError", None),
        ("Exception", None),
        ("(ValueError, Exception)", None),
    ],
)
def test_a_handler_is_extended_by_what_it_does_not_catch_yet(caught: str, after: str | None) -> None:
    text = GET.replace("KeyError", caught)
    assert [each for each, _ in proposals(CRASH, text)] == ([text.replace(caught, after)] if after else [])


def test_a_handler_of_a_base_class_catches_its_subclasses() -> None:
    crash = CRASH.replace("TypeError: no", "IndexError: no")
    assert proposals(crash, GET.replace("KeyError", "LookupError")) == []


def test_prose_that_names_an_unhandled_exception_is_heard() -> None:
    ((after, _),) = proposals("Unhandled `AttributeError` in get()", GET)
    assert after == GET.replace("KeyError", "(KeyError, AttributeError)")


MOVED = """\
def show(rows):
    for row in rows:
        cell = rows[row]
        try:
            print(cell.value)
        except AttributeError:
            pass
"""


def test_a_quoted_statement_moves_into_the_block_that_prose_names() -> None:
    ((after, _),) = proposals("show() fails\n\nOne could move the `cell = rows[row]` into the try block below.", MOVED)
    assert after == MOVED.replace(
        "        cell = rows[row]\n        try:\n", "        try:\n            cell = rows[row]\n"
    )


def test_a_statement_that_nobody_wants_moved_stays() -> None:
    assert proposals("show() fails\n\nIt is `cell = rows[row]` that fails before the try block.", MOVED) == []
