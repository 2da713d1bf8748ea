"""A situation is all that is read before an edit is made: its sites, its latent's hypervector, its tokens."""

import numpy as np
import pytest

from kent_agent.decoder.network import LONGEST
from kent_agent.decoder.situation import action_token, after_tokens
from kent_agent.hdc.sparse import SparseItems
from kent_agent.source.grammar import Action
from tests.decoder.places import BOX, ISSUE, situation_in

ITEMS = SparseItems(2048)


def test_a_function_offers_all_its_sites_a_class_its_own() -> None:
    scopes = {site.scope for site in situation_in(BOX, "Box.scaled").sites}
    assert "Box.scaled" in scopes and not scopes & {"Box.area", "Box.__init__"}
    assert {site.scope for site in situation_in(BOX, "Box").sites} == {"Box"}
    nested = "def f():\n    def g():\n        return 1\n    return g\n"
    assert {"f", "f.g"} <= {site.scope for site in situation_in(nested, "f").sites}


def test_the_condition_is_a_unit_vector_of_what_is_said_and_of_the_place() -> None:
    one = situation_in(BOX, "Box.area").condition(ITEMS)
    others = [
        situation_in(BOX, "Box.area", "Another thing").condition(ITEMS),
        situation_in(BOX, "Box.scaled").condition(ITEMS),
        situation_in(BOX, "Box.area", path="other.py").condition(ITEMS),
    ]
    assert one.shape == (2048,) and np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert not any(np.allclose(one, other) for other in others)


def test_without_an_issue_the_condition_holds_the_place_alone() -> None:
    silent, empty, told = (situation_in(BOX, "Box.area", issue).condition(ITEMS) for issue in (None, "", ISSUE))
    assert np.array_equal(silent, empty)
    terms = ["path:box", "symbol:box", "symbol:area"]
    place = ITEMS.query(dict.fromkeys(terms, 0.5))
    assert silent == pytest.approx(place / np.linalg.norm(place), abs=1e-5)
    assert abs(float(silent @ ITEMS.query({"height": 1.0}))) < float(told @ ITEMS.query({"height": 1.0}))


def test_the_title_counts_more_than_the_rest() -> None:
    title, prose = (
        situation_in(BOX, "Box.area", issue).condition(ITEMS) @ ITEMS.query({"height": 1.0})
        for issue in ("height\n\nmany other words", "many other words\n\nheight")
    )
    assert title > prose


@pytest.mark.parametrize("name", ["Box.area", "Box", "<module>"])
def test_a_site_is_read_with_what_stands_before_in_and_behind_it(name: str) -> None:
    situation = situation_in(BOX, name)
    for site in situation.sites:
        tokens, segments = situation.reading(situation.opening(site))
        assert tokens[0] == action_token(site) and segments == sorted(segments)
        assert len(tokens) == len(segments) <= LONGEST


def test_the_reading_of_a_renaming() -> None:
    situation = situation_in(BOX, "Box.area")
    site = next(s for s in situation.sites if s.action is Action.RENAME and BOX[s.start : s.end] == "height")
    tokens, segments = situation.reading(situation.opening(site))
    parts = [[token for token, each in zip(tokens, segments, strict=True) if each == part] for part in range(5)]
    assert parts[0] == ["<rename>", "<Attribute>", "<in BinOp>", "<.right>", "<Assign>"]
    assert {"Box", "area"} <= set(parts[1])
    assert parts[2][-4:] == ["width", "*", "self", "."] and parts[3] == ["height"] and parts[4][:2] == ["if", "unit"]
    assert situation.neighbours(site) == (["self", "."], "if")


def test_what_comes_after_is_that_of_each_prefix() -> None:
    situation = situation_in(BOX, "Box.area")
    site = next(s for s in situation.sites if s.action is Action.REPLACE_EXPRESSION)
    opening = situation.opening(site)
    rows = after_tokens(situation, opening, ("self", ".", "width"))
    assert len(rows) == 4
    assert np.array_equal(rows[0], situation.lexicon.after(opening, ())[0])
    assert np.array_equal(rows[2], situation.lexicon.after(opening, ("self", "."))[0])


def test_a_file_that_does_not_parse_is_no_situation() -> None:
    with pytest.raises(SyntaxError):
        situation_in(BOX + "def (:\n", "<module>")
