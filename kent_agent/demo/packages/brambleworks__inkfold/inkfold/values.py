"""Text of a value to a Python object and back.

=============  ==========================
``"a b"``      str, with escapes
``'a b'``      str, taken literally
``42``         int, also ``1_000``, ``0x1f``
``2.5``        float, also ``1e-3``
``yes``        bool: yes/no, true/false, on/off
``4MiB``       int, a size in bytes
``90s``        float, a duration in seconds
``[a, b]``     list
``none``       None
anything else  str
=============  ==========================
"""

import re

from inkfold.errors import ParseError

TRUE_WORDS = frozenset(["yes", "true", "on"])
FALSE_WORDS = frozenset(["no", "false", "off"])

SIZE_UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

TIME_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

INTEGER = re.compile(r"[+-]?(0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)$")
FLOAT = re.compile(r"[+-]?([0-9][0-9_]*)?\.?[0-9]+([eE][+-]?[0-9]+)?$")
QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)$")

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "0": "\0"}


def parse_value(text, line=0, source=None):
    """The Python object that ``text`` stands for.

    Raises ParseError, with ``line`` and ``source``, for broken quotes and lists.
    """
    text = text.strip()
    if not text:
        return ""
    if text[0] == '"':
        return parse_quoted(text, line, source)
    if text[0] == "'":
        if len(text) < 2 or text[-1] != "'":
            raise ParseError("unclosed quote", line, source=source)
        return text[1:-1]
    if text[0] == "[":
        return parse_list(text, line, source)
    return parse_word(text)


def parse_word(text):
    """An unquoted value: a number, a word with a meaning, a quantity, or plain text."""
    lowered = text.lower()
    if lowered in TRUE_WORDS:
        return True
    if lowered in FALSE_WORDS:
        return False
    if lowered == "none":
        return None
    if INTEGER.match(text):
        return int(text.replace("_", ""), 0) if text.lstrip("+-").startswith(("0x", "0o")) else int(text)
    if FLOAT.match(text):
        return float(text)
    quantity = parse_quantity(text)
    if quantity is not None:
        return quantity
    return text


def parse_quantity(text):
    """Bytes for a size, seconds for a duration, None for anything else."""
    match = QUANTITY.match(text)
    if match is None:
        return None
    number, unit = match.groups()
    if unit in SIZE_UNITS:
        return int(float(number)) * SIZE_UNITS[unit]
    if unit in TIME_UNITS:
        return float(number) * TIME_UNITS[unit]
    return None


def parse_quoted(text, line=0, source=None):
    """A double-quoted string with its escapes replaced."""
    result = []
    index = 1
    while index < len(text):
        char = text[index]
        if char == '"':
            if text[index + 1 :].strip():
                raise ParseError("text after the closing quote", line, index + 2, source)
            return "".join(result)
        if char == "\\":
            index += 1
            code = text[index : index + 1]
            if code not in ESCAPES:
                raise ParseError("unknown escape \\%s" % code, line, index, source)
            char = ESCAPES[code]
        result.append(char)
        index += 1
    raise ParseError("unclosed quote", line, source=source)


def split_items(text):
    """The items of a list's inside, split at commas outside quotes and brackets."""
    items = []
    depth = 0
    quote = None
    current = []
    for char in text:
        if quote:
            if char == quote:
                quote = None
        elif char in "\"'":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif char == "," and depth == 0:
            items.append("".join(current))
            current = []
            continue
        current.append(char)
    if "".join(current).strip():
        items.append("".join(current))
    return items


def parse_list(text, line=0, source=None):
    """``[a, b, c]``, nested if need be; a trailing comma is allowed."""
    if text[-1] != "]":
        raise ParseError("unclosed list", line, source=source)
    return [parse_value(item, line, source) for item in split_items(text[1:-1])]


def format_value(value):
    """The shortest text that parse_value reads as ``value``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(format_value(item) for item in value)
    text = str(value)
    if needs_quotes(text):
        return quote(text)
    return text


def needs_quotes(text):
    """Whether ``text`` would be read as something else without quotes."""
    if not text or text != text.strip():
        return True
    if any(char in text for char in "\"'[],#;\\\n\t\r\0="):
        return True
    return not isinstance(parse_word(text), str)


def quote(text):
    """``text`` in double quotes, escaped."""
    reverse = {value: key for key, value in ESCAPES.items()}
    return '"%s"' % "".join("\\" + reverse[char] if char in reverse else char for char in text)
