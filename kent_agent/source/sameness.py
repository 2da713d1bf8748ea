"""Whether two pieces of syntax are the same, comments, docstrings, `pass` and formatting aside."""

import ast
from collections.abc import Sequence

from kent_agent.source.alignment import BLOCKS

Fact = tuple[str, str, str | None]
"""A module, a name of it (empty for the module itself), and what it is called."""


def effective(statements: Sequence[ast.AST]) -> list[ast.AST]:
    """The statements of a block without docstrings and `pass`."""
    return [node for node in statements if not _idle(node)]


def _idle(node: ast.AST) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def same(left: object, right: object) -> bool:
    """Whether two nodes, lists of nodes or values of fields are the same."""
    if isinstance(left, ast.AST):
        return type(left) is type(right) and isinstance(right, ast.AST) and _same_nodes(left, right)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and (left == right) and repr(left) == repr(right)  # 0.0 is not -0.0


def _same_nodes(left: ast.AST, right: ast.AST) -> bool:
    if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        return same(left.value, right.value)  # u"text" is "text"
    if isinstance(left, ast.expr_context):
        return True
    for name in left._fields:
        ours, theirs = getattr(left, name, None), getattr(right, name, None)
        if name in BLOCKS and isinstance(ours, list) and isinstance(theirs, list):
            ours, theirs = effective(ours), effective(theirs)
        if not same(ours, theirs):
            return False
    return True


def import_facts(body: Sequence[ast.AST]) -> dict[Fact, tuple[ast.AST, ast.alias]]:
    """What the import statements among these import, in their order, each with its statement and name."""
    facts: dict[Fact, tuple[ast.AST, ast.alias]] = {}
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                facts.setdefault(_fact(node, alias), (node, alias))
    return facts


def _fact(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Fact:
    if isinstance(node, ast.Import):
        return alias.name, "", alias.asname
    return "." * node.level + (node.module or ""), alias.name, alias.asname


def normal_form(value: object) -> str:
    """A text that two pieces of syntax have in common exactly if they are the same."""
    if isinstance(value, ast.expr_context):
        return ""
    if isinstance(value, ast.AST):
        fields = ((name, getattr(value, name, None)) for name in value._fields if name != "kind")
        parts = [normal_form(effective(v) if name in BLOCKS and isinstance(v, list) else v) for name, v in fields]
        return f"{type(value).__name__}({','.join(parts)})"
    return f"[{','.join(map(normal_form, value))}]" if isinstance(value, list) else repr(value)
