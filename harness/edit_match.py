"""Whether a proposal leaves a file as the gold version has it, comments, docstrings and formatting aside."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from kent_agent.source.document import Document, Span
from kent_agent.source.sameness import Fact, effective, import_facts, same
from kent_agent.source.symbols import Symbol, parse


class Match(NamedTuple):
    """How a version compares to the gold one.

    Attributes:
        exact: the same syntax, the order of the module's imports aside.
        texts_aside: the same but for the words of exceptions that are raised.
    """

    exact: bool
    texts_aside: bool


class GoldVersion:
    """The version of a file that a proposal should give; compared where either differs from the version before.

    Args:
        before: the version before.
        after: the text of the gold version.
        symbol: the one that the gold edit is made in: versions that differ in no other are compared by it alone.
    """

    def __init__(self, before: Document, after: str, symbol: Symbol) -> None:
        self.before = before
        self.after = after
        self._changed = changed(before.text, after)
        starts = [*before.starts, len(before.text)]
        within = starts[symbol.start - 1], starts[min(symbol.end, len(starts) - 1)]
        self._within = within if symbol.kind == "function" else None
        self._forms: dict[Span, tuple[_Form, _Form]] = {}

    def match(self, text: str) -> Match:
        """Compares a version, which parses."""
        if text == self.after:
            return Match(True, True)
        start, end = changed(self.before.text, text)
        start, end = min(start, self._changed[0]), max(end, self._changed[1])
        if self._within and self._within[0] < start and end <= self._within[1]:
            try:
                return self._match_in(self._within, text)
            except SyntaxError:  # what was written belongs to a statement around the symbol
                pass
        return self._match_in(self.before.top_level(max(start - 1, 0), end), text)

    def _match_in(self, frame: Span, text: str) -> Match:
        """Compares versions that are the same outside of a range of the version before."""
        gold, part = self._part(frame, self.after), self._part(frame, text)
        if frame not in self._forms:
            self._forms[frame] = _Form.of(gold), _Form.of(gold).without_texts()
        exact, textless = self._forms[frame]
        form = _Form.of(part)
        if form.same(exact):
            return Match(True, True)
        raises = "raise" in part and "raise" in gold
        return Match(False, raises and form.without_texts().same(textless))

    def _part(self, frame: Span, text: str) -> str:
        return text[frame[0] : len(text) - (len(self.before.text) - frame[1])]


def changed(before: str, after: str) -> Span:
    """The range of a text outside of which another one has the same characters."""
    shorter = min(len(before), len(after))
    head = _longest(shorter, lambda n: before[:n] == after[:n])
    tail = _longest(shorter - head, lambda n: before[len(before) - n :] == after[len(after) - n :])
    return head, len(before) - tail


def _longest(limit: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to a limit for which a test holds that holds for all smaller ones."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


@dataclass(frozen=True)
class _Form:
    """What statements come to: the names that they import, and the others that have an effect."""

    imports: frozenset[Fact]
    statements: list[ast.AST]

    @classmethod
    def of(cls, text: str) -> "_Form":
        """Of statements that may be indented. Raises SyntaxError."""
        if text[:1] in (" ", "\t"):
            around, *behind = parse(f"if True:\n{text}").body
            if behind:
                raise SyntaxError("some of the statements are less indented than the first")
            body = getattr(around, "body", [])
        else:
            body = parse(text).body
        others = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
        return cls(frozenset(import_facts(body)), effective(others))

    def same(self, other: "_Form") -> bool:
        return self.imports == other.imports and same(self.statements, other.statements)

    def without_texts(self) -> "_Form":
        """The same, changed in place: exceptions that are raised have empty texts."""
        for statement in self.statements:
            _Textless().visit(statement)
        return self


class _Textless(ast.NodeTransformer):
    """Empties the strings in what is raised."""

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        if isinstance(node.exc, ast.Call):
            node.exc = _Emptied().visit(node.exc)
        return node


class _Emptied(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        return ast.Constant("")
