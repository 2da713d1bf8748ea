"""`python -m harness.localization` ranks gold places and measures them against BM25."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.localization import (
    Ranks,
    accuracy,
    app,
    bm25_ranking,
    difference_interval,
    mean_reciprocal_rank,
    summarise,
)
from kent_agent import demo
from kent_agent.dataset import write_rows
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore


def test_accuracy_tells_all_from_any_and_a_missing_place_from_a_late_one() -> None:
    assert accuracy([[1, 4], [2], [0, 1], [0]], (1, 3, 5)) == {
        "all": {"1": 0.0, "3": 25.0, "5": 50.0},
        "any": {"1": 50.0, "3": 75.0, "5": 75.0},
    }


def test_no_gold_place_is_no_hit() -> None:
    assert accuracy([[]], (1,)) == {"all": {"1": 0.0}, "any": {"1": 0.0}}


def test_mean_reciprocal_rank_counts_the_best_gold_place() -> None:
    assert mean_reciprocal_rank([[1], [4, 2], [0]]) == 0.5


def ranks(files: int, bm25: int, n: int) -> list[Ranks]:
    return [Ranks(f"i-{i}", "o/r", [files], [bm25], [1], 0.5) for i in range(n)]


def test_the_interval_is_paired_and_covers_the_difference() -> None:
    assert difference_interval(ranks(1, 9, 20), 5) == (100.0, 100.0)
    assert difference_interval(ranks(1, 1, 20), 5) == (0.0, 0.0)
    low, high = difference_interval(ranks(1, 9, 10) + ranks(9, 1, 10), 5)
    assert low < 0 < high


def test_the_summary_has_the_documented_shape() -> None:
    summary = summarise(ranks(1, 2, 3), excluded=2)
    assert (summary["n"], summary["excluded"]) == (3, 2)
    assert summary["file"]["all"] == {"1": 100.0, "3": 100.0, "5": 100.0, "10": 100.0}
    assert summary["baselines"]["bm25"]["file"]["any"]["1"] == 0.0
    assert summary["latency"] == {"p50": 0.5, "p95": 0.5}
    assert summary["instances"][0]["instance_id"] == "i-0"


def test_the_baseline_ranks_the_file_that_an_issue_names_first(tiny_repo: tuple[Path, SWETask]) -> None:
    repos_dir, task = tiny_repo
    with RepositoryStore(repos_dir).snapshot(task) as snapshot:
        ranking = bm25_ranking("count of Words is wrong in text", snapshot)
    assert ranking[0] == "src/tiny/text.py"
    assert sorted(ranking) == ["src/tiny/__init__.py", "src/tiny/calc.py", "src/tiny/text.py"]


def test_the_command_measures_and_writes_json(tmp_path: Path) -> None:
    rows, output = tmp_path / "rows.jsonl", tmp_path / "figures.json"
    created = "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x = 1\n"
    first, second, *_ = demo.load_rows()
    write_rows([first, second | {"patch": created}], rows)
    arguments = ["--split", str(rows), "--repos-dir", str(demo.repositories_dir()), "-o", str(output)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    figures = json.loads(output.read_text())
    assert (figures["n"], figures["excluded"]) == (1, 1)
    (instance,) = figures["instances"]
    assert instance["instance_id"] == first["instance_id"]
    assert all(rank >= 1 for rank in instance["files"])
    assert "BM25" in result.output and "1 without gold excluded" in result.output


def test_a_split_without_gold_places_is_one_sentence(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows([demo.load_rows()[0] | {"patch": ""}], rows)
    result = CliRunner().invoke(app, ["--split", str(rows), "--repos-dir", str(demo.repositories_dir())])
    assert result.exit_code == 2
    assert "nothing to locate" in result.output


@pytest.mark.parametrize("missing", ["no-such-split", "no/such/file.parquet"])
def test_an_unknown_split_is_one_sentence(missing: str) -> None:
    assert CliRunner().invoke(app, ["--split", missing]).exit_code == 2
