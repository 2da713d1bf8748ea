"""The symbols that a change is in: imports and comments beside it do not count."""

import pytest

from kent_agent.source.touched import runs_between, touched_symbols

BEFORE = """\
import os


class Shelf:
    size = 3

    def fill(self, books):
        # as many as fit
        return books[: self.size]


def empty(shelf):
    shelf.size = 0
"""


def touched(old: str, new: str) -> set[str]:
    after = BEFORE.replace(old, new)
    assert after != BEFORE
    return set(touched_symbols(BEFORE, after, runs_between(BEFORE, after)))


def test_an_import_beside_a_fix_does_not_count() -> None:
    imported = BEFORE.replace("import os\n", "import os\nimport sys\n")
    after = imported.replace("shelf.size = 0", "shelf.size = sys.maxsize")
    assert touched_symbols(BEFORE, after, runs_between(BEFORE, after)) == {"empty"}


@pytest.mark.parametrize(
    ("old", "new", "symbols"),
    [
        ("import os\n", "import os\nimport sys\n", {"<module>"}),
        ("# as many as fit", "# as many as there is room for", {"Shelf.fill"}),
        ("    size = 3\n", "    size = 4\n", {"Shelf"}),
        ("    size = 3\n", "    size = 3\n    name = ''\n", {"Shelf"}),
        ("    shelf.size = 0\n", "    shelf.size = 0\n    return shelf\n", {"empty"}),
        ("def empty(shelf):", "def emptied(shelf):", {"empty"}),
    ],
)
def test_a_change_is_in_its_innermost_symbol(old: str, new: str, symbols: set[str]) -> None:
    assert touched(old, new) == symbols


def test_a_file_that_does_not_parse_is_one_symbol() -> None:
    assert touched_symbols("def (:\n", "def f(:\n", runs_between("def (:\n", "def f(:\n")) == {"<module>"}
