"""A small SELECT dialect.

    SELECT name, weight FROM catches
    WHERE weight > 2 AND NOT river = 'Wye'
    ORDER BY weight DESC, name LIMIT 10

Keywords are not case-sensitive; names and strings are.
"""

import re

from minnow.expressions import And, Binary, IsNull, Like, Not, Or, col, lit

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<string>'(?:[^']|'')*')"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<symbol><=|>=|<>|!=|[=<>+\-*/(),]))"
)

COMPARISONS = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class QueryError(ValueError):
    """The text is not a query of the dialect."""


def tokenize(text):
    """Pairs of kind and text."""
    tokens = []
    position = 0
    text = text.rstrip().rstrip(";")
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise QueryError("cannot read the query from %r on" % text[position : position + 20])
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens


class QueryParser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text):
        self.tokens = tokenize(text)
        self.position = 0

    # -- tokens ------------------------------------------------------------

    def peek(self):
        return self.tokens[self.position] if self.position < len(self.tokens) else ("end", "")

    def take(self):
        token = self.peek()
        self.position += 1
        return token

    def accept(self, text):
        """Step over ``text`` if it comes next."""
        kind, found = self.peek()
        if kind in ("word", "symbol") and found.upper() == text:
            self.position += 1
            return True
        return False

    def expect(self, text):
        if not self.accept(text):
            raise QueryError("expected %s, found %r" % (text, self.peek()[1] or "the end"))

    def name(self):
        kind, found = self.take()
        if kind != "word":
            raise QueryError("expected a name, found %r" % (found or "the end"))
        return found

    def integer(self):
        kind, found = self.take()
        if kind != "number" or not found.isdigit():
            raise QueryError("expected a whole number, found %r" % (found or "the end"))
        return int(found)

    # -- clauses -----------------------------------------------------------

    def parse(self, tables):
        """Run the query over a dictionary of tables."""
        self.expect("SELECT")
        unique = self.accept("DISTINCT")
        names = self.select_list()
        self.expect("FROM")
        source = self.name()
        if source not in tables:
            raise QueryError("no table %r" % source)
        table = tables[source]
        if self.accept("WHERE"):
            table = table.where(self.disjunction())
        if self.accept("ORDER"):
            self.expect("BY")
            table = table.order_by(*self.order_keys())
        if names is not None:
            table = table.select(*names)
        if unique:
            table = table.distinct()
        if self.accept("LIMIT"):
            table = table.limit(self.integer())
        if self.peek()[0] != "end":
            raise QueryError("unexpected %r" % self.peek()[1])
        return table

    def select_list(self):
        """The names, or None for the asterisk."""
        if self.accept("*"):
            return None
        names = [self.name()]
        while self.accept(","):
            names.append(self.name())
        return names

    def order_keys(self):
        keys = []
        while True:
            name = self.name()
            if self.accept("DESC"):
                name = "-" + name
            else:
                self.accept("ASC")
            keys.append(name)
            if not self.accept(","):
                return keys

    # -- conditions --------------------------------------------------------

    def disjunction(self):
        left = self.conjunction()
        while self.accept("OR"):
            left = Or(left, self.conjunction())
        return left

    def conjunction(self):
        left = self.negation()
        while self.accept("AND"):
            left = And(left, self.negation())
        return left

    def negation(self):
        if self.accept("NOT"):
            return Not(self.negation())
        return self.comparison()

    def comparison(self):
        left = self.sum()
        if self.accept("IS"):
            negated = self.accept("NOT")
            self.expect("NULL")
            return Not(IsNull(left)) if negated else IsNull(left)
        if self.accept("LIKE"):
            kind, found = self.take()
            if kind != "string":
                raise QueryError("LIKE needs a string")
            return Like(left, unquote(found))
        kind, found = self.peek()
        if kind == "symbol" and found in COMPARISONS:
            self.take()
            return Binary(COMPARISONS[found], left, self.sum())
        return left

    def sum(self):
        left = self.product()
        while self.peek()[1] in ("+", "-"):
            left = Binary(self.take()[1], left, self.product())
        return left

    def product(self):
        left = self.atom()
        while self.peek()[1] in ("*", "/"):
            left = Binary(self.take()[1], left, self.atom())
        return left

    def atom(self):
        kind, found = self.take()
        if kind == "number":
            return lit(float(found) if "." in found else int(found))
        if kind == "string":
            return lit(unquote(found))
        if kind == "word":
            return lit(None) if found.upper() == "NULL" else col(found)
        if found == "(":
            inner = self.disjunction()
            self.expect(")")
            return inner
        raise QueryError("unexpected %r" % (found or "the end"))


def unquote(text):
    """The inside of a string token; a doubled quote is a quote."""
    return text[1:-1].replace("''", "'")


def query(text, tables):
    """The result of a SELECT over ``tables``, a dictionary of Tables by name.

    Raises QueryError for text outside the dialect, ColumnError for unknown columns.
    """
    return QueryParser(text).parse(tables)
