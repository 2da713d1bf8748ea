"""Terms: what an edit may write, and how an issue says it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from itertools import islice

from kent_agent.source.issue import Issue
from kent_agent.source.scan import token_texts
from kent_agent.source.symbols import parse
from kent_agent.source.tokens import is_identifier

_LONGEST = 12  # tokens of a piece of code that is one term
AROUND = 3  # words before a term, and behind it, that are heard
MOST = 64  # terms of an issue
_READ = 6000  # characters
_MENTIONS = 8  # of a term
_COMMON, _COMMONEST = 400, 120  # ranks of words that are less likely to be code, and unlikely
WORD = re.compile(r"\w+(?:'[a-z]{1,2}\b)?|[^\w\s`\"']")
_PIECE = re.compile(
    r"(?P<quoted>(?<![\w`])(?P<mark>``|`|\"|')(?P<inside>[^`\"'\n]{1,60})(?P=mark)(?![\w`]))"
    r"|(?P<run>[^\s\"'`(),;{}\[\]<>|]{1,80})"
)
_NAME = re.compile(r"[A-Za-z_]\w*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")
_VALUE = re.compile(r"(?<=.=)-?[\w.]+\Z")
_EDGES, _SIGNS = ".,:;!?*", ".-=+:/@#&%$~^!"
_NAMES = 12  # in a piece
_BOUND = re.compile(r"[.!?](?=\s)|\n")


class Kind(Enum):
    """What a term may be written as."""

    ANY = auto()  # what an issue says may be code, or stand in a string
    CODE = auto()
    STRING = auto()
    OPERATOR = auto()
    NOTHING = auto()


@dataclass(frozen=True)
class Mention:
    """Where an issue says something.

    Attributes:
        start, end: offsets.
        word: the number of its first word in the issue.
        marked: whether it stands in quotation marks or backticks.
        called, assigned: whether `(`, or `=`, follows at once.
    """

    start: int
    end: int
    word: int
    marked: bool
    called: bool
    assigned: bool


@dataclass(frozen=True)
class Term:
    """Something that an edit may write.

    Attributes:
        text: as it stands; of a string what is between its quotation marks; empty for nothing at all.
        mentions: where the issue says it, in order.
        kind: what it may be written as.
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    kind: Kind = Kind.ANY

    @property
    def foremost(self) -> Mention | None:
        """The mention that tells how it is said: the first that is marked, if any is."""
        return next((each for each in self.mentions if each.marked), self.mentions[0] if self.mentions else None)

    @cached_property
    def is_name(self) -> bool:
        """Whether it can be an identifier."""
        return self.kind in (Kind.ANY, Kind.CODE) and is_identifier(self.text)

    @cached_property
    def is_dotted(self) -> bool:
        """Whether it is names with dots between."""
        return bool(_DOTTED.match(self.text))

    @cached_property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return bool(_NUMBER.match(self.text))

    @cached_property
    def code(self) -> tuple[str, ...]:
        """It as the tokens of an expression, or of an operator; none where it is neither."""
        if self.kind is Kind.OPERATOR:
            return tuple(self.text.split())
        if self.kind in (Kind.STRING, Kind.NOTHING) or len(self.text) > 80:
            return ()
        if is_identifier(self.text):
            return (self.text,)
        tokens = token_texts(self.text)
        return tokens if 0 < len(tokens) <= _LONGEST and _is_expression(self.text) else ()

    @cached_property
    def fits_a_string(self) -> bool:
        """Whether it can stand between quotation marks as it is."""
        return self.kind in (Kind.ANY, Kind.STRING) and not set(self.text) & set("\"'\\\n{}")


def _is_expression(text: str) -> bool:
    try:
        return len(parse(f"({text}\n)").body) == 1
    except (SyntaxError, ValueError):
        return False


class Wording:
    """An issue as words and terms.

    Args:
        text: its title, its prose and its code.

    Attributes:
        words: in lower case, in their order.
        title: how many characters the first line has.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text[:_READ]
        self._found = [(m.group().lower(), m.start(), m.end()) for m in WORD.finditer(self.text)]
        self.words = tuple(word for word, _, _ in self._found)
        self._at = {start: i for i, (_, start, _) in enumerate(self._found)}
        self._bounds = [m.start() for m in _BOUND.finditer(self.text)]
        self.title = len(self.text.partition("\n")[0])

    @cached_property
    def every(self) -> Mapping[str, Term]:
        """All that may be a term, by its text."""
        found: defaultdict[str, list[Mention]] = defaultdict(list)
        for text, start, marked in _pieces(self.text):
            if len(found[text]) < _MENTIONS:
                end = start + len(text)
                behind = self.text[end : end + 2]
                called, assigned = behind[:1] == "(", behind.strip()[:1] == "="
                found[text].append(Mention(start, end, self._number(start), marked, called, assigned))
        return {text: Term(text, tuple(mentions)) for text, mentions in found.items()}

    def _number(self, start: int) -> int:
        while start not in self._at and start < len(self.text):
            start += 1
        return self._at.get(start, len(self.words))

    def around(self, mention: Mention) -> list[str]:
        """The words before a mention, nearest first, and those behind it; empty strings where there are none."""
        first = mention.word
        last = first
        while last < len(self._found) and self._found[last][1] < mention.end:
            last += 1
        before = [self.words[i] if i >= 0 else "" for i in range(first - 1, first - 1 - AROUND, -1)]
        behind = [self.words[i] if i < len(self.words) else "" for i in range(last, last + AROUND)]
        return before + behind

    def opening(self, mention: Mention) -> str:
        """The first word of the sentence around a mention: what is to be done, often."""
        bound = max((at for at in self._bounds if at < mention.start), default=-1)
        first = next((i for i, (_, start, _) in enumerate(self._found) if start > bound), 0)
        words = [word for word in self.words[first : first + 4] if word[0].isalpha()]
        return words[0] if words else ""

    @classmethod
    def by(cls, issue: Issue) -> "Wording":
        """An issue as words and terms."""
        return cls("\n".join((issue.title, issue.marked, *issue.fences)))

    def terms(self, known: Mapping[str, int], common: Mapping[str, int]) -> list[Term]:
        """What is likeliest to be code, best first, at most MOST.

        Args:
            known: how often the file has each token.
            common: numbers of the commonest words of issues, the commonest first.
        """
        return sorted(self.every.values(), key=lambda term: -self._worth(term, known, common))[:MOST]

    def _worth(self, term: Term, known: Mapping[str, int], common: Mapping[str, int]) -> float:
        text, first = term.text, term.mentions[0].start
        in_file = any(each in known for each in (text, f'"{text}"', f"'{text}'"))
        rank = common.get(text.lower())
        rare = 1.0 if rank is None else min(rank / _COMMON, 1.0) - 1.5 * (rank < _COMMONEST)
        early = (first < self.title) + 1 / (1 + first / 200)
        return 2.0 * any(each.marked for each in term.mentions) + _is_no_word(text) + rare + 1.5 * in_file + early


def _is_no_word(text: str) -> bool:
    """Whether a text is spelled as no word of English is."""
    return "_" in text or not text.isalpha() or not (text.islower() or text.istitle())


def _pieces(text: str) -> Iterator[tuple[str, int, bool]]:
    """Texts that may be terms, with their offsets and whether they are marked; each is also taken apart."""
    for match in _PIECE.finditer(text):
        marked = bool(match["quoted"])
        group = "inside" if marked else "run"
        yield from _parts(match[group], match.start(group), marked)


def _parts(text: str, start: int, marked: bool) -> Iterator[tuple[str, int, bool]]:
    """A piece without what stands around it, the names in it, and what follows its signs or its `=`."""
    ahead = 0 if marked else len(text) - len(text.lstrip("*"))
    bare = text.removesuffix("()") if marked else text[ahead:].rstrip(_EDGES)
    at = start + ahead
    if not bare.strip():
        return
    if len(bare) > 1 or bare.isdigit() or marked:
        yield bare, at, marked
    for match in islice(_NAME.finditer(bare), _NAMES):
        if match.group() != bare and len(match.group()) > 1:
            yield match.group(), at + match.start(), marked and "." in bare
    rest = bare.lstrip(_SIGNS)
    if 1 < len(rest) < len(bare) and not rest.isidentifier():
        yield rest, at + len(bare) - len(rest), marked
    value = _VALUE.search(bare)
    if value and not value[0].isidentifier():
        yield value[0], at + value.start(), marked
