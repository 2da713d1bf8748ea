"""Strings that are nearly those that stand there: what an edited literal most often becomes, beside known tokens.

A lexicon holds strings that are said or stand somewhere; of mined edits of literals that is one in five. Almost as many
change one word of a string: into a word of the issue, to nothing, or by a letter, a prefix or a dash.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from math import log

from kent_agent.decoder.lexicon import likeness
from kent_agent.decoder.surroundings import Said
from kent_agent.source.tokens import is_identifier

PRIOR = 0.16  # 75 of 482 edited strings of the training fixes became one of these
_LONGEST = 80  # characters of a string that is changed
_WORDS = 24  # of an issue
_PIECE = re.compile(r"\w+|\W")
STRING = re.compile(r"([A-Za-z]*)('''|\"\"\"|'|\")(.*)\2\Z", re.DOTALL)
_LIKE, _UNLIKE, _DELETED, _PREFIXED, _JOINED, _ENDED = 1.0, 0.15, 0.25, 1.0, 0.5, 0.15  # weights, against each other
_ENDS = (" ", ".", ",", ":", "/", "s", "\\n")


def literal_variants(token: str, said: Said) -> dict[str, float]:
    """Strings that may take a string's place, with the natural logarithms of their probabilities where it is edited."""
    return _variants(token, _words(said))


def _words(said: Said) -> tuple[str, ...]:
    """Words that an issue may want in a string, those of its title first."""
    tokens = (*said.title, *said.tokens["code"], *said.tokens["title"], *said.tokens["prose"])
    stripped = (token.strip("\"'`") for token in tokens)
    return tuple(islice(dict.fromkeys(token for token in stripped if re.fullmatch(r"[\w.-]+", token)), _WORDS))


@lru_cache(maxsize=1024)
def _variants(token: str, words: Sequence[str]) -> dict[str, float]:
    match = STRING.match(token)
    if match is None or not 0 < len(match[3]) <= _LONGEST:
        return {}
    prefix, quote, body = match.groups()
    changed = [(f"{new}{quote}{body}{quote}", _PREFIXED) for new in other_prefixes(prefix, body)]
    changed += [(f"{prefix}{quote}{new}{quote}", weight) for new, weight in _bodies(body, words) if quote not in new]
    weights: dict[str, float] = {}
    for new, weight in changed:
        if new != token:
            weights[new] = max(weight, weights.get(new, 0.0))
    total = sum(weights.values())
    return {new: log(PRIOR * weight / total) for new, weight in weights.items()}


def other_prefixes(prefix: str, body: str) -> Iterator[str]:
    """Other prefixes that such a string may want."""
    if "{" in body and "f" not in prefix.lower():
        yield f"{prefix}f"
    if "\\" in body and "r" not in prefix.lower():
        yield f"{prefix}r"
    if prefix:
        yield ""


def _bodies(body: str, words: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What else may stand between the quotation marks."""
    if "_" in body or "-" in body:
        yield from ((body.replace("_", "-"), _JOINED), (body.replace("-", "_"), _JOINED))
    yield from ((body.lower(), _JOINED), (body.upper(), _ENDED), (body.capitalize(), _ENDED))
    yield from ((body + end, _ENDED) for end in _ENDS)
    yield from ((body[: -len(end)], _ENDED) for end in _ENDS if body.endswith(end))
    pieces = _PIECE.findall(body)
    for i, piece in enumerate(pieces):
        ahead, behind = "".join(pieces[:i]), "".join(pieces[i + 1 :])
        if len(pieces) > 1:
            yield ahead + (behind[1:] if ahead[-1:] == behind[:1] == " " else behind), _DELETED
        if is_identifier(piece) or piece.isdigit():
            yield from ((ahead + word + behind, _weight(piece, word)) for word in words)


def _weight(piece: str, word: str) -> float:
    """Of a word in a piece's place: digits take that of digits, names that of names like them."""
    if piece.isdigit() or word.isdigit():
        return _LIKE if piece.isdigit() and word.isdigit() else _UNLIKE / 4
    return _LIKE if max(likeness(piece, word)) >= 0.5 else _UNLIKE
