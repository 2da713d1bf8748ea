"""A test as a script that anybody can run, and the test files without it."""

import ast
import textwrap
import unittest
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kent_agent.source.bindings import bound_names, import_statements, undefined_names
from kent_agent.source.symbols import parse

LONGEST = 60  # lines of a script

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Test:
    """A test function: its file, the class that it stands in or None, and itself."""

    path: str
    owner: ast.ClassDef | None
    node: _Function

    __test__ = False

    @property
    def node_id(self) -> str:
        """As pytest selects it."""
        return "::".join([self.path, *([self.owner.name] if self.owner else []), self.node.name])


def functions_by_id(texts: Mapping[str, str]) -> dict[str, Test]:
    """The test functions in some files, by what a report calls them, without parameters."""
    found: dict[str, Test] = {}
    for path, text in texts.items():
        module = path.removesuffix(".py").replace("/", ".")
        try:
            body = parse(text).body
        except SyntaxError:
            continue
        for owner, node in _functions(body):
            found[f"{module}{f'.{owner.name}' if owner else ''}::{node.name}"] = Test(path, owner, node)
    return found


def _functions(body: list[ast.stmt]) -> Iterator[tuple[ast.ClassDef | None, _Function]]:
    for node in body:
        if isinstance(node, _Function):
            yield None, node
        elif isinstance(node, ast.ClassDef):
            yield from ((node, child) for child in node.body if isinstance(child, _Function))


def without(text: str, tests: Iterable[_Function]) -> str:
    """A test file without some of its functions, in the places of which `pass` stands."""
    lines = text.splitlines(keepends=True)
    for node in sorted(tests, key=lambda node: -node.lineno):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        lines[first - 1 : node.end_lineno] = [f"{' ' * node.col_offset}pass\n"]
    return "".join(lines)


def script(test: Test, text: str) -> str | None:
    """A test's body as a script, below what it needs of its module; None where it is no script by itself.

    Parameters become loops. What needs fixtures, other files of the tests or a test case's helpers is none.
    """
    loops = _loops(test)
    body = _body(test.node, text)
    if loops is None or body is None or isinstance(test.node, ast.AsyncFunctionDef):
        return None
    for loop in loops:
        body = f"{loop}\n{textwrap.indent(body, '    ')}"
    try:
        own = _case(test, text, body)
        if own is None:
            return None
        whole = _with_needed(f"{own}{body}", text)
    except SyntaxError:
        return None
    return whole if whole is not None and whole.count("\n") < LONGEST else None


def _body(node: _Function, text: str) -> str | None:
    """The statements of a function, dedented; None where they leave it."""
    if any(isinstance(each, ast.Return | ast.Yield | ast.YieldFrom | ast.Await | ast.Nonlocal) for each in _own(node)):
        return None
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body or body[0].lineno == node.lineno:
        return None
    lines = text.splitlines()[body[0].lineno - 1 : body[-1].end_lineno]
    return textwrap.dedent("\n".join(lines)).rstrip()


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own(child)


def _loops(test: Test) -> list[str] | None:
    """Loops over the parameters of a test, innermost first; None where it has others."""
    left = [arg.arg for arg in test.node.args.args][bool(test.owner) :]
    loops = []
    for decorator in test.node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, values]):
                bound = _names(names)
            case _:
                return None
        if "param(" in ast.unparse(values) or not set(bound) <= set(left):
            return None
        left = [name for name in left if name not in bound]
        loops.append(f"for {', '.join(bound)} in {ast.unparse(values)}:")
    return None if left else loops


def _names(node: ast.expr) -> list[str]:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ["?"]  # the name of no parameter
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else list(value)


def _case(test: Test, text: str, body: str) -> str | None:
    """What makes `self`, where the body names it; None where that needs more than a plain test case."""
    used = {
        node.attr
        for node in ast.walk(parse(body))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    if test.owner is None or not used:
        return ""
    methods = {node.name: node for node in test.owner.body if isinstance(node, ast.FunctionDef)}
    before = _body(methods["setUp"], text) if "setUp" in methods else ""
    if before is None or not used <= {*dir(unittest.TestCase), *_assigned(before)}:
        return None
    made = "self = unittest.TestCase()\n"
    return f"{made}{before}\n" if before else made


def _assigned(code: str) -> set[str]:
    """Attributes that code sets."""
    nodes = ast.walk(parse(code))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


def _with_needed(code: str, text: str) -> str | None:
    """Code below the imports and definitions of a module that it needs; None where one of them is relative."""
    statements = parse(text).body
    imports = {"unittest": "import unittest"} | import_statements(text)
    wanted: dict[str, str] = {}
    chosen: set[int] = set()
    makers = {name: i for i, each in enumerate(statements) for name in _bound(each)}
    while True:
        definitions = [ast.get_source_segment(text, statements[i]) or "" for i in sorted(chosen)]
        below = [_decorated(statements[i], each) for i, each in zip(sorted(chosen), definitions, strict=True)]
        whole = "\n".join([*wanted.values(), *below, code])
        missing = undefined_names(whole)
        found = {name: imports[name] for name in sorted(missing) if name in imports}
        more = {makers[name] for name in missing if name in makers and name not in imports} - chosen
        if not found and not more:
            break
        wanted |= found
        chosen |= more
    return None if missing or any(each.startswith("from .") for each in wanted.values()) else f"{whole}\n"


def _bound(statement: ast.stmt) -> set[str]:
    return set() if isinstance(statement, ast.Import | ast.ImportFrom) else bound_names(ast.unparse(statement))


def _decorated(statement: ast.stmt, source: str) -> str:
    """A definition below its decorators, which its source leaves out."""
    decorators = getattr(statement, "decorator_list", [])
    return "\n".join([*(f"@{ast.unparse(each)}" for each in decorators), source])
