"""Code that an issue shows and may mean to be written: patches, blocks and lines, with how they are introduced."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import islice
from textwrap import dedent
from typing import NamedTuple

from kent_agent.source.blocks import Block, blocks
from kent_agent.source.instructions import swaps

_SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)((?:(?!\n[^\S\n]*\n)[^`]){1,800})\1(?!`)")
_SHORTEST = 4  # characters of a span that is a piece
_HEADED = re.compile(r"(?i)\b(?:fix|solution|propos|suggest|patch|resol|chang|workaround)")
_BOLD = re.compile(r"^(\s*)\*\*(\S.*?)\*\*\s*$", re.MULTILINE)
_POINTED = re.compile(r"[ \t]+#?[ \t]*(?:<[-=]{2,}|←).*$", re.MULTILINE)
_RESULT = re.compile(r"^((?![ \t]*(?:async )?def\b).*\S)[ \t]+(?:->|=>|→|⇒)[ \t].*[^:\n]$", re.MULTILINE)
_INDENTED = re.compile(r"(?:^(?: {4}|\t).*(?:\n|\Z)(?:[ \t]*\n)*)+", re.MULTILINE)
_BEGUN = r"@\w|def |class |if |for |while |try:|with |return\b|raise |[\w.\[\]'\"]+ [-+*/|&]?= |[\w.]+\(.*\)$"
_CONTINUED = r"[ \t]+\S|elif |else:|except|finally:"
_BARE = re.compile(rf"(?:^ {{0,3}}(?:{_BEGUN}).*(?:\n|\Z)(?:(?:{_CONTINUED}).*(?:\n|\Z))*)+", re.MULTILINE)
_KEYWORDS = r"#|@|(?:if|elif|for|while|return|not|and|or|assert|with|raise|in|else|del|yield)\b"
_PROSE = rf"(?![^\S\n]*(?:{_KEYWORDS}))[^\w\n]*[^\W\d_]+(?: [^\W\d_]+,?){{3}}"
_SIGNS = re.compile(r"\w[(\[]|\w\.\w|=")
_LOOSE = re.compile(rf"(?:^(?!{_PROSE})(?=.*\S).*(?:\n|\Z)(?:[ \t]*\n)*){{2,}}", re.MULTILINE)
_PATCH = re.compile(r"^@@.*\n(?:[-+ ].*(?:\n|\Z)|\n)+", re.MULTILINE)
_SESSION = re.compile(r"^\s*(?:>>>|In \[\d+\]:|\$ |% )", re.MULTILINE)
_FILE = re.compile(r"^(?=diff --git |--- \S.*\n\+\+\+ )", re.MULTILINE)
_HEADER = re.compile(r"(?:diff --git|index [0-9a-f]+\.\.|--- |\+\+\+ |@@)")
_TELLING = re.compile(
    r"(?i)\b(?:fix|chang|replac|correct|solv|solution|resolv|patch|propos|suggest|modif|alternativ|altering|instead|"
    r"should(?:n't (?:it|this|that))? (?:probably |rather |actually )?(?:be|read|look)|could be|would be|needs? to be|"
    r"(?<!not )(?<!n't )work(?:s|ed|ing)?\b|adding|add this|"
    r"updat|rewrit|option|(?:should|must|ought to)\b(?! not)[^.\n]*:\s*$)"
)
_HEADER_LINES = re.compile(
    r"\s*(?:@.*\n[^\S\n]*)*(?:[^()\n]*\([^()]*(?:\([^()]*\)[^()]*)*\))?[^()\n]*:\s*(?:#.*)?(?:\n|$)"
)
_HUNK = re.compile(r"^@@ -\d", re.MULTILINE)
_PATCHES = ("diff", "patch")
_ALIKE = 0.4  # least likeness of two pieces of which one takes the place of the other
_MARKS = ("+", "-", "@@", "diff ")
_LEAD = 240  # characters before a span that introduce it
_MOST_LINES, _MOST = 400, 40  # of a piece; pieces


class Form(StrEnum):
    """How a piece of code is told."""

    PIECE = "piece"
    PATCH = "patch"
    PAIR = "pair"  # with the piece beside it, of which it takes the place
    SENTENCE = "sentence"  # that says what it takes the place of


@dataclass(frozen=True)
class Advice:
    """A piece of code that may be meant for the repository.

    Attributes:
        new: the code, without what it is indented by as a whole.
        old: the code that it takes the place of; empty where that is not told.
        told: whether what introduces it speaks of a change.
        more: the hunks of the same patch of one file that belong to it.
        form: how it is told.
    """

    new: str
    old: str = ""
    told: bool = False
    more: "tuple[Advice, ...]" = ()
    form: Form = Form.PIECE


class _Piece(NamedTuple):
    """A piece with the first line of its block, and where in that it begins and ends."""

    block: int
    start: int
    end: int
    advice: Advice


def advice(text: str) -> tuple[Advice, ...]:
    """The pieces of an issue's code that are no sessions, in its order; any text may be asked for them."""
    found = dict.fromkeys(piece for block in blocks(text) for piece in _pieces(block))
    pieces = [each for each in found if _is_advice(each.advice)][:_MOST]
    said = (Advice(each.new, each.old, each.told, form=Form.SENTENCE) for each in swaps(text))
    return tuple(dict.fromkeys([*(each.advice for each in pieces), *_pairs(pieces), *said]))


def _is_advice(each: Advice) -> bool:
    """Whether a piece is neither empty, nor too long, nor a session."""
    told = each.old or (each.new.strip() and not _SESSION.search(each.new))
    return bool(told) and each.new.count("\n") < _MOST_LINES


def _bare(code: str) -> str:
    """Code without the lines that are comments."""
    return "\n".join(line for line in code.split("\n") if not line.lstrip().startswith("#"))


def _pairs(pieces: Sequence[_Piece]) -> Iterator[Advice]:
    """Pieces of which one follows the other and that are alike, each in the place of the other."""
    plain = [each for each in pieces if not each.advice.old]
    long = [each for each in plain if "\n" in each.advice.new]  # names that are spelled between blocks do not part them
    for one, other in dict.fromkeys([*_following(plain), *_following(long)]):
        if one.new != other.new and SequenceMatcher(None, _bare(one.new), _bare(other.new)).ratio() >= _ALIKE:
            told = one.told or other.told
            yield Advice(other.new, one.new, told, form=Form.PAIR)
            yield Advice(one.new, other.new, told, form=Form.PAIR)


def _following(pieces: Sequence[_Piece]) -> Iterator[tuple[Advice, Advice]]:
    """Each piece with the one behind it."""
    for number, each in enumerate(pieces):
        behind = (later for later in pieces[number + 1 :] if later.block != each.block or later.start >= each.end)
        yield from ((each.advice, later.advice) for later in islice(behind, 1))


def _pieces(block: Block) -> Iterator[_Piece]:
    if block.fenced:
        headed = _HEADED.search(block.heading) is not None
        for piece in _read(block.text, block.lead, block.language in _PATCHES, headed):
            yield _Piece(block.start, 0, len(block.text), piece)
        return
    outside = _SPAN.sub(lambda match: "`" * len(match.group()), block.text)
    loose = _PATCH.sub(lambda match: re.sub(r".", " ", match.group()), outside)
    searched = ((_SPAN, block.text), (_INDENTED, outside), (_BARE, outside), (_LOOSE, loose), (_PATCH, outside))
    found = [match for pattern, text in searched for match in pattern.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        if match.re is _LOOSE and not _SIGNS.search(match.group()):
            continue
        code = match.group(match.lastindex or 0)
        if match.re is _SPAN and len(code) < _SHORTEST:
            continue
        lead = outside[max(match.start() - _LEAD, 0) : match.start()].rstrip().split("\n\n")[-1]
        for piece in _read(code, lead):
            yield _Piece(block.start, *match.span(), piece)


def _read(text: str, lead: str, patch: bool = False, headed: bool = False) -> Iterator[Advice]:
    """Of a patch the hunks of each file, together and one by one; else one piece as it is.

    Args:
        lead: what introduces it.
        patch: whether it is known to be one.
        headed: whether the heading above speaks of a fix.
    """
    plain = _plain(text)
    patch = patch or bool(_HUNK.search(plain))
    patches = [changes for each in _FILE.split(plain) if (changes := list(_changes(each, patch)))]
    for changes in patches:
        yield from changes
        if len(changes) > 1:
            yield replace(changes[0], more=tuple(changes[1:]))
    if not patches:
        code = _POINTED.sub("", _BOLD.sub(r"\1\2", plain))  # pointers and stresses of who shows it are no code
        code = _RESULT.sub(r"\1", code)  # nor is what it comes to
        yield Advice(code, told=headed or bool(_TELLING.search(lead)))


def _changes(text: str, patch: bool) -> Iterator[Advice]:
    """What the patch of one file writes, a piece for each hunk; nothing of a text that is none.

    Args:
        patch: whether it is known to be one: else both what goes or stays and what comes must be there.
    """
    for hunk in _hunks(text.split("\n")):
        marks = {line[0] for line in hunk if line.strip()}
        changes = marks & {"+", "-"} if patch else "+" in marks and marks & {"-", " "}
        if changes and marks <= {"+", "-", " "}:
            old, new = ([line[1:] for line in hunk if line[:1] in (mark, " ", "")] for mark in "-+")
            lines = dedent("\n".join(old + new).expandtabs(4)).split("\n")  # both as deep as they are to one another
            before, after = lines[: len(old)], lines[len(old) :]
            yield Advice("\n".join(after).strip("\n"), "\n".join(before).strip("\n"), True, form=Form.PATCH)


def _hunks(lines: list[str]) -> Iterator[list[str]]:
    hunk: list[str] = []
    for line in lines:
        if _HEADER.match(line):
            yield hunk
            hunk = []
        elif not line.startswith("\\ "):  # no newline at the end of the file
            hunk.append(line)
    yield hunk


def _plain(code: str) -> str:
    """Code without what all of it is indented by; its first line may have lost its indentation to the mark before."""
    first, *rest = code.expandtabs(4).strip("\n").split("\n")
    bare = any(line.strip() for line in rest) and not first.startswith((" ", *_MARKS))
    if bare and not _HEADER_LINES.match(code):
        return "\n".join([first, dedent("\n".join(rest))]).rstrip()
    return dedent("\n".join([first, *rest])).rstrip()
