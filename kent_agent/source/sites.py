"""Where the productions of the edit grammar apply in a file."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from kent_agent.source.alignment import DEFINITIONS, FUNCTIONS
from kent_agent.source.document import CLAUSES, Document, Place, Span, positioned_below
from kent_agent.source.elements import Elements, element_lists
from kent_agent.source.grammar import MAX_RUN, Action, Site
from kent_agent.source.scan import scan, seek

STATEMENT_FIELDS = ("body", "orelse", "finalbody")
_TESTED = frozenset(
    {("If", "test"), ("While", "test"), ("IfExp", "test"), ("Assert", "test"), ("comprehension", "ifs")}
)


def sites(text: str, start_line: int, end_line: int) -> list[Site]:
    """All sites in the statements of a range of lines, 1-based and inclusive.

    Raises:
        SyntaxError: the text does not parse.
    """
    return list(sites_in(Document(text), start_line, end_line))


def sites_in(document: Document, start_line: int, end_line: int, scope: str | None = None) -> Iterator[Site]:
    """`sites` of a file that is parsed already; given a scope, definitions inside of it are left out."""
    for place in _within(document, document.root, start_line, end_line, scope):
        yield from _sites_at(document, place, start_line, end_line)


def node_site(document: Document, action: Action, place: Place, span: Span | None = None, index: int = -1) -> Site:
    """The site of an action on a node, or on the part of it that has these offsets."""
    parent = place.parent.node if place.parent else None
    anchor = document.span(place.node)
    return _site(document, action, place, span or anchor, place.field, index, type(parent).__name__, anchor)


def list_site(document: Document, action: Action, owner: Place, field: str, index: int, span: Span) -> Site:
    """The site of an action on an item of a node's list or block, or between two of them."""
    parent = owner.parent.node if owner.parent else None
    return _site(document, action, owner, span, field, index, type(parent).__name__, document.span(owner.node))


def _site(
    document: Document, action: Action, place: Place, span: Span, field: str, index: int, parent: str, anchor: Span
) -> Site:
    return Site(
        *(action, *span, anchor, type(place.node).__name__, parent, field, index),
        *_statement_of(document, place),
    )


def _statement_of(document: Document, place: Place) -> tuple[int, int, str, str]:
    """First and last line, type and scope of the statement around a node."""
    node = place.statement.node
    if node not in document.statements:
        start, end = document.header(node) or document.span(node)
        document.statements[node] = document.line(start), document.line(end), type(node).__name__, place.scope
    return document.statements[node]


def _within(document: Document, place: Place, first: int, last: int, scope: str | None) -> Iterator[Place]:
    """A node and those below it whose statement begins in a range of lines."""
    node = place.node
    if scope is not None and isinstance(node, DEFINITIONS) and not f"{scope}.".startswith(f"{place.scope}."):
        return
    if isinstance(node, ast.stmt):
        start, end = document.whole(node)
        if document.line(start) > last or document.line(end) < first:
            return
    yield place
    for child in positioned_below(place):
        yield from _within(document, child, first, last, scope)


def _sites_at(document: Document, place: Place, first: int, last: int) -> Iterator[Site]:
    """The sites of one node that lie in a range of lines."""
    for site in _all_sites_at(document, place):
        if first <= document.line(site.start) <= last or first <= document.line(max(site.start - 1, 0)) <= last:
            yield site


def _all_sites_at(document: Document, place: Place) -> Iterator[Site]:
    node = place.node
    if isinstance(node, ast.expr):
        yield node_site(document, Action.REPLACE_EXPRESSION, place)
        yield from (node_site(document, Action.EDIT_LITERAL, place, *at) for at in literal_tokens(document, node))
        if is_condition(place):
            yield node_site(document, Action.EXTEND_CONDITION, place)
    span = identifier(document, node)
    if span is not None:
        yield node_site(document, Action.RENAME, place, span)
        if (everywhere := rename_all_site(document, place)) is not None and everywhere.start == span[0]:
            yield everywhere
    for elements in element_lists(document, place):
        yield from _element_sites(document, elements)
    yield from (node_site(document, Action.SWAP_OPERATOR, place, *at) for at in operators(document, node))
    if isinstance(node, (ast.stmt, *CLAUSES)):
        yield from _statement_sites(document, place)
    for field in STATEMENT_FIELDS:
        yield from _block_sites(document, place, field)
    yield from clause_sites(document, place)


def is_condition(place: Place) -> bool:
    """Whether an expression is one that `and` or `or` extends: a test, or one in such an expression."""
    parent = place.parent.node if place.parent else None
    tested = (type(parent).__name__, place.field) in _TESTED
    return tested or isinstance(parent, ast.BoolOp) or isinstance(place.node, ast.BoolOp)


def literal_tokens(document: Document, node: ast.AST) -> Iterator[tuple[Span, int]]:
    """The offsets of a literal's tokens, several where strings are concatenated, each with its number."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        for i, token in enumerate(scan(document.text, *document.span(node))):
            yield (token.start, token.end), i


def identifier(document: Document, node: ast.AST) -> Span | None:
    """The offsets of the identifier that a node gives; None where it gives none of its own."""
    match node:
        case ast.Name():
            return document.span(node)
        case ast.Attribute(attr=name):
            end = document.span(node)[1]
            return (end - len(name), end) if document.text[end - len(name) : end] == name else None
        case ast.keyword(arg=str(name)) | ast.arg(arg=name):
            start = document.span(node)[0]
            return (start, start + len(name)) if document.text.startswith(name, start) else None
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            start, end = document.span(node)
            tokens = [token for token, _ in zip(scan(document.text, start, end), range(3), strict=False)]
            token = tokens[2] if isinstance(node, ast.AsyncFunctionDef) else tokens[1]
            return token.start, token.end
        case ast.alias():
            tokens = list(scan(document.text, *document.span(node)))
            return (tokens[0].start, tokens[0].end) if len(tokens) in (1, 3) and tokens[0].text != "*" else None
        case ast.ExceptHandler(type=ast.expr() as caught, name=str()):
            as_ = seek(document.text, document.span(caught)[1], document.span(node)[1], "as")
            name_token = next(scan(document.text, as_.end, document.span(node)[1]), None) if as_ else None
            return (name_token.start, name_token.end) if name_token else None
    return None


def rename_all_site(document: Document, place: Place) -> Site | None:
    """The site of renaming a variable or attribute throughout its function: at its first occurrence there."""
    function = place.function
    if function is None or not isinstance(place.node, ast.Name | ast.Attribute | ast.arg):
        return None
    found = occurrences(document, function, identifier_of(place.node), isinstance(place.node, ast.Attribute))
    if len(found) < 2:
        return None
    span = identifier(document, found[0].node)
    return node_site(document, Action.RENAME_ALL, found[0], span) if span else None


def identifier_of(node: ast.AST) -> str:
    """The identifier that a node gives."""
    for name in ("id", "attr", "arg", "name"):
        value = getattr(node, name, None)
        if isinstance(value, str):
            return value
    return ""


def occurrences(document: Document, function: Place, name: str, attribute: bool) -> list[Place]:
    """The nodes in a function that give an identifier, as attributes or else as variables, in the order of the text."""
    if function.node not in document.named:
        document.named[function.node] = _named(document, function)
    return document.named[function.node].get((name, attribute), [])


def _named(document: Document, function: Place) -> dict[tuple[str, bool], list[Place]]:
    """All of a function's occurrences, by identifier and whether it is an attribute's."""
    found: dict[tuple[str, bool], list[Place]] = {}
    for place in _below(function):
        if isinstance(place.node, ast.Attribute | ast.Name | ast.arg | ast.ExceptHandler):
            key = identifier_of(place.node), isinstance(place.node, ast.Attribute)
            found.setdefault(key, []).append(place)
    return {key: sorted(each, key=lambda p: identifier(document, p.node) or (0, 0)) for key, each in found.items()}


def _below(place: Place) -> Iterator[Place]:
    for child in positioned_below(place):
        yield child
        yield from _below(child)


def operators(document: Document, node: ast.AST) -> Iterator[tuple[Span, int]]:
    """The offsets of a node's own operators, each with its number; of a BoolOp's all."""
    match node:
        case ast.Compare(left=left, comparators=others):
            operands = [left, *others]
        case ast.BinOp(left=left, right=right):
            operands = [left, right]
        case ast.BoolOp(values=values):
            operands = list(values)
        case ast.AugAssign(target=target, value=value):
            operands = [target, value]
        case ast.UnaryOp(operand=operand):
            start, _ = document.span(node)
            token = next(scan(document.text, start, document.span(operand)[0]))
            yield (token.start, token.end), 0
            return
        case _:
            return
    spans = [document.span(operand) for operand in operands]
    for i, ((_, start), (end, _)) in enumerate(pairwise(spans)):
        tokens = [token for token in scan(document.text, start, end) if token.text not in ("(", ")")]
        yield (tokens[0].start, tokens[-1].end), i


def _element_sites(document: Document, elements: Elements) -> Iterator[Site]:
    owner, field = elements.owner, elements.field
    for i in range(len(elements.items) + 1):
        if field != "values":  # a condition is extended, not added to
            yield add_site(document, elements, i)
    for i, element in enumerate(elements.items):
        if may_lose_one(elements):
            yield list_site(document, Action.DELETE_ELEMENT, owner, field, i, element.span)
        if element.kind != "expr":
            yield list_site(document, Action.REPLACE_EXPRESSION, owner, field, i, element.span)


def add_site(document: Document, elements: Elements, index: int) -> Site:
    """The site of a new element before the one of this number, or behind the last."""
    items = elements.items
    at = elements.span[0] if not items else items[index].span[0] if index < len(items) else items[-1].span[1]
    return list_site(document, Action.ADD_ELEMENT, elements.owner, elements.field, index, (at, at))


def may_lose_one(elements: Elements) -> bool:
    """Whether a list stays valid without one of its elements."""
    if isinstance(elements.owner.node, ast.Call | ast.List | ast.Dict) or elements.field in ("args", "decorator_list"):
        return True
    return len(elements.items) > 1 or elements.field in ("bases", "ifs")


def _statement_sites(document: Document, place: Place) -> Iterator[Site]:
    node = place.node
    header = document.header(node)
    if not isinstance(node, ast.Try | ast.TryStar):
        yield node_site(document, Action.REPLACE_STATEMENT, place, header)
    lines = document.lines(node)
    if lines is None or is_docstring(place):
        return
    if not isinstance(node, ast.ExceptHandler) or not _only(place):
        yield node_site(document, Action.DELETE_STATEMENT, place, lines)
    if isinstance(node, ast.stmt) and not document.is_elif(node):
        yield node_site(document, Action.MOVE_STATEMENT, place, lines)
    if header and not isinstance(node, (*DEFINITIONS, *CLAUSES, ast.Match)) and not document.is_elif(node):
        for field in STATEMENT_FIELDS:
            if block_indent(document, place, field) is not None:
                yield list_site(document, Action.UNWRAP_STATEMENT, place, field, -1, lines)


def _only(place: Place) -> bool:
    return bool(place.parent) and len(getattr(place.parent.node if place.parent else None, place.field)) == 1


def is_docstring(place: Place) -> bool:
    """Whether a statement documents what it stands first in."""
    match place.node:
        case ast.Expr(value=ast.Constant(value=str())):
            parent = place.parent.node if place.parent else None
            return place.index == 0 and isinstance(parent, (ast.Module, *DEFINITIONS))
    return False


def block(place: Place, field: str) -> list[Place]:
    """The statements of a block."""
    value = getattr(place.node, field, None)
    return [Place(child, place, field, i) for i, child in enumerate(value)] if isinstance(value, list) else []


def block_indent(document: Document, owner: Place, field: str) -> str | None:
    """The blanks before the statements of a block; None where it is empty, an `elif`, or on its header's line."""
    children = block(owner, field)
    if not children or document.is_elif(children[0].node):
        return None
    return document.indent(children[0].node)


def slot(document: Document, owner: Place, field: str, index: int) -> int | None:
    """The offset where a statement is inserted before the one of this number, or behind the last; None for no place.

    Comments right above a statement belong to it.
    """
    children = block(owner, field)
    if block_indent(document, owner, field) is None or (index == 0 and is_docstring(children[0])):
        return None
    if index == len(children):
        lines = document.lines(children[-1].node)
        return lines[1] if lines else None
    lines = document.lines(children[index].node)
    before = document.lines(children[index - 1].node) if index else None
    if lines is None or (index and before is None):
        return None
    start, indent = lines[0], document.indent(children[index].node)
    lowest = before[1] if before else start
    while start > lowest:
        above = document.line_start(start - 1 - document.text[:start].endswith("\r\n"))
        if not document.text.startswith(f"{indent}#", above):
            break
        start = above
    return start


def _block_sites(document: Document, owner: Place, field: str) -> Iterator[Site]:
    if isinstance(owner.node, ast.expr):
        return
    children = block(owner, field)
    for i in range(len(children) + 1 if children else 0):
        at = slot(document, owner, field, i)
        if at is not None:
            yield list_site(document, Action.INSERT_STATEMENT, owner, field, i, (at, at))
            if owner.function or isinstance(owner.node, ast.For | ast.While):
                yield list_site(document, Action.INSERT_GUARD, owner, field, i, (at, at))
    if block_indent(document, owner, field) is None:
        return
    for i, first in enumerate(children):
        for last in children[i : i + MAX_RUN]:
            span = run(document, first.node, last.node)
            if span is None or is_docstring(first) or isinstance(last.node, DEFINITIONS):
                break
            yield list_site(document, Action.WRAP_STATEMENT, owner, field, i, span)


def run(document: Document, first: ast.AST, last: ast.AST) -> Span | None:
    """The lines of consecutive statements; None where they share any with others."""
    start, end = document.lines(first), document.lines(last)
    return (start[0], end[1]) if start and end else None


def clause_sites(document: Document, owner: Place) -> Iterator[Site]:
    """Where an `else`, `elif` or `except` may be added."""
    for field, count in (("handlers", len(getattr(owner.node, "handlers", ()))), ("orelse", 0)):
        for i in range(count + 1):
            site = clause_site(document, owner, field, i)
            if site is not None:
                yield site


def clause_site(document: Document, owner: Place, field: str, index: int) -> Site | None:
    """Where a clause is added: before the handler of this number or behind the last, or right behind a body.

    There an `elif` comes before other clauses; nothing else does.
    """
    node = owner.node
    if not isinstance(node, ast.If | ast.For | ast.While | ast.Try) or block_indent(document, owner, "body") is None:
        return None
    if isinstance(node, ast.Try):
        following = node.handlers[index] if field == "handlers" and index < len(node.handlers) else None
        before: ast.AST = node.handlers[-1] if node.handlers else node.body[-1]
    else:
        following, before = None, node.body[-1]
    if (
        field == "orelse"
        and not isinstance(node, ast.If)
        and (node.orelse or (isinstance(node, ast.Try) and not node.handlers))
    ):
        return None
    if field == "handlers" and not isinstance(node, ast.Try):
        return None
    lines = document.lines(following or before)
    if lines is None:
        return None
    at = lines[0] if following else lines[1]
    return list_site(document, Action.ADD_CLAUSE, owner, field, index, (at, at))


def functions(place: Place) -> Iterator[Place]:
    """The functions below a node, those inside other functions left out."""
    for child in place.children():
        if isinstance(child.node, FUNCTIONS):
            yield child
        elif not isinstance(child.node, ast.expr):
            yield from functions(child)


def definition_around(document: Document, line: int) -> Place:
    """The innermost definition around a line; the module outside of all."""
    place = document.root
    while True:
        inner = next((child for child in definitions(place) if _spans_line(document, child, line)), None)
        if inner is None:
            return place
        place = inner


def definition_named(document: Document, name: str) -> Place | None:
    """The first definition of a qualified name."""
    place = document.root
    for part in name.split("."):
        found = next((child for child in definitions(place) if getattr(child.node, "name", "") == part), None)
        if found is None:
            return None
        place = found
    return place


def definitions(place: Place) -> Iterator[Place]:
    """The definitions below a node, those inside other definitions left out."""
    for child in place.children():
        if isinstance(child.node, DEFINITIONS):
            yield child
        elif not isinstance(child.node, ast.expr):
            yield from definitions(child)


def _spans_line(document: Document, place: Place, line: int) -> bool:
    start, end = document.whole(place.node)
    return document.line(start) <= line <= document.line(max(end - 1, start))
