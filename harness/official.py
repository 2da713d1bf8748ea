"""The unmodified swebench harness, run as its users run it: in a subprocess, told by its report."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.daemon import remove_containers
from harness.submissions import Prediction, read_submission, write_submission
from kent_agent.dataset import write_rows
from kent_agent.errors import HarnessError

SCHEMA_VERSION = 2
"""Of swebench's report; what other versions mean by their fields is not known here."""

GRADED_COLUMNS = (
    "instance_id", "image", "repo", "version", "base_commit",
    "FAIL_TO_PASS", "PASS_TO_PASS", "log_parser", "eval_type", "eval_script",
)  # fmt: skip


def run_official(
    rows: Sequence[dict[str, Any]], predictions: Path, workdir: Path, run_id: str, workers: int, timeout: int
) -> dict[str, Any]:
    """Grade a predictions file with `python -m swebench.harness.run_evaluation`.

    The working directory receives `rows.jsonl`, `predictions.jsonl` (cleaned: malformed entries and unknown
    ids, which end run_evaluation with a traceback, and earlier duplicates are left out), `evaluation.log`,
    swebench's `logs/` and its report. Instances that `run_id` has graded there before are not run again,
    so a run id has to stand for these rows, predictions and images.

    Args:
        rows: every row of the split, in swebench 5's format; those without a prediction count as incomplete.
        predictions: JSONL, a JSON list or a `preds.json` dict.
        workers: containers at a time.
        timeout: seconds an instance's tests may take.

    Returns:
        swebench's report (schema_version 2).

    Raises:
        HarnessError: the rows cannot be graded, no prediction is for them, or the harness left no report;
            its exit code says nothing, so it is not looked at.
    """
    model, _ = prepare(rows, predictions, workdir)
    report = workdir / f"{model}.{run_id}.json"
    report.unlink(missing_ok=True)  # an earlier run's report must not speak for one that dies
    command = [
        sys.executable, "-m", "swebench.harness.run_evaluation",
        "-d", "rows.jsonl", "-s", "test", "-p", "predictions.jsonl", "-id", run_id,
        "--max_workers", str(workers), "--timeout", str(timeout), "--report_dir", ".",
    ]  # fmt: skip
    log = workdir / "evaluation.log"
    with log.open("wb") as output:
        # UTF-8 mode: swebench writes patches in the locale's encoding otherwise
        environment = {**os.environ, "PYTHONUTF8": "1"}
        try:
            subprocess.run(command, cwd=workdir, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
        except BaseException:  # Ctrl-C ends the harness before it has removed its containers
            remove_containers(run_id)
            raise
    return read_report(report, log)


def prepare(rows: Sequence[dict[str, Any]], predictions: Path, workdir: Path) -> tuple[str, dict[str, Prediction]]:
    """Write `rows.jsonl` and a clean `predictions.jsonl` into `workdir`, as `-d` and `-p` take them.

    Returns:
        The model name in that file, and the predictions in it by instance id.

    Raises:
        HarnessError: the rows cannot be graded, no prediction is for them, or the folder cannot be written.
    """
    check_rows(rows)
    submission = read_submission(predictions)
    chosen = submission.of(rows)
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        write_rows(rows, workdir / "rows.jsonl")
        write_submission(chosen.values(), submission.model, workdir / "predictions.jsonl")
    except OSError as error:
        raise HarnessError(f"{workdir}: it cannot be written ({error.strerror}).") from error
    return submission.model, chosen


def read_report(path: Path, log: Path) -> dict[str, Any]:
    """A report of swebench.

    Raises:
        HarnessError: there is none, or it is of another schema; names the log of the run.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HarnessError(f"The harness left no report; its log {log} says why.") from error
    if not isinstance(report, dict) or report.get("schema_version") != SCHEMA_VERSION:
        raise HarnessError(f"{path}: not a report of schema_version {SCHEMA_VERSION}; install swebench>=5,<6.")
    return report


def check_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rows on which swebench would die with a traceback before it grades anything.

    Raises:
        HarnessError: naming the instance and the column.
    """
    for row in rows:
        name = row.get("instance_id", "a row without instance_id")
        for column in GRADED_COLUMNS:
            if row.get(column) is None:
                raise HarnessError(f"{name}: the column {column!r} is missing; rows of swebench>=5 have it.")
        for column in ("FAIL_TO_PASS", "PASS_TO_PASS"):
            if not _is_test_list(row[column]):
                raise HarnessError(f"{name}: the column {column!r} is not a list of test names.")


def _is_test_list(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    return isinstance(value, Sequence) and all(isinstance(test, str) for test in value)
