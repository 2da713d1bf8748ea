"""`python -m kent_agent.train --repos-dir DIR -o FILE`: mines fixes from mirrors and trains the decoder on them."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kent_agent.errors import KentError

HELD_OUT = ("pallets/click", "encode/starlette")


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    repos_dir: Annotated[Path, typer.Option(help="Git mirrors named <owner>__<name> or <owner>__<name>.git.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The weights file to write.")],
    commits: Annotated[int, typer.Option(help="How many commits of each repository to look at.")] = 1500,
    epochs: Annotated[int, typer.Option(help="How often to go through the fixes.")] = 10,
    held_out: Annotated[list[str] | None, typer.Option(help="Repositories to validate on.")] = None,
    seed: Annotated[int, typer.Option(help="Of the initial weights and the order of examples.")] = 0,
) -> None:
    """Trains a decoder and keeps the epoch with the least loss on the held-out repositories."""
    try:
        train(repos_dir, output, commits, epochs, tuple(held_out or HELD_OUT), seed)
    except KentError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


def train(repos_dir: Path, output: Path, commits: int, epochs: int, held_out: tuple[str, ...], seed: int) -> None:
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
