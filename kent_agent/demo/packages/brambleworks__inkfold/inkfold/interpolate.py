"""``${path}`` and ``${path:-default}`` inside strings; ``$$`` is a dollar sign.

References are dotted paths from the root of the document. They are resolved
when a value is read with ``Document.resolve`` and never when it is parsed, so
that files can be merged first.
"""

from inkfold.errors import InterpolationError, MissingKeyError
from inkfold.values import format_value

MAX_DEPTH = 16


class Interpolator:
    """Resolves the references of one document; detects loops."""

    def __init__(self, lookup):
        self.lookup = lookup
        self.active = []

    def expand(self, value):
        """``value`` with every reference in it replaced, lists included."""
        if isinstance(value, list):
            return [self.expand(item) for item in value]
        if isinstance(value, str) and "$" in value:
            return self.expand_text(value)
        return value

    def expand_text(self, text):
        pieces = []
        index = 0
        while index < len(text):
            char = text[index]
            if char != "$":
                pieces.append(char)
                index += 1
                continue
            following = text[index + 1]
            if following == "$":
                pieces.append("$")
                index += 2
            elif following == "{":
                end = self.closing_brace(text, index)
                pieces.append(self.reference(text[index + 2 : end]))
                index = end + 1
            else:
                pieces.append("$")
                index += 1
        return "".join(pieces)

    def closing_brace(self, text, start):
        end = text.find("}", start)
        if end < 0:
            raise InterpolationError("unclosed reference in %r" % text)
        return end

    def reference(self, inside):
        """The text of one reference, its default when the path is missing."""
        path, separator, default = inside.partition(":-")
        path = path.strip()
        if not path:
            raise InterpolationError("empty reference", inside)
        if path in self.active:
            loop = " -> ".join(self.active + [path])
            raise InterpolationError("references form a loop: %s" % loop, path)
        if len(self.active) >= MAX_DEPTH:
            raise InterpolationError("references are nested too deeply", path)
        self.active.append(path)
        try:
            value = self.expand(self.lookup(path))
        except MissingKeyError:
            if separator:
                return default
            raise InterpolationError("unknown reference ${%s}" % path, path)
        finally:
            self.active.pop()
        return value if isinstance(value, str) else format_value(value)
