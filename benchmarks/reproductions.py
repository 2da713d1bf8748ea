"""What a split's issues offer to check: python benchmarks/reproductions.py --split dev --repos-dir DIR.

Counts issues with a runnable snippet, by kind of snippet and of stated result, before anything is run. `--show` prints
each with what was done to it, to be read by a person. Only problem statements and repositories at their base commits
are read.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from kent_agent.dataset import load_split
from kent_agent.reproduction import Check, checks
from kent_agent.source.snippets import Snippet, snippets
from kent_agent.task import SWETask
from kent_agent.validation import package_of
from kent_agent.workspace import RepositoryStore, mirrors_dir


def show(task: SWETask, found: Iterable[Snippet], offered: Iterable[Check]) -> None:
    """Prints an issue's snippets, and what is stated about each."""
    for snippet in found:
        print(
            f"\n=== {task.instance_id}: {snippet.kind}, lines {snippet.lines}, {'; '.join(snippet.repairs) or 'as is'}"
        )
        print(snippet.code)
        for check in offered:
            if check.snippet == snippet:
                stated = check.expectation
                said = stated.text or f"{stated.exception}: {stated.message}"
                print(f"--- {stated.kind} by {stated.source} in line {stated.line}: {said}")


def table(title: str, counts: Counter[str], n: int) -> None:
    """Prints counts of issues, and their share of n."""
    print(f"\n{title}")
    for name, count in counts.most_common():
        print(f"  {name:<36}{count:>5}{count / n:>8.1%}")


def main(
    split: Annotated[str, typer.Option(help="A split as kent_agent.run takes it.")] = "dev",
    repos_dir: Annotated[Path | None, typer.Option(help="Local mirrors; else KENT_REPOS_DIR, else cloned.")] = None,
    show_all: Annotated[bool, typer.Option("--show", help="Print every snippet and what is stated of it.")] = False,
) -> None:
    """Count what the issues of a split offer to check."""
    store = RepositoryStore(mirrors_dir(repos_dir))
    tasks = load_split(split).tasks()
    issues: Counter[str] = Counter()
    repositories: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    results: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    for task in tasks:
        with store.snapshot(task) as snapshot:
            under_test = package_of(snapshot)
        found = snippets(task.problem_statement, under_test)
        offered = checks(task.problem_statement, under_test)
        issues.update({"with a snippet": bool(found), "with a snippet and a stated result": bool(offered)})
        issues.update({"with a snippet and an expected value": any(_is_exact(check) for check in offered)})
        repositories.update([task.repo] if found else [])
        kinds.update({snippet.kind for snippet in found})
        results.update({check.expectation.kind for check in offered})
        sources.update({f"{check.expectation.kind} by {check.expectation.source}" for check in offered})
        if show_all:
            show(task, found, offered)
    table(f"Issues, of {len(tasks)}", issues, len(tasks))
    table("Issues with a snippet, by repository", repositories, len(tasks))
    table("Issues, by kind of snippet", kinds, len(tasks))
    table("Issues, by kind of stated result", results, len(tasks))
    table("Issues, by kind of stated result and how it is stated", sources, len(tasks))


def _is_exact(check: Check) -> bool:
    """Whether more is stated than what must no longer be."""
    return check.expectation.kind in ("output", "raises")


if __name__ == "__main__":
    typer.run(main)
