"""Pairs are mined from commits whose messages read like issues, with the places that the commits changed."""

from pathlib import Path

import pytest

from kent_agent.errors import WorkspaceError
from kent_agent.hdc.sparse import SparseItems
from kent_agent.index import IndexStore
from kent_agent.learning.mined_pairs import mine_pairs
from kent_agent.learning.pairs import Pair
from kent_agent.repository_index import FORMAT, RepositoryIndex
from tests.conftest import BuildRepository

SHELF = """\
import os

LIMIT = 3


def fill(books):
    return books[:LIMIT]


def empty(books):
    books.clear()
"""
STEPS = [
    ("Fix a crash where too many books are put in", ("books[:LIMIT]", "list(books)[:LIMIT]")),
    (
        "Fix an error: books without a list are emptied",
        ("import os", "import os\nimport sys"),
        ("books.clear()", "sys.exit()"),
    ),
    ("Fix the limit, which is a bug where shelves are long", ("LIMIT = 3", "LIMIT = 30")),
]


@pytest.fixture
def mined(tmp_path: Path, build_repository: BuildRepository) -> dict[str, Pair]:
    """Pairs by the first line of their message."""
    texts = [("Begin with a shelf of books", SHELF)]
    for message, *changes in STEPS:
        text = texts[-1][1]
        for old, new in changes:
            text = text.replace(old, new)
        texts.append((message, text))
    shas = build_repository(tmp_path / "acme__shelf", [(message, {"shelf.py": text}) for message, text in texts])
    index = RepositoryIndex(SparseItems(256), IndexStore(tmp_path / "index.sqlite", FORMAT))
    found = {pair.name: pair for pair in mine_pairs("acme/shelf", tmp_path / "acme__shelf" / ".git", index, 9)}
    return {message: found[sha] for (message, _), sha in zip(texts, shas, strict=True) if sha in found}


def test_each_fix_is_a_pair(mined: dict[str, Pair]) -> None:
    assert set(mined) == {message for message, *_ in STEPS}
    assert all(pair.gold_files == {"shelf.py"} for pair in mined.values())
    assert mined[STEPS[0][0]].gold_places == {("shelf.py", "fill")}


def test_an_import_beside_a_fix_is_no_place_of_it(mined: dict[str, Pair]) -> None:
    assert mined[STEPS[1][0]].gold_places == {("shelf.py", "empty")}


def test_a_change_outside_of_all_functions_tells_of_the_file_alone(mined: dict[str, Pair]) -> None:
    assert mined[STEPS[2][0]].gold_places == frozenset()


def test_what_belongs_to_swe_bench_is_no_training_data(tmp_path: Path) -> None:
    index = RepositoryIndex(SparseItems(256), IndexStore(tmp_path / "index.sqlite", FORMAT))
    with pytest.raises(WorkspaceError, match="no training data"):
        list(mine_pairs("pallets/flask", tmp_path, index, 1))
