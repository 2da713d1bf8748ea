"""What is handed to the official harness, and what is made of its answer; it runs in test_evaluate.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from swebench.harness.utils import get_predictions_from_file, load_swebench_dataset

from harness.official import prepare, read_report, run_official
from harness.submissions import read_submission
from kent_agent.errors import HarnessError


def entry(instance_id: str, patch: object = "p", model: str = "some/model") -> dict[str, Any]:
    return {"instance_id": instance_id, "model_name_or_path": model, "model_patch": patch}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", json.dumps(entry("a-1")) + "\n" + json.dumps(entry("a-2")) + "\n"),
        ("x.json", json.dumps([entry("a-1"), entry("a-2")], indent=2)),
        ("preds.json", json.dumps({"a-1": entry("a-1"), "a-2": entry("a-2")}, indent=2)),
        ("without-ids.json", json.dumps({"a-1": {"model_patch": "p"}, "a-2": {"model_patch": "p"}})),
    ],
)
def test_jsonl_lists_and_preds_json_read_alike(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    submission = read_submission(tmp_path / name)
    assert {key: value.model_patch for key, value in submission.predictions.items()} == {
        "a-1": "p",
        "a-2": "p",
    }
    assert (submission.rows, submission.malformed, submission.duplicates) == (2, 0, 0)


def test_malformed_entries_and_duplicates_are_counted_and_the_last_wins(tmp_path: Path) -> None:
    lines = [
        json.dumps(entry("a-1", "first")),
        json.dumps(entry("a-1", "last")),
        json.dumps(entry("a-2", None)),
        json.dumps({"instance_id": "a-3"}),
        json.dumps(entry("a-4", 7)),
        json.dumps(entry("a-5", "\ud800")),
        "[]",
        '{"instance_id": "a-6", "model_na',
    ]
    path = tmp_path / "x.jsonl"
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\n")
    submission = read_submission(path)
    assert {key: value.model_patch for key, value in submission.predictions.items()} == {
        "a-1": "last",
        "a-2": "",
    }
    assert (submission.rows, submission.malformed, submission.duplicates) == (9, 6, 1)


def test_missing_predictions_are_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"absent\.jsonl"):
        read_submission(tmp_path / "absent.jsonl")


def test_swebench_reads_what_is_prepared_for_it(calc: Any, tmp_path: Path) -> None:
    """Separators that splitlines() takes for line ends, unknown ids or a torn line would end its run."""
    patch = "line\u2028separator\x85\u00e9\n"
    path = tmp_path / "x.jsonl"
    path.write_text(
        "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in (entry("acme__calc-1", patch), entry("unknown-1")))
        + '{"instance_id": "acme'
    )
    row = calc.row | {"problem_statement": "a\u2028b"}
    model, chosen = prepare([row], path, tmp_path / "work")
    assert model == "some__model"
    assert chosen["acme__calc-1"].model_patch == patch
    assert get_predictions_from_file(str(tmp_path / "work/predictions.jsonl"), "rows.jsonl", "test") == [
        entry("acme__calc-1", patch, model)
    ]
    assert load_swebench_dataset(str(tmp_path / "work/rows.jsonl")) == [row]


@pytest.mark.parametrize(
    ("column", "value"),
    [("eval_script", None), ("image", None), ("FAIL_TO_PASS", "[torn"), ("PASS_TO_PASS", "7")],
)
def test_rows_that_cannot_be_graded_are_refused_by_name(
    calc: Any, submit: Any, tmp_path: Path, column: str, value: object
) -> None:
    with pytest.raises(HarnessError, match=f"acme__calc-1.*{column}"):
        prepare([calc.row | {column: value}], submit({"acme__calc-1": "p"}), tmp_path)


def test_a_harness_that_dies_is_an_error_naming_its_log_though_an_older_report_lies_there(
    calc: Any, submit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    (tmp_path / "some__model.run.json").write_text(json.dumps({"schema_version": 2, "resolved_ids": ["acme__calc-1"]}))
    with pytest.raises(HarnessError, match=r"no report.*evaluation\.log"):
        run_official([calc.row], submit({"acme__calc-1": "p"}), tmp_path, "run", 1, 60)
    assert "docker" in (tmp_path / "evaluation.log").read_text()


@pytest.mark.parametrize("content", ['{"schema_version": 1}', "{}", "[]"])
def test_reports_of_other_schemas_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(HarnessError, match="schema_version 2"):
        read_report(tmp_path / "report.json", tmp_path / "log")
