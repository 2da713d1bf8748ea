"""What a sentence wants done to the code that it quotes is understood however it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.instructions import Swap, swaps


@pytest.mark.parametrize(
    "sentence",
    [
        "Changing `a - b` to `a + b` fixes it.",
        "Please replace `a - b` by `a + b`.",
        "I think `a - b` should be `a + b`.",
        "`a - b` in `total` should be `a + b`.",
        "The `a - b` in the second line needs to read `a + b`.",
        "Possible fix: `a - b` -> `a + b`",
        "It must be `a + b` instead of `a - b`.",
        "Instead of `a - b` it should use `a + b`.",
        "Here ``a + b`` is meant rather than ``a - b``.",
        "Fix `a - b` to `a + b` in `total`.",
        "It computes `a - b`, but it should compute `a + b`.",
        'It has "a - b" and should have "a + b".',
        "The second one should be `a + b` not `a - b`.",
        "Mend it by taking `a + b` instead of `a - b`",
        "Return `a + b` rather than `a - b`",
    ],
)
def test_what_is_to_take_the_place_of_what(sentence: str) -> None:
    assert ("a - b", "a + b", True) in swaps(f"Wrong total\n\n{sentence}\n")


@pytest.mark.parametrize(
    ("sentence", "new"),
    [
        ("Adding `check(a)` after `a = read()` helps.", "a = read()\ncheck(a)"),
        ("One has to insert `check(a)` right before `a = read()`.", "check(a)\na = read()"),
        ("Removing the line `a = read()` solves it.", ""),
        ("I had to comment out `a = read()`.", ""),
    ],
)
def test_what_is_to_come_or_to_go(sentence: str, new: str) -> None:
    assert swaps(f"Crash\n\n{sentence}\n") == (("a = read()", new, True),)


@pytest.mark.parametrize(
    "sentence",
    [
        "`value` can be `None` for other tags.",
        "`first` and `second` differ.",
        "I call `first` with `second`.",
        "```\nreplace `a` by `b`\n```",
        "`foo.bar` should not be `None`.",
        "The code uses `foo()` instead of `bar()`.",
        "It returns `None` instead of `self.x`.",
        "`foo.a()` should be used with `bar.b()`.",
        "`x.dtype` must be a `str`.",
        "`a.b` should be in `c.d`.",
        "`foo(x)` works fine. It should be noted that `bar(x)` fails.",
        "Fixed in `1.2.3` for `Django`.",
        "The edit form for `foo.x` is rendered with `bar.y`.",
        "Deleting an object with `obj.delete()` fails.",
        "`foo(1)` => `[1]`",
        "An additional `foo(1)` comes after `bar(2)`.",
        "Don't replace it; `a` and `b` are fine.",
    ],
)
def test_what_is_merely_told_is_no_instruction(sentence: str) -> None:
    assert not [each for each in swaps(f"Crash\n\n{sentence}\n") if each.told]


@pytest.mark.parametrize(
    ("sentence", "old", "new"),
    [
        ("It logs `MIN_COUNT` instead of `min_count`.", "MIN_COUNT", "min_count"),
        ('There is "test" instead of "text" in line 4, I think.', "test", "text"),
        ("The wrong factory is made (key_factory instead of attr_factory).", "key_factory", "attr_factory"),
        ("It was set to `'18'` (above) instead of `'-18'` (below)", "'18'", "'-18'"),
        ("A typo: artist.remove -> artists.remove", "artist.remove", "artists.remove"),
        ("That is `self.width`, not `self.with`.", "self.with", "self.width"),
        ("It returns wts instead of weights", "wts", "weights"),
        ("It returns wts instead of weights", "return wts", "return weights"),
        ("`reply.content` is bytes, so use `reply.text` there.", "reply.content", "reply.text"),
        ("A typo, `> min` instead of `>max`", "> min", ">max"),
        ("The string `'label'` is used instead of the `label` argument.", "'label'", "label"),
    ],
)
def test_what_is_said_to_be_there_is_the_wrong_one_but_less_surely(sentence: str, old: str, new: str) -> None:
    assert Swap(old, new, False) in swaps(f"Crash\n\n{sentence}\n")


def test_names_in_bold_and_subscripts_without_marks_are_terms_too() -> None:
    found = swaps("Wrong\n\nIn **f** the **first** should be **source** not **1**. Use seq[n] rather than seq[n-1].\n")
    assert {("1", "source", True), ("seq[n-1]", "seq[n]", True)} <= set(found)


def test_what_is_told_is_not_taken_the_other_way_round() -> None:
    assert swaps("Wrong\n\nIt should have `self.put` instead of `self.add`.") == (("self.add", "self.put", True),)


def test_the_call_that_should_be_to_something_is_a_fragment_of_a_line() -> None:
    assert Swap("super.", "super().", True) in swaps(
        "Bad call\n\nThe call should be to `super().` rather than `super.`."
    )


@pytest.mark.parametrize(
    ("sentence", "old", "new"),
    [
        ("Use RuntimeError, not AssertionError, when guarding it.", "AssertionError", "RuntimeError"),
        ("Raise ImportError instead of ValueError when it is missing.", "ValueError", "ImportError"),
        ("It should use _meta instead of Meta there.", "Meta", "_meta"),
        ("Switch from Error to PluginError.", "Error", "PluginError"),
        ("Change the default key type from rsa to ecdsa.", "rsa", "ecdsa"),
        ("Change the default backend from 'shelve' to 'memory.'", "shelve", "memory"),
        ("Replace xrange with range.", "xrange", "range"),
        ("s/pyqtv2/pyqt4v2/", "pyqtv2", "pyqt4v2"),
        ("StatusValid -> STATUS_VALID", "StatusValid", "STATUS_VALID"),
        ("reader -> writer", "reader", "writer"),
        ("Drop np.row_stack in favor of np.vstack.", "np.row_stack", "np.vstack"),
        ("Rename upload_form of the document chooser to creation_form.", "upload_form", "creation_form"),
        ("Use `all_of()` for the RelatedField instead of `some_of()`.", "some_of()", "all_of()"),
    ],
)
def test_words_beside_what_tells_a_change_are_terms_too(sentence: str, old: str, new: str) -> None:
    assert (old, new) in {(swap.old, swap.new) for swap in swaps(f"Crash\n\n{sentence}\n")}


@pytest.mark.parametrize("sentence", ["To fix, remove the [0].", "Just dropping [0] helps."])
def test_a_subscript_may_be_wanted_away(sentence: str) -> None:
    assert swaps(f"Crash\n\n{sentence}\n") == (("[0]", "", True),)


@pytest.mark.parametrize(
    "sentence",
    [
        "It gives `None` instead of `[]`.",
        "with status 1 -> 65",
        "`read` gives `-99` rather than `NaN`",
        "foo -> bar",
    ],
)
def test_what_a_program_gives_instead_of_another_thing_is_no_code(sentence: str) -> None:
    assert swaps(f"Crash\n\n{sentence}\n") == ()


@given(st.lists(st.sampled_from([*"`` \nab-=>", "replace ", " by ", " should be ", "remove ", "add "])).map("".join))
def test_any_text_may_be_asked(text: str) -> None:
    assert all(each.old != each.new for each in swaps(text))
