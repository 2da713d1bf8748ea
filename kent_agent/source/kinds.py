"""The kinds of edit between two versions of a file, told from their syntax trees.

Statements are aligned first (`kent_agent.source.alignment`); what stayed in another shape is compared node by node, and
what came or went may have moved, or be wrapped by what came. Comments, docstrings, `pass`, formatting and the order of
imports are no edits.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from kent_agent.source.alignment import (
    BLOCKS,
    DEFINITIONS,
    FUNCTIONS,
    IMPORTS,
    Block,
    aligned,
    bare,
    changed_blocks,
    nested,
)
from kent_agent.source.symbols import SymbolKind, parse
from kent_agent.task import Operation


class EditKind(StrEnum):
    """What an edit does to the syntax of a file: the productions of the edit grammar."""

    REPLACE_EXPRESSION = "replace_expression"
    RENAME = "rename"  # another identifier or attribute in an expression
    INSERT_STATEMENT = "insert_statement"
    ADD_ELEMENT = "add_element"  # an argument, keyword, element, entry or exception type
    EDIT_LITERAL = "edit_literal"
    DELETE_STATEMENT = "delete_statement"
    MOVE_STATEMENT = "move_statement"
    SWAP_OPERATOR = "swap_operator"
    WRAP_STATEMENT = "wrap_statement"  # in an `if`, or in another compound statement
    INSERT_GUARD = "insert_guard"  # an `if` that only leaves: return, raise, continue, break
    EXTEND_CONDITION = "extend_condition"  # by an `and` or `or`
    ADD_IMPORT = "add_import"
    DELETE_IMPORT = "delete_import"
    ADD_FUNCTION = "add_function"  # or a class
    DELETE_FUNCTION = "delete_function"
    CHANGE_SIGNATURE = "change_signature"  # a definition's name, parameters, bases or decorators
    REWRITE_FUNCTION = "rewrite_function"  # less than half of its statements stay


OPERATION_OF: Mapping[EditKind, Operation] = dict.fromkeys(EditKind, Operation.MODIFY_LINE) | {
    EditKind.INSERT_STATEMENT: Operation.ADD_LINE,
    EditKind.INSERT_GUARD: Operation.ADD_LINE,
    EditKind.DELETE_STATEMENT: Operation.DELETE_LINE,
    EditKind.ADD_IMPORT: Operation.ADD_IMPORT,
    EditKind.DELETE_IMPORT: Operation.DELETE_IMPORT,
    EditKind.ADD_FUNCTION: Operation.ADD_FUNCTION,
    EditKind.DELETE_FUNCTION: Operation.DELETE_FUNCTION,
    EditKind.CHANGE_SIGNATURE: Operation.MODIFY_FUNCTION,
    EditKind.REWRITE_FUNCTION: Operation.MODIFY_FUNCTION,
}


class Change(NamedTuple):
    """One edit: its kind, and the kind of symbol it is made in (the symbol itself, where that goes or changes)."""

    kind: EditKind
    scope: SymbolKind


def kinds_between(before: str, after: str) -> Counter[EditKind]:
    """How many edits of each kind turn one version of a file into the next; whatever the size of its hunks.

    A statement counts once with all that it holds, the imports from one module once with all their names.

    Raises:
        SyntaxError: either version does not parse.
    """
    return Counter(change.kind for change in changes_between(before, after))


def gold_operation(kinds: Mapping[EditKind, int]) -> Operation:
    """The operation of most edits; the first in Operation's order of those that tie.

    Raises:
        ValueError: there is no edit.
    """
    counts = Counter[Operation]()
    for kind, count in kinds.items():
        counts[OPERATION_OF[kind]] += count
    if not counts.total():
        raise ValueError("No edit, hence no operation.")
    return max(Operation, key=lambda operation: counts[operation])


def changes_between(before: str, after: str) -> list[Change]:
    """The edits behind `kinds_between`, each with where it is made.

    Raises:
        SyntaxError: either version does not parse.
    """
    old, new = parse(before), parse(after)
    comparison = _Comparison()
    try:
        imported = dict(_imports(old, "module")), dict(_imports(new, "module"))
        for left, right in changed_blocks(old, before, new, after):
            comparison.compare(left, right, "module")
        return [*comparison.settled(), *_import_changes(*imported)]
    except RecursionError as error:
        raise SyntaxError("nested too deeply") from error


Placed = tuple[ast.AST, SymbolKind]
"""A statement and the kind of symbol that it stands in."""

_OPERATORS = (ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_LITERALS = (ast.Constant, ast.JoinedStr)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class _Comparison:
    """Collects what differs between two versions.

    Attributes:
        changes: edits within statements that stayed.
        gone, come: statements that only one version has in place.
    """

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.gone: list[Placed] = []
        self.come: list[Placed] = []

    def compare(self, old: Block, new: Block, scope: SymbolKind) -> None:
        """Collects from two blocks, and from what is nested in statements that stayed."""
        for left, right in aligned(old, new):
            if left is None and right is not None:
                self.come.append((right, scope))
            elif left is not None and right is None:
                self.gone.append((left, _scope(left, scope)))
            elif left is not None and right is not None:
                self._compare_pair(left, right, _scope(left, scope))

    def _compare_pair(self, left: ast.AST, right: ast.AST, scope: SymbolKind) -> None:
        if isinstance(left, FUNCTIONS) and _rewritten(left, right):
            self.changes.append(Change(EditKind.REWRITE_FUNCTION, scope))
            return
        self.changes += [Change(kind, scope) for kind in _head_kinds(left, right)]
        for name in BLOCKS:
            self.compare(getattr(left, name, []), getattr(right, name, []), scope)

    def settled(self) -> Iterator[Change]:
        """All edits, once what has come or gone is told apart from what was moved, wrapped or unwrapped."""
        yield from self.changes
        common = _names(node for node, _ in self.gone) & _names(node for node, _ in self.come)
        moved, come = _taken(self.come, common)
        _, gone = _taken(self.gone, common)
        yield from (Change(EditKind.MOVE_STATEMENT, scope) for _, scope in moved)
        for placed in list(come):
            wrapped, gone = _taken(gone, _inside(placed[0]))
            if wrapped:
                come.remove(placed)
                yield Change(EditKind.WRAP_STATEMENT, placed[1])
        for node, scope in gone:
            _, come = _taken(come, _inside(node))
            definition = isinstance(node, DEFINITIONS)
            yield Change(EditKind.DELETE_FUNCTION if definition else EditKind.DELETE_STATEMENT, scope)
        yield from (Change(_arrival(node), scope) for node, scope in come)


def _scope(node: ast.AST, around: SymbolKind) -> SymbolKind:
    return "class" if isinstance(node, ast.ClassDef) else "function" if isinstance(node, FUNCTIONS) else around


def _imports(node: ast.AST, scope: SymbolKind) -> Iterator[tuple[str, tuple[str, SymbolKind]]]:
    """Imports as text, one a name, each with its module and the kind of symbol that it stands in."""
    for name in BLOCKS:
        for child in getattr(node, name, ()):
            if isinstance(child, IMPORTS):
                module = "." * child.level + (child.module or "") if isinstance(child, ast.ImportFrom) else ""
                for alias in child.names:
                    yield f"{module} {alias.name} {alias.asname}", (module or alias.name, scope)
            yield from _imports(child, _scope(child, scope))


def _import_changes(
    old: Mapping[str, tuple[str, SymbolKind]], new: Mapping[str, tuple[str, SymbolKind]]
) -> Iterator[Change]:
    for kind, from_, to in ((EditKind.ADD_IMPORT, old, new), (EditKind.DELETE_IMPORT, new, old)):
        modules = {to[name] for name in to.keys() - from_.keys()}
        yield from (Change(kind, scope) for _, scope in sorted(modules))


def _rewritten(left: ast.AST, right: ast.AST) -> bool:
    """Whether less than half of a function's statements stay, of at least four in a version."""
    old, new = (_names(map(bare, nested(node))) for node in (left, right))
    return max(old.total(), new.total()) >= 4 and 4 * (old & new).total() < old.total() + new.total()


def _head_kinds(left: ast.AST, right: ast.AST) -> list[EditKind]:
    """The kinds of edit in a statement, blocks apart: three at once are a new expression."""
    left, right = bare(left), bare(right)
    if isinstance(left, DEFINITIONS):
        return [EditKind.CHANGE_SIGNATURE] if _text(left) != _text(right) else []
    kinds = sorted(set(_edits(left, right)))
    return kinds if len(kinds) < 3 else [EditKind.REPLACE_EXPRESSION]


def _edits(ours: object, theirs: object) -> Iterator[EditKind]:
    """The kinds of edit that turn one node, list of nodes, or name into another."""
    if _text(ours) == _text(theirs):
        return
    if isinstance(ours, ast.AST) and isinstance(theirs, ast.AST):
        yield from _node_edits(ours, theirs)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for our, their in zip(ours, theirs, strict=True):
            yield from _edits(our, their)
    elif isinstance(ours, list) and isinstance(theirs, list) and _extends(theirs, ours):
        yield EditKind.ADD_ELEMENT
    else:
        names = isinstance(ours, str) and isinstance(theirs, str)
        yield EditKind.RENAME if names else EditKind.REPLACE_EXPRESSION


def _node_edits(left: ast.AST, right: ast.AST) -> Iterator[EditKind]:
    if isinstance(right, ast.BoolOp) and _extends(right.values, _operands(left, right.op)):
        yield EditKind.EXTEND_CONDITION
    elif isinstance(right, ast.Tuple | ast.List | ast.Set) and _extends(right.elts, [left]):
        yield EditKind.ADD_ELEMENT
    elif isinstance(left, _LITERALS) and isinstance(right, _LITERALS):
        yield EditKind.EDIT_LITERAL
    elif isinstance(left, _OPERATORS) and isinstance(right, _OPERATORS):
        yield EditKind.SWAP_OPERATOR
    elif type(left) is not type(right):
        yield EditKind.REPLACE_EXPRESSION
    else:
        for name in left._fields:
            yield from _edits(getattr(left, name, None), getattr(right, name, None))


def _operands(node: ast.AST, operator: ast.boolop) -> Sequence[ast.AST]:
    """What a condition joins by an operator; itself where it is no such condition."""
    return node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, type(operator)) else [node]


def _extends(longer: Sequence[object], shorter: Sequence[object]) -> bool:
    """Whether the shorter list is a proper subsequence of the longer one."""
    rest = map(_text, longer)
    return len(shorter) < len(longer) and all(item in rest for item in map(_text, shorter))


def _text(value: object) -> str:
    if isinstance(value, list):
        return str([*map(_text, value)])
    return ast.dump(value) if isinstance(value, ast.AST) else repr(value)


def _names(statements: Iterable[ast.AST]) -> Counter[str]:
    return Counter(map(ast.dump, statements))


def _inside(node: ast.AST) -> Counter[str]:
    """The statements in a compound statement that is no definition."""
    return Counter() if isinstance(node, DEFINITIONS) else _names(nested(node))


def _taken(pool: Sequence[Placed], names: Counter[str]) -> tuple[list[Placed], list[Placed]]:
    """The statements of a pool that have these names, each as often as counted, and the rest."""
    left = names.copy()
    taken: list[Placed] = []
    rest: list[Placed] = []
    for placed in pool:
        name = ast.dump(placed[0])
        (taken if left[name] > 0 else rest).append(placed)
        left[name] -= 1
    return taken, rest


def _arrival(node: ast.AST) -> EditKind:
    if isinstance(node, DEFINITIONS):
        return EditKind.ADD_FUNCTION
    guard = isinstance(node, ast.If) and not node.orelse and isinstance([None, *node.body][-1], _LEAVING)
    return EditKind.INSERT_GUARD if guard else EditKind.INSERT_STATEMENT
