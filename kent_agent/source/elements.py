"""The lists in a syntax tree whose elements come and go one by one: arguments, entries, parameters, bases, names."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from kent_agent.source.alignment import DEFINITIONS, FUNCTIONS
from kent_agent.source.document import Document, Place, Span
from kent_agent.source.scan import closing, scan, seek, segments


@dataclass(frozen=True)
class Element:
    """One element.

    Attributes:
        kind: its syntax (`arg`, `keyword`, `entry`, `alias`, ..., a parameter's marker, or `expr`).
        parts: the nodes that it consists of; None for one that is left out, as a parameter's default may be.
        span: its offsets, parentheses around it included.
    """

    kind: str
    parts: tuple[Place | None, ...]
    span: Span


@dataclass(frozen=True)
class Elements:
    """A list.

    Attributes:
        owner: the node that has it.
        field: the owner's field that holds it.
        covers: all of the owner's fields that its elements come from.
        items: its elements in the order of the text.
        span: where they stand: what is between the brackets.
        brackets: whether there are any around that span.
    """

    owner: Place
    field: str
    covers: frozenset[str]
    items: tuple[Element, ...]
    span: Span
    brackets: bool


def element_lists(document: Document, owner: Place) -> list[Elements]:
    """The lists of a node itself, not of those inside it; without lists whose text is not understood."""
    return [found for found in _lists(document, owner) if found is not None]


def _lists(document: Document, owner: Place) -> Iterator[Elements | None]:
    node = owner.node
    if isinstance(node, DEFINITIONS):
        yield _decorators(document, owner)
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        yield _parameters(document, owner)
    elif isinstance(node, ast.Call | ast.ClassDef):
        yield _arguments(document, owner)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        start, end = document.span(node)
        brackets = not isinstance(node, ast.Tuple) or enclosed(document.text, start, end)
        span = (start + 1, end - 1) if brackets else (start, end)
        yield _plain(document, owner, "elts", span, brackets)
    elif isinstance(node, ast.Dict):
        start, end = document.span(node)
        yield _entries(document, owner, (start + 1, end - 1))
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield _names(document, owner)
    elif isinstance(node, ast.With | ast.AsyncWith):
        yield _with_items(document, owner)
    elif isinstance(node, ast.comprehension):
        yield _filters(document, owner)
    elif isinstance(node, ast.BoolOp):
        spans = segments(document.text, *document.span(node), boolean(node.op))
        yield _made(owner, "values", {"values"}, _expressions(owner, "values"), spans, document.span(node), False)


def boolean(operator: ast.boolop) -> str:
    """The token of a boolean operator."""
    return "and" if isinstance(operator, ast.And) else "or"


def enclosed(text: str, start: int, end: int) -> bool:
    """Whether the bracket at the start is closed by the one at the end."""
    return text[start] in "([{" and closing(text, start, end) == end - 1


def _made(
    owner: Place,
    field: str,
    covers: set[str],
    items: list[tuple[str, tuple[Place | None, ...]]],
    spans: list[Span],
    span: Span,
    brackets: bool,
) -> Elements | None:
    """A list of items and their offsets; None where there are more or fewer offsets than items."""
    if len(items) != len(spans):
        return None
    found = tuple(Element(kind, parts, place) for (kind, parts), place in zip(items, spans, strict=True))
    return Elements(owner, field, frozenset(covers), found, span, brackets)


def _expressions(owner: Place, field: str) -> list[tuple[str, tuple[Place | None, ...]]]:
    return [("expr", (Place(item, owner, field, i),)) for i, item in enumerate(getattr(owner.node, field))]


def _plain(document: Document, owner: Place, field: str, span: Span, brackets: bool) -> Elements | None:
    spans = segments(document.text, *span)
    return _made(owner, field, {field}, _expressions(owner, field), spans, span, brackets)


def _arguments(document: Document, owner: Place) -> Elements | None:
    """The arguments of a call, or the bases of a class."""
    node = owner.node
    end = document.span(node)[1]
    if isinstance(node, ast.Call):
        field, after = "args", document.span(node.func)[1]
        opening = next((t.start for t in scan(document.text, after, end) if t.text == "("), end)
        stop = end - 1
    else:
        field = "bases"
        header = document.header(node)
        tokens = [] if header is None else list(scan(document.text, *header))
        if len(tokens) < 3:
            return None
        opening, stop = tokens[1].end - 1, tokens[1].end
        if tokens[2].text == "(":
            opening, stop = tokens[2].start, closing(document.text, tokens[2].start, end)
    items = _expressions(owner, field)
    for i, keyword in enumerate(getattr(node, "keywords", ())):
        items.append(("keyword", (Place(keyword, owner, "keywords", i),)))
    items.sort(key=lambda item: document.span(item[1][0].node) if item[1][0] else (0, 0))
    span = (opening + 1, stop)
    brackets = document.text[opening] == "("
    return _made(owner, field, {field, "keywords"}, items, segments(document.text, *span), span, brackets)


def _entries(document: Document, owner: Place, span: Span) -> Elements | None:
    node = owner.node
    assert isinstance(node, ast.Dict)
    items: list[tuple[str, tuple[Place | None, ...]]] = []
    for i, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
        left = Place(key, owner, "keys", i) if key is not None else None
        items.append(("entry", (left, Place(value, owner, "values", i))))
    return _made(owner, "keys", {"keys", "values"}, items, segments(document.text, *span), span, True)


def _names(document: Document, owner: Place) -> Elements | None:
    start, end = document.span(owner.node)
    word = seek(document.text, start, end, "import")
    if word is None:
        return None
    first = next(scan(document.text, word.end, end), word)
    brackets = first.text == "("
    span = (first.end, closing(document.text, first.start, end)) if brackets else (first.start, end)
    items: list[tuple[str, tuple[Place | None, ...]]] = [
        ("alias", (Place(alias, owner, "names", i),)) for i, alias in enumerate(getattr(owner.node, "names", ()))
    ]
    return _made(owner, "names", {"names"}, items, segments(document.text, *span), span, brackets)


def _with_items(document: Document, owner: Place) -> Elements | None:
    header = document.header(owner.node)
    word = seek(document.text, *header, "with") if header else None
    if header is None or word is None:
        return None
    first = next(scan(document.text, word.end, header[1]))
    stop = header[1] - 1
    items: list[tuple[str, tuple[Place | None, ...]]] = []
    for i, item in enumerate(getattr(owner.node, "items", ())):
        place = Place(item, owner, "items", i)
        variable = Place(item.optional_vars, place, "optional_vars") if item.optional_vars else None
        items.append(("withitem", (Place(item.context_expr, place, "context_expr"), variable)))
    close = closing(document.text, first.start, stop) if first.text == "(" else stop
    brackets = close < stop and not document.text[close + 1 : stop].strip()
    span = (first.end, close) if brackets else (first.start, stop)
    spans = segments(document.text, *span)
    return _made(owner, "items", {"items"}, items, spans, span, brackets)


def _decorators(document: Document, owner: Place) -> Elements | None:
    spans = []
    items = _expressions(owner, "decorator_list")
    for decorator in getattr(owner.node, "decorator_list", ()):
        start, end = document.span(decorator)
        at = document.text.rfind("@", 0, start)
        tokens = list(scan(document.text, at + 1, document.line_end(end)))
        spans.append((tokens[0].start, tokens[-1].end))
    start, end = document.whole(owner.node)
    return _made(
        owner, "decorator_list", {"decorator_list"}, items, spans, (start, document.span(owner.node)[0]), False
    )


def _filters(document: Document, owner: Place) -> Elements | None:
    """The conditions of a comprehension, each with its `if`."""
    assert isinstance(owner.node, ast.comprehension)
    start, end = document.span(owner.node.iter)
    behind = _behind_parentheses(document, (document.text.rfind("in", 0, start), start), end)
    spans = []
    for test in owner.node.ifs:
        start, end = document.span(test)
        first = document.text.rfind("if", 0, start)
        spans.append((first, _behind_parentheses(document, (first, start), end)))
    items = [("filter", parts) for _, parts in _expressions(owner, "ifs")]
    span = (behind, spans[-1][1] if spans else behind)
    return _made(owner, "ifs", {"ifs"}, items, spans, span, False)


def _behind_parentheses(document: Document, before: Span, end: int) -> int:
    """Where a node's parentheses end, given the text before it that opens them."""
    open_ = sum(token.text == "(" for token in scan(document.text, *before))
    tokens = scan(document.text, end, len(document.text))
    for _ in range(open_):
        end = next(tokens).end
    return end


def _parameters(document: Document, owner: Place) -> Elements | None:
    node = owner.node
    start, end = document.span(node)
    if isinstance(node, ast.Lambda):
        colon = seek(document.text, start, document.span(node.body)[0], ":")
        lambda_colon = _lambda_colon(document, node)
        if colon is None or lambda_colon is None:
            return None
        span, brackets = (start + len("lambda"), lambda_colon), False
    else:
        opening = seek(document.text, start, end, "(")
        if opening is None:
            return None
        span, brackets = (opening.end, closing(document.text, opening.start, end)), True
    arguments: ast.arguments = node.args  # type: ignore[attr-defined]
    items = list(_parameter_items(Place(arguments, owner, "args")))
    return _made(owner, "args", {"args"}, items, segments(document.text, *span), span, brackets)


def _lambda_colon(document: Document, node: ast.Lambda) -> int | None:
    """The colon before a lambda's body: the last one there, as its parameters may hold others."""
    start, _ = document.span(node)
    colons = [t.start for t in scan(document.text, start, document.span(node.body)[0]) if t.text == ":"]
    return colons[-1] if colons else None


def _parameter_items(place: Place) -> Iterator[tuple[str, tuple[Place | None, ...]]]:
    node = place.node
    assert isinstance(node, ast.arguments)
    plain = [*node.posonlyargs, *node.args]
    missing = len(plain) - len(node.defaults)
    for i, arg in enumerate(plain):
        default = Place(node.defaults[i - missing], place, "defaults", i - missing) if i >= missing else None
        field, at = ("posonlyargs", i) if i < len(node.posonlyargs) else ("args", i - len(node.posonlyargs))
        yield "arg", (Place(arg, place, field, at), default)
        if i + 1 == len(node.posonlyargs):
            yield "/", ()
    if node.vararg:
        yield "*arg", (Place(node.vararg, place, "vararg"),)
    elif node.kwonlyargs:
        yield "*", ()
    for i, arg in enumerate(node.kwonlyargs):
        value = node.kw_defaults[i]
        yield "arg", (Place(arg, place, "kwonlyargs", i), Place(value, place, "kw_defaults", i) if value else None)
    if node.kwarg:
        yield "**arg", (Place(node.kwarg, place, "kwarg"),)
