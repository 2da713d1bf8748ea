"""Edits that an error asks for which an issue tells of: None was asked for something, a variable was never bound."""

import ast
import re
from collections.abc import Iterator, Set

from kent_agent.decoder.situation import Situation
from kent_agent.source.alignment import FUNCTIONS
from kent_agent.source.document import Place, Span
from kent_agent.source.grammar import OLD, Action, Edit, Site
from kent_agent.source.issue import Issue
from kent_agent.source.scan import token_texts
from kent_agent.source.sites import is_condition
from kent_agent.source.traceback import innermost

_MISSING = re.compile(r"\bNoneType\b['\"`]? (?:object|instance)?\s*has no attribute\W{1,3}(\w+)")
_NO_ITEM = re.compile(r"\bNoneType\b['\"`]? object (?:is not subscriptable|has no attribute\W{1,3}__getitem__)")
_UNBOUND = re.compile(r"\bvariable\W{1,3}(\w+)\W{1,3}(?:referenced before assignment|where it is not associated)")
_ALWAYS = frozenset({"self", "cls"})  # never None
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)
_SCOPES = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)  # with names of their own
_CRASHED, _READ, _BOUND = 0.3, 0.2, 0.2
"""How likely the line that a traceback ends with is guarded, any place that reads the attribute, and that a variable is
bound before; shared by the places of a function. Of 15 small fixes in training repositories whose messages tell of an
attribute of None three are these very edits, and some more do the same; of 26 that tell of an unbound variable two are,
and three more bind it to None elsewhere."""


def mended(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Edits of a situation after which such an error is not raised there, with how likely each is meant."""
    raised = (traceback.message for traceback in issue.tracebacks)
    told = "\n".join((issue.title, issue.prose, issue.code, *raised))
    missing, no_item = frozenset(_MISSING.findall(told)), bool(_NO_ITEM.search(told))
    if missing or no_item:
        yield from _guards(issue, situation, missing, no_item)
    if unbound := frozenset(_UNBOUND.findall(told)):
        yield from _bound(situation, unbound)


def _bound(situation: Situation, names: Set[str]) -> Iterator[tuple[Edit, float]]:
    """Variables that only a part of the function binds are None before it."""
    found: dict[str, Edit] = {}
    for site in situation.sites:
        if site.action is Action.INSERT_STATEMENT and site.scope == situation.symbol.name and site.field == "body":
            owner = situation.document.locate(site.anchor, site.node).node
            if isinstance(owner, FUNCTIONS) and site.index < len(owner.body):
                statement = owner.body[site.index]
                binds = {each.id for each in ast.walk(statement) if isinstance(each, ast.Name) and _is_stored(each)}
                for name in names & binds if isinstance(statement, _BRANCHES) else ():
                    found.setdefault(name, Edit(site, (name, "=", "None")))
    yield from ((edit, _BOUND / len(found)) for edit in found.values())


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _guards(issue: Issue, situation: Situation, missing: Set[str], no_item: bool) -> Iterator[tuple[Edit, float]]:
    """An attribute, or an item where a traceback ends, is read only where there is something to read it of.

    A condition is asked for that first; a statement that is an expression, or a loop, runs only then; any other
    expression is None else.
    """
    crashed = {innermost(traceback, situation.path).code.strip() for traceback in issue.tracebacks} - {""}
    places = list(_reading(situation, missing))
    items = _items(situation) if no_item and crashed else ()
    here = [place for place in (*places, *items) if _line(situation, place) in crashed]
    for place in here or places:
        if (edit := _guarded(situation, place)) is not None:
            yield edit, (_CRASHED if here else _READ) / len(here or places)


def _reading(situation: Situation, names: Set[str]) -> Iterator[Place]:
    """Where attributes of some names are read of anything that may be None."""
    for place in _expressions(situation, "Attribute"):
        match place.node:
            case ast.Attribute(value=ast.Name(id=name)) if name in _ALWAYS:
                continue
            case ast.Attribute(attr=attribute, ctx=ast.Load()) if attribute in names:
                yield place


def _items(situation: Situation) -> Iterator[Place]:
    """Where an item of anything is read."""
    for place in _expressions(situation, "Subscript"):
        if isinstance(place.node, ast.Subscript) and isinstance(place.node.ctx, ast.Load):
            yield place


def _expressions(situation: Situation, kind: str) -> Iterator[Place]:
    for site in situation.sites:
        if site.action is Action.REPLACE_EXPRESSION and site.node == kind:
            yield situation.document.locate(site.anchor, kind)


def _line(situation: Situation, place: Place) -> str:
    """The line on which an expression ends."""
    document = situation.document
    end = document.span(place.node)[1]
    return document.text[document.line_start(end) : document.line_end(end)].strip()


def _guarded(situation: Situation, place: Place) -> Edit | None:
    document, node, statement = situation.document, place.node, place.statement
    assert isinstance(node, ast.Attribute | ast.Subscript)
    asked = token_texts(document.source(node.value))
    within = [above for above in place.upwards() if isinstance(above.node, ast.expr)]
    own_names = any(isinstance(above.node, _SCOPES) for above in within)
    condition = None if own_names else next((above for above in within if is_condition(above)), None)
    if condition is not None:
        return _edit(situation, Action.EXTEND_CONDITION, document.span(condition.node), (*asked, "and", OLD))
    if isinstance(statement.node, ast.Expr | ast.For | ast.AsyncFor) and not own_names:
        lines = document.lines(statement.node)
        return _edit(situation, Action.WRAP_STATEMENT, lines, ("if", *asked, ":")) if lines else None
    whole = _chain(place)
    return _edit(situation, Action.REPLACE_EXPRESSION, document.span(whole.node), (OLD, "if", *asked, "else", "None"))


def _chain(place: Place) -> Place:
    """All that is done with what is read: calls, attributes and items of it."""
    while place.parent is not None and (place.field, type(place.parent.node)) in (
        ("value", ast.Attribute),
        ("func", ast.Call),
        ("value", ast.Subscript),
        ("value", ast.Await),
    ):
        place = place.parent
    return place


def _edit(situation: Situation, action: Action, span: Span, tokens: tuple[str, ...]) -> Edit | None:
    def fits(site: Site) -> bool:
        return site.action is action and (site.start, site.end) == span

    site = next(filter(fits, situation.sites), None)
    return Edit(site, tokens) if site else None
