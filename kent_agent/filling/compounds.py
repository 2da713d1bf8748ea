"""Compounds: the short expressions and arguments of a file that an edit may copy whole."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kent_agent.source.scan import CLOSING, OPENING, Token
from kent_agent.source.tokens import is_identifier

_INSIDE = 4  # tokens between brackets
_VALUE = 6  # tokens of an argument
_CHAIN = 4  # names


def compounds(tokens: Sequence[Token]) -> Mapping[str, list[int]]:
    """Names with dots between, short calls and items, and arguments with their names: at which tokens each begins."""
    texts = [token.text for token in tokens]
    found: defaultdict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        if is_identifier(text) and (i == 0 or texts[i - 1] != "."):
            for end in (*_ends(texts, i), *_of_argument(texts, i)):
                found["".join(_spaced(texts[i:end]))].append(i)
    return found


def is_element(text: str) -> bool:
    """Whether a compound is an argument with its name."""
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()


def _ends(texts: Sequence[str], start: int) -> list[int]:
    """Where the expressions end that begin with a name."""
    ends: list[int] = []
    end = start + 1
    while end + 1 < len(texts) and texts[end] == "." and is_identifier(texts[end + 1]) and len(ends) < _CHAIN:
        end += 2
        ends.append(end)
    if end < len(texts) and texts[end] in ("(", "["):
        inside = texts[end + 1 : end + 2 + _INSIDE]
        close = next((i for i, text in enumerate(inside) if text in CLOSING | OPENING), None)
        if close is not None and inside[close] in CLOSING and "=" not in inside[:close]:
            ends.append(end + close + 2)
    return ends


def _of_argument(texts: Sequence[str], start: int) -> list[int]:
    """Where an argument ends that begins with its name."""
    if start == 0 or texts[start - 1] not in ("(", ",") or texts[start + 1 : start + 2] != ["="]:
        return []
    depth = 0
    for end in range(start + 2, min(start + 3 + _VALUE, len(texts))):
        if not depth and texts[end] in (",", ")"):
            return [end]
        depth += (texts[end] in OPENING) - (texts[end] in CLOSING)
    return []


def _spaced(texts: Sequence[str]) -> list[str]:
    """Tokens with blanks where two words would run together."""
    pairs = zip(["", *texts], texts, strict=False)
    return [f" {right}" if _is_word(left[-1:]) and _is_word(right[:1]) else right for left, right in pairs]


def _is_word(character: str) -> bool:
    return character.isalnum() or character in ("_", '"', "'")
