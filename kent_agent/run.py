"""`python -m kent_agent.run --split NAME`: the agent over a split, to predictions that swebench takes."""

import hashlib
import json
import os
import random
import re
import shlex
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import kent_agent
from kent_agent import dataset
from kent_agent.errors import DatasetError, KentError, RunError
from kent_agent.predictions import UNCOMPARED, Outcome, PredictionStore, Status, safe_name
from kent_agent.progress import follow, say
from kent_agent.task import SWETask
from kent_agent.workers import AgentRecipe, solve_all


class Validate(StrEnum):
    """What decides between candidates besides the model."""

    NONE = "none"
    DOCKER = "docker"


@dataclass(frozen=True)
class RunOptions:
    """What a user asks for; see `--help` for each. `agent` is the `module:Class` that a worker makes."""

    split: str
    subset: str | None = None
    filter: str | None = None
    slice: str | None = None
    shuffle: bool = False
    instance_ids: tuple[str, ...] = ()
    output: Path | None = None
    workers: int = 1
    timeout: float = 600
    repos_dir: Path | None = None
    redo_existing: bool = False
    model_name: str = "kent_agent"
    seed: int = 0
    min_confidence: float | None = None
    validate: str = "none"
    candidates: int = 500
    budget: float = 120.0
    agent: str = "kent_agent.agent:KentAgent"


def run(options: RunOptions, console: Console) -> int:
    """Runs the agent over the selected instances that have no prediction yet.

    Returns:
        0 when every selected instance has a prediction now, 1 when some ended in an error or a timeout.

    Raises:
        KentError: the run cannot start or go on; what it wrote is kept.
    """
    split = dataset.load_split(options.split, options.subset)
    tasks = split.tasks()
    repos_dir = _repos_dir(options, split)
    selected = select(tasks, options)
    settings = _settings(options, split, tasks)
    output = options.output or Path("predictions") / f"{safe_name(options.model_name)}__{split.label}.jsonl"
    if options.validate == Validate.DOCKER:
        from kent_agent.execution.daemon import connect

        connect().close()  # better to say at once that there is no daemon than at every instance
    started = time.monotonic()
    with PredictionStore(output) as store:
        if options.redo_existing and store.records:
            aside = store.redo(settings, {task.instance_id for task in selected})
            with aside:
                outcomes = _solve(selected, aside, repos_dir, options, console)
            _replace(store, aside, console)
        else:
            store.resume(settings)
            outcomes = _solve(selected, store, repos_dir, options, console)
    say(console, _summary(outcomes, len(selected), time.monotonic() - started, output))
    if output.stat().st_size:
        for command in _evaluation_commands(output, split, options):
            say(console, f"  {command}")
    failed = any(outcome.status in (Status.ERROR, Status.TIMEOUT) for outcome in outcomes)
    return 1 if failed else 0


def select(tasks: list[SWETask], options: RunOptions) -> list[SWETask]:
    """The instances to run: --instance-ids and --filter first, then --shuffle, and --slice last.

    Raises:
        DatasetError: an id is unknown.
        RunError: an option does not parse, or nothing is left.
    """
    known = {task.instance_id for task in tasks}
    if unknown := [name for name in options.instance_ids if name not in known]:
        raise DatasetError(f"{', '.join(unknown)} not in {options.split}; check --instance-ids.")
    try:
        pattern = re.compile(options.filter or "")
    except re.error as error:
        raise RunError(f"--filter {options.filter!r} is no regular expression: {error}.") from None
    wanted = set(options.instance_ids) or known
    selected = [task for task in tasks if task.instance_id in wanted and pattern.search(task.instance_id)]
    if options.shuffle:
        random.Random(options.seed).shuffle(selected)
    if options.slice is not None:
        bounds = re.fullmatch(r"(-?\d+)?:(-?\d+)?", options.slice)
        if not bounds:
            raise RunError(f"--slice {options.slice!r} is not of the form a:b, like 0:5 or 10: or :-3.")
        first, last = (int(bound) if bound else None for bound in bounds.groups())
        selected = selected[first:last]
    if not selected:
        raise RunError(f"No instance of {options.split} is selected; loosen --filter, --slice or --instance-ids.")
    return selected


def code_hash() -> str:
    """SHA-256 over the names and contents of the package's Python sources."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        content = source.read_bytes()
        digest.update(f"{source.relative_to(package).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _settings(options: RunOptions, split: dataset.Split, tasks: list[SWETask]) -> dict[str, Any]:
    """What shapes the answers, for the sidecar, and the options that do not."""
    from kent_agent.decoder.weights import model_hash

    visible = json.dumps([asdict(task) for task in tasks], sort_keys=True)
    return {
        "kent_agent": kent_agent.__version__,
        "code_hash": code_hash(),
        "agent": options.agent,
        "model_hash": model_hash(None),
        "model_name": options.model_name,
        "split": split.label,
        "split_hash": hashlib.sha256(visible.encode()).hexdigest(),
        "seed": options.seed,
        "min_confidence": options.min_confidence,
        "validate": options.validate,
        "candidates": options.candidates,
        "budget": options.budget,
        UNCOMPARED: {
            "workers": options.workers,
            "timeout": options.timeout,
            "repos_dir": str(options.repos_dir) if options.repos_dir else None,
            "filter": options.filter,
            "slice": options.slice,
            "shuffle": options.shuffle,
            "instance_ids": list(options.instance_ids),
        },
    }


def _repos_dir(options: RunOptions, split: dataset.Split) -> Path | None:
    """The option, or else the demo's own repositories, or else KENT_REPOS_DIR; None means cloning."""
    if options.repos_dir is None and split.is_demo:
        from kent_agent import demo

        return demo.repositories_dir()
    from kent_agent.workspace import mirrors_dir

    return mirrors_dir(options.repos_dir)


def _spec(options: RunOptions) -> str:
    return f"{options.subset}:{options.split}" if options.subset else options.split


def _solve(
    selected: list[SWETask],
    store: PredictionStore,
    repos_dir: Path | None,
    options: RunOptions,
    console: Console,
) -> list[Outcome]:
    """Runs and records what `store` does not answer yet."""
    answered = store.answered
    todo = [task for task in selected if task.instance_id not in answered]
    if len(todo) < len(selected):
        say(
            console,
            f"{len(selected) - len(todo)} of {len(selected)} instances are done already in {store.path}.",
        )
    recipe = AgentRecipe(options.agent, _agent_options(options, repos_dir), store.scratch)
    outcomes = []
    with (
        closing(solve_all(todo, recipe, options.workers, options.timeout)) as ended,
        follow(console, len(todo)) as show,
    ):
        for outcome in ended:
            store.record(outcome, options.model_name)
            outcomes.append(outcome)
            show(outcome)
    return outcomes


def _agent_options(options: RunOptions, repos_dir: Path | None) -> tuple[tuple[str, Any], ...]:
    names = ("seed", "min_confidence", "validate", "candidates", "budget")
    return ("repos_dir", repos_dir), *((name, getattr(options, name)) for name in names)


def _replace(store: PredictionStore, aside: PredictionStore, console: Console) -> None:
    """Only what answers everything that the old predictions answer may take their place."""
    if lost := store.answered - aside.answered:
        say(
            console,
            f"{store.path} stays as it was, since {len(lost)} of its predictions could not be redone; the "
            f"same command tries them again, and keeps what is done till then in {aside.path}.",
        )
    else:
        store.replace_by(aside)


def _summary(outcomes: list[Outcome], selected: int, seconds: float, output: Path) -> str:
    counts = Counter(outcome.status for outcome in outcomes)
    parts = [f"{counts[status]} {status.value}" for status in Status]
    if before := selected - len(outcomes):
        parts.append(f"{before} done before")
    instances = "instance" if selected == 1 else "instances"
    return f"{selected} {instances} in {seconds:.1f} s: {', '.join(parts)}. Predictions: {output}"


def _evaluation_commands(output: Path, split: dataset.Split, options: RunOptions) -> list[str]:
    """The commands that grade `output`, to be pasted."""
    if split.path and split.path.suffix in (".json", ".jsonl", ".parquet"):
        data = ["-d", str(split.path)]  # also where it stands in for the hub, which may be out of reach
    elif split.official:
        data = ["-d", split.official[0], "-s", split.official[1]]
    else:
        rows = output.with_suffix("") / "dataset.jsonl"
        dataset.write_rows(split.rows, rows)
        data = ["-d", str(rows)]
    # A reused run id returns the report of the predictions it was first used for.
    run_id = f"{output.stem}-{hashlib.sha256(output.read_bytes()).hexdigest()[:8]}"
    official = ["python", "-m", "swebench.harness.run_evaluation", *data, "-p", str(output), "-id", run_id]
    return [
        shlex.join(["python", "-m", "harness.evaluate", str(output), "--split", _spec(options)]),
        shlex.join(official),
    ]


_PROCESSORS = min(4, os.cpu_count() or 1)  # each worker holds a network and a repository in memory

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    split: Annotated[
        str,
        typer.Option(
            help="lite, verified, full, dev or demo, each also with its split after a colon (lite:dev), "
            "or a path: .parquet, .jsonl, .json, a directory."
        ),
    ],
    subset: Annotated[str | None, typer.Option(help="--subset X --split Y is --split X:Y.")] = None,
    filter: Annotated[str | None, typer.Option(help="Only ids in which this regular expression is found.")] = None,
    slice: Annotated[str | None, typer.Option(help="a:b, as Python slices, after filter and shuffle.")] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle by --seed, after filter.")] = False,
    instance_ids: Annotated[
        list[str] | None, typer.Option(help="Only these ids; separated by commas, or the option repeated.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="[default: predictions/<model>__<split>.jsonl]", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes.")] = _PROCESSORS,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one instance.")] = 600,
    repos_dir: Annotated[
        Path | None,
        typer.Option(
            help="Local git mirrors, <owner>__<name> or <owner>__<name>.git, bare or not "
            "(env KENT_REPOS_DIR); without it, repositories are cloned into a cache."
        ),
    ] = None,
    redo_existing: Annotated[
        bool, typer.Option("--redo-existing", help="Begin anew; the old file is replaced when all is done.")
    ] = False,
    model_name: Annotated[str, typer.Option(help="model_name_or_path of the predictions.")] = "kent_agent",
    seed: Annotated[int, typer.Option(help="Of --shuffle and of whatever the agent draws; recorded.")] = 0,
    min_confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Abstain below this confidence. [default: the model's]", show_default=False),
    ] = None,
    validate: Annotated[
        Validate, typer.Option(help="docker: run candidates in the instance's own image, where that is to be had.")
    ] = Validate.NONE,
    candidates: Annotated[
        int, typer.Option(min=1, help="Edits of an instance that are run at most, where they are validated.")
    ] = 500,
    budget: Annotated[float, typer.Option(min=1, help="Seconds of work for an instance's container.")] = 120,
) -> None:
    """Write a prediction for each instance of a split; run again, it goes on where it ended."""
    ids = tuple(name.strip() for value in instance_ids or () for name in value.split(",") if name.strip())
    options = RunOptions(
        split,
        subset,
        filter,
        slice,
        shuffle,
        ids,
        output,
        workers,
        timeout,
        repos_dir,
        redo_existing,
        model_name,
        seed,
        min_confidence,
        validate.value,
        candidates,
        budget,
    )
    try:
        code = run(options, Console())
    except KentError as error:
        typer.echo(str(error), err=True)
        code = 2
    except KeyboardInterrupt:
        typer.echo(
            "Interrupted: every prediction written is kept, and the same command goes on from there.",
            err=True,
        )
        code = 130
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
