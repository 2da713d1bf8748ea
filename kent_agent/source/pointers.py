"""Lines of a file that an issue points at: quoted, in a traceback, by a link or by their number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from kent_agent.source.issue import BlobLink, Issue

_BLANK = re.compile(r"\s+")
_NUMBER = re.compile(r"\b[Ll]ines? (\d+)")
_QUOTED, _SPELLED, _CRASHED, _LINKED, _NUMBERED = 1.4, 0.6, 1.5, 2.0, 1.0
"""What each way to point adds to the logarithm of a line's odds beside what the decoder's pointer reads of the issue: a
whole line, a part of it as inline code, a frame's line, one near a link or of a number. In the functions that the gold
patches of dev change, lines are e ** 2.0, 1.9, 2.5, 2.5 and 1.3 times likelier to be changed that are pointed at so."""
_FAR = 40  # lines
_MORE = 0.3  # what a second way adds
_SHORTEST, _PART = 6, 8  # characters of a line that is quoted, and of a part of one


@dataclass(frozen=True)
class Pointers:
    """What an issue points at.

    Attributes:
        quoted, spelled, crashed: lines, inline code and frames' lines, without blanks.
        links: to lines on the hosting site.
        numbers: of lines.
        files: names of files that are mentioned.
    """

    quoted: frozenset[str] = frozenset()
    spelled: frozenset[str] = frozenset()
    crashed: frozenset[str] = frozenset()
    links: tuple[BlobLink, ...] = ()
    numbers: frozenset[int] = frozenset()
    files: frozenset[str] = frozenset()

    @classmethod
    def of(cls, issue: Issue) -> Self:
        """What an issue points at."""
        lines = (line for text in (*issue.fences, issue.prose) for line in text.split("\n"))
        return cls(
            quoted=frozenset(map(_squeezed, lines)),
            spelled=frozenset(code for code in map(_squeezed, issue.inline) if len(code) >= _SHORTEST),
            crashed=frozenset(_squeezed(frame.code) for frame in issue.frames if frame.code.strip()),
            links=tuple(link for link in issue.links if link.start),
            numbers=frozenset(int(number) for number in _NUMBER.findall(issue.prose)),
            files=frozenset(_name(path) for path in (*issue.paths, *(frame.file for frame in issue.frames))),
        )

    def odds(self, path: str, lines: Sequence[str], wanted: range) -> Mapping[int, float]:
        """By how much pointing raises the natural logarithms of the odds that lines are changed; those it raises alone.

        Args:
            path: of the file.
            lines: of the file.
            wanted: 1-based numbers of the lines to look at.
        """
        links = self._links(path)
        found = {}
        for number in wanted:
            raised = sorted(self._pointed(number, _squeezed(lines[number - 1]), links))
            if raised:
                found[number] = raised[-1] + _MORE * (len(raised) > 1)
        return found

    def lines(self, path: str) -> frozenset[int]:
        """The lines of a file that the issue links to, and those that it numbers, if it names the file."""
        linked = [range(link.start, link.end + 1) for link in self._links(path)]
        numbered = self.numbers if linked or _name(path) in self.files else frozenset[int]()
        return numbered.union(*linked)

    def _links(self, path: str) -> list[BlobLink]:
        return [link for link in self.links if _name(link.path) == _name(path)]

    def near(self, path: str, line: int) -> float:
        """How near a line is to one that `lines` has, from 0 far away to 1: files grow after a link is made."""
        apart = min((abs(line - each) for each in self.lines(path)), default=_FAR)
        return max(1 - apart / _FAR, 0.0)

    def _pointed(self, number: int, line: str, links: Sequence[BlobLink]) -> list[float]:
        """How the issue points at a line, by what each way is worth."""
        if not line or line.startswith("#"):
            return []
        whole = len(line) >= _SHORTEST
        ways = (
            (_QUOTED, whole and line in self.quoted),
            (_SPELLED, whole and any(line in code or (len(code) >= _PART and code in line) for code in self.spelled)),
            (_CRASHED, line in self.crashed),
            (_LINKED, any(link.start - 1 <= number <= link.end + 1 for link in links)),
            (_NUMBERED, any(abs(number - each) <= 1 for each in self.numbers)),
        )
        return [worth for worth, holds in ways if holds]


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _squeezed(code: str) -> str:
    return _BLANK.sub("", code)
