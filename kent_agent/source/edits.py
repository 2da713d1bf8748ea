"""Statements of a file as places of an edit, and edits applied to its text.

A place is a simple statement or the header of a compound one (`if ...:`, `def ...:`, its decorators apart). Text
outside the place stays byte for byte as it was: formatting, quotes and line endings are the file's own.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from kent_agent.source.symbols import parse
from kent_agent.source.tokens import render
from kent_agent.task import Operation


@dataclass(frozen=True)
class Statement:
    """A place.

    Attributes:
        kind: the class of its syntax node (`Return`, `Assign`, `If`, `FunctionDef`, ...).
        start: first line, 1-based; a definition's own, below its decorators.
        end: last line, inclusive; for a compound statement its header's.
        block_start: first line of the whole statement, decorators included.
        block_end: last line of the whole statement, body included.
        indent: blanks before it.
        alone: it is the only statement of its block.
    """

    kind: str
    start: int
    end: int
    block_start: int
    block_end: int
    indent: str
    alone: bool

    @property
    def compound(self) -> bool:
        """True for a header, whose body is not part of the place."""
        return self.kind in _COMPOUND


_COMPOUND = frozenset(
    "FunctionDef AsyncFunctionDef ClassDef If For AsyncFor While With AsyncWith Try TryStar Match".split()
)
DEFINITIONS = frozenset({"FunctionDef", "AsyncFunctionDef", "ClassDef"})
IMPORTS = frozenset({"Import", "ImportFrom"})


def statements(source: str) -> list[Statement]:
    """The places of a file in order; those that share a line with another statement are left out.

    Raises:
        SyntaxError: the file does not parse.
    """
    lines = source.split("\n")
    found = list(_places(parse(source), lines))
    return [place for place in found if place is not None]


def _places(node: ast.AST, lines: list[str]) -> Iterator[Statement | None]:
    for block in _blocks(node):
        for child in block:
            if not _is_docstring(child, node):
                yield _place(child, lines, len(block) == 1)
            yield from _places(child, lines)


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Statement lists directly below a node, those of `except` handlers and `case`s included."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
    for name in ("handlers", "cases"):
        for part in getattr(node, name, ()):
            yield from _blocks(part)


def _is_docstring(child: ast.stmt, parent: ast.AST) -> bool:
    return (
        isinstance(child, ast.Expr)
        and isinstance(child.value, ast.Constant)
        and isinstance(child.value.value, str)
        and isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _place(child: ast.stmt, lines: list[str], alone: bool) -> Statement | None:
    kind = type(child).__name__
    start, last = child.lineno, child.end_lineno or child.lineno
    end = last
    if kind in _COMPOUND:
        inner = next(iter(_blocks(child)), [])
        if not inner:
            return None
        first = min([inner[0].lineno, *(d.lineno for d in getattr(inner[0], "decorator_list", ()))])
        end = first - 1
        while end > start and not _code_of(lines[end - 1]):
            end -= 1
        if end < start or not _code_of(lines[end - 1]).endswith(":"):
            return None
    before = lines[start - 1][: child.col_offset]
    if before.strip() or (kind == "If" and lines[start - 1].lstrip().startswith("elif")):
        return None
    if kind not in _COMPOUND and ";" in lines[last - 1][child.end_col_offset or 0 :].split("#")[0]:
        return None
    block_start = min([start, *(d.lineno for d in getattr(child, "decorator_list", ()))])
    return Statement(kind, start, end, block_start, last, before, alone)


def _code_of(line: str) -> str:
    """A line without its trailing comment, roughly: enough to find the colon that ends a header."""
    return line.split("#")[0].rstrip()


def text_of(source: str, place: Statement) -> str:
    """The source text of a place without its first line's indentation."""
    lines = source.split("\n")[place.start - 1 : place.end]
    return "\n".join(lines)[len(place.indent) :].rstrip("\r")


def apply_edit(source: str, place: Statement, operation: Operation, tokens: list[str]) -> tuple[str, str]:
    """The file after an edit at a place, and the text written (empty for deletions).

    Additions go behind the place (into its body, first, where it is a header); modifications replace it;
    deletions take the whole statement, leaving `pass` where a block would be empty.
    """
    lines = source.split("\n")
    match operation:
        case Operation.MODIFY_LINE | Operation.MODIFY_FUNCTION:
            content = place.indent + render(tokens, text_of(source, place), place.indent)
            first, last = place.start, place.end
        case Operation.DELETE_LINE | Operation.DELETE_FUNCTION | Operation.DELETE_IMPORT:
            content = place.indent + "pass" if place.alone else ""
            first, last = place.block_start, place.block_end
        case Operation.ADD_FUNCTION:
            blank = "\n" if place.indent else "\n\n"
            content = blank + place.indent + render(tokens, indent=place.indent)
            first, last = place.block_end + 1, place.block_end
        case _:
            inside = place.compound and operation is Operation.ADD_LINE
            indent = _body_indent(lines, place) if inside else place.indent
            content = indent + render(tokens, indent=indent)
            first, last = place.end + 1, place.end
    written = content.split("\n") if content else []
    if lines[0].endswith("\r"):
        written = [line.rstrip("\r") + "\r" for line in written]
    return "\n".join(lines[: first - 1] + written + lines[last:]), content.strip("\n").replace("\r", "")


def _body_indent(lines: list[str], place: Statement) -> str:
    for line in lines[place.end : place.block_end]:
        if line.strip():
            return line[: len(line) - len(line.lstrip())]
    return place.indent + "    "
