"""The tokens that may be written in a function, and how each of them stands to it and to a place in it."""

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile

import numpy as np

from kent_agent.decoder.surroundings import OVERLAPS, Numbers, Reals, Surroundings
from kent_agent.source.grammar import OLD, Site
from kent_agent.source.tokens import LAYOUT, is_identifier

END = "<end>"
SPECIALS = (END, OLD, *sorted(LAYOUT))
LANGUAGE = (*keyword.kwlist, *(name for name in dir(builtins) if name[0] != "_"))
STANDING, AT, AFTER = OVERLAPS + 8, 6, 5  # measures of a token in a function, at a site, after other tokens
_FILE, _SAID = 500, 160  # tokens of the file and of the issue
_TITLE_WORDS = 12
_BEFORE, _BEHIND = 120, 80  # tokens around a site that are near
_UNKNOWN = -12.0  # the logarithm of the share of a token that training never met
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


class Lexicon:
    """All tokens that may be written in a function.

    Args:
        around: the function.
        learned: tokens that were common in training, with the logarithms of their shares.
    """

    def __init__(self, around: Surroundings, learned: Mapping[str, float]) -> None:
        self.around = around
        self.learned = learned
        said = [token for tokens in around.said.tokens.values() for token in tokens][:_SAID]
        far = [token for token, _ in around.in_file.most_common(_FILE)]
        near = [*around.in_function, *said, *_joined(around.said.title), *_neighbours(around.in_function)]
        known = [*SPECIALS, *learned, *LANGUAGE]
        self.tokens = tuple(dict.fromkeys([*known, *near, *far, *_quoted(near, around.quote)]))
        self.number = {token: i for i, token in enumerate(self.tokens)}
        self._habits: dict[tuple[str, str | tuple[str, ...]], tuple[Numbers, Reals, Reals]] = {}

    def standing(self) -> Reals:
        """What is true of each of the n tokens wherever it is written, `(n, STANDING)`."""
        around = self.around
        return np.array(
            [
                (
                    *around.overlap(token),
                    np.log1p(around.in_function[token]),
                    np.log1p(around.in_file[token]) / 2,
                    self.learned.get(token, _UNKNOWN) / 4,
                    token in self.learned,
                    is_identifier(token),
                    token[-1] in "\"'",
                    token[0].isdigit(),
                    token in around.in_function,
                )
                for token in self.tokens
            ],
            dtype=np.float32,
        )

    def at(self, site: Site) -> Reals:
        """How each token stands to a site: replaced there, near before or behind, like the one replaced, `(n, AT)`."""
        around = self.around
        first, last = around.number(site.start), around.number(site.end)
        old = [token.text for token in around.tokens[first:last]]
        rows = np.zeros((len(self.tokens), AT), dtype=np.float32)
        rows[[self.number[token] for token in old if token in self.number], 0] = 1
        before = around.tokens[max(first - _BEFORE, around.first) : first]
        behind = around.tokens[last : min(last + _BEHIND, around.last)]
        for column, near in ((1, reversed(before)), (2, behind)):
            for distance, token in enumerate(near, start=1):
                i = self.number.get(token.text)
                if i is not None and not rows[i, column]:
                    rows[i, column] = 1 / (1 + np.log1p(distance))
        named = [token for token in old if is_identifier(token)] if len(old) <= 3 else []
        if named:
            rows[:, 3:] = [likeness(named[-1], token) for token in self.tokens]
        return rows

    def after(self, before: Sequence[str], following: str) -> Reals:
        """How often the file has each token after the last two of `before`, and before what follows, `(n, AFTER)`."""
        around = self.around
        rows = np.zeros((len(self.tokens), AFTER), dtype=np.float32)
        left, two = before[-1] if before else "", tuple(before[-2:])
        habits = (
            (0, self._habit("after", left, around.followers.get(left))),
            (2, self._habit("after two", two, around.second_followers.get(two) if len(two) == 2 else None)),
        )
        for column, (numbers, logarithms, shares) in habits:
            rows[numbers, column], rows[numbers, column + 1] = logarithms, shares
        numbers, logarithms, _ = self._habit("before", following, around.leaders.get(following))
        rows[numbers, 4] = logarithms
        return rows

    def _habit(
        self, kind: str, near: str | tuple[str, ...], counts: Counter[str] | None
    ) -> tuple[Numbers, Reals, Reals]:
        """Counted tokens as numbers, logarithms and shares; kept, as a search asks for the same thousands of times."""
        if (kind, near) not in self._habits:
            counts = counts or Counter()
            known = {self.number[token]: count for token, count in counts.items() if token in self.number}
            numbers, values = np.array([*known], dtype=np.int64), np.array([*known.values()], dtype=np.float64)
            shares = values / (counts.total() + 0.5)
            self._habits[kind, near] = numbers, (np.log1p(values) / 2).astype(np.float32), shares.astype(np.float32)
        return self._habits[kind, near]


def _quoted(tokens: Iterable[str], quote: str) -> list[str]:
    """Names as strings: keys, attributes and modes are named both ways."""
    return [f"{quote}{token}{quote}" for token in tokens if is_identifier(token)]


def _joined(title: Sequence[str]) -> Iterator[str]:
    """Runs of two and three words of a title as one name: options and attributes are spelled out in prose."""
    words = [word.lower() for word in title][:_TITLE_WORDS]
    for size in (2, 3):
        yield from ("_".join(words[i : i + size]) for i in range(len(words) - size + 1))


def _neighbours(tokens: Iterable[str]) -> Iterator[str]:
    """The numbers next to those that stand there: an end is often missed by one."""
    for number in (int(token) for token in tokens if token.isdecimal() and len(token) <= 4):
        yield from (str(number + 1), str(abs(number - 1)))


@lru_cache(maxsize=1 << 18)
def likeness(name: str, token: str) -> tuple[float, float, float]:
    """How alike two names are: by their parts, their beginnings and their ends, each in [0, 1]; 0 for one's own."""
    if name == token or not is_identifier(token):
        return 0.0, 0.0, 0.0
    left, right = parts(name), parts(token)
    longest = max(len(name), len(token))
    return (
        len(left & right) / (len(left | right) or 1),
        _shared(name, token) / longest,
        _shared(name[::-1], token[::-1]) / longest,
    )


@lru_cache(maxsize=1 << 17)
def parts(token: str) -> frozenset[str]:
    """The words that a name is made of, in lower case."""
    return frozenset(part.lower() for part in _PART.findall(token))


def _shared(left: str, right: str) -> int:
    """How many characters two strings begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
