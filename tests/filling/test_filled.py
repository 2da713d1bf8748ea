"""Simple edits share probabilities with that of none, and a search mixes them with what the decoder writes."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from kent_agent.decoder.outcome import applied
from kent_agent.decoder.search import Decoding, EditSearch
from kent_agent.decoder.situation import Situation
from kent_agent.filling.filled import Filled, Trust, blended, filled
from kent_agent.filling.model import FillingModel
from kent_agent.source.grammar import Edit
from tests.decoder.places import BOX, situation_in
from tests.learning.lessons import trained

ISSUE = "Box.area() is wrong\n\nUse `depth` instead of height"
COMMON = {"use": 0, "instead": 1}


def even(situation: Situation) -> "np.ndarray":
    """Every site as likely as any other."""
    count = len(situation.sites)
    return np.full(count, -math.log(max(count, 1)), dtype=np.float32)


@pytest.fixture(scope="module")
def model() -> FillingModel:
    return FillingModel.create(COMMON, seed=1)


@pytest.fixture(scope="module")
def situation() -> Situation:
    return situation_in(BOX, "Box.area", ISSUE, trained().model.learned)


@pytest.fixture(scope="module")
def every(model: FillingModel, situation: Situation) -> Filled:
    return filled(model, situation, even(situation), limit=10**6)


def total(edits: Mapping[Edit, float]) -> float:
    return math.fsum(map(math.exp, edits.values()))


def test_all_and_none_are_certain_together(every: Filled) -> None:
    assert 0.5 < total(every.edits) + math.exp(every.none) <= 1 + 1e-4  # what is written twice counts once


def test_the_likeliest_come_first_and_fewer_are_the_same(
    every: Filled, model: FillingModel, situation: Situation
) -> None:
    shares = list(every.edits.values())
    assert shares == sorted(shares, reverse=True)
    few = filled(model, situation, even(situation), limit=5)
    assert few.none == every.none and list(few.edits.items()) == list(every.edits.items())[: len(few.edits)]


def test_odds_weigh_what_is_simple_against_what_is_not(
    every: Filled, model: FillingModel, situation: Situation
) -> None:
    rarer = filled(model, situation, even(situation), limit=10**6, odds=math.log(0.1))
    before, after = (math.log1p(-math.exp(each.none)) - each.none for each in (every, rarer))
    assert after - before == pytest.approx(math.log(0.1), abs=1e-3)
    apart = [rarer.edits[edit] - share for edit, share in every.edits.items()]
    assert max(apart) - min(apart) == pytest.approx(0, abs=1e-3)


def pointed(model: FillingModel, situation: Situation) -> Filled:
    """Simple edits where the decoder points."""
    with torch.inference_mode():
        return filled(model, situation, Decoding(trained().model, situation).site_scores)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_share_is_given_out_as_if_nothing_were_said(share: float, model: FillingModel, situation: Situation) -> None:
    told, silent = pointed(model, situation), pointed(model, situation.silent())
    mixed = blended(told, silent, share, 10**6)
    assert set(mixed.edits) == set(silent.edits) | (set(told.edits) if share < 1 else set()) != set(told.edits)
    for edit, score in mixed.edits.items():
        chances = [math.exp(each.edits.get(edit, -math.inf)) for each in (told, silent)]
        assert math.exp(score) == pytest.approx((1 - share) * chances[0] + share * chances[1], rel=1e-6)
    assert math.exp(mixed.none) == pytest.approx((1 - share) * math.exp(told.none) + share * math.exp(silent.none))
    scores = list(mixed.edits.values())
    assert scores == sorted(scores, reverse=True)
    assert list(blended(told, silent, share, 5).edits) == list(mixed.edits)[:5]


def test_a_search_believes_as_much_as_it_trusts(model: FillingModel, situation: Situation) -> None:
    mixed = blended(pointed(model, situation), pointed(model, situation.silent()), 0.25)
    search = EditSearch(trained().model, model, Trust(silence=0.25))
    for edit in list(mixed.edits)[:200:20]:
        decoded = EditSearch(trained().model).log_probability(situation, [edit])
        shares = [mixed.edits[edit], *([decoded + mixed.none] if decoded is not None else [])]
        assert search.log_probability(situation, [edit]) == pytest.approx(np.logaddexp.reduce(shares), abs=1e-4)


def test_what_nothing_is_said_of_is_not_mixed(model: FillingModel) -> None:
    silent = situation_in(BOX, "Box.area", None, trained().model.learned)
    trusting, doubting = (EditSearch(trained().model, model, Trust(silence=share)) for share in (0.0, 0.5))
    assert trusting.propose(silent, 20) == doubting.propose(silent, 20)


def test_what_has_no_place_for_any_is_none_for_sure(model: FillingModel) -> None:
    nothing = situation_in("class Empty:\n    '''Nothing.'''\n\n    def f(self): ...\n", "<module>", ISSUE)
    assert filled(model, nothing, even(nothing)) == Filled()


def test_a_search_mixes_both(model: FillingModel, situation: Situation) -> None:
    alone, mixed = EditSearch(trained().model), EditSearch(trained().model, model)
    with torch.inference_mode():
        simple = filled(model, situation, Decoding(trained().model, situation).site_scores)
    edit = max(simple.edits, key=lambda each: simple.edits[each])
    decoded = alone.log_probability(situation, [edit])
    shares = [simple.edits[edit], *([decoded + simple.none] if decoded is not None else [])]
    assert mixed.log_probability(situation, [edit]) == pytest.approx(np.logaddexp.reduce(shares), abs=1e-4)


def test_what_a_search_proposes_has_its_probability_and_is_of_both(model: FillingModel, situation: Situation) -> None:
    search = EditSearch(trained().model, model)
    found = search.propose(situation, 60)
    ranked = [each.log_probability for each in found]
    assert len(found) == 60 and ranked == sorted(ranked, reverse=True)
    for each in found[::7]:
        assert search.log_probability(situation, each.edits) == pytest.approx(each.log_probability, abs=1e-3)
    decoded = {each.after for each in EditSearch(trained().model).propose(situation, 600)}
    with torch.inference_mode():
        simple = filled(model, situation, Decoding(trained().model, situation).site_scores)
    written = {applied(situation, edit) for edit in simple.edits}
    assert {each.after for each in found} <= decoded | written
    assert {each.after for each in found} - decoded


def test_nothing_said_is_no_obstacle(model: FillingModel) -> None:
    silent = situation_in(BOX, "Box.area", None)
    assert len(filled(model, silent, even(silent)).edits) > 100
