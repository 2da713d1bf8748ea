"""What sentences of an issue want done to the code that they quote: replaced, added, removed."""

import re
from collections.abc import Iterator

from kent_agent.source.blocks import blocks


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, patterns))


_CODE = r"`{1,2}([^`\n]{1,200})`{1,2}"
_PLAIN = r"(?:(?!\bnot\b|n't\b|[.!?]\s)[^`\n])"  # neither a negation nor the end of a sentence
_LITTLE, _SOME = rf"{_PLAIN}{{0,12}}?", rf"{_PLAIN}{{0,40}}?"
_WHERE = r"(?:\s(?i:in|of|at|from|inside|within)\s(?:the\s)?`[^`\n]+`)?"
_CHANGING = r"(?i:replac|chang|renam|switch|convert)(?:e|es|ed|ing)?"
_MUST = r"(?i:should|must|needs? to|ought to|has to)"
_WRITE = rf"(?:{_MUST}|\b(?i:use|using|try|write|put|do|be)\b)"
_BE = r"(?i:(?:be|read|say|become|look like)(?:\s(?i:just|simply|rather|instead|changed to|replaced (?:by|with)))?:?)"
_INSTEAD = r"\b(?i:instead of|rather than|in place of)\s"
_SWAPS = _compiled(
    rf"\b{_CHANGING}\s{_LITTLE}{_CODE}{_WHERE}{_LITTLE}\b(?:by|with|to|into)\s{_LITTLE}{_CODE}",
    rf"{_CODE}{_WHERE}{_SOME}\b{_MUST}\s{_LITTLE}{_BE}\s{_CODE}",
    rf"\b(?i:fix|chang|solution|correct|replac){_SOME}{_CODE}\s*(?:-+>|=+>|→|⇒)\s*{_CODE}",
    rf"{_INSTEAD}{_LITTLE}{_CODE}{_SOME}{_WRITE}{_LITTLE}{_CODE}",
)
_NOT = rf"(?:{_INSTEAD}|\b(?i:and not)\s)"
_SWAPPED = _compiled(
    rf"{_WRITE}{_SOME}{_CODE}{_SOME}{_NOT}{_LITTLE}{_CODE}",
    rf"\b(?i:works? with|fixed by|solved by){_LITTLE}{_CODE}{_SOME}{_NOT}{_LITTLE}{_CODE}",
    rf"{_CODE}\s(?:{_MUST}\sbe|(?i:is|was))\s(?i:used|meant|wanted|called|written)\s{_NOT}{_LITTLE}{_CODE}",
)
_ADDED = re.compile(
    rf"\b(?i:add(?:s|ed|ing)?|insert(?:s|ed|ing)?|put(?:ting)?|plac(?:e|ing))\s{_LITTLE}{_CODE}{_LITTLE}"
    rf"\b(?i:(after|below|behind)|(before|above))\s{_LITTLE}{_CODE}"
)
_PARTS = r"(?i:(?:the|this|that|a)\s)?(?i:(?:line|call|statement|check|condition|code|decorator)\s(?i:(?:of|to)\s)?)?"
_REMOVED = re.compile(rf"\b(?i:(?:remov|delet|eras)(?:e|es|ed|ing)|comment(?:ed|ing)? out)\s{_PARTS}{_CODE}")

Swap = tuple[str, str]
"""What stands there, and what is to take its place; either may be empty."""


def swaps(text: str) -> tuple[Swap, ...]:
    """The code that an issue's sentences want replaced, in the order of the ways to say so; any text may be asked."""
    prose = "\n".join(block.text for block in blocks(text) if not block.fenced)
    return tuple(dict.fromkeys((old.strip(), new.strip()) for old, new in _swaps(prose) if old.strip() != new.strip()))


def _swaps(prose: str) -> Iterator[Swap]:
    for pattern in _SWAPS:
        yield from pattern.findall(prose)
    for pattern in _SWAPPED:
        yield from ((old, new) for new, old in pattern.findall(prose))
    for new, after, _, known in _ADDED.findall(prose):
        yield known, f"{known}\n{new}" if after else f"{new}\n{known}"
    for old in _REMOVED.findall(prose):
        yield old, ""
