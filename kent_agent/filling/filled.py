"""Simple edits with their probabilities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from kent_agent.decoder.arrays import Reals
from kent_agent.decoder.situation import Situation
from kent_agent.filling.candidates import Candidates, candidates
from kent_agent.filling.model import FillingModel
from kent_agent.filling.network import Reading
from kent_agent.source.grammar import Edit

MOST = 1500  # edits of a function


@dataclass(frozen=True)
class Trust:
    """How far what is said is believed to mean a simple edit, and which.

    Attributes:
        odds: added to the natural logarithm of the odds that an edit is simple.
        silence: the share of the probability that is given out as if nothing were said.
    """

    odds: float = 0.0
    silence: float = 0.0


MESSAGES = Trust()  # of commits, which were learned from
ISSUES = Trust(math.log(0.1), 0.5)
"""Messages more often mean a simple edit: six of the 225 gold patches of dev are one; at 32 gold places the model
expected 43 % to be. And messages name what is written, issues what was seen: these are believed half of the time."""


@dataclass(frozen=True)
class Filled:
    """The simple edits of a function.

    Attributes:
        edits: the likeliest, each with the natural logarithm of its probability.
        none: that of the edit's being none of all.
    """

    edits: Mapping[Edit, float] = field(default_factory=dict)
    none: float = 0.0


def filled(
    model: FillingModel, situation: Situation, site_scores: Reals, limit: int = MOST, odds: float = 0.0
) -> Filled:
    """The likeliest simple edits of a situation.

    Args:
        site_scores: natural logarithms of the probabilities of the situation's sites, `(n,)`.
        limit: how many.
        odds: added to the natural logarithm of the odds that the edit is simple.
    """
    found = candidates(situation, site_scores, model.common)
    if found is None or not len(found.slot):
        return Filled()
    scores, none = _scored(model, found, odds)
    edits: dict[Edit, float] = {}
    for pair in np.argsort(-scores, kind="stable")[:limit].tolist():
        edits.setdefault(found.edit(pair), float(scores[pair]))
    return Filled(edits, none)


def blended(told: Filled, silent: Filled, share: float, limit: int = MOST) -> Filled:
    """Both, the second with a share of the probability."""
    with np.errstate(divide="ignore"):
        believed, doubted = np.log([1 - share, share]).tolist()
    scores = {edit: believed + score for edit, score in told.edits.items()}
    for edit, score in silent.edits.items():
        scores[edit] = float(np.logaddexp(scores.get(edit, -math.inf), doubted + score))
    found = (each for each in scores.items() if each[1] > -math.inf)
    best = sorted(found, key=lambda each: -each[1])[:limit]
    return Filled(dict(best), float(np.logaddexp(believed + told.none, doubted + silent.none)))


def _scored(model: FillingModel, found: Candidates, odds: float) -> tuple[Reals, float]:
    """Natural logarithms of the probabilities of pairs `(P,)`, and that none is meant."""
    with torch.inference_mode():
        scores, none = model.network(read(found))
        shares = torch.log_softmax(torch.cat([scores + odds, none]), 0).numpy()
    return shares[:-1], float(shares[-1])


def read(found: Candidates) -> Reading:
    """A function's candidates, as the network reads them."""
    tables = found.tables
    owner = np.zeros(len(found.slots), dtype=np.int64)
    arrays = (
        *(tables.categories, tables.ways, tables.slots, tables.terms, tables.cues, tables.heard, tables.title[None]),
        *(owner, found.slot, found.term, found.pairs(), found.general[None]),
    )
    return Reading(*map(torch.from_numpy, arrays))
