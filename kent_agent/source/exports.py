"""What a package offers to whoever imports it, and the statements that do so."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kent_agent.source.bindings import import_statements
from kent_agent.source.history import is_test

_ALIAS = re.compile(r"^[ \t>.]*(import ([\w.]+) as (\w+)|from ([\w.]+) import (\w+) as (\w+))[ \t]*$", re.MULTILINE)
_TOP = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+([A-Za-z]\w*)", re.MULTILINE)
_OTHER = frozenset("tests test testing docs doc examples example benchmarks scripts tools ci build".split())


@dataclass(frozen=True)
class Package:
    """A package by its import name.

    Attributes:
        name: top-level import name.
        imports: for names that belong to it, the statement that imports each; its conventional aliases among them.
    """

    name: str
    imports: Mapping[str, str] = field(default_factory=dict)


def package_names(paths: Iterable[str]) -> list[str]:
    """Import names of the packages and modules in a repository, the one with the most files first.

    Packages lie at the top or below `src` or `lib`; tests, documentation and tools are none. Single modules come last.
    """
    packages: Counter[str] = Counter()
    modules: list[str] = []
    paths = [path for path in paths if path.endswith(".py")]
    inits = {path for path in paths if path.endswith("/__init__.py")}
    for path in paths:
        parts = path.split("/")
        root = parts[:1] if parts[0] in ("src", "lib") and "src/__init__.py" not in inits else []
        below = parts[len(root) :]
        if len(below) > 1 and "/".join([*root, below[0], "__init__.py"]) in inits and below[0] not in _OTHER:
            packages[below[0]] += 1
        elif len(below) == 1 and below[0] not in ("setup.py", "conftest.py", "noxfile.py", "tasks.py"):
            modules.append(below[0].removesuffix(".py"))
    return [*(name for name, _ in packages.most_common()), *(name for name in modules if not name.startswith("test"))]


def package(name: str, texts: Mapping[str, str]) -> Package:
    """What a package offers: names of its `__init__`, then those that one module alone defines, then its aliases.

    Args:
        name: its import name.
        texts: sources of the repository's Python files by path, tests included, since they tell its aliases.
    """
    imports: dict[str, str] = {}
    unclear: set[str] = set()
    modules = {path: _module(path, name) for path in texts if not is_test(path)}
    for path in sorted((path for path, module in modules.items() if module), key=lambda path: (path.count("/"), path)):
        module = modules[path]
        if path.endswith("/__init__.py") and module == name:
            imports |= {each: f"from {name} import {each}" for each in _passed_on(name, texts[path])}
        for each in _TOP.findall(texts[path]):
            statement = f"from {module} import {each}"
            if imports.setdefault(each, statement) != statement and not imports[each].startswith(f"from {name} import"):
                unclear.add(each)
    clear = {each: statement for each, statement in imports.items() if each not in unclear}
    return Package(name, {**clear, **_aliases(name, texts.values()), name: f"import {name}"})


def _passed_on(name: str, text: str) -> list[str]:
    """Names that a package's `__init__` imports from inside of it; none where it does not parse."""
    try:
        found = import_statements(text)
    except SyntaxError:
        return []
    return [each for each, statement in found.items() if statement.startswith(("from .", f"from {name}"))]


def _module(path: str, name: str) -> str:
    """The dotted name of a file in a package; empty where it is not in it."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    if parts[0] in ("src", "lib"):
        parts = parts[1:]
    return ".".join(parts) if parts[:1] == [name] else ""


def _aliases(name: str, texts: Iterable[str]) -> dict[str, str]:
    """What the package and its modules are called for short, by majority."""
    used: dict[str, Counter[str]] = {}
    for text in texts:
        if name in text:
            for statement, plain, short, module, _, other in _ALIAS.findall(text):
                if (plain or module).split(".")[0] == name:
                    used.setdefault(short or other, Counter())[statement] += 1
    return {alias: counts.most_common(1)[0][0] for alias, counts in used.items()}
