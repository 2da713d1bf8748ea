"""`python -m harness.localization` measures the locator beside classical rankers, and never in sample unsaid."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.ablation import leave_one_out
from harness.exact import ExactItems
from harness.localization import Measurement, app
from harness.tables import summarise
from kent_agent import demo
from kent_agent.dataset import write_rows
from kent_agent.evidence.weights import EvidenceWeights
from kent_agent.hdc.sparse import SparseVectors
from kent_agent.learning.pairs import load_pairs

MEASURED = Measurement(
    instance_id="i-0",
    repo="o/r",
    files=[1],
    functions=[2],
    operation=("modify_line", "modify_line"),
    beliefs={"FILE": (0.9, True), "LOCATION": (0.4, False), "OPERATION": (0.6, True)},
    in_sample=False,
    cold=1.0,
    warm=0.5,
    index_bytes=1000,
    peak_rss_mb=100.0,
    baselines={"bm25": {"files": [2], "functions": [0]}},
)


def test_the_summary_has_the_documented_shape() -> None:
    slow = replace(MEASURED, instance_id="i-1", files=[4, 2], functions=[], cold=3.0, peak_rss_mb=150.0)
    summary = summarise([MEASURED, slow], excluded=2)
    assert (summary["n"], summary["excluded"], summary["in_sample"]) == (2, 2, [])
    assert summary["file"]["all"] == {"1": 50.0, "3": 50.0, "5": 100.0, "10": 100.0}
    assert summary["function"]["any"] == {"1": 0.0, "5": 100.0, "10": 100.0}, "of those that have gold places"
    assert summary["operation"]["1"] == 100.0
    assert summary["baselines"]["bm25"]["file"]["any"]["1"] == 0.0
    assert summary["difference_95"]["bm25"]["file"]["any"]["10"] == [0.0, 0.0]
    assert summary["latency"] == {"cold_p50": 2.0, "cold_p95": 2.9, "warm_p50": 0.5, "warm_p95": 0.5}
    assert summary["peak_rss_mb"] == 150.0
    assert summary["calibration"]["FILE"]["expected_calibration_error"] == pytest.approx(0.1)
    assert [each["files"] for each in summary["instances"]] == [[1], [4, 2]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    """The command on two demo rows and one whose patch only creates a file."""
    folder = tmp_path_factory.mktemp("localization")
    rows, output, pairs = folder / "rows.jsonl", folder / "figures.json", folder / "pairs.safetensors"
    created = "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x = 1\n"
    first, *others = demo.load_rows()
    other = next(row for row in others if row["repo"] != first["repo"])
    write_rows([first, other, first | {"instance_id": "x-1", "patch": created}], rows)
    arguments = ["--split", str(rows), "--repos-dir", str(demo.repositories_dir()), "-o", str(output), "--ablate"]
    return CliRunner().invoke(app, [*arguments, "--export", str(pairs)]), output, pairs


def test_the_command_measures_and_writes_json(measured: tuple[Any, Path, Path]) -> None:
    result, output, _ = measured
    assert result.exit_code == 0, result.output
    figures = json.loads(output.read_text())
    assert (figures["n"], figures["excluded"]) == (2, 1)
    for instance in figures["instances"]:
        assert all(rank >= 1 for rank in instance["files"])
        assert instance["index_bytes"] > 0
    assert "bm25, all" in result.output and "tfidf, all" in result.output
    assert "1 without gold excluded" in result.output
    assert "calibration error" in result.output
    assert "IN-SAMPLE" not in result.output


def test_the_ablation_measures_every_source_the_coupling_and_the_hypervectors(
    measured: tuple[Any, Path, Path],
) -> None:
    _, output, _ = measured
    rows = json.loads(output.read_text())["ablation"]
    assert {"all evidence, joint", "each slot by itself", "exact scores instead of hypervectors"} <= rows.keys()
    assert {"without body", "without path", "without history", "without frames"} <= rows.keys()
    assert {"without phrases", "without changes"} <= rows.keys()


def test_exported_pairs_hold_evidence_and_gold(measured: tuple[Any, Path, Path]) -> None:
    _, _, path = measured
    for pair in load_pairs(path):
        assert pair.gold_files <= set(pair.paths)
        assert pair.operation is not None


def test_what_is_left_out_is_not_fitted_to(measured: tuple[Any, Path, Path]) -> None:
    """Each repository's ranks are those of weights without it, so its own labels make no difference to them."""
    _, _, path = measured
    pairs = load_pairs(path)
    changed = [replace(pairs[0], gold_files=frozenset(pairs[0].paths[-1:]), gold_places=frozenset()), *pairs[1:]]
    ours = [replace(each, gold_files=pair.gold_files) for each, pair in zip(changed, pairs, strict=True)]
    (files, _), (expected, _) = (leave_one_out(each)[0] for each in (ours, pairs))
    assert files == expected


def test_weights_that_have_seen_a_repository_are_told_in_sample(tmp_path: Path) -> None:
    rows, weights = tmp_path / "rows.jsonl", tmp_path / "weights.json"
    row = demo.load_rows()[0]
    write_rows([row], rows)
    shipped = EvidenceWeights.load()
    seen = replace(shipped.default, saw=(*shipped.default.saw, row["repo"]))
    weights.write_text(replace(shipped, default=seen).dump())
    arguments = ["--split", str(rows), "--repos-dir", str(demo.repositories_dir()), "--weights", str(weights)]
    result = CliRunner().invoke(app, arguments)
    assert f"IN-SAMPLE: the weights were fitted to {row['repo']}" in result.output


def test_exact_items_give_the_dot_products_of_bags() -> None:
    items = ExactItems()
    vectors = items.encode([{"a": 0.5, "b": 0.25}, {}, {"c": 1.0}])
    query = items.query({"a": 2.0, "c": 1.0, "new": 3.0})
    assert isinstance(vectors, SparseVectors)
    assert vectors.dots(query).tolist() == pytest.approx([1.0, 0.0, 1.0])
    assert vectors.cosines(query)[2] == pytest.approx(1 / 14**0.5)


def test_a_split_without_gold_places_is_one_sentence(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows([demo.load_rows()[0] | {"patch": ""}], rows)
    result = CliRunner().invoke(app, ["--split", str(rows), "--repos-dir", str(demo.repositories_dir())])
    assert result.exit_code == 2
    assert "nothing to locate" in result.output


@pytest.mark.parametrize("missing", ["no-such-split", "no/such/file.parquet"])
def test_an_unknown_split_is_one_sentence(missing: str) -> None:
    assert CliRunner().invoke(app, ["--split", missing]).exit_code == 2
