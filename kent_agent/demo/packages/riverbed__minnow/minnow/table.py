"""Tables: named columns and rows, never changed once they are made.

Every method returns a new Table. Rows are lists in the order of the columns.
"""

from minnow.aggregates import aggregate
from minnow.expressions import wrap


class ColumnError(KeyError):
    """A column that the table does not have, or has already."""

    def __init__(self, message):
        super().__init__(message)
        self.message = message

    def __str__(self):
        return self.message


class Descending:
    """Wraps a sort key so that it sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return other.value < self.value

    def __eq__(self, other):
        return self.value == other.value

    __hash__ = None


def sort_key(value):
    """None sorts before everything else."""
    return (value is not None, value if value is not None else 0)


class Table:
    """A list of rows below a list of column names.

    Raises ColumnError when a name appears twice, ValueError when a row is too
    short or too long.
    """

    def __init__(self, names, rows):
        self.names = list(names)
        self.rows = [list(row) for row in rows]
        if len(set(self.names)) != len(self.names):
            raise ColumnError("column names must differ: %s" % ", ".join(self.names))
        for row in self.rows:
            if len(row) != len(self.names):
                raise ValueError("a row of %d values in %d columns" % (len(row), len(self.names)))

    # -- looking -----------------------------------------------------------

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        """The rows as dictionaries."""
        for row in self.rows:
            yield dict(zip(self.names, row))

    def __eq__(self, other):
        if not isinstance(other, Table):
            return NotImplemented
        return self.names == other.names and self.rows == other.rows

    __hash__ = None

    def __repr__(self):
        return "<Table of %d rows: %s>" % (len(self.rows), ", ".join(self.names))

    def index(self, name):
        """The position of a column; raises ColumnError that lists the columns."""
        try:
            return self.names.index(name)
        except ValueError:
            known = ", ".join(self.names) or "none"
            raise ColumnError("no column %r; there are: %s" % (name, known))

    def column(self, name):
        """The values of one column."""
        position = self.index(name)
        return [row[position] for row in self.rows]

    def records(self):
        """The rows as a list of dictionaries."""
        return list(self)

    def first(self):
        """The first row as a dictionary, or None."""
        return next(iter(self), None)

    def format(self, limit=20):
        """The table as text with aligned columns, at most ``limit`` rows of it."""
        cells = [self.names] + [[self._cell(value) for value in row] for row in self.rows[:limit]]
        widths = [max(len(line[position]) for line in cells) for position in range(len(self.names))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
        if len(self.rows) > limit:
            lines.append("... %d more" % (len(self.rows) - limit))
        return "\n".join(lines)

    @staticmethod
    def _cell(value):
        if value is None:
            return "-"
        if isinstance(value, float):
            return "%.6g" % value
        return str(value)

    # -- columns -----------------------------------------------------------

    def select(self, *names):
        """The given columns in the given order."""
        positions = [self.index(name) for name in names]
        return Table(names, [[row[position] for position in positions] for row in self.rows])

    def drop(self, *names):
        """All columns but the given ones."""
        for name in names:
            self.index(name)
        return self.select(*[name for name in self.names if name not in names])

    def rename(self, **changes):
        """The same table with ``old="new"`` names."""
        for name in changes:
            self.index(name)
        return Table([changes.get(name, name) for name in self.names], self.rows)

    def with_column(self, name, expression):
        """A column computed from each row; an existing one is replaced."""
        expression = wrap(expression)
        self._check(expression)
        values = [expression.evaluate(record) for record in self]
        if name in self.names:
            position = self.index(name)
            rows = [row[:position] + [value] + row[position + 1 :] for row, value in zip(self.rows, values)]
            return Table(self.names, rows)
        return Table(self.names + [name], [row + [value] for row, value in zip(self.rows, values)])

    def _check(self, expression):
        for name in sorted(expression.columns()):
            self.index(name)

    # -- rows --------------------------------------------------------------

    def where(self, condition):
        """The rows for which an expression is true."""
        condition = wrap(condition)
        self._check(condition)
        kept = [row for row, record in zip(self.rows, self) if condition.evaluate(record)]
        return Table(self.names, kept)

    def limit(self, count, offset=0):
        """At most ``count`` rows from ``offset`` on."""
        return Table(self.names, self.rows[offset : offset + count])

    def distinct(self):
        """Every row once, in the order of first appearance."""
        seen = set()
        kept = []
        for row in self.rows:
            key = tuple(row)
            if key not in seen:
                seen.add(key)
                kept.append(row)
        return Table(self.names, kept)

    def order_by(self, *keys):
        """Sorted by columns, the first one counting most; ``-name`` sorts downwards."""
        rows = list(self.rows)
        for key in keys:
            descending = key.startswith("-")
            position = self.index(key.lstrip("-"))
            if descending:
                rows.sort(key=lambda row: Descending(sort_key(row[position])))
            else:
                rows.sort(key=lambda row: sort_key(row[position]))
        return Table(self.names, rows)

    def append(self, other):
        """The rows of both; the columns of ``other`` may be in another order."""
        if set(other.names) != set(self.names):
            raise ColumnError("the tables have different columns")
        return Table(self.names, self.rows + other.select(*self.names).rows)

    # -- groups ------------------------------------------------------------

    def group_by(self, *names):
        """Groups of rows with equal values in the given columns."""
        return Grouped(self, names)

    def aggregate(self, **columns):
        """One row for the whole table: ``total=("sum", "weight")``."""
        return Grouped(self, ()).aggregate(**columns)

    def pivot(self, index, columns, values, function="sum"):
        """One row for each value of ``index``, one column for each of ``columns``."""
        heads = sorted({value for value in self.column(columns) if value is not None})
        compute = aggregate(function)
        cells = {}
        for record in self:
            cells.setdefault((record[index], record[columns]), []).append(record[values])
        order = list(dict.fromkeys(self.column(index)))
        rows = []
        for key in order:
            row = [key]
            for head in heads:
                found = cells.get((key, head))
                row.append(compute(found) if found else None)
            rows.append(row)
        return Table([index] + [str(head) for head in heads], rows)

    # -- joins -------------------------------------------------------------

    def join(self, other, on, how="inner", suffix="_right"):
        """Rows of both tables that agree in the columns ``on``.

        ``how`` is ``inner`` or ``left``. Columns of ``other`` whose name is
        taken get the suffix. None agrees with nothing.
        """
        if how not in ("inner", "left"):
            raise ValueError("how must be 'inner' or 'left', not %r" % how)
        shared = [on] if isinstance(on, str) else list(on)
        lookup = self._lookup(other, shared)
        extra = [name for name in other.names if name not in shared]
        rows = []
        for row, record in zip(self.rows, self):
            matches = lookup.get(tuple(record[name] for name in shared), [])
            for match in matches:
                rows.append(row + [match[name] for name in extra])
            if not matches and how == "left":
                rows.append(row + [None] * len(extra))
        names = self.names + [name + suffix if name in self.names else name for name in extra]
        return Table(names, rows)

    @staticmethod
    def _lookup(other, names):
        """The records of a table by their values in ``names``."""
        lookup = {}
        for record in other:
            key = tuple(record[name] for name in names)
            if None not in key:
                lookup.setdefault(key, []).append(record)
        return lookup

    # -- statistics --------------------------------------------------------

    def describe(self):
        """A table of count, mean, min and max for each column of numbers."""
        rows = []
        for name in self.names:
            values = self.column(name)
            sample = [value for value in values if value is not None][0]
            if isinstance(sample, bool) or not isinstance(sample, (int, float)):
                continue
            rows.append([name] + [aggregate(what)(values) for what in ("count", "avg", "min", "max")])
        return Table(["column", "count", "avg", "min", "max"], rows)

    def value_counts(self, name):
        """How often each value of a column occurs, the most frequent first."""
        counts = {}
        for value in self.column(name):
            counts[value] = counts.get(value, 0) + 1
        ordered = sorted(counts.items(), key=lambda pair: -pair[1])
        return Table([name, "count"], [list(pair) for pair in ordered])


class Grouped:
    """A table split by the values of some columns; groups keep their first order."""

    def __init__(self, table, names):
        self.table = table
        self.names = list(names)
        positions = [table.index(name) for name in self.names]
        self.groups = {}
        for row in table.rows:
            key = tuple(row[position] for position in positions)
            self.groups.setdefault(key, []).append(row)
        if not self.names and not self.groups:
            self.groups[()] = []

    def __len__(self):
        return len(self.groups)

    def aggregate(self, **columns):
        """A row for each group: the group's values, then ``name=(function, column)``."""
        plan = []
        for function, name in columns.values():
            plan.append((aggregate(function), self.table.index(name)))
        rows = []
        for key, members in self.groups.items():
            computed = [function([row[position] for row in members]) for function, position in plan]
            rows.append(list(key) + computed)
        return Table(self.names + list(columns), rows)

    def tables(self):
        """Pairs of group key and the Table of its rows."""
        return [(key, Table(self.table.names, rows)) for key, rows in self.groups.items()]
