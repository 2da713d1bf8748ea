"""What came next after many writings at once is what came next after each of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.decoder.continuations import AFTER, END, Written
from kent_agent.decoder.situation import Situation
from kent_agent.source.grammar import OLD
from kent_agent.source.tokens import NEWLINE
from tests.decoder.places import BOX, situation_in

SITUATION = situation_in(BOX, "Box.area")
WRITTEN = st.lists(st.sampled_from(["self", ".", "width", "*", "(", "'mm'", "unheard", OLD, NEWLINE]), max_size=8)
ASKED = st.lists(st.tuples(st.integers(0, len(SITUATION.sites) - 1), WRITTEN), min_size=1, max_size=5)


def asked_of(situation: Situation, drawn: list[tuple[int, list[str]]]) -> list[Written]:
    return [Written(situation.opening(situation.sites[site]), tokens) for site, tokens in drawn]


@settings(deadline=None)
@given(ASKED)
def test_many_at_once_are_as_one_by_one(drawn: list[tuple[int, list[str]]]) -> None:
    asked = asked_of(SITUATION, drawn)
    found = SITUATION.lexicon.continuations.after(asked)
    together = np.zeros((len(asked), len(SITUATION.lexicon.tokens), AFTER), dtype=np.float32)
    together[found.owners, found.tokens] = found.rows
    for row, each in zip(together, asked, strict=True):
        assert np.array_equal(row, SITUATION.lexicon.after(*each)[0])


@settings(deadline=None)
@given(ASKED)
def test_shares_are_of_all_that_came_next_and_every_writing_may_end(drawn: list[tuple[int, list[str]]]) -> None:
    found = SITUATION.lexicon.continuations.after(asked_of(SITUATION, drawn))
    end = SITUATION.lexicon.number[END]
    assert sorted(found.owners[found.tokens == end]) == [*range(len(drawn))]
    shares = found.rows[:, [1, 2, 3, 4, 6, 7, 8, 9, 10, 11]]
    assert (shares >= 0).all()
    for owner in range(len(drawn)):
        of_tokens = shares[(found.owners == owner) & (found.tokens != end)]
        assert (of_tokens.sum(0) < 1).all()


def test_a_token_that_never_came_next_is_not_told_of() -> None:
    opening = SITUATION.opening(SITUATION.sites[0])
    found = SITUATION.lexicon.continuations.after([Written(opening, ("self", "."))])
    told = {SITUATION.lexicon.tokens[i] for i in found.tokens}
    assert {"width", "height", "scaled"} <= told and "unit" not in told


@pytest.mark.parametrize("hidden", [True, False])
def test_what_is_hidden_is_not_heard(hidden: bool) -> None:
    situation = situation_in(BOX, "Box.area", issue=None)
    site = next(s for s in situation.sites if BOX[s.start : s.end] == "self.scaled(size, unit)")
    opening = replace(situation.opening(site), old=("size",), hidden=hidden)
    found = situation.lexicon.continuations.after([Written(opening, ("self", "."))])
    told = {situation.lexicon.tokens[i] for i in found.tokens}
    assert ("scaled" in told) is not hidden


def test_what_is_replaced_is_that_of_the_opening_and_not_of_its_site() -> None:
    opening = SITUATION.opening(next(s for s in SITUATION.sites if BOX[s.start : s.end] == "self.width"))
    number = SITUATION.lexicon.number["scaled"]
    rows = [
        SITUATION.lexicon.after(replace(opening, old=old), ("self", "."))[0, number, 8]
        for old in (("self", ".", "width"), ("self", ".", "scaled"))
    ]
    assert rows[0] == 0 < rows[1]
