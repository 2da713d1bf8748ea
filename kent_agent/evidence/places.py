"""Evidence for places: the symbols of the likeliest files against an issue."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.columns import Columns, shares, standard_scores
from kent_agent.evidence.lexical import phrase_columns
from kent_agent.evidence.mentions import FRAME_DECAY, Paths
from kent_agent.evidence.rarity import rarity
from kent_agent.hdc.sparse import SparseVectors
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import SYMBOL_DOCUMENTS, SYMBOL_ROLES, Record, RepositoryIndex, stem_of
from kent_agent.source.symbols import Symbol

_TINY = 3  # lines: an accessor, hardly ever at fault
_RARE = 3  # symbols of a name that still point at one of them
_PRIOR = 0.7  # weight of the file's log likelihood beside a symbol's own score, in standard deviations


@dataclass(frozen=True)
class Place:
    """A symbol of a file.

    Attributes:
        path: of its file.
        symbol: it.
        lines: how many are its own.
        calls: names that it calls.
    """

    path: str
    symbol: Symbol
    lines: int
    calls: frozenset[str]

    @property
    def last(self) -> str:
        """Its name without those around it."""
        return self.symbol.name.rpartition(".")[2]

    @property
    def around(self) -> tuple[str, ...]:
        """Names of the symbols that it stands in, outermost first."""
        return tuple(self.symbol.name.split(".")[:-1])


def places_of(paths: Sequence[str], records: Sequence[Record]) -> list[Place]:
    """The symbols of some files, in the order of their records' rows."""
    return [
        Place(path, Symbol(*symbol), lines, frozenset(calls))
        for path, record in zip(paths, records, strict=True)
        for symbol, lines, calls in zip(
            record.about["symbols"], record.about["lines"], record.about["calls"], strict=True
        )
    ]


def place_columns(
    clues: Clues, index: RepositoryIndex, places: Sequence[Place], records: Sequence[Record], prior: Real
) -> Columns:
    """What speaks for each of n places.

    Args:
        records: of the files that the places are in.
        prior: log likelihood of each place's file, `(n,)`.
    """
    columns = _words(clues, index, records)
    columns |= _names(clues, places)
    columns |= _frames(clues, places)
    columns["mentions.link"] = _linked(clues, places)
    columns |= _kinds(places)
    own = 3 * columns["body.all"] + 2 * columns["body.title"] + columns["names.all"] + columns["names.title"]
    own = own + columns["definitions.title"] + 0.7 * (columns["definitions.code"] + columns["definitions.prose"])
    return columns | _calls(clues, places, shares(standard_scores(own) + _PRIOR * prior))


def _words(clues: Clues, index: RepositoryIndex, records: Sequence[Record]) -> Columns:
    vectors = SparseVectors.concatenate([record.vectors for record in records])
    kinds = len(SYMBOL_DOCUMENTS)
    in_names, in_bodies = (rarity(index.items, clues.whole, records, kind, kinds) for kind in (0, 1))
    norms = vectors.norms.reshape(-1, len(SYMBOL_ROLES))[:, SYMBOL_ROLES.index("body")]
    columns: Columns = {}
    for part, bag in (("title", clues.title), ("all", clues.whole), ("code", clues.code)):
        alike = vectors.cosines(index.query(bag, in_bodies)).reshape(-1, len(SYMBOL_ROLES))
        columns[f"body.{part}"] = alike[:, SYMBOL_ROLES.index("body")]
        if part != "code":
            columns[f"body.{part}_length"] = columns[f"body.{part}"] * norms
            columns[f"prose.{part}"] = alike[:, SYMBOL_ROLES.index("docstring")]
            named = vectors.cosines(index.query(bag, in_names)).reshape(-1, len(SYMBOL_ROLES))
            columns[f"names.{part}"] = named[:, SYMBOL_ROLES.index("name")]
            columns[f"names.{part}_qualified"] = named[:, SYMBOL_ROLES.index("qualified")]
    first = np.arange(0, len(vectors), len(SYMBOL_ROLES))
    phrases = first + SYMBOL_ROLES.index("pairs"), first + SYMBOL_ROLES.index("triples")
    return columns | phrase_columns(clues, index, vectors, phrases, records, (2, 3, kinds))


def _names(clues: Clues, places: Sequence[Place]) -> Columns:
    count = Counter(place.last for place in places)

    def share(names: frozenset[str]) -> Real:
        return _column([count[place.last] ** -0.5 if place.last in names else 0.0 for place in places])

    return {
        "definitions.title": share(clues.in_title & clues.named),
        "definitions.prose": share(clues.in_prose & clues.named),
        "definitions.code": share(clues.in_code),
        "names.any": _column([place.last in clues.named for place in places]),
        "names.parent": _column([not clues.identifiers.isdisjoint(place.around) for place in places]),
        "names.pair": _column([(*place.around[-1:], place.last) in clues.links for place in places]),
        "names.module_pair": _column([(stem_of(place.path), place.last) in clues.links for place in places]),
    }


def _frames(clues: Clues, places: Sequence[Place]) -> Columns:
    files = Paths(list(dict.fromkeys(place.path for place in places)))
    where: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for j, place in enumerate(places):
        where[place.path, place.last].append(j)
    last = np.zeros(len(places), dtype=np.float32)
    nearest = 0
    for frame in reversed(clues.issue.frames):
        found = files.of_path(frame.file)
        if not found:
            continue
        for j in where[files.paths[found[0]], frame.function]:
            last[j] = max(last[j], FRAME_DECAY**nearest)
        nearest += 1
    functions = {frame.function for frame in clues.issue.frames} - {"", "<module>"}
    return {
        "frames.last": last,
        "frames.any": (last > 0).astype(np.float32),
        "frames.name": _column([place.last in functions for place in places]),
    }


def _linked(clues: Clues, places: Sequence[Place]) -> Real:
    """The innermost places that hold all the lines which the issue links to on the hosting site."""
    files = Paths(list(dict.fromkeys(place.path for place in places)))
    column = np.zeros(len(places), dtype=np.float32)
    for link in clues.issue.links:
        paths = {files.paths[i] for i in files.of_path(link.path)}
        covering = [
            j
            for j, place in enumerate(places)
            if place.path in paths and place.symbol.start <= link.start and link.end <= place.symbol.end
        ]
        if covering:
            column[min(covering, key=lambda j: places[j].symbol.end - places[j].symbol.start)] = 1
    return column


def _kinds(places: Sequence[Place]) -> Columns:
    return {
        "kind.module": _column([place.symbol.kind == "module" for place in places]),
        "kind.class": _column([place.symbol.kind == "class" for place in places]),
        "kind.method": _column([place.symbol.kind == "function" and bool(place.around) for place in places]),
        "kind.constructor": _column([place.last == "__init__" for place in places]),
        "kind.dunder": _column([place.last.startswith("__") and place.last != "__init__" for place in places]),
        "kind.private": _column([place.last.startswith("_") and not place.last.startswith("__") for place in places]),
        "kind.tiny": _column([place.lines <= _TINY for place in places]),
        "kind.lines": np.log1p(_column([place.lines for place in places])),
    }


def _calls(clues: Clues, places: Sequence[Place], prior: Real) -> Columns:
    """Calls of what the issue names, and the likelihood of a place's callees, callers and siblings."""
    count = Counter(place.last for place in places)
    rare = frozenset(name for name in clues.named if 0 < count[name] <= _RARE)
    called: defaultdict[str, float] = defaultdict(float)
    likely: defaultdict[str, float] = defaultdict(float)
    inside: defaultdict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
    for place, share in zip(places, prior.tolist(), strict=True):
        likely[place.last] += share
        inside[place.path, place.around] += share
        for name in place.calls & count.keys():
            called[name] += share / len(place.calls) ** 0.5
    return {
        "calls.named": np.log1p(_column([len(place.calls & rare) for place in places])),
        "calls.from_likely": _column([called[place.last] / count[place.last] for place in places]),
        "calls.to_likely": _column(
            [
                sum(likely[name] / count[name] for name in sorted(place.calls & likely.keys()) if name != place.last)
                for place in places
            ]
        ),
        "siblings.near": _column([inside[place.path, place.around] for place in places]) - prior,
    }


def _column(values: Sequence[float]) -> Real:
    return np.array(values, dtype=np.float32)
