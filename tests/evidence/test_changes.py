"""Commits that sound like the issue speak for the symbols that still hold the lines that they added."""

from collections.abc import Mapping

import numpy as np
import pytest

from kent_agent.evidence.changes import change_columns
from kent_agent.evidence.clues import Clues
from kent_agent.evidence.history import similarities
from kent_agent.evidence.places import places_of
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from tests.evidence.memory import Commits, Memory

INDEX = RepositoryIndex(SparseItems(16_000))
READER = """\
import collections

LIMITS = collections.deque()


class Reader:
    separator = ": "

    def parse(self, text):
        headers = self.headers_of(text)
        ordered = sorted(headers)
        return ordered, len(headers)

    def close(self):
        def finish():
            self.handle.flush()
        self.at_exit(finish)


def widths(rows):
    return [len(row) for row in rows]
"""
PARSED = [
    "        headers = self.headers_of(text)",
    "        ordered = sorted(headers)",
    "    return ordered, len(headers)",
]
MEASURED = "    return [len(row) for row in rows]"
LIKE, UNLIKE = "Mend the gizmo", "Polish some widgets"
ISSUE = "The gizmo broke"
NOISE = 0.03
SOUNDING = ("changes.best", "changes.title", "changes.sum")
ALL = (*SOUNDING, "changes.often")
NOTHING: dict[str, dict[str, float]] = {name: {} for name in ALL}


def columns_in(source: Memory, text: str = ISSUE) -> dict[str, dict[str, float]]:
    """For each column its values by symbol, `<file>:<name>`."""
    commits = INDEX.commits(source)
    alike = similarities(Clues.of(parse_issue(text)), INDEX, commits)
    places = places_of([entry.path for entry in source.files], INDEX.symbols(source, source.files))
    columns = change_columns(INDEX, source, places, commits, alike)
    assert tuple(columns) == ALL
    names = [f"{place.path.removesuffix('.py')}:{place.symbol.name}" for place in places]
    return {name: dict(zip(names, column.tolist(), strict=True)) for name, column in columns.items()}


def columns_of(
    commits: Commits, texts: Mapping[str, str | None] = {"a.py": READER}, text: str = ISSUE
) -> dict[str, dict[str, float]]:
    return columns_in(Memory(texts, commits), text)


def some(column: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in column.items() if value}


def test_a_commit_that_sounds_like_the_issue_speaks_for_the_symbol_that_holds_its_lines() -> None:
    columns = columns_of([(UNLIKE, {"a.py": [MEASURED]}), (LIKE, {"a.py": PARSED})])
    for name in SOUNDING:
        assert columns[name].pop("a:Reader.parse") > 0.15
        assert max(columns[name].values()) < NOISE, name


def test_what_commits_wrote_that_sound_otherwise_only_counts_as_often_written() -> None:
    columns = columns_of([(UNLIKE, {"a.py": PARSED})])
    for name in SOUNDING:
        assert columns[name]["a:Reader.parse"] < NOISE, name
    assert some(columns["changes.often"]) == {"a:Reader.parse": pytest.approx(np.log(2))}


@pytest.mark.parametrize(
    ("line", "symbol"),
    [
        ("LIMITS = collections.deque()", "a:<module>"),
        ('    separator = ": "', "a:Reader"),
        ("        ordered = sorted(headers)", "a:Reader.parse"),
        ("    def parse(self, text):", "a:Reader.parse"),
        ("        self.at_exit(finish)", "a:Reader.close"),
        ("            self.handle.flush()", "a:Reader.close.finish"),
        (MEASURED, "a:widths"),
    ],
)
def test_a_line_belongs_to_the_innermost_symbol_around_it(line: str, symbol: str) -> None:
    columns = columns_of([(LIKE, {"a.py": [line]})])
    for name in ALL:
        assert some(columns[name]).keys() == {symbol}, name


def test_lines_are_followed_by_what_they_hold_when_they_move() -> None:
    commits: Commits = [(LIKE, {"a.py": [*PARSED, MEASURED]})]
    moved = "# A new comment.\n" * 40 + READER.replace(
        "class Reader", "def widths_before():\n    pass\n\n\nclass Reader"
    )
    deeper = "".join(f"    {line}\n" if line else "\n" for line in READER.split("\n"))
    expected = columns_of(commits)
    for name, column in columns_of(commits, {"a.py": moved}).items():
        assert some(column) == some(expected[name]) != {}, name
    for name, column in columns_of(commits, {"a.py": f"class Outer:\n{deeper}"}).items():
        values = {symbol.replace("Outer.", ""): value for symbol, value in some(column).items()}
        assert values == some(expected[name]), name


def test_lines_that_are_gone_say_nothing_and_leave_their_part_to_those_still_there() -> None:
    gone = ["    an_older_line_of_it()", "    another_line_of_it()"]
    for name, column in columns_of([(LIKE, {"a.py": gone})]).items():
        assert some(column) == {}, name
    assert columns_of([(LIKE, {"a.py": [*gone, MEASURED]})]) == columns_of([(LIKE, {"a.py": [MEASURED]})])


def test_symbols_share_a_commit_by_the_square_root_of_their_part_of_its_lines() -> None:
    alone, shared = (columns_of([(LIKE, {"a.py": lines})]) for lines in (PARSED, [*PARSED, MEASURED]))
    for name in ("changes.best", "changes.title"):
        whole = alone[name]["a:Reader.parse"]
        assert some(shared[name]) == pytest.approx(
            {"a:Reader.parse": whole * 0.75**0.5, "a:widths": whole * 0.25**0.5},
        )
    for name in ("changes.sum", "changes.often"):
        whole = np.expm1(alone[name]["a:Reader.parse"])
        assert np.expm1(shared[name]["a:Reader.parse"]) == pytest.approx(whole * 0.75**0.5, rel=1e-4), name
        assert np.expm1(shared[name]["a:widths"]) == pytest.approx(whole * 0.25**0.5, rel=1e-4), name


def functions(n: int, line: str = "    return self.handle.flush()") -> str:
    return "\n\n".join(f"def f{i}():\n{line}\n" for i in range(n))


def test_a_line_of_two_symbols_is_half_of_each_and_one_of_more_is_of_none() -> None:
    commits: Commits = [(LIKE, {"a.py": ["    return self.handle.flush()"]})]
    one, two, three = (columns_of(commits, {"a.py": functions(n)}) for n in (1, 2, 3))
    for name in ("changes.best", "changes.title"):
        half = one[name]["a:f0"] * 0.5**0.5
        assert some(two[name]) == pytest.approx({"a:f0": half, "a:f1": half})
    assert {name: some(column) for name, column in three.items()} == NOTHING


def test_of_a_line_of_two_symbols_each_has_half_beside_its_own_lines() -> None:
    text = functions(2) + "    self.handle.close()\n"
    columns = columns_of([(LIKE, {"a.py": ["return self.handle.flush()", "self.handle.close()"]})], {"a.py": text})
    best = columns["changes.best"]
    assert best["a:f1"] == pytest.approx(best["a:f0"] * 3**0.5)


def test_a_line_that_one_symbol_repeats_is_still_its_own() -> None:
    repeated = columns_of([(LIKE, {"a.py": [MEASURED]})], {"a.py": READER + f"{MEASURED}\n" * 5})
    assert repeated == columns_of([(LIKE, {"a.py": [MEASURED]})])


def test_the_same_line_of_another_file_is_not_what_the_commit_added() -> None:
    commits: Commits = [(LIKE, {"a.py": ["    return self.handle.flush()"]})]
    texts = {f"{name}.py": functions(1) for name in "abcd"}
    alone, columns = columns_of(commits, {"a.py": functions(1)}), columns_of(commits, texts)
    assert {name: some(column) for name, column in columns.items()} == {name: some(alone[name]) for name in ALL}


def test_short_lines_say_nothing() -> None:
    eleven, twelve = "    y = sum(ab)", "    y = sum(abc)"
    for name, column in columns_of([(LIKE, {"a.py": [eleven]})], {"a.py": functions(1, eleven)}).items():
        assert some(column) == {}, name
    for name, column in columns_of([(LIKE, {"a.py": [twelve]})], {"a.py": functions(1, twelve)}).items():
        assert some(column).keys() == {"a:f0"}, name


def test_a_sweeping_commit_says_nothing() -> None:
    others = {f"other{i}.py": [MEASURED] for i in range(20)}
    swept = columns_of([(LIKE, {"a.py": [MEASURED], **others})])
    assert {name: some(column) for name, column in swept.items()} == NOTHING
    others.popitem()
    for name, column in columns_of([(LIKE, {"a.py": [MEASURED], **others})]).items():
        assert some(column).keys() == {"a:widths"}, name


def test_a_commit_says_less_the_more_files_it_touches() -> None:
    few, many = (
        columns_of([(LIKE, {"a.py": [MEASURED], **dict.fromkeys((f"other{i}.py" for i in range(n)), ())})])
        for n in (0, 3)
    )
    for name in ("changes.best", "changes.title"):
        assert many[name]["a:widths"] == pytest.approx(few[name]["a:widths"] * 0.5), name
    assert np.expm1(many["changes.often"]["a:widths"]) == pytest.approx(0.5)


def test_a_commit_on_two_searched_files_speaks_for_the_symbols_of_both() -> None:
    columns = columns_of(
        [(LIKE, {"a.py": [MEASURED], "b.py": ["    return self.handle.flush()"]})],
        {"a.py": READER, "b.py": functions(1)},
    )
    for name in ALL:
        assert some(columns[name]).keys() == {"a:widths", "b:f0"}, name
        assert columns[name]["a:widths"] == columns[name]["b:f0"]


def test_the_title_column_asks_for_the_words_of_the_title_only() -> None:
    commits: Commits = [("widget", {"a.py": PARSED}), ("gizmo", {"a.py": [MEASURED]})]
    columns = columns_of(commits, text="The gizmo\n\nSome widget.")
    assert columns["changes.title"]["a:Reader.parse"] < 0.05 < columns["changes.best"]["a:Reader.parse"]
    assert columns["changes.title"]["a:widths"] == pytest.approx(1, abs=0.02)


def test_the_best_commit_counts_once_and_the_sum_counts_squares_of_all_of_them() -> None:
    once = columns_of([(LIKE, {"a.py": PARSED})])
    twice = columns_of([(LIKE, {"a.py": PARSED}), (LIKE, {"a.py": PARSED[:1]})])
    best = once["changes.best"]["a:Reader.parse"]
    assert 0.1 < best < 0.8
    assert twice["changes.best"]["a:Reader.parse"] == pytest.approx(best)
    assert once["changes.sum"]["a:Reader.parse"] == pytest.approx(np.log1p(best**2))
    assert twice["changes.sum"]["a:Reader.parse"] == pytest.approx(np.log1p(2 * best**2))
    assert twice["changes.often"]["a:Reader.parse"] == pytest.approx(np.log1p(2))


def test_of_all_commits_on_the_files_only_the_forty_that_sound_most_like_the_issue_are_compared() -> None:
    alike: Commits = [(f"{LIKE} {i}", {"a.py": [MEASURED]}) for i in range(40)]
    others: Commits = [(f"{UNLIKE} {i}", {"a.py": PARSED}) for i in range(10)]
    elsewhere: Commits = [(f"{LIKE} again {i}", {"elsewhere.py": [MEASURED]}) for i in range(10)]
    source = Memory({"a.py": READER}, [*elsewhere, *others, *alike])
    columns = columns_in(source)
    assert sorted(source.compared) == sorted(source.ancestors(60)[20:])
    assert some(columns["changes.often"]) == {"a:widths": pytest.approx(np.log(41))}


@pytest.mark.parametrize(
    ("text", "symbols"), [(None, set()), ("", set()), ("def widths(:\n" + MEASURED, {"a:<module>"})]
)
def test_a_file_without_symbols_has_its_lines_in_the_module(text: str | None, symbols: set[str]) -> None:
    for name, column in columns_of([(LIKE, {"a.py": [MEASURED]})], {"a.py": text}).items():
        assert some(column).keys() == symbols, name


def test_without_commits_changes_say_nothing() -> None:
    columns = columns_of([])
    assert {name: some(column) for name, column in columns.items()} == NOTHING
