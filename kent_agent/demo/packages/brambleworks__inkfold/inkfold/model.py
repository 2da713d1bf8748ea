"""Sections and documents: nested, ordered mappings that are read by dotted path."""

from inkfold.errors import MissingKeyError, ValueTypeError
from inkfold.interpolate import Interpolator

_MISSING = object()


def split_path(path):
    """The parts of a dotted path; quoted parts may contain dots.

    >>> split_path('server."example.org".port')
    ['server', 'example.org', 'port']
    """
    parts = []
    current = []
    quote = None
    for char in path:
        if quote:
            if char == quote:
                quote = None
            else:
                current.append(char)
        elif char in "\"'":
            quote = char
        elif char == ".":
            parts.append("".join(current).strip())
            current = []
        else:
            current.append(char)
    parts.append("".join(current).strip())
    return parts


def join_path(parent, key):
    """The path of ``key`` below ``parent``; a key with dots is quoted."""
    if "." in key:
        key = '"%s"' % key
    return "%s.%s" % (parent, key) if parent else key


class Section:
    """An ordered mapping of keys to values and subsections.

    ``path`` is the section's own dotted path, empty for the root.
    """

    def __init__(self, path=""):
        self.path = path
        self._items = {}

    # -- the mapping -------------------------------------------------------

    def raw(self):
        """The section's own dictionary, values uninterpolated."""
        return self._items

    def keys(self):
        """Own keys in the order of the file, subsections included."""
        return list(self._items)

    def values(self):
        return list(self._items.values())

    def items(self):
        return list(self._items.items())

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self.keys())

    def __contains__(self, path):
        return self._find(path) is not _MISSING

    def __getitem__(self, path):
        return self.get(path)

    def __setitem__(self, path, value):
        self.set(path, value)

    def __delitem__(self, path):
        self.remove(path)

    def __eq__(self, other):
        if not isinstance(other, Section):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None

    def __repr__(self):
        return "<%s %r: %d keys>" % (type(self).__name__, self.path, len(self))

    # -- looking up --------------------------------------------------------

    def _find(self, path):
        """The value at ``path`` or _MISSING. List items are reached by number."""
        if path in self._items:
            return self._items[path]
        found = self
        for part in split_path(path):
            if isinstance(found, Section):
                found = found._items.get(part, _MISSING)
            elif isinstance(found, list):
                found = self._item(found, part)
            else:
                return _MISSING
            if found is _MISSING:
                return _MISSING
        return found

    def _item(self, values, part):
        """One item of a list, _MISSING when ``part`` is not a valid index."""
        try:
            return values[int(part)]
        except ValueError:
            return _MISSING

    def get(self, path, default=_MISSING):
        """The value at ``path``.

        Raises MissingKeyError when it does not exist and no default is given.
        """
        found = self._find(path)
        if found is _MISSING:
            if default is _MISSING:
                raise MissingKeyError(join_path(self.path, path))
            return default
        return found

    def section(self, path):
        """The subsection at ``path``.

        Raises ValueTypeError when a plain value is there.
        """
        found = self.get(path)
        if not isinstance(found, Section):
            raise ValueTypeError(path, "a section", found)
        return found

    # -- typed reading -----------------------------------------------------

    def get_str(self, path, default=_MISSING):
        """The value at ``path`` as text; numbers are not converted."""
        return self._typed(path, default, str, "text")

    def get_int(self, path, default=_MISSING):
        """The value at ``path`` as an integer; a bool is not one."""
        value = self._typed(path, default, int, "an integer")
        if isinstance(value, bool) and value is not default:
            raise ValueTypeError(path, "an integer", value)
        return value

    def get_float(self, path, default=_MISSING):
        """The value at ``path`` as a float; an integer is widened."""
        value = self._typed(path, default, (int, float), "a number")
        if value is default:
            return value
        if isinstance(value, bool):
            raise ValueTypeError(path, "a number", value)
        return float(value)

    def get_bool(self, path, default=_MISSING):
        """The value at ``path`` as a bool."""
        return self._typed(path, default, bool, "yes or no")

    def get_list(self, path, default=_MISSING):
        """The value at ``path`` as a list; a single value is a list of one."""
        value = self.get(path, default)
        if value is default or isinstance(value, list):
            return value
        if isinstance(value, Section):
            raise ValueTypeError(path, "a list", value)
        return [value]

    def _typed(self, path, default, kinds, expected):
        value = self.get(path, default)
        if value is default:
            return value
        if not isinstance(value, kinds):
            raise ValueTypeError(path, expected, value)
        return value

    # -- changing ----------------------------------------------------------

    def add_section(self, key):
        """A new, empty subsection; an existing one is returned as it is."""
        existing = self._items.get(key)
        if isinstance(existing, Section):
            return existing
        if existing is not None:
            raise ValueTypeError(join_path(self.path, key), "a section", existing)
        section = Section(join_path(self.path, key))
        self._items[key] = section
        return section

    def set(self, path, value):
        """Store ``value`` at ``path``; sections on the way are made.

        A dictionary becomes a section.
        """
        parts = split_path(path)
        target = self
        for part in parts[:-1]:
            target = target.add_section(part)
        target._store(parts[-1], value)

    def _store(self, key, value):
        """Store ``value`` under one key, whatever characters the key has."""
        if isinstance(value, dict):
            self.add_section(key).update(value)
        else:
            self._items[key] = value

    def setdefault(self, path, value):
        """The value at ``path``, which is ``value`` if there was none."""
        if path not in self:
            self.set(path, value)
        return self.get(path)

    def update(self, values):
        """Store every item of a dictionary; its keys are taken literally."""
        for key, value in values.items():
            self._store(key, value)

    def remove(self, path):
        """Remove the key or section at ``path``.

        Raises MissingKeyError when it does not exist.
        """
        parts = split_path(path)
        owner = self
        if len(parts) > 1:
            owner = self.section(".".join(parts[:-1]))
        if parts[-1] not in owner._items:
            raise MissingKeyError(join_path(self.path, path))
        del owner._items[parts[-1]]

    def rename(self, old, new):
        """Give the key ``old`` the name ``new``; its place in the order stays."""
        if old not in self._items:
            raise MissingKeyError(join_path(self.path, old))
        self._items = {new if key == old else key: value for key, value in self._items.items()}
        moved = self._items[new]
        if isinstance(moved, Section):
            moved._rebase(join_path(self.path, new))

    def _rebase(self, path):
        """Correct the paths of this section and of everything below it."""
        self.path = path
        for key, value in self._items.items():
            if isinstance(value, Section):
                value._rebase(join_path(path, key))

    def merge(self, other, lists="replace"):
        """Lay ``other`` over this section.

        Sections are merged, values are replaced. ``lists`` says what happens
        to lists: ``replace`` or ``append``.
        """
        if lists not in ("replace", "append"):
            raise ValueError("lists must be 'replace' or 'append', not %r" % lists)
        for key, value in other._items.items():
            mine = self._items.get(key)
            if isinstance(value, Section):
                if not isinstance(mine, Section):
                    self._items.pop(key, None)
                    mine = self.add_section(key)
                mine.merge(value, lists)
            elif lists == "append" and isinstance(mine, list) and isinstance(value, list):
                self._items[key] = mine + value
            else:
                self._items[key] = value
        return self

    # -- views -------------------------------------------------------------

    def walk(self):
        """Yield ``(path, value)`` for every plain value, depth first."""
        for key, value in self._items.items():
            if isinstance(value, Section):
                for pair in value.walk():
                    yield pair
            else:
                yield join_path(self.path, key), value

    def sections(self):
        """The direct subsections."""
        return [value for value in self._items.values() if isinstance(value, Section)]

    def to_dict(self):
        """A plain nested dictionary; lists are copied."""
        result = {}
        for key, value in self._items.items():
            if isinstance(value, Section):
                value = value.to_dict()
            elif isinstance(value, list):
                value = list(value)
            result[key] = value
        return result

    def copy(self):
        """A deep copy with the same path."""
        duplicate = type(self)()
        duplicate.path = self.path
        duplicate.update(self.to_dict())
        return duplicate


class Document(Section):
    """The root section, with interpolation."""

    def __init__(self):
        super().__init__("")

    @classmethod
    def from_dict(cls, values):
        """A document that holds the items of a nested dictionary."""
        document = cls()
        document.update(values)
        return document

    def resolve(self, path, default=_MISSING):
        """The value at ``path`` with its references replaced."""
        value = self.get(path, default)
        if value is default:
            return value
        return Interpolator(self.get).expand(value)

    def resolved(self):
        """A copy of the document in which no references are left."""
        result = Document()
        interpolator = Interpolator(self.get)
        for path, value in self.walk():
            result.set(path, interpolator.expand(value))
        return result
