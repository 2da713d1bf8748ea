"""What a file defines, imports and says, found without a syntax tree, in any text."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.outline import Outline, outline, phrase_bags, pieces, prose_of, word_bag
from kent_agent.source.tokens import terms

FILE = '''\
"""Readers of headers."""

import os.path as osp, json
import re  # patterns
from tiny.calc import add, mean as average
from . import text
from ..base import (
    Base,  # the root
    Other as Another,
)
from .shapes import *

LIMIT: int = 3
name = other = "x"
if LIMIT == 3:
    hidden = 1


class Reader(Base):
    size = 4

    async def read(self):
        def inner():
            return 1
        return inner  # once

    @property
    def read(self):
        \'\'\'Again.\'\'\'
'''

functions = st.lists(st.integers(0, 900), max_size=12).map(
    lambda sizes: "".join(f"def f{i}():\n    {'x' * size}\n" for i, size in enumerate(sizes))
)
texts = st.text(max_size=300) | functions | st.integers(1, 20_000).map(lambda n: "def long():\n" + "y" * n)


def test_an_outline_has_definitions_module_level_names_and_imports() -> None:
    found = outline(FILE)
    assert found.defined == ("Reader", "read", "inner", "read")
    assert found.assigned == ("LIMIT", "name")
    assert set(found.imported) == {
        *("os.path", "json", "re", "tiny.calc", "tiny.calc.add", "tiny.calc.mean"),
        *(".", ".text", "..base", "..base.Base", "..base.Other", ".shapes"),
    }
    assert len(found.imported) == len(set(found.imported))


@pytest.mark.parametrize("text", ["", "\0\ufeff", "def (:\n", "class\n", "from import\n", "import\n", "x == 1\n"])
def test_text_that_is_no_python_has_an_empty_outline(text: str) -> None:
    assert outline(text) == Outline((), (), ())


def test_a_definition_in_a_file_that_does_not_parse_is_found() -> None:
    assert outline("def first(:\n    pass\nclass Second(\n").defined == ("first", "Second")


@given(texts)
def test_pieces_are_the_text_cut_and_none_is_long(text: str) -> None:
    found = pieces(text)
    assert "".join(found) == text
    assert all(0 < len(piece) <= 6000 for piece in found)


def test_pieces_begin_at_definitions_unless_one_would_be_short() -> None:
    long = "def long():\n" + "    x = 1\n" * 60
    short = "def short():\n    pass\n"
    assert pieces(long + long) == [long, long]
    assert pieces(short * 3 + long) == [short * 3 + long]
    assert pieces(long + short + long) == [long, short + long]


def test_prose_is_comments_and_triple_quoted_strings() -> None:
    assert prose_of(FILE) == "Readers of headers.\n patterns\n the root\n once\nAgain."
    assert prose_of("x = 'quoted'\n") == ""


@given(st.lists(st.sampled_from(["gizmo", "readFile", "read_file", "1.5", "(", "\n"])).map(" ".join) | st.text())
def test_a_bag_of_words_counts_the_search_terms(text: str) -> None:
    assert word_bag(text) == Counter(terms(text))


def test_phrases_are_neighbouring_words_of_a_line_by_their_first_terms() -> None:
    pairs, triples = phrase_bags("parse the headers\nheaders parsed(headers)")
    assert pairs == {"parse header": 1.0, "header pars": 1.0, "pars header": 1.0}
    assert triples == {"header pars header": 1.0}
    assert phrase_bags("a gizmo\nbroke") == ({}, {})
    assert phrase_bags("big gizmo\nbig gizmo") == ({"big gizmo": 2.0}, {})
    assert phrase_bags("readFile again") == ({"readfile again": 1.0}, {})
