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
ISSUES = math.log(0.1)
"""What an issue adds to the logarithm of the odds that an edit is simple: messages, which were learned from, more often
mean one. Six of the 225 gold patches of dev are one simple edit; at 32 gold places the model expected 43 % to be."""


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
