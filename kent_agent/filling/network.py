"""FillingNetwork: how likely an issue means a term to be written in one of a function's slots."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kent_agent.decoder.site_table import ACTIONS, BUCKETS, CATEGORIES
from kent_agent.filling.measures import CUES, PAIR_MEASURES, SLOT_MEASURES, TERM_MEASURES
from kent_agent.filling.slots import Way

GENERAL = 3  # measures of an issue and a function as a whole


class Reading(NamedTuple):
    """N slots, M terms and P pairs of both, of B functions; `Tables` says what each is.

    Attributes:
        categories: `(N, CATEGORIES)`.
        ways: `(N,)`.
        slots: `(N, SLOT_MEASURES)`.
        terms: `(M, TERM_MEASURES)`.
        cues: `(M, CUES)`.
        heard: `(N, CUES)`.
        title: `(B, TITLE)`.
        owner: which function each slot is of, `(N,)`.
        slot, term: which ones each pair is of, `(P,)`.
        pairs: `(P, PAIR_MEASURES)`.
        general: `(B, GENERAL)`.
    """

    categories: Tensor
    ways: Tensor
    slots: Tensor
    terms: Tensor
    cues: Tensor
    heard: Tensor
    title: Tensor
    owner: Tensor
    slot: Tensor
    term: Tensor
    pairs: Tensor
    general: Tensor


class FillingNetwork(nn.Module):
    """The weights.

    Args:
        cues: how many words have numbers.
        width: of every hidden layer.
        cue_width: of the embeddings of words.
        dropout: in training.
    """

    def __init__(self, cues: int, width: int = 64, cue_width: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.categories = nn.EmbeddingBag(len(ACTIONS) + (CATEGORIES - 1) * BUCKETS, width, mode="sum")
        self.ways = nn.Embedding(len(Way), width)
        self.slots = nn.Linear(SLOT_MEASURES, width)
        self.terms = nn.Linear(TERM_MEASURES, width)
        self.cue = nn.Embedding(cues, cue_width, padding_idx=0)
        self.around_term = nn.Linear(CUES * cue_width, width)
        self.around_old = nn.Linear(CUES * cue_width, width)
        self.title = nn.Linear(cue_width, width)
        self.pairs = nn.Linear(PAIR_MEASURES, width)
        self.score = nn.Sequential(
            *(nn.ReLU(inplace=True), nn.Dropout(dropout)),
            *(nn.Linear(width, width), nn.ReLU(inplace=True), nn.Linear(width, 1)),
        )
        self.none = nn.Sequential(nn.Linear(GENERAL + cue_width, 16), nn.ReLU(), nn.Linear(16, 1))
        for table in (self.categories, self.ways):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, told: Reading) -> tuple[Tensor, Tensor]:
        """Scores of pairs `(P,)`, and of that none of a function's is meant `(B,)`."""
        title = self.cue(told.title).mean(1)
        slots = self.categories(told.categories) + self.ways(told.ways) + self.slots(told.slots)
        slots = slots + self.around_old(self.cue(told.heard).flatten(1)) + self.title(title)[told.owner]
        terms = self.terms(told.terms) + self.around_term(self.cue(told.cues).flatten(1))
        hidden = slots[told.slot]  # and in place: there are some hundred thousand pairs
        hidden.add_(terms[told.term]).add_(self.pairs(told.pairs))
        none = self.none(torch.cat([told.general, title], 1))
        return self.score(hidden).squeeze(-1), none.squeeze(-1)
