"""Expressions over the columns of a row, built with Python's operators.

>>> (col("weight") * 2 > 3).evaluate({"weight": 2})
True

As in SQL, a comparison or an operation with None gives None, and None is not true.
"""

import operator
import re


class Expression:
    """Base class; ``evaluate`` takes a row as a dictionary."""

    def evaluate(self, row):
        raise NotImplementedError

    def columns(self):
        """The names of the columns that the expression reads."""
        return set()

    def __eq__(self, other):
        return Binary("=", self, wrap(other))

    def __ne__(self, other):
        return Binary("!=", self, wrap(other))

    def __lt__(self, other):
        return Binary("<", self, wrap(other))

    def __le__(self, other):
        return Binary("<=", self, wrap(other))

    def __gt__(self, other):
        return Binary(">", self, wrap(other))

    def __ge__(self, other):
        return Binary(">=", self, wrap(other))

    def __add__(self, other):
        return Binary("+", self, wrap(other))

    def __sub__(self, other):
        return Binary("-", self, wrap(other))

    def __mul__(self, other):
        return Binary("*", self, wrap(other))

    def __truediv__(self, other):
        return Binary("/", self, wrap(other))

    def __and__(self, other):
        return And(self, wrap(other))

    def __or__(self, other):
        return Or(self, wrap(other))

    def __invert__(self):
        return Not(self)

    __hash__ = object.__hash__

    def is_null(self):
        return IsNull(self)

    def is_in(self, values):
        return In(self, values)

    def like(self, pattern):
        """Match a pattern in which % is any text and _ any one character."""
        return Like(self, pattern)


class Column(Expression):
    def __init__(self, name):
        self.name = name

    def evaluate(self, row):
        return row[self.name]

    def columns(self):
        return {self.name}

    def __repr__(self):
        return "col(%r)" % self.name


class Literal(Expression):
    def __init__(self, value):
        self.value = value

    def evaluate(self, row):
        return self.value

    def __repr__(self):
        return repr(self.value)


OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Binary(Expression):
    def __init__(self, symbol, left, right):
        self.symbol = symbol
        self.left = left
        self.right = right

    def evaluate(self, row):
        left = self.left.evaluate(row)
        right = self.right.evaluate(row)
        if left is None or right is None:
            return None
        return OPERATORS[self.symbol](left, right)

    def columns(self):
        return self.left.columns() | self.right.columns()

    def __repr__(self):
        return "(%r %s %r)" % (self.left, self.symbol, self.right)


class And(Expression):
    def __init__(self, left, right):
        self.left = left
        self.right = right

    def evaluate(self, row):
        left = self.left.evaluate(row)
        if left is False:
            return False
        right = self.right.evaluate(row)
        if right is False:
            return False
        return None if left is None or right is None else bool(left and right)

    def columns(self):
        return self.left.columns() | self.right.columns()


class Or(Expression):
    def __init__(self, left, right):
        self.left = left
        self.right = right

    def evaluate(self, row):
        left = self.left.evaluate(row)
        if left:
            return True
        right = self.right.evaluate(row)
        if right:
            return True
        return None if left is None or right is None else False

    def columns(self):
        return self.left.columns() | self.right.columns()


class Not(Expression):
    def __init__(self, inner):
        self.inner = inner

    def evaluate(self, row):
        value = self.inner.evaluate(row)
        return None if value is None else not value

    def columns(self):
        return self.inner.columns()


class IsNull(Expression):
    def __init__(self, inner):
        self.inner = inner

    def evaluate(self, row):
        return self.inner.evaluate(row) is None

    def columns(self):
        return self.inner.columns()


class In(Expression):
    def __init__(self, inner, values):
        self.inner = inner
        self.values = frozenset(values)

    def evaluate(self, row):
        value = self.inner.evaluate(row)
        return None if value is None else value in self.values

    def columns(self):
        return self.inner.columns()


class Like(Expression):
    def __init__(self, inner, pattern):
        self.inner = inner
        self.pattern = pattern
        self.regex = re.compile(pattern.replace("%", ".*").replace("_", "."), re.DOTALL)

    def evaluate(self, row):
        value = self.inner.evaluate(row)
        return None if value is None else self.regex.fullmatch(str(value)) is not None

    def columns(self):
        return self.inner.columns()


def wrap(value):
    """``value`` as an expression."""
    return value if isinstance(value, Expression) else Literal(value)


def col(name):
    """The column ``name``."""
    return Column(name)


def lit(value):
    """A constant."""
    return Literal(value)
