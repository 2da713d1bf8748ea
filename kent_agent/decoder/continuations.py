"""How each token of a lexicon went on wherever what was just written stood before: what a writer copies from."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kent_agent.decoder.arrays import Flags, Numbers, Reals
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.stream import LONGEST_MATCH, Stream
from kent_agent.decoder.surroundings import Surroundings
from kent_agent.source.grammar import OLD, STATEMENTS
from kent_agent.source.tokens import LAYOUT, NEWLINE

END = "<end>"
AFTER = 14  # measures of a token after other tokens


class Written(NamedTuple):
    """What is written at a site so far."""

    opening: Opening
    tokens: Sequence[str]


class Heard(NamedTuple):
    """Tokens that came next somewhere.

    Attributes:
        owners: after which of B writings each did, ascending, `(n,)`.
        numbers: of the tokens, -1 outside of the lexicon, `(n,)`.
        lengths: how many tokens matched before it, `(n,)`.
    """

    owners: Numbers
    numbers: Numbers
    lengths: Numbers

    def where(self, chosen: Flags) -> "Heard":
        """Some of them."""
        return Heard(*(each[chosen] for each in self))

    def matching(self, length: int) -> "Heard":
        """Those before which so many tokens match."""
        return self.where(self.lengths >= length)


class Measured(NamedTuple):
    """Measures of those tokens of the lexicon that came next anywhere after B writings.

    Attributes:
        owners, tokens: the writing and the token of each row, by both ascending, `(n,)`.
        rows: of the file how often, the shares after 1, 2, 3 and 5 tokens that match, and the longest match; the
            function's shares after 1 and 2, those of what is replaced, and the issue's; how often the file has the
            token before what follows the site; how near it stands after two tokens that match. An edit ends as if what
            follows the site came next. `(n, AFTER)`.
    """

    owners: Numbers
    tokens: Numbers
    rows: Reals


class Continuations:
    """What came next elsewhere.

    Args:
        around: the function.
        number: of each token of the lexicon.
    """

    def __init__(self, around: Surroundings, number: dict[str, int]) -> None:
        self.around = around
        self.number = number
        self._replaced: dict[Opening, tuple[Stream, Numbers]] = {}

    def after(self, asked: Sequence[Written]) -> Measured:
        """What came next after each of B writings, all at once: it is the calls that cost, not the sums."""
        contexts = [self._context(each) for each in asked]
        following = [self._following(each.opening) for each in asked]
        places, heard = self._in_the_file([each.opening for each in asked], contexts)
        leading = _joined([self._before(each.opening, token) for each, token in zip(asked, following, strict=True)])
        old = [self._of_replaced(each.opening) for each in asked]
        replaced = _joined([_next(*each, context) for each, context in zip(old, contexts, strict=True)])
        told = _joined([_next(self.around.issue, self._in_issue, context) for context in contexts])
        ends = np.full(len(asked), self.number[END])
        behind = np.array([self.number.get(token, -1) for token in following])
        each = np.arange(len(asked))
        cells = _Cells(
            len(self.number), (heard, leading, replaced, told, Heard(each, ends, each), Heard(each, behind, each))
        )

        rows = np.zeros((len(cells.keys), AFTER), dtype=np.float32)
        rows[:, 0], rows[:, 12] = (np.log1p(cells.counts(each)) / 2 for each in (heard, leading))
        for column, length in enumerate((1, 2, 3, 5), start=1):
            rows[:, column] = cells.shares(heard.matching(length))
        inside = heard.where((places >= self._range[0]) & (places < self._range[1]))
        for column, some in ((6, inside), (8, replaced), (10, told)):
            rows[:, column], rows[:, column + 1] = cells.shares(some), cells.shares(some.matching(2))
        holes = np.array([self.around.place(each.opening.site.start) for each in asked])
        nearness = np.where(heard.lengths > 1, 1 / (1 + np.log1p(np.abs(places - holes[heard.owners]))), 0)
        for column, values in ((5, heard.lengths / LONGEST_MATCH), (13, nearness)):
            np.maximum.at(rows[:, column], cells.rows(heard.owners, heard.numbers), values.astype(np.float32))
        closed = np.flatnonzero(behind >= 0)
        rows[cells.rows(closed, ends[closed])] = rows[cells.rows(closed, behind[closed])]
        return Measured(*np.divmod(cells.keys, len(self.number)), rows)

    def _in_the_file(self, openings: Sequence[Opening], contexts: Sequence[Sequence[str]]) -> tuple[Numbers, Heard]:
        """Where in the file the last token of each context stands, but for what is hidden; and what came next."""
        found = []
        for opening, context in zip(openings, contexts, strict=True):
            places, lengths = self.around.stream.continued(context)
            if opening.hidden:
                first, last = self._hole(opening)
                seen = (places < first) | (places > last)
                places, lengths = places[seen], lengths[seen]
            found.append((places, lengths))
        heard = _joined(found)
        heard = heard.where(self._in_file[heard.numbers] >= 0)
        return heard.numbers, heard._replace(numbers=self._in_file[heard.numbers])

    def _before(self, opening: Opening, following: str) -> tuple[Numbers, Numbers]:
        """What stands in the file before the token that follows a site, but for what is hidden."""
        places = self.around.stream.places(following) - 1
        if opening.hidden:
            first, last = self._hole(opening)
            places = places[(places < first) | (places >= last)]
        numbers = self._in_file[places[places >= 0]]
        return numbers, np.ones_like(numbers)

    def _hole(self, opening: Opening) -> tuple[int, int]:
        return self.around.place(opening.site.start), self.around.place(opening.site.end)

    def _of_replaced(self, opening: Opening) -> tuple[Stream, Numbers]:
        """What is replaced at a site, and the numbers of its tokens."""
        if opening not in self._replaced:
            stream = Stream(opening.old)
            self._replaced[opening] = stream, stream.numbered(self.number)
        return self._replaced[opening]

    def _context(self, asked: Written) -> list[str]:
        """The last tokens before the next one, as the stream has them."""
        opening, found = asked.opening, list[str]()
        for token in reversed(asked.tokens):
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


class _Cells:
    """The pairs of a writing and a token of which there is anything to say.

    Args:
        size: of the lexicon.
        heard: all that was.
    """

    def __init__(self, size: int, heard: Iterable[Heard]) -> None:
        self.size = size
        keys = [(each.owners * size + each.numbers)[each.numbers >= 0] for each in heard]
        self.keys = np.unique(np.concatenate(keys))

    def rows(self, owners: Numbers, numbers: Numbers) -> Numbers:
        """Which of the pairs are these."""
        return np.searchsorted(self.keys, owners * self.size + numbers)

    def counts(self, heard: Heard) -> Numbers:
        """How often each pair was heard, `(n,)`."""
        known = heard.numbers >= 0
        return np.bincount(self.rows(heard.owners[known], heard.numbers[known]), minlength=len(self.keys))

    def shares(self, heard: Heard) -> Reals:
        """The same as shares of all that was heard after that writing, `(n,)`."""
        owners = self.keys // self.size
        of_each: Reals = np.bincount(heard.owners, minlength=int(owners.max(initial=0)) + 1)[owners] + 0.5
        return self.counts(heard) / of_each


def _joined(found: Sequence[tuple[Numbers, Numbers]]) -> Heard:
    """What was heard after each of B writings: numbers, and the lengths of the matches."""
    owners = np.repeat(np.arange(len(found)), [len(numbers) for numbers, _ in found])
    numbers, lengths = (np.concatenate(each) for each in zip(*found, strict=True))
    return Heard(owners, numbers, lengths)


def _next(stream: Stream, numbers: Numbers, context: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Numbers of what follows a context's last token in a stream, and how many tokens match there."""
    places, lengths = stream.continued(context)
    return numbers[places], lengths
