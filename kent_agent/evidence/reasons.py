"""Why a place was named: the words, names, frames and commits of the issue that drew it there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kent_agent.evidence.columns import group_of, standardised
from kent_agent.evidence.gather import Evidence
from kent_agent.evidence.history import similarities
from kent_agent.evidence.mentions import Paths
from kent_agent.evidence.rarity import rarity
from kent_agent.evidence.weights import WeightSet
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import RepositoryIndex, Source
from kent_agent.source.outline import word_bag
from kent_agent.source.symbols import Symbol

_WORDS = 8
_COMMITS = 3
_SOURCES = 5


@dataclass(frozen=True)
class Reasons:
    """What speaks for one place.

    Attributes:
        words: rare words that the issue and the symbol share, the most telling first.
        names: the issue's names that the symbol's name, or the file, spells.
        frames: lines of the issue's tracebacks in this file.
        commits: earlier commits on this file that sound like the issue: abbreviated id and title.
        sources: the sources of evidence that speak for the file and for the place above the average candidate, with
            what each adds to its log likelihood.
    """

    words: tuple[str, ...]
    names: tuple[str, ...]
    frames: tuple[str, ...]
    commits: tuple[str, ...]
    sources: tuple[tuple[str, float], ...]


def reasons(
    evidence: Evidence, weights: WeightSet, index: RepositoryIndex, source: Source, path: str, symbol: Symbol
) -> Reasons:
    """The reasons for a symbol of one of the files that were searched."""
    lines = (source.read_text(path) or "").split("\n")[symbol.start - 1 : symbol.end]
    clues = evidence.clues
    own = Paths([path])
    defined = {symbol.name, *symbol.name.split("."), *path.removesuffix(".py").split("/")}
    return Reasons(
        words=_words(evidence, index, source, "\n".join(lines)),
        names=tuple(sorted(name for name in clues.identifiers if name in defined)),
        frames=tuple(
            f"{frame.file}:{frame.line} {frame.function}".rstrip()
            for frame in clues.issue.frames
            if own.of_path(frame.file)
        ),
        commits=_commits(evidence, index, source, path),
        sources=_sources(evidence, weights, path, symbol),
    )


def _words(evidence: Evidence, index: RepositoryIndex, source: Source, body: str) -> tuple[str, ...]:
    shared = evidence.clues.whole.keys() & word_bag(body).keys()
    known = {entry.path: entry for entry in source.files}
    records = index.files(source, [known[path] for path in evidence.paths])
    rare = rarity(index.items, shared, records, 1, 2)
    return tuple(sorted(rare, key=lambda word: (-rare[word], word))[:_WORDS])


def _commits(evidence: Evidence, index: RepositoryIndex, source: Source, path: str) -> tuple[str, ...]:
    records = index.commits(source)
    alike, _ = similarities(evidence.clues, index, records)
    order = [i for i in np.argsort(-alike, kind="stable") if path in records[i].about["files"]][:_COMMITS]
    shas = source.ancestors(len(records))
    found = source.commits([shas[i] for i in order])
    return tuple(f"{commit.sha[:10]} {commit.message.strip().partition(chr(10))[0]}" for commit in found)


def _sources(evidence: Evidence, weights: WeightSet, path: str, symbol: Symbol) -> tuple[tuple[str, float], ...]:
    place = next(j for j, each in enumerate(evidence.places) if (each.path, each.symbol.start) == (path, symbol.start))
    total: dict[str, float] = {}
    for columns, held, row in (
        (evidence.files, weights.files, evidence.paths.index(path)),
        (evidence.symbols, weights.places, place),
    ):
        for name, value in _contributions(columns, held, row).items():
            total[group_of(name)] = total.get(group_of(name), 0.0) + value
    best: Sequence[str] = sorted(total, key=lambda group: -total[group])[:_SOURCES]
    return tuple((group, round(total[group], 2)) for group in best if total[group] > 0)


def _contributions(columns: Mapping[str, Real], weights: Mapping[str, float], row: int) -> dict[str, float]:
    values = standardised(columns, list(weights))[row]
    return {name: weight * float(value) for (name, weight), value in zip(weights.items(), values, strict=True)}
