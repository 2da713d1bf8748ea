"""The definition that a change is in: enough to compile, and to tell which names it reads and binds."""

import ast
import builtins
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from os.path import commonprefix

from kent_agent.source.alignment import FUNCTIONS
from kent_agent.source.document import Document, Span, alone, indent_of
from kent_agent.source.meaning import compiler_warnings
from kent_agent.source.symbols import parse

_KEPT = 8  # documents: candidates are edits of the same few files
_BUILTINS = frozenset(dir(builtins)) | {"__file__"}
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Unit:
    """The outermost function that a change is in, before and after it; all that it spans where there is none.

    Attributes:
        before, after: source texts that compile alone.
        known: names that can be read anywhere in the file.
        imported: names that the file imports.
    """

    before: str
    after: str
    known: frozenset[str]
    imported: frozenset[str]

    @property
    def keeps_its_names(self) -> bool:
        """Whether the change surely leaves no name unbound and no import unread; where it may, look closer."""
        try:
            old, new = _Names.of(self.before), _Names.of(self.after)
        except (SyntaxError, ValueError, RecursionError):
            return False
        visible = self.known | new.own
        elsewhere = Counter({name: count for name, count in new.read.items() if name not in visible})
        forgotten = old.read.keys() - new.read.keys()
        return (
            elsewhere <= old.read
            and old.bound <= new.bound
            and new.imported <= old.imported
            and not forgotten & self.imported
        )


@lru_cache(maxsize=_KEPT)  # an edit is asked for twice: for its imports, and for its faults
def unit(before: str, after: str) -> Unit | None:
    """The unit of a change; None where the version before does not parse."""
    try:
        document = _document(before)
    except (SyntaxError, ValueError, RecursionError):
        return None
    start = _common(before, after)
    tail = _common(before[start:][::-1], after[start:][::-1])
    first, last = _outermost(document, start, len(before) - tail)
    pieces = before[first:last], after[first : last + len(after) - len(before)]
    old, new = (alone(piece, indent_of(pieces[0])) for piece in pieces)
    return Unit(old, new, *_module_names(before))


def compiling_unit(before: str, after: str) -> Unit | None:
    """The unit of a change if it compiles alone: what takes a definition apart may only do with what is around it."""
    changed = unit(before, after)
    return None if changed is None or compiler_warnings(changed.after) is None else changed


def _common(left: str, right: str) -> int:
    return len(commonprefix([left, right]))  # noqa: RUF071  these are no paths, and characters are what is meant


def _outermost(document: Document, start: int, end: int) -> Span:
    """Offsets of the outermost function that holds a span inside; of the module's statements if none does."""
    nodes = (node for node in ast.walk(document.tree) if isinstance(node, FUNCTIONS))  # outer ones come first
    found = (document.lines(node) for node in nodes)
    inside = (lines for lines in found if lines is not None and lines[0] < start and end < lines[1])
    return next(inside, None) or document.top_level(start, end)


@lru_cache(maxsize=_KEPT)
def _document(text: str) -> Document:
    return Document(text)


@lru_cache(maxsize=_KEPT)
def _module_names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names that a module binds outside of its functions and classes, with the builtin ones; and those it imports."""
    outside, everywhere = _Names(), _Names()
    outside.add(_document(text).tree, inner=False)
    everywhere.add(_document(text).tree)
    return frozenset(outside.bound | _BUILTINS), frozenset(everywhere.imported)


class _Names:
    """The names that a piece of code reads, binds and imports, and those that its outermost function binds itself."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.bound: set[str] = set()
        self.imported: set[str] = set()
        self.own: set[str] = set()

    @classmethod
    @lru_cache(maxsize=_KEPT)
    def of(cls, source: str) -> "_Names":
        tree, found, own = parse(source), cls(), cls()
        found.add(tree)
        outermost = next((node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)), None)
        for part in (outermost.args, *outermost.body) if outermost else ():
            own.add(part, inner=False)
        found.own = own.bound
        return found

    def add(self, tree: ast.AST, inner: bool = True) -> None:
        """Adds those of a tree; without what is in scopes inside of it if so asked."""
        nodes = [tree]
        while nodes:
            node = nodes.pop()
            self._add(node)
            if inner or not isinstance(node, (*FUNCTIONS, ast.ClassDef, *_SCOPES)):
                nodes += ast.iter_child_nodes(node)

    def _add(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Load() | ast.Del()):
                self.read[name] += 1
            case ast.Name(id=name) | ast.arg(arg=name):
                self.bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.bound.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names = {(alias.asname or alias.name).split(".")[0] for alias in aliases}
                self.bound |= names
                self.imported |= names
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self.bound.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self.bound.update(names)
