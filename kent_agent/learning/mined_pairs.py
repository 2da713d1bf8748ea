"""Mining labelled pairs: a commit message that reads like an issue, and what the commit touched."""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from kent_agent.evidence.gather import gather
from kent_agent.hardened_git import HardenedGit
from kent_agent.learning.commits import Commit, reading, telling_commits, text_of
from kent_agent.learning.evidence import MINED
from kent_agent.learning.pairs import GoldPlace, Pair
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from kent_agent.source.touched import runs_between, touched_symbols
from kent_agent.workspace import RepoSnapshot

_LONG = 60  # characters of a body that describes something
_DETAILED = 200  # characters of a message that is preferred
_LATEST = 6000  # commits that are considered
_FIX = re.compile(r"(?i)\b(fix\w*|bugs?|issues?|error|crash\w*|regression)\b|#\d")
_TRAILER = re.compile(r"(?im)^[a-z-]+-by:.*$")
_REFERENCE = re.compile(r"\(#\d+\)")


def mine_pairs(repo: str, mirror: Path, index: RepositoryIndex, limit: int) -> Iterator[Pair]:
    """Up to `limit` pairs of a repository, oldest first; detailed messages are preferred.

    Args:
        repo: `owner/name`.
        mirror: its git directory.

    Raises:
        WorkspaceError: the repository is one whose history must not be learned from, or git cannot read it.
    """
    with reading(repo, mirror) as git:
        for commit in _chosen(repo, git, limit):
            places = _touched(git, commit)
            with RepoSnapshot(repo, commit.parent, mirror) as snapshot:
                evidence = gather(parse_issue(_message(commit)), index, snapshot)
            if evidence is not None and places:
                files = frozenset(path for path, _, _ in commit.changes)
                yield Pair.of(commit.sha, repo, MINED, evidence, files, _telling(places))


def _chosen(repo: str, git: HardenedGit, limit: int) -> Sequence[Commit]:
    """The commits to learn from, in the order of their history, which is kind to the index."""
    reads_like_an_issue = [
        commit
        for commit, _ in zip(telling_commits(repo, git), range(_LATEST), strict=False)
        if len(commit.body) > _LONG or _FIX.search(commit.title)
    ]
    drawn = list(enumerate(reads_like_an_issue))
    random.Random(0).shuffle(drawn)
    drawn.sort(key=lambda pair: len(_message(pair[1])) <= _DETAILED)
    return [commit for _, commit in sorted(drawn[:limit], key=lambda pair: -pair[0])]


def _message(commit: Commit) -> str:
    """A message without what no issue has."""
    return _REFERENCE.sub("", _TRAILER.sub("", f"{commit.title}\n{commit.body}")).strip()


def _telling(places: frozenset[GoldPlace]) -> frozenset[GoldPlace]:
    """The places to learn from: a commit that changes nothing inside of a function or class tells of files alone.

    Such commits change tables and versions more often than they mend what an issue tells of.
    """
    return places if any(name != "<module>" for _, name in places) else frozenset()


def _touched(git: HardenedGit, commit: Commit) -> frozenset[GoldPlace]:
    """The symbols that a commit changed, by the rule that gold is read by."""
    found: set[GoldPlace] = set()
    for path, before, after in commit.changes:
        old, new = text_of(git, before), text_of(git, after)
        if old is not None and new is not None:
            found |= {(path, name) for name in touched_symbols(old, new, runs_between(old, new))}
    return frozenset(found)
