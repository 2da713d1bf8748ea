"""What execution did in a run, instance by instance: python benchmarks/validated.py predictions/NAME/trajectories.

Of each instance with a check that shows the fault: what kinds of snippet and verdict, how many candidates were run, the
first of them that made it pass, how many broke a test, survived, and the seconds.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

COLUMNS = ("rounds", "tried", "first_survivor", "broke", "survived", "seconds")


def reports(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The instances with a check that shows the fault, and what validation says of each."""
    for path in sorted(folder.glob("*.json")):
        trajectory = json.loads(path.read_text(encoding="utf-8"))
        validation = trajectory.get("validation") or {}
        if validation.get("checks"):
            yield trajectory["instance_id"], validation


def kinds(validation: Mapping[str, Any]) -> str:
    """The checks of an instance in words."""
    counted = Counter(f"{check['snippet']['kind']} {check['verdict']}" for check in validation["checks"])
    return ", ".join(f"{count} {kind}" for kind, count in counted.items())


def main(folder: Annotated[Path, typer.Argument(help="The trajectories beside a predictions file.")]) -> None:
    """Print what execution did."""
    found = list(reports(folder))
    if not found:
        typer.echo(f"{folder} holds no trajectory with a check; give those of a run with --validate docker.", err=True)
        raise typer.Exit(2)
    table = Table("instance", "checks", *(name.replace("_", " ") for name in COLUMNS), "out of time", box=None)
    for instance, validation in found:
        cells = [str(validation.get(name, "")) for name in COLUMNS]
        table.add_row(instance, kinds(validation), *cells, "yes" if validation.get("budget_hit") else "")
    Console(width=200).print(table)


if __name__ == "__main__":
    typer.run(main)
