"""Clozes ask for what stands there: putting it back gives the file again, and nothing of it is known beforehand."""

from random import Random

import numpy as np
import pytest

from kent_agent.decoder.continuations import END
from kent_agent.decoder.lexicon import Lexicon
from kent_agent.decoder.situation import Situation
from kent_agent.hdc.sparse import SparseItems
from kent_agent.learning.cloze import Cloze, clozes
from kent_agent.learning.examples import examples_of, learned_tokens
from kent_agent.source.grammar import OLD, Action
from kent_agent.source.scan import scan
from kent_agent.source.tokens import LAYOUT
from tests.decoder.places import situation_in
from tests.learning.lessons import fixes

CODE = '''\
def clip(values, low, high, strict=False):
    """Values between two bounds."""
    if low is None:
        raise ValueError("no lower bound")
    found = [max(value, low) for value in values]
    if high is not None and not strict:
        found = [min(value, high) for value in found]
    total = sum(found, start=0)
    return {"values": found, "total": total}
'''


@pytest.fixture(scope="module")
def situation() -> Situation:
    return situation_in(CODE, "clip", None)


@pytest.fixture(scope="module")
def found(situation: Situation) -> list[Cloze]:
    return [cloze for seed in range(40) for cloze in clozes(situation, 6, Random(seed))]


def test_there_are_clozes_of_many_kinds(found: list[Cloze]) -> None:
    kinds = {opening.site.action for opening, _ in found}
    wanted = {Action.INSERT_STATEMENT, Action.INSERT_GUARD, Action.ADD_ELEMENT, Action.REPLACE_EXPRESSION}
    assert wanted | {Action.RENAME} <= kinds


def test_what_is_asked_for_is_what_stands_there(found: list[Cloze]) -> None:
    for opening, tokens in found:
        there = [token.text for token in scan(CODE, opening.site.start, opening.site.end)]
        written = [each for token in tokens for each in (opening.old if token == OLD else [token])]
        assert [token for token in written if token not in LAYOUT] == [
            token for i, token in enumerate(there) if token != "," or 0 < i < len(there) - 1
        ]


def test_what_is_hidden_does_not_count(situation: Situation) -> None:
    """The name `total` is bound once and read once: without its binding it stands there once."""
    drawn = (cloze for seed in range(200) for cloze in clozes(situation, 6, Random(seed)))
    opening = next(opening for opening, tokens in drawn if tokens[:2] == ("total", "="))
    lexicon = situation.lexicon
    whole, hidden = (lexicon.standing([lexicon.number["total"]], each)[0] for each in (None, opening))
    counted = np.log1p([CODE.count("total = ") + 1, 1])
    assert [whole[4], hidden[4]] == pytest.approx(counted, abs=1e-6)
    assert [lexicon.tokens[i] for i in lexicon.only_in(opening)] == []
    after = lexicon.after(opening, ("total", "="))[0]
    assert after[lexicon.number["sum"]].tolist()[2:6] == [0, 0, 0, 0], "`total = sum` stands nowhere else"


def test_what_is_hidden_does_not_lead_to_what_follows_it(situation: Situation) -> None:
    drawn = (cloze for seed in range(200) for cloze in clozes(situation, 6, Random(seed)))
    named = (opening for opening, tokens in drawn if tokens == ("strict",))
    opening = next(opening for opening in named if CODE[opening.site.end] == ":")
    led = situation.lexicon.after(opening, ())[0, :, 12]
    assert led[situation.lexicon.number["strict"]] == 0 < led[situation.lexicon.number["None"]]


def test_tokens_that_are_hidden_alone_cannot_be_known(situation: Situation) -> None:
    drawn = (cloze for seed in range(200) for cloze in clozes(situation, 6, Random(seed)))
    opening = next(opening for opening, tokens in drawn if tokens[:3] == ("if", "low", "is"))
    lexicon = Lexicon(situation.around, {})
    lexicon._elsewhere -= {'"no lower bound"'}  # as if the file were long
    assert [lexicon.tokens[i] for i in lexicon.only_in(opening)] == ['"no lower bound"']


def test_the_silent_situation_knows_no_issue() -> None:
    told = situation_in(CODE, "clip", "clip() forgets the bounds\n\nSee `found`.")
    silent, never = told.silent(), situation_in(CODE, "clip", None)
    assert silent.lexicon.tokens == never.lexicon.tokens != told.lexicon.tokens
    assert np.array_equal(silent.lexicon.standing(), never.lexicon.standing())
    assert np.array_equal(silent.table.measures, never.table.measures)
    assert told.lexicon.standing()[:, :4].any(), "and leaves the one that it was made from as it was"


def test_a_fix_comes_with_clozes_that_have_no_sites_to_choose_from() -> None:
    first, *others = examples_of(fixes()[-1], learned_tokens(fixes()), SparseItems(512))
    assert first.edits == 1 and first.table is not None
    assert others and all(each.edits == 0 and each.table is None and len(each.writings) == 1 for each in others)
    assert all(each.writings[0].lexicon[each.writings[0].targets[-1]] == END for each in others)
