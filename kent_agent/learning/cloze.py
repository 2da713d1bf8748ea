"""Clozes: pieces of correct code to be written anew where they stand, an endless supply besides mined edits.

Each is what an edit of the grammar would write, had the piece been missing or another: a statement, an element, an
expression around a part of it, a name, a literal. They teach how programs go on, not what an issue means; nothing is
said in them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from textwrap import dedent

from kent_agent.decoder.opening import Opening
from kent_agent.decoder.situation import Situation
from kent_agent.source.grammar import OLD, Action, Site
from kent_agent.source.scan import token_texts
from kent_agent.source.tokens import LAYOUT, is_identifier, lex

_MOST_TOKENS = 30
_LEAVING = frozenset({"return", "raise", "continue", "break"})
_DEFINING = frozenset({"def", "class", "async", "@", "import", "from"})
_TRIES = 4  # for each cloze asked for

Cloze = tuple[Opening, tuple[str, ...]]
ByAction = Mapping[Action, Sequence[Site]]


def clozes(situation: Situation, count: int, draw: Random) -> list[Cloze]:
    """Up to `count` openings of a situation with what is to be written there."""
    by_action: defaultdict[Action, list[Site]] = defaultdict(list)
    for site in situation.sites:
        by_action[site.action].append(site)
    makers, weights = zip(*_MAKERS.items(), strict=True)
    found: dict[tuple[int, int, Action], Cloze] = {}
    for make in draw.choices(makers, weights, k=_TRIES * count):
        cloze = make(situation, by_action, draw)
        if cloze is not None and 0 < len(cloze[1]) <= _MOST_TOKENS:
            site = cloze[0].site
            found.setdefault((site.start, site.end, site.action), cloze)
        if len(found) == count:
            break
    return list(found.values())


def _statement(situation: Situation, sites: ByAction, draw: Random) -> Cloze | None:
    """A statement that is missing."""
    gone = _drawn(sites[Action.DELETE_STATEMENT], draw)
    if gone is None:
        return None
    try:
        tokens = tuple(lex(dedent(situation.document.text[gone.start : gone.end])))
    except ValueError:
        return None
    if not tokens or tokens[0] in _DEFINING:
        return None
    action = Action.INSERT_GUARD if _leaves(tokens) else Action.INSERT_STATEMENT
    there = next((site for site in sites[action] if site.start == gone.start), None)
    return None if there is None else (_hidden(situation, there, gone, ()), tokens)


def _leaves(tokens: Sequence[str]) -> bool:
    """Whether a statement is an `if` that leaves."""
    layout = [i for i, token in enumerate(tokens) if token in LAYOUT]
    return tokens[0] == "if" and len(layout) == 2 and tokens[layout[-1] + 1] in _LEAVING


def _element(situation: Situation, sites: ByAction, draw: Random) -> Cloze | None:
    """An argument, an item, a key or a base that is missing."""
    gone = _drawn(sites[Action.DELETE_ELEMENT], draw)
    if gone is None:
        return None
    tokens = _tokens(situation, gone)
    tokens = tokens[1:] if tokens[:1] == (",",) else tokens
    tokens = tokens[:-1] if tokens[-1:] == (",",) else tokens
    where = (gone.anchor, gone.field, gone.index)
    there = next((s for s in sites[Action.ADD_ELEMENT] if (s.anchor, s.field, s.index) == where), None)
    return None if there is None else (_hidden(situation, there, gone, ()), tokens)


def _expression(situation: Situation, sites: ByAction, draw: Random) -> Cloze | None:
    """An expression in whose place a part of it stands, or another expression."""
    site = _drawn(sites[Action.REPLACE_EXPRESSION], draw)
    if site is None:
        return None
    tokens = _tokens(situation, site)
    if not 1 < len(tokens) <= _MOST_TOKENS:
        return None
    around = [each for each in sites[Action.REPLACE_EXPRESSION] if (each.start, each.end) != (site.start, site.end)]
    inside = [each for each in around if site.start <= each.start and each.end <= site.end]
    part = _drawn(inside, draw) if draw.random() < 0.5 else None
    if part is not None:
        text = situation.document.text
        ahead = token_texts(text, site.start, part.start)
        behind = token_texts(text, part.end, site.end)
        return _hidden(situation, site, site, _tokens(situation, part)), (*ahead, OLD, *behind)
    other = _drawn([each for each in around if each.end <= site.start or each.start >= site.end], draw)
    return None if other is None else (_hidden(situation, site, site, _tokens(situation, other)[:12]), tokens)


def _name(situation: Situation, sites: ByAction, draw: Random) -> Cloze | None:
    """A name in whose place another of the same kind stands."""
    return _swapped(situation, sites[Action.RENAME], draw, is_identifier)


def _literal(situation: Situation, sites: ByAction, draw: Random) -> Cloze | None:
    """A short literal in whose place another stands."""
    return _swapped(situation, sites[Action.EDIT_LITERAL], draw, lambda token: len(token) <= 20)


def _swapped(situation: Situation, sites: Sequence[Site], draw: Random, fits: Callable[[str], bool]) -> Cloze | None:
    site = _drawn(sites, draw)
    other = site and _drawn([each for each in sites if each.node == site.node], draw)
    if site is None or other is None:
        return None
    old, new = _tokens(situation, other), _tokens(situation, site)
    return (_hidden(situation, site, site, old), new) if old != new and len(new) == 1 and fits(new[0]) else None


_MAKERS: Mapping[Callable[[Situation, ByAction, Random], Cloze | None], float] = {
    _statement: 0.4,
    _element: 0.2,
    _expression: 0.3,
    _name: 0.07,
    _literal: 0.03,
}
"""About the shares that mined fixes have, with more of what writes much."""


def _hidden(situation: Situation, site: Site, hole: Site, old: tuple[str, ...]) -> Opening:
    around = situation.around
    first, last = around.number(hole.start), around.number(hole.end)
    return Opening(replace(site, start=hole.start, end=hole.end), first, last, old, hidden=True)


def _drawn(sites: Sequence[Site], draw: Random) -> Site | None:
    return draw.choice(sites) if sites else None


def _tokens(situation: Situation, site: Site) -> tuple[str, ...]:
    return token_texts(situation.document.text, site.start, site.end)
