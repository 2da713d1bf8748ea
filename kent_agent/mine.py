"""`python -m kent_agent.mine`: small functional changes from git histories, with the edits that make them up."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kent_agent.errors import KentError


def main(
    repos_dir: Annotated[Path, typer.Option(help="Git mirrors named <owner>__<name> or <owner>__<name>.git.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The JSON Lines file to write.")],
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes, one repository each.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the split into train, validation and held-out repositories.")] = 0,
    commits: Annotated[int, typer.Option(min=1, help="How many commits of each repository to look at.")] = 3000,
    repositories: Annotated[
        Path | None, typer.Option(help="JSON: the commit to mine from for each repository, as an earlier run wrote it.")
    ] = None,
) -> None:
    """Mines small functional changes of Python source; run again after a kill, it goes on where it was."""
    from kent_agent.learning.fix_collection import collect_fixes
    from kent_agent.train import mirrors

    try:
        rows = collect_fixes(dict(mirrors(repos_dir)), output, workers, commits, seed, repositories)
    except KentError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    print(f"{output}: {rows} fixes")


if __name__ == "__main__":
    typer.run(main)
