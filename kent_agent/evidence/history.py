"""Evidence of history: which files were touched by commits that sound like the issue, lately, often, together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.columns import Columns
from kent_agent.evidence.rarity import rarity
from kent_agent.hdc.sparse import SparseVectors
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import Record, RepositoryIndex

_SWEEPING = 20  # a commit of more files says nothing about any of them
_TOGETHER = 10  # and of more than these nothing about which belong together
_RECENT = 50  # commits: half-life of recency, roughly


def history_columns(number: Mapping[str, int], commits: Sequence[Record], alike: tuple[Real, Real]) -> Columns:
    """Similarity of the issue to the messages of the commits that touched each file, and how lately and often any did.

    Args:
        number: of each candidate file by path.
        commits: newest first.
        alike: similarity of the whole issue and of its title to each commit's message.
    """
    whole, title = alike
    n = len(number)
    names = ("history.best", "history.title", "history.sum", "recency.last", "recency.often")
    columns = {name: np.zeros(n, dtype=np.float32) for name in names}
    for age, record in enumerate(commits):
        touched = [number[path] for path in record.about["files"] if path in number]
        if not touched:
            continue
        weight = len(touched) ** -0.5
        last = columns["recency.last"]
        last[touched] = np.where(last[touched] > 0, last[touched], 1 / (1 + age / _RECENT))
        columns["recency.often"][touched] += weight
        if len(touched) <= _SWEEPING:
            best, best_title = columns["history.best"], columns["history.title"]
            best[touched] = np.maximum(best[touched], weight * whole[age])
            best_title[touched] = np.maximum(best_title[touched], weight * title[age])
            columns["history.sum"][touched] += weight * whole[age] ** 2
    for name in ("history.sum", "recency.often"):
        columns[name] = np.log1p(columns[name])
    return columns


def similarities(clues: Clues, index: RepositoryIndex, commits: Sequence[Record]) -> tuple[Real, Real]:
    """Similarity of the whole issue and of its title to each commit's message."""
    if not commits:
        return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32)
    vectors = SparseVectors.concatenate([record.vectors for record in commits])
    rare = rarity(index.items, clues.whole, commits, 0, 1)
    whole, title = (vectors.cosines(index.query(bag, rare)) for bag in (clues.whole, clues.title))
    return whole, title


def together(prior: Real, number: Mapping[str, int], commits: Sequence[Record]) -> Real:
    """How often each file was changed along with files that are likely themselves.

    Args:
        prior: probability of each file.
    """
    pairs: defaultdict[tuple[int, int], float] = defaultdict(float)
    totals = np.ones(len(prior), dtype=np.float32)
    for record in commits:
        touched = [number[path] for path in record.about["files"] if path in number]
        if 1 < len(touched) <= _TOGETHER:
            for i in touched:
                totals[i] += 1 - 1 / len(touched)
                for j in touched:
                    if i != j:
                        pairs[i, j] += 1 / len(touched)
    result = np.zeros(len(prior), dtype=np.float32)
    for (i, j), count in pairs.items():
        result[j] += prior[i] * count / totals[i]
    return result
