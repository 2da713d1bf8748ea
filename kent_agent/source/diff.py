"""Texts to git-style unified diffs, and the files that a diff touches."""

import difflib
import io
import re
from collections.abc import Iterator, Mapping

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from kent_agent.errors import PatchError

NO_NEWLINE = "\\ No newline at end of file\n"


def unified_diff(changes: Mapping[str, tuple[str, str]]) -> str:
    """The diff that `git apply` turns from the first texts into the second, byte for byte.

    Args:
        changes: path to (before, after), both the text of an existing file with its own line ends.

    Returns:
        Files sorted by path, three lines of context; the empty string when no text differs.
    """
    return "".join(
        _file_header(path) + "".join(_hunks(before, after))
        for path, (before, after) in sorted(changes.items())
        if before != after
    )


def files_of(patch: str) -> tuple[str, ...]:
    """The paths a diff touches, in its order. Raises PatchError when unidiff finds no file in it."""
    try:
        paths = tuple(file.path for file in PatchSet(patch))
    except UnidiffParseError as error:
        raise PatchError(f"the patch does not parse as a unified diff: {error}.") from error
    if not paths:
        raise PatchError("the patch is empty: it names no file.")
    return paths


def _file_header(path: str) -> str:
    old, new = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    end = "\t\n" if " " in path else "\n"  # as git does, so that GNU patch sees where the name ends
    return f"diff --git {old} {new}\n--- {old}{end}+++ {new}{end}"


def _quoted(name: str) -> str:
    """The name as git writes it: in quotes where it holds control characters, quotes or backslashes."""
    escaped = re.sub(r'[\x00-\x1f\x7f"\\]', lambda match: f"\\{ord(match[0]):03o}", name)
    return name if escaped == name else f'"{escaped}"'


def _hunks(before: str, after: str) -> Iterator[str]:
    lines = difflib.unified_diff(_lines(before), _lines(after))
    next(lines), next(lines)  # the names, which git writes otherwise
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}"


def _lines(text: str) -> list[str]:
    """Lines with their ends, split at line feeds alone; str.splitlines also splits at U+2028 and others."""
    return list(io.StringIO(text, newline="\n"))
