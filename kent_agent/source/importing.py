"""Imports for names that an edit leaves unbound: as neighbouring files import them, or of the standard library."""

import ast
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from posixpath import dirname

from kent_agent.source.import_lines import apply_imports
from kent_agent.source.meaning import faulty_names
from kent_agent.source.symbols import parse
from kent_agent.source.units import unit

_NEIGHBOURS = 40  # files of a folder that are asked

Tokens = tuple[str, ...]


class Importer:
    """Binds names.

    Args:
        paths: the repository's files.
        read_text: the text of one; None where it is none.
    """

    def __init__(self, paths: Collection[str], read_text: Callable[[str], str | None]) -> None:
        self._paths = sorted(path for path in paths if path.endswith(".py"))
        self._read_text = read_text
        self.customs: Callable[[str], Mapping[str, Tokens]] = cache(self._customs)

    def bound(self, path: str, before: str, after: str) -> str:
        """The text after an edit with imports of the names that it left unbound, where it is known whence."""
        changed = unit(before, after)
        if changed and changed.keeps_its_names:
            return after
        unbound = faulty_names(after).undefined
        unbound = unbound and unbound - faulty_names(before).undefined
        if not unbound:
            return after
        customs = self.customs(dirname(path))
        known = [customs.get(name) or _standard(name) for name in sorted(unbound)]
        imports = [tokens for tokens in known if tokens]
        return apply_imports(after, imports) if imports else after

    def _customs(self, folder: str) -> Mapping[str, Tokens]:
        """How the files of a folder import each name, the commonest way first."""
        counts: Counter[tuple[str, Tokens]] = Counter()
        for path in [path for path in self._paths if dirname(path) == folder][:_NEIGHBOURS]:
            try:
                counts.update(_imports(parse(self._read_text(path) or "").body))
            except (SyntaxError, ValueError, RecursionError):
                continue
        found: dict[str, Tokens] = {}
        for (name, tokens), _ in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
            found.setdefault(name, tokens)
        return found


def _imports(body: Iterable[ast.stmt]) -> Iterator[tuple[str, Tokens]]:
    """Names that a module's imports bind, with the tokens of a statement that binds each."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                if alias.name != "*" and (alias.asname or "." not in alias.name or isinstance(node, ast.ImportFrom)):
                    yield name, (*_origin(node), *_dotted(alias.name), *(("as", alias.asname) if alias.asname else ()))


def _origin(node: ast.Import | ast.ImportFrom) -> Tokens:
    if isinstance(node, ast.Import):
        return ("import",)
    return ("from", *("." * node.level), *_dotted(node.module or ""), "import")


def _dotted(name: str) -> Tokens:
    first, *others = name.split(".")
    return (*((first,) if first else ()), *(token for other in others for token in (".", other)))


def _standard(name: str) -> Tokens:
    """The import of a module of the standard library; nothing for other names."""
    return ("import", name) if name in sys.stdlib_module_names else ()
