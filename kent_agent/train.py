"""`python -m kent_agent.train decoder|filling|confidence|operations|evidence`: trains what the agent ships with."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from kent_agent.durable import write_atomically
from kent_agent.errors import KentError
from kent_agent.pools import spawned_pool

if TYPE_CHECKING:
    from kent_agent.learning.pairs import Pair

HELD_OUT = ("pallets/click", "encode/starlette")


app = typer.Typer(add_completion=False, rich_markup_mode=None)


Mirrors = Annotated[Path, typer.Option(help="Git mirrors named <owner>__<name> or <owner>__<name>.git.")]
HeldOut = Annotated[list[str] | None, typer.Option(help="Repositories to validate on.")]


@app.command()
def decoder(
    fixes: Annotated[Path, typer.Option(help="Fixes that kent_agent.mine wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder for the model and its checkpoint.")],
    limit: Annotated[int, typer.Option(min=1, help="How many fixes of each repository to learn from.")] = 100_000,
    epochs: Annotated[int, typer.Option(help="How often to go through the fixes, at most.")] = 9,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes that prepare fixes.")] = 1,
) -> None:
    """Trains the decoder; keeps the epoch that does best on the validation repositories. Goes on where it ended."""
    from kent_agent.learning.decoder_training import train_decoder

    with _telling():
        train_decoder(fixes, output, limit, epochs, seed, workers)


@app.command()
def filling(
    fixes: Annotated[Path, typer.Option(help="Fixes that kent_agent.mine wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model file to write.")],
    decoder: Annotated[Path | None, typer.Option(help="The decoder; the shipped one by default.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many fixes of each repository to learn from.")] = 100_000,
    epochs: Annotated[int, typer.Option(help="How often to go through the fixes.")] = 7,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes that prepare fixes.")] = 1,
    start: Annotated[Path | None, typer.Option(help="A filling model to go on from; by default none.")] = None,
) -> None:
    """Trains what knows how likely simple edits are; keeps the epoch that does best on the validation repositories."""
    from kent_agent.decoder.weights import weights_path
    from kent_agent.learning.filling_training import train_filling

    with _telling():
        train_filling(fixes, output, weights_path(decoder), limit, epochs, seed, workers, start)


@app.command()
def confidence(
    fixes: Annotated[Path, typer.Option(help="Fixes that kent_agent.mine wrote.")],
    repos_dir: Mirrors,
    model: Annotated[Path, typer.Option(help="The decoder, which is told below what confidence to abstain.")],
    limit: Annotated[int, typer.Option(help="How many validation fixes to answer.")] = 100,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
) -> None:
    """Chooses below what confidence the agent abstains: below its least sure right answer to a validation fix."""
    with _telling():
        choose_confidence(fixes, dict(mirrors(repos_dir)), model, limit, seed)


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


def choose_confidence(fixes: Path, repos: Mapping[str, Path], path: Path, limit: int, seed: int) -> None:
    """Answers validation fixes and writes the confidence to ask for into the model.

    Raises:
        KentError: the fixes, the model or a repository cannot be read.
    """
    import torch

    from kent_agent.decoder.model import DecoderModel
    from kent_agent.filling.model import FillingModel
    from kent_agent.generator import CodeGenerator
    from kent_agent.learning.confidence import drawn, first_answers, least_confidence
    from kent_agent.locator import open_locator

    torch.set_num_threads(1)  # results do not depend on how many cores there are
    model = DecoderModel.load(path)
    answers = first_answers(drawn(fixes, limit, seed), repos, open_locator(), CodeGenerator(model, FillingModel.load()))
    model.min_confidence = least_confidence(answers)
    right = sum(right for _, right in answers)
    kept = sum(confidence >= model.min_confidence for confidence, _ in answers)
    model.provenance["confidence"] = {"answers": len(answers), "right": right, "kept": kept}
    model.save(path)
    told = f"{right} right; at least {model.min_confidence:.3g} is asked for, which {kept} answers reach"
    print(f"{len(answers)} first answers, {told}")


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
    with spawned_pool(workers) as pool:
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
