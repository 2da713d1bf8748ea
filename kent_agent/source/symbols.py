"""The symbols of a Python file with their exact line spans."""

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

SymbolKind = Literal["module", "class", "function"]


@dataclass(frozen=True)
class Symbol:
    """A module, class or function.

    Attributes:
        name: qualified by its enclosing symbols (`Parser.parse`); `<module>` for the file itself.
        kind: what it is.
        start: first line, decorators included, 1-based.
        end: last line, inclusive.
    """

    name: str
    kind: SymbolKind
    start: int
    end: int


def parse(source: str) -> ast.Module:
    """The syntax tree of a file, silently: a repository's warnings are not ours to show.

    Raises:
        SyntaxError: the text is not Python for this interpreter (null bytes and too deep nesting included).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error


def symbols(source: str) -> list[Symbol]:
    """All symbols in the order of their lines, the module first; the module alone where the file does not parse."""
    module = Symbol("<module>", "module", 1, max(1, source.count("\n") + 1))
    try:
        tree = parse(source)
    except SyntaxError:
        return [module]
    return [module, *_walk(tree, "")]


def _walk(node: ast.AST, prefix: str) -> Iterator[Symbol]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = prefix + child.name
            kind: SymbolKind = "class" if isinstance(child, ast.ClassDef) else "function"
            yield Symbol(name, kind, _start(child), child.end_lineno or child.lineno)
            yield from _walk(child, name + ".")
        elif not isinstance(child, ast.expr):
            yield from _walk(child, prefix)


def _start(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def bodies(source: str) -> dict[int, int]:
    """The first line of each function -> the first one below its header, whose lines run where it is defined.

    A body on the line of its `def` is taken for a part of the header. None where the file does not parse.
    """
    try:
        tree = parse(source)
    except SyntaxError:
        return {}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {_start(node): max(node.lineno + 1, node.body[0].lineno) for node in functions}


def innermost(found: list[Symbol], line: int) -> Symbol:
    """The smallest symbol that covers a line; the module when no other does."""
    covering = [symbol for symbol in found if symbol.start <= line <= symbol.end]
    return min(covering, key=lambda symbol: symbol.end - symbol.start, default=found[0])


def own_numbers(symbol: Symbol, found: Sequence[Symbol]) -> list[int]:
    """The numbers of a symbol's lines, 1-based; for modules and classes of those that no function inside owns."""
    numbers = range(symbol.start, symbol.end + 1)
    if symbol.kind == "function":
        return list(numbers)
    owned = {
        line
        for other in found
        if other.kind == "function" and symbol.start <= other.start and other.end <= symbol.end
        for line in range(other.start, other.end + 1)
    }
    return [line for line in numbers if line not in owned]


def own_lines(symbol: Symbol, found: Sequence[Symbol], lines: Sequence[str]) -> list[str]:
    """A symbol's lines; for modules and classes those that no function inside owns."""
    return [lines[number - 1] for number in own_numbers(symbol, found) if number <= len(lines)]
