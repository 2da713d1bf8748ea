"""Which files and functions a patch touches, read against the base commit: the gold places of a row."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from unidiff.patch import Hunk, PatchedFile, PatchSet

from kent_agent.source.kinds import EditKind, kinds_between
from kent_agent.source.kinds import gold_operation as operation_of_most
from kent_agent.source.touched import Run, touched_symbols
from kent_agent.task import Operation

Place = tuple[str, str]
"""A file and a qualified name in it: a function, else the class around, else `<module>`."""

ReadText = Callable[[str], str | None]


def gold_files(row: Mapping[str, Any]) -> frozenset[str]:
    """The Python files outside tests that a row's gold patch changes or deletes."""
    return touched_files(row["patch"])


def gold_functions(row: Mapping[str, Any], read_text: ReadText) -> frozenset[Place]:
    """The places in a row's gold files that its gold patch changes; see `touched_functions`."""
    return touched_functions(row["patch"], read_text)


def gold_operation(row: Mapping[str, Any], read_text: ReadText) -> Operation | None:
    """The operation of most edits of a row's gold patch; None where it makes none that is one, or does not parse."""
    kinds: Counter[EditKind] = Counter()
    for file in _sources(row["patch"]):
        before = read_text(_path(file))
        if before is not None:
            with suppress(SyntaxError):
                kinds += kinds_between(before, "" if file.is_removed_file else _patched(file, before))
    return operation_of_most(kinds) if kinds else None


def touched_files(patch: str) -> frozenset[str]:
    """The Python files outside tests that a diff changes or deletes. Raises UnidiffParseError where it is no diff."""
    return frozenset(_path(file) for file in _sources(patch))


def touched_functions(patch: str, read_text: ReadText) -> frozenset[Place]:
    """The functions whose lines in the base commit a diff touches; classes or modules where there is none.

    `touched_symbols` has the rule, which mined commits are read by, too.

    Args:
        read_text: a file of the base commit, None where it is not text.
    """
    return frozenset((_path(file), name) for file in _sources(patch) for name in _names(file, read_text))


def is_test(path: str) -> bool:
    """Whether a file is a test by its name or folder; a folder `test` inside a package is source, like django/test."""
    *folders, name = PurePosixPath(path).parts
    return (
        "tests" in folders
        or folders[:1] == ["test"]
        or name.startswith("test_")
        or name.endswith("_test.py")
        or name == "conftest.py"
    )


def _sources(patch: str) -> Iterator[PatchedFile]:
    for file in PatchSet(patch):
        if not file.is_added_file and _path(file).endswith(".py") and not is_test(_path(file)):
            yield file


def _path(file: PatchedFile) -> str:
    """The path at the base commit."""
    return str(file.source_file.removeprefix("a/"))


def _names(file: PatchedFile, read_text: ReadText) -> frozenset[str]:
    text = read_text(_path(file)) or ""
    return touched_symbols(text, _patched(file, text), [run for hunk in file for run in _runs(hunk)])


def _patched(file: PatchedFile, text: str) -> str:
    """A file's text after a diff that was made from it."""
    lines = text.split("\n")
    parts: list[str] = []
    done = 0
    for hunk in file:
        begin = hunk.source_start - 1 if hunk.source_length else hunk.source_start
        parts += lines[done:begin]
        parts += [line.value.rstrip("\n") for line in hunk if line.is_context or line.is_added]
        done = begin + hunk.source_length
    return "\n".join([*parts, *lines[done:]])


def _runs(hunk: Hunk) -> Iterator[Run]:
    """Each run of changed lines."""
    # `@@ -5,0 +6 @@`, a hunk without context, inserts after line 5; any other begins at the line it names
    before = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    removed: list[int] = []
    added: list[tuple[int, str]] = []
    for line in hunk:
        if line.is_removed:
            removed.append(line.source_line_no or 0)
        elif line.is_added:
            added.append((line.target_line_no or 0, line.value))
        elif line.is_context:
            if removed or added:
                yield Run(before, tuple(removed), tuple(added))
                removed, added = [], []
            before = line.source_line_no or 0
    if removed or added:
        yield Run(before, tuple(removed), tuple(added))
