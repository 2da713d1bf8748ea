"""Tokens of the edit grammar as source text: expressions in parentheses where they need them, blocks indented."""

import ast
from collections.abc import Sequence

from kent_agent.source.document import Document, Place, Span
from kent_agent.source.elements import enclosed
from kent_agent.source.grammar import OLD
from kent_agent.source.precedence import ATOM, precedence, required
from kent_agent.source.scan import scan
from kent_agent.source.symbols import parse
from kent_agent.source.tokens import LAYOUT, render

_STAND_IN = "OLD_TEXT_STANDS_HERE"

Part = str | Span
"""New text, or the offsets of old text that stays (with whatever else changes in it)."""


def expression_parts(document: Document, place: Place, tokens: Sequence[str], flat: bool = False) -> list[Part]:
    """The text of a new expression in the place of another.

    Args:
        flat: whether a BoolOp in the place of OLD merges with one of the same operator around it.
    """
    text = written(tokens, document.source(place.node))
    root = _parsed(text)
    parts = _with_old(text, document.span(place.node), root, place.node, flat, document)
    parent = place.parent.node if place.parent else None
    if isinstance(place.node, ast.GeneratorExp) and isinstance(parent, ast.Call) and place.field == "args":
        start, _ = document.span(place.node)  # the parentheses of the call's sole argument count as the generator's
        alone = document.text[document.span(parent.func)[1] : start].strip() == ""
        return ["(", *parts, ")"] if alone else parts
    merged = (
        flat and isinstance(root, ast.BoolOp) and isinstance(parent, ast.BoolOp) and type(parent.op) is type(root.op)
    )
    if root is None or parent is None or merged:
        return parts
    binds = precedence(root, enclosed(text, 0, len(text)))
    return parts if binds >= required(parent, place.field) else ["(", *parts, ")"]


def written(tokens: Sequence[str], original: str = "", indent: str = "") -> str:
    """Tokens as text, a stand-in where OLD stands; line breaks and spacing as in the original where tokens stayed."""
    named = [_STAND_IN if token == OLD else token for token in tokens]
    if original and OLD not in tokens:
        text = render(named, original, indent).rstrip()
        if [token.text for token in scan(text, 0, len(text))] == [token for token in named if token not in LAYOUT]:
            return text  # else a gap was kept that parted other tokens
    return render(named, "", indent).rstrip()


def plain_parts(text: str, old: Span) -> list[Part]:
    """The parts of a text whose stand-ins are old text as it is."""
    parts: list[Part] = []
    for i, piece in enumerate(text.split(_STAND_IN)):
        parts += [old] if i else []
        parts += [piece] if piece else []
    return parts


def _with_old(text: str, span: Span, root: ast.expr | None, old: ast.AST, flat: bool, document: Document) -> list[Part]:
    parts = plain_parts(text, span)
    if root is None or len(parts) == 1:
        return parts
    around = next(
        ((node, name) for node in ast.walk(root) for name, value in ast.iter_fields(node) if _stands_in(value)), None
    )
    if around is None:
        return parts
    parenthesised = enclosed(document.text, *span)
    if (
        flat
        and isinstance(old, ast.BoolOp)
        and isinstance(around[0], ast.BoolOp)
        and type(old.op) is type(around[0].op)
    ):
        return parts
    number = isinstance(old, ast.Constant) and isinstance(old.value, int) and required(*around) == ATOM
    if precedence(old, parenthesised) >= required(*around) and not number:
        return parts
    return [piece for part in parts for piece in (("(", part, ")") if part == span else (part,))]


def _stands_in(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, ast.Name) and item.id == _STAND_IN for item in items)


def _parsed(text: str) -> ast.expr | None:
    """The expression that a text is; None where it is none on its own (slices, starred arguments, keywords)."""
    try:
        statement = parse(f"({text}\n)").body
    except SyntaxError:
        return None
    match statement:
        case [ast.Expr(value=value)]:
            return value
    return None


def block_parts(tokens: Sequence[str], document: Document, indent: str, old: Sequence[Part] = ()) -> list[Part]:
    """Whole lines of statements at an indentation; OLD, where it stands, becomes the given lines."""
    if old and OLD not in tokens:
        tokens = [*tokens, "<newline>", "<indent>", OLD]
    unit = "\t" if indent.startswith("\t") else "    "
    text = indent + render([_STAND_IN if t == OLD else t for t in tokens], indent=indent)
    if unit != "    ":
        text = _tabbed(text, indent, unit)
    parts: list[Part] = []
    for line in text.rstrip().split("\n"):
        if line.strip() == _STAND_IN:
            parts += old
        else:
            parts.append(line + document.newline)
    return parts


def _tabbed(text: str, indent: str, unit: str) -> str:
    lines = []
    for line in text.split("\n"):
        inner = line.removeprefix(indent)
        depth = (len(inner) - len(inner.lstrip(" "))) // 4
        lines.append(indent + unit * depth + inner.lstrip(" "))
    return "\n".join(lines)


def inner_line_starts(document: Document, span: Span) -> list[int]:
    """The offsets of the lines in a span of whole lines that are indented: not blank, and not inside of a string."""
    strings = [(t.start, t.end) for t in scan(document.text, *span) if "\n" in t.text]
    found = []
    at = span[0]
    while at < span[1]:
        stop = document.line_end(at)
        if document.text[at:stop].strip() and not any(a < at < b for a, b in strings):
            found.append(at)
        at = stop
    return found
