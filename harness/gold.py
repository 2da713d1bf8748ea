"""Which files and functions a patch touches, read against the base commit: the gold places of a row."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from unidiff.patch import Hunk, PatchedFile, PatchSet

from kent_agent.source.symbols import Symbol, innermost, symbols

Place = tuple[str, str]
"""A file and a qualified name in it: a function, else the class around, else `<module>`."""

ReadText = Callable[[str], str | None]


def gold_files(row: Mapping[str, Any]) -> frozenset[str]:
    """The Python files outside tests that a row's gold patch changes, adds or deletes."""
    return touched_files(row["patch"])


def gold_functions(row: Mapping[str, Any], read_text: ReadText) -> frozenset[Place]:
    """The places in a row's gold files that its gold patch changes; see `touched_functions`."""
    return touched_functions(row["patch"], read_text)


def touched_files(patch: str) -> frozenset[str]:
    """The Python files outside tests that a diff touches. Raises UnidiffParseError where it is no diff."""
    return frozenset(_path(file) for file in _sources(patch))


def touched_functions(patch: str, read_text: ReadText) -> frozenset[Place]:
    """The functions whose lines in the base commit a diff touches; classes or modules where there is none.

    Removed lines tell their place. Lines added without a removal belong to the function that goes on after
    them, or that they extend by their indentation. An added file, and one that does not parse, is one place.

    Args:
        read_text: a file of the base commit, None where it is not text.
    """
    return frozenset((_path(file), name) for file in _sources(patch) for name in _names(file, read_text))


def is_test(path: str) -> bool:
    """Whether a file is a test by its name or folder."""
    name = PurePosixPath(path).name
    return (
        not {"test", "tests"}.isdisjoint(PurePosixPath(path).parts)
        or name.startswith("test_")
        or name.endswith("_test.py")
        or name == "conftest.py"
    )


def _sources(patch: str) -> Iterator[PatchedFile]:
    for file in PatchSet(patch):
        if _path(file).endswith(".py") and not is_test(_path(file)):
            yield file


def _path(file: PatchedFile) -> str:
    """The path at the base commit, or the new one of an added file."""
    name = file.target_file if file.is_added_file else file.source_file
    return str(name.removeprefix("b/" if file.is_added_file else "a/"))


def _names(file: PatchedFile, read_text: ReadText) -> Iterator[str]:
    text = None if file.is_added_file else read_text(_path(file))
    found = symbols(text or "")
    lines = (text or "").split("\n")
    for hunk in file:
        for before, removed, added in _changes(hunk):
            if removed:
                yield from (innermost(found, number).name for number in removed)
            else:
                yield _extended(found, lines, before, added).name


def _changes(hunk: Hunk) -> Iterator[tuple[int, list[int], list[str]]]:
    """Each run of changed lines: the number of the line before, of the removed lines, and the added text."""
    # `@@ -5,0 +6 @@`, a hunk without context, inserts after line 5; any other begins at the line it names
    before = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    removed: list[int] = []
    added: list[str] = []
    for line in hunk:
        number = line.source_line_no or 0  # None for added lines alone
        if line.is_removed:
            removed.append(number)
        elif line.is_added:
            added.append(line.value)
        elif line.is_context:
            if removed or added:
                yield before, removed, added
                removed, added = [], []
            before = number
    if removed or added:
        yield before, removed, added


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
