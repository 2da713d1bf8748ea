"""What surrounds an edit: a function in its file, and the issue, as tokens that can be counted and compared.

A Surroundings is made once for a function. All that a decoder asks of it (where is this said, how common is that, what
follows what) is answered from here, by numbers that mean the same in every repository.
"""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise

import numpy as np

from kent_agent.decoder.arrays import Numbers, Reals
from kent_agent.decoder.stream import Stream
from kent_agent.filling.terms import Wording
from kent_agent.source.issue import Issue
from kent_agent.source.outline import Bag, word_bag
from kent_agent.source.pointers import Pointers
from kent_agent.source.scan import CLOSING, OPENING, Token, scan
from kent_agent.source.tokens import NEWLINE, is_identifier, terms_of

PARTS = ("title", "prose", "code")
OVERLAPS = len(PARTS) + 1  # and whether a token is said whole
_SAID, _READ = 300, 1500  # telling tokens of a part of an issue, and all tokens; a log holds thousands


@dataclass(frozen=True)
class Said:
    """What an issue says: the search terms and the whole tokens of its title, its prose and its code.

    Attributes:
        terms, tokens: by part.
        title: the words of the title, in their order.
        code: the tokens of its code and, behind them, of its prose, in their order.
        pointers: at lines.
        wording: its words, and what of it may be written.
    """

    terms: Mapping[str, Bag]
    tokens: Mapping[str, tuple[str, ...]]
    title: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    pointers: Pointers = field(default_factory=Pointers)
    wording: Wording = field(default_factory=Wording)

    @classmethod
    def by(cls, issue: Issue) -> "Said":
        """What an issue says."""
        texts = dict(zip(PARTS, (issue.title, issue.prose, issue.code), strict=True))
        return cls(
            {part: word_bag(text) for part, text in texts.items()},
            {part: tuple(dict.fromkeys(islice(_telling(text), _SAID))) for part, text in texts.items()},
            tuple(token.text for token in scan(issue.title, 0, len(issue.title)) if is_identifier(token.text)),
            tuple(token.text for text in (issue.code, issue.title, issue.prose) for token in _first_tokens(text)),
            Pointers.of(issue),
            Wording.by(issue),
        )

    @classmethod
    def nothing(cls) -> "Said":
        """The silence of an issue that is withheld."""
        return cls({part: {} for part in PARTS}, dict.fromkeys(PARTS, ()))

    @cached_property
    def whole(self) -> frozenset[str]:
        """All whole tokens."""
        return frozenset().union(*self.tokens.values())


def _first_tokens(text: str) -> Iterator[Token]:
    return islice(scan(text, 0, len(text)), _READ)


def _telling(text: str) -> Iterator[str]:
    """Tokens of a text that may be ones of a program: names, numbers and strings."""
    for token in scan(text, 0, len(text)):
        if is_identifier(token.text) or token.text[0] in "\"'" or token.text[0].isdigit():
            yield token.text


class Surroundings:
    """A range of a file's text, which is to be edited, and all around it.

    Args:
        text: the file.
        start, end: character offsets of the function, class or module.
        said: by the issue.
    """

    def __init__(self, text: str, start: int, end: int, said: Said) -> None:
        self.text = text
        self.said = said
        self.tokens: list[Token] = list(scan(text, 0, len(text)))
        self._starts = [token.start for token in self.tokens]
        self._overlap_of: dict[str, tuple[float, ...]] = {}
        self.first, self.last = self.number(start), self.number(end)

    def silent(self) -> "Surroundings":
        """The same where nothing is said."""
        other = copy(self)
        other.said, other._overlap_of = Said.nothing(), {}
        for told in ("issue", "_sums"):
            other.__dict__.pop(told, None)
        return other

    def number(self, at: int) -> int:
        """The number of the first token at or behind an offset."""
        return bisect_left(self._starts, at)

    @cached_property
    def _lined(self) -> tuple[list[str], list[int]]:
        """The file's tokens with a NEWLINE before each statement, and their offsets."""
        tokens: list[str] = []
        starts: list[int] = []
        depth, end = 0, 0
        for token in self.tokens:
            if not depth and self.text.find("\n", end, token.start) >= 0:
                tokens.append(NEWLINE)
                starts.append(end)
            depth = max(depth + (token.text in OPENING) - (token.text in CLOSING), 0)
            tokens.append(token.text)
            starts.append(token.start)
            end = token.end
        return tokens, starts

    @cached_property
    def stream(self) -> Stream:
        """The file's tokens with a NEWLINE before each statement."""
        return Stream(self._lined[0])

    @cached_property
    def issue(self) -> Stream:
        """The issue's tokens."""
        return Stream(self.said.code)

    def place(self, at: int) -> int:
        """The place in the stream of the first token at or behind an offset."""
        return bisect_left(self._lined[1], at)

    @cached_property
    def in_file(self) -> Counter[str]:
        """How often each token stands in the file."""
        return Counter(token.text for token in self.tokens)

    @cached_property
    def in_function(self) -> Counter[str]:
        """How often each token stands in the range."""
        return Counter(token.text for token in self.tokens[self.first : self.last])

    @cached_property
    def quote(self) -> str:
        """The quotation mark that most of the file's strings begin with."""
        return max("\"'", key=lambda mark: sum(token.text[0] == mark for token in self.tokens))

    @cached_property
    def followers(self) -> Mapping[str, Counter[str]]:
        """How often each token follows another in the file."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for left, right in pairwise(self.tokens):
            found[left.text][right.text] += 1
        return found

    @cached_property
    def second_followers(self) -> Mapping[tuple[str, str], Counter[str]]:
        """How often each token follows two others in the file."""
        found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for (left, middle), right in zip(pairwise(self.tokens), self.tokens[2:], strict=False):
            found[left.text, middle.text][right.text] += 1
        return found

    @cached_property
    def leaders(self) -> Mapping[str, Counter[str]]:
        """How often each token precedes another in the file."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for left, right in pairwise(self.tokens):
            found[right.text][left.text] += 1
        return found

    def overlap(self, token: str) -> tuple[float, ...]:
        """Rare terms that a token shares with the issue's title, prose and code, and whether it is said whole."""
        known = self._overlap_of.get(token)
        if known is None:
            terms = terms_of(token) if is_identifier(token) else ()
            rare = {term: 1 / math.log2(2 + self._term_counts[term]) for term in terms}
            shared = [sum(rare[term] for term in terms if term in self.said.terms[part]) for part in PARTS]
            known = (*shared, float(token in self.said.whole))
            self._overlap_of[token] = known
        return known

    @cached_property
    def _term_counts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for token, count in self.in_file.items():
            for term in terms_of(token) if is_identifier(token) else ():
                found[term] += count
        return found

    @cached_property
    def surprisal(self) -> Reals:
        """Bits of each token of the file given the one before it, were it not there itself, `(n,)`."""
        bits = np.zeros(len(self.tokens), dtype=np.float32)
        total = len(self.tokens) + len(self.in_file)
        for i, (left, token) in enumerate(pairwise(self.tokens), start=1):
            alone = self.in_file[token.text] / total
            share = (self.followers[left.text][token.text] - 1 + 2 * alone) / (self.in_file[left.text] + 1)
            bits[i] = -math.log2(max(share, 1e-6))
        return bits

    def summed(self, first: Numbers, last: Numbers) -> Reals:
        """Overlaps and bits of n runs of tokens, `(n, OVERLAPS + 1)`."""
        found: Reals = self._sums[last] - self._sums[first]
        return found

    @cached_property
    def _sums(self) -> Reals:
        rows = np.array([self.overlap(token.text) for token in self.tokens], dtype=np.float32).reshape(-1, OVERLAPS)
        columns = np.concatenate([rows, self.surprisal[:, None]], axis=1)
        sums: Reals = np.concatenate([np.zeros((1, OVERLAPS + 1)), np.cumsum(columns, axis=0)]).astype(np.float32)
        return sums
