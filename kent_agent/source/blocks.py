"""An issue's text in blocks, each with its lines, its language and what introduces it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*([\w+.#-]*)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(\S.*?)[#\s]*$|\s*(?:\*\*|__)([^*_].{1,70}?)(?:\*\*|__)\s*:?\s*$")
_UNDERLINE = re.compile(r"\s{0,3}[-=]{3,}\s*$")
_LONGEST_HEADING = 120


@dataclass(frozen=True)
class Block:
    """A fenced block, or the text between two of them or below a heading.

    Attributes:
        text: without fences and headings.
        start: its first line in the issue, 1-based.
        end: its last line, inclusive.
        language: of a fence, lower case, empty where none is named; None for text that is not fenced.
        heading: the last one above it, or empty.
        lead: the line of text directly above a fence, blank lines aside; empty where another fence is nearer.
    """

    text: str
    start: int
    end: int
    language: str | None
    heading: str
    lead: str

    @property
    def fenced(self) -> bool:
        """Whether it is code or output rather than prose."""
        return self.language is not None


def blocks(text: str) -> list[Block]:
    """The blocks of an issue in order, without empty ones; any text has them, and an open fence ends with it."""
    return [block for block in _blocks(_lines(text)) if block.text.strip()]


def _lines(text: str) -> list[str]:
    """The lines of an issue, without blanks at their ends; what HTML comments hold is blank, so that numbers stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    return [line.rstrip() for line in text.split("\n")]


def _blocks(lines: list[str]) -> Iterator[Block]:
    heading, lead, first, i = "", "", 0, 0

    def block(start: int, end: int, language: str | None) -> Block:
        return Block("\n".join(lines[start:end]), start + 1, end, language, heading, lead)

    while i < len(lines):
        if fence := _opening(lines[i]):
            above = block(first, i, None)
            yield above
            lead = _last_line(above.text)
            end = _closing(lines, i, fence.group(1))
            yield block(i + 1, end, fence.group(2).lower())
            lead, first, i = "", end + 1, end + 1
        elif found := _heading(lines, i):
            yield block(first, i, None)
            heading, size = found
            first = i = i + size
        else:
            i += 1
    yield block(first, len(lines), None)


def _opening(line: str) -> re.Match[str] | None:
    match = _FENCE.match(line)
    return match if match and "`" not in line[match.end() :] else None


def _closing(lines: list[str], start: int, mark: str) -> int:
    """Number of the line that closes a fence; behind the last one where none does."""
    for i in range(start + 1, len(lines)):
        match = _FENCE.match(lines[i])
        if match and match.group(1).startswith(mark) and not lines[i][match.end(1) :].strip():
            return i
    return len(lines)


def _heading(lines: list[str], i: int) -> tuple[str, int] | None:
    """A heading that begins at a line, and how many lines it takes."""
    line = lines[i]
    if len(line) > _LONGEST_HEADING or not line.strip():
        return None
    if match := _HEADING.match(line):
        return match.group(1) or match.group(2), 1
    underlined = i + 1 < len(lines) and _UNDERLINE.match(lines[i + 1]) and (i == 0 or not lines[i - 1].strip())
    return (line.strip(), 2) if underlined else None


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")
