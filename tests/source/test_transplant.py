"""A piece of code finds the statements that it is meant for, and takes their place."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.transplant import Statements, Transplant, piece_of, transplants

TEXT = '''\
import os


class Reader:
    @property
    def length(self):
        """How much."""
        return len(self.data)

    def read(self, fileobj):
        # look ahead
        peek = fileobj.read(1)
        fileobj.seek(-1, 1)
        if self.tag in TAGS and self.data[0] < 0:
            # the first one alone
            self.data[0] += 65536
        return peek
'''


def planted(code: str, text: str = TEXT) -> list[str]:
    return [after(text, each) for each in found_in(code, text)]


def found_in(code: str, text: str = TEXT) -> list[Transplant]:
    piece = piece_of(code)
    return transplants(Statements(text), piece) if piece else []


def after(text: str, each: Transplant) -> str:
    return text[: each.start] + each.code + text[each.end :]


def test_a_line_takes_the_place_of_the_one_that_it_is_like() -> None:
    (found,) = found_in("fileobj.seek(-1, os.SEEK_CUR)")
    assert after(TEXT, found) == TEXT.replace("seek(-1, 1)", "seek(-1, os.SEEK_CUR)")
    assert (found.scope, found.kept) == ("Reader.read", False)
    assert found.gone == {("fileobj", ".", "seek", "(", "-", "1", ",", "1", ")")}


def test_a_call_takes_the_place_of_the_one_inside_of_a_statement() -> None:
    text = TEXT.replace("peek = fileobj.read(1)", "peek = int(fileobj.read(1, False))")
    (found,) = found_in("fileobj.read(1, False, **options)", text)
    assert after(text, found) == text.replace("read(1, False)", "read(1, False, **options)")
    assert found.scope == "Reader.read"


def test_an_expression_comes_with_what_is_missing_around_it() -> None:
    code = "self.closed or self.data[0] < 0"
    assert planted(code) == [TEXT.replace("self.data[0] < 0", code)]


def test_a_header_may_be_quoted_without_its_colon() -> None:
    assert planted("if self.tag in TAGS and self.data[0] <= 0") == [TEXT.replace("[0] < 0", "[0] <= 0")]


def test_a_block_takes_the_place_of_the_statement_that_it_holds() -> None:
    (found,) = found_in("if peek != b'':\n    fileobj.seek(-1, 1)")
    assert after(TEXT, found) == TEXT.replace(
        "        fileobj.seek(-1, 1)\n", "        if peek != b'':\n            fileobj.seek(-1, 1)\n"
    )
    assert found.kept and not found.gone


def test_what_is_around_several_lines_comes_with_them() -> None:
    inner = "    if self.tag in TAGS and self.data[0] < 0:\n        self.data[0] += 65536\n"
    (found,) = planted(f"try:\n{inner}except TypeError:\n    pass")
    ast.parse(found)
    assert "        except TypeError:\n            pass\n        return peek\n" in found
    assert found.count("self.data[0] += 65536") == 1


def test_a_header_takes_the_place_of_a_header() -> None:
    (found,) = planted("if self.tag in TAGS and self.data and self.data[0] < 0:")
    assert found == TEXT.replace("TAGS and", "TAGS and self.data and")


def test_a_function_takes_the_place_of_its_namesake_and_leaves_decorators_and_docstring() -> None:
    (found,) = planted("def length(self):\n    return len(self.data or ())")
    assert found == TEXT.replace("len(self.data)", "len(self.data or ())")


def test_a_function_may_bring_a_docstring_of_its_own() -> None:
    (found,) = planted('def length(self):\n    """All."""\n    return len(self.data or ())')
    assert found == TEXT.replace("len(self.data)", "len(self.data or ())").replace("How much", "All")


@pytest.mark.parametrize(
    "code",
    [
        "fileobj.seek(-1, 1)",
        "peek = fileobj.read(1)\nfileobj.seek(-1, 1)",
        "if self.tag in TAGS and self.data[0] < 0:",
        "import os\nprint(os.sep)",
        "peek = fileobj.read(2)\nprint(peek)",
        "peek = fileobj.read(2)\nassert peek",
        "fileobj.seek",
        "fileobj.seek()",
        "not python at all",
        "other = call(everything, but, this)",
        "",
    ],
)
def test_code_that_stands_there_or_is_like_nothing_goes_nowhere(code: str) -> None:
    assert planted(code) == []


def test_line_endings_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    (found,) = planted("if peek != b'':\n    fileobj.seek(-1, 1)", text)
    assert found.count("\n") == found.count("\r\n")


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.sampled_from(["", "x", " = 1", "(", "\n", "    "]))
def test_whatever_is_planted_the_file_still_parses(start: int, end: int, more: str) -> None:
    for found in planted(TEXT[min(start, end) : max(start, end)] + more):
        ast.parse(found)
