"""What each source of evidence, the joint solution and the hypervectors are worth: fitted and measured without them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from harness.exact import ExactItems
from harness.metrics import rank_of
from harness.tables import accuracies
from kent_agent.errors import HarnessError
from kent_agent.evidence.columns import group_of
from kent_agent.evidence.gather import gather
from kent_agent.evidence.weights import WeightSet
from kent_agent.learning.evidence import beliefs_of, fit_set
from kent_agent.learning.pairs import Pair
from kent_agent.locator import ranked_files
from kent_agent.pools import spawned_pool
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore

Ranks = tuple[list[int], list[int]]
"""Of the gold files, and of the gold places."""


def ablation(
    rows: Sequence[Mapping[str, Any]], store: RepositoryStore, pairs: Sequence[Pair], workers: int
) -> dict[str, dict[str, Any]]:
    """Accuracies of every variant by what it is, each fitted to the pairs of all repositories but the measured one."""
    groups = sorted({group_of(column) for pair in pairs[:1] for column in [*pair.files, *pair.symbols]})
    variants: dict[str, partial[list[Ranks]]] = {
        "all evidence, joint": partial(leave_one_out, pairs),
        "each slot by itself": partial(leave_one_out, pairs, joint=False),
        **{f"without {group}": partial(leave_one_out, pairs, without=(group,)) for group in groups},
    }
    by_name = {row["instance_id"]: row for row in rows}
    with spawned_pool(workers) as pool:
        exact = list(pool.map(exactly, pairs, [by_name[pair.name] for pair in pairs], [store] * len(pairs)))
        variants["exact scores instead of hypervectors"] = partial(leave_one_out, exact)
        found = {name: pool.submit(variant) for name, variant in variants.items()}
        ranks = {name: future.result() for name, future in found.items()}
    return {name: accuracies([f for f, _ in each], [p for _, p in each]) for name, each in ranks.items()}


def leave_one_out(pairs: Sequence[Pair], without: Sequence[str] = (), joint: bool = True) -> list[Ranks]:
    """Ranks of each pair's gold by weights fitted to the other repositories' pairs. Runs in a worker."""
    fitted = {
        repo: fit_set([pair for pair in pairs if pair.repo != repo], without, joint)
        for repo in sorted({pair.repo for pair in pairs})
    }
    return [rank(pair, fitted[pair.repo]) for pair in pairs]


def rank(pair: Pair, weights: WeightSet) -> Ranks:
    """Ranks of a pair's gold as the locator would rank it."""
    beliefs = beliefs_of(pair, weights)
    files = ranked_files(pair.paths, pair.files, weights, beliefs)
    named = list(dict.fromkeys((place.path, place.symbol.name) for place, _ in beliefs.places))
    return (
        [rank_of(path, files) for path in sorted(pair.gold_files)],
        [rank_of(place, named) for place in sorted(pair.gold_places)],
    )


def exactly(pair: Pair, row: Mapping[str, Any], store: RepositoryStore) -> Pair:
    """A pair with the same evidence from exact dot products. Runs in a worker."""
    task = SWETask.from_row(row)
    with store.snapshot(task) as snapshot:
        evidence = gather(parse_issue(task.problem_statement), RepositoryIndex(ExactItems()), snapshot)
    if evidence is None:
        raise HarnessError(f"{pair.name}: {pair.repo} lost its Python source between two reads of it.")
    return Pair.of(pair.name, pair.repo, pair.origin, evidence, pair.gold_files, pair.gold_places)
