"""The lexicon holds what may be written, and how each token stands to a function, to a site and to its neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.decoder.continuations import AFTER, END
from kent_agent.decoder.lexicon import AT, SPECIALS, STANDING, Lexicon, likeness
from kent_agent.source.grammar import Action
from kent_agent.source.scan import scan
from kent_agent.source.tokens import is_identifier
from tests.decoder.places import BOX, situation_in

LEARNED = {"kwargs": -3.0, "weight": -4.0}
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return situation_in(BOX, "Box.area", learned=LEARNED).lexicon


def test_it_holds_each_token_once(lexicon: Lexicon) -> None:
    assert len(set(lexicon.tokens)) == len(lexicon.tokens) == len(lexicon.number)
    assert all(lexicon.tokens[i] == token for token, i in lexicon.number.items())


def test_it_holds_what_is_learned_what_stands_there_and_what_is_said(lexicon: Lexicon) -> None:
    written = {token.text for token in scan(BOX, 0, len(BOX))}
    assert {*SPECIALS, *LEARNED, *written} <= set(lexicon.tokens)


def test_a_token_of_the_issue_may_be_written_that_stands_nowhere_in_the_file(lexicon: Lexicon) -> None:
    assert '"depth"' not in BOX and '"depth"' in lexicon.number


def test_names_may_be_written_as_strings_with_the_files_own_quotes(lexicon: Lexicon) -> None:
    assert "'width'" in lexicon.number and '"width"' not in lexicon.number


def test_standing_tells_what_a_token_is_and_how_common(lexicon: Lexicon) -> None:
    standing = lexicon.standing()
    assert standing.shape == (len(lexicon.tokens), STANDING) and np.isfinite(standing).all()
    size, kwargs, said, scaled = (standing[lexicon.number[t]] for t in ("size", "kwargs", "height", "scaled"))
    assert size[-1] and not kwargs[-1], "the last measure is whether it stands in the function"
    assert not np.array_equal(said[:4], scaled[:4]), "the issue names one of them"


def test_at_a_site_what_is_replaced_is_marked_and_what_is_near_counts_more(lexicon: Lexicon) -> None:
    situation = situation_in(BOX, "Box.area", learned=LEARNED)
    site = next(s for s in situation.sites if s.action is Action.RENAME and BOX[s.start : s.end] == "height")
    at = situation.lexicon.at(situation.opening(site))
    number = situation.lexicon.number
    assert at.shape == (len(number), AT)
    assert [situation.lexicon.tokens[i] for i in np.flatnonzero(at[:, 0])] == ["height"]
    assert at[number["*"], 1] > at[number["unit"], 1] > 0, "before the site"
    assert at[number["if"], 2] > at[number["100"], 2] > 0, "behind it"
    assert at[number["'height'"], 3:6].sum() == 0 and at[number["weight"], 5] > 0.5, "like the one replaced"


def test_at_a_site_chosen_tokens_have_the_rows_that_they_have_among_all(lexicon: Lexicon) -> None:
    situation = situation_in(BOX, "Box.area", learned=LEARNED)
    opening = situation.opening(next(s for s in situation.sites if s.action is Action.RENAME))
    chosen = [lexicon.number[token] for token in ("width", "*", "weight")]
    assert np.array_equal(lexicon.at(opening, chosen), lexicon.at(opening)[chosen])
    assert np.array_equal(lexicon.standing(chosen), lexicon.standing()[chosen])


def test_after_other_tokens_the_files_habits_count(lexicon: Lexicon) -> None:
    situation = situation_in(BOX, "Box.area", learned=LEARNED)
    site = next(s for s in situation.sites if s.action is Action.REPLACE_EXPRESSION and s.node == "BinOp")
    rows = lexicon.after(situation.opening(site), ("self", "."))[0]
    assert rows.shape == (len(lexicon.tokens), AFTER)
    width, scaled, unit = (rows[lexicon.number[token]] for token in ("width", "scaled", "unit"))
    assert width[2] > scaled[2] > 0 == unit[2], "the file has `self.width` twice, and `self.scaled` once"
    assert width[7] > 0 and scaled[7] > 0, "both in the function"
    assert width[8] > 0 == scaled[8], "one of them in what is replaced"
    assert rows[lexicon.number["height"], 10] > 0 == rows[lexicon.number["width"], 10], "the issue says self.height"


def test_a_longer_match_stands_out(lexicon: Lexicon) -> None:
    situation = situation_in(BOX, "Box.area", learned=LEARNED)
    site = next(s for s in situation.sites if s.action is Action.INSERT_STATEMENT and s.scope == "Box.area")
    rows = lexicon.after(situation.opening(site), ("self", ".", "width", "*", "self", "."))[0]
    height, width = (rows[lexicon.number[token]] for token in ("height", "width"))
    assert height[5] == 1 > width[5] > 0 and height[4] > 0 == width[4]


def test_an_edit_ends_as_likely_as_what_is_behind_its_site_comes_next(lexicon: Lexicon) -> None:
    situation = situation_in(BOX, "Box.area", learned=LEARNED)
    site = next(s for s in situation.sites if s.action is Action.RENAME and BOX[s.start : s.end] == "width")
    rows = lexicon.after(situation.opening(site), ("height",))[0]
    assert np.array_equal(rows[lexicon.number[END]], rows[lexicon.number["*"]])
    assert situation.document.text[site.end :].lstrip().startswith("*")


@given(NAMES, NAMES)
def test_likeness_is_symmetric_and_between_none_and_all(left: str, right: str) -> None:
    names = is_identifier(left) and is_identifier(right)  # a keyword is none
    assert likeness(left, right) == likeness(right, left) or not names
    assert all(0 <= each <= 1 for each in likeness(left, right))


def test_likeness_sees_parts_beginnings_and_ends() -> None:
    assert likeness("size", "size") == (0, 0, 0)
    assert likeness("get_width", "width_of")[0] > 0
    assert likeness("width", "widen")[1] > 0 and likeness("width", "widen")[2] == 0
    assert likeness("max_size", "minSize")[2] > 0
    assert likeness("width", "+") == (0, 0, 0)
