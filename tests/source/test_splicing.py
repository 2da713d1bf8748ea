"""Code finds the lines that it is meant for, and takes their place as the file would have it."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.splicing import Lines, may_be_spliced, patched, patched_together, pinned, spliced
from kent_agent.source.transplant import Statements, Transplant

TEXT = """\
import os


class Reader:
    def read(self, fileobj, size=1,
             whence=0):
        # look ahead
        peek = fileobj.read(1)
        fileobj.seek(-1, 1)

        if self.tag in TAGS and self.data[0] < 0:
            self.data[0] += 65536
        return peek

    def close(self):
        self.data.clear()
"""


def lines(text: str = TEXT) -> Lines:
    return Lines(Statements(text))


def after(text: str, each: Transplant) -> str:
    return text[: each.start] + each.code + text[each.end :]


def test_a_patch_is_applied_where_its_old_lines_are_whatever_they_are_indented_by() -> None:
    old, new = (
        "peek = fileobj.read(1)\nfileobj.seek(-1, 1)",
        "peek = fileobj.read(1)\nif peek:\n    fileobj.seek(-1, 1)",
    )
    (found,) = patched(lines(), old, new)
    assert after(TEXT, found) == TEXT.replace(
        "        fileobj.seek(-1, 1)\n", "        if peek:\n            fileobj.seek(-1, 1)\n"
    )


def test_a_patch_is_applied_below_lines_that_only_some_think_are_two() -> None:
    text = "a = 1\n\x0c\nb = '\u2028'\nc = 2\n"
    (found,) = patched(lines(text), "c = 2", "c = 3")
    assert after(text, found) == text.replace("c = 2", "c = 3")


def test_comments_between_the_lines_of_a_patch_stay() -> None:
    text = TEXT.replace("        fileobj.seek(-1, 1)\n", "        # and back\n        fileobj.seek(-1, 1)\n")
    (found,) = patched(
        lines(text), "peek = fileobj.read(1)\nfileobj.seek(-1, 1)", "peek = fileobj.read(2)\nfileobj.seek(-1, 1)"
    )
    assert after(text, found) == text.replace("read(1)", "read(2)")


@pytest.mark.parametrize("number", [10, 11, 13])
def test_a_line_takes_the_place_of_the_one_near_a_number_that_begins_like_it(number: int) -> None:
    (found,) = pinned(lines(), "return b''.join(self.parts)", {number})
    assert after(TEXT, found) == TEXT.replace("return peek", "return b''.join(self.parts)")


@pytest.mark.parametrize(
    ("code", "number"), [("return 1", 3), ("raise E", 12), ("return peek", 12), ("some words", 12)]
)
def test_a_line_that_begins_otherwise_or_is_far_stays(code: str, number: int) -> None:
    assert list(pinned(lines(), code, {number})) == []


def test_a_patch_of_other_code_is_not_applied() -> None:
    assert patched(lines(), "peek = fileobj.read(2)", "peek = b''") == []


def test_hunks_that_belong_together_are_applied_together() -> None:
    text = "a = 1\nb = 2\n\n\ndef f():\n    return a\n\n\nc = 3\n"
    (found,) = patched_together(lines(text), [("c = 3", "c = 4"), ("    return a", "    return b")])
    assert after(text, found) == text.replace("c = 3", "c = 4").replace("return a", "return b")


@pytest.mark.parametrize("hunk", [("d = 1", "d = 2"), ("x = 1", "x = 2"), ("c = 3", "c = 5"), ("\n", "d = 1")])
def test_hunks_of_which_one_fits_nowhere_or_twice_or_meets_another_are_not(hunk: tuple[str, str]) -> None:
    text = "x = 1\nx = 1\nc = 3\n"
    assert patched_together(lines(text), [("c = 3", "c = 4"), hunk]) == []


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("peek = fileobj.read(1)\nfileobj.seek(0, 1)\nif self.tag in TAGS and self.data[0] < 0:", "(-1, 1)", "(0, 1)"),
        (
            "fileobj.seek(-1, 1)\n\nif self.tag in TAGS and self.data:\n    self.data[0] += 65536",
            "self.data[0] < 0:",
            "self.data:",
        ),
        (
            "def read(self, fileobj, size=None,\n         whence=0):\n    # look ahead\n    peek = fileobj.read(1)",
            "size=1",
            "size=None",
        ),
        ("    self.data[0] += 65536\nreturn bytes(peek)\n\ndef close(self):", "return peek", "return bytes(peek)"),
        ("    # look ahead\n    fileobj.seek(-1, 1)", "        peek = fileobj.read(1)\n", ""),
        (
            "fileobj.seek(-1, 1)\n\nif self.tag in TAGS and self.data[0] < 0:\n    log()\n    self.data[0] += 65536",
            "            self.data[0]",
            "            log()\n            self.data[0]",
        ),
        (
            "def close(self):\n    self.log()\n    self.data.clear()",
            "        self.data.clear",
            "        self.log()\n        self.data.clear",
        ),
        ("def close(self):\n    self.data.reset()", "clear()", "reset()"),
        (
            "def read(self, fileobj, size=1,\n...\n    fileobj.seek(-1, 1)\n\n    if self.tag in TAGS:\n    ...",
            " and self.data[0] < 0:",
            ":",
        ),
        ("# look ahead\n# peek = fileobj.read(1)\npeek = fileobj.read(2)\nfileobj.seek(-1, 1)", "read(1)", "read(2)"),
        (
            "if self.tag in TAGS and self.data[0] < 0:\nself.data[0] += 65535\nreturn peek\ndef close(self):",
            "65536",
            "65535",
        ),
    ],
    ids=[
        "within",
        "blank lines",
        "an open bracket",
        "not Python",
        "less",
        "more",
        "below a docstring",
        "around a docstring",
        "ellipses",
        "the old line as a comment",
        "indentation lost",
    ],
)
def test_an_excerpt_takes_the_place_of_the_lines_between_those_that_it_keeps(code: str, old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    wanted = TEXT.replace(old, new)
    assert may_be_spliced(code, TEXT)
    (found,) = spliced(lines(), code)
    assert after(TEXT, found) == wanted


@pytest.mark.parametrize(
    ("text", "code", "wanted"),
    [
        (
            "def f(x):\n    a = g(x, 1)\n\n\ndef k(x):\n    return None\n",
            "def f(x):\n    a = g(x, 1)\n    return None",
            "def f(x):\n    a = g(x, 1)\n    return None\n\n\ndef k(x):\n    return None\n",
        ),
        (
            "def f(y):\n    for x in y:\n        a = g(x, 1)\n    return a\n",
            "a = g(x, 1)\nreturn b",
            "def f(y):\n    for x in y:\n        a = g(x, 1)\n    return b\n",
        ),
        (
            "def f(x):\n\ta = g(x, 1)\n\tb = h(a, 2)\n\treturn b\n",
            "a = g(x, 1)\nif a:\n    b = h(a, 3)\nreturn b",
            "def f(x):\n\ta = g(x, 1)\n\tif a:\n\t\tb = h(a, 3)\n\treturn b\n",
        ),
        ("x = g(x, 1)", "x = g(x, 1)\ny = 3", "x = g(x, 1)\ny = 3\n"),
    ],
    ids=["another function ends alike", "less deep without indentation", "tabs", "no newline at the end"],
)
def test_what_an_excerpt_does_not_show_stays(text: str, code: str, wanted: str) -> None:
    assert [after(text, each) for each in spliced(lines(text), code)] == [wanted]


@pytest.mark.parametrize(
    "code",
    ["peek = fileobj.read(1)\nfileobj.seek(-1, 1)", "import os\nimport sys\nx = 1", "a = 1\nb = 2", "return peek", ""],
    ids=["as it stands", "imports", "like nothing", "one line", "nothing"],
)
def test_what_stands_there_or_keeps_no_telling_line_goes_nowhere(code: str) -> None:
    assert spliced(lines(), code) == []


def test_a_chance_line_is_not_enough() -> None:
    script = "\n".join(["self.data.clear()", *(f"call({i})" for i in range(9))])
    assert spliced(lines(), script) == []


@given(st.data())
def test_whatever_changes_between_two_lines_an_excerpt_of_it_is_put_there(data: st.DataObject) -> None:
    n = data.draw(st.integers(6, 20))
    old = [f"    statement_{i} = call({i})" for i in range(n)]
    first = data.draw(st.integers(2, n - 3))
    gone = data.draw(st.integers(0, min(2, n - 2 - first)))
    come = data.draw(
        st.lists(st.sampled_from(["    other()", "    if x:\n        y()"]), min_size=not gone, max_size=2)
    )
    new = [*old[:first], *come, *old[first + gone :]]
    before, wanted = ("\n".join(["def f():", *each, ""]) for each in (old, new))
    excerpt = dedent("\n".join(new[first - 2 : first + len(come) + 2]))
    assert [after(before, each) for each in spliced(lines(before), excerpt)] == [wanted]
