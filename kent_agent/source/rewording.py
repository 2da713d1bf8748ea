"""Where a term stands in some lines of a file that a sentence wants another term for, and those lines after it."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from kent_agent.source.document import Document
from kent_agent.source.scan import scan
from kent_agent.source.splicing import Lines
from kent_agent.source.transplant import Transplant

_PART = re.compile(r"\w+|[^\w\s]")
_ASSIGNED = re.compile(r"[ \t]*(?::[^=\n]+)?=(?!=)")
_MOST = 12  # occurrences: a term that stands everywhere is not what is meant
_TOGETHER = 0.5  # the share of all occurrences at once, where there are several
_TAIL = 0.3  # how much less an attribute of something that is named otherwise is meant
_SELF = "self."
_CONSTANT = re.compile(r"None|True|False|[-+]?\d[\d.]*")  # takes the place of a string, not of what is in it


def reworded(file: Lines, wanted: Collection[int], old: str, new: str) -> Iterator[Transplant]:
    """Some lines of a file with one term for another: everywhere, and at each place alone.

    Args:
        file: whose comments and docstrings stay as they are.
        wanted: 1-based numbers of the lines to look at.
        old: the term that stands there, however it is spaced and quoted; part of a name is no name.
        new: what is written; a name that those lines do not hold, and `self` has, is written as its attribute.
    """
    document = file.document
    spans, written, worth = _standing(file, wanted, old, new), _spelled(file, wanted, old, new), 1.0
    if not _pattern(old).search(document.text):
        found = ((_standing(file, wanted, *tail), tail[1]) for tail in _tails(old, new))
        spans, written = next((each for each in found if each[0]), ([], new))
        worth = _TAIL
    if not 0 < len(spans) <= _MOST:
        return
    if _CONSTANT.fullmatch(written):
        spans = [_with_quotes(document.text, span) for span in spans]
    if len(spans) > 1:
        yield _written(document, spans, written, worth * _TOGETHER)
    alone = [span for span in spans if not _binds(file, span)]  # a binding is not renamed without its uses
    for span in alone:
        share = 1.0 if len(spans) == 1 else (1 - _TOGETHER) / len(alone)
        yield _written(document, [span], written, worth * share)


def _binds(file: Lines, span: tuple[int, int]) -> bool:
    """Whether a term is assigned to, or stands in the header of a function."""
    document = file.document
    start, end = document.line_start(span[0]), document.line_end(span[1])
    assigned = not document.text[start : span[0]].strip() and _ASSIGNED.match(document.text, span[1], end)
    return bool(assigned) or document.line(span[0]) in file.headers


def _tails(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Two attributes of one thing without it: it may have another name there, or a string may name them."""
    (owner, dot, one), (other, _, to) = old.rpartition("."), new.rpartition(".")
    if dot and owner == other and one.isidentifier():
        yield f".{one}", f".{to}"
        yield one, to


def _standing(file: Lines, wanted: Collection[int], old: str, new: str) -> list[tuple[int, int]]:
    """Where a term is code in some lines, and the other one not there already."""
    document = file.document
    found = (match.span() for match in _pattern(old).finditer(document.text))
    return [
        span
        for span in found
        if document.line(span[0]) in wanted
        and not _is_there(document.text, span[0], old, new)
        and _is_code(file, span[0])
        and not (old.isalpha() and _is_phrase(file, span[0]))
    ]


def _is_code(file: Lines, at: int) -> bool:
    """Whether what stands at an offset is neither of a docstring nor of a comment."""
    document = file.document
    return document.line(at) not in file.docstrings and "#" not in document.text[document.line_start(at) : at]


def _pattern(term: str) -> re.Pattern[str]:
    """A term as it may be spaced and quoted; a word of it is a whole one."""
    parts = _PART.findall(term) or [re.escape(term)]
    told = ["['\"]" if part in ("'", '"') else re.escape(part) for part in parts]
    gaps = [r"\s+" if left[-1].isalnum() and right[0].isalnum() else r"\s*" for left, right in pairwise(parts)]
    body = told[0] + "".join(gap + part for gap, part in zip(gaps, told[1:], strict=True))
    before = r"(?<!\w)(?<!def )(?<!class )" if parts[0][0].isalnum() or parts[0][0] == "_" else ""
    return re.compile(before + body + (r"(?!\w)" if parts[-1][-1].isalnum() or parts[-1][-1] == "_" else ""))


def _is_phrase(file: Lines, at: int) -> bool:
    """Whether what stands at an offset is of a string of several words: a word of it is no name."""
    document = file.document
    tokens = scan(document.text, document.line_start(at), document.line_end(at))
    return any(each.start < at < each.end and each.text[-1] in "\"'" and " " in each.text for each in tokens)


def _with_quotes(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """A span with the quotation marks around it, if there are any."""
    before, behind = text[span[0] - 1 : span[0]], text[span[1] : span[1] + 1]
    return (span[0] - 1, span[1] + 1) if before == behind and before in ("'", '"') else span


def _is_there(text: str, at: int, old: str, new: str) -> bool:
    """Whether what is to be written stands around a term already."""
    ahead = new.find(old)
    return ahead >= 0 and text.startswith(new, at - ahead)


def _spelled(file: Lines, wanted: Collection[int], old: str, new: str) -> str:
    """A name as an attribute of `self` where it is one, and nothing else there."""
    text, own = file.document.text, f"{_SELF}{new}"
    if not (old.isidentifier() and new.isidentifier()) or own not in text or f"{_SELF}{old}" in text:
        return new
    bare = re.compile(rf"(?<![\w.]){new}(?!\w)")
    return new if any(bare.search(file.raw[line - 1]) for line in wanted) else own


def _written(document: Document, spans: Sequence[tuple[int, int]], new: str, share: float) -> Transplant:
    """The lines around some spans with a term in each of them."""
    text = document.text
    start, end = document.line_start(spans[0][0]), document.line_end(spans[-1][1])
    code, at = "", start
    for first, last in spans:
        code += text[at:first] + new
        at = last
    return Transplant(start, end, "<module>", code + text[at:end], share, True, frozenset())
