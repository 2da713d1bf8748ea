"""Evidence of words: how alike an issue and a file's roles are, as hypervectors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.columns import Columns
from kent_agent.evidence.rarity import rarity
from kent_agent.hdc.sparse import SparseVectors
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import DETAIL_ROLES, FILE_ROLES, Record, RepositoryIndex

_BEST_PIECES = 3

Rows = NDArray[np.int64]
"""Numbers of rows."""


def file_columns(clues: Clues, index: RepositoryIndex, records: Sequence[Record]) -> Columns:
    """Similarity of the issue to each file's path, defined names and body."""
    vectors = SparseVectors.concatenate([record.vectors for record in records])
    in_bodies = rarity(index.items, clues.whole, records, 1, 2)
    in_paths = rarity(index.items, clues.whole, records, 0, 2)
    numbers = np.arange(len(vectors)).reshape(-1, len(FILE_ROLES))
    located = vectors.take(numbers[:, [FILE_ROLES.index("path"), FILE_ROLES.index("stem")]].ravel())
    norms = vectors.norms.reshape(-1, len(FILE_ROLES))[:, FILE_ROLES.index("body")]
    columns: Columns = {}
    for part, bag in (("title", clues.title), ("all", clues.whole)):
        alike = vectors.cosines(index.query(bag, in_bodies)).reshape(-1, len(FILE_ROLES))
        alike_path = located.cosines(index.query(bag, in_paths)).reshape(-1, 2)
        columns[f"names.{part}"] = alike[:, FILE_ROLES.index("names")]
        columns[f"body.{part}"] = alike[:, FILE_ROLES.index("body")]
        columns[f"body.{part}_length"] = alike[:, FILE_ROLES.index("body")] * norms
        columns[f"path.{part}"] = alike_path[:, 0]
        columns[f"path.{part}_stem"] = alike_path[:, 1]
    return columns


def detail_columns(
    clues: Clues, index: RepositoryIndex, records: Sequence[Record], details: Sequence[Record]
) -> Columns:
    """Similarity of the issue to each file's comments, pairs of words, and best pieces."""
    vectors = SparseVectors.concatenate([record.vectors for record in details])
    ends = np.cumsum([len(record.vectors) for record in details])
    starts = np.concatenate(([0], ends[:-1]))
    heads = (starts[:, None] + np.arange(len(DETAIL_ROLES))).ravel()
    prose = vectors.take(starts + DETAIL_ROLES.index("prose"))
    parts = vectors.take(np.setdiff1d(np.arange(len(vectors)), heads))
    cuts = (ends - np.arange(1, len(ends) + 1) * len(DETAIL_ROLES))[:-1]
    in_bodies = rarity(index.items, clues.whole, records, 1, 2)
    columns: Columns = {}
    for part, bag in (("title", clues.title), ("all", clues.whole), ("prose", clues.prose)):
        words = index.query(bag, in_bodies)
        if part != "title":
            columns[f"prose.{part}"] = prose.cosines(words)
        if part != "prose":
            best = [np.sort(alike)[::-1][:_BEST_PIECES] for alike in np.split(parts.cosines(words), cuts)]
            columns[f"pieces.{part}"] = np.array([b.max(initial=0.0) for b in best], dtype=np.float32)
            columns[f"pieces.{part}_few"] = np.array([b.sum() / _BEST_PIECES for b in best], dtype=np.float32)
    phrases = starts + DETAIL_ROLES.index("pairs"), starts + DETAIL_ROLES.index("triples")
    return columns | phrase_columns(clues, index, vectors, phrases, details, (0, 1, 2))


def phrase_columns(
    clues: Clues,
    index: RepositoryIndex,
    vectors: SparseVectors,
    rows: tuple[Rows, Rows],
    records: Sequence[Record],
    documents: tuple[int, int, int],
) -> Columns:
    """What candidates have in common with the issue's pairs and triples of words.

    Args:
        vectors: hold the pairs and the triples of each candidate.
        rows: where they are.
        records: hold the documents of pairs and of triples that tell how rare each is.
        documents: which documents of a record those are, and how many it has.
    """
    pairs, triples, kinds = documents
    in_pairs = rarity(index.items, clues.phrases[0], records, pairs, kinds)
    in_triples = rarity(index.items, {**clues.phrases[1], **clues.told_phrases[1]}, records, triples, kinds)
    of_pairs, of_triples = (vectors.take(each) for each in rows)
    alike = index.query(clues.phrases[0], in_pairs)
    columns = {
        "phrases.pairs": of_pairs.cosines(alike),
        "phrases.pairs_length": _logs(of_pairs.dots(alike)),
        "phrases.pairs_title": of_pairs.dots(index.query(clues.title_phrases[0], in_pairs)),
    }
    for name, bag in (("triples", clues.phrases[1]), ("triples_told", clues.told_phrases[1])):
        columns[f"phrases.{name}"] = _logs(of_triples.dots(index.query(bag, in_triples)))
    return columns


def _logs(dots: Real) -> Real:
    """Dots that grow ever more slowly; below zero there is only noise."""
    return np.log1p(np.maximum(dots, 0.0))
