"""A repository in memory: a Source whose files and commits a test writes down, and which notes what is read of it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Touched = Sequence[str] | Mapping[str, Sequence[str]]
"""Paths that a commit touched, or the lines that it added to each of them."""
Commits = Sequence[tuple[str, Touched]]
"""Messages and what was touched, newest first."""


@dataclass(frozen=True)
class File:
    """A file: its path and the id of its content."""

    path: str
    blob: str


@dataclass(frozen=True)
class Commit:
    """A commit: its id, its message, and the paths that it touched."""

    sha: str
    message: str
    files: tuple[str, ...]


class Memory:
    """A repository.

    Args:
        texts: of the files by path; None for a file that is no text.
        commits: newest first.

    Attributes:
        reads: paths of the texts that were read.
        shown: ids of the commits that were read.
        compared: ids of the commits whose added lines were read.
    """

    def __init__(self, texts: Mapping[str, str | None], commits: Commits = ()) -> None:
        self.texts = dict(texts)
        self.files = tuple(File(path, _digest(text or "")) for path, text in sorted(texts.items()))
        touched = {_digest(f"{message}\0{touched}"): (message, touched) for message, touched in commits}
        self._commits = {sha: Commit(sha, message, tuple(paths)) for sha, (message, paths) in touched.items()}
        self._added: dict[str, Mapping[str, Sequence[str]]] = {
            sha: lines if isinstance(lines, Mapping) else dict.fromkeys(lines, ())
            for sha, (_, lines) in touched.items()
        }
        self.reads: list[str] = []
        self.shown: list[str] = []
        self.compared: list[str] = []

    def read_text(self, path: str) -> str | None:
        self.reads.append(path)
        return self.texts.get(path)

    def read_texts(self, paths: Sequence[str]) -> Iterator[str | None]:
        return map(self.read_text, paths)

    def ancestors(self, limit: int) -> list[str]:
        return list(self._commits)[:limit]

    def commits(self, shas: Sequence[str]) -> list[Commit]:
        self.shown += shas
        return [self._commits[sha] for sha in shas]

    def added_lines(self, shas: Sequence[str]) -> list[Mapping[str, Sequence[str]]]:
        self.compared += shas
        return [self._added[sha] for sha in shas]


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()
