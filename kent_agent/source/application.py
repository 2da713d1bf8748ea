"""Edits of the grammar applied to a file's text; outside of their sites every byte stays as it was."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kent_agent.errors import PatchError
from kent_agent.source.document import Document, Place, Span
from kent_agent.source.elements import Elements, element_lists
from kent_agent.source.grammar import OLD, Action, Edit, Site
from kent_agent.source.scan import scan
from kent_agent.source.sites import (
    block,
    block_indent,
    identifier,
    identifier_of,
    occurrences,
    operators,
)
from kent_agent.source.tokens import INDENT, NEWLINE
from kent_agent.source.writing import Part, block_parts, expression_parts, inner_line_starts, plain_parts, written


class Replacement(NamedTuple):
    """New text for a span of the old; parts of the old text may stay in it."""

    start: int
    end: int
    parts: tuple[Part, ...]


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text after edits, all of whose sites are those of the text before any of them.

    Raises:
        PatchError: a site is not one of this text, or edits overlap.
        SyntaxError: the text does not parse.
    """
    return apply_to(Document(text), edits)


def apply_to(document: Document, edits: Sequence[Edit]) -> str:
    """`apply` to a file that is parsed already."""
    return rewritten(document.text, changes_of(document, edits))


def changes_of(document: Document, edits: Sequence[Edit]) -> list[Replacement]:
    """What edits do to a file that is parsed already, in the order of `rewritten`.

    Raises:
        PatchError: a site is not one of this text.
    """
    try:
        found = [replacement for edit in edits for replacement in replacements(document, edit)]
    except (ValueError, IndexError, StopIteration) as error:
        raise PatchError(f"an edit is not one of this text ({error}); take its site from `sites`.") from error
    # The outer of two comes first; insertions at one offset keep their order, and come before what begins there.
    order = sorted(range(len(found)), key=lambda i: (found[i].start, found[i].start < found[i].end, -found[i].end, i))
    return [found[i] for i in order]


def rewritten(text: str, changes: Sequence[Replacement]) -> str:
    """The text after changes, outermost first."""
    return _rewritten(text, 0, len(text), changes)


def _rewritten(text: str, start: int, end: int, changes: Sequence[Replacement]) -> str:
    """The text between two offsets after the changes in it, outermost first."""
    written_: list[str] = []
    at = start
    for i, change in enumerate(changes):
        if change.start < at:
            continue  # inside of an earlier one, which writes it where its old text stays
        inner = [other for other in changes[i + 1 :] if _within(other, change)]
        written_.append(text[at : change.start])
        written_ += [part if isinstance(part, str) else _kept(text, part, inner) for part in change.parts]
        at = change.end
    return "".join(written_) + text[at:end]


def _kept(text: str, part: Span, changes: Sequence[Replacement]) -> str:
    """Old text that stays, after the changes in it."""
    return _rewritten(text, *part, [c for c in changes if part[0] <= c.start and c.end <= part[1]])


def _within(inner: Replacement, outer: Replacement) -> bool:
    """Whether a change is made in the span of another; an insertion at either end of it is not."""
    if inner.start == inner.end:
        return outer.start < inner.start < outer.end
    return outer.start <= inner.start and inner.end <= outer.end


def replacements(document: Document, edit: Edit) -> list[Replacement]:
    """What an edit does to the text.

    Raises:
        ValueError: its site is not one of this text.
    """
    place = document.locate(edit.site.anchor, edit.site.node)
    return list(_APPLIED[edit.action](document, place, edit))


def _replace(site: Site, parts: Sequence[Part]) -> Replacement:
    return Replacement(site.start, site.end, tuple(parts))


def _replace_expression(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    site = edit.site
    if site.anchor == (site.start, site.end) and isinstance(place.node, ast.expr):
        parts = expression_parts(document, place, edit.tokens, edit.action is Action.EXTEND_CONDITION)
        if edit.tokens[1:2] == ("=",) and isinstance(parts[0], str):  # an argument becomes a keyword
            parts[0] = _without_blanks(place, parts[0])
        yield _replace(site, parts)
    else:
        text = written(edit.tokens, document.text[site.start : site.end])
        yield _replace(site, plain_parts(_without_blanks(place, text), (site.start, site.end)))


def _without_blanks(place: Place, text: str) -> str:
    """A keyword or a parameter without blanks around its `=`, as nothing tells that it stands in brackets."""
    if isinstance(place.node, ast.Dict | ast.Import | ast.ImportFrom | ast.With | ast.AsyncWith | ast.comprehension):
        return text
    head, equals, tail = text.partition(" = ")
    simple = head.lstrip("*").replace("_", "a").isalnum()
    return f"{head}={tail}" if equals and simple else text


def _write_tokens(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    yield _replace(edit.site, [written(edit.tokens)])


def _rename_all(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    function = place.function
    attribute = isinstance(place.node, ast.Attribute)
    for found in occurrences(document, function, identifier_of(place.node), attribute) if function else ():
        span = identifier(document, found.node)
        if span:
            yield Replacement(*span, (written(edit.tokens),))


def _swap_operator(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    for span, index in operators(document, place.node):
        if index == edit.site.index or isinstance(place.node, ast.BoolOp):
            yield Replacement(*span, (" ".join(edit.tokens),))


def _insert(document: Document, owner: Place, edit: Edit) -> Iterator[Replacement]:
    indent = block_indent(document, owner, edit.site.field)
    if indent is None:
        raise ValueError("no block")
    yield _lines(document, edit.site.start, block_parts(edit.tokens, document, indent))


def _add_clause(document: Document, owner: Place, edit: Edit) -> Iterator[Replacement]:
    yield _lines(document, edit.site.start, block_parts(edit.tokens, document, document.indent(owner.node) or ""))


def _lines(document: Document, at: int, parts: Sequence[Part]) -> Replacement:
    """Lines inserted at the start of a line, or behind a last line that has no end."""
    if at == len(document.text) and not document.text.endswith(("\n", "\r")):
        first, last = parts[0], parts[-1]
        parts = [document.newline, *parts[:-1], last.rstrip("\r\n") if isinstance(last, str) else last]
        assert first is not None
    return Replacement(at, at, tuple(parts))


def _delete_statement(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    site = edit.site
    siblings = block(place.parent, place.field) if place.parent else []
    alone = len(siblings) == 1 and isinstance(place.node, ast.stmt) and not document.is_elif(place.node)
    indent = document.indent(place.node) or ""
    yield _replace(site, [f"{indent}pass{document.newline}"] if alone else [])


def _move_statement(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    yield from _delete_statement(document, place, edit)
    target = edit.target
    if target is None:
        raise ValueError("a move without a target")
    owner = document.locate(target.anchor, target.node)
    indent = block_indent(document, owner, target.field) or ""
    yield _lines(document, target.start, _shifted(document, (edit.site.start, edit.site.end), place, indent))


def _shifted(document: Document, span: Span, place: Place, indent: str) -> list[Part]:
    """Whole lines at another indentation."""
    old = document.indent(place.node) or ""
    parts: list[Part] = []
    at = span[0]
    for start in inner_line_starts(document, span):
        parts += [(at, start)] if at < start else []
        kept = len(old) if document.text.startswith(old, start) else 0
        parts.append(indent)
        at = start + kept
    return [*parts, (at, span[1])]


_ELSE_OLD = ("else", ":", NEWLINE, INDENT, OLD)


def _is_if(node: ast.AST) -> bool:
    return isinstance(node, ast.If)


def _wrap_statement(document: Document, owner: Place, edit: Edit) -> Iterator[Replacement]:
    site = edit.site
    indent = block_indent(document, owner, site.field) or ""
    first = block(owner, site.field)[site.index]
    unit = "\t" if indent.startswith("\t") else "    "
    if edit.tokens[-5:] == _ELSE_OLD and document.lines(first.node) == (site.start, site.end) and _is_if(first.node):
        parts = block_parts(edit.tokens[:-5], document, indent)
        yield _replace(site, [*parts, f"{indent}el", (site.start + len(indent), site.end)])
        return
    old = _shifted(document, (site.start, site.end), first, indent + unit)
    if not document.text.endswith("\n", 0, site.end):
        old.append(document.newline)
    yield _replace(site, block_parts(edit.tokens, document, indent, old))


def _unwrap_statement(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    kept = block(place, edit.site.field)
    first, last = document.lines(kept[0].node), document.lines(kept[-1].node)
    if first is None or last is None:
        raise ValueError("a block that shares its lines")
    yield _replace(edit.site, _shifted(document, (first[0], last[1]), kept[0], document.indent(place.node) or ""))


def _replace_statement(document: Document, place: Place, edit: Edit) -> Iterator[Replacement]:
    site = edit.site
    text = document.text[site.start : site.end]
    indent = document.text[document.line_start(site.start) : site.start]
    parts = written(edit.tokens, text, indent if not indent.strip() else "")
    yield _replace(site, [parts.replace("\r\n", "\n").replace("\n", document.newline)])


def _list(document: Document, owner: Place, field: str) -> Elements:
    return next(elements for elements in element_lists(document, owner) if elements.field == field)


def _add_element(document: Document, owner: Place, edit: Edit) -> Iterator[Replacement]:
    site = edit.site
    if isinstance(owner.node, ast.ExceptHandler):
        yield from _join_exception(document, owner, edit)
        return
    elements = _list(document, owner, site.field)
    text = _without_blanks(owner, written(edit.tokens))
    items = elements.items
    if site.field == "decorator_list":
        indent = document.indent(owner.node) or ""
        at = document.line_start(items[site.index].span[0] if site.index < len(items) else document.span(owner.node)[0])
        yield Replacement(at, at, (f"{indent}@{text}{document.newline}",))
    elif site.field == "ifs":
        yield _replace(site, [f" {text}" if site.index == len(items) else f"{text} "])
    elif not items:
        yield _replace(site, [_first_element(elements, text)])
    elif site.index < len(items):
        yield _replace(site, [text, ",", _break(document, elements, site.index)])
    else:
        yield _append(document, elements, text)


def _first_element(elements: Elements, text: str) -> str:
    if isinstance(elements.owner.node, ast.Tuple):
        return f"{text},"
    if isinstance(elements.owner.node, ast.Lambda):
        return f" {text}"
    return text if elements.brackets else f"({text})"


def _break(document: Document, elements: Elements, index: int) -> str:
    """What parts elements near one: a line break where it begins a line of its own, else a blank."""
    start = elements.items[index].span[0]
    before = document.text[document.line_start(start) : start]
    return document.newline + before if elements.brackets and not before.strip() else " "


def _append(document: Document, elements: Elements, text: str) -> Replacement:
    """An element behind the last: on a line of its own, before a trailing comma's comment, as the others are."""
    end = elements.items[-1].span[1]
    gap = _break(document, elements, len(elements.items) - 1)
    comma = next((t for t in scan(document.text, end, elements.span[1]) if t.text == ","), None)
    if comma is None:
        return Replacement(end, end, (",", gap, text))
    if gap == " ":
        lone = isinstance(elements.owner.node, ast.Tuple) and len(elements.items) == 1
        return Replacement(comma.end, comma.end, (" ", text) if lone else (" ", text, ","))
    behind = document.line_end(comma.end) if document.line_end(comma.end) <= elements.span[1] else comma.end
    if behind == comma.end:
        return Replacement(behind, behind, (gap, text, ","))
    return Replacement(behind, behind, (gap.removeprefix(document.newline), text, ",", document.newline))


def _join_exception(document: Document, owner: Place, edit: Edit) -> Iterator[Replacement]:
    """A lone exception type becomes a tuple."""
    site = edit.site
    caught = getattr(owner.node, "type", None)
    if caught is None:
        raise ValueError("no exception type")
    start, end = document.span(caught)
    text = written(edit.tokens)
    parts: tuple[Part, ...] = (
        (f"({text}, ", (start, end), ")") if site.index == 0 else ("(", (start, end), f", {text})")
    )
    yield Replacement(start, end, parts)


def _delete_element(document: Document, owner: Place, edit: Edit) -> Iterator[Replacement]:
    site = edit.site
    elements = _list(document, owner, site.field)
    items = elements.items
    start, end = items[site.index].span
    if site.field == "decorator_list":
        at = document.line_start(start)
        yield Replacement(at, document.line_end(end), ())
        return
    if site.field == "ifs":
        yield Replacement(start - len(_blanks(document.text[:start])), end, ())
        return
    if site.index + 1 < len(items):
        yield Replacement(start, items[site.index + 1].span[0], ())
    elif site.index:
        yield from _delete_last(document, elements)
    elif elements.field == "bases":
        yield Replacement(elements.span[0] - 1, elements.span[1] + 1, ())
    else:
        stop = next((t.end for t in scan(document.text, end, elements.span[1]) if t.text == ","), end)
        lambda_ = isinstance(owner.node, ast.Lambda)
        yield Replacement(elements.span[0] if lambda_ else start, stop, ())


def _delete_last(document: Document, elements: Elements) -> Iterator[Replacement]:
    """The last element with the comma before it; a tuple of one keeps that comma."""
    start, end = elements.items[-1].span
    before = elements.items[-2].span[1]
    if isinstance(elements.owner.node, ast.Tuple) and len(elements.items) == 2:
        comma = next(t for t in scan(document.text, before, start) if t.text == ",")
        trailing = next((t.end for t in scan(document.text, end, elements.span[1]) if t.text == ","), end)
        yield Replacement(comma.end, trailing, ())
    else:
        yield Replacement(before, end, ())


def _blanks(text: str) -> str:
    return text[len(text.rstrip()) :]


_Applied = Callable[[Document, Place, Edit], Iterator[Replacement]]
_APPLIED: Mapping[Action, _Applied] = {
    Action.REPLACE_EXPRESSION: _replace_expression,
    Action.EXTEND_CONDITION: _replace_expression,
    Action.RENAME: _write_tokens,
    Action.RENAME_ALL: _rename_all,
    Action.INSERT_STATEMENT: _insert,
    Action.INSERT_GUARD: _insert,
    Action.ADD_ELEMENT: _add_element,
    Action.DELETE_ELEMENT: _delete_element,
    Action.EDIT_LITERAL: _write_tokens,
    Action.DELETE_STATEMENT: _delete_statement,
    Action.MOVE_STATEMENT: _move_statement,
    Action.SWAP_OPERATOR: _swap_operator,
    Action.WRAP_STATEMENT: _wrap_statement,
    Action.UNWRAP_STATEMENT: _unwrap_statement,
    Action.REPLACE_STATEMENT: _replace_statement,
    Action.ADD_CLAUSE: _add_clause,
}
