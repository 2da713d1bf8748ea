"""`python -m harness.evaluate predictions/x.jsonl --split NAME`: tests decide, and their report is shown."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from harness.daemon import ImageOrigin, connect, image_origins
from harness.official import check_rows, run_official
from harness.process import run_process
from harness.reports import show_report
from harness.repositories import open_store
from harness.submissions import Prediction, Submission, read_submission
from kent_agent.dataset import Split, load_split
from kent_agent.durable import write_atomically
from kent_agent.errors import HarnessError, KentError
from kent_agent.progress import say

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class Backend(StrEnum):
    """Where tests run: in the official harness's containers, or as processes of this host."""

    DOCKER = "docker"
    PROCESS = "process"


@dataclass(frozen=True)
class EvaluationOptions:
    """What a user may choose; see the command's help.

    Attributes:
        backend: None to let the split and the daemon decide.
        timeout: seconds an instance's tests may take.
    """

    split: str
    subset: str | None = None
    run_id: str = "evaluation"
    backend: Backend | None = None
    workers: int = 1
    timeout: int = 1800
    repos_dir: Path | None = None


def evaluate(predictions: Path, options: EvaluationOptions, console: Console) -> dict[str, Any]:
    """Grade a predictions file, print the outcome and write it to `predictions/<name>/report.json`.

    Returns:
        swebench's report (schema_version 2) and what it is about: `run_id`, `backend`, `split`,
        `predictions_sha256`, `images`, `logs`, `swebench_version`.

    Raises:
        KentError: predictions, dataset, daemon, an image or a repository is missing.
    """
    submission = read_submission(predictions)
    if submission.folder == predictions:
        raise HarnessError(f"{predictions}: give it a suffix such as .jsonl; its report's folder has none.")
    split = load_split(options.split, options.subset)
    check_rows(split.rows)
    chosen = submission.of(split.rows)
    _tell_left_out(console, submission, len(chosen))
    answered = [row for row in split.rows if _is_answered(row, chosen)]
    backend, images = Backend.PROCESS, list[ImageOrigin]()
    if answered:
        backend = _choose_backend(split, options.backend, console)
        images = _check_images(answered, options, console) if backend is Backend.DOCKER else []
    run_id = make_run_id(options.run_id, submission, split, backend, images)
    workdir = submission.folder / "evaluation" / run_id
    if answered:
        say(console, f"run {run_id}: {len(answered)} patches, {backend} backend, logs in {workdir}")
    else:
        say(console, f"{predictions}: every patch is empty, so it was not run by the official harness.")

    with console.status("tests are running"):
        arguments = (split.rows, predictions, workdir, run_id, options.workers, options.timeout)
        if backend is Backend.DOCKER:
            report = run_official(*arguments)
        else:
            report = run_process(*arguments, open_store(split, options.repos_dir))
    report |= {
        "run_id": run_id,
        "backend": str(backend) if answered else "none",
        "split": split.label,
        "predictions_sha256": submission.sha256,
        "images": [asdict(image) for image in images],
        "logs": str(workdir),
        "swebench_version": _swebench_version(),
    }
    write_atomically(submission.folder / "report.json", json.dumps(report, indent=2) + "\n")
    show_report(console, split.rows, report)
    return report


def _is_answered(row: Mapping[str, Any], chosen: Mapping[str, Prediction]) -> bool:
    return row["instance_id"] in chosen and chosen[row["instance_id"]].model_patch != ""


def _tell_left_out(console: Console, submission: Submission, chosen: int) -> None:
    counts = {
        "malformed": submission.malformed,
        "of unknown id": len(submission.predictions) - chosen,
        "repeated later": submission.duplicates,
    }
    if any(counts.values()):
        listed = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        say(console, f"{submission.path}: left out of {submission.rows} entries: {listed}")


def _choose_backend(split: Split, asked: Backend | None, console: Console) -> Backend:
    """What was asked for, else Docker, but for the demo on a machine that cannot have it.

    Raises:
        HarnessError: Docker was asked for and the demo's images cannot be built.
    """
    if asked is Backend.PROCESS or not split.is_demo:
        return asked or Backend.DOCKER
    from harness.images import ensure_demo_images

    reason = ensure_demo_images(None)
    if reason is None:
        return Backend.DOCKER
    if asked is Backend.DOCKER:
        raise HarnessError(reason)
    say(console, f"{reason} Until then the demo's tests run on this host, with the process backend.")
    return Backend.PROCESS


def _check_images(
    answered: Sequence[dict[str, Any]], options: EvaluationOptions, console: Console
) -> list[ImageOrigin]:
    """Find out before the run what the harness would find out instance by instance."""
    spec = f"{options.subset}:{options.split}" if options.subset else options.split
    origins = image_origins(connect(), answered, spec)
    for origin in origins:
        say(console, f"image {origin.image}: {origin.kind} {origin.digest}")
    return origins


def make_run_id(
    name: str, submission: Submission, split: Split, backend: Backend, images: Sequence[ImageOrigin]
) -> str:
    """A run id for this very input: swebench answers a known one from its old reports."""
    content = json.dumps(
        [submission.sha256, split.rows, backend, [image.digest for image in images]],
        default=str,
        sort_keys=True,
    )
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-") or "evaluation"  # a part of container names
    return f"{safe}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _swebench_version() -> str:
    import swebench

    return str(swebench.__version__)


@app.command()
def main(
    predictions: Annotated[Path, typer.Argument(help="JSONL, a JSON list or a preds.json.")],
    split: Annotated[str, typer.Option(help="lite, verified, full, dev, demo, NAME:SPLIT or a path.")],
    subset: Annotated[str | None, typer.Option(help="--subset X --split Y is --split X:Y.")] = None,
    run_id: Annotated[str, typer.Option(help="Begins the run id; a hash of the input ends it.")] = "evaluation",
    backend: Annotated[
        Backend | None,
        typer.Option(help="process runs the repositories' code on this host; by default for demo alone."),
    ] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Instances at a time.")] = max(
        1, (os.cpu_count() or 1) * 3 // 4
    ),
    timeout: Annotated[int, typer.Option("-t", "--timeout", min=1, help="Seconds per instance.")] = 1800,
    repos_dir: Annotated[
        Path | None, typer.Option(help="Git mirrors, for the process backend [env KENT_REPOS_DIR].")
    ] = None,
) -> None:
    """Run the tests of a split on predicted patches and print what they resolve."""
    options = EvaluationOptions(split, subset, run_id, backend, workers, timeout, repos_dir)
    try:
        evaluate(predictions, options, Console())
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        typer.echo("Interrupted: no report was written; the same command goes on with what is left.", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    app()
