"""A change is judged by the function that it is in, and as surely as by the whole file."""

import pytest

from kent_agent.source.meaning import faulty_names
from kent_agent.source.units import unit

FILE = """\
import os
import re

LIMIT = 10


class Reader:
    size = 1

    def lines(self, path, mode="r"):
        found = [line for line in open(path)]
        def inner(text):
            nonlocal found
            return re.sub("a", "b", text)
        return found[:LIMIT]

def name():
    return os.name
"""


def test_the_unit_is_the_outermost_function_and_compiles_alone() -> None:
    changed = unit(FILE, FILE.replace('"b", text', '"c", text'))
    assert changed is not None and "class" not in changed.before and '"c"' in changed.after
    assert changed.before.count("def ") == 2
    compile(changed.after, "unit", "exec")


@pytest.mark.parametrize(
    ("old", "new", "keeps"),
    [
        ("found[:LIMIT]", "found[LIMIT:]", True),
        ("found[:LIMIT]", "found[:len(path)]", True),
        ("found[:LIMIT]", "found[:LIMIT] if mode else inner", True),
        ("found[:LIMIT]", "found[:size]", False),  # of the class, which its methods do not see
        ("found[:LIMIT]", "found[:line]", False),  # of the comprehension
        ("found[:LIMIT]", "found[:text]", False),  # of the inner function
        ("found[:LIMIT]", "found[:limit]", False),
        ("os.name", "LIMIT", False),  # the import is read no more
        ("size = 1", "size = other", False),
        ("size = 1", "size = LIMIT", True),
        ("LIMIT = 10", "limit = 10", False),
    ],
)
def test_names_are_kept_only_where_that_is_sure(old: str, new: str, keeps: bool) -> None:
    after = FILE.replace(old, new)
    changed = unit(FILE, after)
    assert changed is not None and changed.keeps_its_names is keeps
    clean = faulty_names(after) == faulty_names(FILE)
    assert clean or not keeps, "pyflakes agrees wherever it is not asked"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    def lines(self, path", "  def lines(self, path"),
        ("        return found[:LIMIT]", "    return found[:LIMIT]"),
    ],
)
def test_an_indentation_that_only_the_file_forbids_is_seen(old: str, new: str) -> None:
    after = FILE.replace(old, new)
    changed = unit(FILE, after)
    assert changed is not None
    for text in (after, changed.after):
        with pytest.raises(SyntaxError):
            compile(text, "file", "exec")


def test_what_does_not_parse_has_no_unit() -> None:
    assert unit("def (:\n", "x = 1\n") is None


def test_a_definition_that_is_taken_apart_is_looked_at_closely() -> None:
    after = FILE.replace("    def lines(self", "    if LIMIT:\n      def lines(self").replace("LIMIT]\n", "LIMIT\n")
    changed = unit(FILE, after)
    assert changed is not None and not changed.keeps_its_names
