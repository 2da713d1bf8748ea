"""The gold edits that a decoder is measured by: of held-out mined fixes, and of the patches of a split."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.gold import gold_files, is_test
from kent_agent.decoder.surroundings import Said
from kent_agent.learning.examples import situation_of
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.splits import HELDOUT
from kent_agent.repository_index import Source
from kent_agent.resonator import Factorization
from kent_agent.source.derivation import derive
from kent_agent.source.grammar import Derivation, Edit
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol, innermost, symbols
from kent_agent.workspace import RepoSnapshot


class Given(StrEnum):
    """What is told of the place: the definition around the gold edit, its file, or nothing."""

    LOCATION = "location"
    FILE = "file"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Place:
    """Where to decode.

    Attributes:
        path, text: of the file.
        symbol: in it.
        share: of the probability, before anything is decoded; those of a case sum to at most 1.
    """

    path: str
    text: str
    symbol: Symbol
    share: float


@dataclass(frozen=True)
class Case:
    """A gold edit and what is told of it.

    Attributes:
        path, before, after: the file's name and its two versions, whole.
        edit: the gold edit.
        symbol: the definition around it.
        said: by the issue or the message.
        places: where to look for it.
    """

    path: str
    before: str
    after: str
    edit: Edit
    symbol: Symbol
    said: Said
    places: tuple[Place, ...]


def one_edit(derivation: Derivation | None) -> bool:
    """Whether a derivation is one edit of the grammar, and nothing besides."""
    return derivation is not None and len(derivation.edits) == 1 and not derivation.imports


@dataclass
class Population:
    """Held-out single-hunk fixes of each repository: all of them, those of one edit, and those of up to three."""

    fixes: Counter[str] = field(default_factory=Counter)
    one_edit: Counter[str] = field(default_factory=Counter)
    up_to_three: Counter[str] = field(default_factory=Counter)

    def count(self, fix: MinedFix) -> None:
        """Adds one."""
        self.fixes[fix.repo] += 1
        self.one_edit[fix.repo] += one_edit(fix.derivation)
        self.up_to_three[fix.repo] += fix.derivation is not None


def drawn(fixes: Iterable[MinedFix], limit: int) -> tuple[list[MinedFix], Population]:
    """Held-out single-hunk fixes, as many of each repository as there are, and what they were drawn from.

    The same fixes are drawn in whatever order they come: those whose keys are the smallest.
    """
    population = Population()
    held: defaultdict[str, list[tuple[int, int, MinedFix]]] = defaultdict(list)
    for number, fix in enumerate(fixes):
        if fix.split == HELDOUT and fix.single_hunk:
            population.count(fix)
            heapq.heappush(held[fix.repo], (-int(fix.key, 16), number, fix))
            if len(held[fix.repo]) > limit:
                heapq.heappop(held[fix.repo])
    quotas = shared_evenly(limit, {repo: len(found) for repo, found in sorted(held.items())})
    return [
        fix
        for repo, quota in quotas.items()
        for *_, fix in sorted(held[repo], key=lambda each: (-each[0], each[2].commit))[:quota]
    ], population


def shared_evenly(total: int, most: Mapping[str, int]) -> dict[str, int]:
    """A total parted as evenly as can be among names, none of which takes more than its most."""
    shares = {}
    left = total
    for i, name in enumerate(sorted(most, key=lambda each: most[each])):
        shares[name] = min(most[name], left // (len(most) - i))
        left -= shares[name]
    return {name: shares[name] for name in most}


def fix_case(fix: MinedFix, given: Given) -> Case | None:
    """A fix that the grammar expresses as one edit; None for any other."""
    if not one_edit(fix.derivation):
        return None
    told = situation_of(fix, {})  # as in training
    places = _symbols_of(fix.path, fix.before) if given is Given.FILE else [(fix.path, fix.before, told.symbol)]
    return Case(fix.path, fix.before, fix.text_after, fix.edits[0], told.symbol, told.said, _evenly(places))


def row_case(
    row: Mapping[str, Any], snapshot: RepoSnapshot, given: Given, found: Sequence[Factorization]
) -> tuple[int, Case | None]:
    """How many edits a row's gold patch is, 0 where the grammar does not express it, and the case where it is one.

    Args:
        found: the agent's own places, which are decoded where nothing is given.

    Raises:
        PatchError: the gold patch does not apply to the base commit.
    """
    version = gold_version(row, snapshot)
    derivation = derive(version[1], version[2]) if version else None
    if version is None or derivation is None:
        return 0, None
    path, before, after = version
    if not one_edit(derivation):
        return len(derivation.edits), None
    edit = derivation.edits[0]
    symbol = innermost(symbols(before), edit.site.first_line)
    if given is Given.NOTHING:
        places = tuple(_places_of(found, snapshot))
    else:
        places = _evenly(_symbols_of(path, before) if given is Given.FILE else [(path, before, symbol)])
    said = Said.by(parse_issue(row["problem_statement"]))
    return 1, Case(path, before, after, edit, symbol, said, places)


def gold_version(row: Mapping[str, Any], snapshot: RepoSnapshot) -> tuple[str, str, str] | None:
    """Path, text before and text after of the one source file that a gold patch changes; None for several or none."""
    touched = snapshot.apply(row["patch"]) if row["patch"].strip() else {}
    sources = {path for path in touched if path.endswith(".py") and not is_test(path)}
    if len(sources | gold_files(row)) != 1 or not sources:
        return None
    (path,) = sources
    before, after = snapshot.read_text(path), touched[path]
    return None if before is None or after is None else (path, before, after.decode(errors="replace"))


def _symbols_of(path: str, text: str) -> list[tuple[str, str, Symbol]]:
    return [(path, text, symbol) for symbol in symbols(text)]


def _evenly(places: Sequence[tuple[str, str, Symbol]]) -> tuple[Place, ...]:
    return tuple(Place(*each, 1 / len(places)) for each in places)


def _places_of(found: Sequence[Factorization], source: Source) -> Iterator[Place]:
    for each in found:
        yield Place(each.file, source.read_text(each.file) or "", each.location, each.share)
