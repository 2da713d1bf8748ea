"""Mirrors to mine: small histories whose commits are fixes, and what is none."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import BuildRepository, Content

BuildMirror = Callable[[str], Path]
"""Makes the mirror of a repository, `owner/name`, and gives its git directory."""

CODE = '''\
"""Sums."""
import os


def total(values, start=0):
    """The sum of values."""
    result = start
    for value in values:
        result = result - value
    return result


class Cart:
    def price(self, item):
        price = item.price
        return price * item.count
'''

STEPS: list[tuple[str, str, str]] = [
    ("Add up instead of down\n\nSee the report.\n\n> It subtracts!\n\nSigned-off-by: A <a@b>", "- value", "+ value"),
    ("Reformat the loop", "    for value in values:\n", "    for value in (values):  # each\n"),
    ("Say what total does", "The sum of values", "All values, added"),
    ("Take items without a count", "item.count", "getattr(item, 'count', 1)"),
    ("Bump the version of os", "import os", "import sys"),
]
"""Of each commit the message, and a piece of CODE with what takes its place: a fix, or what is none."""


@pytest.fixture(scope="session")
def build_mirror(tmp_path_factory: pytest.TempPathFactory, build_repository: BuildRepository) -> BuildMirror:
    folder = tmp_path_factory.mktemp("mirrors")

    def build(repo: str) -> Path:
        path = folder / repo.replace("/", "__")
        if not path.exists():
            build_repository(path, history(repo.rpartition("/")[2]))
        return path / ".git"

    return build


def history(name: str) -> list[tuple[str, Mapping[str, Content]]]:
    """The commits of a repository: two fixes, the second in a class of its own name, and others that are none."""
    code = CODE.replace("Cart", name.capitalize())
    commits: list[tuple[str, Mapping[str, Content]]] = [("First", {f"{name}/core.py": code, "tests/test_core.py": "x"})]
    for message, old, new in STEPS:
        assert code.count(old) == 1
        code = code.replace(old, new)
        commits.append((message, {f"{name}/core.py": code}))
    commits += [
        ("Test more", {"tests/test_core.py": "y = 1\n"}),
        ("Take over a fix", {f"{name}/_vendor/other.py": "x = 1\n"}),
        ("Mend what was taken over", {f"{name}/_vendor/other.py": "x = 2\n"}),
        ("Rewrite it all", {f"{name}/core.py": code + "".join(f"x{i} = {i}\n" for i in range(30))}),
        ("Add a module as well", {f"{name}/core.py": code, f"{name}/more.py": "x = 1\n"}),
    ]
    return commits
