"""Edits change their place and not a byte beside it."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.edits import Statement, apply_edit, statements, text_of
from kent_agent.source.tokens import DEDENT, INDENT, NEWLINE, lex
from kent_agent.task import Operation

SOURCE = '''\
"""Module."""
import os
from typing import (
    Any,
)


@decorated
class Box:
    """A box."""

    size = 1; depth = 2

    @property
    def area(
        self,
    ) -> int:  # square
        if self.size:  # not empty
            return self.size ** 2
        elif os.name:
            return 1
        else: return 0

    def lid(self):
        try:
            self.open()
        except OSError:
            pass
'''


def place(kind: str, source: str = SOURCE, number: int = 0) -> Statement:
    return [p for p in statements(source) if p.kind == kind][number]


def test_places_are_statements_and_headers_without_docstrings() -> None:
    assert [(p.kind, p.start, p.end, p.block_start, p.block_end) for p in statements(SOURCE)] == [
        ("Import", 2, 2, 2, 2),
        ("ImportFrom", 3, 5, 3, 5),
        ("ClassDef", 9, 9, 8, 28),
        ("FunctionDef", 15, 17, 14, 22),
        ("If", 18, 18, 18, 22),
        ("Return", 19, 19, 19, 19),
        ("Return", 21, 21, 21, 21),
        ("FunctionDef", 24, 24, 24, 28),
        ("Try", 25, 25, 25, 28),
        ("Expr", 26, 26, 26, 26),
        ("Pass", 28, 28, 28, 28),
    ]


def test_a_header_keeps_its_line_breaks_and_comment() -> None:
    header = place("FunctionDef")
    tokens = ["def", "area", "(", "self", ",", ")", "->", "float", ":"]
    after, content = apply_edit(SOURCE, header, Operation.MODIFY_FUNCTION, tokens)
    assert after == SOURCE.replace("-> int:  # square", "-> float:  # square")
    assert content.endswith("-> float:  # square")


def test_modify_line() -> None:
    after, _ = apply_edit(SOURCE, place("Return"), Operation.MODIFY_LINE, lex("return self.size ** 3"))
    assert after == SOURCE.replace("** 2", "** 3")


def test_add_line_goes_behind_a_statement_and_into_a_header() -> None:
    behind, _ = apply_edit(SOURCE, place("Expr"), Operation.ADD_LINE, lex("self.close()"))
    assert behind == SOURCE.replace("self.open()\n", "self.open()\n            self.close()\n")
    inside, content = apply_edit(SOURCE, place("If"), Operation.ADD_LINE, lex("log(1)"))
    assert "# not empty\n            log(1)\n            return" in inside
    assert content == "            log(1)"


def test_add_line_may_be_a_block() -> None:
    tokens = ["if", "x", ":", NEWLINE, INDENT, "y", "(", ")", NEWLINE, DEDENT, "z", "(", ")"]
    after, _ = apply_edit(SOURCE, place("Expr"), Operation.ADD_LINE, tokens)
    assert "            if x:\n                y()\n            z()\n        except" in after


def test_add_function_goes_behind_its_sibling() -> None:
    tokens = lex("def new(self):\n    return 1")
    after, content = apply_edit(SOURCE, place("FunctionDef"), Operation.ADD_FUNCTION, tokens)
    assert "        else: return 0\n\n    def new(self):\n        return 1\n\n    def lid" in after
    assert content == "    def new(self):\n        return 1"


def test_deleting_a_function_takes_its_decorators_and_body() -> None:
    after, content = apply_edit(SOURCE, place("FunctionDef"), Operation.DELETE_FUNCTION, [])
    assert "area" not in after and "@property" not in after and "def lid" in after
    assert content == ""


def test_deleting_the_only_statement_of_a_block_leaves_pass() -> None:
    after, content = apply_edit(SOURCE, place("Expr"), Operation.DELETE_LINE, [])
    assert after == SOURCE.replace("self.open()", "pass")
    assert content == "            pass"


def test_windows_line_endings_stay() -> None:
    source = SOURCE.replace("\n", "\r\n")
    for operation, kind, code in [
        (Operation.MODIFY_LINE, "Return", "return 5"),
        (Operation.ADD_LINE, "Expr", "self.close()"),
        (Operation.ADD_IMPORT, "ImportFrom", "import re"),
        (Operation.DELETE_LINE, "Expr", ""),
    ]:
        after, content = apply_edit(source, place(kind, source), operation, lex(code))
        assert after.count("\r\n") == after.count("\n") and "\r" not in content


@given(st.sampled_from(statements(SOURCE)))
def test_writing_a_place_as_it_was_changes_nothing(found: Statement) -> None:
    tokens = lex(text_of(SOURCE, found))
    assert apply_edit(SOURCE, found, Operation.MODIFY_LINE, tokens)[0] == SOURCE


@given(st.sampled_from([p for p in statements(SOURCE) if p.kind != "Pass"]))
def test_deleting_any_place_leaves_a_file_that_parses(found: Statement) -> None:
    after, _ = apply_edit(SOURCE, found, Operation.DELETE_LINE, [])
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(SOURCE))


def test_a_file_that_does_not_parse_has_no_places() -> None:
    with pytest.raises(SyntaxError):
        statements("def broken(:\n")
