"""How high simple edits of gold patches stand: python benchmarks/simple.py --split dev --repos-dir mirrors/.

Few gold patches are one edit, but many hold a simple one. Each hunk of up to 20 lines is taken alone, the file before
and the function given, and its simple edits are looked up among all that the function offers, by the odds that messages
have of being simple. Patches count alike however many such hunks they have; those of more than 20 are left out. It
prints how often an edit that any way finds is among the likeliest, for several shares of the probability that are given
out as if nothing were said.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from harness.gold import gold_files
from harness.repositories import open_store
from kent_agent.dataset import load_split
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.search import Decoding
from kent_agent.decoder.situation import MOST_SITES
from kent_agent.decoder.weights import weights_path
from kent_agent.filling.filled import blended, filled
from kent_agent.filling.model import FillingModel
from kent_agent.learning.examples import situation_of
from kent_agent.learning.filling_examples import may_be_simple, unquoted
from kent_agent.learning.fix_mining import MAX_LINES, SmallCommit, commit_fixes
from kent_agent.learning.fixes import MinedFix
from kent_agent.pools import spawned_pool
from kent_agent.source.history import hunks
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot

SHARES = (0.0, 0.2, 0.35, 0.5, 0.65, 1.0)
FIRST = (1, 3, 10, 30, 100, 1000)
MOST_HUNKS = 20  # of a patch
LIMIT = 3000  # edits of a function that are looked at


class Models(NamedTuple):
    """What weighs simple edits."""

    decoder: DecoderModel
    filling: FillingModel


def pieces(row: Mapping[str, Any], snapshot: RepoSnapshot) -> Iterator[MinedFix]:
    """The hunks of a row's gold patch, each as a fix of its own, told by the issue."""
    after = snapshot.apply(row["patch"])
    told = SmallCommit(row["base_commit"], row["base_commit"], row["problem_statement"], ())
    for path in sorted(gold_files(row)):
        before, data = snapshot.read_text(path), after.get(path)
        if before is None or data is None:
            continue
        old, new = before.split("\n"), data.decode(errors="replace").split("\n")
        for start, end, first, last in hunks(old, new):
            if end - start + last - first <= MAX_LINES:
                text = "\n".join([*old[:start], *new[first:last], *old[end:]])
                yield from commit_fixes(row["repo"], told, [(path, before, text)])


def _simple(row: Mapping[str, Any], store: RepositoryStore) -> list[tuple[str, MinedFix]]:
    """Those pieces of a row that may hold simple edits, with its name."""
    with store.snapshot(SWETask.from_row(row)) as snapshot:
        found = list(pieces(row, snapshot))
    few = found if len(found) <= MOST_HUNKS else []
    return [(row["instance_id"], fix) for fix in few if any(map(may_be_simple, fix.edits))]


def ranks(fix: MinedFix, models: Models, shares: Sequence[float] = SHARES) -> list[int]:
    """Where the likeliest simple edit of a fix ranks, from 1, for each share of silence; 0 where it is not found."""
    situation = situation_of(fix, models.decoder.learned)
    if len(situation.sites) >= MOST_SITES:
        return [0] * len(shares)
    with torch.inference_mode():
        told, silent = (
            filled(models.filling, each, Decoding(models.decoder, each).site_scores, LIMIT)
            for each in (situation, situation.silent())
        )
    wanted = set(map(unquoted, fix.edits))
    mixed = (blended(told, silent, share, LIMIT).edits for share in shares)
    return [next((i for i, edit in enumerate(each, 1) if unquoted(edit) in wanted), 0) for each in mixed]


def _ranked(named: tuple[str, MinedFix], decoder: Path) -> tuple[str, list[int]]:
    name, fix = named
    return name, ranks(fix, _models(decoder))


@lru_cache(maxsize=1)
def _models(decoder: Path) -> Models:
    torch.set_num_threads(1)  # workers are the parallelism
    return Models(DecoderModel.load(decoder), FillingModel.load())


def main(
    split: Annotated[str, typer.Option(help="The split, or a file of rows.")] = "dev",
    repos_dir: Annotated[Path | None, typer.Option(help="Local git mirrors.")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes.")] = 1,
) -> None:
    """Rank the simple edits of gold patches."""
    rows = load_split(split)
    store = open_store(rows, repos_dir)
    fixes = list(chain.from_iterable(_simple(row, store) for row in rows.rows))
    found: defaultdict[str, list[list[int]]] = defaultdict(list)
    with spawned_pool(workers) as pool:
        for name, ranked in pool.map(partial(_ranked, decoder=weights_path(None)), fixes, chunksize=8):
            if any(ranked):  # at least one way finds it: it is a simple edit
                found[name].append(ranked)
    table = Table("silence", *(f"@{k}" for k in FIRST), box=None)
    for i, share in enumerate(SHARES):
        of_each = [np.array([ranked[i] for ranked in each]) for each in found.values()]
        hits = [float(np.mean([np.mean((each > 0) & (each <= k)) for each in of_each])) for k in FIRST]
        table.add_row(f"{share:.0%}", *(f"{100 * hit:.1f}" for hit in hits))
    Console().print(f"{sum(map(len, found.values()))} simple edits of {len(found)} patches, percent among the first k:")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
