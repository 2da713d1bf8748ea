"""An edit's outcome is the whole file, and Python; else there is none."""

import ast

import pytest

from kent_agent.decoder.outcome import applied
from kent_agent.decoder.situation import Situation
from kent_agent.source.application import apply
from kent_agent.source.grammar import Action, Edit, Site
from tests.decoder.places import situation_in

TALLY = """\
def tally(rows, limit):
    limit = limit or 10
    if rows:
        print(limit)
    elif limit:
        rows = [limit]
    return rows[:limit]
"""


def site_of(situation: Situation, action: Action, line: int, text: str) -> Site:
    whole = situation.document.text
    return next(
        site
        for site in situation.sites
        if site.action is action and site.first_line == line and whole[site.start : site.end] == text
    )


def test_a_name_is_renamed_everywhere_or_not_at_all() -> None:
    text = "def later():\n    print(limit)\n    limit = 3\n"
    situation = situation_in(text, "later")
    site = site_of(situation, Action.RENAME_ALL, 2, "limit")
    assert applied(situation, Edit(site, ("most",))) == text.replace("limit", "most")
    assert applied(situation, Edit(site, ("None",))) is None, "it can be printed, but nothing can be assigned to it"


@pytest.mark.parametrize(
    ("line", "old", "tokens"),
    [(4, "limit", ("limit", "+")), (5, "limit", (")",)), (6, "limit", ("*",)), (7, "rows", ("yield", "from"))],
)
def test_what_does_not_parse_is_no_outcome(line: int, old: str, tokens: tuple[str, ...]) -> None:
    situation = situation_in(TALLY, "tally")
    site = site_of(situation, Action.REPLACE_EXPRESSION, line, old)
    with pytest.raises(SyntaxError):
        ast.parse(apply(TALLY, [Edit(site, tokens)]))
    assert applied(situation, Edit(site, tokens)) is None


def test_what_changes_nothing_is_no_outcome() -> None:
    situation = situation_in(TALLY, "tally")
    site = site_of(situation, Action.RENAME, 4, "limit")
    assert applied(situation, Edit(site, ("limit",))) is None
    assert applied(situation, Edit(site, ("rows",))) == TALLY.replace("print(limit)", "print(rows)")
