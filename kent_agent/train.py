"""`python -m kent_agent.train decoder|operations|evidence`: mines mirrors and trains what the agent ships with."""

import json
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from kent_agent.durable import write_atomically
from kent_agent.errors import KentError

if TYPE_CHECKING:
    from kent_agent.learning.pairs import Pair

HELD_OUT = ("pallets/click", "encode/starlette")


app = typer.Typer(add_completion=False, rich_markup_mode=None)


Mirrors = Annotated[Path, typer.Option(help="Git mirrors named <owner>__<name> or <owner>__<name>.git.")]
HeldOut = Annotated[list[str] | None, typer.Option(help="Repositories to validate on.")]


@app.command()
def decoder(
    repos_dir: Mirrors,
    output: Annotated[Path, typer.Option("-o", "--output", help="The weights file to write.")],
    commits: Annotated[int, typer.Option(help="How many commits of each repository to look at.")] = 1500,
    epochs: Annotated[int, typer.Option(help="How often to go through the fixes.")] = 10,
    held_out: HeldOut = None,
    seed: Annotated[int, typer.Option(help="Of the initial weights and the order of examples.")] = 0,
) -> None:
    """Trains the decoder on mined fixes; keeps the epoch with the least loss on the held-out repositories."""
    with _telling():
        train_decoder(repos_dir, output, commits, epochs, tuple(held_out or HELD_OUT), seed)


@app.command()
def operations(
    repos_dir: Mirrors,
    output: Annotated[Path, typer.Option("-o", "--output", help="The model file to write.")],
    commits: Annotated[int, typer.Option(help="How many commits of each repository to learn from.")] = 400,
    held_out: HeldOut = None,
) -> None:
    """Learns the kind of edit from mined commits, and prints how well it tells it on the held-out repositories."""
    from kent_agent.learning.operations import train_operations

    with _telling():
        model = train_operations(mirrors(repos_dir), tuple(held_out or HELD_OUT), commits)
        model.save(output)
        print(json.dumps(model.provenance, indent=1))


@app.command()
def evidence(
    repos_dir: Mirrors,
    labelled: Annotated[Path, typer.Option(help="Pairs that harness.localization --export wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The weights file to write.")],
    commits: Annotated[int, typer.Option(help="How many commits of each repository to learn from.")] = 50,
    mined: Annotated[Path | None, typer.Option(help="Keeps mined pairs here, and reads them where they are.")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes that mine.")] = 1,
) -> None:
    """Fits the weights of evidence to mined and labelled pairs, and for each repository a set that has not seen it."""
    with _telling():
        train_evidence(repos_dir, labelled, output, commits, mined, workers)


@contextmanager
def _telling() -> Iterator[None]:
    """Turns an expected failure into its message and exit code 2."""
    try:
        yield
    except KentError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


def train_evidence(
    repos_dir: Path, labelled: Path, output: Path, commits: int, mined: Path | None, workers: int
) -> None:
    """Mines pairs from every mirror, fits all sets of weights, and writes them.

    Raises:
        KentError: no mirrors, a forbidden repository, or pairs that cannot be read.
    """
    import torch

    from kent_agent.learning.evidence import train_weights
    from kent_agent.learning.pairs import load_pairs, save_pairs

    torch.set_num_threads(1)  # results do not depend on how many cores there are
    known = load_pairs(labelled)
    if mined and mined.is_file():
        pairs = load_pairs(mined)
    else:
        pairs = _mined_pairs(list(mirrors(repos_dir)), commits, workers)
        if mined:
            save_pairs(pairs, mined)
    write_atomically(output, train_weights(known, pairs).dump())


def _mined_pairs(repos: list[tuple[str, Path]], commits: int, workers: int) -> "list[Pair]":
    """The pairs of all mirrors, one repository a process, in the mirrors' order."""
    pairs: list[Pair] = []
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for (repo, _), found in zip(repos, pool.map(_pairs_of, repos, [commits] * len(repos)), strict=True):
            pairs += found
            print(f"{repo}: {len(found)} pairs", flush=True)
    return pairs


def _pairs_of(mirror: tuple[str, Path], commits: int) -> "list[Pair]":
    from kent_agent.hdc.sparse import SparseItems
    from kent_agent.index import IndexStore
    from kent_agent.learning.mined_pairs import mine_pairs
    from kent_agent.repository_index import FORMAT, RepositoryIndex
    from kent_agent.resonator import DIMENSION

    with TemporaryDirectory() as folder:
        index = RepositoryIndex(SparseItems(DIMENSION), IndexStore(Path(folder) / "index.sqlite", FORMAT))
        return list(mine_pairs(*mirror, index, commits))


def train_decoder(
    repos_dir: Path, output: Path, commits: int, epochs: int, held_out: tuple[str, ...], seed: int
) -> None:
    """Mines, trains, and writes the best model so far after each epoch that improves on it.

    Raises:
        KentError: no mirrors, a forbidden repository, or nothing to learn or validate on.
    """
    import torch

    from kent_agent.encoder import CodeEncoder
    from kent_agent.learning.mining import mine
    from kent_agent.learning.trainer import CodeTrainer

    mined = {repo: list(mine(repo, mirror, commits)) for repo, mirror in mirrors(repos_dir)}
    fixes = [fix for repo, found in mined.items() if repo not in held_out for fix in found]
    unseen = [fix for repo in held_out for fix in mined.get(repo, [])]
    if not fixes or not unseen:
        raise KentError(f"{repos_dir} holds no fixes to train on, or none of {', '.join(held_out)} to validate on.")
    torch.set_num_threads(1)  # results do not depend on how many cores there are
    trainer = CodeTrainer.for_fixes(fixes, CodeEncoder(), seed)
    trainer.model.provenance = {
        "repositories": dict(Counter(fix.repo for fix in fixes)),
        "held_out": dict(Counter(fix.repo for fix in unseen)),
        "newest_commits": {repo: found[0].commit for repo, found in mined.items() if found},
        "commits_each": commits,
        "seed": seed,
    }
    print(
        f"{len(fixes)} fixes to learn, {len(unseen)} held out, {len(trainer.model.patterns)} patterns",
        flush=True,
    )
    best = float("inf")

    def keep_the_best(epoch: int, loss: float) -> None:
        nonlocal best
        scores = trainer.evaluate(unseen)
        print(f"epoch {epoch + 1}: loss {loss:.3f}; held out {scores}", flush=True)
        if scores["pattern_loss"] + scores["token_loss"] < best:
            best = scores["pattern_loss"] + scores["token_loss"]
            trainer.model.provenance["validation"] = scores | {"epoch": epoch + 1}
            trainer.save(output)

    trainer.fit(fixes, epochs, seed=seed, after_epoch=keep_the_best)


def mirrors(repos_dir: Path) -> Iterator[tuple[str, Path]]:
    """(owner/name, git directory) of each mirror in a folder, by name.

    Raises:
        KentError: the folder holds none.
    """
    found = sorted(path for path in repos_dir.glob("*__*") if path.is_dir())
    if not found:
        raise KentError(f"{repos_dir} holds no mirror named <owner>__<name>; clone some there with git clone --bare.")
    for path in found:
        yield (
            path.name.removesuffix(".git").replace("__", "/", 1),
            path / ".git" if (path / ".git").is_dir() else path,
        )


if __name__ == "__main__":
    app()
