"""minnow: tables in memory."""

from minnow.expressions import col, lit
from minnow.reader import read_csv, read_records
from minnow.table import ColumnError, Table

__version__ = "0.9.1"

__all__ = ["ColumnError", "Table", "col", "lit", "read_csv", "read_records"]
