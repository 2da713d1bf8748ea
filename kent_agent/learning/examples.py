"""Mined fixes as the arrays that a decoder is trained on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from random import Random

import numpy as np

from kent_agent.decoder.arrays import Numbers
from kent_agent.decoder.continuations import END
from kent_agent.decoder.lexicon import SPECIALS
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.site_table import SiteTable
from kent_agent.decoder.situation import MOST_SITES, Situation, action_token, after_tokens
from kent_agent.decoder.surroundings import Said
from kent_agent.decoder.syntax import Syntax
from kent_agent.hdc.sparse import SparseItems
from kent_agent.learning.cloze import clozes
from kent_agent.learning.fixes import MinedFix
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol

LEARNED = 2000  # tokens that are known everywhere
WITHHELD = 0.15  # share of fixes that are learned without their message: issues say less than messages do
_LEXICON = 256  # tokens to choose from while learning; in use there are all
_SITES = 300  # and sites
_MATCHED = 40  # tokens that followed two others that stand before
CLOZES = 6  # of each fix


@dataclass(frozen=True)
class Writing:
    """The tokens of one edit to be written at its site.

    Attributes:
        reading, segments: what is read, `(S,)`.
        written: the action's token and the edit's.
        targets: numbers in the lexicon of the edit's tokens and the end, `(T,)`.
        lexicon: tokens to choose from.
        excess: natural logarithm of how many tokens each of those that were drawn stands for, `(V,)` float16.
        allowed: which tokens the syntax lets follow, `(T, V)` as bits.
        standing, at: of the tokens, `(V, ...)` float16.
        after: `(T, V, AFTER)` as its non-zero elements: their flat numbers and values.
    """

    reading: tuple[str, ...]
    segments: tuple[int, ...]
    written: tuple[str, ...]
    targets: Numbers
    lexicon: tuple[str, ...]
    excess: np.ndarray
    allowed: np.ndarray
    standing: np.ndarray
    at: np.ndarray
    after: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Example:
    """One fix, or one cloze.

    Attributes:
        repo: where it is from.
        edits: how many edits it has; 0 for a cloze.
        condition: hypervector of what is known, `(D,)` float16.
        table: of the sites to choose from; None for a cloze.
        excess: natural logarithm of how many sites each of those that were drawn stands for.
        gold: numbers of the edits' sites in it.
        writings: of the edits whose tokens can all be written.
    """

    repo: str
    edits: int
    condition: np.ndarray
    table: SiteTable | None
    excess: float
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


def examples_of(fix: MinedFix, learned: Mapping[str, float], items: SparseItems, seed: int = 0) -> list[Example]:
    """A fix as an example, its wrong choices thinned out, and clozes of the same code behind it.

    Nothing where the file before does not parse or offers too many sites; clozes alone where the fix has none of them.
    """
    draw = Random(f"{seed}:{fix.key}")
    try:
        situation = situation_of(fix, learned, draw.random() < WITHHELD)
    except SyntaxError:
        return []
    if len(situation.sites) >= MOST_SITES:
        return []
    found = [_example(fix, situation, items, draw), *_clozes(fix.repo, situation.silent(), items, draw)]
    return [example for example in found if example is not None]


def _example(fix: MinedFix, situation: Situation, items: SparseItems, draw: Random) -> Example | None:
    sites = situation.sites
    number = {site: i for i, site in enumerate(sites)}
    gold = [number[edit.site] for edit in fix.edits if edit.site in number]
    if not gold:
        return None
    kept, excess = _thinned(range(len(sites)), gold, _SITES, draw)
    table = situation.table.chosen(kept)
    written = [edit for edit in fix.edits if edit.site in number and edit.tokens]
    writings = [_writing(situation, situation.opening(edit.site), edit.tokens, draw) for edit in written]
    return Example(
        repo=fix.repo,
        edits=len(fix.edits),
        condition=situation.condition(items).astype(np.float16),
        table=_smaller(table),
        excess=excess,
        gold=np.flatnonzero(np.isin(kept, gold)),
        writings=tuple(writing for writing in writings if writing is not None),
    )


def _smaller(table: SiteTable) -> SiteTable:
    """A table in numbers of half the size and less."""
    return SiteTable(table.categories.astype(np.int16), table.measures.astype(np.float16))


def _clozes(repo: str, situation: Situation, items: SparseItems, draw: Random) -> Iterator[Example]:
    condition = situation.condition(items).astype(np.float16)
    for opening, tokens in clozes(situation, CLOZES, draw):
        writing = _writing(situation, opening, tokens, draw)
        if writing is not None:
            yield Example(repo, 0, condition, None, 0.0, np.zeros(0, dtype=np.int64), (writing,))


def _thinned(numbers: Sequence[int], kept: Sequence[int], limit: int, draw: Random) -> tuple[Numbers, float]:
    """Numbers in order, those to keep and as many others as there is room for, and the logarithm of how many of the
    others each that was drawn stands for.
    """
    others = sorted(set(numbers) - set(kept))
    drawn = draw.sample(others, min(len(others), max(limit - len(kept), 0)))
    return np.array(sorted([*set(kept), *drawn]), dtype=np.int64), log(len(others) / len(drawn)) if drawn else 0.0


def _writing(situation: Situation, opening: Opening, tokens: tuple[str, ...], draw: Random) -> Writing | None:
    """An edit's tokens; None where one is not in the lexicon, or the syntax forbids it."""
    lexicon = situation.lexicon
    unknown = set(lexicon.only_in(opening))
    wanted = [lexicon.number.get(token, -1) for token in (*tokens, END)]
    if -1 in wanted or unknown & set(wanted):
        return None
    after = after_tokens(situation, opening, tokens)
    matched = np.flatnonzero(after[:, :, 2].any(axis=0))[:_MATCHED].tolist()
    near = [lexicon.number[token] for token in situation.around.in_function][: _LEXICON // 2]
    keep = sorted({*wanted, *range(len(SPECIALS)), *matched, *near} - unknown)
    kept, excess = _thinned(sorted(set(range(len(lexicon.tokens))) - unknown), keep, _LEXICON, draw)
    chosen = kept.tolist()
    choices = tuple(lexicon.tokens[i] for i in chosen)
    syntax = Syntax(choices)
    allowed = np.stack([syntax.following(tokens[:i], opening.site.action) for i in range(len(wanted))])
    targets = np.searchsorted(kept, np.array(wanted, dtype=np.int64))
    if not allowed[np.arange(len(wanted)), targets].all():
        return None
    flat = after[:, kept].astype(np.float16).ravel()
    filled = np.flatnonzero(flat)
    reading, segments = situation.reading(opening)
    return Writing(
        reading=tuple(reading),
        segments=tuple(segments),
        written=(action_token(opening.site), *tokens),
        targets=targets,
        lexicon=choices,
        excess=np.where(np.isin(kept, keep), 0, excess).astype(np.float16),
        allowed=np.packbits(allowed, axis=1),
        standing=lexicon.standing(chosen, opening).astype(np.float16),
        at=lexicon.at(opening, chosen).astype(np.float16),
        after=(filled.astype(np.int32), flat[filled]),
    )
