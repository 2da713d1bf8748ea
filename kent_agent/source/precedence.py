"""How tightly expressions bind, and where they need parentheses; after the grammar of the language reference."""

import ast

TUPLE, TEST, OR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, TERM, FACTOR, POWER, AWAIT, ATOM = range(16)
_BINARY: dict[type[ast.operator], int] = {
    ast.BitOr: BIT_OR,
    ast.BitXor: BIT_XOR,
    ast.BitAnd: BIT_AND,
    ast.LShift: SHIFT,
    ast.RShift: SHIFT,
    ast.Add: SUM,
    ast.Sub: SUM,
    ast.Pow: POWER,
}
_OPEN = frozenset(  # places that take a tuple without parentheses
    {("Return", "value"), ("Assign", "value"), ("Assign", "targets"), ("AugAssign", "value"), ("Expr", "value")}
    | {("Subscript", "slice"), ("For", "iter"), ("For", "target"), ("AsyncFor", "iter"), ("AsyncFor", "target")}
    | {("Yield", "value"), ("comprehension", "target"), ("AnnAssign", "value"), ("Delete", "targets")}
)
_POSTFIX = frozenset({("Attribute", "value"), ("Subscript", "value"), ("Call", "func")})


def precedence(node: ast.AST, parenthesised: bool = False) -> int:
    """How tightly a node's outermost operator binds. A tuple in parentheses is an atom, one without binds least."""
    match node:
        case ast.Tuple() if not parenthesised:
            return TUPLE
        case ast.NamedExpr() | ast.Yield() | ast.YieldFrom():
            return TUPLE
        case ast.Lambda() | ast.IfExp():
            return TEST
        case ast.BoolOp(op=op):
            return OR if isinstance(op, ast.Or) else AND
        case ast.UnaryOp(op=op):
            return NOT if isinstance(op, ast.Not) else FACTOR
        case ast.Compare():
            return COMPARE
        case ast.BinOp(op=op):
            return _BINARY.get(type(op), TERM)
        case ast.Await():
            return AWAIT
    return ATOM


def required(parent: ast.AST, field: str) -> int:
    """How tightly an expression has to bind to stand in a field of a node without parentheses."""
    if (type(parent).__name__, field) in _POSTFIX:
        return ATOM
    if (type(parent).__name__, field) in _OPEN:
        return TUPLE
    match parent:
        case ast.BoolOp():
            return precedence(parent) + 1
        case ast.Compare() | ast.Starred():
            return BIT_OR
        case ast.BinOp(op=ast.Pow()):
            return AWAIT if field == "left" else FACTOR
        case ast.BinOp():
            return precedence(parent) + (field == "right")
        case ast.UnaryOp(op=op):
            return NOT if isinstance(op, ast.Not) else FACTOR
        case ast.Await():
            return ATOM
        case ast.IfExp():
            return TEST if field == "orelse" else OR
        case ast.comprehension() if field in ("iter", "ifs"):
            return OR
    return TEST
