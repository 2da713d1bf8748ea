"""What all tests share: a home and caches of their own, a small repository, and the rule for docker tests."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import git
import pytest

from kent_agent.task import SWETask

# What a commit of `build_repository` writes: text, bytes, a symlink to a Path, or a deletion (None).
Content = str | bytes | Path | None
BuildRepository = Callable[[Path, list[tuple[str, Mapping[str, Content]]]], list[str]]

DATES = {"GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z"}
CALC = '''"""Sums."""


def add(left, right):
    """The sum of two numbers."""
    return left - right


def mean(values):
    total = 0
    for value in values:
        total = add(total, value)
    return total / len(values)
'''
TEXT = '''"""Words."""

from tiny.calc import add


class Words:
    def __init__(self, text):
        self.words = text.split()

    def count(self):
        return add(len(self.words), 0)
'''
TEST_CALC = """from tiny.calc import add


def test_add():
    assert add(2, 0) == 2
"""


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home and caches of the session's own, so that no test reads or writes the user's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(home))
        environment.setenv("KENT_CACHE_DIR", str(home / "cache"))
        for name in ("KENT_REPOS_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "GIT_DIR", "GIT_INDEX_FILE"):
            environment.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def build_repository() -> BuildRepository:
    """Makes a repository with a work tree at a path from (message, files) pairs; returns the commit ids."""

    def build(path: Path, commits: list[tuple[str, Mapping[str, Content]]]) -> list[str]:
        with git.Repo.init(path, initial_branch="main") as repo:
            repo.git.update_environment(**DATES)
            repo.git.config("user.name", "Tester")
            repo.git.config("user.email", "tester@example.org")
            shas = []
            for message, files in commits:
                for name, content in files.items():
                    _write(path / name, content)
                repo.git.add("--all", "--force")
                repo.git.commit("--allow-empty", "--message", message)
                shas.append(repo.git.rev_parse("HEAD"))
        return shas

    return build


def _write(file: Path, content: Content) -> None:
    file.unlink(missing_ok=True)
    if content is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        file.symlink_to(content)
    else:
        file.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def tiny_repo(tmp_path: Path, build_repository: BuildRepository) -> tuple[Path, SWETask]:
    """A folder of repositories holding `acme__tiny`, and a task whose base commit is its second of three.

    The third, the fix, is the tip of `main` and tagged `v2`; the first is tagged `v1`.
    """
    repos_dir = tmp_path / "repositories"
    files: dict[str, Content] = {
        "README.md": "# tiny\n",
        "link.py": Path("src/tiny/calc.py"),
        "src/tiny/__init__.py": "",
        "src/tiny/calc.py": CALC,
        "src/tiny/text.py": TEXT,
        "tests/test_calc.py": TEST_CALC,
    }
    first, base, fix = build_repository(
        repos_dir / "acme__tiny",
        [
            ("First files", {"README.md": "# tiny\n", "src/tiny/__init__.py": ""}),
            ("Add sums and words\n\nBoth are used by the readers.", files),
            ("Fix add", {"src/tiny/calc.py": CALC.replace("left - right", "left + right"), "src/new.py": ""}),
        ],
    )
    with git.Repo(repos_dir / "acme__tiny") as repo:
        repo.create_tag("v1", ref=first)
        repo.create_tag("v2", ref=fix)
    issue = "add() subtracts\n\n```python\nfrom tiny.calc import add\nadd(2, 3)  # -1\n```\nI expected 5."
    return repos_dir, SWETask("acme__tiny-1", "acme/tiny", base, issue, version="1.0")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `docker` are skipped where they cannot run, and fail there if KENT_REQUIRE_DOCKER=1."""
    if item.get_closest_marker("docker") is None:
        return
    if obstacle := _docker_obstacle():
        give_up(obstacle)


def give_up(obstacle: str) -> NoReturn:
    """Skips a test that cannot run on this machine; fails it where KENT_REQUIRE_DOCKER=1 says that all must run."""
    if os.environ.get("KENT_REQUIRE_DOCKER") == "1":
        pytest.fail(obstacle, pytrace=False)
    pytest.skip(obstacle)


@cache
def _docker_obstacle() -> str | None:
    """Why containers cannot be started here, or None."""
    import docker
    from docker.errors import DockerException, ImageNotFound

    image = os.environ.get("KENT_BASE_IMAGE") or "python:3.11-slim"
    try:
        with contextlib.closing(docker.from_env()) as client:
            client.images.get(image)
    except ImageNotFound:
        return f"no base image {image} here; pull it or set KENT_BASE_IMAGE to one there is"
    except (DockerException, OSError) as error:
        return f"no Docker daemon answers ({error})"
    return None
