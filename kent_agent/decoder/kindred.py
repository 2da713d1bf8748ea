"""What an issue names that is much like a piece of code: what is to stand there is often named, and spelled alike."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from kent_agent.decoder.surroundings import Surroundings
from kent_agent.source.tokens import is_identifier, terms_of

KIN = 6  # measures
_FEWEST = 3  # letters of a name that is compared
_MOST_TOKENS = 12  # of an expression that is compared
_LOOK = 3  # letters that names begin or end with alike
_EXCEPTIONS = ("Error", "Exception", "Warning")

Tokens = tuple[str, ...]


class Kindred:
    """The names, strings and pieces of code of an issue, by how they are spelled.

    Args:
        around: the function, and what is said of it.
    """

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self._known: dict[Tokens, tuple[float, ...]] = {}

    def of(self, old: Tokens, parent: str, field: str) -> tuple[float, ...]:
        """Of what is replaced, how much a name is like it that the issue has: any, one that the function has not, one
        that the file has beside; a string; a piece of code; and whether an exception is named that a handler misses.

        Args:
            old: its tokens.
            parent, field: where it stands.
        """
        if old not in self._known:
            self._known[old] = self._alike(old)
        missed = (parent, field) == ("ExceptHandler", "type") and bool(self._exceptions.difference(old))
        return (*self._known[old], float(missed))

    def _alike(self, old: Tokens) -> tuple[float, ...]:
        if len(old) == 1 and is_identifier(old[0]):
            near = [(likeness(old[0], name), name) for name in self._near(old[0]) if name != old[0]]
            here, there = self.around.in_function, self.around.in_file
            new = [alike for alike, name in near if not here[name]]
            beside = [alike for alike, name in near if there[name]]
            return max(near, default=(0.0, ""))[0], max(new, default=0.0), max(beside, default=0.0), 0.0, 0.0
        if len(old) == 1 and old[0][-1] in "\"'":
            text = old[0].strip("\"'")
            found = (likeness(text, other) for other in self._strings if other != text)
            return 0.0, 0.0, 0.0, max(found, default=0.0) if text else 0.0, 0.0
        if 1 < len(old) <= _MOST_TOKENS:
            return 0.0, 0.0, 0.0, 0.0, self._piece(old)
        return (0.0,) * (KIN - 1)

    def _piece(self, old: Tokens) -> float:
        """How much a piece of the issue's code is like an expression (Dice 1945), its own text aside."""
        bag, best = Counter(old), 0.0
        for piece, other in self._pieces:
            if piece != old and 2 * min(len(piece), len(old)) > best * (len(piece) + len(old)):
                best = max(best, 2 * (bag & other).total() / (len(old) + len(piece)))
        return best

    @cached_property
    def _pieces(self) -> list[tuple[Tokens, Counter[str]]]:
        return [(piece, Counter(piece)) for piece in self.around.said.pieces]

    @cached_property
    def _names(self) -> list[str]:
        return [t for t in sorted(self.around.said.whole) if is_identifier(t) and len(t) >= _FEWEST]

    @cached_property
    def _strings(self) -> list[str]:
        said = self.around.said
        quoted = (token.strip("\"'") for token in sorted(said.whole) if token[-1] in "\"'")
        return [text for text in dict.fromkeys([*quoted, *("".join(piece) for piece in said.pieces)]) if text]

    @cached_property
    def _exceptions(self) -> frozenset[str]:
        return frozenset(name for name in self._names if name.endswith(_EXCEPTIONS))

    @cached_property
    def _by_look(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name in self._names:
            for look in _looks(name):
                found[look].append(name)
        return dict(found)

    def _near(self, name: str) -> Sequence[str]:
        """The issue's names that may be like another."""
        return list(dict.fromkeys(other for look in _looks(name) for other in self._by_look.get(look, ())))


def _looks(name: str) -> Iterator[str]:
    """What names have in common that may be alike: how they begin and end, and their parts."""
    yield f"<{name[:_LOOK].lower()}"
    yield f"{name[-_LOOK:].lower()}>"
    yield from terms_of(name)


def likeness(one: str, other: str) -> float:
    """The share of the longer one's letters that both begin and end with, in [0, 1]."""
    shorter, longer = sorted((one, other), key=len)
    head = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    left = len(shorter) - head
    tail = next(
        (i for i, (a, b) in enumerate(zip(reversed(shorter), reversed(longer), strict=False)) if a != b), len(shorter)
    )
    return (head + min(tail, left)) / len(longer) if longer else 0.0
