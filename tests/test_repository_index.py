"""Records of files, symbols and commits: made once for what they describe, and the same when they come back."""

import os
import signal
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent import repository_index
from kent_agent.hdc.sparse import SparseItems, SparseVectors
from kent_agent.index import IndexStore
from kent_agent.repository_index import (
    COMMITS,
    DETAIL_ROLES,
    FILE_ROLES,
    FORMAT,
    SYMBOL_ROLES,
    Record,
    RepositoryIndex,
    line_keys,
    saturated,
)
from kent_agent.source.outline import phrase_bags, pieces, word_bag
from tests.conftest import CALC, TEXT
from tests.evidence.memory import Memory

D = 8000
TESTS = os.getpid()
MAKES_PACKED = repository_index._packed
TEXTS = {"src/tiny/__init__.py": "", "src/tiny/calc.py": CALC, "src/tiny/text.py": TEXT}
COMMIT = ("Fix add\n\nIt subtracted.\nSigned-off-by: Ann Other <ann@example.org>", ("src/tiny/calc.py", "README.md"))


@pytest.fixture
def items() -> SparseItems:
    return SparseItems(D)


class Idle(SparseItems):
    """Items by which nothing is encoded."""

    def encode(self, bags: Sequence[Mapping[str, float]], saturation: float = 0.0) -> SparseVectors:
        raise AssertionError("This is another process's work.")


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore(tmp_path / "index.sqlite", FORMAT)


def killed_if_a_copy(*asked: Any) -> list[bytes]:
    """What makes packed records, in a process that is no copy of the tests'."""
    if os.getpid() != TESTS:
        os.kill(os.getpid(), signal.SIGKILL)
    return MAKES_PACKED(*asked)


def same(left: Record, right: Record) -> bool:
    arrays = ("positions", "values", "lengths", "norms")
    return (
        all(np.array_equal(getattr(left.vectors, name), getattr(right.vectors, name)) for name in arrays)
        and np.array_equal(left.terms, right.terms)
        and np.array_equal(left.counts, right.counts)
        and left.pack() == right.pack()
    )


def rows_like(record: Record, items: SparseItems, word: str, roles: tuple[str, ...]) -> set[str]:
    """Roles whose vectors hold a word; two atoms may meet in one of their eight blocks by chance."""
    alike = record.vectors.cosines(items.query({word: 1.0}))
    return {role for role, cosine in zip(roles, alike, strict=True) if cosine > 1 / 8 + 0.01}


def made_anew(texts: dict[str, str | None], store: IndexStore, kind: str) -> list[str]:
    """Paths that an index of a new process reads for records of a kind."""
    source = Memory(texts)
    records = getattr(RepositoryIndex(SparseItems(D), store), kind)(source, source.files)
    assert len(records) == len(texts)
    return source.reads


def test_the_rows_of_a_file_are_its_path_stem_names_and_body(items: SparseItems) -> None:
    source = Memory({"src/gizmo/widget.py": "class Reader:\n    def parse(self):\n        return cheese\n"})
    (record,) = RepositoryIndex(items).files(source, source.files)
    found = {word: rows_like(record, items, word, FILE_ROLES) for word in ("gizmo", "widget", "parse", "chees", "src")}
    assert found == {
        "gizmo": {"path"},
        "src": {"path"},
        "widget": {"path", "stem"},
        "parse": {"names", "body"},
        "chees": set(),
    }
    assert rows_like(record, items, "cheese", FILE_ROLES) == {"body"}
    assert record.counts.tolist() == [3, len(word_bag(source.texts["src/gizmo/widget.py"] or ""))]
    assert record.terms[:3].tolist() == items.keys(["src", "gizmo", "widget"]).tolist()
    assert len(record.terms) == record.counts.sum()


def test_the_stem_of_a_package_is_its_folder(items: SparseItems) -> None:
    source = Memory({"src/gizmo/__init__.py": ""})
    (record,) = RepositoryIndex(items).files(source, source.files)
    assert rows_like(record, items, "gizmo", FILE_ROLES) == {"path", "stem"}


def test_a_file_tells_what_it_defines_assigns_and_imports(items: SparseItems) -> None:
    source = Memory({"a.py": "import os\nLIMIT = 3\n" + TEXT})
    (record,) = RepositoryIndex(items).files(source, source.files)
    assert list(record.about["defined"]) == ["Words", "__init__", "count"]
    assert list(record.about["assigned"]) == ["LIMIT"]
    assert set(record.about["imported"]) == {"os", "tiny.calc", "tiny.calc.add"}
    assert record.about["size"] == len(source.texts["a.py"] or "")


def test_details_are_prose_phrases_and_pieces(items: SparseItems) -> None:
    text = '"""Gizmo."""\nbig.frozen.cheese\n' + "\n".join(
        f"def f{i}():\n" + f"    word{i} = {'z' * 400}" for i in range(3)
    )
    source = Memory({"a.py": text})
    (record,) = RepositoryIndex(items).details(source, source.files)
    assert len(record.vectors) == len(DETAIL_ROLES) + len(pieces(text)) == 6
    roles = (*DETAIL_ROLES, "first", "second", "third")
    assert rows_like(record, items, "gizmo", roles) == {"prose", "first"}
    assert rows_like(record, items, "word1", roles) == {"second"}
    assert rows_like(record, items, "big frozen", roles) == {"pairs"}
    assert rows_like(record, items, "big frozen cheese", roles) == {"triples"}
    assert rows_like(record, items, "def f1", roles) == set()  # def is no search term
    pairs, triples = phrase_bags(text)
    assert record.counts.tolist() == [len(pairs), len(triples)]
    assert record.terms.tolist() == items.keys([*pairs, *triples]).tolist()


def test_symbols_have_rows_of_their_own_lines(items: SparseItems) -> None:
    text = (
        'class Words:\n    """Gizmos."""\n\n'
        '    def count(self):\n        """Cheese."""\n        return add(total, sum(1))\n'
    )
    source = Memory({"a.py": text})
    (record,) = RepositoryIndex(items).symbols(source, source.files)
    assert [list(symbol) for symbol in record.about["symbols"]] == [
        ["<module>", "module", 1, 7],
        ["Words", "class", 1, 6],
        ["Words.count", "function", 4, 6],
    ]
    assert [{"add", "sum"} & set(calls) for calls in record.about["calls"]] == [set(), set(), {"add", "sum"}]
    assert record.about["lines"] == [4, 3, 3]
    assert len(record.vectors) == 3 * len(SYMBOL_ROLES)
    assert (len(record.counts), record.counts[::4].tolist()) == (3 * 4, [0, 1, 2])  # qualified names
    assert record.counts[2::4].tolist() == [1, 1, 2]  # pairs: `class Words`, `add total`, `total sum`
    assert record.counts[3::4].tolist() == [0, 0, 1]
    assert len(record.terms) == record.counts.sum()
    roles = tuple(f"{name}.{role}" for name in ("module", "class", "count") for role in SYMBOL_ROLES)
    assert rows_like(record, items, "word", roles) == {
        *("module.body", "class.name", "class.qualified", "class.body", "count.qualified"),
    }
    assert rows_like(record, items, "count", roles) == {"count.name", "count.qualified", "count.body"}
    assert rows_like(record, items, "cheese", roles) == {"count.docstring", "count.body"}
    assert rows_like(record, items, "add total", roles) == {"count.pairs"}
    assert rows_like(record, items, "add total sum", roles) == {"count.triples"}
    assert rows_like(record, items, "gizmo", roles) == {
        *("module.docstring", "module.body", "class.docstring", "class.body"),
    }


def test_a_commit_is_its_message_without_trailers_and_its_python_files(items: SparseItems) -> None:
    source = Memory(TEXTS, [COMMIT, ("word " * 1000 + "beyond", ())])
    first, second = RepositoryIndex(items).commits(source)
    assert first.about["files"] == ["src/tiny/calc.py"]
    assert set(first.terms.tolist()) == set(items.keys(word_bag("Fix add. It subtracted.")).tolist())
    assert second.terms.tolist() == items.keys(["word"]).tolist()


def test_commits_are_newest_first_and_not_too_many(items: SparseItems) -> None:
    source = Memory({}, [(f"number{i}", (f"{i}.py",)) for i in range(COMMITS + 5)])
    found = RepositoryIndex(items).commits(source)
    assert [record.about["files"] for record in found] == [[f"{i}.py"] for i in range(COMMITS)]


def test_a_change_is_the_checksums_of_the_lines_added_to_each_file(items: SparseItems) -> None:
    calc, text = ["    return left + right", "", "        pass"], ["self.words = text.split()"]
    source = Memory(TEXTS, [("One", {"calc.py": calc, "text.py": text}), ("Two", {"calc.py": text}), ("Three", [])])
    index = RepositoryIndex(items)
    second, first = index.changes(source, [1, 0])
    assert first.about["added"] == {"calc.py": line_keys(calc), "text.py": line_keys(text)}
    assert second.about["added"] == {"calc.py": line_keys(text)}
    assert source.compared == [source.ancestors(9)[i] for i in (1, 0)]
    assert index.changes(source, []) == []


def test_lines_are_known_by_what_they_hold_whatever_their_indentation() -> None:
    assert line_keys(["return total", "\t  return total  \r"]) == line_keys(["return total"]) * 2
    assert len(set(line_keys(["return total", "return  total", "return Total", "größe = \ud800 + 1"]))) == 4


def test_a_line_that_is_short_without_its_indentation_has_no_checksum() -> None:
    assert line_keys(["", " " * 20, "        return", "        x = 12345678"[:-1]]) == []
    assert len(line_keys(["        x = 12345678"])) == 1


@pytest.mark.parametrize("kind", ["files", "details", "symbols"])
@pytest.mark.parametrize("text", ["", CALC, "\ud800 größe", "def (:\n", "\0", None])
def test_a_record_comes_back_from_its_bytes_as_it_was(items: SparseItems, kind: str, text: str | None) -> None:
    source = Memory({"src/a.py": None})
    source.texts["src/a.py"] = text
    (record,) = getattr(RepositoryIndex(items), kind)(source, source.files)
    assert same(Record.unpack(record.pack()), record)


def test_bytes_that_are_cut_are_no_record(items: SparseItems) -> None:
    source = Memory(TEXTS)
    data = RepositoryIndex(items).files(source, source.files)[1].pack()
    for length in (0, 3, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError, match=r"buffer|size|JSON|char"):
            Record.unpack(data[:length])


def test_many_records_that_are_made_together_are_those_made_one_by_one(items: SparseItems) -> None:
    source = Memory({f"file{i}.py": f"word{i} = common\n" * (i % 3) for i in range(150)})
    index = RepositoryIndex(items)
    for make in (index.files, index.details, index.symbols):
        singly = [make(source, [entry])[0] for entry in source.files]
        assert all(map(same, make(source, source.files), singly))


@pytest.mark.parametrize("kind", ["files", "details", "symbols"])
def test_several_processes_make_the_records_that_one_makes(
    kind: str, items: SparseItems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kent_agent.repository_index._MUCH", 1)
    texts = {f"file{i}.py": f"def word{i}(common):\n    return common + {i}\n" for i in range(40)} | {"none.py": None}
    source = Memory(texts)
    entries = source.files
    alone = getattr(RepositoryIndex(items), kind)(source, entries)
    together = getattr(RepositoryIndex(Idle(D), processes=3), kind)(source, entries)
    assert len(alone) == len(together) == len(texts)
    assert all(map(same, alone, together))


def test_where_the_other_processes_are_killed_one_makes_all_records(
    items: SparseItems, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Memory({f"file{i}.py": f"word{i} = {i}\n" for i in range(40)})
    alone = RepositoryIndex(items).files(source, source.files)
    monkeypatch.setattr("kent_agent.repository_index._MUCH", 1)
    monkeypatch.setattr("kent_agent.repository_index._packed", killed_if_a_copy)
    together = RepositoryIndex(Idle(D), processes=2).files(source, source.files)
    assert len(together) == 40 and all(map(same, alone, together))


@pytest.mark.parametrize("kind", ["files", "details", "symbols"])
def test_only_what_changed_is_made_anew(store: IndexStore, kind: str) -> None:
    assert made_anew(TEXTS, store, kind) == list(TEXTS)
    assert made_anew(TEXTS, store, kind) == []
    changed = TEXTS | {"src/tiny/calc.py": CALC + "\n", "src/new.py": "new = 1\n"}
    assert made_anew(changed, store, kind) == ["src/new.py", "src/tiny/calc.py"]


def test_a_renamed_file_has_another_path_but_the_details_and_symbols_that_it_had(store: IndexStore) -> None:
    renamed = {"src/tiny/sums.py": CALC}
    for kind, read in (("files", ["src/tiny/sums.py"]), ("details", []), ("symbols", [])):
        made_anew(TEXTS, store, kind)
        assert made_anew(renamed, store, kind) == read
    items = SparseItems(D)
    source = Memory(renamed)
    (record,) = RepositoryIndex(items, store).files(source, source.files)
    assert rows_like(record, items, "sum", FILE_ROLES) >= {"path", "stem"}
    assert not rows_like(record, items, "calc", FILE_ROLES)


def test_only_new_commits_are_read(store: IndexStore) -> None:
    old = Memory(TEXTS, [COMMIT])
    RepositoryIndex(SparseItems(D), store).commits(old)
    new = Memory(TEXTS, [("Then this", ("a.py",)), COMMIT])
    records = RepositoryIndex(SparseItems(D), store).commits(new)
    assert new.shown == new.ancestors(1)
    assert [record.about["files"] for record in records] == [["a.py"], ["src/tiny/calc.py"]]


def test_what_a_commit_added_is_read_once(store: IndexStore) -> None:
    first, second = ("First", {"a.py": ["return left + right"]}), ("Second", {"a.py": ["return right + left"]})
    old, new = Memory(TEXTS, [first]), Memory(TEXTS, [second, first])
    RepositoryIndex(SparseItems(D), store).commits(old)  # whose records are others
    (made,) = RepositoryIndex(SparseItems(D), store).changes(old, [0])
    records = RepositoryIndex(SparseItems(D), store).changes(new, [1, 0])
    assert new.compared == new.ancestors(1)
    assert [record.about["added"] for record in records] == [
        *({"a.py": line_keys(lines["a.py"])} for _, lines in (first, second)),
    ]
    assert same(records[0], made)


@pytest.mark.parametrize("kind", ["files", "details", "symbols"])
def test_kept_records_are_those_that_were_made_in_the_order_asked_for(store: IndexStore, kind: str) -> None:
    source = Memory(TEXTS)
    made = getattr(RepositoryIndex(SparseItems(D)), kind)(source, source.files)
    for entries in (source.files[1:2], source.files):  # the second time some are kept and some are made
        getattr(RepositoryIndex(SparseItems(D), store), kind)(source, entries)
    kept = getattr(RepositoryIndex(SparseItems(D), store), kind)(source, source.files[::-1])
    assert all(same(left, right) for left, right in zip(kept, made[::-1], strict=True))


@pytest.mark.parametrize(
    ("text", "size", "body"),
    [
        (None, 0, False),
        ("", 0, False),
        ("\0\0", 2, False),
        ("def gizmo(:\n", 12, True),
        ("x = gizmo\n" * 30_000, 300_000, True),
    ],
    ids=["no text", "empty", "no words", "unparsable", "huge"],
)
def test_any_file_has_all_its_records(items: SparseItems, text: str | None, size: int, body: bool) -> None:
    source = Memory({"src/widget.py": text})
    index = RepositoryIndex(items)
    (record,), (details,), (symbols,) = (
        make(source, source.files) for make in (index.files, index.details, index.symbols)
    )
    assert record.about["size"] == size
    assert rows_like(record, items, "widget", FILE_ROLES) == {"path", "stem"}
    assert ("body" in rows_like(record, items, "gizmo", FILE_ROLES)) == body
    assert len(details.vectors) >= len(DETAIL_ROLES)
    assert [name for name, *_ in symbols.about["symbols"]] == ["<module>"]
    assert len(symbols.vectors) == len(SYMBOL_ROLES)


def test_records_of_all_kinds_share_a_store(store: IndexStore) -> None:
    source = Memory(TEXTS)
    for kind in ("files", "details", "symbols"):
        made = getattr(RepositoryIndex(SparseItems(D), store), kind)(source, source.files)
        assert all(map(same, made, getattr(RepositoryIndex(SparseItems(D)), kind)(source, source.files)))


def test_files_of_one_content_have_a_record_each(items: SparseItems) -> None:
    source = Memory({"a/alpha.py": CALC, "b/omega.py": CALC})
    one, two = RepositoryIndex(items).files(source, source.files)
    assert rows_like(one, items, "alpha", FILE_ROLES) == {"path", "stem"}
    assert rows_like(two, items, "omega", FILE_ROLES) == {"path", "stem"}
    assert len(RepositoryIndex(items).details(source, source.files)) == 2


def test_a_query_weighs_saturated_terms_by_rarity_and_leaves_out_what_no_document_has(items: SparseItems) -> None:
    index = RepositoryIndex(items)
    query = index.query({"gizmo": 1.5, "widget": 3.0, "unseen": 9.0}, {"gizmo": 2.0, "widget": 0.5})
    assert query == pytest.approx(items.query({"gizmo": 1.0, "widget": 1 / 3}), abs=1e-6)


@given(st.lists(st.integers(1, 10**6), min_size=2, unique=True).map(sorted))
def test_the_more_often_a_term_stands_the_less_another_time_adds(counts: list[int]) -> None:
    weights = [saturated({"a": count})["a"] for count in counts]
    assert all(0 < low < high < 1 for low, high in pairwise(weights))
    gains = [saturated({"a": count + 1})["a"] - weight for count, weight in zip(counts[:6], weights, strict=False)]
    assert gains == sorted(gains, reverse=True)
    assert saturated({"a": 1.5, "b": 13.5}) == pytest.approx({"a": 0.5, "b": 0.9})
