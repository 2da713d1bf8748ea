"""Commits that tell what they change: what an issue would have said, and where it was done."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kent_agent.errors import WorkspaceError
from kent_agent.hardened_git import HardenedGit
from kent_agent.source.history import FORBIDDEN_REPOSITORIES, is_source

MAX_FILES = 5  # a commit that touches more is rarely one thing
MAX_BYTES = 200_000
MIN_TITLE = 20  # characters; shorter ones say little
_CHORE = re.compile(
    r"(?i)\b(bump|releas\w*|version|typos?|docs?|docstrings?|documentation|changelog|spelling|lint\w*|format\w*"
    r"|pre-commit|black|isort|flake8|mypy|pyupgrade|ruff|revert|merge|cosmetic\w*|comments?|whitespace|pep-?8)\b"
)


@dataclass(frozen=True)
class Commit:
    """A commit on a few source files that is no chore.

    Attributes:
        sha, parent: its id and its only parent's.
        title, body: of its message.
        changes: path, blob before and blob after of each source file.
    """

    sha: str
    parent: str
    title: str
    body: str
    changes: tuple[tuple[str, str, str], ...]


@contextmanager
def reading(repo: str, mirror: Path) -> Iterator[HardenedGit]:
    """Git on a mirror that may be learned from.

    Args:
        repo: `owner/name`.
        mirror: its git directory.

    Raises:
        WorkspaceError: the repository is one whose history must not be learned from.
    """
    if repo.split("/")[-1].lower() in FORBIDDEN_REPOSITORIES:
        raise WorkspaceError(f"{repo} belongs to SWE-bench, whose repositories are no training data; leave it out.")
    with TemporaryDirectory() as work_tree:
        git = HardenedGit(mirror, Path(work_tree))
        yield git
        git.clear_cache()


def telling_commits(repo: str, git: HardenedGit) -> Iterator[Commit]:
    """The commits of a repository that tell what they change, newest first.

    Raises:
        WorkspaceError: git cannot read it.
    """
    log = ("log", "--no-merges", "--no-renames", "--diff-filter=M", "--raw", "--abbrev=40", "-z")
    status, output, stderr = git.run(*log, "--format=/%H%x00%P%x00%s%x00%b%x00", "HEAD", "--", "*.py")
    if status:
        raise WorkspaceError(f"git log failed in the mirror of {repo}: {stderr}.")
    fields = iter(output.decode(errors="replace").split("\0"))
    for sha, parent, title, body, raw in _entries(fields):
        changes = tuple(
            (path, *_blobs(meta)) for meta, path in zip(raw[::2], raw[1::2], strict=False) if is_source(path)
        )
        if parent and 0 < len(changes) <= MAX_FILES and len(title) >= MIN_TITLE and not is_chore(title):
            yield Commit(sha, parent, title, body, changes)


def is_chore(title: str) -> bool:
    """Whether a message's first line tells of upkeep: releases, documentation, formatting, reverts."""
    return bool(_CHORE.search(title))


def _entries(fields: Iterator[str]) -> Iterator[tuple[str, str, str, str, list[str]]]:
    """Id, parents, title, body and raw listing of each commit of a log."""
    head = next(fields, "")
    while head.startswith("/"):  # no path of a tree does, nor does a line of the raw format
        sha, parent, title, body = head[1:], next(fields), next(fields), next(fields)
        listing: list[str] = []
        for head in fields:
            if head.startswith("/"):
                break
            listing += [head.strip("\n")] if head.strip("\n") else []
        else:
            head = ""
        yield sha, parent, title, body, listing


def text_of(git: HardenedGit, blob: str) -> str | None:
    """A blob's text; None where it is missing (partial clones), large or not UTF-8."""
    try:
        data = git.get_object_data(blob)[3]
        return data.decode() if len(data) <= MAX_BYTES else None
    except (ValueError, OSError):
        return None


def _blobs(meta: str) -> tuple[str, str]:
    """Blobs before and after of a raw listing's line."""
    _, _, before, after, _ = meta.split(" ")
    return before, after
