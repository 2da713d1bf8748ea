"""What an evaluation says: a table with a line per repository, and the failures by cause."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kent_agent.progress import say

OUTCOMES = {
    "resolved": "resolved_ids",
    "unresolved": "unresolved_ids",
    "empty": "empty_patch_ids",
    "error": "error_ids",
    "no prediction": "incomplete_ids",
}
"""Every row of a split is in exactly one of these lists of swebench's report."""

LABELS = {"infrastructure": "infra_failure_ids", "ambiguous": "ambiguous_failure_ids"}
"""swebench's guesses why a row is unresolved or an error; they overlap with those lists."""


def show_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; where nobody looks at a terminal, plain lines with aligned columns."""
    if console.is_terminal:
        table = Table()
        for number, name in enumerate(header):
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        first, *others = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]), file=console.file)


def show_report(console: Console, rows: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> None:
    """The outcomes per repository, as counts and as percentages of all its rows in the split.

    The last line printed is `resolved k/n`.
    """
    columns = {**OUTCOMES, **LABELS}
    members = {name: set(report[key]) for name, key in columns.items()}
    by_repository: dict[str, list[str]] = {}
    for row in rows:
        by_repository.setdefault(row["repo"], []).append(row["instance_id"])
    groups = sorted(by_repository.items())
    if len(groups) > 1:
        groups.append(("all", [row["instance_id"] for row in rows]))
    show_table(
        console,
        ["repository", "rows", *columns],
        [
            [
                name,
                str(len(ids)),
                *(_share(len(members[column].intersection(ids)), len(ids)) for column in columns),
            ]
            for name, ids in groups
        ],
    )
    for instance_id in report["error_ids"]:
        say(console, f"error: {instance_id} ({report['failure_reasons'].get(instance_id, 'see its log')})")
    for instance_id in report["unresolved_ids"]:
        if reason := report["failure_reasons"].get(instance_id):
            kind = "infrastructure" if instance_id in members["infrastructure"] else "ambiguous"
            say(console, f"unresolved: {instance_id} ({kind}: {reason})")
    say(console, f"resolved {len(members['resolved'])}/{len(rows)}")


def _share(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.1f}%)" if count else "0"
