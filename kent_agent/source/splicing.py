"""Where in a file a piece of code is meant to stand, line by line: whether or not the lines alone are Python."""

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise, takewhile

from kent_agent.source.alignment import DEFINITIONS
from kent_agent.source.symbols import bodies
from kent_agent.source.transplant import Statements, Transplant

_TELLING = 4  # fewest tokens of a line that tells its place
_TAB = 4  # blanks
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PLACES = 8  # where a line that tells its place may stand
_SHIFT = 8  # lines that may come or go before the first line that stands already, and behind the last one
_NEAR = 0.6  # least likeness of two lines that stand for one another
_ANYWHERE = re.compile(r"(?:import|from)\b|if __name__|(?:async )?def (?:__\w+__|main|test\w*)\(")  # in scripts too
_BEGINNING = re.compile(r"((?:return|raise|yield|if|elif|while|for|with|assert)\b|[\w.]+ [-+*/|&]?= )")
_DRIFT = 3  # lines between the line that an issue numbers and the one that it means
_BEGINS = re.compile(r"(?:async )?def |class |@")
_ELLIPSIS = re.compile(r"^[ \t]*(?:#[ \t]*)?(?:\.{3,}|…|\[\.\.\.\])[ \t]*$", re.MULTILINE)
_ALIKE = 0.4  # least share of lines that stay
_WITH_BLANKS = re.compile(r"((?:[ \t]*\n)*[ \t]*\S.*)(?:\n|\Z)")  # a line with the blank ones before it


class Lines:
    """A file as lines, blank ones aside.

    Args:
        statements: the file.
    """

    def __init__(self, statements: Statements) -> None:
        self.document = statements.document
        starts = self.document.starts
        self.raw = [self.document.text[a:b] for a, b in pairwise([*starts, len(self.document.text)])]
        self.numbers = [i for i, line in enumerate(self.raw) if line.strip()]
        self.texts = [self.raw[i].strip() for i in self.numbers]
        self.tabs = any(line.startswith("\t") for line in self.raw)

    @cached_property
    def _where(self) -> dict[str, list[int]]:
        found = defaultdict(list)
        for at, text in enumerate(self.texts):
            found[text].append(at)
        return found

    def holding(self, text: str) -> list[int]:
        """Where a line stands, by the numbers of those that are not blank."""
        return self._where.get(text, [])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The offsets of a range of lines, both ends among them."""
        starts = self.document.starts
        return starts[self.numbers[first]], self.document.line_end(starts[self.numbers[last]])

    def depth(self, at: int) -> int:
        """The width of a line's indentation."""
        return _depth_of(self.raw[self.numbers[at]])

    def gap(self, before: int, at: int) -> tuple[str, str]:
        """The text from the end of one line to the start of another, parted behind a docstring."""
        first, last = self.numbers[before] + 1, self.numbers[at]
        middle = max((i + 1 for i in range(first, last) if i + 1 in self.docstrings), default=first)
        return "".join(self.raw[first:middle]), "".join(self.raw[middle:last])

    def is_quiet(self, at: int) -> bool:
        """Whether a line is a comment, or of a docstring: code that is quoted often comes without."""
        return self.texts[at].startswith("#") or self.numbers[at] + 1 in self.docstrings

    def quiet(self, one: int, other: int) -> int:
        """How many such lines there are between two."""
        return sum(self.is_quiet(at) for at in range(min(one, other), max(one, other)))

    def crosses(self, one: int, other: int, shown: Collection[str]) -> bool:
        """Whether a definition that is not shown begins between two lines, less deep than one of them."""
        most = max(self.depth(one), self.depth(other))
        begun = (at for at in range(min(one, other) + 1, max(one, other)) if _BEGINS.match(self.texts[at]))
        return any(self.depth(at) < most and self.texts[at] not in shown for at in begun)

    @cached_property
    def docstrings(self) -> frozenset[int]:
        """The numbers of the lines of docstrings, 1-based."""
        nodes = (node for node in ast.walk(self.document.tree) if isinstance(node, DEFINITIONS))
        first = (node.body[0] for node in nodes if ast.get_docstring(node, clean=False) is not None)
        return frozenset(line for each in first for line in range(each.lineno, (each.end_lineno or each.lineno) + 1))

    @cached_property
    def headers(self) -> frozenset[int]:
        """The numbers of the lines of functions' headers, 1-based."""
        return frozenset(line for first, below in bodies(self.document.text).items() for line in range(first, below))


def patched(file: Lines, old: str, new: str) -> list[Transplant]:
    """Where lines of a file are those that a patch takes away or keeps, blanks aside, after the patch.

    Comments and docstrings that the patch does not show may stand between them, and stay.
    """
    wanted = [line for line in old.splitlines() if line.strip()]
    if not wanted:  # a hunk that takes the place of blank lines alone tells no place
        return []
    stripped = [line.strip() for line in wanted]
    found = []
    for at in file.holding(stripped[0]):
        last = _run(file, stripped, at)
        if last is None:
            continue
        if last - at + 1 == len(stripped):
            start, end = file.span(at, last)
            code = _written(file, new.splitlines(), file.depth(at) - _depth_of(wanted[0]))
            found.append(Transplant(start, end, "<module>", code, 1.0, True, frozenset()))
        elif new.strip() and (each := _between(file, at, last, re.findall(_WITH_BLANKS, new))):
            found.append(replace(each, alike=1.0))
    return found


def _run(file: Lines, wanted: Sequence[str], at: int) -> int | None:
    """The last of the lines that are those wanted from one on, quiet ones aside; None where they differ."""
    for line in wanted:
        while at < len(file.texts) and file.texts[at] != line and file.is_quiet(at):
            at += 1
        if at >= len(file.texts) or file.texts[at] != line:
            return None
        at += 1
    return at - 1


def patched_together(file: Lines, changes: Sequence[tuple[str, str]]) -> list[Transplant]:
    """The lines of a file from the first to the last that several hunks (old, new) meet, after all of these.

    Nothing unless each hunk fits one place, and none the place of another.
    """
    fits = [patched(file, old, new) for old, new in changes]
    if any(len(places) != 1 for places in fits):
        return []
    hunks = sorted((places[0] for places in fits), key=lambda hunk: hunk.start)
    if any(one.end > other.start for one, other in pairwise(hunks)):
        return []
    text, end = file.document.text, hunks[-1].end
    following = [hunk.start for hunk in hunks[1:]]
    code = "".join(hunk.code + text[hunk.end : start] for hunk, start in zip(hunks, [*following, end], strict=True))
    return [Transplant(hunks[0].start, end, "<module>", code, len(hunks) ** 2, True, frozenset())]


def may_be_spliced(code: str, text: str) -> bool:
    """Whether it may pay to look for the place of a piece of code in a text."""
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    return len(lines) > 1 and any(_is_telling(line) and line in text for line in lines)


def spliced(file: Lines, code: str) -> list[Transplant]:
    """Where the first and the last lines of a piece of code stand, or lines like them, with the piece in between.

    A line that tells its place stands there already; the lines that stay keep what the file has around them.
    """
    found: dict[tuple[int, int], Transplant] = {}
    for part in _ELLIPSIS.split(code):
        lines = re.findall(_WITH_BLANKS, part)
        old = [_commented_out(file, line) for line in lines]
        piece = [line for line, gone in zip(lines, old, strict=True) if not gone]
        wanted = [" " * _depth_of(line) + (gone or line.strip()) for line, gone in zip(lines, old, strict=True)]
        for first, last in _windows(file, wanted):
            each = _between(file, first, last, piece)
            if each:
                found[first, last] = each
    best = sorted(found.values(), key=lambda each: -each.alike)
    return [each for i, each in enumerate(best) if all(each.apart_from(other) for other in best[:i])]


def pinned(file: Lines, code: str, numbers: Collection[int]) -> Iterator[Transplant]:
    """A line of code in the place of the line nearest to a numbered one that begins like it: files grow and shrink."""
    begun = _BEGINNING.match(code)
    if "\n" in code or not begun:
        return
    for number in numbers:
        near = sorted(range(len(file.numbers)), key=lambda at: abs(file.numbers[at] + 1 - number))[: 2 * _DRIFT + 1]
        for at in near:
            text = file.texts[at]
            if abs(file.numbers[at] + 1 - number) <= _DRIFT and text != code.strip() and text.startswith(begun[1]):
                start, end = file.span(at, at)
                new = _written(file, [code.strip()], file.depth(at))
                yield Transplant(start, end, "<module>", new, 1.0, True, frozenset())
                break


def _commented_out(file: Lines, line: str) -> str:
    """The line of a file that a line of a piece of code has as a comment; empty where it is none."""
    text = line.strip()
    code = text.lstrip("# \t")
    return code if text.startswith("#") and file.holding(code) and not file.holding(text) else ""


def _depth_of(lines: str) -> int:
    """The width of the indentation of the last line."""
    line = lines.rstrip().rpartition("\n")[2].expandtabs(_TAB)
    return len(line) - len(line.lstrip(" "))


def _is_telling(line: str) -> bool:
    """Whether a line tells its place."""
    return len(_TOKEN.findall(line)) >= _TELLING and not _ANYWHERE.match(line)


def _windows(file: Lines, wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges of lines that begin and end like a piece of code, around a line of it that tells its place."""
    shown = [line.strip() for line in wanted]
    flat = not any(map(_depth_of, wanted))
    seen = set()
    for number, text in enumerate(shown):
        places = file.holding(text) if _is_telling(text) else []
        for at in places if len(places) <= _PLACES else ():
            if at - number in seen:  # lines that follow one another tell the same
                continue
            seen.add(at - number)
            shift = None if flat else file.depth(at) - _depth_of(wanted[number])
            low, high = _known(file, shown, number, at)
            first = _end_like(file, wanted[0], at - number, low, shift)
            last = _end_like(file, wanted[-1], at + len(wanted) - 1 - number, high, shift)
            yield low if file.crosses(first, low, shown) else first, high if file.crosses(last, high, shown) else last


def _known(file: Lines, shown: Sequence[str], number: int, at: int) -> tuple[int, int]:
    """The ends of the run of lines that stand as they are shown, around one of them."""
    above = zip(reversed(file.texts[max(at - number, 0) : at]), reversed(shown[:number]), strict=False)
    below = zip(file.texts[at + 1 : at + len(shown)], shown[number + 1 :], strict=False)
    runs = (sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) for pairs in (above, below))
    return at - next(runs), at + next(runs)


def _end_like(file: Lines, wanted: str, expected: int, at: int, shift: int | None) -> int:
    """The line nearest to where one is expected that is the wanted one, or else is like it; a known one if none is.

    Args:
        at: the known one.
        shift: by how much the file is deeper than the piece of code; None where that has lost its indentation.
    """
    first, last = (expected - _SHIFT, at) if expected <= at else (at, expected + _SHIFT)
    reach = sorted(range(max(first, 0), min(last + 1, len(file.texts))), key=lambda i: abs(i - expected))
    text, loose = wanted.strip(), shift is None or _is_telling(wanted.strip())
    fits = [i for i in reach if loose or file.depth(i) - _depth_of(wanted) == shift]
    equal = (i for i in fits if file.texts[i] == text)
    like = (i for i in fits if abs(i - expected) <= 1 + file.quiet(i, at) and _like(file.texts[i], text))
    return next(equal, next(like, at))


def _like(line: str, other: str) -> bool:
    return SequenceMatcher(None, line, other).ratio() >= _NEAR


def _between(file: Lines, first: int, last: int, piece: Sequence[str]) -> Transplant | None:
    """The lines of a range in the form that a piece of code gives them; None where they have it already."""
    theirs = [line.strip() for line in piece]
    kept = [at for at in range(first, last + 1) if not file.is_quiet(at) or file.texts[at] in theirs]
    ours = [file.texts[at] for at in kept]
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    if ours == theirs or matcher.ratio() < _ALIKE:
        return None
    same = [(a + k, c + k) for a, c, size in matcher.get_matching_blocks() for k in range(size)]
    flat = not any(_depth_of(line) for line in piece)  # its indentation is lost, or it had none
    code, before = "", ""
    for tag, a, b, c, d in matcher.get_opcodes():
        docstring, rest = file.gap(kept[a - 1], kept[a]) if 0 < a < len(kept) else ("", "")
        code += docstring if before != "insert" else ""
        code += rest if tag in ("equal", "replace") else ""
        if tag == "equal":
            code += file.document.text[slice(*file.span(kept[a], kept[b - 1]))]
        elif c < d:
            code += file.document.newline if code and not code.endswith("\n") else ""
            at, number = min(same, key=lambda pair: abs(pair[1] - c))
            shift = file.depth(kept[at]) - _depth_of(piece[number])
            new = "\n".join(piece[c:d]).lstrip("\n" if tag == "replace" else "").split("\n")
            if flat and tag == "replace" and b - a == d - c == len(new):
                code += "".join(_written(file, [line], file.depth(kept[a + k])) for k, line in enumerate(new))
            else:
                code += _written(file, new, shift)
        before = tag
    ends = (ours[0] == theirs[0]) + (ours[-1] == theirs[-1])
    return Transplant(*file.span(first, last), "<module>", code, matcher.ratio() + ends / 2, True, frozenset())


def _written(file: Lines, lines: Sequence[str], shift: int) -> str:
    """Lines of a piece of code as deep as the file has them."""
    return "".join(_shifted(line, shift, file.tabs) + file.document.newline for line in lines)


def _shifted(line: str, shift: int, tabs: bool) -> str:
    if not line.strip():
        return ""
    width = max(_depth_of(line) + shift, 0)
    return ("\t" * (width // _TAB) + " " * (width % _TAB) if tabs else " " * width) + line.lstrip()
