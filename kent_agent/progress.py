"""What a run shows while it goes on: a live table with a bar on a terminal, plain lines elsewhere."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from kent_agent.predictions import Outcome, Status


@contextmanager
def follow(console: Console, total: int) -> Iterator[Callable[[Outcome], None]]:
    """Shows each outcome that is passed to the function this gives; `total` is how many there will be."""
    if console.is_interactive:
        with _live(console, total) as show:
            yield show
    else:
        yield _plain(console, total)


def _plain(console: Console, total: int) -> Callable[[Outcome], None]:
    ended = 0

    def show(outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        say(console, f"[{ended:>{len(str(total))}}/{total}] {_line(outcome)}")

    return show


@contextmanager
def _live(console: Console, total: int) -> Iterator[Callable[[Outcome], None]]:
    bar = Progress(
        TextColumn("instances"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        console=console,
    )
    instances = bar.add_task("instances", total=total)
    counts: Counter[Status] = Counter()
    with Live(Group(_table(counts), bar), console=console, refresh_per_second=4) as live:

        def show(outcome: Outcome) -> None:
            counts[outcome.status] += 1
            bar.advance(instances)
            live.update(Group(_table(counts), bar))
            if outcome.status in (Status.ERROR, Status.TIMEOUT):
                say(live.console, _line(outcome))

        yield show


def _table(counts: Counter[Status]) -> Table:
    table = Table("exit status", "instances")
    for status in Status:
        table.add_row(status.value, str(counts[status]))
    return table


def _line(outcome: Outcome) -> str:
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{outcome.status.value:9} {outcome.instance_id} {outcome.seconds:.1f} s{reason}"


def say(console: Console, line: str) -> None:
    """Prints `line` as it is: a reason may hold brackets, which are no markup; a command must not wrap."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
