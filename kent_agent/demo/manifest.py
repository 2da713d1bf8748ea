"""The manifest: which commits the demo's repositories consist of, and which instances they hold."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from kent_agent.errors import DatasetError

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "manifest.json"


@dataclass(frozen=True)
class Commit:
    """One commit: it adds files of the package, or it applies the patches of the instance it fixes.

    Attributes:
        date: ISO 8601, of author and committer.
        add: paths inside the repository.
        fixes: an instance id, or empty.
    """

    date: str
    message: str
    add: tuple[str, ...] = ()
    fixes: str = ""


@dataclass(frozen=True)
class Repository:
    """A repository's history, first commit first; `head` is the id its last commit must have."""

    repo: str
    head: str
    commits: tuple[Commit, ...]

    @property
    def folder(self) -> str:
        """`<owner>__<name>`: the repository's folder here and where it is built."""
        return self.repo.replace("/", "__")


@dataclass(frozen=True)
class Instance:
    """What the manifest says of an instance; its texts are read from its folder."""

    instance_id: str
    repo: str
    version: str
    created_at: str
    base_commit: str
    environment_setup_commit: str
    FAIL_TO_PASS: tuple[str, ...]
    PASS_TO_PASS: tuple[str, ...]

    @cached_property
    def issue(self) -> str:
        return read_text(f"instances/{self.instance_id}/issue.md")

    @cached_property
    def hints(self) -> str:
        return read_text(f"instances/{self.instance_id}/hints.md")

    @cached_property
    def fix(self) -> str:
        """The gold patch."""
        return read_text(f"instances/{self.instance_id}/fix.patch")

    @cached_property
    def tests(self) -> str:
        """The test patch."""
        return read_text(f"instances/{self.instance_id}/test.patch")


@dataclass(frozen=True)
class Manifest:
    """The whole of manifest.json."""

    branch: str
    name: str
    email: str
    repositories: tuple[Repository, ...]
    instances: tuple[Instance, ...]

    @classmethod
    def load(cls) -> Self:
        """The manifest of this installation.

        Raises:
            DatasetError: the installation lacks it.
        """
        content = json.loads(read_text(MANIFEST.name))
        return cls(
            branch=content["branch"],
            name=content["identity"]["name"],
            email=content["identity"]["email"],
            repositories=tuple(_repository(entry) for entry in content["repositories"]),
            instances=tuple(_instance(entry) for entry in content["instances"]),
        )

    def instance(self, instance_id: str) -> Instance:
        """The instance of that name."""
        return next(instance for instance in self.instances if instance.instance_id == instance_id)


def read_text(path: str) -> str:
    """A file of the demo with LF line ends, whatever a checkout made of them.

    Raises:
        DatasetError: the installation lacks it.
    """
    try:
        return (FOLDER / path).read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"demo: {FOLDER / path} cannot be read; install kent_agent again.") from error


def _repository(entry: dict[str, Any]) -> Repository:
    commits = (Commit(**{**commit, "add": tuple(commit.get("add", ()))}) for commit in entry["commits"])
    return Repository(entry["repo"], entry["head"], tuple(commits))


def _instance(entry: dict[str, Any]) -> Instance:
    lists = {name: tuple(entry[name]) for name in ("FAIL_TO_PASS", "PASS_TO_PASS")}
    return Instance(**{**entry, **lists})
