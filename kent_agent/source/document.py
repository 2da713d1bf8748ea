"""A file's text and syntax tree, with the character offsets of every node."""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from kent_agent.source.alignment import BLOCKS, DEFINITIONS, FUNCTIONS
from kent_agent.source.scan import seek
from kent_agent.source.symbols import parse

_LINE_END = re.compile(r"\r\n?|\n")  # as the parser counts lines
Span = tuple[int, int]
"""Character offsets `[start, end)`."""

CLAUSES = (ast.ExceptHandler, ast.match_case)


@dataclass(frozen=True, eq=False)
class Place:
    """A node with the way to it.

    Attributes:
        node: of the syntax tree.
        parent: where it stands; None for the module.
        field: the parent's field that holds it.
        index: its number in that field; -1 where the field holds one node.
    """

    node: ast.AST
    parent: "Place | None" = None
    field: str = ""
    index: int = -1

    def children(self) -> Iterator["Place"]:
        """The nodes directly below, in the order of the grammar."""
        for name in self.node._fields:
            value = getattr(self.node, name, None)
            if isinstance(value, ast.AST):
                yield Place(value, self, name)
            elif isinstance(value, list):
                yield from (Place(item, self, name, i) for i, item in enumerate(value) if isinstance(item, ast.AST))

    def upwards(self) -> Iterator["Place"]:
        """Itself and what is around it, innermost first."""
        place: Place | None = self
        while place is not None:
            yield place
            place = place.parent

    @property
    def statement(self) -> "Place":
        """The innermost statement or clause around it; the module outside of all."""
        return next(p for p in self.upwards() if isinstance(p.node, (ast.stmt, *CLAUSES, ast.Module)))

    @property
    def function(self) -> "Place | None":
        """The outermost function around it that stands in no other: its closures share its names."""
        return next((p for p in reversed([*self.upwards()]) if isinstance(p.node, FUNCTIONS)), None)

    @property
    def scope(self) -> str:
        """The qualified name of the innermost definition around it; `<module>` outside of all."""
        names = [p.node.name for p in self.upwards() if isinstance(p.node, DEFINITIONS)]
        return ".".join(reversed(names)) or "<module>"


class Document:
    """A file.

    Args:
        text: its content.

    Attributes:
        named: by function, the places of its identifiers, once somebody has looked for them.
        statements: likewise the lines, type and scope of statements.

    Raises:
        SyntaxError: it does not parse.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(text)
        self.root = Place(self.tree)
        self.named: dict[ast.AST, dict[tuple[str, bool], list[Place]]] = {}
        self.statements: dict[ast.AST, tuple[int, int, str, str]] = {}
        self._insides: dict[ast.AST, list[tuple[int, int, Place]]] = {}
        self.newline = "\r\n" if "\r\n" in text else "\n"

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def offset(self, line: int, column: int) -> int:
        """The character offset of a parser's position: 1-based line, column in UTF-8 bytes."""
        start = self.starts[line - 1]
        head = self.text[start : start + column]
        if head.isascii():
            return start + column
        return start + len(head.encode()[:column].decode(errors="ignore"))

    def span(self, node: ast.AST) -> Span:
        """A node's offsets; a definition's begin at its own line, below its decorators.

        Raises:
            ValueError: the node has no position.
        """
        if isinstance(node, ast.Module):
            return 0, len(self.text)
        if not isinstance(node, ast.stmt | ast.expr | ast.ExceptHandler | ast.alias | ast.arg | ast.keyword):
            return self._span_of_parts(node)
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)

    def _span_of_parts(self, node: ast.AST) -> Span:
        if isinstance(node, ast.pattern):
            return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)
        spans = [self.span(child) for child in ast.iter_child_nodes(node) if positioned(child)]
        if not spans:
            raise ValueError(f"{type(node).__name__} has no position")
        return min(start for start, _ in spans), max(end for _, end in spans)

    def source(self, node: ast.AST) -> str:
        """A node's text."""
        start, end = self.span(node)
        return self.text[start:end]

    def line_start(self, at: int) -> int:
        """The offset of the line that holds an offset."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def line_end(self, at: int) -> int:
        """The offset behind the end of the line that holds an offset."""
        match = _LINE_END.search(self.text, at)
        return match.end() if match else len(self.text)

    def line(self, at: int) -> int:
        """The 1-based number of the line that holds an offset."""
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= at else (low, middle)
        return low + 1

    def whole(self, statement: ast.AST) -> Span:
        """A statement's offsets with its decorators."""
        start, end = self.span(statement)
        for decorator in getattr(statement, "decorator_list", ()):
            start = min(start, self.text.rfind("@", 0, self.span(decorator)[0]))
        return start, end

    @cached_property
    def _tops(self) -> list[int]:
        """Where each of the module's statements begins."""
        return [self.line_start(self.whole(statement)[0]) for statement in self.tree.body]

    def top_level(self, start: int, end: int) -> Span:
        """Offsets of the module's statements that hold a span, with what follows them up to the next one."""
        first, last = bisect_right(self._tops, start) - 1, bisect_right(self._tops, end)
        return self._tops[first] if first >= 0 else 0, self._tops[last] if last < len(self._tops) else len(self.text)

    def around(self, start: int, end: int) -> Span:
        """Offsets of the lines of the innermost statement that holds a span and can be read by itself."""
        found, place = self.top_level(start, end), self.root
        while inner := next((child for a, b, child in self._inside(place) if a <= start and end <= b), None):
            place = inner
            by_itself = isinstance(place.node, ast.stmt) and not self.is_elif(place.node)
            lines = self.lines(place.node) if by_itself else None
            if lines and lines[0] < start and end < lines[1]:
                found = lines
        return found

    def is_elif(self, node: ast.AST) -> bool:
        """Whether an `if` is written as `elif`."""
        return isinstance(node, ast.If) and self.text.startswith("elif", self.span(node)[0])

    def indent(self, statement: ast.AST) -> str | None:
        """The blanks before a statement; None where something else stands before it on its line."""
        start, _ = self.whole(statement)
        before = self.text[self.line_start(start) : start]
        return before if not before.strip() else None

    def lines(self, statement: ast.AST) -> Span | None:
        """A statement's lines from end to end; None where it shares one with another statement."""
        start, end = self.whole(statement)
        stop = self.line_end(end)
        rest = self.text[end:stop].strip()
        if self.indent(statement) is None or (rest and not rest.startswith("#")):
            return None
        return self.line_start(start), stop

    def header(self, statement: ast.AST) -> Span | None:
        """The offsets of a compound statement's or clause's header, colon included; None for simple statements."""
        body = getattr(statement, "body", None) or getattr(statement, "cases", None)
        if not isinstance(body, list) or not body:
            return None
        start = self._header_start(statement)
        inner = [
            self.span(child)[1]
            for name in statement._fields
            if name not in (*BLOCKS, "decorator_list")
            for child in _nodes(getattr(statement, name, None))
            if positioned(child)
        ]
        colon = seek(self.text, max([start, *inner]), self._first(body), ":")
        return (start, colon.end) if colon else None

    def _header_start(self, statement: ast.AST) -> int:
        if isinstance(statement, ast.match_case):
            return self.text.rfind("case", 0, self.span(statement.pattern)[0])
        return self.span(statement)[0]

    def _first(self, body: Sequence[ast.AST]) -> int:
        return self._header_start(body[0]) if isinstance(body[0], ast.match_case) else self.whole(body[0])[0]

    def locate(self, anchor: Span, kind: str) -> Place:
        """The node of a kind that has these offsets.

        Raises:
            ValueError: there is none.
        """
        place = self.root
        while not (type(place.node).__name__ == kind and self.span(place.node) == anchor):
            inside = self._inside(place)
            inner = next((child for start, end, child in inside if start <= anchor[0] and anchor[1] <= end), None)
            if inner is None:
                raise ValueError(f"no {kind} at {anchor}")
            place = inner
        return place

    def _inside(self, place: Place) -> list[tuple[int, int, Place]]:
        """The children that have a position, each behind its offsets with its decorators; worked out once."""
        if place.node not in self._insides:
            self._insides[place.node] = [(*self.whole(child.node), child) for child in positioned_below(place)]
        return self._insides[place.node]


def alone(piece: str, indent: str) -> str:
    """Source text of statements that compiles only if they are indented so much, first to last."""
    return f"if 1:\n{indent}pass\n{piece.rstrip()}\n{indent}pass\n" if indent else piece


def indent_of(piece: str) -> str:
    """The blanks that a text begins with."""
    return piece[: len(piece) - len(piece.lstrip(" \t"))]


def positioned(node: ast.AST) -> bool:
    """Whether a node, or a node in it, has a position."""
    if isinstance(node, ast.expr_context | ast.operator | ast.boolop | ast.unaryop | ast.cmpop):
        return False
    return hasattr(node, "lineno") or any(positioned(child) for child in ast.iter_child_nodes(node))


def positioned_below(place: Place) -> Iterator[Place]:
    """The children that have a position; a joined string's parts have none that can be trusted."""
    if not isinstance(place.node, ast.JoinedStr):
        yield from (child for child in place.children() if positioned(child.node))


def _nodes(value: object) -> list[ast.AST]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, ast.AST)]
