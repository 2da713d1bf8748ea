"""Names that a piece of code binds, needs and imports."""

import ast
import builtins
import symtable
import warnings
from collections.abc import Iterator

from kent_agent.source.symbols import parse

_KNOWN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__builtins__"}
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)


def bound_names(code: str) -> set[str]:
    """Names that the module binds: by assignment, definition or import.

    Raises:
        SyntaxError: the code does not parse.
    """
    return {symbol.get_name() for symbol in _table(code).get_symbols() if _binds(symbol)}


def undefined_names(code: str) -> set[str]:
    """Names that would raise a NameError; none where a star import may bind any.

    A function's names may be bound below it, a module's only above.

    Raises:
        SyntaxError: the code does not parse.
    """
    tree = parse(code)
    if any(alias.name == "*" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names):
        return set()
    needed: set[str] = set()
    late: set[str] = set()
    bound: set[str] = set()
    for statement in tree.body:
        table = _table(ast.unparse(statement))
        simple = isinstance(statement, _SIMPLE)
        needed |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (simple or not _binds(symbol)) and symbol.get_name() not in bound
        }
        late |= set(_globals_below(table))
        bound |= {symbol.get_name() for symbol in table.get_symbols() if _binds(symbol)}
    return (needed | (late - bound)) - _KNOWN


def import_statements(code: str) -> dict[str, str]:
    """For each name that a module-level import binds, the statement that imports it alone.

    Raises:
        SyntaxError: the code does not parse.
    """
    found: dict[str, str] = {}
    for node in parse(code).body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = ast.unparse(ast.Import([alias]))
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            for alias in node.names:
                found[alias.asname or alias.name] = ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
    return found


def imported_modules(code: str) -> set[str]:
    """Dotted names of the modules that code imports from, at any depth of it.

    Raises:
        SyntaxError: the code does not parse.
    """
    found: set[str] = set()
    for node in ast.walk(parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def _table(code: str) -> symtable.SymbolTable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return symtable.symtable(code, "<snippet>", "exec")
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _globals_below(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that the functions and classes in a table look up in the module."""
    for child in table.get_children():
        yield from (symbol.get_name() for symbol in child.get_symbols() if symbol.is_global())
        yield from _globals_below(child)
