"""The cheapest edits of the grammar between two blocks of statements."""

import ast
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from kent_agent.source.alignment import BLOCKS, DEFINITIONS
from kent_agent.source.document import CLAUSES, Document, Place
from kent_agent.source.excerpts import clause_tokens, else_tokens, header_tokens, statement_tokens, wrapping_tokens
from kent_agent.source.expression_comparison import ExpressionComparison
from kent_agent.source.grammar import MAX_LINES, MAX_RUN, Action
from kent_agent.source.plans import NOTHING, Plan, Steps, aligned, cheapest, gaps, joined, plan_of
from kent_agent.source.sameness import effective, normal_form, same
from kent_agent.source.scan import scan
from kent_agent.source.sites import (
    STATEMENT_FIELDS,
    block,
    block_indent,
    clause_site,
    list_site,
    node_site,
    run,
    slot,
)
from kent_agent.source.tokens import NEWLINE

_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NO_WRAPPERS = (*DEFINITIONS, ast.Match)
_ALIKE = 0.4  # share of tokens in common, from which on compound statements may be versions of each other


class Comparison(ExpressionComparison):
    """Compares the statements of two versions of a file."""

    def __init__(self, old: Document, new: Document, most: int, texts_tell: bool = True) -> None:
        super().__init__(old, new, most, texts_tell)
        self._counts: dict[int, Counter[str]] = {}
        self._lexed: dict[int, tuple[str, ...]] = {}

    def block(self, owner: Place, field: str, ours: Sequence[Place], theirs: Sequence[ast.AST]) -> Plan | None:
        """The edits between the statements, handlers or cases of a block, or between a part of them."""
        stop = ours[-1].index + 1 if ours else len(getattr(owner.node, field, []))
        kept = [place for place in ours if effective([place.node])]
        wanted = effective(theirs)
        found = gaps([self._told(self.old, p.node) for p in kept], [self._told(self.new, n) for n in wanted])
        behind = [*(place.index for place in kept), stop]
        return joined(self.most, (self._gap(owner, field, kept[a:b], wanted[c:d], behind[b]) for a, b, c, d in found))

    def _told(self, version: Document, node: ast.AST) -> str:
        """What tells statements apart."""
        if self.texts_tell:
            return version.text[slice(*version.whole(node))]
        return normal_form(node)

    def _gap(
        self, owner: Place, field: str, ours: Sequence[Place], theirs: Sequence[ast.AST], behind: int
    ) -> Plan | None:
        """The edits between statements that all differ, before the one of a number."""
        alone = len(ours) == len(theirs) == 1

        def changed(i: int, j: int) -> Plan | None:
            worthwhile = alone or self._may_become(ours[i].node, theirs[j])
            return self.statement(ours[i], theirs[j]) if worthwhile else None

        def inserted(i: int, j: int) -> Plan | None:
            return self._inserted(owner, field, ours[i].index if i < len(ours) else behind, theirs[j])

        def further(i: int, j: int) -> Iterable[tuple[int, int, Plan | None]]:
            if field in STATEMENT_FIELDS:
                for n, plan in self._wrapped(owner, field, ours[i:], theirs[j] if j < len(theirs) else None):
                    yield i + n, j + 1, plan
                for n, plan in self._unwrapped(ours[i] if i < len(ours) else None, theirs[j:]):
                    yield i + 1, j + n, plan

        steps = Steps(changed, lambda i: self._deleted(ours[i]), inserted, further)
        return aligned(steps, self.most, (0, len(ours)), (0, len(theirs)))

    def _inserted(self, owner: Place, field: str, index: int, node: ast.AST) -> Plan | None:
        if isinstance(node, ast.ExceptHandler):
            site = clause_site(self.old, owner, "handlers", index)
            return plan_of(site, clause_tokens(self.new, node))
        at = slot(self.old, owner, field, index)
        tokens = self._tokens(node) if isinstance(node, ast.stmt) else ()
        if at is None or not tokens or tokens.count(NEWLINE) >= MAX_LINES:
            return None
        guard = isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], _LEAVING)
        action = Action.INSERT_GUARD if guard else Action.INSERT_STATEMENT
        return plan_of(list_site(self.old, action, owner, field, index, (at, at)), tokens)

    def _deleted(self, place: Place) -> Plan | None:
        lines = self.old.lines(place.node)
        return plan_of(node_site(self.old, Action.DELETE_STATEMENT, place, lines)) if lines else None

    def _wrapped(
        self, owner: Place, field: str, ours: Sequence[Place], theirs: ast.AST | None
    ) -> Iterable[tuple[int, Plan | None]]:
        """Ways to put the first of these statements into a compound one, each with how many that takes."""
        if theirs is None or isinstance(theirs, _NO_WRAPPERS) or block_indent(self.old, owner, field) is None:
            return
        for name in STATEMENT_FIELDS:
            inner = effective(getattr(theirs, name, []))
            taken = ours[: len(inner)]
            if not 0 < len(inner) <= min(len(ours), MAX_RUN) or not self._stays(taken, inner):
                continue
            span = run(self.old, taken[0].node, taken[-1].node)
            plan = self.block(owner, field, taken, inner) if span else None
            if span and plan is not None:
                tokens = wrapping_tokens(self.new, theirs, name)
                site = list_site(self.old, Action.WRAP_STATEMENT, owner, field, taken[0].index, span)
                yield len(inner), joined(self.most, (plan_of(site, tokens) if tokens else None, plan))

    def _unwrapped(self, place: Place | None, theirs: Sequence[ast.AST]) -> Iterable[tuple[int, Plan | None]]:
        """Ways to leave of a compound statement one of its blocks, each with how many statements that makes."""
        if place is None or isinstance(place.node, _NO_WRAPPERS) or self.old.is_elif(place.node):
            return
        lines = self.old.lines(place.node)
        for name in STATEMENT_FIELDS:
            inner = [child for child in block(place, name) if effective([child.node])]
            if lines is None or not 0 < len(inner) <= len(theirs) or block_indent(self.old, place, name) is None:
                continue
            plan = self.block(place, name, inner, theirs[: len(inner)]) if self._stays(inner, theirs) else None
            if plan is not None:
                site = list_site(self.old, Action.UNWRAP_STATEMENT, place, name, -1, lines)
                yield len(inner), joined(self.most, (plan_of(site), plan))

    def _stays(self, ours: Sequence[Place], theirs: Sequence[ast.AST]) -> bool:
        """Whether a statement is the same at its place in another block, or the only one is alike."""
        pairs = list(zip(ours, theirs, strict=False))
        return any(self.same(a.node, b) for a, b in pairs) or (len(ours) == 1 and self._alike(ours[0].node, theirs[0]))

    def _may_become(self, ours: ast.AST, theirs: ast.AST) -> bool:
        """Whether it is worth comparing two statements of several: simple ones, and compound ones that are alike."""
        compound = hasattr(ours, "body") or hasattr(theirs, "body")
        return not compound or (type(ours) is type(theirs) and self._alike(ours, theirs))

    def _alike(self, ours: ast.AST, theirs: ast.AST) -> bool:
        mine, others = self._words(self.old, ours), self._words(self.new, theirs)
        return 2 * (mine & others).total() >= _ALIKE * (mine.total() + others.total())

    def _words(self, version: Document, node: ast.AST) -> Counter[str]:
        if id(node) not in self._counts:
            self._counts[id(node)] = Counter(token.text for token in scan(version.text, *version.span(node)))
        return self._counts[id(node)]

    def _tokens(self, node: ast.AST) -> tuple[str, ...]:
        """The tokens of a statement of the new version."""
        if id(node) not in self._lexed:
            self._lexed[id(node)] = statement_tokens(self.new, node)
        return self._lexed[id(node)]

    def statement(self, place: Place, theirs: ast.AST) -> Plan | None:
        """The edits between two statements, handlers or cases."""
        return self.once(place.node, theirs, lambda: self._statement(place, theirs))

    def _statement(self, place: Place, theirs: ast.AST) -> Plan | None:
        ours = place.node
        header = self.old.header(ours)
        if (header is None) != (self.new.header(theirs) is None):
            return None
        if header is None:
            fields = self.fields(place, theirs, frozenset()) if type(ours) is type(theirs) else None
            whole = plan_of(node_site(self.old, Action.REPLACE_STATEMENT, place), self._tokens(theirs))
            return cheapest([fields, whole])
        if isinstance(ours, (*DEFINITIONS, ast.Try, *CLAUSES)) and type(ours) is not type(theirs):
            return None
        skipped = frozenset(BLOCKS) | {"decorator_list"}
        fields = self.fields(place, theirs, skipped) if type(ours) is type(theirs) else None
        whole = None
        if (not isinstance(ours, ast.Try) and fields is None) or (fields and fields.edits):
            tokens = header_tokens(self.new, theirs, self.old.is_elif(ours))
            whole = plan_of(node_site(self.old, Action.REPLACE_STATEMENT, place, header), tokens)
        head = cheapest([fields, whole])
        if head is None:
            return None
        return joined(self.most, chain((self._decorators(place, theirs), head), self._blocks(place, theirs)))

    def _decorators(self, place: Place, theirs: ast.AST) -> Plan | None:
        if not isinstance(place.node, DEFINITIONS):
            return NOTHING
        return self.fields(place, theirs, frozenset(place.node._fields) - {"decorator_list"})

    def _blocks(self, place: Place, theirs: ast.AST) -> Iterable[Plan | None]:
        for name in BLOCKS:
            ours = block(place, name)
            other = effective(getattr(theirs, name, []))
            if name == "orelse" and other:
                yield cheapest([self._clause(place, theirs), self.block(place, name, ours, other) if ours else None])
            elif ours or other:
                yield self.block(place, name, ours, other) if ours else None

    def _clause(self, place: Place, theirs: ast.AST) -> Plan | None:
        """An `else` that comes, or an `elif` before what else there was."""
        others = getattr(theirs, "orelse", [])
        ours = getattr(place.node, "orelse", [])
        if isinstance(place.node, ast.If) and self.new.is_elif(others[0]):
            if not same(effective(ours), effective(others[0].orelse)):
                return None
            tokens = clause_tokens(self.new, others[0])
        elif not ours:
            tokens = else_tokens(self.new, theirs)
        else:
            return None
        site = clause_site(self.old, place, "orelse", 0)
        return plan_of(site, tokens) if tokens else None
