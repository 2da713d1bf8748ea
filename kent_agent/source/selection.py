"""Which tests a repository's own configuration selects, and what runs them."""

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass
from fnmatch import fnmatch

from kent_agent.source.history import is_test

# In pytest's order; the first of them that speaks of pytest is the one that counts.
_SECTIONS = {"pytest.ini": "pytest", "pyproject.toml": "", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_COMMAND = re.compile(r"(?:^|[\s/])(?:py\.?test|unittest(?: discover)?)(?=\s|$)(.*)")
_INSTALLS = re.compile(r"[^\n;&]*\b(?:pip|conda|poetry|uv)\b[^\n;&]*\b(?:install|add|sync)\b[^\n;&]*")
_POSITIONAL = re.compile(r"\{posargs:?([^}]*)\}")
_SCRIPT = "runtests.py"
_NO_TESTS = frozenset({"__init__.py", "conftest.py"})

ReadText = Callable[[str], str | None]


@dataclass(frozen=True)
class Selection:
    """What of a repository is its tests.

    Attributes:
        folders: files or folders that hold them; none where the configuration names none.
        patterns: of the names of their files; none where it says nothing.
        script: the path of the repository's own `runtests.py`, which runs them; empty where there is none.
    """

    folders: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    script: str = ""

    def holds(self, path: str) -> bool:
        """Whether a file holds tests: one that looks like it, or is named so, in one of the folders."""
        name = path.rpartition("/")[2]
        if not path.endswith(".py") or name in _NO_TESTS or path == self.script:
            return False
        named = any(fnmatch(name, pattern) for pattern in self.patterns)
        return (named or is_test(path)) and (not self.folders or any(_within(path, each) for each in self.folders))


def selection(paths: Sequence[str], read_text: ReadText) -> Selection:
    """The selection of a repository.

    Args:
        paths: of its files.
        read_text: the text of one of them.
    """
    options = _pytest_options(read_text)
    named = options.get("testpaths", "").split() or _of_commands(read_text("tox.ini") or "")
    folders = tuple(dict.fromkeys(each.removeprefix("./").strip("/") for each in named))
    known = tuple(folder for folder in folders if any(_within(path, folder) for path in paths))
    scripts = [path for path in (f"tests/{_SCRIPT}", _SCRIPT) if path in paths]
    return Selection(known, tuple(options.get("python_files", "").split()), next(iter(scripts), ""))


def _pytest_options(read_text: ReadText) -> dict[str, str]:
    """What the file that configures pytest says; nothing where none does."""
    for path, section in _SECTIONS.items():
        text = read_text(path)
        found = None if text is None else _toml_options(text) if path.endswith(".toml") else _ini(text, section)
        if found is not None:
            return found
    return {}


def _toml_options(text: str) -> dict[str, str] | None:
    try:
        found = tomllib.loads(text).get("tool", {}).get("pytest", {}).get("ini_options")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: " ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in found.items()}


def _ini(text: str, section: str) -> dict[str, str] | None:
    parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
        return {name: value or "" for name, value in parser.items(section)}
    except (Error, AttributeError):  # an option without a value, and lines that go on
        return None


def _of_commands(tox: str) -> Iterator[str]:
    """What the commands of a tox.ini hand to a runner of tests, the values of its options left out."""
    commands = _INSTALLS.sub("", (_ini(tox, "testenv") or {}).get("commands", ""))
    for found in _COMMAND.finditer(_POSITIONAL.sub(r"\1", commands)):
        words = found[1].split()
        for before, word in zip(["", *words], words, strict=False):
            if re.fullmatch(r"[\w./]+", word) and not before.startswith("-"):
                yield word


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/") or folder in ("", ".")
