"""The cheapest edits of the grammar between two expressions, or between the fields of two nodes.

Descends into the one child that differs; an expression that changed in several spots is replaced as one where that
costs less.
"""

import ast
from collections.abc import Callable, Iterable

from kent_agent.source.document import Document, Place
from kent_agent.source.elements import Element, Elements, element_lists
from kent_agent.source.excerpts import element_tokens, expression_tokens
from kent_agent.source.grammar import OLD, Action
from kent_agent.source.plans import NOTHING, Plan, Steps, aligned, cheapest, gaps, joined, plan_of
from kent_agent.source.sameness import normal_form, same
from kent_agent.source.sites import (
    add_site,
    identifier,
    is_condition,
    list_site,
    literal_tokens,
    may_lose_one,
    node_site,
    operators,
)

_IDENTIFIERS = frozenset({"id", "attr", "arg", "name"})


class ExpressionComparison:
    """Compares the syntax of two versions of a file below their statements.

    Args:
        old, new: the versions.
        most: edits that a plan may have.
        texts_tell: whether nodes of equal text are equal; they are not once names were changed in a tree.
    """

    def __init__(self, old: Document, new: Document, most: int, texts_tell: bool = True) -> None:
        self.old = old
        self.new = new
        self.most = most
        self.texts_tell = texts_tell
        self._known: dict[tuple[int, int], Plan | None] = {}

    def same(self, left: ast.AST, right: ast.AST) -> bool:
        """Whether an old node and a new one are the same."""
        if type(left) is not type(right):
            return False
        if (
            self.texts_tell
            and isinstance(left, ast.stmt | ast.expr)
            and self.old.source(left) == self.new.source(right)
        ):
            return getattr(left, "decorator_list", None) in (None, []) or same(left, right)
        return same(left, right)

    def once(self, ours: ast.AST, theirs: ast.AST, plan: Callable[[], Plan | None]) -> Plan | None:
        key = id(ours), id(theirs)
        if key not in self._known:
            self._known[key] = NOTHING if self.same(ours, theirs) else plan()
        return self._known[key]

    def fields(self, place: Place, theirs: ast.AST, skipped: frozenset[str]) -> Plan | None:
        """The edits between the fields of two nodes of one type."""
        plans: list[Plan | None] = []
        lists = {elements.field: elements for elements in element_lists(self.new, Place(theirs))}
        covered = set(skipped)
        for elements in element_lists(self.old, place):
            if elements.field in lists and elements.field not in skipped:
                covered |= elements.covers
                plans.append(self._elements(elements, lists[elements.field]))
        plans += self._operators(place, theirs)
        for name in place.node._fields:
            if name not in covered and name not in ("op", "ops"):
                plans.append(self._values(place, name, getattr(place.node, name, None), getattr(theirs, name, None)))
                if plans[-1] is None:
                    return None
        return joined(self.most, plans)

    def _operators(self, place: Place, theirs: ast.AST) -> Iterable[Plan | None]:
        ours, others = list(operators(self.old, place.node)), list(operators(self.new, theirs))
        if isinstance(theirs, ast.BoolOp):
            ours, others = ours[:1], others[:1]
        if len(ours) != len(others):
            yield None
            return
        for (span, index), (other, _) in zip(ours, others, strict=True):
            tokens = tuple(self.new.text[slice(*other)].split())
            if tuple(self.old.text[slice(*span)].split()) != tokens:
                yield plan_of(node_site(self.old, Action.SWAP_OPERATOR, place, span, index), tokens)

    def _values(self, place: Place, name: str, ours: object, theirs: object, index: int = -1) -> Plan | None:
        """The edits between the values of a field, or between items of them."""
        if isinstance(ours, ast.AST) and isinstance(theirs, ast.AST):
            return self._nodes(Place(ours, place, name, index), theirs)
        if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
            pairs = enumerate(zip(ours, theirs, strict=True))
            return joined(self.most, (self._values(place, name, our, their, i) for i, (our, their) in pairs))
        if same(ours, theirs):
            return NOTHING
        if name in _IDENTIFIERS and isinstance(ours, str) and isinstance(theirs, str):
            span = identifier(self.old, place.node)
            named = span and self.old.text[slice(*span)] == ours and theirs.isidentifier()
            return plan_of(node_site(self.old, Action.RENAME, place, span), (theirs,)) if named else None
        return None

    def _nodes(self, place: Place, theirs: ast.AST) -> Plan | None:
        if isinstance(place.node, ast.expr) and isinstance(theirs, ast.expr):
            return self.once(place.node, theirs, lambda: self._expression(place, theirs))
        if type(place.node) is not type(theirs) or isinstance(place.node, ast.pattern):
            return NOTHING if same(place.node, theirs) else None
        return self.fields(place, theirs, frozenset())

    def _expression(self, place: Place, theirs: ast.expr) -> Plan | None:
        options = [self._literal(place, theirs), self._caught(place, theirs), self._shrunk(place, theirs)]
        if type(place.node) is type(theirs) and not isinstance(place.node, ast.JoinedStr | ast.Constant):
            options.append(self.fields(place, theirs, frozenset()))
        options += [self._wrapping(place, theirs)]
        tokens = expression_tokens(self.new, theirs)
        options.append(plan_of(node_site(self.old, Action.REPLACE_EXPRESSION, place), tokens))
        return cheapest(options)

    def _literal(self, place: Place, theirs: ast.expr) -> Plan | None:
        ours, others = list(literal_tokens(self.old, place.node)), list(literal_tokens(self.new, theirs))
        if not ours or len(ours) != len(others):
            return None
        plans = []
        for (span, index), (other, _) in zip(ours, others, strict=True):
            token = self.new.text[slice(*other)]
            if self.old.text[slice(*span)] != token:
                plans.append(plan_of(node_site(self.old, Action.EDIT_LITERAL, place, span, index), (token,)))
        return joined(self.most, plans)

    def _caught(self, place: Place, theirs: ast.expr) -> Plan | None:
        """A lone exception type that becomes a tuple."""
        owner = place.parent
        if owner is None or not isinstance(owner.node, ast.ExceptHandler) or not isinstance(theirs, ast.Tuple):
            return None
        if len(theirs.elts) != 2 or isinstance(place.node, ast.Tuple):
            return None
        span = self.old.span(place.node)
        for index, other in enumerate(theirs.elts):
            if self.same(place.node, theirs.elts[1 - index]):
                site = list_site(self.old, Action.ADD_ELEMENT, owner, "type", index, (span[index], span[index]))
                return plan_of(site, expression_tokens(self.new, other))
        return None

    def _shrunk(self, place: Place, theirs: ast.expr) -> Plan | None:
        """A condition of two that loses one of them."""
        if not isinstance(place.node, ast.BoolOp) or len(place.node.values) != 2:
            return None
        kept = next((i for i, value in enumerate(place.node.values) if self.same(value, theirs)), None)
        lists = element_lists(self.old, place)
        return self._element_gone(lists[0], 1 - kept) if lists and kept is not None else None

    def _wrapping(self, place: Place, theirs: ast.expr) -> Plan | None:
        """A new expression that holds the old one."""
        held = next((n for n in ast.walk(theirs) if isinstance(n, ast.expr) and self.same(place.node, n)), None)
        if held is None:
            return None
        extends = isinstance(theirs, ast.BoolOp) and held in theirs.values and is_condition(place)
        action = Action.EXTEND_CONDITION if extends else Action.REPLACE_EXPRESSION
        tokens = expression_tokens(self.new, theirs, self.new.span(held))
        return plan_of(node_site(self.old, action, place), tokens)

    def _elements(self, ours: Elements, theirs: Elements) -> Plan | None:
        """The edits between two lists of elements."""
        steps = Steps(
            lambda i, j: self._element(ours, i, theirs, j),
            lambda i: self._element_gone(ours, i),
            lambda i, j: self._element_come(ours, i, theirs, j),
        )
        keys = [[self._key(version, element) for element in elements.items]
                for version, elements in ((self.old, ours), (self.new, theirs))]  # fmt: skip
        return joined(self.most, (aligned(steps, self.most, (a, b), (c, d)) for a, b, c, d in gaps(*keys)))

    def _key(self, version: Document, element: Element) -> str:
        """What tells elements apart."""
        if self.texts_tell:
            return f"{element.kind} {version.text[slice(*element.span)]}"
        return normal_form([element.kind, *(part.node if part else None for part in element.parts)])

    def _same_elements(self, ours: Element, theirs: Element) -> bool:
        return ours.kind == theirs.kind and all(
            (a is None) == (b is None) and (a is None or b is None or self.same(a.node, b.node))
            for a, b in zip(ours.parts, theirs.parts, strict=True)
        )

    def _element(self, ours: Elements, i: int, theirs: Elements, j: int) -> Plan | None:
        mine, other = ours.items[i], theirs.items[j]
        if self._same_elements(mine, other):
            return NOTHING
        options: list[Plan | None] = []
        if mine.kind == other.kind and all(
            (a is None) == (b is None) for a, b in zip(mine.parts, other.parts, strict=True)
        ):
            pairs = zip(mine.parts, other.parts, strict=True)
            options.append(joined(self.most, (self._nodes(a, b.node) if a and b else NOTHING for a, b in pairs)))
        if mine.kind == "expr" and mine.parts[0]:
            site = node_site(self.old, Action.REPLACE_EXPRESSION, mine.parts[0])
        else:
            site = list_site(self.old, Action.REPLACE_EXPRESSION, ours.owner, ours.field, i, mine.span)
        if other.kind != "expr" or mine.kind != "expr":
            options.append(plan_of(site, element_tokens(self.old, (site.start, site.end), self.new, other.span)))
        return cheapest(options)

    def _element_gone(self, ours: Elements, i: int) -> Plan | None:
        if not may_lose_one(ours):
            return None
        site = list_site(self.old, Action.DELETE_ELEMENT, ours.owner, ours.field, i, ours.items[i].span)
        return plan_of(site)

    def _element_come(self, ours: Elements, i: int, theirs: Elements, j: int) -> Plan | None:
        tokens = element_tokens(self.old, (0, 0), self.new, theirs.items[j].span)
        if ours.field != "values":
            return plan_of(add_site(self.old, ours, i), tokens)
        # A condition grows at its start, at its end, or before the value that follows the new one.
        word = self.new.text[slice(*next(operators(self.new, theirs.owner.node))[0])]
        last = i == len(ours.items)
        place = ours.owner if last or i == 0 else ours.items[i].parts[0]
        if place is None or type(ours.owner.node.op) is not type(theirs.owner.node.op):  # type: ignore[attr-defined]
            return None
        site = node_site(self.old, Action.EXTEND_CONDITION, place)
        return plan_of(site, (OLD, word, *tokens) if last else (*tokens, word, OLD))
