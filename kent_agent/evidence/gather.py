"""All the evidence of an issue in a repository: a table of files, and one of the symbols of the likeliest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kent_agent.evidence.changes import change_columns
from kent_agent.evidence.clues import Clues
from kent_agent.evidence.columns import Columns, shares, standard_scores
from kent_agent.evidence.history import history_columns, similarities, together
from kent_agent.evidence.lexical import detail_columns, file_columns
from kent_agent.evidence.mentions import Paths, definition_columns, frame_columns, mention_columns
from kent_agent.evidence.neighbours import import_columns, imported_files, package_columns, tested_columns
from kent_agent.evidence.places import Place, place_columns, places_of
from kent_agent.evidence.rarity import rarity
from kent_agent.hdc.sparse import SparseVectors
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import FILE_ROLES, FileEntry, Record, RepositoryIndex, Source
from kent_agent.source.history import is_source, is_test
from kent_agent.source.issue import Issue

SHORTLIST = 60  # files that are looked at closely
SEARCHED = 40  # files whose symbols are places
_SHARPNESS = 0.7  # of the prior's scores, whose unit is a standard deviation

_PRIOR = {
    "body.all": 1.0,
    "names.all": 1.0,
    "path.title": 1.0,
    "path.all": 1.0,
    "history.best": 2.0,
    "definitions.prose": 1.0,
    "definitions.code": 1.0,
    "mentions.path": 3.0,
    "mentions.module": 1.0,
    "frames.last": 2.0,
    "pieces.all": 1.0,
    "pieces.title": 1.0,
}
"""Rough weights, to choose what is looked at closely and who a likely file's neighbours are; no ranking is by them."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for which candidate.

    Attributes:
        clues: what was searched by.
        paths: of the files looked at closely, likeliest first by a rough prior.
        files: evidence for each of them.
        others: paths of the other source files, likeliest first.
        places: the symbols of the first SEARCHED files.
        symbols: evidence for each of them.
    """

    clues: Clues
    paths: tuple[str, ...]
    files: Columns
    others: tuple[str, ...]
    places: tuple[Place, ...]
    symbols: Columns


def gather(issue: Issue, index: RepositoryIndex, source: Source) -> Evidence | None:
    """The evidence of an issue; None where the repository has no Python source."""
    clues = Clues.of(issue)
    entries = [entry for entry in source.files if is_source(entry.path)]
    if not entries:
        return None
    records = index.files(source, entries)
    commits = index.commits(source)
    alike = similarities(clues, index, commits)
    columns = _all_files(clues, index, entries, records, commits, alike)
    order = np.argsort(-_prior(columns), kind="stable")
    chosen = order[:SHORTLIST]
    entries_in, records_in = [entries[i] for i in chosen], [records[i] for i in chosen]
    columns = {name: column[chosen] for name, column in columns.items()}
    columns |= detail_columns(clues, index, records_in, index.details(source, entries_in))
    columns, score = _with_neighbours(clues, index, source, entries_in, records_in, commits, columns)
    near = np.argsort(-score, kind="stable")
    searched = [entries_in[i] for i in near[:SEARCHED]]
    symbols = index.symbols(source, searched)
    places = places_of([entry.path for entry in searched], symbols)
    logs = np.repeat(
        np.log(shares(_SHARPNESS * score)[near[:SEARCHED]]), [len(record.about["symbols"]) for record in symbols]
    )
    return Evidence(
        clues=clues,
        paths=tuple(entries_in[i].path for i in near),
        files={name: column[near] for name, column in columns.items()},
        others=tuple(entries[i].path for i in order[SHORTLIST:]),
        places=tuple(places),
        symbols={
            **place_columns(clues, index, places, symbols, logs),
            **change_columns(index, source, places, commits, alike),
        },
    )


def _all_files(
    clues: Clues,
    index: RepositoryIndex,
    entries: Sequence[FileEntry],
    records: Sequence[Record],
    commits: Sequence[Record],
    alike: tuple[Real, Real],
) -> Columns:
    """What is cheap enough to be known of every file."""
    paths = Paths([entry.path for entry in entries])
    number = {path: i for i, path in enumerate(paths.paths)}
    return {
        **file_columns(clues, index, records),
        **definition_columns(clues, records),
        **mention_columns(clues, paths, records),
        **frame_columns(clues, paths),
        **history_columns(number, commits, alike),
    }


def _with_neighbours(
    clues: Clues,
    index: RepositoryIndex,
    source: Source,
    entries: Sequence[FileEntry],
    records: Sequence[Record],
    commits: Sequence[Record],
    columns: Columns,
) -> tuple[Columns, Real]:
    """The columns with those of neighbours, and the prior's scores."""
    paths = Paths([entry.path for entry in entries])
    score = _prior(columns)
    prior = shares(_SHARPNESS * score)
    number = {path: i for i, path in enumerate(paths.paths)}
    tests = [entry for entry in source.files if is_test(entry.path)]
    alike, imports = _tests(clues, index, source, tests, paths)
    return {
        **columns,
        **import_columns(prior, paths, records),
        **package_columns(prior, paths, records),
        **tested_columns(alike, imports, paths),
        "recency.together": together(prior, number, commits),
    }, score


def _tests(
    clues: Clues, index: RepositoryIndex, source: Source, entries: Sequence[FileEntry], paths: Paths
) -> tuple[Mapping[str, float], Mapping[str, set[int]]]:
    """Similarity of the issue to each test file, and which of the files each imports."""
    if not entries:
        return {}, {}
    records = index.files(source, entries)
    vectors = SparseVectors.concatenate([record.vectors for record in records])
    rare = rarity(index.items, clues.whole, records, 1, 2)
    alike = vectors.cosines(index.query(clues.whole, rare))[FILE_ROLES.index("body") :: len(FILE_ROLES)]
    names = [entry.path for entry in entries]
    imports = {name: imported_files(paths, name, record) for name, record in zip(names, records, strict=True)}
    return dict(zip(names, alike.tolist(), strict=True)), imports


def _prior(columns: Columns) -> Real:
    """A rough score of each file, from as many of its columns as are there yet."""
    known = [weight * _scored(columns, name) for name, weight in _PRIOR.items() if name in columns]
    total: Real = np.sum(known, axis=0)
    return total


def _scored(columns: Columns, name: str) -> Real:
    return columns[name] if name.startswith(("mentions.", "frames.")) else standard_scores(columns[name])
