"""What a change to Python source amounts to when run."""

import ast
import warnings
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from pyflakes.checker import Checker
from pyflakes.messages import UndefinedLocal, UndefinedName, UnusedImport

from kent_agent.errors import PatchError

_KEPT = 32  # texts: many candidates are edits of the same few files
_STATEMENT_LISTS = ("body", "orelse", "finalbody")
_LEAVES_THE_BLOCK = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_EFFECTLESS = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.JoinedStr, ast.FormattedValue),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.IfExp, ast.Lambda),
    *(ast.arguments, ast.arg, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)


def changed_python(before: str, after: str) -> bool:
    """Whether a change does anything when run.

    False for layout, comments, docstrings, `pass`, expressions whose value is thrown away, `x = x`, repeated imports,
    imports beside one another in another order or joined, blocks of nothing but these, and code that is never reached.
    A `before` that does not parse counts as changed by any `after` that does.

    Raises:
        PatchError: `after` does not parse.
    """
    try:
        meaning = _meaning(after)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise PatchError(f"the changed source does not parse: {error}.") from error
    try:
        return meaning != _meaning(before)
    except (SyntaxError, ValueError, RecursionError):
        return True


@lru_cache(maxsize=_KEPT)
def compiler_warnings(source: str) -> frozenset[str] | None:
    """What the compiler warns of (calling a literal, comparing by `is` with one, ...); None if it refuses the source.

    The parser lets pass what only the compiler refuses: repeated parameters, `return` outside a function, and more.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(source.removeprefix("\ufeff"), "<source>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return frozenset(str(warning.message) for warning in caught)


@dataclass(frozen=True)
class Names:
    """What is wrong with the names of a source text: those read but bound nowhere, and imports that nothing reads."""

    undefined: frozenset[str]
    unused_imports: frozenset[str]


@lru_cache(maxsize=_KEPT)
def faulty_names(source: str) -> Names:
    """What pyflakes says of a source text's names; nothing where it does not parse."""
    try:
        messages = Checker(_parse(source)).messages
    except (SyntaxError, ValueError, RecursionError, AssertionError):  # it asserts that __future__ stands at the top
        messages = []
    return Names(
        frozenset(str(m.message_args[0]) for m in messages if isinstance(m, UndefinedName | UndefinedLocal)),
        frozenset(str(m.message_args[0]) for m in messages if isinstance(m, UnusedImport)),
    )


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the source's own invalid escapes
        return ast.parse(source.removeprefix("\ufeff"))


@lru_cache(maxsize=_KEPT)
def _meaning(source: str) -> str:
    """A dump of the syntax tree without positions and without statements that do nothing."""
    tree = _parse(source)
    _strip(tree)
    return ast.dump(tree)


def _strip(node: ast.AST) -> None:
    """Takes out of a tree what does nothing, innermost first: a block may be idle only once its parts are gone."""
    for child in ast.iter_child_nodes(node):
        _strip(child)
    if isinstance(node, ast.Constant):
        node.kind = None  # u"text" is "text"
    for name in _STATEMENT_LISTS:
        statements = getattr(node, name, None)
        if isinstance(statements, list):
            parted = _first_imports(_parted(statements))
            setattr(node, name, _reached(_in_order([each for each in parted if not _is_idle(each)])))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        node.body = _without_last_return(node.body)


def _parted(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a block with an import of its own for each name."""
    parted: list[ast.stmt] = []
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                parted += [ast.Import([alias]) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                parted += [ast.ImportFrom(module, [alias], level) for alias in names]
            case _:
                parted.append(statement)
    return parted


def _first_imports(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a block without imports that repeat an earlier one of it."""
    seen: set[str] = set()
    kept = []
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            dump = ast.dump(statement)
            if dump in seen:
                continue
            seen.add(dump)
        kept.append(statement)
    return kept


def _in_order(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a block with the imports that follow one another sorted, where no two bind the same name."""
    ordered: list[ast.stmt] = []
    for _, group in groupby(statements, key=lambda each: isinstance(each, ast.Import | ast.ImportFrom)):
        some = list(group)
        aliases = [alias for each in some if isinstance(each, ast.Import | ast.ImportFrom) for alias in each.names]
        names = {alias.asname or alias.name for alias in aliases}
        ordered += sorted(some, key=ast.dump) if 0 < len(names) == len(aliases) and "*" not in names else some
    return ordered


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement, its own blocks stripped already, does nothing."""
    match statement:
        case ast.Pass() | ast.Assert(test=ast.Constant(value=True)) | ast.Try(body=[], orelse=[], finalbody=[]):
            return True
        case ast.Expr(value=value):  # docstrings are one kind
            return _is_effectless(value)
        case ast.If(test=value, body=[], orelse=[]) | ast.For(iter=value, body=[], orelse=[]):
            return _is_effectless(value)
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value):
            return ast.unparse(target) == ast.unparse(value)
        case ast.AnnAssign(target=ast.Name() as target, value=ast.Name() as value):
            return target.id == value.id
    return False


def _is_effectless(value: ast.expr) -> bool:
    return all(isinstance(node, _EFFECTLESS) for node in ast.walk(value))


def _reached(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a block up to the first that leaves it."""
    for i, statement in enumerate(statements):
        if isinstance(statement, _LEAVES_THE_BLOCK):
            return statements[: i + 1]
    return statements


def _without_last_return(body: list[ast.stmt]) -> list[ast.stmt]:
    """A function's body without a bare `return` at its end."""
    match body:
        case [*rest, ast.Return(value=None | ast.Constant(value=None))]:
            return rest
    return body
