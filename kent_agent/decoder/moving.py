"""Where a moved statement may go."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kent_agent.source.grammar import Action, Site

_NEAR = 2


def targets(sites: Sequence[Site], moved: Site) -> list[tuple[Site, float]]:
    """Where a statement of a function may go, nearest first, with natural logarithms of probabilities.

    Of 120 mined moves half go to the six nearest places, and the share falls about as one over the rank.
    """
    found = [site for site in sites if site.action is Action.INSERT_STATEMENT and site.scope == moved.scope]
    found = [site for site in found if not moved.start < site.start < moved.end]
    found.sort(key=lambda site: min(abs(site.start - moved.start), abs(site.start - moved.end)))
    weights = np.array([1 / (rank + _NEAR) for rank in range(len(found))])
    shares = np.log(weights / weights.sum()).tolist() if found else []
    return [(replace(site, action=Action.MOVE_STATEMENT), share) for site, share in zip(found, shares, strict=True)]
