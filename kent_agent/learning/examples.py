"""Mined fixes as the arrays that a decoder is trained on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from random import Random

import numpy as np

from kent_agent.decoder.lexicon import END, SPECIALS
from kent_agent.decoder.site_table import SiteTable
from kent_agent.decoder.situation import MOST_SITES, Situation, action_token, after_tokens
from kent_agent.decoder.surroundings import Numbers, Reals, Said
from kent_agent.hdc.sparse import SparseItems
from kent_agent.learning.fixes import MinedFix
from kent_agent.source.grammar import Edit
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol

LEARNED = 2000  # tokens that are known everywhere
WITHHELD = 0.15  # share of fixes that are learned without their message: issues say less than messages do
_LEXICON = 700  # tokens to choose from while learning; in use there are all
_SITES = 600  # and sites


@dataclass(frozen=True)
class Writing:
    """The tokens of one edit to be written at its site.

    Attributes:
        reading, segments: what is read, `(S,)`.
        written: the action's token and the edit's.
        targets: numbers in the lexicon of the edit's tokens and the end, `(T,)`.
        lexicon: tokens to choose from.
        standing, at: of them, `(V, ...)` float16.
        after: `(T, V, AFTER)` as its non-zero elements: their flat numbers and values.
    """

    reading: tuple[str, ...]
    segments: tuple[int, ...]
    written: tuple[str, ...]
    targets: Numbers
    lexicon: tuple[str, ...]
    standing: np.ndarray
    at: np.ndarray
    after: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Example:
    """One fix.

    Attributes:
        repo: where it is from.
        edits: how many edits it has.
        condition: hypervector of what is known, `(D,)` float16.
        table: of the sites to choose from.
        gold: numbers of the edits' sites in it.
        writings: of the edits whose tokens can all be written.
    """

    repo: str
    edits: int
    condition: np.ndarray
    table: SiteTable
    gold: Numbers
    writings: tuple[Writing, ...]


def learned_tokens(fixes: Iterable[MinedFix], limit: int = LEARNED) -> dict[str, float]:
    """The tokens that most repositories' edits write, with the logarithms of their shares of all that is written."""
    counts: Counter[str] = Counter()
    repos: dict[str, set[str]] = {}
    for fix in fixes:
        for edit in fix.edits:
            counts.update(edit.tokens)
            for token in edit.tokens:
                repos.setdefault(token, set()).add(fix.repo)
    total = counts.total()
    common = [token for token, _ in counts.most_common() if len(repos[token]) > 2 and token not in SPECIALS]
    return {token: log(counts[token] / total) for token in common[:limit]}


def situation_of(fix: MinedFix, learned: Mapping[str, float], withheld: bool = False) -> Situation:
    """Where a fix was made, and what was said of it.

    Raises:
        SyntaxError: the file before does not parse.
    """
    said = Said.nothing() if withheld else Said.by(parse_issue(fix.message))
    return Situation(fix.before, fix.path, symbol_of(fix), said, learned)


def symbol_of(fix: MinedFix) -> Symbol:
    """The symbol that a fix was made in; what is no function is taken for a class, whose methods are not its own."""
    if fix.symbol == "<module>":
        return Symbol(fix.symbol, "module", fix.start, fix.end)
    first = fix.before.split("\n")[fix.start - 1 : fix.end]
    heading = next((line.split()[0] for line in first if line.lstrip().startswith(("def ", "async ", "class "))), "def")
    return Symbol(fix.symbol, "class" if heading == "class" else "function", fix.start, fix.end)


def example_of(fix: MinedFix, learned: Mapping[str, float], items: SparseItems, seed: int = 0) -> Example | None:
    """A fix as an example, its wrong choices thinned out; None where no site of it is among the situation's."""
    draw = Random(f"{seed}:{fix.key}")
    try:
        situation = situation_of(fix, learned, draw.random() < WITHHELD)
    except SyntaxError:
        return None
    sites = situation.sites
    number = {site: i for i, site in enumerate(sites)}
    gold = [number[edit.site] for edit in fix.edits if edit.site in number]
    if not gold or len(sites) >= MOST_SITES:
        return None
    kept = _thinned(len(sites), gold, _SITES, draw)
    table = situation.table
    writings = [_writing(situation, edit, draw) for edit in fix.edits if edit.site in number and edit.tokens]
    return Example(
        repo=fix.repo,
        edits=len(fix.edits),
        condition=situation.condition(items).astype(np.float16),
        table=SiteTable(table.categories[kept].astype(np.int16), table.measures[kept].astype(np.float16)),
        gold=np.flatnonzero(np.isin(kept, gold)),
        writings=tuple(writing for writing in writings if writing is not None),
    )


def _thinned(n: int, kept: Sequence[int], limit: int, draw: Random) -> Numbers:
    """Numbers below n, in order: those to keep, and as many others as there is room for."""
    others = sorted(set(range(n)) - set(kept))
    drawn = draw.sample(others, min(len(others), max(limit - len(kept), 0)))
    return np.array(sorted([*set(kept), *drawn]), dtype=np.int64)


def _writing(situation: Situation, edit: Edit, draw: Random) -> Writing | None:
    """An edit's tokens; None where one is not in the lexicon."""
    lexicon = situation.lexicon
    wanted = [lexicon.number.get(token) for token in (*edit.tokens, END)]
    if None in wanted:
        return None
    near = [lexicon.number[token] for token in situation.around.in_function]
    keep = dict.fromkeys([*(i for i in wanted if i is not None), *near[: _LEXICON // 2], *range(len(SPECIALS))])
    kept = _thinned(len(lexicon.tokens), list(keep), _LEXICON, draw)
    reading, segments = situation.reading(edit.site)
    after = after_tokens(situation, edit.site, edit.tokens)[:, kept].astype(np.float16).ravel()
    filled = np.flatnonzero(after)
    return Writing(
        reading=tuple(reading),
        segments=tuple(segments),
        written=(action_token(edit.site), *edit.tokens),
        targets=np.searchsorted(kept, np.array(wanted, dtype=np.int64)),
        lexicon=tuple(lexicon.tokens[i] for i in kept),
        standing=_standing(lexicon.standing(), kept),
        at=_standing(lexicon.at(edit.site), kept),
        after=(filled.astype(np.int32), after[filled]),
    )


def _standing(rows: Reals, kept: Numbers) -> np.ndarray:
    return rows[kept].astype(np.float16)
