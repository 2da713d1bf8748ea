"""Checking a document against a declaration of its keys."""

from inkfold.errors import MissingKeyError, ValueTypeError

KINDS = {
    "text": "get_str",
    "integer": "get_int",
    "number": "get_float",
    "flag": "get_bool",
    "list": "get_list",
}


class Field:
    """One expected key: its path, its kind, and whether it may be absent."""

    def __init__(self, path, kind="text", required=True, choices=None):
        if kind not in KINDS:
            raise ValueError("unknown kind %r; choose one of %s" % (kind, ", ".join(sorted(KINDS))))
        self.path = path
        self.kind = kind
        self.required = required
        self.choices = choices

    def problem(self, document):
        """What is wrong with the field in ``document``, or None."""
        try:
            value = getattr(document, KINDS[self.kind])(self.path)
        except MissingKeyError:
            return "%s is missing" % self.path if self.required else None
        except ValueTypeError as error:
            return str(error)
        if self.choices is not None and value not in self.choices:
            allowed = ", ".join(str(choice) for choice in self.choices)
            return "%s: %r is not one of %s" % (self.path, value, allowed)
        return None


class Schema:
    """A list of fields; ``closed`` schemas complain of undeclared keys."""

    def __init__(self, fields, closed=False):
        self.fields = list(fields)
        self.closed = closed

    def problems(self, document):
        """Every complaint about ``document``, in the order of the fields."""
        found = [problem for problem in (field.problem(document) for field in self.fields) if problem]
        if self.closed:
            declared = {field.path for field in self.fields}
            found.extend("%s is not declared" % path for path, _ in document.walk() if path not in declared)
        return found

    def is_valid(self, document):
        return not self.problems(document)
