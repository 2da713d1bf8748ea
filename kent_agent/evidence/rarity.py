"""How rare terms are among documents that are known by their terms' keys."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import Record


def rarity(
    items: SparseItems, terms: Iterable[str], records: Sequence[Record], kind: int, kinds: int
) -> dict[str, float]:
    """BM25's inverse document frequency of the terms that occur in some document.

    Args:
        items: the space that made the keys.
        terms: those asked for.
        records: hold the documents, `kinds` of them in turn.
        kind: the one of them that counts.
    """
    names = list(dict.fromkeys(terms))
    counts = np.concatenate([record.counts for record in records]) if records else np.empty(0, dtype=np.int32)
    if not names or not len(counts):
        return {}
    of_kind = np.arange(len(counts)) % kinds == kind
    held = np.concatenate([record.terms for record in records])
    held = held[np.repeat(of_kind, counts)]
    keys = items.keys(names)
    order = np.argsort(keys)
    frequency = np.zeros(len(names), dtype=np.int64)
    frequency[order] = _occurrences(keys[order], held)
    total = int(of_kind.sum())
    return {
        name: math.log(1 + (total - n + 0.5) / (n + 0.5))
        for name, n in zip(names, frequency.tolist(), strict=True)
        if n
    }


def _occurrences(keys: NDArray[np.uint32], held: NDArray[np.uint32]) -> NDArray[np.int64]:
    """How often each of some ascending keys is held; most of what is held is none of them, which a table tells fast."""
    low = np.zeros(1 << 16, dtype=bool)
    low[keys & 0xFFFF] = True
    held = held[low[held & 0xFFFF]]
    places = np.minimum(np.searchsorted(keys, held), len(keys) - 1)
    return np.bincount(places[keys[places] == held], minlength=len(keys))
