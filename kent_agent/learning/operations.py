"""Learning what kind of edit a message asks for, from the commits of repositories."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, get_args

import numpy as np

from kent_agent.errors import KentError
from kent_agent.hardened_git import HardenedGit
from kent_agent.hdc.sparse import SparseItems
from kent_agent.hdc.vectors import Real, normalize
from kent_agent.learning.commits import Commit, reading, telling_commits, text_of
from kent_agent.operations import KINDS, OperationModel, by_operation, encode, message_bag
from kent_agent.source.kinds import Change, EditKind, changes_between, gold_operation
from kent_agent.source.symbols import SymbolKind

MAX_CHANGES = 20  # more are a refactoring, of which a message names few
_SHARPNESS = 14.0  # of 5 to 20, the least loss on scrapy, jinja and httpx when they were left out

Class = TypeVar("Class", bound=str)


@dataclass(frozen=True)
class Lesson:
    """A commit as an example: its message, and the edits it made."""

    repo: str
    commit: str
    title: str
    body: str
    changes: tuple[Change, ...]


def lessons(repo: str, mirror: Path, limit: int = 400) -> Iterator[Lesson]:
    """The last commits of a repository that tell what they change and change little source, newest first.

    Args:
        repo: `owner/name`.
        mirror: its git directory.
        limit: how many at most.

    Raises:
        WorkspaceError: the repository is one whose history must not be learned from, or git cannot read it.
    """
    found = 0
    with reading(repo, mirror) as git:
        for commit in telling_commits(repo, git):
            changes = _changes(git, commit)
            if 0 < len(changes) <= MAX_CHANGES:
                yield Lesson(repo, commit.sha, commit.title, commit.body, tuple(changes))
                found += 1
            if found >= limit:
                break


def _changes(git: HardenedGit, commit: Commit) -> list[Change]:
    """The edits that a commit made; none where a version is missing, large, or does not parse."""
    found: list[Change] = []
    for _, before, after in commit.changes:
        old, new = text_of(git, before), text_of(git, after)
        if old is None or new is None:
            return []
        try:
            found += changes_between(old, new)
        except SyntaxError:
            return []
    return found


def train_operations(
    mirrors: Iterable[tuple[str, Path]], held_out: Collection[str] = (), limit: int = 400, dimension: int = 4096
) -> OperationModel:
    """A model learned from the last commits of repositories, measured on those held out.

    Args:
        mirrors: (owner/name, git directory) of each repository.
        held_out: owner/name of repositories to measure on instead; the scores go into the provenance.
        limit: how many commits of each to learn from at most.
        dimension: D, a multiple of 8.

    Raises:
        KentError: a forbidden or unreadable repository, or nothing to learn from.
    """
    mined = {repo: list(lessons(repo, mirror, limit)) for repo, mirror in mirrors}
    seen = [lesson for repo, found in mined.items() if repo not in held_out for lesson in found]
    unseen = [lesson for repo, found in mined.items() if repo in held_out for lesson in found]
    if not seen:
        raise KentError("The repositories hold no commits to learn edits from; give more of them.")
    provenance = {
        "repositories": dict(Counter(lesson.repo for lesson in seen)),
        "held_out": dict(Counter(lesson.repo for lesson in unseen)),
        "newest_commits": {repo: found[0].commit for repo, found in mined.items() if found},
        "edits": dict(Counter(change.kind for lesson in seen for change in lesson.changes)),
    }
    model = replace(fit(seen, dimension), provenance=provenance)
    if unseen:
        provenance["validation"] = evaluate(model, unseen)
    return model


def fit(seen: Sequence[Lesson], dimension: int) -> OperationModel:
    """One prototype a kind: the bundle of the messages of commits, each by the share of its edits of that kind.

    Prototypes are unit vectors less their mean: what all messages have in common tells nothing.
    """
    items = SparseItems(dimension)
    vectors = np.stack([encode(items, message_bag(lesson.title, lesson.body)) for lesson in seen])
    shares = np.stack([_shares(lesson) for lesson in seen])
    bundles = normalize(shares.T @ vectors)
    taught = shares.sum(axis=0) > 0
    prototypes = np.where(taught[:, None], bundles - bundles[taught].mean(axis=0), 0).astype(np.float32)
    prior = (shares.sum(axis=0) + 1) / (len(seen) + len(KINDS))
    return OperationModel(items, prototypes, _SHARPNESS, dict(zip(KINDS, prior.tolist(), strict=True)), _scopes(seen))


def _shares(lesson: Lesson) -> Real:
    counts = Counter(change.kind for change in lesson.changes)
    return np.array([counts[kind] / len(lesson.changes) for kind in KINDS], dtype=np.float32)


def _scopes(seen: Sequence[Lesson]) -> dict[EditKind, dict[SymbolKind, float]]:
    """How often an edit of each kind is made in each kind of symbol, as if it had been in each once more."""
    counts = Counter(change for lesson in seen for change in lesson.changes)
    symbols = get_args(SymbolKind)
    totals = {kind: sum(counts[Change(kind, symbol)] + 1 for symbol in symbols) for kind in KINDS}
    return {kind: {symbol: (counts[Change(kind, symbol)] + 1) / totals[kind] for symbol in symbols} for kind in KINDS}


def evaluate(model: OperationModel, unseen: Sequence[Lesson]) -> dict[str, dict[str, float]]:
    """Scores for kinds and for operations against those of most edits in each commit.

    `accuracy` is of the likeliest class and `recall` its mean over classes; `balanced_recall` is that of the class that
    gains most over its prior. `majority` is the accuracy of always saying the commonest class, `chance` its recall.
    """
    predicted = [model.predict(message_bag(lesson.title, lesson.body)) for lesson in unseen]
    counts = [Counter(change.kind for change in lesson.changes) for lesson in unseen]
    kinds = [max(KINDS, key=lambda kind: count[kind]) for count in counts]
    operations = [by_operation(shares) for shares in predicted]
    return {
        "kind": _scores(kinds, predicted, model.prior),
        "operation": _scores([gold_operation(count) for count in counts], operations, by_operation(model.prior)),
    }


def _scores(
    gold: Sequence[Class], predicted: Sequence[Mapping[Class, float]], prior: Mapping[Class, float]
) -> dict[str, float]:
    def accuracy(answers: Sequence[Class]) -> float:
        return sum(answer == truth for answer, truth in zip(answers, gold, strict=True)) / len(gold)

    def recall(answers: Sequence[Class]) -> float:
        right = Counter(answer for answer, truth in zip(answers, gold, strict=True) if answer == truth)
        counts = Counter(gold)
        return sum(right[truth] / count for truth, count in counts.items()) / len(counts)

    likeliest = [max(shares, key=lambda name: shares[name]) for shares in predicted]
    gaining = [max(shares, key=lambda name: shares[name] / prior[name]) for shares in predicted]
    commonest = [max(prior, key=lambda name: prior[name])] * len(gold)
    scores = {
        "accuracy": accuracy(likeliest),
        "majority": accuracy(commonest),
        "recall": recall(likeliest),
        "balanced_recall": recall(gaining),
        "chance": recall(commonest),
        "commits": len(gold),
    }
    return {name: round(score, 4) for name, score in scores.items()}
