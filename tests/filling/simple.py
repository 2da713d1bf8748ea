"""The simple edits of a small function."""

from functools import cache

import numpy as np

from kent_agent.decoder.outcome import applied
from kent_agent.filling.candidates import Candidates, candidates
from tests.decoder.places import situation_in


def candidates_in(text: str, name: str, issue: str | None = "") -> Candidates:
    """All of them, where every site is as likely as any other."""
    situation = situation_in(text, name, issue)
    found = candidates(situation, np.zeros(len(situation.sites), dtype=np.float32), {"use": 0, "instead": 1})
    assert found is not None
    return found


@cache
def versions(text: str, name: str, issue: str | None = "") -> frozenset[str]:
    """What a text becomes by each."""
    found = candidates_in(text, name, issue)
    afters = (applied(found.situation, found.edit(pair)) for pair in range(len(found.slot)))
    return frozenset(after for after in afters if after is not None)
