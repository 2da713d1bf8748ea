"""What sentences of an issue want done to the code that they quote: replaced, added, removed."""

import re
from collections.abc import Iterator

from kent_agent.source.blocks import blocks

_CODE = r"`{1,2}([^`\n]{1,200})`{1,2}"
_WHERE = r"(?:\s(?i:in|of|at|from|inside|within)\s(?:the\s)?`[^`\n]+`)?"
_LITTLE, _SOME = r"[^`\n]{0,12}?", r"[^`\n]{0,50}?"
_CHANGING = r"(?i:replac|chang|renam|switch|turn|convert|correct|fix|modify|updat|edit)\w*"
_SWAPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_CHANGING}\s{_SOME}{_CODE}{_WHERE}{_SOME}\b(?:by|with|to|into|for)\s{_LITTLE}{_CODE}",
        rf"{_CODE}{_WHERE}{_SOME}\b(?i:should|must|needs? to|ought to|has to)\b{_LITTLE}"
        rf"\b(?i:be|read|say|become|look like|use)\b{_LITTLE}{_CODE}",
        rf"{_CODE}\s*(?:-+>|=+>|→|⇒)\s*{_CODE}",
        rf"\b(?i:instead of|rather than|in place of)\s{_LITTLE}{_CODE}{_SOME}{_CODE}",
    )
)
_SWAPPED = re.compile(rf"{_CODE}{_SOME}\b(?i:instead of|rather than|in place of|and not)\s{_LITTLE}{_CODE}")
_ADDED = re.compile(
    rf"\b(?i:add|insert|put|includ|plac)\w*\s{_SOME}{_CODE}{_SOME}\b(?i:(after|below|behind)|(before|above))\b{_SOME}{_CODE}"
)
_REMOVED = re.compile(rf"\b(?i:remov|delet|drop|eras|get(?:ting)? rid of|comment\w* out)\w*\s{_SOME}{_CODE}")

Swap = tuple[str, str]
"""What stands there, and what is to take its place; either may be empty."""


def swaps(text: str) -> tuple[Swap, ...]:
    """The code that an issue's sentences want replaced, in the order of the ways to say so; any text may be asked."""
    prose = "\n".join(block.text for block in blocks(text) if not block.fenced)
    return tuple(dict.fromkeys((old.strip(), new.strip()) for old, new in _swaps(prose) if old.strip() != new.strip()))


def _swaps(prose: str) -> Iterator[Swap]:
    for pattern in _SWAPS:
        yield from pattern.findall(prose)
    for new, old in _SWAPPED.findall(prose):
        yield old, new
    for new, after, _, known in _ADDED.findall(prose):
        yield known, f"{known}\n{new}" if after else f"{new}\n{known}"
    for old in _REMOVED.findall(prose):
        yield old, ""
