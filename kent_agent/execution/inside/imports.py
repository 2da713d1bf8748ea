"""Code of changed files in the place of the files, for modules that are not imported yet."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any


class NeedsRepository(BaseException):
    """A module from elsewhere imports the repository; no `except ImportError` of its own may swallow that."""


class Imports:
    """Stands between the import system and the files below `root`.

    Args:
        root: folder of the repository.
        shadowed: folder of another copy of it, from which nothing may be imported; none when empty.

    Attributes:
        codes: real path of a file -> code that is run in place of the file's, or why there is none.
        closed: whether importing from below `root` is refused.
    """

    def __init__(self, root: str, shadowed: str) -> None:
        self.root = root
        self.shadowed = shadowed
        self.codes = {}  # type: dict[str, CodeType | Exception]
        self.closed = False

    def install(self) -> None:
        """Take the place of the loader of source files. Once a process."""
        original = SourceFileLoader.get_code

        def get_code(loader: Any, fullname: str) -> "Any":
            path = os.path.realpath(loader.path)
            if self.shadowed and inside(path, self.shadowed):
                raise RuntimeError("%s is imported from the image, not from the patched copy" % path)
            if not inside(path, self.root):
                return original(loader, fullname)
            if self.closed:
                raise NeedsRepository(fullname)
            code = self.codes.get(path)
            if isinstance(code, Exception):
                raise code
            return original(loader, fullname) if code is None else code

        SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]

    def compile_all(self, paths: "Iterable[str]") -> None:
        """Compile files now, so that no fork has to: the root is read-only, so nothing is cached beside them."""
        for path in paths:
            if path not in self.codes:
                self.codes[path] = compile_file(path)

    def preload(self, names: "Iterable[str]") -> None:
        """Import modules that are not the repository's; those that import the repository are left out."""
        self.closed = True
        for name in names:
            before = set(sys.modules)
            try:
                import_module(name)
            except BaseException:
                for new in set(sys.modules) - before:
                    del sys.modules[new]
        self.closed = False


def compiled(text: str, path: str) -> "CodeType | Exception":
    """The code of a text in the place of a file, or why there is none."""
    try:
        return compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error


def compile_file(path: str) -> CodeType:
    """The code of a file as it is on disk."""
    with open(path, "rb") as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def inside(path: str, folder: str) -> bool:
    """Whether a path is `folder` or below it."""
    return path == folder or path.startswith(folder + os.sep)


def loaded(root: str) -> "dict[str, str]":
    """Real path of a source file below `root` -> name of the module it was imported as."""
    files = {}  # type: dict[str, str]
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.endswith(".py"):
            path = os.path.realpath(path)
            if inside(path, root):
                files[path] = name
    return files


def foreign(root: str) -> "list[str]":
    """Names of imported modules from elsewhere, in the order of their import."""
    names = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and not inside(os.path.realpath(path), root):
            names.append(name)
    return names


def entries(root: str) -> "list[str]":
    """Folders below `root` that are on the import path, those of editable installs by a finder among them."""
    found = [os.path.realpath(entry) for entry in sys.path if entry]
    for finder in sys.meta_path:
        mapping = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None)
        if isinstance(mapping, dict):  # setuptools' __editable___*_finder
            found += [os.path.dirname(os.path.realpath(path)) for path in mapping.values()]
    return sorted({entry for entry in found if inside(entry, root)}, key=found.index)
