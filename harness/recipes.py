"""Recipes: how the environment of a repository is installed, read from the user's file (docs/recipes.md)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from kent_agent.errors import HarnessError

DOCUMENTATION = "docs/recipes.md"


@dataclass(frozen=True)
class Recipe:
    """What an environment is made of, in the order in which it is installed.

    Attributes:
        apt: Debian packages, installed where the base image lacks them.
        python: the interpreter of the environment, as the base image (or one of `apt`) calls it.
        constraints: pip constraints, in force at every pip call of the build and of the evaluation.
        packages: pip requirements, shared by all instances of this recipe.
        env: variables of the finished image, set after `packages` are installed.
        install: shell commands run in /testbed with the environment activated, once an instance.
    """

    apt: tuple[str, ...] = ()
    python: str = "python3"
    constraints: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    install: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Twelve hex digits that change with anything in the recipe."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


KEYS = tuple(recipe_field.name for recipe_field in fields(Recipe))
DEMO = Recipe(packages=("pytest>=8,<10",))


@dataclass(frozen=True)
class RecipeBook:
    """The recipes of some repositories.

    Attributes:
        source: where they come from, as error messages should name it.
        recipes: repository -> version -> recipe; the version None is the repository's default.
    """

    source: str
    recipes: Mapping[str, Mapping[str | None, Recipe]]

    @classmethod
    def for_demo(cls, repositories: Iterable[str]) -> Self:
        """The built-in recipe, alike for all repositories of the demo: they need nothing but pytest."""
        return cls("the demo", {repository: {None: DEMO} for repository in repositories})

    def choose(self, repository: str, version: str) -> Recipe:
        """The recipe for this version, else the repository's default.

        Raises:
            HarnessError: there is neither.
        """
        versions = self.recipes.get(repository, {})
        recipe = versions.get(version) or versions.get(None)
        if recipe is None:
            raise HarnessError(
                f"{self.source} has no recipe for {repository} {version}; add one as {DOCUMENTATION} shows."
            )
        return recipe


def load_recipes(path: Path) -> RecipeBook:
    """Read a recipe file.

    Raises:
        HarnessError: it cannot be read, or says what a recipe cannot say; names the file and the place.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise HarnessError(f"{path} is not a readable recipe file ({reason}); see {DOCUMENTATION}.") from error
    book = {
        repository: _versions(entry, f"{path}: {repository}")
        for repository, entry in _mapping(content, str(path)).items()
    }
    return RecipeBook(str(path), book)


def _versions(entry: Any, place: str) -> dict[str | None, Recipe]:
    """The default of one repository and its versions, each of which overrides keys of that default."""
    entry = _mapping(entry, place)
    for key in entry.keys() - {"default", "versions"}:
        raise HarnessError(f"{place}: {key!r} is neither 'default' nor 'versions'; see {DOCUMENTATION}.")
    recipes: dict[str | None, Recipe] = {}
    default = entry.get("default")
    if default is not None:
        recipes[None] = _recipe(default, f"{place}: default")
    for version, changes in _mapping(entry.get("versions") or {}, f"{place}: versions").items():
        changes = _mapping(changes or {}, f"{place}: {version}")
        recipes[version] = _recipe({**(default or {}), **changes}, f"{place}: {version}")
    return recipes


def _recipe(entry: Any, place: str) -> Recipe:
    values: dict[str, Any] = {}
    for key, value in _mapping(entry, place).items():
        if key not in KEYS:
            raise HarnessError(f"{place}: unknown key {key!r}; a recipe has {', '.join(KEYS)}.")
        if key == "python":
            values[key] = _text(value, f"{place}: python")
        elif key == "env":
            mapping = _mapping(value, f"{place}: env")
            values[key] = {name: _text(item, f"{place}: env: {name}") for name, item in mapping.items()}
        elif isinstance(value, list):
            values[key] = tuple(_text(item, f"{place}: {key}") for item in value)
        else:
            raise HarnessError(f"{place}: {key} is a list; it cannot be {value!r}.")
    return Recipe(**values)


def _mapping(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HarnessError(f"{place} maps names to values; it cannot be {value!r}; see {DOCUMENTATION}.")
    for name in value:
        _text(name, place)
    return value


def _text(value: Any, place: str) -> str:
    """Only text is text: YAML reads an unquoted 2.20 as the number 2.2, and `on` as true."""
    if not isinstance(value, str) or "\n" in value:
        raise HarnessError(f"{place}: {value!r} is not one line of text; put it between quotes.")
    return value
