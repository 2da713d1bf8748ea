"""Fixes from git histories: the training data, with provenance in every row."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from kent_agent.errors import WorkspaceError
from kent_agent.hardened_git import HardenedGit
from kent_agent.source.history import FORBIDDEN_REPOSITORIES, Fix, fixes_of, is_source

MAX_FILES = 3  # a commit that touches more is rarely one fix
MAX_LINES = 20  # added and deleted, in all
MAX_BYTES = 200_000


def mine(repo: str, mirror: Path, commits: int) -> Iterator[Fix]:
    """The statement-sized fixes of a repository's last commits, newest first, the same ones for the same mirror.

    Args:
        repo: `owner/name`.
        mirror: its git directory.
        commits: how many commits to look at.

    Raises:
        WorkspaceError: the repository is one whose history must not be learned from, or git cannot read it.
    """
    if repo.split("/")[-1].lower() in FORBIDDEN_REPOSITORIES:
        raise WorkspaceError(f"{repo} belongs to SWE-bench, whose repositories are no training data; leave it out.")
    with TemporaryDirectory() as work_tree:
        git = HardenedGit(mirror, Path(work_tree))
        for commit, message, changes in _small_commits(repo, git, commits):
            for path, before, after in changes:
                old, new = _text(git, before), _text(git, after)
                if old is not None and new is not None:
                    yield from fixes_of(repo, commit, message, path, old, new)
        git.clear_cache()


def _small_commits(repo: str, git: HardenedGit, limit: int) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """(commit, message, [(path, blob before, blob after)]) of commits that change little source and nothing else."""
    log = ("log", "--no-merges", "--no-renames", "--diff-filter=M", "--raw", "--numstat", "--abbrev=40", "-z")
    status, output, stderr = git.run(*log, f"--max-count={limit}", "--format=/%H%x00%B%x00", "HEAD", "--", "*.py")
    if status:
        raise WorkspaceError(f"git log failed in the mirror of {repo}: {stderr}.")
    for block in output.decode(errors="replace").split("\0/"):
        commit, _, rest = block.removeprefix("/").partition("\0")
        message, _, listing = rest.partition("\0")
        changes, lines = _parse_listing(listing)
        if 0 < len(changes) <= MAX_FILES and lines <= MAX_LINES:
            yield commit, message.strip(), changes


def _parse_listing(listing: str) -> tuple[list[tuple[str, str, str]], int]:
    """Source files of a commit's raw listing, and how many of their lines were added or deleted."""
    changes: list[tuple[str, str, str]] = []
    lines = 0
    fields = iter(listing.lstrip("\n\0").split("\0"))
    for field in fields:
        field = field.lstrip("\n")
        if field.startswith(":"):
            _, _, before, after, _ = field[1:].split(" ")
            path = next(fields)
            if is_source(path):
                changes.append((path, before, after))
        elif field.count("\t") == 2:
            added, deleted, path = field.split("\t")
            if is_source(path):
                lines += int(added) + int(deleted) if added.isdigit() else MAX_LINES + 1
    return changes, lines


def _text(git: HardenedGit, blob: str) -> str | None:
    """A blob's text; None where it is missing (partial clones), large or not UTF-8."""
    try:
        data = git.get_object_data(blob)[3]
        return data.decode() if len(data) <= MAX_BYTES else None
    except (ValueError, OSError):
        return None
