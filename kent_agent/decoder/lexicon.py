"""The tokens that may be written in a function, and how each of them stands to it and to a place in it."""

import builtins
import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import takewhile

import numpy as np

from kent_agent.decoder.arrays import Reals
from kent_agent.decoder.continuations import AFTER, END, Continuations, Written
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.surroundings import OVERLAPS, Surroundings
from kent_agent.source.grammar import OLD
from kent_agent.source.tokens import LAYOUT, is_identifier

SPECIALS = (END, OLD, *sorted(LAYOUT))
LANGUAGE = (*keyword.kwlist, *(name for name in dir(builtins) if name[0] != "_"))
STANDING, AT = OVERLAPS + 8, 7  # measures of a token in a function, and at a site
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
        told = [*said, *_joined(around.said.title), *neighbours(around.in_function)]
        known = [*SPECIALS, *learned, *LANGUAGE]
        near = [*around.in_function, *told]
        self.tokens = tuple(dict.fromkeys([*known, *near, *far, *_quoted(near, around.quote)]))
        self._elsewhere = {*known, *told, *far}
        self.number = {token: i for i, token in enumerate(self.tokens)}

    def standing(self, chosen: Sequence[int] | None = None, opening: Opening | None = None) -> Reals:
        """What is true of n tokens wherever they are written, `(n, STANDING)`.

        Args:
            chosen: their numbers; all of them by default.
            opening: whose tokens do not count, if they are hidden.
        """
        around = self.around
        hidden = Counter(self._hidden(opening)) if opening else Counter[str]()
        tokens = self.tokens if chosen is None else [self.tokens[i] for i in chosen]
        rows = []
        for token in tokens:
            here = around.in_function[token] - hidden[token]
            rows.append(
                (
                    *around.overlap(token),
                    here,
                    around.in_file[token] - hidden[token],
                    self.learned.get(token, _UNKNOWN) / 4,
                    token in self.learned,
                    is_identifier(token),
                    token[-1] in "\"'",
                    token[0].isdigit(),
                    here > 0,
                )
            )
        found = np.array(rows, dtype=np.float32).reshape(-1, STANDING)
        found[:, OVERLAPS] = np.log1p(found[:, OVERLAPS])
        found[:, OVERLAPS + 1] = np.log1p(found[:, OVERLAPS + 1]) / 2
        return found

    def only_in(self, opening: Opening) -> list[int]:
        """Numbers of the tokens that are known from what an opening hides alone."""
        hidden = Counter(self._hidden(opening))
        gone = [token for token, count in hidden.items() if self.around.in_function[token] == count]
        return [self.number[token] for token in gone if token not in self._elsewhere and token in self.number]

    def _hidden(self, opening: Opening) -> Iterator[str]:
        if opening.hidden:
            yield from (token.text for token in self.around.tokens[opening.first : opening.last])

    def at(self, opening: Opening, chosen: Sequence[int] | None = None) -> Reals:
        """How n tokens stand to a site: replaced there, near before or behind, like the one replaced, `(n, AT)`."""
        around, old = self.around, opening.old
        numbers = range(len(self.tokens)) if chosen is None else chosen
        row_of = self.number if chosen is None else {self.tokens[i]: row for row, i in enumerate(chosen)}
        rows = np.zeros((len(numbers), AT), dtype=np.float32)
        rows[[row_of[token] for token in old if token in row_of], 0] = 1
        if old and old[-1] in row_of:
            rows[row_of[old[-1]], 6] = 1
        before = around.tokens[max(opening.first - _BEFORE, around.first) : opening.first]
        behind = around.tokens[opening.last : min(opening.last + _BEHIND, around.last)]
        for column, near in ((1, reversed(before)), (2, behind)):
            for distance, token in enumerate(near, start=1):
                i = row_of.get(token.text)
                if i is not None and not rows[i, column]:
                    rows[i, column] = 1 / (1 + np.log1p(distance))
        named = [token for token in old if is_identifier(token)] if len(old) <= 3 else []
        if named:
            related = self._related(named[-1])
            for row, i in enumerate(numbers):
                if i in related:
                    rows[row, 3:6] = likeness(named[-1], self.tokens[i])
        return rows

    def _related(self, name: str) -> frozenset[int]:
        """Numbers of the identifiers that may be like a name: they share a part, or begin or end alike."""
        return frozenset().union(*(self._by_look[look] for look in looks(name) if look in self._by_look))

    @cached_property
    def _by_look(self) -> Mapping[tuple[str, str], set[int]]:
        found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for i, token in enumerate(self.tokens):
            if is_identifier(token):
                for look in looks(token):
                    found[look].add(i)
        return found

    def after(self, opening: Opening, *written: Sequence[str]) -> Reals:
        """How tokens went on where what stands before a site and T writings there stood elsewhere, `(T, V, AFTER)`."""
        rows = np.zeros((len(written), len(self.tokens), AFTER), dtype=np.float32)
        found = self.continuations.after([Written(opening, tokens) for tokens in written])
        rows[found.owners, found.tokens] = found.rows
        return rows

    @cached_property
    def continuations(self) -> Continuations:
        """What came next elsewhere."""
        return Continuations(self.around, self.number)


def _quoted(tokens: Iterable[str], quote: str) -> list[str]:
    """Names as strings: keys, attributes and modes are named both ways."""
    return [f"{quote}{token}{quote}" for token in tokens if is_identifier(token)]


def _joined(title: Sequence[str]) -> Iterator[str]:
    """Runs of two and three words of a title as one name: options and attributes are spelled out in prose."""
    words = [word.lower() for word in title][:_TITLE_WORDS]
    for size in (2, 3):
        yield from ("_".join(words[i : i + size]) for i in range(len(words) - size + 1))


def neighbours(tokens: Iterable[str]) -> Iterator[str]:
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


def looks(name: str) -> Iterator[tuple[str, str]]:
    """What names have in common that are alike at all: how they begin and end, and their parts."""
    yield "first", name[0]
    yield "last", name[-1]
    yield from (("part", part) for part in parts(name))


@lru_cache(maxsize=1 << 17)
def parts(token: str) -> frozenset[str]:
    """The words that a name is made of, in lower case."""
    return frozenset(part.lower() for part in _PART.findall(token))


def _shared(left: str, right: str) -> int:
    """How many characters two strings begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
