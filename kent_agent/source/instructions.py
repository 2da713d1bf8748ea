"""What sentences of an issue want done to the code that they name: replaced, added, removed."""

import builtins
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

from kent_agent.source.blocks import blocks
from kent_agent.source.scan import token_texts


class Swap(NamedTuple):
    """What stands there, and what is to take its place; either may be empty.

    Attributes:
        old, new: code.
        told: whether the sentence says what is to be; else it says what is, and ought not to be.
    """

    old: str
    new: str
    told: bool


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, patterns))


_FIRST, _LAST = "\ue000", "\ue001"  # around the number of a term; no issue is written with them
_NAME = r"[A-Za-z_]\w*"
_TERM = re.compile(
    r"(?<!`)(?P<mark>`{1,2})(?!`)(?P<code>[^`\n]{1,200})(?P=mark)(?!`)"
    r"|(?<!\*)\*\*(?P<bold>[^*\s]{1,60})\*\*(?!\*)"
    r"|(?<!\w)(?P<quote>[\"'])(?P<quoted>[^\"'\n]{1,60})(?P=quote)(?!\w)"
    rf"|(?<![\w./:@-])(?P<bare>{_NAME}(?:\.{_NAME})*(?:\(\)|\[[^\]\s]{{1,20}}\])?)(?![\w/@:(-])"
)
_CONSTANT = r"None|True|False|NaN|nan|[-+]?\d[\d.]*"
_BARE = re.compile(rf"\w_\w|\.(?!py\b)|[)\]]$|[a-z][A-Z]|^(?:{_CONSTANT})$")
"""What tells a name that is not marked from a word."""
_T = rf"{_FIRST}(\d+c?){_LAST}"
_CODE = rf"{_FIRST}(\d+c){_LAST}"
_ANY = rf"{_FIRST}\d+c?{_LAST}"
_PLAIN = rf"(?:(?!\bnot\b|n't\b|[.!?]\s)[^{_FIRST}\n])"  # neither a negation nor the end of a sentence
_LITTLE, _SOME = rf"{_PLAIN}{{0,12}}?", rf"{_PLAIN}{{0,40}}?"
_GAP = rf"(?:{_PLAIN}|{_ANY}){{0,40}}?"  # which other terms may stand in
_WHERE = rf"(?:\s(?i:in|of|at|from|inside|within)\s(?:the\s)?{_ANY})?"
_CHANGING = r"(?i:replac|chang|renam|switch|convert|fix|correct|updat)(?:e|es|ed|ing)?"
_MUST = r"(?i:should|must|needs? to|ought to|has to)"
_WRITE = rf"(?:{_MUST}|\b(?i:use|using|try|write|put|do|be)\b)"
_BE = r"(?i:(?:be|read|say|become|look like)(?:\s(?i:just|simply|rather|instead|changed to|replaced (?:by|with)))?:?)"
_INSTEAD = r"\b(?i:instead of|rather than|in place of)\s"
_FAVOUR = r"\b(?i:in favou?r of)\s"
_BUT = r",?\s(?i:but|and|while|whereas|when)\s"
_BY = r"(?:\b(?i:by)\s\w+ing\s|(?m:^)(?:\w+:\s)?(?i:pass|raise|return|call|check|set|compare|import|make)\s)"
_ARROW = r"\s*(?:-+>|=+>|→|⇒)\s*"
_TOLD = _compiled(
    rf"\b{_CHANGING}\s{_LITTLE}{_T}{_WHERE}{_SOME}\b(?:by|with|to|into)\s{_LITTLE}{_T}",
    rf"{_T}{_WHERE}{_SOME}\b{_MUST}\s{_LITTLE}{_BE}\s{_T}",
    rf"\b(?i:fix|chang|solution|correct|replac){_SOME}{_T}{_ARROW}{_T}",
    rf"{_INSTEAD}{_LITTLE}{_T}{_SOME}{_WRITE}{_LITTLE}{_T}",
    rf"{_T}{_LITTLE}{_BUT}{_LITTLE}{_MUST}{_SOME}{_T}",
    rf"{_T}{_SOME}{_FAVOUR}{_LITTLE}{_T}",
)
_NOT = rf"(?:{_INSTEAD}|\b(?i:and not)\s)"
_TOLD_SWAPPED = _compiled(
    rf"{_MUST}\s{_LITTLE}{_BE}\s{_T},?\s(?:and\s)?not\s{_T}",
    rf"{_WRITE}{_SOME}{_T}{_GAP}{_NOT}{_LITTLE}{_T}",
    rf"{_BY}{_LITTLE}{_T}{_GAP}{_NOT}{_LITTLE}{_T}",
    rf"\b(?i:works? with|fixed by|solved by){_LITTLE}{_T}{_SOME}{_NOT}{_LITTLE}{_T}",
    rf"{_T}\s(?:{_MUST}\sbe\s(?i:used|called|written)|(?i:is|was)\s(?i:meant|wanted|intended))\s{_NOT}{_LITTLE}{_T}",
)
_WRONG = _compiled(rf"{_T}{_SOME}{_INSTEAD}{_SOME}{_T}", rf"{_T}{_ARROW}{_T}")
"""What is said of the code as it stands: `f uses a instead of b` has the first."""
_WORDS = _compiled(rf"\b([A-Za-z]\w+)\s{_INSTEAD}([A-Za-z]\w+)\b", rf"\b([A-Za-z]\w+){_ARROW}([A-Za-z]\w+)\b")
"""The same of words that are not marked at all."""
_W = rf"({_FIRST}\d+c?{_LAST}|(?<![\w.-])[A-Za-z_][\w.-]{{0,60}}\w\b)"  # a term, or a word that may be one
_ARTICLE = r"(?i:(?:the|an?|deprecated|default|old|new|from)\s){0,2}"
_CHANGED = _compiled(
    rf"\b{_CHANGING}\s{_ARTICLE}{_W}\s(?:to|with|by|into)\s{_ARTICLE}{_W}",
    rf"\b(?i:from)\s{_W}\sto\s{_W}",
    rf"\bs/{_W}/{_W}",
    rf"{_W}\s{_FAVOUR}{_W}",
)
_PREFERRED = _compiled(
    rf"\b(?i:us(?:e|ed|ing)|raise|return|call|try|prefer)\s{_ARTICLE}{_W}"
    rf"(?:,?\s(?:(?i:and|but)\s)?(?i:not|over)\s|\s{_INSTEAD}){_ARTICLE}{_W}"
)
"""Neighbouring words of which one is to take the other's place, whether or not they look like names."""
_MOST = 40  # swaps of an issue
_TYPES = frozenset(name for name in dir(builtins) if name.islower())  # what a program gives is told by these
_RETURNED = _compiled(
    rf"\b(?i:return)(?:s|ed|ing)\s{_LITTLE}{_T}{_SOME}{_INSTEAD}{_LITTLE}{_T}",
    rf"\b(?i:return)(?:s|ed|ing)\s([A-Za-z]\w+)\s{_INSTEAD}([A-Za-z]\w+)\b",
)
_USED = re.compile(rf"\b(?i:use|using)\s{_LITTLE}{_T}")
_RIGHT = re.compile(rf"{_T},?\s(?:and\s)?not\s(?:just\s)?{_T}")
_ADDED = re.compile(
    rf"\b(?i:add(?:s|ed|ing)?|insert(?:s|ed|ing)?|put(?:ting)?|plac(?:e|ing))\s{_LITTLE}{_CODE}{_LITTLE}"
    rf"\b(?i:(after|below|behind)|(before|above))\s{_LITTLE}{_CODE}"
)
_PARTS = r"(?i:(?:the|this|that|a)\s)?(?i:(?:line|call|statement|check|condition|code|decorator)\s(?i:(?:of|to)\s)?)?"
_REMOVED = re.compile(rf"\b(?i:(?:remov|delet|eras)(?:e|es|ed|ing)|comment(?:ed|ing)? out)\s{_PARTS}{_CODE}")
_ALIKE = 0.5  # least likeness of two terms of which one is written for the other
_SUBSCRIPT = re.compile(r"\b(?i:remov|delet|dropp?)(?i:e|es|ed|ing)?\s(?:the\s)?(\[[^\]\s]{1,20}\])(?!\()")


def swaps(text: str) -> tuple[Swap, ...]:
    """The code that an issue's sentences want replaced, what is told first; any text may be asked."""
    prose = "\n".join(block.text for block in blocks(text) if not block.fenced)
    marked, terms = _terms(prose)
    found: dict[tuple[str, str], bool] = {}
    for swap in _swaps(marked, terms):
        if swap.old.strip() != swap.new.strip() and (swap.new.strip(), swap.old.strip()) not in found:
            found.setdefault((swap.old.strip(), swap.new.strip()), swap.told)
    return tuple(Swap(*pair, told) for pair, told in islice(found.items(), _MOST))


def _terms(prose: str) -> tuple[str, Sequence[str]]:
    """Prose with the numbers of its terms in their places, and the terms: code, quoted words, names."""
    terms: list[str] = []

    def number(match: re.Match[str]) -> str:
        code, bold, quoted, bare = match.group("code", "bold", "quoted", "bare")
        if bare and not _BARE.search(bare):
            return match.group()
        terms.append(code or bold or (quoted and (quoted.rstrip(".,") or quoted)) or bare)
        return f"{_FIRST}{len(terms) - 1}{'c' if code else ''}{_LAST}"

    return _TERM.sub(number, prose.replace(_FIRST, "").replace(_LAST, "")), terms


def _swaps(prose: str, terms: Sequence[str]) -> Iterator[Swap]:
    def term(number: str) -> str:
        return terms[int(number.removesuffix("c"))]

    def word(said: str) -> str:
        return term(said.strip(_FIRST + _LAST)) if said.startswith(_FIRST) else said

    for new, after, _, known in _ADDED.findall(prose):
        yield Swap(term(known), f"{term(known)}\n{term(new)}" if after else f"{term(new)}\n{term(known)}", True)
    for old in _REMOVED.findall(prose):
        yield Swap(term(old), "", True)
    for pattern in _TOLD_SWAPPED:
        yield from (Swap(term(old), term(new), True) for new, old in pattern.findall(prose))
    for pattern in _TOLD:
        yield from (Swap(term(old), term(new), True) for old, new in pattern.findall(prose))
    yield from (Swap(old, "", True) for old in _SUBSCRIPT.findall(prose))
    beside = [pair for pattern in _CHANGED for pair in pattern.findall(prose)]
    beside += [(old, new) for pattern in _PREFERRED for new, old in pattern.findall(prose)]
    yield from (Swap(word(old), word(new), False) for old, new in beside)
    said = [(old, new) for new, old in _RIGHT.findall(prose)]
    said += [pair for pattern in _WRONG for pair in pattern.findall(prose)]
    words = (pair for pattern in _WORDS for pair in pattern.findall(prose) if _TYPES.isdisjoint(pair))
    pairs = [*((term(old), term(new)) for old, new in said), *words]
    terms_returned, words_returned = (pattern.findall(prose) for pattern in _RETURNED)
    for old, new in [*((term(old), term(new)) for old, new in terms_returned), *words_returned]:
        yield Swap(f"return {old}", f"return {new}", False)
    yield from (Swap(old, new, False) for old, new in pairs if _alike(old, new))
    for new in dict.fromkeys(map(term, _USED.findall(prose))):
        yield from (Swap(old, new, False) for old in dict.fromkeys(terms) if _is_sibling(old, new))


def _is_sibling(one: str, other: str) -> bool:
    """Whether two terms are attributes of the same thing."""
    owner, dot, name = other.rpartition(".")
    return bool(dot and name.isidentifier()) and one != other and one.rpartition(".")[:2] == (owner, dot)


def _alike(one: str, other: str) -> bool:
    """Whether two terms are spelled much alike: what a program gives instead of another thing is not."""
    if re.fullmatch(_CONSTANT, one) or re.fullmatch(_CONSTANT, other):
        return False
    left, right = token_texts(one), token_texts(other)
    if min(len(left), len(right)) > 1 and SequenceMatcher(None, left, right).ratio() >= _ALIKE:
        return True
    return SequenceMatcher(None, one.lower(), other.lower()).ratio() >= _ALIKE
