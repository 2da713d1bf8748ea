"""How much of what commit messages tell is understood: python benchmarks/messages.py FIXES.jsonl [--split heldout].

A mined fix of one hunk is told by its message if every name that it writes, and at least one, is said there. Its file
and its function are given. It prints for how many fixes the message makes candidates at all, and how often the first of
these, or any, is the fix. No message of a held-out repository was read while the rules were written.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kent_agent.advised import advised
from kent_agent.generator import fault
from kent_agent.learning.examples import symbol_of
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.resonator import Factorization
from kent_agent.source.issue import parse_issue
from kent_agent.source.sameness import same
from kent_agent.source.symbols import parse
from kent_agent.task import Operation

_NAME = re.compile(r"[^\W\d]\w*")
_LONGEST = 400  # different words of a message: a changelog tells everything


def is_told(fix: MinedFix) -> bool:
    """Whether the message says every name that the fix adds."""
    lines = fix.before.split("\n")
    old = Counter(name for start, end, _ in fix.after for line in lines[start:end] for name in _NAME.findall(line))
    new = Counter(name for *_, come in fix.after for line in come for name in _NAME.findall(line))
    said = set(_NAME.findall(fix.message))
    added = (new - old).keys()
    return bool(added) and added <= said and len(said) < _LONGEST


def understood(fix: MinedFix) -> list[bool]:
    """Of the candidates that the message makes, best first, whether each is the fix."""
    confidences = dict.fromkeys(("FILE", "OPERATION", "LOCATION"), 0.5)
    place = Factorization(fix.path, Operation.MODIFY_LINE, symbol_of(fix), 0.5, confidences, True)
    found = advised(parse_issue(fix.message), [fix.path], lambda _: fix.before, [place])
    texts = [proposal.after for _, _, proposal in sorted(found, key=lambda each: -each[0])]
    kept = [text for text in texts if not fault(fix.path, fix.before, text)]
    wanted = parse(fix.text_after) if kept else None
    return [same(parse(text), wanted) for text in kept]


def counts(fixes: Iterator[MinedFix], split: str) -> tuple[Counter[str], Counter[str]]:
    """What becomes of the fixes of a split: of all of one hunk, and of those that are told."""
    every, told = Counter[str](), Counter[str]()
    for fix in fixes:
        if fix.split == split and fix.single_hunk:
            hits = understood(fix)
            found = {"fixes": True, "with candidates": bool(hits), "first": hits[:1] == [True], "any": any(hits)}
            every.update(name for name, holds in found.items() if holds)
            told.update(name for name, holds in found.items() if holds and is_told(fix))
    return every, told


def main(
    fixes: Annotated[Path, typer.Argument(help="JSON Lines, as kent_agent.mine writes them.")],
    split: Annotated[str, typer.Option(help="train, validation or heldout.")] = "heldout",
) -> None:
    """Count how many fixes their messages make."""
    every, told = counts(load_fixes(fixes), split)
    table = Table("", "all", "told", box=None)
    for name in every:
        table.add_row(name, str(every[name]), str(told[name]))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
