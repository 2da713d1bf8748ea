"""Mined fixes as the arrays that a filling model is trained on."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from kent_agent.decoder.arrays import Numbers, Reals
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.search import Decoding
from kent_agent.decoder.situation import MOST_SITES
from kent_agent.filling.candidates import Candidates, candidates
from kent_agent.filling.slots import Way
from kent_agent.filling.terms import WORD
from kent_agent.learning.examples import WITHHELD, situation_of
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.tellings import told_by_test
from kent_agent.source.grammar import OLD, Action, Edit, Site

WORDS = 800  # that are told apart around terms
OTHERS = 0.3  # share of the fixes that are no simple edits and are learned from
PAIRS = 700  # that are not the fix, of each stratum
_LIKELY = 60  # sites of the likelier strata
_NEVER = frozenset(
    {Action.INSERT_GUARD, Action.WRAP_STATEMENT, Action.MOVE_STATEMENT, Action.REPLACE_STATEMENT, Action.ADD_CLAUSE}
)
_SHORT = 16  # tokens of what is written around what stands there: of the longest term, and what joins it


def common_words(messages: Iterable[str], limit: int = WORDS) -> dict[str, int]:
    """The commonest words of messages, and their numbers, commonest first."""
    counts: Counter[str] = Counter()
    for message in messages:
        counts.update(set(WORD.findall(message.lower())))
    return {word: i for i, (word, _) in enumerate(counts.most_common(limit))}


@dataclass(frozen=True)
class Example:
    """A fix with some of its pairs.

    Attributes:
        repo: where it is from.
        categories, ways, slots, terms, cues, heard, title, slot, term, pairs, general: as a `Reading` has them.
        gold: how many of the pairs are the fix; they come first.
        counted: whether it tells how often fixes are simple, as those of one hunk do; of others simple edits alone are
            learned from.
        by_test: whether it is told by what the commit's tests show.
        excess: natural logarithm of how many pairs each stands for, `(P,)`.
        weight: in the loss.
    """

    repo: str
    categories: np.ndarray
    ways: np.ndarray
    slots: np.ndarray
    terms: np.ndarray
    cues: np.ndarray
    heard: np.ndarray
    title: np.ndarray
    slot: np.ndarray
    term: np.ndarray
    pairs: np.ndarray
    general: np.ndarray
    gold: int
    counted: bool
    by_test: bool
    excess: np.ndarray
    weight: float


def filling_examples(fix: MinedFix, decoder: Path, common: Mapping[str, int], seed: int) -> list[Example]:
    """A fix as an example, and as another one that its tests tell; none where it is nothing to learn from.

    Of fixes of one hunk that are no simple edits a share is learned from; of releases none.

    Args:
        decoder: the decoder's file.
        common: numbers of the commonest words.
        seed: of the draw.
    """
    draw = random.Random(f"{seed}:{fix.key}")
    withheld, sampled = draw.random() < WITHHELD, draw.random() < OTHERS and fix.single_hunk
    if not sampled and not any(map(may_be_simple, fix.edits)):
        return []
    model, by_test = _model(decoder), told_by_test(fix, draw)
    said = _candidates(fix, model, common, withheld)
    shown = _candidates(by_test, model, common, withheld=False) if by_test else None
    made = [_example(fix, found, seed, sampled, found is shown) for found in (said, shown) if found is not None]
    return [example for example in made if example is not None]


def _example(fix: MinedFix, found: Candidates, seed: int, sampled: bool, by_test: bool) -> Example | None:
    """The pairs of a fix, the wrong ones thinned out; None where it is a release, or no simple edit and not sampled."""
    gold = gold_pairs(found, fix)
    if _is_release(found, gold) or (not len(gold) and not sampled):
        return None
    chosen, excess = _thinned(found, gold, np.random.default_rng([seed, int(fix.key[:8], 16)]))
    used = np.unique(found.slot[chosen])
    named = np.unique(found.term[chosen])
    tables = found.tables
    return Example(
        repo=fix.repo,
        categories=tables.categories[used].astype(np.int16),
        ways=tables.ways[used].astype(np.int8),
        slots=tables.slots[used].astype(np.float16),
        terms=tables.terms[named].astype(np.float16),
        cues=tables.cues[named].astype(np.int16),
        heard=tables.heard[used].astype(np.int16),
        title=tables.title.astype(np.int16),
        slot=np.searchsorted(used, found.slot[chosen]).astype(np.int32),
        term=np.searchsorted(named, found.term[chosen]).astype(np.int16),
        pairs=found.pairs(chosen).astype(np.float16),
        general=found.general,
        gold=len(gold),
        counted=fix.single_hunk,
        by_test=by_test,
        excess=excess,
        weight=1.0 if len(gold) else 1 / OTHERS,
    )


def may_be_simple(edit: Edit) -> bool:
    """False where that is plain from the edit alone: looking at a function's candidates takes a tenth of a second."""
    if edit.site.action is Action.INSERT_STATEMENT:
        return edit.tokens[:1] == ("return",)
    return edit.site.action not in _NEVER and (len(edit.tokens) <= _SHORT or OLD not in edit.tokens)


def _candidates(fix: MinedFix, model: DecoderModel, common: Mapping[str, int], withheld: bool) -> Candidates | None:
    try:
        situation = situation_of(fix, model.learned, withheld)
    except SyntaxError:
        return None
    if len(situation.sites) >= MOST_SITES:
        return None
    with torch.inference_mode():
        scores = Decoding(model, situation).site_scores
    return candidates(situation, scores, common)


@lru_cache(maxsize=1)
def _model(decoder: Path) -> DecoderModel:
    """A decoder, loaded once by each process."""
    torch.set_num_threads(1)  # workers are the parallelism
    return DecoderModel.load(decoder)


def gold_pairs(found: Candidates, fix: MinedFix) -> Numbers:
    """The pairs that write what a fix of one hunk wrote; of any other fix those that write one of its edits."""
    if fix.single_hunk and len(fix.edits) != 1:
        return np.zeros(0, dtype=np.int64)
    wanted = set(map(unquoted, fix.edits))
    sites, where = found.situation.sites, {edit.site for edit in fix.edits}
    here = [i for i, slot in enumerate(found.slots) if sites[slot.site] in where]
    pairs = np.flatnonzero(np.isin(found.slot, here)).tolist()
    return np.array([pair for pair in pairs if unquoted(found.edit(pair)) in wanted], dtype=np.int64)


def _is_release(found: Candidates, gold: Numbers) -> bool:
    """Whether a version takes another's place: one fix in eight does, no issue asks for it, and it is soon learned."""
    pairs = ((found.slots[found.slot[pair]], found.terms[found.term[pair]]) for pair in gold.tolist())
    return any(slot.way is Way.STRING and slot.old[:1].isdigit() and term.text[:1].isdigit() for slot, term in pairs)


def unquoted(edit: Edit) -> tuple[Site, tuple[str, ...]]:
    """An edit, whatever its quotation marks."""
    return edit.site, tuple(token.replace('"', "'") for token in edit.tokens)


def _thinned(found: Candidates, gold: Numbers, draw: np.random.Generator) -> tuple[Numbers, Reals]:
    """Gold pairs, and of the others so many of each stratum: at likely sites or not, of what is said or not."""
    order = np.argsort(-found.site_scores, kind="stable")
    likely = np.zeros(len(order), dtype=bool)
    likely[order[:_LIKELY]] = True
    at = likely[np.array([slot.site for slot in found.slots])][found.slot]
    said = np.array([bool(term.mentions) for term in found.terms])[found.term]
    stratum = at * 2 + said
    stratum[gold] = 4
    chosen, excess = [gold], [np.zeros(len(gold))]
    for number in range(4):
        others = np.flatnonzero(stratum == number)
        drawn = draw.choice(others, min(PAIRS, len(others)), replace=False) if len(others) else others
        chosen.append(drawn)
        excess.append(np.full(len(drawn), np.log(len(others) / max(len(drawn), 1)) if len(drawn) else 0.0))
    return np.concatenate(chosen), np.concatenate(excess).astype(np.float32)
