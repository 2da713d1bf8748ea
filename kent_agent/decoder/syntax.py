"""Which tokens can follow: a coarse grammar of Python that keeps decoding to what may still parse.

Operands and operators take turns, brackets close in the order they opened, a dot is followed by a name, and an edit
does not end in the middle. What it lets pass may still be wrong; the parser has the last word. What it forbids no
search finds, so that in doubt it lets pass.
"""

import keyword
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from kent_agent.decoder.continuations import END
from kent_agent.source.grammar import OLD, STATEMENTS, Action
from kent_agent.source.tokens import DEDENT, INDENT, LAYOUT, NEWLINE, is_identifier

_RENAMES = frozenset({Action.RENAME, Action.RENAME_ALL})
_KEEPERS = frozenset({Action.REPLACE_EXPRESSION, Action.EXTEND_CONDITION, Action.WRAP_STATEMENT})  # of old text
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = frozenset(_CLOSER.values())
_VALUES = frozenset({OLD, "None", "True", "False", "...", "pass", "break", "continue", "return", "raise", "yield"})
_PREFIXES = frozenset("not lambda await - + ~ * ** @ ( [ {".split())
_INFIX = frozenset(
    "+ - * / // % ** @ & | ^ << >> < > <= >= == != = += -= *= /= //= %= &= |= ^= >>= <<= **= @= := -> "
    "and or in is not if else for async as from import . , : ;".split()
)
_SWAPPED = frozenset("+ - * / // % ** @ & | ^ << >> < > <= >= == != and or in is not ~".split())
_SWAPPED |= frozenset("+= -= *= /= //= %= &= |= ^= >>= <<= **= @=".split())
_SECOND = {"not": "in", "is": "not"}  # words of operators that have two
_LITERALS = frozenset({"None", "True", "False"})
_CALLS = frozenset("([")
_MAY_END = frozenset({"return", "raise", "yield"})
_BARE = frozenset({"else", "try", "finally", "except", "lambda"})  # may be followed by a colon
_SOFT = frozenset({"match", "case", "type"})  # names that begin statements of their own
_MARKS = (END, OLD, NEWLINE, INDENT, DEDENT, *_CLOSERS, ".", "...", ",", ":", "*", "/", "in", "not", "import")
Allowed = NDArray[np.bool_]


class Syntax:
    """Says which tokens of a lexicon may come next.

    Args:
        tokens: the lexicon's.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._name = _mask(tokens, is_identifier)
        self._operand = _mask(tokens, _begins_operand)
        self._infix = _mask(tokens, _INFIX.__contains__)
        self._call = _mask(tokens, _CALLS.__contains__)
        self._string = _mask(tokens, _is_string)
        self._literal = _mask(tokens, lambda token: token in _LITERALS or _is_string(token) or _is_number(token))
        self._swapped = _mask(tokens, _SWAPPED.__contains__)
        self._marks = {mark: _mask(tokens, mark.__eq__) for mark in _MARKS}

    def following(self, written: Sequence[str], action: Action) -> Allowed:
        """Which tokens may follow those that an action has written, `(V,)`."""
        if action in _RENAMES:
            return self._these(END) if written else self._name
        if action is Action.EDIT_LITERAL:
            return self._these(END) if written else self._literal
        if action is Action.SWAP_OPERATOR:
            second = [_SECOND[word] for word in written if len(written) == 1 and word in _SECOND]
            return self._these(END, *second) if written else self._swapped
        found = self.allowed(written, action in STATEMENTS)
        if action not in _KEEPERS:
            return found & ~self._marks[OLD]
        return found & ~self._marks[END] if action is Action.EXTEND_CONDITION and OLD not in written else found

    def allowed(self, written: Sequence[str], statement: bool) -> Allowed:
        """Which tokens may follow those written, `(V,)`.

        Args:
            statement: whether a statement, or more of them, is being written; else a part of one.
        """
        if not written:
            return self._operand if statement else self._operand | self._these(":", "/")  # a slice, or a parameter
        last = written[-1]
        if last in LAYOUT:
            return self._operand | self._these(*_layout_after(written))
        line = _line(written)
        opened = _open(line)
        ends = (_CLOSER[opened[-1]],) if opened else (END, NEWLINE) if statement else (END,)
        if last == ".":
            return self._name | self._these(OLD, *((".", "...", "import") if line[0] == "from" else ()))
        if _is_value(last):
            found = self._infix | self._call | self._these(*ends)
            found |= False if statement else self._these(OLD)  # a generator expression's parentheses may be a call's
            found |= self._operand if _may_end(line) else False
            found |= self._string if _is_string(last) else False
            return found
        return self._operand | self._these(*_marks_after(line, opened, ends, statement))

    def _these(self, *marks: str) -> Allowed:
        return reduce(np.bitwise_or, (self._marks[mark] for mark in marks), np.zeros_like(self._name))


def _mask(tokens: Sequence[str], test: Callable[[str], bool]) -> Allowed:
    return np.array([test(token) for token in tokens], dtype=bool)


def _layout_after(written: Sequence[str]) -> tuple[str, ...]:
    """The layout that may follow layout: a block is begun behind a colon, and ended where one was begun."""
    if written[-1] == INDENT:
        return ()
    begun = written[-1] == NEWLINE and len(written) > 1 and written[-2] == ":"
    inside = written.count(INDENT) > written.count(DEDENT)
    return (*((INDENT,) if begun else ()), *((DEDENT,) if inside else ()))


def _marks_after(line: Sequence[str], opened: Sequence[str], ends: Sequence[str], statement: bool) -> tuple[str, ...]:
    """What may come where an operand is awaited, but for one: after what is no value."""
    before, last = line[-2] if len(line) > 1 else "", line[-1]
    within = opened[-1] if opened else ""
    found: list[str] = []
    if last in (",", ":", ";") or last in _CLOSER:
        found += ends
    if within == "[" or not (within or statement):  # slices leave their bounds out
        found += [":", ","] if last == ":" else [":"] if last in ("[", ",") else []
    if last in _BARE:
        found.append(":")
    if last == "not" and _is_value(before):
        found.append("in")
    if last == "from":
        found += [".", "..."]
    if last in (",", "("):
        found.append("/")
    if last in ("*", "/") and before in ("", "(", ",", "lambda"):
        found += [",", *(ends if within and last == "/" else ())]
    if last == "*" and before == "import":
        found += ends
    if not statement and line in (["*"], ["/"]):  # parameters of their own
        found += ends
    return tuple(found)


def _begins_operand(token: str) -> bool:
    return (
        is_identifier(token)
        or token in _PREFIXES
        or _is_string(token)
        or _is_number(token)
        or (keyword.iskeyword(token) and token not in ("and", "or", "in", "is", "as"))
        or token in (OLD, "...")
    )


def _is_value(token: str) -> bool:
    """Whether an operand ends with a token."""
    return is_identifier(token) or token in _VALUES or token in _CLOSERS or _is_string(token) or _is_number(token)


def _may_end(line: Sequence[str]) -> bool:
    """Whether an operand may follow a line that may also end here."""
    soft = len(line) == 1 and line[0] in _SOFT
    return line[-1] in _MAY_END or soft or (line[-1] == "..." and line[0] == "from")


def _is_string(token: str) -> bool:
    return token[-1:] in ('"', "'")


def _is_number(token: str) -> bool:
    return token[:1].isdigit() or (token[:1] == "." and token[1:2].isdigit())


def _line(written: Sequence[str]) -> list[str]:
    """The tokens since the last layout."""
    return [*takewhile(lambda token: token not in LAYOUT, reversed(written))][::-1]


def _open(line: Sequence[str]) -> list[str]:
    """The brackets that are still open."""
    stack: list[str] = []
    for token in line:
        if token in _CLOSER:
            stack.append(token)
        elif stack and token == _CLOSER[stack[-1]]:
            stack.pop()
    return stack
