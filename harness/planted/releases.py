"""Releases of small packages: fetched with pip, held to their digests, kept as commits without parents."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from kent_agent.errors import HarnessError
from kent_agent.hardened_git import hardened_environment
from kent_agent.source.history import is_source, is_test
from kent_agent.workspace import is_safe_path

OWNER = "planted"
_COMMITTER = "kent_agent <kent_agent@localhost> 1700000000 +0000"  # always the same, so that ids are

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Release:
    """A source distribution.

    Attributes:
        package: its name on the index.
        file: its name there.
        sha256: of its bytes, in hex.
    """

    package: str
    version: str
    file: str
    sha256: str

    @property
    def repo(self) -> str:
        """As a row names it."""
        return f"{OWNER}/{self.package}"

    @property
    def name(self) -> str:
        """Package and version."""
        return f"{self.package}-{self.version}"


def releases() -> dict[str, list[Release]]:
    """The releases to plant bugs in, by package, oldest first."""
    listed = json.loads((files("harness.planted") / "releases.json").read_text("utf-8"))
    return {package: [Release(package, *each) for each in rows] for package, rows in listed.items()}


def fetch(release: Release, cache: Path) -> Path:
    """The release's file in a folder, downloaded where it is not there yet.

    Raises:
        HarnessError: pip does not get it, or what it gets has another digest.
    """
    path = cache / release.file
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(f"{release.package}=={release.version} --hash=sha256:{release.sha256}\n")
            wanted.flush()
            options = ["--no-binary", ":all:", "--no-deps", "--require-hashes", "--requirement", wanted.name]
            command = [sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", str(cache)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HarnessError(f"pip did not download {release.name}: {done.stderr.strip()[-400:]}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != release.sha256:
        raise HarnessError(f"{path} is not {release.name} as it was released; remove it.")
    return path


class Tree:
    """What a release holds: its regular files by path, those that git takes."""

    def __init__(self, held: Files) -> None:
        self.files = held

    @classmethod
    def of(cls, release: Release, cache: Path) -> "Tree":
        """The files of a release, below the folder that its archive wraps them in."""
        held: dict[str, bytes] = {}
        with tarfile.open(fetch(release, cache)) as archive:
            for member in archive:
                path = member.name.removeprefix("./").partition("/")[2]
                content = archive.extractfile(member) if member.isreg() else None
                if is_safe_path(path) and content is not None:
                    held[path] = content.read()
        return cls(held)

    @cached_property
    def sources(self) -> dict[str, str]:
        """Texts of the Python files that a fix may touch, of those that are UTF-8."""
        return self._texts([path for path in self.files if is_source(path) and not is_test(path)])

    @cached_property
    def tests(self) -> dict[str, str]:
        """Texts of the Python files that hold tests, or may."""
        return self._texts([path for path in self.files if path.endswith(".py") and "test" in path.lower()])

    def _texts(self, paths: list[str]) -> dict[str, str]:
        texts = {}
        for path in sorted(paths):
            try:
                texts[path] = self.files[path].decode()
            except UnicodeDecodeError:
                continue
        return texts


def commit(mirrors: Path, release: Release, name: str, held: Files) -> str:
    """The id of a commit without parents that holds these files, in the package's mirror; made where it is missing.

    Nothing leads from it to the files before a bug was planted.

    Args:
        mirrors: folder of mirrors, as `--repos-dir` takes it.
        name: of the reference that keeps it.
    """
    mirror = mirrors / f"{OWNER}__{release.package}"
    if not mirror.is_dir():
        _git(mirrors, "init", "--quiet", "--bare", "--template=", str(mirror))
    reference = f"refs/planted/{name}"
    parts = [f"commit {reference}\ncommitter {_COMMITTER}\ndata 8\nRelease\n\n".encode()]
    for path, content in sorted(held.items()):
        parts += [f"M 100644 inline {path}\ndata {len(content)}\n".encode(), content, b"\n"]
    _git(mirror, "fast-import", "--quiet", "--force", stdin=b"".join(parts))
    return _git(mirror, "rev-parse", reference).strip()


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **hardened_environment()}
    done = subprocess.run(["git", *arguments], cwd=folder, input=stdin, capture_output=True, env=environment)
    if done.returncode:
        raise HarnessError(f"git {arguments[0]} failed in {folder}: {done.stderr.decode(errors='replace').strip()}.")
    return done.stdout.decode()
