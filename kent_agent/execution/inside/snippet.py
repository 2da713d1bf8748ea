"""A check's code: what its candidates have in common, and what is run for each."""

import __future__

import ast
import linecache
from types import CodeType
from typing import Any

SETUP = "<setup>"
CHECK = "<check>"


class Snippet:
    """Setup and code of a check, the code's leading imports moved to the setup.

    Raises:
        SyntaxError: one of them is not Python of this version.
    """

    def __init__(self, setup: str, code: str) -> None:
        leading, rest, flags = _split(code)
        self.before = [compile(setup, SETUP, "exec", dont_inherit=True), leading]
        self.after = rest
        self.flags = flags
        for name, text in ((SETUP, setup), (CHECK, code)):
            # Tracebacks quote it, and inspect finds the source of what it defines.
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)

    def prepare(self, namespace: "dict[str, Any]") -> None:
        """Run the setup and the leading imports."""
        for code in self.before:
            exec(code, namespace)

    def check(self, namespace: "dict[str, Any]") -> None:
        """Run the rest."""
        exec(self.after, namespace)


def _split(code: str) -> "tuple[CodeType, CodeType, int]":
    """Leading imports (docstrings aside) and the rest, lines kept; the rest keeps the flags of `__future__`."""
    tree = ast.parse(code, CHECK)
    body = tree.body
    count = 0
    while count < len(body) and (isinstance(body[count], (ast.Import, ast.ImportFrom)) or _is_text(body[count])):
        count += 1
    flags = 0
    for node in body[:count]:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    compiled = []  # type: list[CodeType]
    for part in (body[:count], body[count:]):
        tree.body = part
        compiled.append(compile(tree, CHECK, "exec", flags=flags, dont_inherit=True))
    return compiled[0], compiled[1], flags


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and type(node.value).__name__ in ("Str", "Constant")
