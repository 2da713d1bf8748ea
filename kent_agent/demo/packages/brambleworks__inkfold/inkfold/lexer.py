"""Physical lines to logical lines: comments removed, continuations joined.

A backslash at the end of a line joins it with the next one. A list may span
lines until its closing bracket. ``#`` and ``;`` begin a comment unless they
stand inside quotes.
"""

from inkfold.errors import ParseError

COMMENT_MARKS = "#;"
QUOTES = "\"'"


class LogicalLine:
    """One statement of the file and the physical line on which it began."""

    __slots__ = ("number", "text")

    def __init__(self, number, text):
        self.number = number
        self.text = text

    def __repr__(self):
        return "LogicalLine(%d, %r)" % (self.number, self.text)


def strip_comment(text):
    """``text`` without its trailing comment; quotes protect the marks."""
    quote = None
    index = 0
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\" and quote == '"':
                index += 1
            elif char == quote:
                quote = None
        elif char in QUOTES:
            quote = char
        elif char in COMMENT_MARKS:
            return text[:index].rstrip()
        index += 1
    return text.rstrip()


def bracket_depth(text):
    """How many brackets ``text`` opens and does not close, outside quotes."""
    depth = 0
    quote = None
    index = 0
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\" and quote == '"':
                index += 1
            elif char == quote:
                quote = None
        elif char in QUOTES:
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        index += 1
    return depth


def logical_lines(text, source=None):
    """Yield the LogicalLines of ``text``.

    Raises ParseError for a list or a continuation that the end of the file cuts off.
    """
    pending = []
    started = 0
    depth = 0
    continued = False
    for number, raw in enumerate(text.splitlines(), start=1):
        line = strip_comment(raw)
        if not pending and not line.strip():
            continue
        if not pending:
            started = number
        continued = line.endswith("\\")
        if continued:
            line = line[:-1]
        pending.append(line.strip())
        depth += bracket_depth(line)
        if continued or depth > 0:
            continue
        yield LogicalLine(started, " ".join(part for part in pending if part))
        pending = []
        depth = 0
    if pending:
        what = "continuation" if continued else "list"
        raise ParseError("unfinished %s at the end of the file" % what, started, source=source)


def split_assignment(line, source=None):
    """``key = value`` as a pair; the key may be quoted and may not be empty."""
    text = line.text
    position = text.find("=")
    if position < 0:
        raise ParseError("expected 'key = value'", line.number, source=source)
    key = text[:position].strip()
    value = text[position + 1 :].strip()
    if len(key) >= 2 and key[0] in QUOTES and key[-1] == key[0]:
        key = key[1:-1]
    if not key:
        raise ParseError("a value without a key", line.number, position + 1, source)
    return key, value
