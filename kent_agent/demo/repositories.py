"""The demo's git repositories, built from the manifest with the same commit ids everywhere.

Only what the manifest names is read, and everything a commit id depends on is given to git outright: blobs
by their bytes, modes, dates, identity, hash algorithm. No work tree is ever filled, so neither the umask
nor line-end conversion, hooks or attributes have a say.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kent_agent.demo.manifest import MANIFEST, Commit, Manifest, Repository, read_text
from kent_agent.errors import WorkspaceError


def repositories_dir() -> Path:
    """The repositories' place in the cache; they are built on first use, and again when they are damaged.

    Raises:
        WorkspaceError: the cache cannot be written, or git built other commits than the manifest names.
    """
    from kent_agent.workspace import cache_dir

    edition = hashlib.sha256(read_text(MANIFEST.name).encode()).hexdigest()[:12]
    return build_repositories(cache_dir() / "demo" / edition)


def build_repositories(destination: Path) -> Path:
    """Make a bare repository `<owner>__<name>` in `destination` for each one of the manifest.

    Repositories that are there and intact stay untouched, damaged ones are replaced. Each is built aside and
    renamed, under a lock: any number of processes may call this at once.

    Returns:
        destination.

    Raises:
        WorkspaceError: `destination` cannot be written, or git built other commits than the manifest names.
    """
    manifest = Manifest.load()
    if _missing(manifest, destination):
        try:
            with _locked(destination):
                for repository in _missing(manifest, destination):
                    _install(manifest, repository, destination)
        except OSError as error:
            raise WorkspaceError(
                f"demo: its repositories cannot be built in {destination} ({error.strerror or error}); "
                "let KENT_CACHE_DIR name a folder that can be written."
            ) from error
    return destination


def write_history(manifest: Manifest, repository: Repository, folder: Path) -> list[str]:
    """Make the bare repository `folder`; the ids of its commits, first commit first.

    Raises:
        WorkspaceError: git failed, for example because a patch does not apply.
    """
    _git(folder.parent, "init", "--quiet", "--bare", "--template=", "--object-format=sha1", folder.name)
    _git(folder, "symbolic-ref", "HEAD", f"refs/heads/{manifest.branch}")
    ids: list[str] = []
    for commit in repository.commits:
        _stage(manifest, repository, commit, folder)
        tree = _git(folder, "write-tree")
        parents = ["-p", ids[-1]] if ids else []
        seconds = int(datetime.fromisoformat(commit.date).timestamp())
        signature = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (
                ("NAME", manifest.name),
                ("EMAIL", manifest.email),
                ("DATE", f"{seconds} +0000"),
            )
        }
        ids.append(_git(folder, "commit-tree", tree, *parents, text=commit.message + "\n", extra=signature))
    _git(folder, "update-ref", f"refs/heads/{manifest.branch}", ids[-1])
    (folder / "index").unlink()
    return ids


def _stage(manifest: Manifest, repository: Repository, commit: Commit, folder: Path) -> None:
    """Bring the index of the repository in `folder` to the state of one commit."""
    entries = []
    for path in commit.add:
        blob = _git(folder, "hash-object", "-w", "--stdin", text=read_text(f"packages/{repository.folder}/{path}"))
        entries.append(f"100644 {blob}\t{path}\n")
    if entries:
        _git(folder, "update-index", "--index-info", text="".join(entries))
    if commit.fixes:
        instance = manifest.instance(commit.fixes)
        for patch in (instance.fix, instance.tests):
            _git(folder, "apply", "--cached", "--whitespace=nowarn", "-", text=patch)


def _missing(manifest: Manifest, destination: Path) -> list[Repository]:
    return [
        repository
        for repository in manifest.repositories
        if not _is_intact(destination / repository.folder, manifest.branch, repository.head)
    ]


def _is_intact(folder: Path, branch: str, head: str) -> bool:
    """Whether the repository has the expected last commit, and every object of its history is sound."""
    try:
        return (
            _git(folder, "rev-parse", "--verify", f"refs/heads/{branch}") == head
            and _git(folder, "rev-parse", "HEAD") == head
            and _git(folder, "fsck", "--full", "--no-dangling", "--no-progress") == ""
        )
    except (WorkspaceError, OSError):
        return False


def _install(manifest: Manifest, repository: Repository, destination: Path) -> None:
    """Build one repository aside and move it to its place; what lies there goes."""
    with tempfile.TemporaryDirectory(prefix=".building-", dir=destination) as aside:
        built = Path(aside) / "new"
        head = write_history(manifest, repository, built)[-1]
        if head != repository.head:
            raise WorkspaceError(
                f"demo: {repository.repo} was built with the last commit {head} and not {repository.head}; "
                "its files have been changed, so install kent_agent again."
            )
        place = destination / repository.folder
        if place.is_dir() and not place.is_symlink():
            place.rename(Path(aside) / "old")
        else:
            place.unlink(missing_ok=True)
        built.rename(place)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel lets go when the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(".building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _git(folder: Path, *arguments: str, text: str = "", extra: dict[str, str] | None = None) -> str:
    """Git's output for a command in `folder`, blank space at its ends stripped.

    Raises:
        WorkspaceError: git is missing, or it failed.
    """
    from kent_agent.hardened_git import hardened_environment

    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    directory = {} if arguments[0] == "init" else {"GIT_DIR": "."}
    environment = inherited | hardened_environment() | directory | (extra or {})
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, input=text.encode(), capture_output=True
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise
        raise WorkspaceError("demo: git was not found; install it, version 2.31 or later.") from error
    if done.returncode:
        message = "; ".join(done.stderr.decode(errors="replace").splitlines())
        raise WorkspaceError(f"demo: git {arguments[0]} failed in {folder}: {message}")
    return done.stdout.decode().strip()
