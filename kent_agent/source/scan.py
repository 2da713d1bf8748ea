"""The tokens of a piece of Python with their offsets, wherever the piece begins and ends."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_BODY = {
    quote: rf"{quote}(?:\\.|(?!{quote}).)*{quote}" if len(quote) == 3 else rf"{quote}(?:\\.|[^\\\r\n{quote}])*{quote}"
    for quote in ('"""', "'''", '"', "'")
}
_STRING = rf"(?:[bB][rR]?|[rR][bBfF]?|[uU]|[fF][rR]?)?(?:{'|'.join(_BODY.values())})"
_NUMBER = (
    r"0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?(?:\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[jJ]?"
)
_OPERATOR = r"\*\*=?|//=?|>>=?|<<=?|->|:=|\.\.\.|[+\-*/%&|^@=<>!]=|[^\w\s]"
_TOKEN = re.compile(
    rf"(?P<gap>(?:[ \t\f\r\n]|\\\r?\n|\#[^\r\n]*)+)|(?P<token>{_STRING}|{_NUMBER}|\w+|{_OPERATOR})", re.DOTALL
)
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")


class Token(NamedTuple):
    """A token and its character offsets `[start, end)`."""

    text: str
    start: int
    end: int


def scan(text: str, start: int, end: int) -> Iterator[Token]:
    """Tokens between two offsets, neither of which is inside a token; comments and white space are skipped.

    An f-string is one token. Unlike the standard library's tokenizer this one needs no whole statements.
    """
    at = start
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:
            at += 1
            continue
        if match.lastgroup == "token":
            yield Token(match.group(), match.start(), match.end())
        at = match.end()


def token_texts(text: str, start: int = 0, end: int | None = None) -> tuple[str, ...]:
    """What the tokens between two offsets say, by default those of all the text."""
    return tuple(token.text for token in scan(text, start, len(text) if end is None else end))


def segments(text: str, start: int, end: int, separator: str = ",") -> list[tuple[int, int]]:
    """Offsets of what a separator outside of brackets parts between two offsets; nothing for a trailing one."""
    found: list[tuple[int, int]] = []
    depth = 0
    first: int | None = None
    last = start
    for token in scan(text, start, end):
        depth += (token.text in OPENING) - (token.text in CLOSING)
        if token.text == separator and not depth:
            if first is not None:
                found.append((first, last))
            first = None
            continue
        first = token.start if first is None else first
        last = token.end
    return found if first is None else [*found, (first, last)]


def closing(text: str, opening: int, end: int) -> int:
    """The offset of the bracket that closes the one at `opening`; `end` where none does."""
    depth = 0
    for token in scan(text, opening, end):
        depth += (token.text in OPENING) - (token.text in CLOSING)
        if not depth:
            return token.start
    return end


def seek(text: str, start: int, end: int, *wanted: str) -> Token | None:
    """The first token that is one of those wanted, outside of brackets opened after `start`."""
    depth = 0
    for token in scan(text, start, end):
        if token.text in wanted and not depth:
            return token
        depth = max(depth + (token.text in OPENING) - (token.text in CLOSING), 0)
    return None
