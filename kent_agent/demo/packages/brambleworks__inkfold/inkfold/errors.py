"""Everything inkfold raises derives from InkfoldError."""


class InkfoldError(Exception):
    """Base class of all errors of this library."""


class ParseError(InkfoldError):
    """The text is not valid inkfold.

    ``line`` and ``column`` count from one; ``source`` is the file name when it is known.
    """

    def __init__(self, message, line, column=1, source=None):
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.source = source

    def __str__(self):
        if self.source is None:
            return "line %d, column %d: %s" % (self.line, self.column, self.message)
        return "%s:%d:%d: %s" % (self.source, self.lineno, self.column, self.message)


class MissingKeyError(InkfoldError, KeyError):
    """A dotted path names nothing in the document."""

    def __init__(self, path):
        super().__init__(path)
        self.path = path

    def __str__(self):
        return "no such key: %s" % self.path


class ValueTypeError(InkfoldError, TypeError):
    """A value exists but cannot be read as the type that was asked for."""

    def __init__(self, path, expected, value):
        super().__init__(path, expected, value)
        self.path = path
        self.expected = expected
        self.value = value

    def __str__(self):
        return "%s: expected %s, found %r" % (self.path, self.expected, self.value)


class InterpolationError(InkfoldError):
    """A ``${...}`` reference cannot be resolved."""

    def __init__(self, message, reference=None):
        super().__init__(message)
        self.reference = reference
