"""Runnable snippets of an issue's text.

A piece of code that needs names of other pieces becomes a snippet together with them, and missing imports are added;
one that still needs a name which nothing binds is no snippet, since it could not run.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kent_agent.source.bindings import imported_modules, undefined_names
from kent_agent.source.exports import Package
from kent_agent.source.pieces import Piece, SnippetKind, pieces
from kent_agent.source.scaffold import DJANGO_IMPORTS, scaffold
from kent_agent.source.symbols import parse
from kent_agent.source.transcripts import HOOK, with_imports


@dataclass(frozen=True)
class Snippet:
    """A program that the issue gives.

    Attributes:
        code: it, as a module.
        setup: what has to run before it, in the same module; empty for most.
        kind: of its last piece.
        lines: where its pieces are in the issue: first and last line, 1-based, inclusive.
        repairs: what was done to it, in words.
        printed: what its last piece is shown to print, as the issue gives it; may hold a traceback.
        heading: what its last piece stands under.
    """

    code: str
    kind: SnippetKind
    lines: tuple[tuple[int, int], ...]
    repairs: tuple[str, ...] = ()
    printed: str = ""
    heading: str = ""
    setup: str = ""

    @property
    def shows(self) -> bool:
        """Whether it prints anything that a stated result could be compared with."""
        return bool(re.search(r"\bp?print\s*\(|\bdisplayhook\(|\bstdout\b", self.code))


COMMON_IMPORTS: Mapping[str, str] = {
    "np": "import numpy as np",
    "numpy": "import numpy",
    "pd": "import pandas as pd",
    "pandas": "import pandas",
    "plt": "import matplotlib.pyplot as plt",
    "mpl": "import matplotlib as mpl",
    "sns": "import seaborn as sns",
    "xr": "import xarray as xr",
    "da": "import dask.array as da",
    "dd": "import dask.dataframe as dd",
    "tf": "import tensorflow as tf",
    "torch": "import torch",
    "nx": "import networkx as nx",
    "sp": "import sympy as sp",
    "sa": "import sqlalchemy as sa",
    "pa": "import pyarrow as pa",
    "pl": "import polars as pl",
    "pytest": "import pytest",
    "Path": "from pathlib import Path",
    "Decimal": "from decimal import Decimal",
    "Fraction": "from fractions import Fraction",
    "partial": "from functools import partial",
    "defaultdict": "from collections import defaultdict",
    "OrderedDict": "from collections import OrderedDict",
    "namedtuple": "from collections import namedtuple",
    "Counter": "from collections import Counter",
    "dataclass": "from dataclasses import dataclass",
    "Enum": "from enum import Enum",
    "StringIO": "from io import StringIO",
    "BytesIO": "from io import BytesIO",
    "deepcopy": "from copy import deepcopy",
    "pprint": "from pprint import pprint",
    "timedelta": "from datetime import timedelta",
    "timezone": "from datetime import timezone",
    "uuid4": "from uuid import uuid4",
    **{name: f"from typing import {name}" for name in "Any List Dict Optional Union Tuple Callable TypeVar".split()},
    **{
        name: f"import {name}"
        for name in (
            "argparse asyncio collections contextlib copy csv dataclasses datetime decimal enum functools gc inspect "
            "io itertools json logging math operator os pathlib pickle random re shutil subprocess sys tempfile "
            "textwrap threading time traceback typing unittest uuid warnings weakref"
        ).split()
    },
}
"""Statements that import what scripts leave out most."""

_CALLED: Mapping[str, str] = {name: f"from {name} import {name}" for name in ("copy", "datetime", "time")}
"""Modules that are called by the name of what they hold."""

_ENVIRONMENT = re.compile(r"__version__|__pkginfo__|platform\.|sys\.version|show_versions|env_info|\.Report\(")
_MOST = 12  # snippets of one issue


def snippets(text: str, package: Package | None = None) -> list[Snippet]:
    """The runnable snippets of an issue, in its order.

    Args:
        text: of the issue.
        package: the one under test; where it is given, only snippets that import from it are.
    """
    given = pieces(text)
    found: dict[str, Snippet] = {}
    for number, piece in enumerate(given):
        if (_acts(piece.code) or "Error" in piece.printed) and not _asks_for_versions(piece.code):
            snippet = _joined(given, number, package)
            if snippet and (package is None or _uses(snippet.code, package.name)):
                found.setdefault(snippet.code, snippet)
    return list(found.values())[:_MOST]


def _joined(given: Sequence[Piece], number: int, package: Package | None) -> Snippet | None:
    """A piece with what it needs before it; None where it needs what nothing binds, or does not compile."""
    try:
        offered = (DJANGO_IMPORTS if package.name == "django" else {}) | dict(package.imports) if package else {}
        chosen, imports = _needed(given, number, {**COMMON_IMPORTS, **offered})
        code = "\n".join(given[i].code for i in chosen)
        code = with_imports(code, [*imports, *_hook(code)])
        if undefined_names(code):
            return None
    except SyntaxError:
        return None
    last = given[number]
    repairs = [repair for i in chosen for repair in given[i].repairs]
    repairs += [f"added: {statement}" for statement in imports]
    repairs += ["joined with earlier code"] if len(chosen) > 1 else []
    setup = scaffold(code)
    repairs += ["settings and tables for Django"] if setup else []
    lines = tuple((given[i].start, given[i].end) for i in chosen)
    return Snippet(code, last.kind, lines, tuple(dict.fromkeys(repairs)), last.printed, last.heading, setup)


def _hook(code: str) -> list[str]:
    """What code that displays results imports."""
    return ["import sys"] if HOOK in code else []


def _needed(given: Sequence[Piece], number: int, known: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """Numbers of the pieces that a piece needs, itself last, and import statements for the rest.

    What another piece imports is imported; what an earlier one makes, is made by it.
    """
    chosen = {number}
    imports: dict[str, None] = {}
    pending = [number]
    while pending:
        i = pending.pop()
        for name in sorted(undefined_names(with_imports(given[i].code, _hook(given[i].code)))):
            others = [*reversed(given[:i]), *given[i + 1 :]]
            if statement := next(filter(None, (other.imports.get(name) for other in others)), None):
                imports[statement] = None
            elif makers := [j for j in range(i) if name in given[j].makes]:
                pending += [makers[-1]] if makers[-1] not in chosen else []
                chosen.add(makers[-1])
            elif name in _CALLED and re.search(rf"(?<!\.)\b{name}\(", given[i].code):
                imports[_CALLED[name]] = None
            elif name in known:
                imports[known[name]] = None
    return sorted(chosen), list(imports)


def _acts(code: str) -> bool:
    """Whether running it does something: a call, an assertion or an access, outside of function bodies."""
    stack: list[ast.AST] = list(parse(code).body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call | ast.Assert | ast.Subscript) and not _is_hook(node):
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack += getattr(node, "decorator_list", [])
        else:
            stack += ast.iter_child_nodes(node)
    return False


def _is_hook(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == HOOK


def _asks_for_versions(code: str) -> bool:
    """Whether a short piece only tells about the environment."""
    return len(code) < 400 and bool(_ENVIRONMENT.search(code))


def _uses(code: str, name: str) -> bool:
    return any(module.split(".")[0] == name for module in imported_modules(code))
