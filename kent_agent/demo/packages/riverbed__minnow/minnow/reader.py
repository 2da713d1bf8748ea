"""Reading CSV text and guessing the types of its columns."""

import csv
import io

from minnow.table import Table

NULLS = frozenset(["", "NA", "null"])
TRUE_WORDS = frozenset(["true", "yes"])
FALSE_WORDS = frozenset(["false", "no"])


def as_bool(text):
    lowered = text.lower()
    if lowered in TRUE_WORDS:
        return True
    if lowered in FALSE_WORDS:
        return False
    raise ValueError("not a truth value: %r" % text)


CONVERTERS = (int, float, as_bool)


def guess_converter(texts):
    """The first converter that takes all of ``texts``; str when none does."""
    if not texts:
        return str
    for converter in CONVERTERS:
        try:
            for text in texts:
                converter(text)
        except ValueError:
            continue
        return converter
    return str


def convert_column(texts):
    """A column of text as typed values, None for the null markers."""
    cleaned = [text.strip() for text in texts]
    converter = guess_converter([text for text in cleaned if text not in NULLS])
    return [None if text in NULLS else converter(text) for text in cleaned]


def parse_csv(text, types=True):
    """CSV text with a header line as a Table.

    With ``types`` off, every value stays text. Raises ValueError for rows
    whose number of cells differs from the header's.
    """
    lines = [line for line in csv.reader(io.StringIO(text)) if line]
    if not lines:
        return Table([], [])
    header = [name.strip() for name in lines[0]]
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise ValueError("row %d has %d cells instead of %d" % (number, len(line), len(header)))
    columns = [[line[index] for line in lines[1:]] for index in range(len(header))]
    if types:
        columns = [convert_column(column) for column in columns]
    return Table(header, [list(row) for row in zip(*columns)])


def read_csv(path, types=True, encoding="utf-8"):
    """The CSV file at ``path`` as a Table."""
    with io.open(str(path), encoding=encoding, newline="") as stream:
        return parse_csv(stream.read(), types)


def read_records(records):
    """A Table of dictionaries; columns in the order in which they first appear."""
    names = []
    for record in records:
        for name in record:
            if name not in names:
                names.append(name)
    return Table(names, [[record.get(name) for name in names] for record in records])
