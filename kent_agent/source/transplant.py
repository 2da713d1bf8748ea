"""Where in a file a piece of code is meant to stand: in the place of statements that are much like it."""

import ast
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import chain
from textwrap import dedent

from kent_agent.source.alignment import BLOCKS, DEFINITIONS, FUNCTIONS
from kent_agent.source.document import Document, Place
from kent_agent.source.scan import scan
from kent_agent.source.symbols import Symbol, innermost, symbols
from kent_agent.source.tokens import is_identifier

_NEAR = 0.65  # least likeness of two lines that stand for one another
_ALIKE = 0.5  # least likeness of a piece of code and what it replaces
TELLING = 5  # fewest tokens of a line that tells its place
_WRAPPED = 4  # fewest tokens of an expression that tells its place by what is around it
_COMMON = 30  # lines that hold a name which tells them apart
_SHOWS = re.compile(r"\bprint\(|^\s*assert\b|^(?:import|from)\s", re.MULTILINE)
_DEFINES = re.compile(r"^\s*(?:(?:async )?def|class)\s", re.MULTILINE)
_ELLIPSES = ("...", "…", "[...]")
_HEADER = re.compile(r"(?:if|while|for|with)\b[^\n]*[^:\n]$")  # quoted without its colon

Tokens = tuple[str, ...]
Line = Tokens
"""The tokens of a simple statement, or of a compound one's header."""


@dataclass(frozen=True)
class Transplant:
    """A piece of code in the place of statements.

    Attributes:
        start, end: offsets of those.
        scope: the qualified name of the definition around them.
        code: what is written, indented but for its first line.
        alike: likeness of both, in [0, 1]; 1 where a patch says what it replaces, and more where several hunks agree.
        kept: whether a telling line stays.
        gone: the lines that do not stay.
    """

    start: int
    end: int
    scope: str
    code: str
    alike: float
    kept: bool
    gone: frozenset[Line]

    def apart_from(self, other: "Transplant") -> bool:
        """Whether it changes nothing of what another changes."""
        return self.end <= other.start or other.end <= self.start


class Statements:
    """A text as blocks of statements, each a list of lines of tokens.

    Args:
        text: a file, or a piece of code.

    Raises:
        SyntaxError: it does not parse.
    """

    def __init__(self, text: str) -> None:
        self.document = Document(text)
        self._tokens = list(scan(text, 0, len(text)))
        self._starts = [token.start for token in self._tokens]
        self._lines: dict[ast.AST, tuple[Line, ...]] = {}

    def tokens(self, start: int, end: int) -> Tokens:
        """The tokens between two offsets."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return tuple(token.text for token in self._tokens[first:last])

    def lines(self, node: ast.AST) -> tuple[Line, ...]:
        """The lines of a statement or clause, those inside of it included."""
        if node not in self._lines:
            inner = [child for name in BLOCKS for child in getattr(node, name, None) or ()]
            start, end = self.document.span(node)
            own = self.tokens(start, min((self.document.whole(child)[0] for child in inner), default=end))
            self._lines[node] = (own, *(line for child in inner for line in self.lines(child)))
        return self._lines[node]

    @cached_property
    def every_line(self) -> frozenset[Line]:
        """All lines."""
        return frozenset(line for node in self.document.tree.body for line in self.lines(node))

    @cached_property
    def symbols(self) -> list[Symbol]:
        """The symbols of the text, the module first."""
        return symbols(self.document.text)

    @cached_property
    def text(self) -> str:
        """All tokens, parted by blanks."""
        return f" {' '.join(token.text for token in self._tokens)} "

    @cached_property
    def blocks(self) -> list[tuple[str, Sequence[ast.stmt]]]:
        """The blocks with the scopes that they stand in."""
        return [("<module>", self.document.tree.body), *_blocks(self.document.root)]

    @cached_property
    def _holding(self) -> Mapping[str, set[Line]]:
        """The lines that hold each name."""
        found: defaultdict[str, set[Line]] = defaultdict(set)
        for line in self.every_line:
            for token in filter(is_identifier, line):
                found[token].add(line)
        return found

    def near(self, line: Line) -> Iterator[Line]:
        """The lines that are like one that tells its place."""
        if len(line) < TELLING:
            return
        matcher = SequenceMatcher(None, (), line, autojunk=False)
        held = [self._holding[token] for token in dict.fromkeys(line) if token in self._holding]
        for other in set().union(*(lines for lines in held if len(lines) <= _COMMON)):
            matcher.set_seq1(other)
            if matcher.real_quick_ratio() >= _NEAR and matcher.ratio() >= _NEAR:
                yield other


def _blocks(place: Place) -> Iterator[tuple[str, Sequence[ast.stmt]]]:
    for child in place.children():
        if isinstance(child.node, ast.expr):
            continue
        for name in BLOCKS:
            block = getattr(child.node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield child.scope, block
        yield from _blocks(child)


def parsed(text: str) -> Statements | None:
    """A text as statements; None where it does not parse."""
    try:
        return Statements(text)
    except SyntaxError:
        return None


def piece_of(code: str) -> Statements | None:
    """Code that may be meant to stand in a file; None for mere names, scripts, and what is not Python."""
    piece = parsed(_closed(code)) or (parsed(_closed(f"{code}:")) if _HEADER.match(code) else None)
    if piece is None:
        return None
    body = piece.document.tree.body
    return None if not body or is_script(code) or (len(body) == 1 and _mentions(body[0])) else piece


def is_script(code: str) -> bool:
    """Whether code imports, prints or asserts, and defines nothing: it is meant to be run, not to stand in a file."""
    return bool(_SHOWS.search(code)) and not _DEFINES.search(code)


def transplants(file: Statements, piece: Statements) -> list[Transplant]:
    """Where a piece of code may be meant to stand, the likest first, none within another, none if it stands already."""
    if piece.text in file.text:
        return []
    defines = any(isinstance(node, DEFINITIONS) for node in piece.document.tree.body)
    written = (_called, _around, _rewritten)
    found = _redefined(file, piece) if defines else chain.from_iterable(way(file, piece) for way in written)
    chosen: list[Transplant] = []
    for each in sorted(found, key=lambda each: -each.alike):
        if all(each.apart_from(other) for other in chosen):
            chosen.append(each)
    return chosen


def _closed(code: str) -> str:
    """Code without ellipses, its last line's block closed where the line opens one."""
    lines = [line for line in code.split("\n") if line.strip() not in (*_ELLIPSES, "")]
    if lines and lines[-1].rstrip().endswith(":"):
        lines.append(" " * (len(lines[-1]) - len(lines[-1].lstrip())) + "    pass")
    return "\n".join(lines)


def _mentions(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but name something, or call it with nothing."""
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value.func if isinstance(statement.value, ast.Call) else statement.value
    empty = not isinstance(statement.value, ast.Call) or not (statement.value.args or statement.value.keywords)
    return empty and isinstance(value, ast.Name | ast.Attribute | ast.Constant | ast.Tuple)


def _redefined(file: Statements, piece: Statements) -> Iterator[Transplant]:
    """Functions of a file in the form that a piece of code gives them."""
    standing = _functions(file)
    for around, new in _functions(piece):
        for scope, old in standing:
            if old.name == new.name and around in ("<module>", scope):
                yield from _replaced(file, scope, [old], piece, [new])


def _functions(code: Statements) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions with the scopes that they stand in."""
    return [(scope, node) for scope, block in code.blocks for node in block if isinstance(node, FUNCTIONS)]


def _expression(piece: Statements) -> ast.expr | None:
    """The expression that a piece of code is nothing but."""
    body = piece.document.tree.body
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None


def _called(file: Statements, piece: Statements) -> Iterator[Transplant]:
    """Calls inside of a file's statements as a piece of code that is nothing but such a call has them."""
    call = _expression(piece)
    if not isinstance(call, ast.Call):
        return
    callee, code = ast.dump(call.func), piece.document.source(call)
    after = piece.tokens(*piece.document.span(call))
    for node in _inner_calls(file.document.tree):
        if type(node.func) is type(call.func) and ast.dump(node.func) == callee:
            start, end = file.document.span(node)
            before = file.tokens(start, end)
            alike = SequenceMatcher(None, before, after, autojunk=False).ratio() if _differ(before, after) else 0.0
            if alike >= _ALIKE:
                scope = innermost(file.symbols, node.lineno).name
                yield Transplant(start, end, scope, code, alike, True, frozenset())


def _around(file: Statements, piece: Statements) -> Iterator[Transplant]:
    """Expressions of a file that stand inside of one that a piece of code is: what is around them is missing."""
    whole = _expression(piece)
    if not isinstance(whole, ast.BoolOp | ast.BinOp | ast.Compare | ast.IfExp | ast.UnaryOp | ast.Subscript):
        return
    code, after = piece.document.source(whole), piece.tokens(*piece.document.span(whole))
    inner = [part for part in ast.walk(whole) if isinstance(part, ast.expr) and part is not whole]
    spelled = [(part, piece.tokens(*piece.document.span(part))) for part in inner]
    parts = {
        ast.dump(part): tokens
        for part, tokens in spelled
        if len(tokens) >= _WRAPPED and f" {' '.join(tokens)} " in file.text
    }
    kinds = tuple({type(part) for part, tokens in spelled if len(tokens) >= _WRAPPED})
    for node in ast.walk(file.document.tree) if parts else ():
        before = parts.get(ast.dump(node)) if isinstance(node, kinds) else None
        if before is not None and isinstance(node, ast.expr):
            start, end = file.document.span(node)
            alike = 2 * len(before) / (len(before) + len(after))
            yield Transplant(start, end, innermost(file.symbols, node.lineno).name, code, alike, True, frozenset())


def _inner_calls(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that are no statements."""
    for node in ast.walk(tree):
        inner = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.Call))
        yield from inner if not isinstance(node, ast.Expr) else ()


def _rewritten(file: Statements, piece: Statements) -> Iterator[Transplant]:
    """Runs of statements that have lines like those of a piece of code."""
    body = piece.document.tree.body
    lines = dict.fromkeys(line for node in body for line in piece.lines(node))
    like = {line for line in lines if len(line) >= TELLING and line in file.every_line}
    like = like.union(*(file.near(line) for line in lines))
    for scope, block in file.blocks if like else ():
        run: list[ast.stmt] = []
        for node in [*block, None]:
            if node is not None and not like.isdisjoint(file.lines(node)):
                run.append(node)
            elif run:
                yield from _replaced(file, scope, run, piece, body)
                run = []


def _replaced(
    file: Statements, scope: str, old: Sequence[ast.stmt], piece: Statements, new: Sequence[ast.stmt]
) -> Iterator[Transplant]:
    """Statements of a file replaced by those of a piece of code, if they are alike and have lines of their own."""
    document = file.document
    if any(document.lines(node) is None for node in old):
        return
    (start, end), (first, last) = _ends(document, old), _ends(piece.document, new)
    if _opens(new[-1]):  # a header takes the place of a header
        theirs, ours = document.header(old[-1]), piece.document.header(new[-1])
        if theirs is None or ours is None:
            return
        end, last = theirs[1], ours[1]
    before, after = file.tokens(start, end), piece.tokens(first, last)
    if _differ(before, after):
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        if matcher.ratio() >= _ALIKE:
            written = {line for node in new for line in piece.lines(node)}
            lines = {line for node in old for line in file.lines(node)}
            kept = any(len(line) >= TELLING for line in lines & written)
            code = _indented(piece.document, first, last, document, start)
            if len(old) == len(new) == 1:
                code = _with_docstring(document, old[0], piece.document, new[0], code)
            yield Transplant(start, end, scope, code, matcher.ratio(), kept, frozenset(lines - written))


def _differ(before: Tokens, after: Tokens) -> bool:
    """Whether two runs of tokens differ, and not so much in length that they cannot be alike."""
    shorter, longer = sorted((len(before), len(after)))
    return before != after and 2 * shorter >= _ALIKE * (shorter + longer)


def _ends(document: Document, run: Sequence[ast.stmt]) -> tuple[int, int]:
    """Where statements begin and end; a function without its decorators."""
    return document.span(run[0])[0], document.span(run[-1])[1]


def _opens(statement: ast.stmt) -> bool:
    """Whether a statement of a piece of code is a header with nothing below it."""
    body = getattr(statement, "body", [])
    return len(body) == 1 and isinstance(body[0], ast.Pass) and not isinstance(statement, DEFINITIONS)


def _indented(piece: Document, first: int, last: int, document: Document, start: int) -> str:
    """A part of a piece of code, its lines but the first indented as where it goes."""
    lines = dedent(piece.text[piece.line_start(first) : last]).split("\n")
    indent = document.text[document.line_start(start) : start]
    return document.newline.join([lines[0], *(indent + line if line.strip() else "" for line in lines[1:])])


def _with_docstring(document: Document, old: ast.AST, piece: Document, new: ast.AST, code: str) -> str:
    """A function's new code with the docstring that it had, where the new one comes without."""
    if not isinstance(old, FUNCTIONS) or not isinstance(new, FUNCTIONS):
        return code
    header = piece.header(new)
    if header is None or ast.get_docstring(old) is None or ast.get_docstring(new) is not None:
        return code
    lines, below = code.split(document.newline), piece.text.count("\n", *header) + 1
    indent = lines[below][: len(lines[below]) - len(lines[below].lstrip())] if below < len(lines) else ""
    return document.newline.join([*lines[:below], indent + document.source(old.body[0]), *lines[below:]])
