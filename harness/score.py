"""`python -m harness.score predictions/*.jsonl --split NAME`: what can be said without running tests."""

import ast
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer
from rich.console import Console
from unidiff.errors import UnidiffParseError

from harness.gold import gold_files, gold_functions, touched_files, touched_functions
from harness.reports import show_table
from harness.repositories import open_store
from harness.submissions import Submission, read_submission
from kent_agent.dataset import load_split
from kent_agent.errors import HarnessError, KentError, PatchError
from kent_agent.source.sameness import same
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot

Files = Mapping[str, bytes | None]
"""Path -> what a file holds; None for one that is deleted."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass
class Score:
    """One submission file, counted.

    Attributes:
        file: its path.
        instances: rows of the split; what the counts below are to be compared with.
        rows, malformed, unknown, duplicates: entries of the file, those that are no prediction, instance ids
            the split does not have, and entries that a later one repeats.
        empty: predictions without a patch.
        applies: patches that git applies to the base commit.
        parses: of these, the ones that leave every .py file they touch parseable.
        file_hit: of those that apply, the ones that touch at least one gold file.
        function_hit: likewise at least one gold function (class or module, where gold edits no function).
        same_code: likewise those that leave the code which the gold patch leaves, comments and formatting aside.
        resolved: from the report of an evaluation of this very file; None without one.
        seconds: mean per instance, from the trajectories; None without any.
    """

    file: str
    instances: int
    rows: int
    malformed: int
    unknown: int
    duplicates: int
    empty: int = 0
    applies: int = 0
    parses: int = 0
    file_hit: int = 0
    function_hit: int = 0
    same_code: int = 0
    resolved: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What is true of one patch that applies; see `Score`."""

    parses: bool
    file_hit: bool
    function_hit: bool
    same_code: bool


def score(submissions: Sequence[Submission], rows: Sequence[Mapping[str, Any]], store: RepositoryStore) -> list[Score]:
    """Count what holds of each submission's predictions for these rows, in the order of the submissions.

    Raises:
        WorkspaceError: a repository or base commit is not to be had.
    """
    known = {row["instance_id"] for row in rows}
    scores = [
        Score(
            file=str(submission.path),
            instances=len(rows),
            rows=submission.rows,
            malformed=submission.malformed,
            unknown=len(submission.predictions.keys() - known),
            duplicates=submission.duplicates,
            seconds=mean_seconds(submission),
        )
        for submission in submissions
    ]
    for row in rows:  # a row at a time: its repository is opened once for all submissions
        patches = []
        for submission, result in zip(submissions, scores, strict=True):
            prediction = submission.predictions.get(row["instance_id"])
            if prediction and prediction.model_patch.strip():
                patches.append((prediction.model_patch, result))
            elif prediction:
                result.empty += 1
        if patches:
            with store.snapshot(SWETask.from_row(row)) as snapshot:
                for patch, result in patches:
                    _count(judge(patch, row, snapshot), result)
    return scores


def _count(verdict: Verdict | None, result: Score) -> None:
    if verdict:
        result.applies += 1
        result.parses += verdict.parses
        result.file_hit += verdict.file_hit
        result.function_hit += verdict.function_hit
        result.same_code += verdict.same_code


def judge(patch: str, row: Mapping[str, Any], snapshot: RepoSnapshot) -> Verdict | None:
    """What holds of a patch at its base commit; None when it does not apply there."""
    try:
        after = snapshot.apply(patch)
        files = touched_files(patch)
        functions = touched_functions(patch, snapshot.read_text)
    except (PatchError, UnidiffParseError):
        return None
    return Verdict(
        parses=all(_tree(content) for path, content in after.items() if path.endswith(".py") and content is not None),
        file_hit=not files.isdisjoint(gold_files(row)),
        function_hit=not functions.isdisjoint(gold_functions(row, snapshot.read_text)),
        same_code=_same_code(after, snapshot.apply(row["patch"]), snapshot),
    )


def _same_code(left: Files, right: Files, snapshot: RepoSnapshot) -> bool:
    """Whether two sets of changed files leave the same code in a repository, and the same bytes in other files."""
    held = {entry.path for entry in snapshot.files}
    for path in left.keys() | right.keys():
        before = snapshot.read(path) if path in held else None
        one, other = left.get(path, before), right.get(path, before)
        if one != other and not (path.endswith(".py") and _same_trees(one, other)):
            return False
    return True


def _same_trees(left: bytes | None, right: bytes | None) -> bool:
    tree = _tree(left or b"")  # a file that is gone is as good as an empty one
    try:
        return tree is not None and same(tree, _tree(right or b""))
    except RecursionError:  # deeper than can be told
        return False


def _tree(content: bytes) -> ast.Module | None:
    """A file's syntax; None for what is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def mean_seconds(submission: Submission) -> float | None:
    """The mean of `seconds` over the trajectories beside a submission that have it."""
    seconds = []
    for path in sorted((submission.folder / "trajectories").glob("*.json")):
        value = _read_object(path).get("seconds")
        if isinstance(value, int | float):
            seconds.append(float(value))
    return fmean(seconds) if seconds else None


def resolved(submission: Submission, rows: Sequence[Mapping[str, Any]], report: Path | None) -> int | None:
    """How many of the rows a report calls resolved; None where there is none for this submission.

    Args:
        report: a report of swebench, taken at its word; by default the one `harness.evaluate` left, which
            counts only while the file still holds the predictions it is about.

    Raises:
        HarnessError: `report` was given and cannot be read.
    """
    found = _read_object(report or submission.folder / "report.json")
    if report and "resolved_ids" not in found:
        raise HarnessError(f"{report}: this is no report of an evaluation.")
    if not report and found.get("predictions_sha256") != submission.sha256:
        return None
    return len({row["instance_id"] for row in rows}.intersection(found["resolved_ids"]))


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def show(console: Console, scores: Sequence[Score]) -> None:
    """A line for each submission."""
    columns = [name for name in Score.__annotations__ if name != "file"]
    show_table(
        console,
        ["file", *(name.replace("_", " ") for name in columns)],
        [[result.file, *(_cell(getattr(result, name)) for name in columns)] for result in scores],
    )


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@app.command()
def main(
    predictions: Annotated[list[Path], typer.Argument(help="JSONL, JSON lists or preds.json files.")],
    split: Annotated[str, typer.Option(help="lite, verified, full, dev, demo, NAME:SPLIT or a path.")],
    subset: Annotated[str | None, typer.Option(help="--subset X --split Y is --split X:Y.")] = None,
    repos_dir: Annotated[
        Path | None, typer.Option(help="Git mirrors; cloned where there are none [env KENT_REPOS_DIR].")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="An official report, for one submission file alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list in place of the table.")] = False,
) -> None:
    """Count, for each predictions file, what applies, parses and hits the gold files and functions."""
    try:
        if report and len(predictions) > 1:
            raise HarnessError("--report is about one predictions file; several were given.")
        chosen = load_split(split, subset)
        submissions = [read_submission(path) for path in predictions]
        scores = score(submissions, chosen.rows, open_store(chosen, repos_dir))
        for submission, result in zip(submissions, scores, strict=True):
            result.resolved = resolved(submission, chosen.rows, report)
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps([asdict(result) for result in scores], indent=2))
    else:
        show(Console(), scores)


if __name__ == "__main__":
    app()
