"""All evidence of an issue in a repository: which files and symbols are looked at, in which order, and how alike."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest

from kent_agent.evidence import gather as module
from kent_agent.evidence.columns import FLAGS
from kent_agent.evidence.gather import Evidence, gather
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from tests.conftest import CALC, TEST_CALC, TEXT
from tests.evidence.memory import Commits, Memory

TEXTS = {
    "README.md": "# Mean values\n",
    "docs/conf.py": "mean = 1\n",
    "setup.py": "mean = 1\n",
    "src/tiny/__init__.py": "",
    "src/tiny/calc.py": CALC,
    "src/tiny/text.py": TEXT,
    "src/tiny/odd.py": "def (:\n",
    "tests/test_calc.py": TEST_CALC,
    **{f"src/tiny/other{i}.py": f"from tiny.text import Words\n\ndef other{i}():\n    pass\n" for i in range(8)},
}
COMMITS: Commits = [
    ("Fix the mean of values", {"src/tiny/calc.py": ["    return total / len(values)"]}),
    ("Words", ["src/tiny/text.py", "src/tiny/calc.py"]),
]
ISSUE = "mean of values is wrong\n\nSee `tiny.calc.mean` and Words.count, it divides by the total."
SCRIPT = """
from tests.evidence.test_gather import found, digest
print(digest(found()))
"""


def found(text: str = ISSUE, texts: Mapping[str, str | None] = TEXTS, commits: Commits = COMMITS) -> Evidence:
    evidence = gather(parse_issue(text), RepositoryIndex(SparseItems(4096)), Memory(texts, commits))
    assert evidence is not None
    return evidence


def digest(evidence: Evidence) -> str:
    """Of all that was gathered."""
    summary = hashlib.sha256(repr((evidence.paths, evidence.others)).encode())
    summary.update(repr([(place.path, place.symbol) for place in evidence.places]).encode())
    for columns in (evidence.files, evidence.symbols):
        for name, column in columns.items():
            summary.update(name.encode() + column.tobytes())
    return summary.hexdigest()


@pytest.mark.parametrize(
    "texts",
    [{}, {"README.md": "# tiny"}, {"tests/test_a.py": "", "docs/conf.py": "", "setup.py": ""}],
    ids=["empty", "no Python", "no source"],
)
def test_without_python_source_there_is_no_evidence(texts: dict[str, str]) -> None:
    assert gather(parse_issue(ISSUE), RepositoryIndex(SparseItems(512)), Memory(texts)) is None


def test_the_fault_ranks_first_and_only_source_files_are_candidates() -> None:
    evidence = found()
    assert evidence.paths[0] == "src/tiny/calc.py"
    assert set(evidence.paths) == {path for path in TEXTS if path.startswith("src/")}
    assert evidence.others == ()
    assert evidence.clues.issue == parse_issue(ISSUE)


def test_every_column_has_a_number_for_every_candidate() -> None:
    evidence = found()
    for columns, n in ((evidence.files, len(evidence.paths)), (evidence.symbols, len(evidence.places))):
        assert {column.shape for column in columns.values()} == {(n,)}
        assert {column.dtype.name for column in columns.values()} == {"float32"}
        assert all(np.isfinite(column).all() for column in columns.values())


def test_flags_are_columns_with_values_from_zero_to_one() -> None:
    evidence = found()
    assert {*evidence.files, *evidence.symbols} >= FLAGS
    for columns in (evidence.files, evidence.symbols):
        for name in FLAGS & columns.keys():
            assert 0 <= columns[name].min() <= columns[name].max() <= 1


def test_all_sources_of_evidence_are_there() -> None:
    evidence = found()
    groups = {name.partition(".")[0] for name in evidence.files}
    assert groups == {
        *("path", "names", "body", "prose", "pieces", "phrases", "definitions", "mentions", "frames", "history"),
        *("recency", "imports", "package", "file", "tests"),
    }
    assert {name.partition(".")[0] for name in evidence.symbols} == {
        *("body", "prose", "phrases", "names", "definitions", "mentions", "frames", "kind", "calls", "siblings"),
        "changes",
    }


def test_columns_stand_in_the_order_of_the_paths() -> None:
    evidence = found()
    row = evidence.paths.index("src/tiny/calc.py")
    for name in ("mentions.module", "mentions.member", "tests.importing", "tests.named"):
        assert evidence.files[name][row] == evidence.files[name].max() > 0, name
    for name in ("history.best", "recency.often"):
        assert evidence.files[name].argmax() == row, name
    text = evidence.paths.index("src/tiny/text.py")
    assert evidence.files["imports.many"].argmax() == text
    assert evidence.files["file.init"].argmax() == evidence.paths.index("src/tiny/__init__.py")
    assert evidence.files["recency.together"].argmax() == text


def test_symbol_columns_stand_in_the_order_of_the_places() -> None:
    evidence = found()
    names = [(place.path, place.symbol.name) for place in evidence.places]
    assert names.index(("src/tiny/calc.py", "mean")) == evidence.symbols["names.module_pair"].argmax()
    assert names.index(("src/tiny/text.py", "Words.count")) == evidence.symbols["names.pair"].argmax()
    for name in ("changes.best", "changes.often"):
        assert evidence.symbols[name].nonzero()[0].tolist() == [names.index(("src/tiny/calc.py", "mean"))], name
    assert ("src/tiny/odd.py", "<module>") in names


def test_symbols_of_a_likely_file_profit_from_it() -> None:
    def functions(n: int) -> str:
        return "\n\n".join(f"def f{i}():\n    return 1\n" for i in range(n))

    evidence = found("See p/good.py", {"p/good.py": functions(2), "p/poor.py": functions(4)}, [])
    assert evidence.paths[0] == "p/good.py"
    near = list(zip([place.path for place in evidence.places], evidence.symbols["siblings.near"], strict=True))
    good, poor = ([value for path, value in near if path == each] for each in evidence.paths)
    assert min(good) > max(poor) > 0


def test_only_the_shortlist_is_looked_at_closely_and_the_others_are_still_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = found()
    monkeypatch.setattr(module, "SHORTLIST", 3)
    monkeypatch.setattr(module, "SEARCHED", 2)
    texts = TEXTS | {"src/tiny/mean.py": "def count():\n    pass\n"}
    evidence = found(texts=texts)
    assert len(evidence.paths) == 3
    assert {len(column) for column in evidence.files.values()} == {3}
    assert evidence.paths[0] == whole.paths[0] == "src/tiny/calc.py"
    assert sorted(evidence.paths + evidence.others) == sorted(path for path in texts if path.startswith("src/"))
    assert list(dict.fromkeys(place.path for place in evidence.places)) == list(evidence.paths[:2])
    assert {"src/tiny/mean.py", "src/tiny/text.py"} <= set(evidence.paths)


def test_the_others_are_likeliest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHORTLIST", 1)
    evidence = found()
    assert evidence.paths == ("src/tiny/calc.py",)
    assert evidence.others[0] == "src/tiny/text.py"


def test_a_close_look_may_change_the_order_of_the_shortlist(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(i: int, word: str) -> str:
        return f"def f{i}():\n    {word}\n" + "".join(f"    x{i}x{j}{'y' * 40} = 1\n" for j in range(10))

    texts = {
        "p/body.py": "gizmo\n" + "".join(f"y{i} = 1\n" for i in range(4)),
        "p/other.py": "".join(function(i, "nothing") for i in range(12)),
        "p/piece.py": "".join(function(i, "gizmo; widget; cheese" if i == 3 else "nothing") for i in range(12)),
    }
    evidence = found("gizmo widget cheese", texts, [])
    assert evidence.paths[:2] == ("p/piece.py", "p/body.py")
    assert evidence.files["pieces.all"].argmax() == 0
    assert evidence.files["body.all"].argmax() == 1
    monkeypatch.setattr(module, "SHORTLIST", 1)
    assert found("gizmo widget cheese", texts, []).paths == ("p/body.py",)


def test_what_is_gathered_is_the_same_every_time_and_in_every_process() -> None:
    expected = digest(found())
    assert digest(found(texts=dict(reversed(TEXTS.items())))) == expected
    for seed in ("0", "1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected


@pytest.mark.parametrize("text", ["", "?", "\0", "x" * 10_000, "The the the", "```\n" * 5])
def test_any_issue_is_answered(text: str) -> None:
    evidence = found(text)
    assert len(evidence.paths) == 12
    for columns in (evidence.files, evidence.symbols):
        assert all(np.isfinite(column).all() for column in columns.values())


@pytest.mark.parametrize(
    "texts",
    [{"a.py": ""}, {"a.py": None}, {"a.py": "def (:"}, {"a.py": "x = 1\n", "b.py": "x = 1\n"}],
    ids=["empty", "no text", "unparsable", "twice the same"],
)
def test_any_repository_with_a_source_file_is_answered(texts: dict[str, str | None]) -> None:
    evidence = found(ISSUE, texts, [])
    assert sorted(evidence.paths) == sorted(texts)
    assert [place.symbol.name for place in evidence.places] == ["<module>"] * len(texts)
