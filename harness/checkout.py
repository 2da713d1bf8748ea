"""A repository cut down to one commit: its own id, its files, nothing from before or after it."""

import os
import subprocess
from pathlib import Path

from kent_agent.errors import HarnessError
from kent_agent.hardened_git import hardened_environment

SUBMODULE = "160000"


def missing_blobs(mirror: Path, commit: str) -> frozenset[str]:
    """Ids of the blobs of `commit` that `mirror`, maybe a partial clone, does not hold.

    Raises:
        HarnessError: the commit or one of its trees is not in the mirror.
    """
    return _objects(mirror, commit)[1]


def check_out(mirror: Path, commit: str, destination: Path) -> tuple[str, ...]:
    """Make `destination` a shallow repository of `commit` alone, its files checked out.

    Files whose content the mirror lacks are left out and marked `skip-worktree`, so that the commit keeps
    its id and `git status` has nothing to say.

    Returns:
        The paths left out.

    Raises:
        HarnessError: the commit or one of its trees is not in the mirror.
    """
    present, missing = _objects(mirror, commit)
    _git(destination.parent, "init", "--quiet", "--template=", "--initial-branch=main", str(destination))
    pack = destination.resolve() / ".git" / "objects" / "pack" / "pack"
    pack.parent.mkdir(parents=True, exist_ok=True)
    _git(mirror, "pack-objects", "--quiet", str(pack), stdin="\n".join(present) + "\n")
    # Evaluation scripts begin with `git show`, which would print every file of a commit without parents.
    _git(destination, "config", "log.showRoot", "false")
    (destination / ".git" / "shallow").write_text(f"{commit}\n")
    _git(destination, "update-ref", "--no-deref", "HEAD", commit)
    _git(destination, "read-tree", commit)

    kept: list[str] = []
    left_out: list[str] = []
    for entry in filter(None, _git(destination, "ls-files", "--stage", "-z").split("\0")):
        about, path = entry.split("\t", 1)
        mode, blob, _stage = about.split()
        if mode != SUBMODULE:
            (left_out if blob in missing else kept).append(path)
    _git(destination, "update-index", "-z", "--skip-worktree", "--stdin", stdin=_nul_ended(left_out))
    _git(destination, "checkout-index", "--quiet", "--index", "-z", "--stdin", stdin=_nul_ended(kept))
    return tuple(left_out)


def _objects(mirror: Path, commit: str) -> tuple[list[str], frozenset[str]]:
    """Ids of all objects of one commit, split into those the mirror holds and those it lacks."""
    try:
        listed = _git(
            mirror, "rev-list", "--objects", "--no-walk", "--missing=print", "--no-object-names", commit, "--"
        ).split()
        # Trees are small, and without one nobody knows which files there are.
        _git(mirror, "ls-tree", "-r", "-t", "--name-only", commit)
    except HarnessError as error:
        raise HarnessError(
            f"{mirror} does not hold the commit {commit} with all its folders; "
            f"fetch it with `git -C {mirror} fetch origin {commit}`."
        ) from error
    missing = frozenset(line[1:] for line in listed if line.startswith("?"))
    return [line for line in listed if not line.startswith("?")], missing


def _nul_ended(paths: list[str]) -> str:
    return "".join(f"{path}\0" for path in paths)


def _git(repository: Path, *arguments: str, stdin: str = "") -> str:
    """Run git; paths that are no UTF-8 survive as surrogates."""
    result = subprocess.run(
        ["git", *arguments],
        cwd=repository,
        input=stdin.encode(errors="surrogateescape"),
        capture_output=True,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **hardened_environment()},
    )
    if result.returncode != 0:
        reason = result.stderr.decode(errors="replace").strip()
        raise HarnessError(f"git {arguments[0]} failed in {repository}: {reason or 'no reason given'}.")
    return result.stdout.decode(errors="surrogateescape")
