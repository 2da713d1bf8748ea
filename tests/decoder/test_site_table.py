"""Sites as numbers: one finite row each, and what the issue names stands out."""

from pathlib import Path

import numpy as np
import pytest

import kent_agent
from kent_agent.decoder.site_table import ACTIONS, BUCKETS, CATEGORIES, SITE_MEASURES
from kent_agent.decoder.situation import Situation
from tests.decoder.places import BOX, situation_in


def rows_of(situation: Situation) -> np.ndarray:
    return situation.table.measures


@pytest.mark.parametrize("name", ["<module>", "Box", "Box.area"])
def test_every_site_has_its_row(name: str) -> None:
    situation = situation_in(BOX, name)
    assert situation.table.categories.shape == (len(situation.sites), CATEGORIES)
    assert situation.table.measures.shape == (len(situation.sites), SITE_MEASURES)
    assert len(situation.sites) > 0 and np.isfinite(situation.table.measures).all()


def test_each_category_has_rows_of_its_own() -> None:
    situation = situation_in(BOX, "Box.area")
    categories = situation.table.categories
    assert [ACTIONS[i] for i in categories[:, 0]] == [site.action for site in situation.sites]
    for i in range(1, CATEGORIES):
        low = len(ACTIONS) + (i - 1) * BUCKETS
        assert ((categories[:, i] >= low) & (categories[:, i] < low + BUCKETS)).all()


def test_a_file_of_this_package_has_finite_rows() -> None:
    text = (Path(kent_agent.__file__).parent / "errors.py").read_text()
    rows = rows_of(situation_in(text, "<module>"))
    assert np.isfinite(rows).all() and np.abs(rows).max() < 20


def test_a_file_without_sites_has_an_empty_table() -> None:
    table = situation_in("", "<module>").table
    assert table.categories.shape == (0, CATEGORIES) and table.measures.shape == (0, SITE_MEASURES)


def test_the_statement_that_the_issue_names_is_foremost() -> None:
    situation = situation_in(BOX, "Box.area", "height is wrong\n\nself.height is read twice")
    best = {situation.sites[i].first_line for i in np.flatnonzero(rows_of(situation)[:, -1] == 1)}
    assert best == {9}


def test_only_what_is_said_changes_with_the_issue() -> None:
    told, silent = rows_of(situation_in(BOX, "Box.area")), rows_of(situation_in(BOX, "Box.area", None))
    changed = np.flatnonzero((told != silent).any(axis=0))
    assert len(changed) > 0 and not silent[:, changed].any()


def test_the_end_of_the_file_may_lack_its_line_break() -> None:
    text = BOX.rstrip()
    last = [site.last_line == text.count("\n") + 1 for site in situation_in(text, "Box.scaled").sites]
    whole, cut = (rows_of(situation_in(each, "Box.scaled", "return size")) for each in (BOX, text))
    assert any(last) and whole == pytest.approx(cut, abs=1e-6)


@pytest.mark.parametrize("mark", ["\f", "\x1c", "\u2028"])
def test_lines_are_those_that_the_parser_counts(mark: str) -> None:
    """`str.splitlines` takes these marks for line ends, Python does not."""
    plain, marked = (situation_in(f"# {sign} a comment\n{BOX}", "Box.area") for sign in (" ", mark))
    assert rows_of(plain) == pytest.approx(rows_of(marked))
