"""Code of changed functions in the place of loaded ones: what makes a candidate cheap.

A function whose `__code__` is replaced behaves like one that was imported from the changed file, as long as nothing
that already ran would have run differently. So a code object whose own instructions changed may not have run yet, and
what surrounds it (the module, the class) must do the same as before; else the module has to be imported anew.
"""

import gc
import os
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple

# Which code object of a file: real path, first line, name.
Key = NamedTuple("Key", [("path", str), ("line", int), ("name", str)])


class Unswappable(Exception):
    """The change needs a new import; the message says why."""


class Calls:
    """Which code of files below a folder runs, while it is recording."""

    def __init__(self) -> None:
        self._seen = set()  # type: set[Key]

    def __enter__(self) -> "Calls":
        sys.setprofile(self._record)
        return self

    def __exit__(self, *exception: Any) -> None:
        sys.setprofile(None)

    def _record(self, frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            code = frame.f_code
            self._seen.add(Key(code.co_filename, code.co_firstlineno, code.co_name))

    def keys(self) -> "set[Key]":
        """What ran so far."""
        return {Key(os.path.realpath(path), line, name) for path, line, name in self._seen}


def functions_of(files: "dict[str, str]") -> "dict[Key, list[FunctionType]]":
    """The functions there are in this process whose code comes from one of the files."""
    found = {}  # type: dict[Key, list[FunctionType]]
    real = {}  # type: dict[str, str]
    for thing in gc.get_objects():
        if type(thing) is FunctionType:
            code = thing.__code__
            if code.co_filename not in real:
                real[code.co_filename] = os.path.realpath(code.co_filename)
            path = real[code.co_filename]
            if path in files:
                found.setdefault(Key(path, code.co_firstlineno, code.co_name), []).append(thing)
    return found


def replacements(path: str, old: CodeType, new: CodeType, ran: "set[Key]") -> "Iterator[tuple[Key, CodeType]]":
    """Which loaded code objects of a file get which new code.

    Args:
        path: real path of the file.
        old: the file's code as it was imported.
        new: the changed file's code.
        ran: what has run since the interpreter started.

    Raises:
        Unswappable: a new import is needed.
    """
    key = Key(path, old.co_firstlineno, old.co_name)
    if face(old) != face(new):
        raise Unswappable("the signature or docstring of " + old.co_name + " changed")
    if own(old) != own(new):
        if key in ran or old.co_name == "<module>":
            raise Unswappable(old.co_name + " has run")
        if old.co_freevars != new.co_freevars:
            raise Unswappable("the closure of " + old.co_name + " changed")
        yield key, new  # what is nested in it does not exist yet
        return
    yield key, new
    for inner_old, inner_new in zip(nested(old), nested(new)):
        for replacement in replacements(path, inner_old, inner_new, ran):
            yield replacement


def nested(code: CodeType) -> "list[CodeType]":
    """The code objects directly inside one, in order."""
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def face(code: CodeType) -> "tuple[Any, ...]":
    """What decorators and documentation may have read of a function: parameters and docstring."""
    count = code.co_argcount + code.co_kwonlyargcount
    first = code.co_consts[0] if code.co_consts else None
    return (
        code.co_argcount,
        getattr(code, "co_posonlyargcount", 0),
        code.co_kwonlyargcount,
        code.co_varnames[: count + bool(code.co_flags & 4) + bool(code.co_flags & 8)],  # *args and **kwargs
        first if isinstance(first, str) else None,
        code.co_flags,
    )


def own(code: CodeType) -> "tuple[Any, ...]":
    """What a code object itself does, wherever its lines are; what is nested in it counts by name only."""
    return (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        getattr(code, "co_exceptiontable", b""),
        tuple(_constant(constant) for constant in code.co_consts),
    )


def shape(code: CodeType) -> "tuple[Any, ...]":
    """What a code object does, all that is nested in it included: equal for identical candidates."""
    return (code.co_name, own(code), tuple(shape(inner) for inner in nested(code)))


def _constant(value: Any) -> "tuple[str, Any]":
    """Unequal for 1, 1.0 and True, which are equal as they are."""
    if isinstance(value, CodeType):
        return ("code", value.co_name)
    if isinstance(value, frozenset):
        return ("frozenset", tuple(sorted(map(repr, value))))
    if isinstance(value, (str, bytes)):
        return (type(value).__name__, value)
    return (type(value).__name__, repr(value))
