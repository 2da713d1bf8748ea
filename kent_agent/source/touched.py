"""Which symbols of a file a change touches: those a fix is in, whatever it does to imports and comments."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kent_agent.source.history import hunks
from kent_agent.source.symbols import Symbol, innermost, parse, symbols


@dataclass(frozen=True)
class Run:
    """Lines that are changed together.

    Attributes:
        before: number of the line before them.
        removed: numbers of the removed lines.
        added: numbers, in the new file, and text of the added ones.
    """

    before: int
    removed: tuple[int, ...]
    added: tuple[tuple[int, str], ...]


def runs_between(before: str, after: str) -> list[Run]:
    """The runs of changed lines that lie between two versions of a file."""
    old, new = before.split("\n"), after.split("\n")
    return [
        Run(start, tuple(range(start + 1, end + 1)), tuple(enumerate(new[first:last], first + 1)))
        for start, end, first, last in hunks(old, new)
    ]


def touched_symbols(before: str, after: str, runs: Sequence[Run]) -> frozenset[str]:
    """Qualified names of the innermost symbols that some runs change: functions, else classes, else `<module>`.

    Removed lines tell their symbol. Lines added without a removal belong to the function that goes on after
    them, or that they extend by their indentation. Changes to imports and comments alone do not count unless they are
    all there is. A file that does not parse is one symbol.
    """
    found, lines = symbols(before), before.split("\n")
    old, new = _idle_lines(before), _idle_lines(after)
    telling = [
        run for run in runs if not (old.issuperset(run.removed) and new.issuperset(number for number, _ in run.added))
    ]
    return frozenset(name for run in telling or runs for name in _names_of(run, found, lines))


def _names_of(run: Run, found: list[Symbol], lines: list[str]) -> Iterator[str]:
    if run.removed:
        yield from (innermost(found, number).name for number in run.removed)
    else:
        yield _extended(found, lines, run.before, [text for _, text in run.added]).name


def _idle_lines(text: str) -> set[int]:
    """Numbers of the lines that are blank, a comment, or part of an import."""
    lines = text.split("\n")
    idle = {number for number, line in enumerate(lines, 1) if not line.strip() or line.lstrip().startswith("#")}
    try:
        tree = parse(text)
    except SyntaxError:
        return idle | {number for number, line in enumerate(lines, 1) if line.startswith(("import ", "from "))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            idle.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return idle


def _extended(found: list[Symbol], lines: list[str], before: int, added: list[str]) -> Symbol:
    """The smallest symbol that lines inserted after line `before` become a part of."""
    before = min(before, len(lines))
    while before > 0 and not lines[before - 1].strip():
        before -= 1
    depth = next((_indent(line) for line in added if line.strip()), 0)
    covering = [
        symbol
        for symbol in found[1:]
        if symbol.start <= before < symbol.end or (before == symbol.end and depth > _indent(lines[symbol.start - 1]))
    ]
    return min(covering, key=lambda symbol: symbol.end - symbol.start, default=found[0])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
