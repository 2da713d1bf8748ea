"""Document to text."""

import io

from inkfold.model import Section
from inkfold.values import format_value, quote


def dumps(document):
    """The document as text that ``loads`` reads back to an equal document."""
    lines = []
    write_section(document, lines)
    text = "\n".join(lines).strip("\n")
    return text + "\n" if text else ""


def dump(document, path, encoding="utf-8"):
    """Write the document to the file at ``path``."""
    with io.open(str(path), "w", encoding=encoding) as stream:
        stream.write(dumps(document))


def write_section(section, lines):
    """Append the section's own values, then its subsections, to ``lines``."""
    items = list(section.raw().items())
    values = [(key, value) for key, value in items if not isinstance(value, Section)]
    children = [value for _, value in items if isinstance(value, Section)]
    if section.path and (values or not children):
        lines.append("")
        lines.append("[%s]" % section.path)
    for key, value in values:
        lines.append("%s = %s" % (format_key(key), format_value(value)))
    for child in children:
        write_section(child, lines)


def format_key(key):
    """Keys with unusual characters are quoted."""
    if key.replace("_", "").replace("-", "").isalnum():
        return key
    return quote(key)
