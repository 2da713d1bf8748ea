"""The tokens that may be written in a function, and how each of them stands to it and to a place in it."""

import builtins
import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import takewhile

import numpy as np

from kent_agent.decoder.arrays import Numbers, Reals
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.stream import LONGEST_MATCH, Stream
from kent_agent.decoder.surroundings import OVERLAPS, Surroundings
from kent_agent.source.grammar import OLD, STATEMENTS
from kent_agent.source.tokens import LAYOUT, NEWLINE, is_identifier

END = "<end>"
SPECIALS = (END, OLD, *sorted(LAYOUT))
LANGUAGE = (*keyword.kwlist, *(name for name in dir(builtins) if name[0] != "_"))
STANDING, AT, AFTER = OVERLAPS + 8, 7, 14  # measures of a token in a function, at a site, after other tokens
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

    def after(self, opening: Opening, written: Sequence[str]) -> Reals:
        """How each token went on where what stands before the site and what is written stood elsewhere, `(V, AFTER)`.

        The file's shares after 1, 2, 3 and 5 tokens that match, the longest match and how near one of two tokens is;
        the function's shares, those of what is replaced, and the issue's, after 1 and 2; how often the file has each
        token before what follows the site. Edits end as if what follows the site came next.
        """
        around, size = self.around, len(self.tokens)
        rows = np.zeros((size, AFTER), dtype=np.float32)
        context = self._context(opening, written)
        places, lengths = around.stream.continued(context)
        hole = around.place(opening.site.start), around.place(opening.site.end)
        if opening.hidden:
            seen = (places < hole[0]) | (places > hole[1])
            places, lengths = places[seen], lengths[seen]
        numbers = self._in_file[places]
        known = numbers >= 0
        places, lengths, numbers = places[known], lengths[known], numbers[known]
        counts = np.bincount(numbers, minlength=size)
        rows[:, 0], rows[:, 1] = np.log1p(counts) / 2, counts / (len(numbers) + 0.5)
        for column, length in ((2, 2), (3, 3), (4, 5)):
            rows[:, column] = _shares(numbers[lengths >= length], size)
        np.maximum.at(rows[:, 5], numbers, (lengths / LONGEST_MATCH).astype(np.float32))
        inside = (places >= self._range[0]) & (places < self._range[1])
        rows[:, 6], rows[:, 7] = _shares(numbers[inside], size), _shares(numbers[inside & (lengths > 1)], size)
        nearness = 1 / (1 + np.log1p(np.abs(places - hole[0])))
        np.maximum.at(rows[:, 13], numbers[lengths > 1], nearness[lengths > 1].astype(np.float32))
        replaced = Stream(opening.old)
        self._followed(rows[:, 8:10], replaced, replaced.numbered(self.number), context)
        self._followed(rows[:, 10:12], around.issue, self._in_issue, context)
        following = self._following(opening)
        leading = around.stream.places(following) - 1
        leading = leading[(leading >= 0) & ~(opening.hidden & (leading >= hole[0]) & (leading < hole[1]))]
        rows[:, 12] = np.log1p(_counts(self._in_file[leading], size)) / 2
        if following in self.number:
            rows[self.number[END]] = rows[self.number[following]]
        return rows

    @staticmethod
    def _followed(columns: Reals, stream: Stream, numbers: Numbers, context: Sequence[str]) -> None:
        """Shares of another stream, whose tokens have these numbers, after one and two tokens, into `(V, 2)`."""
        places, lengths = stream.continued(context)
        if len(places):
            columns[:, 0] = _shares(numbers[places], len(columns))
            columns[:, 1] = _shares(numbers[places[lengths > 1]], len(columns))

    def _context(self, opening: Opening, written: Sequence[str]) -> list[str]:
        """The last tokens before the next one, as the stream has them."""
        found: list[str] = []
        for token in reversed(written):
            found += reversed(opening.old) if token == OLD else [NEWLINE if token in LAYOUT else token]
            if len(found) >= LONGEST_MATCH:
                break
        if len(found) < LONGEST_MATCH:
            here = self.around.place(opening.site.start)
            found += reversed(self.around.stream.tokens[max(here - LONGEST_MATCH, 0) : here])
        runs = [t for i, t in enumerate(found) if t != NEWLINE or i == 0 or found[i - 1] != NEWLINE]
        return runs[:LONGEST_MATCH][::-1]

    def _following(self, opening: Opening) -> str:
        """What stands behind a site, as the stream has it."""
        if opening.site.action in STATEMENTS:
            return NEWLINE
        place = self.around.place(opening.site.end)
        return self.around.stream.tokens[place] if place < len(self.around.stream.tokens) else NEWLINE

    @cached_property
    def _in_file(self) -> Numbers:
        return self.around.stream.numbered(self.number)

    @cached_property
    def _in_issue(self) -> Numbers:
        return self.around.issue.numbered(self.number)

    @cached_property
    def _range(self) -> tuple[int, int]:
        """The function's places in the stream."""
        tokens = self.around.tokens
        ends = [
            tokens[i].start if i < len(tokens) else len(self.around.text) for i in (self.around.first, self.around.last)
        ]
        return self.around.place(ends[0]), self.around.place(ends[1])


def _counts(numbers: Numbers, size: int) -> Numbers:
    return np.bincount(numbers[numbers >= 0], minlength=size)


def _shares(numbers: Numbers, size: int) -> Reals:
    shares: Reals = (_counts(numbers, size) / (len(numbers) + 0.5)).astype(np.float32)
    return shares


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
