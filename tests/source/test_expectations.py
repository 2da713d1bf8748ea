"""What an issue states is read as what a run must show or no longer show."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.expectations import Expectation, ExpectationKind, expectations, normalised, states
from kent_agent.source.snippets import snippets

NO_CRASH, OUTPUT, OTHER_OUTPUT, RAISES = ExpectationKind

CALL = "```python\nimport math\nprint(math.sqrt(4))\n```\n"


def stated(text: str) -> list[Expectation]:
    """What an issue states about its first snippet."""
    return expectations(text, snippets(text)[0])


def told(text: str) -> set[tuple[ExpectationKind, str]]:
    """The stated results, crashes by their exceptions."""
    return {(each.kind, each.text or each.exception) for each in stated(text)}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It should return `5`.", {(OUTPUT, "5")}),
        ("I expected 5.", {(OUTPUT, "5")}),
        ("The result should be `0`, as before.", {(OUTPUT, "0")}),
        ("Expected: `[1, 2]`", {(OUTPUT, "[1, 2]")}),
        ("Should return `NaN` instead of -99999", {(OUTPUT, "NaN"), (OTHER_OUTPUT, "-99999")}),
        ("It returns `nan`.", {(OTHER_OUTPUT, "nan")}),
        ("It returns 3 instead of 4.", {(OTHER_OUTPUT, "3"), (OUTPUT, "4")}),
        ("It should not return `5`.", set()),
        ("It should return `sqrt`.", set()),  # a name is no value
        ("Should I expect this?", set()),
        ("It should raise a `ValueError`.", {(RAISES, "ValueError")}),
        ("It should not raise `ValueError`.", {(NO_CRASH, "ValueError")}),
        ("It dies of a KeyError.", {(NO_CRASH, "KeyError")}),
        ("It crashes.", {(NO_CRASH, "")}),
        ("It is odd.", set()),
    ],
)
def test_sentences(sentence: str, expected: set[tuple[ExpectationKind, str]]) -> None:
    assert told(f"Title\n\n{CALL}\n{sentence}\n") == expected


def test_a_stated_exception_leaves_no_room_for_a_run_without_one() -> None:
    text = f"Title\n\n{CALL}\nIt dies of an AttributeError.\n\n### Expected\nIt should raise ValueError\n"
    assert told(text) == {(RAISES, "ValueError")}


TRACEBACK = """\
```
Traceback (most recent call last):
  File "<stdin>", line 2, in <module>
  File "/lib/site-packages/acme/core.py", line 10, in parse
    return table[key]
acme.errors.MissingError: no key 'a'
```
"""


def test_a_traceback_is_to_be_gone() -> None:
    (found,) = stated(f"Title\n\n{CALL}\n{TRACEBACK}")
    assert (found.kind, found.exception, found.message) == (NO_CRASH, "MissingError", "no key 'a'")
    assert (found.function, found.source) == ("parse", "traceback")


def test_an_exception_in_the_title_is_not_stated_twice() -> None:
    found = stated(f"MissingError: it fails on 'a'\n\n{CALL}\n{TRACEBACK}")
    assert [(each.exception, each.message) for each in found] == [("MissingError", "no key 'a'")]


def test_an_assertion_is_to_hold() -> None:
    text = "Title\n\n```python\nimport math\nassert math.sqrt(4) == 3\n```\n"
    assert told(text) == {(NO_CRASH, "AssertionError")}


def test_a_session_shows_what_is_unless_its_heading_says_otherwise() -> None:
    session = "```\n>>> import math\n>>> math.sqrt(4)\n2.0\n```\n"
    assert told(f"Title\n\n### Actual\n{session}") == {(OTHER_OUTPUT, "2.0")}
    assert told(f"Title\n\n### Expected behavior\n{session}") == {(OUTPUT, "2.0")}


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# -1", {(OTHER_OUTPUT, "-1")}),
        ("# Returns False, expect True", {(OTHER_OUTPUT, "False"), (OUTPUT, "True")}),
        ("# should be 5", {(OUTPUT, "5")}),
        ("# out: array([4, 0])", {(OTHER_OUTPUT, "array([4, 0])")}),
        ("# [<Const.int l.2>, Uninferable]", {(OTHER_OUTPUT, "[<Const.int l.2>, Uninferable]")}),
        ("# print(x)", set()),
        ("# lets do it", set()),
    ],
)
def test_comments(comment: str, expected: set[tuple[ExpectationKind, str]]) -> None:
    assert told(f"Title\n\n```python\nimport math\nprint(math.sqrt(4))  {comment}\n```\n") == expected


def test_fences_below_a_snippet_are_outputs_by_what_introduces_them() -> None:
    text = f"""\
Title

{CALL}
The output is

```
x: 2.0
```

### Expected output

```text
x: 3.0
```

### Environment

```
Linux 4
```
"""
    assert told(text) == {(OTHER_OUTPUT, "x: 2.0"), (OUTPUT, "x: 3.0")}


def test_what_prints_nothing_is_not_asked_for_its_output() -> None:
    text = "Title\n\n```python\nimport math\nx = math.sqrt(4)\n```\n\nIt should be `3`.\n"
    assert told(text) == set()


@pytest.mark.parametrize(
    ("output", "text", "holds"),
    [
        ("5\n", "5", True),
        ("5.0\n", "5", True),
        ("15\n", "5", False),
        ("x = 5, y = 6", "5", True),
        ("0.1 + 0.2 = 0.30000000000000004", "0.3", True),
        ("nan\n", "NaN", True),
        ("None\n", "nan", False),
        ("{'b': 2, 'a': 1}\n", "{'a': 1, 'b': 2}", True),
        ("a\nb  c\nd\n", "b c\nd", True),
        ("a\nb c\n", "b d", False),
        ("<Thing at 0x7f01>", "<Thing at 0x8a02>", True),
        ("True", "Tru", False),
        ("'abc'", '"abc"', True),
        ("", "5", False),
        ("5", "", False),
    ],
)
def test_an_output_states_a_value_whole(output: str, text: str, holds: bool) -> None:
    assert states(output, text) is holds


@given(st.text(max_size=80))
def test_every_output_states_itself(output: str) -> None:
    assert states(output, output) or not normalised(output)


@given(st.integers(), st.integers())
def test_numbers_are_stated_by_their_value_only(left: int, right: int) -> None:
    assert states(f"result: {left}", str(right)) is (float(left) == float(right))


@settings(deadline=None)
@given(st.text(alphabet="should expct rtun5`'KeyEor.,\n#*[](){}0x", max_size=300))
def test_any_text_states_something_or_nothing(text: str) -> None:
    for each in stated(f"Title\n\n{CALL}\n{text}"):
        assert each.text or each.kind in (NO_CRASH, RAISES)
