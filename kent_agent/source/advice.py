"""Code that an issue shows and may mean to be written: patches, blocks and lines, with how they are introduced."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import dedent

from kent_agent.source.blocks import Block, blocks

_SPAN = re.compile(r"`([^`]{4,800})`")
_INDENTED = re.compile(r"(?:^(?: {4}|\t).*(?:\n|\Z)(?:[ \t]*\n)*)+", re.MULTILINE)
_BEGUN = r"@\w|def |class |if |for |while |try:|with |return\b|raise |[\w.\[\]'\"]+ [-+*/|&]?= |[\w.]+\(.*\)$"
_CONTINUED = r"[ \t]+\S|elif |else:|except|finally:"
_BARE = re.compile(rf"(?:^(?:{_BEGUN}).*(?:\n|\Z)(?:(?:{_CONTINUED}).*(?:\n|\Z))*)+", re.MULTILINE)
_PATCH = re.compile(r"^@@.*\n(?:[-+ ].*(?:\n|\Z)|\n)+", re.MULTILINE)
_SESSION = re.compile(r"^\s*(?:>>>|In \[\d+\]:|\$ |% )|\bprint\(|^\s*assert\b", re.MULTILINE)
_FILE = re.compile(r"^(?=diff --git |--- \S.*\n\+\+\+ )", re.MULTILINE)
_HEADER = re.compile(r"(?:diff --git|index [0-9a-f]+\.\.|--- |\+\+\+ |@@)")
_TELLING = re.compile(
    r"(?i)\b(?:fix|chang|replac|correct|solv|solution|resolv|patch|propos|suggest|modif|alternativ|altering|instead|"
    r"should (?:be|read|look)|could be|would be|needs? to be|work(?:s|ed|ing)?\b|adding|add this|updat|rewrit|option)"
)
_MARKS = ("+", "-", "@@", "diff ")
_LEAD = 240  # characters before a span that introduce it
_MOST_LINES, _MOST = 120, 40  # of a piece; pieces


@dataclass(frozen=True)
class Advice:
    """A piece of code that may be meant for the repository.

    Attributes:
        new: the code, without what it is indented by as a whole.
        old: the code that it takes the place of, where a patch says so; else empty.
        told: whether what introduces it speaks of a change.
        more: the hunks of the same patch of one file that belong to it.
    """

    new: str
    old: str = ""
    told: bool = False
    more: "tuple[Advice, ...]" = ()


def advice(text: str) -> tuple[Advice, ...]:
    """The pieces of an issue's code that are no sessions, in its order; any text may be asked for them."""
    found = [piece for block in blocks(text) for piece in _pieces(block)]
    kept = (piece for piece in found if piece.new.strip() and piece.new.count("\n") < _MOST_LINES)
    return tuple(dict.fromkeys(piece for piece in kept if not _SESSION.search(piece.new)))[:_MOST]


def _pieces(block: Block) -> Iterator[Advice]:
    if block.fenced:
        yield from _read(block.text, block.lead)
        return
    outside = _SPAN.sub(lambda match: "`" * len(match.group()), block.text)
    for pattern, text in ((_SPAN, block.text), (_INDENTED, outside), (_BARE, outside), (_PATCH, outside)):
        for match in pattern.finditer(text):
            lead = outside[max(match.start() - _LEAD, 0) : match.start()].rstrip().split("\n\n")[-1]
            yield from _read(match.group(match.lastindex or 0), lead)


def _read(text: str, lead: str) -> Iterator[Advice]:
    """Of a patch the hunks of each file, together and one by one; else one piece as it is."""
    plain = _plain(text)
    patches = [changes for each in _FILE.split(plain) if (changes := list(_changes(each)))]
    for changes in patches:
        yield from changes
        if len(changes) > 1:
            yield replace(changes[0], more=tuple(changes[1:]))
    if not patches:
        yield Advice(plain, told=bool(_TELLING.search(lead)))


def _changes(text: str) -> Iterator[Advice]:
    """What the patch of one file writes, a piece for each hunk; nothing of a text that is none."""
    for hunk in _hunks(text.split("\n")):
        marks = {line[0] for line in hunk if line.strip()}
        if "+" in marks and marks & {"-", " "} and marks <= {"+", "-", " "}:
            old, new = ([line[1:] for line in hunk if line[:1] in (mark, " ", "")] for mark in "-+")
            lines = dedent("\n".join(old + new).expandtabs(4)).split("\n")  # both as deep as they are to one another
            before, after = lines[: len(old)], lines[len(old) :]
            yield Advice("\n".join(after).strip("\n"), "\n".join(before).strip("\n"), told=True)


def _hunks(lines: list[str]) -> Iterator[list[str]]:
    hunk: list[str] = []
    for line in lines:
        if _HEADER.match(line):
            yield hunk
            hunk = []
        else:
            hunk.append(line)
    yield hunk


def _plain(code: str) -> str:
    """Code without what all of it is indented by; its first line may have lost its indentation to the mark before."""
    first, *rest = code.expandtabs(4).strip("\n").split("\n")
    bare = any(line.strip() for line in rest) and not first.startswith((" ", *_MARKS))
    if bare and not first.rstrip().endswith(":"):
        return "\n".join([first, dedent("\n".join(rest))]).rstrip()
    return dedent("\n".join([first, *rest])).rstrip()
