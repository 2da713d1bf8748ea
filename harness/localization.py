"""`python -m harness.localization --split NAME`: how high the gold places stand among those the locator names.

Gold is what the patch changes outside tests (`harness/gold.py`); instances left without any are excluded and counted.
Each instance is located twice, with an empty index and with what that left behind; in the same run classical rankers
rank the same candidates (`harness/baselines.py`). A repository is measured with weights that have not seen it; where
there are none, the table says so.
"""

import json
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from harness.ablation import ablation
from harness.baselines import file_rankings, function_rankings
from harness.gold import gold_files, gold_functions, gold_operation
from harness.metrics import rank_of
from harness.repositories import open_store
from harness.tables import show_ablation, show_summary, summarise
from kent_agent.dataset import load_split
from kent_agent.durable import write_atomically
from kent_agent.errors import HarnessError, KentError
from kent_agent.learning.pairs import Pair, save_pairs
from kent_agent.pools import spawned_pool
from kent_agent.source.history import is_source
from kent_agent.source.issue import parse_issue
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot

NAMED = 50  # places that the locator is asked for

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Measurement:
    """One instance: its gold, where that stands from 1 (0 where it is not named at all), and what it cost.

    Attributes:
        files, functions: ranks of the gold files among all candidates, and of the gold places among those named.
        operation: the operation of the gold patch, and the one that was named; empty where a patch has none.
        baselines: by name, the same ranks by a classical ranker.
        beliefs: for each slot the confidence in the first answer, and whether that is gold.
        in_sample: whether the weights have seen this repository.
        cold, warm: seconds with an empty index and with a filled one, from opening the repository on.
        index_bytes: what the index took on disk.
        peak_rss_mb: of the process that located it.
    """

    instance_id: str
    repo: str
    files: list[int]
    functions: list[int]
    operation: tuple[str, str]
    beliefs: dict[str, tuple[float, bool]]
    in_sample: bool
    cold: float
    warm: float
    index_bytes: int
    peak_rss_mb: float
    baselines: dict[str, dict[str, list[int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gold:
    """Where a row's patch changes what was there."""

    files: frozenset[str]
    functions: frozenset[tuple[str, str]]
    operation: str

    @classmethod
    def of(cls, row: Mapping[str, Any], snapshot: RepoSnapshot) -> "Gold":
        """The gold of a row, as far as it is in the repository."""
        present = {entry.path for entry in snapshot.files}
        functions = frozenset(place for place in gold_functions(row, snapshot.read_text) if place[0] in present)
        operation = gold_operation(row, snapshot.read_text)
        return cls(frozenset(gold_files(row)) & present, functions, operation or "")


def measure(row: Mapping[str, Any], store: RepositoryStore, weights: Path | None) -> tuple[Measurement, Pair] | None:
    """Locates a row's issue; None where nothing of its gold is in the repository. Runs in a worker."""
    task = SWETask.from_row(row)
    issue = parse_issue(task.problem_statement)
    with store.snapshot(task) as snapshot:
        gold = Gold.of(row, snapshot)
    if not gold.files:
        return None
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for _ in ("cold", "warm"):
            locator = _locator(Path(folder), weights)
            started = time.perf_counter()
            with store.snapshot(task) as snapshot:
                found = locator.locate(issue, snapshot, task.repo, NAMED)
            seconds.append(round(time.perf_counter() - started, 3))
        index_bytes = locator.index.store.size
    if found.evidence is None:
        raise HarnessError(f"{task.instance_id}: its gold files are no candidates; {task.repo} has no Python source.")
    named = list(dict.fromkeys((each.file, each.location.name) for each in found.factorizations))
    first = found.factorizations[0]
    hits = {
        "FILE": first.file in gold.files,
        "LOCATION": (first.file, first.location.name) in gold.functions,
        "OPERATION": first.operation == gold.operation,
    }
    measurement = Measurement(
        instance_id=task.instance_id,
        repo=task.repo,
        files=[rank_of(file, found.files) for file in sorted(gold.files)],
        functions=[rank_of(place, named) for place in sorted(gold.functions)],
        operation=(gold.operation, str(first.operation)),
        beliefs={slot: (first.confidences[slot], hit) for slot, hit in hits.items()},
        in_sample=task.repo in found.weights.saw,
        cold=seconds[0],
        warm=seconds[1],
        index_bytes=index_bytes,
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )
    beliefs = found.beliefs.operations if found.beliefs else {}
    operation = (beliefs.get(first.operation, 0.0), hits["OPERATION"])
    return measurement, Pair.of(
        task.instance_id, task.repo, "dev", found.evidence, gold.files, gold.functions, operation
    )


def measure_baselines(row: Mapping[str, Any], store: RepositoryStore) -> dict[str, dict[str, list[int]]]:
    """Ranks of a row's gold by the classical rankers, on the locator's candidates. Runs in a worker of its own kind.

    Raises:
        HarnessError: their packages, development extras, are not installed.
    """
    task = SWETask.from_row(row)
    with store.snapshot(task) as snapshot:
        gold = Gold.of(row, snapshot)
        paths = [entry.path for entry in snapshot.files if is_source(entry.path)]
        documents = {path: snapshot.read_text(path) or "" for path in paths}
    files = file_rankings(task.problem_statement, documents)
    functions = function_rankings(task.problem_statement, documents)
    return {
        name: {
            "files": [rank_of(file, ranking) for file in sorted(gold.files)],
            "functions": [rank_of(place, functions[name]) for place in sorted(gold.functions)],
        }
        for name, ranking in files.items()
    }


def _locator(folder: Path, weights: Path | None) -> Any:
    """A locator that shares nothing with earlier ones but the index in a folder; torch is not loaded for it."""
    from kent_agent.locator import open_locator

    return open_locator(folder / "index.sqlite", weights)


def measure_all(
    rows: Sequence[Mapping[str, Any]], store: RepositoryStore, weights: Path | None, workers: int
) -> tuple[list[Measurement], list[Pair]]:
    """Measures rows in worker processes; the baselines after the locator, so that its memory is its own.

    Raises:
        HarnessError: no row changes an existing Python file.
    """
    n = len(rows)
    with spawned_pool(workers) as pool:
        found = list(pool.map(measure, rows, [store] * n, [weights] * n))
    kept = [(row, *each) for row, each in zip(rows, found, strict=True) if each is not None]
    if not kept:
        raise HarnessError("No instance changes an existing Python file; there is nothing to locate.")
    with spawned_pool(workers) as pool:
        baselines = list(pool.map(measure_baselines, [row for row, _, _ in kept], [store] * len(kept)))
    measured = [replace(each, baselines=ranks) for (_, each, _), ranks in zip(kept, baselines, strict=True)]
    return measured, [pair for _, _, pair in kept]


@app.command()
def main(
    split: Annotated[str, typer.Option(help="lite, verified, full, dev, demo, NAME:SPLIT or a path.")],
    subset: Annotated[str | None, typer.Option(help="--subset X --split Y is --split X:Y.")] = None,
    repos_dir: Annotated[Path | None, typer.Option(help="Git mirrors [env KENT_REPOS_DIR].")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes.")] = 1,
    ablate: Annotated[bool, typer.Option(help="Also fits and measures without each source of evidence.")] = False,
    weights: Annotated[Path | None, typer.Option(help="Weights of evidence; the shipped ones by default.")] = None,
    export: Annotated[Path | None, typer.Option(help="Writes labelled pairs for kent_agent.train evidence.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Writes the figures as JSON.")] = None,
) -> None:
    """Measure fault localization against the gold patches of a split."""
    try:
        data = load_split(split, subset)
        store = open_store(data, repos_dir)
        measured, pairs = measure_all(data.rows, store, weights, workers)
        console = Console(width=160)
        summary = summarise(measured, len(data.rows) - len(measured))
        show_summary(console, measured, summary)
        if export:
            save_pairs(pairs, export)
        if ablate:
            summary["ablation"] = ablation(data.rows, store, pairs, workers)
            show_ablation(console, summary["ablation"])
        if output:
            write_atomically(output, json.dumps(summary, indent=1) + "\n")
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    app()
