"""Tests without pytest: test cases, and test functions that need no arguments, told of as unittest does."""

import importlib
import inspect
import os
import sys
import unittest
from types import ModuleType
from typing import Any


def main(arguments: "list[str]") -> None:
    """Run tests.

    Args:
        arguments: the file for the report, and the tests: `path` or `path::Class::test`.
    """
    sys.path.insert(0, os.getcwd())
    with open(arguments[0], "w") as report:
        suite = unittest.TestSuite(selected(each) for each in arguments[1:])
        unittest.TextTestRunner(report, verbosity=2).run(suite)


def selected(selection: str) -> unittest.TestSuite:
    """The tests of a selection; of a file that cannot be imported none."""
    path, *names = selection.split("::")
    try:
        cases = test_cases(imported(path))
    except BaseException:  # whatever it does, the other files' tests are to run
        return unittest.TestSuite()
    found = [test for case in cases for test in loaded(case)]
    return unittest.TestSuite(test for test in found if not names or test.id().split(".")[-len(names) :] == names)


def loaded(case: type) -> "list[Any]":
    """The tests of a test case; none of one that cannot be made."""
    try:
        return list(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    except BaseException:  # the other cases' tests are to run
        return []


def imported(path: str) -> ModuleType:
    """The module of a file: by its dotted name where its folders are packages, else by its own."""
    folder, name = os.path.split(path[: -len(".py")])
    parts = [name]
    while folder and os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, part = os.path.split(folder)
        parts.insert(0, part)
    folder = os.path.abspath(folder)
    known = getattr(sys.modules.get(parts[0]), "__file__", None)
    if known and not os.path.abspath(known).startswith(os.path.join(folder, parts[0])):  # another file of this name
        for each in [each for each in sys.modules if each.split(".")[0] == parts[0]]:
            del sys.modules[each]
    sys.path.insert(0, folder)
    return importlib.import_module(".".join(parts))


def test_cases(module: ModuleType) -> "list[Any]":
    """The test cases of a module, its plain functions as one more."""
    own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    cases = [each for each in own if isinstance(each, type) and issubclass(each, unittest.TestCase)]
    functions = {
        each.__name__: staticmethod(each)
        for each in own
        if inspect.isfunction(each) and each.__name__.startswith("test") and not inspect.signature(each).parameters
    }
    return cases + [type("functions", (unittest.TestCase,), dict(functions, __module__=module.__name__))]


if __name__ == "__main__":
    main(sys.argv[1:])
