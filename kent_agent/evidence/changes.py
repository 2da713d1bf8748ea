"""Evidence of changes: which symbols hold the lines that commits added whose messages sound like the issue.

Lines are followed by their content, not their numbers, since those shift with every commit.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from kent_agent.evidence.columns import Columns
from kent_agent.evidence.places import Place
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import Record, RepositoryIndex, Source, line_key

_COMMITS = 40  # that sound most like the issue
_SWEEPING = 20  # a commit of more files says nothing about any of them
_AMBIGUOUS = 2  # a line that stands in more symbols points at none

Owners = Mapping[int, frozenset[int]]
"""Numbers of the places that hold a line, by its checksum."""


def change_columns(
    index: RepositoryIndex,
    source: Source,
    places: Sequence[Place],
    commits: Sequence[Record],
    alike: tuple[Real, Real],
) -> Columns:
    """For each of n places how much the commits that wrote its lines sound like the issue.

    Args:
        commits: newest first.
        alike: similarity of the whole issue and of its title to each commit's message.
    """
    whole, title = alike
    names = ("changes.best", "changes.title", "changes.sum", "changes.often")
    columns = {name: np.zeros(len(places), dtype=np.float32) for name in names}
    chosen = _telling({place.path for place in places}, commits, whole + title)
    changes = index.changes(source, chosen)
    added: defaultdict[str, set[int]] = defaultdict(set)
    for record in changes:
        for path, lines in record.about["added"].items():
            added[path].update(lines)
    owners = _owners(source, [(j, place) for j, place in enumerate(places) if place.path in added], added)
    for i, record in zip(chosen, changes, strict=True):
        spread = len(commits[i].about["files"]) ** -0.5
        for path, lines in record.about["added"].items():
            for j, share in _holders(owners.get(path, {}), lines).items():
                weight = spread * share**0.5
                columns["changes.best"][j] = max(columns["changes.best"][j], weight * whole[i])
                columns["changes.title"][j] = max(columns["changes.title"][j], weight * title[i])
                columns["changes.sum"][j] += weight * whole[i] ** 2
                columns["changes.often"][j] += weight
    for name in ("changes.sum", "changes.often"):
        columns[name] = np.log1p(columns[name])
    return columns


def _telling(paths: set[str], commits: Sequence[Record], score: Real) -> list[int]:
    """Numbers of the commits that sound most like the issue, of those that touch one of the files."""
    telling = (
        i
        for i in np.argsort(-score, kind="stable").tolist()
        if len(commits[i].about["files"]) <= _SWEEPING and not paths.isdisjoint(commits[i].about["files"])
    )
    return [i for i, _ in zip(telling, range(_COMMITS), strict=False)]


def _owners(
    source: Source, places: Sequence[tuple[int, Place]], asked: Mapping[str, Collection[int]]
) -> dict[str, Owners]:
    """By file, the innermost of some numbered places of those lines that are asked for by their checksums."""
    inside: defaultdict[str, list[tuple[int, Place]]] = defaultdict(list)
    for j, place in places:
        inside[place.path].append((j, place))
    found: dict[str, Owners] = {}
    for path, text in zip(inside, source.read_texts(list(inside)), strict=True):
        lines = (text or "").split("\n")
        owner = np.full(len(lines) + 2, -1)
        for j, place in sorted(inside[path], key=lambda each: each[1].symbol.start - each[1].symbol.end):
            owner[place.symbol.start : place.symbol.end + 1] = j  # the innermost comes last
        held: defaultdict[int, set[int]] = defaultdict(set)
        for line, j in zip(lines, owner[1:].tolist(), strict=False):
            if j >= 0 and (key := line_key(line)) in asked[path] and key is not None:
                held[key].add(j)
        found[path] = {key: frozenset(js) for key, js in held.items() if len(js) <= _AMBIGUOUS}
    return found


def _holders(owners: Owners, lines: Sequence[int]) -> dict[int, float]:
    """The share that each place has of those lines that are still there."""
    held: defaultdict[int, float] = defaultdict(float)
    for line in lines:
        for j in owners.get(line, ()):
            held[j] += 1 / len(owners[line])
    total = sum(held.values())
    return {j: count / total for j, count in held.items()}
