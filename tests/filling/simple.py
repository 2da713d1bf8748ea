"""The simple edits of a small function."""

from collections.abc import Iterator
from functools import cache
from itertools import takewhile

import numpy as np

from kent_agent.decoder.search import applied
from kent_agent.filling.candidates import Candidates, candidates
from tests.decoder.places import situation_in

_NEAR = 12  # characters in common by chance


@cache
def candidates_in(text: str, name: str, issue: str | None = "") -> Candidates:
    """All of them, where every site is as likely as any other."""
    situation = situation_in(text, name, issue)
    found = candidates(situation, np.zeros(len(situation.sites), dtype=np.float32), {"use": 0, "instead": 1})
    assert found is not None
    return found


@cache
def versions(text: str, name: str, issue: str | None = "") -> frozenset[str]:
    """What a text becomes by each."""
    return frozenset(_made(candidates_in(text, name, issue), 0, 0))


def makes(text: str, name: str, issue: str, wanted: str) -> bool:
    """Whether one of them makes a text the one wanted."""
    start, behind = _common(text, wanted), _common(text[::-1], wanted[::-1])
    return wanted in _made(candidates_in(text, name, issue), start, max(len(text) - behind, start))


def _common(left: str, right: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _made(found: Candidates, start: int, end: int) -> Iterator[str]:
    """What the text becomes by those whose sites hold a range, or nearly."""
    sites = found.situation.sites
    for pair in range(len(found.slot)):
        site = sites[found.slots[found.slot[pair]].site]
        if not end or (site.start - _NEAR <= start and end <= site.end + _NEAR):
            after = applied(found.situation, found.edit(pair))
            if after is not None:
                yield after
