"""`python -m harness.localization --split NAME`: how high the gold places stand among those the agent names.

Gold is what the patch changes outside tests; files that it creates are none, and instances left without any are
excluded and counted. The baseline, BM25 over split identifiers (paths counting five times), ranks the same candidate
files in the same run.
"""

import json
import multiprocessing
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from harness.gold import gold_files, gold_functions
from harness.repositories import open_store
from kent_agent.dataset import load_split
from kent_agent.durable import write_atomically
from kent_agent.errors import HarnessError, KentError
from kent_agent.progress import say
from kent_agent.source.history import is_source
from kent_agent.source.issue import parse_issue
from kent_agent.source.tokens import terms
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot

FILE_CUTS = (1, 3, 5, 10)
FUNCTION_CUTS = (1, 5, 10)
PATH_WEIGHT = 5

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Ranks:
    """One instance's gold places, each with its rank from 1; 0 where it is not named at all.

    Attributes:
        files: ranks of the gold files among all candidate files.
        bm25: the same by the baseline.
        functions: ranks of the gold functions among the first ten named places.
        seconds: the agent's, for ranking files and naming places.
    """

    instance_id: str
    repo: str
    files: list[int]
    bm25: list[int]
    functions: list[int]
    seconds: float


def rank(row: Mapping[str, Any], store: RepositoryStore) -> Ranks | None:
    """Where the gold places of a row stand; None where it has none. Runs in a worker."""
    agent = _agent(store.repos_dir)
    task = SWETask.from_row(row)
    issue = parse_issue(task.problem_statement)
    with store.snapshot(task) as snapshot:
        present = {entry.path for entry in snapshot.files}
        files = sorted(gold_files(row) & present)
        if not files:
            return None
        started = time.perf_counter()
        ranking = list(agent.resonator.rank_files(issue, snapshot))
        places = [(found.file, found.location.name) for found in agent.factorize(issue, snapshot, max(FUNCTION_CUTS))]
        seconds = time.perf_counter() - started
        functions = sorted(place for place in gold_functions(row, snapshot.read_text) if place[0] in present)
        baseline = bm25_ranking(task.problem_statement, snapshot)
    return Ranks(
        task.instance_id,
        task.repo,
        [_rank_of(file, ranking) for file in files],
        [_rank_of(file, baseline) for file in files],
        [_rank_of(place, list(dict.fromkeys(places))) for place in functions],
        round(seconds, 3),
    )


def bm25_ranking(query: str, snapshot: RepoSnapshot) -> list[str]:
    """The candidate files by BM25 over search terms.

    Raises:
        HarnessError: the package bm25s, a development extra, is not installed.
    """
    try:
        import bm25s
    except ImportError as error:
        raise HarnessError("The baseline needs the package bm25s: pip install 'kent_agent[dev]'.") from error
    paths = [entry.path for entry in snapshot.files if is_source(entry.path)]
    texts = [snapshot.read_text(path) or "" for path in paths]
    documents = [[*PATH_WEIGHT * list(terms(path)), *terms(text)] for path, text in zip(paths, texts, strict=True)]
    if not paths:
        return []
    retriever = bm25s.BM25()
    retriever.index(documents, show_progress=False)
    scores = retriever.get_scores(list(terms(query)))
    return [paths[i] for i in np.argsort(-scores, kind="stable")]


def _rank_of(place: object, ranking: Sequence[object]) -> int:
    return ranking.index(place) + 1 if place in ranking else 0


@cache
def _agent(repos_dir: Path | None) -> Any:
    """The one agent of this process; torch is loaded here and not before."""
    from kent_agent.agent import AgentOptions, KentAgent

    return KentAgent(AgentOptions(repos_dir))


def accuracy(ranks: Iterable[Sequence[int]], cuts: Sequence[int]) -> dict[str, dict[str, float]]:
    """Percent of instances with all, and with any, of their gold places among the first k."""
    found = [list(each) for each in ranks]
    tests = {"all": all, "any": any}
    return {
        name: {
            str(k): round(100 * sum(bool(each) and test(0 < r <= k for r in each) for each in found) / len(found), 1)
            for k in cuts
        }
        for name, test in tests.items()
    }


def mean_reciprocal_rank(ranks: Iterable[Sequence[int]]) -> float:
    """Mean of one over the best gold rank."""
    best = [min((r for r in each if r), default=0) for each in ranks]
    return round(sum(1 / r for r in best if r) / len(best), 4)


def difference_interval(ranks: Sequence[Ranks], k: int, resamples: int = 2000) -> tuple[float, float]:
    """95 % paired bootstrap interval of the agent's share of "all gold files in the first k" less the baseline's."""
    hits = np.array(
        [[all(0 < r <= k for r in side) for side in (each.files, each.bm25)] for each in ranks], dtype=float
    )
    picks = np.random.default_rng(0).integers(0, len(hits), (resamples, len(hits)))
    means = 100 * (hits[picks, 0] - hits[picks, 1]).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(low), 1), round(float(high), 1)


def summarise(ranks: Sequence[Ranks], excluded: int) -> dict[str, Any]:
    """The whole measurement as JSON-ready figures: accuracies in percent, seconds in seconds."""
    seconds = [each.seconds for each in ranks]
    return {
        "n": len(ranks),
        "excluded": excluded,
        "file": accuracy((each.files for each in ranks), FILE_CUTS),
        "function": accuracy((each.functions for each in ranks), FUNCTION_CUTS),
        "mrr": mean_reciprocal_rank([each.files for each in ranks]),
        "baselines": {"bm25": {"file": accuracy((each.bm25 for each in ranks), FILE_CUTS)}},
        "difference_95": {str(k): difference_interval(ranks, k) for k in FILE_CUTS},
        "latency": {"p50": float(np.median(seconds)), "p95": float(np.percentile(seconds, 95))},
        "instances": [asdict(each) for each in ranks],
    }


def show(console: Console, ranks: Sequence[Ranks], summary: Mapping[str, Any]) -> None:
    """Prints the accuracies of the agent and the baseline, of all instances and by repository."""
    table = Table("", "n", *(f"file @{k}" for k in FILE_CUTS), *(f"function @{k}" for k in FUNCTION_CUTS), box=None)
    groups = {"all": list(ranks)} | {
        repo: [each for each in ranks if each.repo == repo] for repo in sorted({each.repo for each in ranks})
    }
    for name, group in groups.items():
        files = accuracy((each.files for each in group), FILE_CUTS)
        functions = accuracy((each.functions for each in group), FUNCTION_CUTS)
        cells = [f"{files['all'][str(k)]} / {files['any'][str(k)]}" for k in FILE_CUTS]
        cells += [f"{functions['all'][str(k)]} / {functions['any'][str(k)]}" for k in FUNCTION_CUTS]
        table.add_row(name, str(len(group)), *cells)
    bm25 = summary["baselines"]["bm25"]["file"]
    table.add_row("BM25, all", str(len(ranks)), *(f"{bm25['all'][str(k)]} / {bm25['any'][str(k)]}" for k in FILE_CUTS))
    console.print(table)
    intervals = ", ".join(f"@{k} {low:+} to {high:+}" for k, (low, high) in summary["difference_95"].items())
    say(console, f"percent of instances: all gold places / any gold place; {summary['excluded']} without gold excluded")
    say(console, f"agent less BM25, all gold files, 95 % interval: {intervals}")
    say(console, f"file MRR {summary['mrr']}; seconds p50 {summary['latency']['p50']}, p95 {summary['latency']['p95']}")


@app.command()
def main(
    split: Annotated[str, typer.Option(help="lite, verified, full, dev, demo, NAME:SPLIT or a path.")],
    subset: Annotated[str | None, typer.Option(help="--subset X --split Y is --split X:Y.")] = None,
    repos_dir: Annotated[Path | None, typer.Option(help="Git mirrors [env KENT_REPOS_DIR].")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes.")] = 1,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Writes the figures as JSON.")] = None,
) -> None:
    """Measure fault localization against the gold patches of a split."""
    try:
        data = load_split(split, subset)
        store = open_store(data, repos_dir)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            ranked = list(pool.map(rank, data.rows, [store] * len(data.rows)))
        ranks = [each for each in ranked if each is not None]
        if not ranks:
            raise HarnessError(f"{split}: no instance changes an existing Python file; there is nothing to locate.")
        summary = summarise(ranks, len(ranked) - len(ranks))
        if output:
            write_atomically(output, json.dumps(summary, indent=1) + "\n")
        show(Console(width=160), ranks, summary)
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    app()
