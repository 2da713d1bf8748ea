"""The tree to work in, and what a run left behind."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable

LARGEST_REPORT = 8 << 20  # bytes


def copy_repository(root: str, tree: str) -> None:
    """A fresh copy of the repository in the place of whatever is there; its history is linked, not copied.

    Raises:
        OSError: no room.
    """
    remove(tree)
    os.makedirs(tree)
    names = [os.path.join(root, name) for name in sorted(os.listdir(root)) if name != ".git"]
    if names:
        command = ["cp", "-R", "--preserve=mode,timestamps,links", "--"] + names + [tree]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise OSError(done.stderr.decode("utf-8", "replace").strip()[-1000:])
    history = os.path.join(root, ".git")
    if os.path.isdir(history):
        os.symlink(history, os.path.join(tree, ".git"))


def remove(path: str) -> None:
    """Remove a file or a folder, also one whose permissions forbid it."""
    if not os.path.lexists(path):
        return
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    os.chmod(path, stat.S_IRWXU)
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = os.path.join(folder, name)
            if not os.path.islink(inner):
                os.chmod(inner, stat.S_IRWXU)
    shutil.rmtree(path)


def read_report(path: str) -> "str | None":
    """A file's text; None when it is no regular file or too large, for then something else wrote it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_REPORT:
            return None
        return file.read(LARGEST_REPORT).decode("utf-8", "replace")


class Leavings:
    """Folders that every run may write to, and what was there before the first."""

    def __init__(self, folders: "Iterable[str]", own: "Iterable[str]") -> None:
        self.folders = list(folders)
        self.own = list(own)
        self.known = set()  # type: set[str]

    def settle(self) -> None:
        """What is there now stays: the interpreter may need what its imports wrote."""
        self.known = set(self._paths())

    def clear(self) -> None:
        """Remove what has come since, mend what has gone."""
        for path in self.own:
            if not os.path.isdir(path):
                remove(path)
                os.makedirs(path)
        for path in self._paths():
            if path not in self.known:
                remove(path)

    def _paths(self) -> "Iterable[str]":
        """Files and folders, a folder before what is in it."""
        for folder in self.folders:
            for inner, names, files in os.walk(folder):
                for name in names + files:
                    yield os.path.join(inner, name)
