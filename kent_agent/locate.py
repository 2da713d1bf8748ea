"""`python -m kent_agent.locate --repo PATH --issue FILE`: where to look in a local repository, offline."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from kent_agent.errors import KentError, LocateError

if TYPE_CHECKING:
    from kent_agent.resonator import Factorization

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    repo: Annotated[Path, typer.Option(help="A local git repository.")],
    issue: Annotated[str, typer.Option(help="A file with the issue's text, its title first; - reads standard input.")],
    commit: Annotated[str, typer.Option(help="The revision to search.")] = "HEAD",
    top: Annotated[int, typer.Option(min=1, help="How many places to name.")] = 10,
    why: Annotated[bool, typer.Option("--why", help="Also say what drew the locator there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Tell where an issue is likely fixed: file, symbol, lines, kind of edit, and how sure that is."""
    try:
        answer = locate(repo, read_issue(issue), commit, top, why)
        if as_json:
            typer.echo(json.dumps(answer, indent=1))
        else:
            show(Console(width=None if sys.stdout.isatty() else 160, soft_wrap=False), answer)
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def read_issue(name: str) -> str:
    """The text of an issue; `-` is standard input.

    Raises:
        LocateError: the file cannot be read.
    """
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise LocateError(f"{name}, the issue, cannot be read ({error.strerror}); name a text file, or -.") from error


def locate(repo: Path, text: str, revision: str = "HEAD", top: int = 10, why: bool = False) -> dict[str, Any]:
    """The likeliest places, JSON-ready, best first; `note` says what there is to say about the answer as a whole.

    Raises:
        WorkspaceError: no repository, or no such revision.
    """
    from kent_agent.evidence.reasons import reasons
    from kent_agent.locator import open_locator, processes_at_hand
    from kent_agent.source.issue import parse_issue
    from kent_agent.workspace import RepoSnapshot, revision_of

    base_commit = revision_of(repo, revision)
    locator = open_locator(processes=processes_at_hand())
    with RepoSnapshot(str(repo), base_commit, repo) as snapshot:
        found = locator.locate(parse_issue(text), snapshot, k=top)
        places = [_place(each) for each in found.factorizations]
        if why and found.evidence is not None:
            for place, each in zip(places, found.factorizations, strict=True):
                given = reasons(found.evidence, found.weights, locator.index, snapshot, each.file, each.location)
                place["why"] = asdict(given)
    note = ""
    if not places:
        note = f"{repo} has no Python source at {revision}: there is nowhere to look."
    elif not text.strip():
        note = "The issue is empty: these are the places that change most, and no more than that."
    return {
        "repo": str(repo),
        "commit": base_commit,
        "note": note,
        "places": places,
        "files": list(found.files[:top]),
    }


def _place(found: "Factorization") -> dict[str, Any]:
    return {
        "file": found.file,
        "symbol": found.location.name,
        "lines": [found.location.start, found.location.end],
        "operation": str(found.operation),
        "confidence": round(found.confidence, 3),
        "confidences": {slot: round(value, 3) for slot, value in found.confidences.items()},
    }


def show(console: Console, answer: dict[str, Any]) -> None:
    """Prints places as a table, and under it why."""
    if answer["note"]:
        console.print(answer["note"], markup=False, highlight=False)
    if not answer["places"]:
        return
    table = Table("", "file", "symbol", "lines", "operation", "confidence", box=None)
    for rank, place in enumerate(answer["places"], 1):
        start, end = place["lines"]
        cells = (place["file"], place["symbol"], f"{start}-{end}", place["operation"], f"{place['confidence']:.2f}")
        table.add_row(str(rank), *cells)
    console.print(table)
    for rank, place in enumerate(answer["places"], 1):
        for kind, given in place.get("why", {}).items():
            told = ", ".join(f"{name} {value:+.1f}" for name, value in given) if kind == "sources" else ", ".join(given)
            if told:
                console.print(f"{rank:>3} {kind}: {told}", markup=False, highlight=False)


if __name__ == "__main__":
    app()
