"""Text to Document."""

import io

from inkfold.errors import ParseError
from inkfold.lexer import logical_lines, split_assignment
from inkfold.model import Document, Section, split_path
from inkfold.values import parse_value


class Parser:
    """Builds one Document; ``strict`` refuses keys that are assigned twice."""

    def __init__(self, source=None, strict=True):
        self.source = source
        self.strict = strict
        self.document = Document()
        self.section = self.document
        self.seen = set()

    def parse(self, text):
        for line in logical_lines(text, self.source):
            if self.is_header(line.text):
                self.enter(line)
            else:
                self.assign(line)
        return self.document

    def is_header(self, text):
        """A header is a bracketed path alone on its line."""
        return text.startswith("[") and text.endswith("]")

    def enter(self, line):
        """Make the section that a header names the current one."""
        name = line.text[1:-1].strip()
        if not name:
            raise ParseError("empty section name", line.number, source=self.source)
        section = self.document
        for part in split_path(name):
            child = section.raw().get(part)
            if child is None:
                child = section.add_section(part)
            if not isinstance(child, Section):
                raise ParseError("%s is a value, not a section" % name, line.number, source=self.source)
            section = child
        self.section = section

    def assign(self, line):
        """Store one ``key = value`` in the current section."""
        key, text = split_assignment(line, self.source)
        path = (self.section.path, key)
        if self.strict and path in self.seen:
            raise ParseError("duplicate key %r" % key, line.number, source=self.source)
        self.seen.add(path)
        self.section.set(key, parse_value(text, line.number, self.source))


def loads(text, source=None, strict=True):
    """Parse ``text`` and return a Document.

    Raises ParseError with the line, and with ``source`` when it is given.
    """
    return Parser(source, strict).parse(text)


def load(path, strict=True, encoding="utf-8"):
    """Parse the file at ``path``."""
    with io.open(str(path), encoding=encoding) as stream:
        return loads(stream.read(), source=str(path), strict=strict)
