"""Rows of fixes.jsonl: small changes of source files with where they come from, one a line."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kent_agent.errors import KentError
from kent_agent.source.grammar import Derivation, Edit, edit_from_json

Hunk = tuple[int, int, tuple[str, ...]]
"""Lines `[start, end)` of the version before, 0-based, and the lines that took their place."""


@dataclass(frozen=True)
class MinedFix:
    """A source file that one commit changed.

    Attributes:
        repo, commit, parent, path: where it was mined.
        message: title and body of the commit, without trailers.
        issue: the text of the issue where the message quotes it; else empty.
        before: the file before, whole.
        symbol: the qualified name of the innermost definition around the first edit; `<module>` outside of all.
        start, end: that symbol's lines, 1-based and inclusive.
        single_hunk: whether the commit changed one hunk of source, of at most three lines.
        hunks, lines: of the commit's changes to source; lines added and deleted.
        derivation: the edits; None where the grammar does not express the change.
        after: the changed lines.
        after_hash: of the symbol's syntax after (`kent_agent.source.sameness.normal_form`), SHA-256.
        key: of the normalised diff: equal for cherry-picks and forks, SHA-256.
        split: `train`, `validation` or `heldout`; empty until the repositories are split.
        test: the code that the commit adds to tests; empty where it adds none.
    """

    repo: str
    commit: str
    parent: str
    path: str
    message: str
    issue: str
    before: str
    symbol: str
    start: int
    end: int
    single_hunk: bool
    hunks: int
    lines: int
    derivation: Derivation | None
    after: tuple[Hunk, ...]
    after_hash: str
    key: str
    split: str = ""
    test: str = ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits; none where the grammar does not express the change."""
        return self.derivation.edits if self.derivation else ()

    @property
    def text_after(self) -> str:
        """The file after, whole."""
        lines = self.before.split("\n")
        for start, end, new in reversed(self.after):
            lines[start:end] = new
        return "\n".join(lines)

    def dump(self) -> str:
        """The row as one line of JSON, without its end."""
        row = {name: value for name, value in vars(self).items() if name != "derivation"}
        edits = [edit.as_json() for edit in self.derivation.edits] if self.derivation else None
        imports = self.derivation.imports if self.derivation else ()
        return json.dumps(row | {"edits": edits, "imports": imports})


def load_fixes(path: Path) -> Iterator[MinedFix]:
    """The rows of a file, one at a time.

    Raises:
        KentError: it cannot be read, or a line is no row.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield _fix(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise KentError(f"{path}: line {number} is no mined fix ({error!r}); mine it anew.") from error
    except OSError as error:
        raise KentError(f"{path} cannot be read ({error.strerror}); mine it with kent_agent.mine.") from error


def drawn_fixes(path: Path, limit: int, seed: int, wanted: Callable[[MinedFix], bool]) -> Iterator[MinedFix]:
    """Up to `limit` fixes of each repository, drawn from those that are wanted, in the order of the file.

    Raises:
        KentError: it cannot be read, or a line is no row.
    """
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for i, fix in enumerate(load_fixes(path)):
        if wanted(fix):
            numbers[fix.repo].append(i)
    kept = {
        i
        for repo, found in numbers.items()
        for i in random.Random(f"{seed}:{repo}").sample(found, min(limit, len(found)))
    }
    return (fix for i, fix in enumerate(load_fixes(path)) if i in kept)


def _fix(row: dict[str, Any]) -> MinedFix:
    edits, imports = row.pop("edits"), row.pop("imports")
    derivation = None
    if edits is not None:
        derivation = Derivation(tuple(map(edit_from_json, edits)), tuple(map(tuple, imports)))
    after = tuple((start, end, tuple(new)) for start, end, new in row.pop("after"))
    return MinedFix(**row, derivation=derivation, after=after)
