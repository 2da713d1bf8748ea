"""Commits point at files: by sounding like the issue, lately, often, and together with others."""

from collections.abc import Sequence

import numpy as np
import pytest

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.history import history_columns, similarities, together
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import Record, RepositoryIndex
from kent_agent.source.issue import parse_issue
from tests.evidence.memory import Commits, Memory

INDEX = RepositoryIndex(SparseItems(16_000))
FILES = [f"{name}.py" for name in "abcd"]
NUMBER = {path: i for i, path in enumerate(FILES)}
MANY = tuple(f"other{i}.py" for i in range(25))


def records_of(commits: Commits) -> list[Record]:
    return INDEX.commits(Memory({}, commits))


def columns_of(text: str, commits: Commits, files: Sequence[str] = FILES) -> dict[str, dict[str, float]]:
    number = {path: i for i, path in enumerate(files)}
    records = records_of(commits)
    columns = history_columns(number, records, similarities(Clues.of(parse_issue(text)), INDEX, records))
    return {name: dict(zip(files, column.tolist(), strict=True)) for name, column in columns.items()}


def test_a_commit_that_sounds_like_the_issue_speaks_for_its_files() -> None:
    commits = [("Mend the gizmo", ["a.py", "unknown.py"]), ("Polish widgets", ["b.py"])]
    columns = columns_of("The gizmo broke", commits)
    for name in ("history.best", "history.title", "history.sum"):
        assert columns[name]["a.py"] > 0.15
        assert [abs(columns[name][path]) < 0.03 for path in ("b.py", "c.py", "d.py")] == [True] * 3


def test_the_sum_is_of_squares_so_that_weak_resemblances_hardly_add_up() -> None:
    columns = columns_of("The gizmo broke", [("Mend the gizmo", ["a.py"]), ("Polish", ["b.py"])])
    best = columns["history.best"]["a.py"]
    assert 0.1 < best < 0.8
    assert columns["history.sum"]["a.py"] == pytest.approx(np.log1p(best**2))


def test_the_title_column_asks_for_the_words_of_the_title_only() -> None:
    columns = columns_of("The gizmo\n\nSome widget.", [("widget", ["a.py"]), ("gizmo", ["b.py"])])
    assert columns["history.title"]["a.py"] < 0.05 < columns["history.best"]["a.py"]
    assert columns["history.title"]["b.py"] == pytest.approx(1, abs=0.02)


def test_the_best_commit_counts_once_and_the_sum_counts_all_of_them() -> None:
    commits = [("Gizmo again", ["a.py"]), ("Gizmo again", ["a.py", "b.py"]), ("Words", ["c.py"])]
    columns = columns_of("Gizmo again", [*commits, ("Gizmo again", ["d.py"])])
    best, total = columns["history.best"], columns["history.sum"]
    assert best["a.py"] == pytest.approx(best["d.py"])
    assert best["b.py"] == pytest.approx(best["a.py"] * 0.5**0.5)
    assert total["a.py"] == pytest.approx(np.log1p(1 + 0.5**0.5), abs=0.02)
    assert total["d.py"] == pytest.approx(np.log1p(1), abs=0.02)


def test_a_sweeping_commit_says_nothing_about_its_files_but_that_they_changed() -> None:
    swept = columns_of("The gizmo", [("The gizmo", MANY[:21])], MANY)
    assert set(swept["history.best"].values()) == set(swept["history.sum"].values()) == {0.0}
    assert swept["recency.last"][MANY[0]] == 1
    assert swept["recency.often"][MANY[0]] == pytest.approx(np.log1p(21**-0.5))
    assert columns_of("The gizmo", [("The gizmo", MANY[:20])], MANY)["history.best"][MANY[0]] > 0.2


def test_recency_is_one_for_the_last_commit_and_halves_in_fifty() -> None:
    commits: list[tuple[str, Sequence[str]]] = [(f"number {i}", []) for i in range(60)]
    commits[0], commits[50], commits[55] = ("new", ["a.py"]), ("old", ["a.py", "b.py"]), ("older", ["b.py", "c.py"])
    last = columns_of("The gizmo", commits)["recency.last"]
    assert last == pytest.approx({"a.py": 1, "b.py": 0.5, "c.py": 1 / 2.1, "d.py": 0})


def test_often_counts_commits_by_how_few_files_they_touch() -> None:
    often = columns_of("x", [("1", ["a.py"]), ("2", ["a.py", "b.py", "c.py", "d.py"])])["recency.often"]
    assert often["a.py"] == pytest.approx(np.log1p(1.5))
    assert often["b.py"] == pytest.approx(np.log1p(0.5))


def test_without_commits_history_says_nothing() -> None:
    columns = columns_of("The gizmo", [])
    assert len(columns) == 5
    assert {value for column in columns.values() for value in column.values()} == {0.0}
    whole, title = similarities(Clues.of(parse_issue("The gizmo")), INDEX, [])
    assert len(whole) == len(title) == 0


def test_a_rare_word_of_the_messages_weighs_more_than_a_common_one() -> None:
    records = records_of([("fix gizmo", []), *((f"fix number{i}", []) for i in range(9))])
    whole, title = similarities(Clues.of(parse_issue("fix gizmo")), INDEX, records)
    assert whole[0] > 0.6
    assert (whole[1:] < 0.1).all()
    assert whole[1:].mean() > 0.01
    assert whole == pytest.approx(title, abs=1e-5)  # all that it says is its title


def test_what_changed_along_with_a_likely_file_is_likely() -> None:
    records = records_of([("1", ["a.py", "b.py"]), ("2", ["c.py"]), ("3", ["unknown.py", "d.py"])])
    found = together(np.array([1, 0, 0, 0], dtype=np.float32), NUMBER, records)
    assert found == pytest.approx([0, 1 / 3, 0, 0])  # half a commit, of one and a half that are thought of a
    assert together(np.array([0, 0, 0.5, 0.5], dtype=np.float32), NUMBER, records).tolist() == [0, 0, 0, 0]


def test_what_changes_along_more_often_or_with_fewer_others_is_likelier() -> None:
    records = records_of([("1", ["a.py", "b.py"]), ("2", ["a.py", "b.py", "c.py"]), ("3", ["b.py", "d.py"])])
    found = together(np.array([1, 0, 0, 0], dtype=np.float32), NUMBER, records)
    assert found[1] > 2 * found[2] > 0
    assert found[3] == found[0] == 0


def test_a_large_commit_says_nothing_about_what_belongs_together() -> None:
    number = {path: i for i, path in enumerate(MANY)}
    prior = np.full(len(MANY), 1 / len(MANY), dtype=np.float32)
    assert together(prior, number, records_of([("large", MANY[:11])])).tolist() == [0] * len(MANY)
    assert together(prior, number, records_of([("less", MANY[:10])]))[0] > 0
