"""`python -m kent_agent.solve --repo PATH --issue FILE`: a diff that might fix an issue, offline."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kent_agent.errors import KentError
from kent_agent.locate import read_issue

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    repo: Annotated[Path, typer.Option(help="A local git repository.")],
    issue: Annotated[str, typer.Option(help="A file with the issue's text, its title first; - reads standard input.")],
    commit: Annotated[str, typer.Option(help="The revision to mend.")] = "HEAD",
    top: Annotated[int, typer.Option(min=1, help="How many alternatives to show, best first.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of diffs.")] = False,
) -> None:
    """Print the likeliest edit as a diff that `git apply` takes; with --top more of them, each with its reason."""
    try:
        answer = solve(repo, read_issue(issue), commit, top)
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(answer, indent=1))
    else:
        show(answer)
    if not answer["alternatives"]:
        raise typer.Exit(1)


def solve(repo: Path, text: str, revision: str = "HEAD", top: int = 1) -> dict[str, Any]:
    """The likeliest edits, JSON-ready, best first; `note` says why there is none, or how little the best is worth.

    Raises:
        WorkspaceError: no repository, or no such revision.
    """
    from kent_agent.agent import AgentOptions, KentAgent
    from kent_agent.source.issue import parse_issue
    from kent_agent.workspace import RepoSnapshot, revision_of

    base_commit = revision_of(repo, revision)
    agent = KentAgent(AgentOptions())
    with RepoSnapshot(str(repo), base_commit, repo) as snapshot:
        answer = agent.answer(parse_issue(text), snapshot, wanted=top)
    found = answer.diffs[:top]
    note = ""
    if not found:
        note = f"No edit was found: {agent.why_nothing(answer)}."
    elif (confidence := found[0].candidate.confidence) < agent.min_confidence:
        note = f"A guess: {confidence:.2g} is below the confidence that a run asks for, {agent.min_confidence:.2g}."
    return {
        "repo": str(repo),
        "commit": base_commit,
        "note": note,
        "alternatives": [
            {
                "reason": each.candidate.reason,
                "confidence": each.candidate.confidence,
                "file": each.candidate.patch.file,
                "location": each.candidate.patch.location,
                "diff": each.diff,
            }
            for each in found
        ],
    }


def show(answer: dict[str, Any]) -> None:
    """Prints the diffs to standard output and all else to standard error; among several, reasons are comments."""
    alternatives = answer["alternatives"]
    for rank, each in enumerate(alternatives, 1):
        said = f"{rank}. {each['reason']}"
        typer.echo(f"# {said}" if len(alternatives) > 1 else said, err=len(alternatives) == 1)
        sys.stdout.write(each["diff"])
    if answer["note"]:
        typer.echo(answer["note"], err=True)


if __name__ == "__main__":
    app()
