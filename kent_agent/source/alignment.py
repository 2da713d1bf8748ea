"""The statements of two versions of a file, aligned by their syntax.

After tree differencing (GumTree; Falleri et al. 2014): what is equal is matched first, then what is alike; the rest
has come or gone.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from difflib import SequenceMatcher

Block = list[ast.AST]
"""Statements in order; the handlers of a `try` and the cases of a `match` are blocks as well."""

Pair = tuple[ast.AST | None, ast.AST | None]
"""A statement before and after; None where it was not yet, or is no more."""

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
_ALIKE = 0.5  # share of words in common; GumTree's threshold
_LINE_END = re.compile(r"\r\n?|\n")  # as the parser counts lines
_WORD = re.compile(r"\w+|[^\w\s]")


def stripped(statements: Iterable[ast.AST]) -> Block:
    """Statements without docstrings, `pass` and imports; those inside them are taken out in place."""
    kept = [node for node in statements if not _idle(node)]
    for node in kept:
        for name in BLOCKS:
            if hasattr(node, name):
                setattr(node, name, stripped(getattr(node, name)))
    return kept


def _idle(node: ast.AST) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, (ast.Pass, *IMPORTS))


def nested(node: ast.AST) -> Iterator[ast.AST]:
    """The statements in a statement, at any depth."""
    for name in BLOCKS:
        for child in getattr(node, name, ()):
            yield child
            yield from nested(child)


def bare(node: ast.AST) -> ast.AST:
    """A statement with its blocks empty."""
    head = copy(node)
    for name in BLOCKS:
        if hasattr(head, name):
            setattr(head, name, [])
    return head


def aligned(old: Block, new: Block) -> Iterator[Pair]:
    """Pairs of the statements of two blocks that may differ in syntax, in no certain order."""
    if len(old) == len(new) == 1:
        yield from _partners(old, new)
        return
    for a, b, c, d in _differing(map(ast.dump, old), map(ast.dump, new)):
        yield from _partners(old[a:b], new[c:d])


def changed_blocks(old: ast.Module, before: str, new: ast.Module, after: str) -> Iterator[tuple[Block, Block]]:
    """Runs of two files' top statements whose lines differ, stripped: only there need syntax be compared."""
    for a, b, c, d in _differing(_texts(old.body, before), _texts(new.body, after)):
        yield stripped(old.body[a:b]), stripped(new.body[c:d])


def _texts(statements: Sequence[ast.stmt], source: str) -> Iterator[str]:
    lines = _LINE_END.split(source)
    for node in statements:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        yield "\n".join(lines[first - 1 : node.end_lineno])


def _differing(old: Iterable[str], new: Iterable[str]) -> Iterator[tuple[int, int, int, int]]:
    """Ranges `old[a:b]`, `new[c:d]` between what is equal in both."""
    for tag, a, b, c, d in SequenceMatcher(None, list(old), list(new), autojunk=False).get_opcodes():
        if tag != "equal":
            yield a, b, c, d


def _partners(old: Block, new: Block) -> Iterator[Pair]:
    """Pairs of statements, the most alike first, and None beside each statement without a partner."""
    if len(old) == len(new) == 1 and _family(old[0]) == _family(new[0]):
        yield old[0], new[0]  # alone, they need not be alike
        return
    ours, theirs = ([Counter(_WORD.findall(ast.unparse(node))) for node in side] for side in (old, new))
    likeness = {
        (i, j): _likeness(left, right, ours[i], theirs[j]) for i, left in enumerate(old) for j, right in enumerate(new)
    }
    lefts, rights = dict(enumerate(old)), dict(enumerate(new))
    for i, j in sorted(likeness, key=lambda pair: -likeness[pair]):
        if likeness[i, j] >= _ALIKE and i in lefts and j in rights:
            yield lefts.pop(i), rights.pop(j)
    yield from ((left, None) for left in lefts.values())
    yield from ((None, right) for right in rights.values())


def _likeness(left: ast.AST, right: ast.AST, ours: Counter[str], theirs: Counter[str]) -> float:
    """The share of words in common, 1 more under an equal head; below 0 where one cannot turn into the other."""
    if _family(left) != _family(right):
        return -1.0
    share = 2 * (ours & theirs).total() / ((ours.total() + theirs.total()) or 1)
    if isinstance(left, DEFINITIONS):
        return share + (getattr(left, "name", "") == getattr(right, "name", ""))
    return share + (_family(left) != "simple" and ast.dump(bare(left)) == ast.dump(bare(right)))


def _family(node: ast.AST) -> str:
    """What a statement can turn into: compound ones into their own kind, simple ones into each other."""
    compound = any(hasattr(node, name) for name in BLOCKS)
    return type(node).__name__.removeprefix("Async") if compound else "simple"
