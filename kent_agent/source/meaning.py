"""What a change to Python source amounts to when run."""

import ast
import warnings
from dataclasses import dataclass

from pyflakes.checker import Checker
from pyflakes.messages import UndefinedLocal, UndefinedName, UnusedImport

from kent_agent.errors import PatchError

_STATEMENT_LISTS = ("body", "orelse", "finalbody")
_LEAVES_THE_BLOCK = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_EFFECTLESS = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.expr_context)


def changed_python(before: str, after: str) -> bool:
    """Whether a change does anything when run.

    False for layout, comments, docstrings, `pass`, bare names and constants, `x = x`, and code that is never reached.
    A `before` that does not parse counts as changed by any `after` that does.

    Raises:
        PatchError: `after` does not parse or compile.
    """
    try:
        # The parser lets pass what only the compiler refuses: repeated parameters, `return` outside a function, ...
        compile(_parse(after), "<after>", "exec", dont_inherit=True)
        meaning = _meaning(after)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise PatchError(f"the changed source does not compile: {error}.") from error
    try:
        return meaning != _meaning(before)
    except (SyntaxError, ValueError, RecursionError):
        return True


@dataclass(frozen=True)
class Names:
    """What is wrong with the names of a source text: those read but bound nowhere, and imports that nothing reads."""

    undefined: frozenset[str]
    unused_imports: frozenset[str]


def faulty_names(source: str) -> Names:
    """What pyflakes says of a source text's names; nothing where it does not parse."""
    try:
        messages = Checker(_parse(source)).messages
    except (SyntaxError, ValueError, RecursionError):
        messages = []
    return Names(
        frozenset(str(m.message_args[0]) for m in messages if isinstance(m, UndefinedName | UndefinedLocal)),
        frozenset(str(m.message_args[0]) for m in messages if isinstance(m, UnusedImport)),
    )


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the source's own invalid escapes
        return ast.parse(source.removeprefix("\ufeff"))


def _meaning(source: str) -> str:
    """A dump of the syntax tree without positions and without statements that do nothing."""
    tree = _parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = None  # u"text" is "text"
        for name in _STATEMENT_LISTS:
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, _reached([statement for statement in statements if not _is_idle(statement)]))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = _without_last_return(node.body)
    return ast.dump(tree)


def _is_idle(statement: ast.stmt) -> bool:
    """`pass`, expressions that only name things (docstrings are one kind), and assignments of a thing to itself."""
    match statement:
        case ast.Pass():
            return True
        case ast.Expr(value=value):
            return all(isinstance(node, _EFFECTLESS) for node in ast.walk(value))
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value):
            return ast.unparse(target) == ast.unparse(value)
    return False


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
