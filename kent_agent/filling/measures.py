"""Slots, terms and pairs of both as the numbers that a network reads."""

import builtins
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kent_agent.decoder.arrays import Numbers, Reals
from kent_agent.decoder.lexicon import likeness, looks
from kent_agent.decoder.site_table import SITE_MEASURES
from kent_agent.decoder.situation import Situation
from kent_agent.filling.slots import QUOTED, Slot
from kent_agent.filling.terms import AROUND, Kind, Term, Wording
from kent_agent.source.tokens import is_identifier

_OF_SLOT = 9
SLOT_MEASURES = SITE_MEASURES + _OF_SLOT
TERM_MEASURES = 32
OLDS, PLACES, STATEMENTS, DISTANCES = 13, 4, 4, 2
PAIR_MEASURES = OLDS + PLACES + STATEMENTS + DISTANCES
CUES = 2 * AROUND + 1
TITLE = 12  # words of an issue that tell what it is about
RARE = 3  # numbers of words that are not among the common ones: none at all, a rare one, a number
BUILTINS = frozenset(dir(builtins))
_CONSTANTS = frozenset({"True", "False", "None"})
_TOWARDS = frozenset({"to", "with", "by", "into", "for", ">", "→"})
_AWAY = frozenset({"instead", "rather", "than", "not", "over", "of", "but", "place"})
_BETWEEN = 12  # words between two terms that are heard
_NEAR = 6  # words
_DIGITS = 9  # of a number that is not compared
_LONGEST = 200  # tokens of a statement


@dataclass(frozen=True)
class Paired:
    """Measures of slots with terms: `rows[of[i], j]` is that of slot i and term j, as many slots are alike."""

    of: Numbers
    rows: Reals


@dataclass(frozen=True)
class Tables:
    """What is read of a situation with n slots and m terms.

    Attributes:
        categories: of the slots' sites, `(n, CATEGORIES)`.
        ways: `(n,)`.
        slots: `(n, SLOT_MEASURES)`.
        terms: `(m, TERM_MEASURES)`.
        cues: numbers of the words around each term, `(m, CUES)`.
        heard: the same around what stands in each slot, `(n, CUES)`.
        title: numbers of the issue's first words, `(TITLE,)`.
        olds, places, statements, distances: of pairs: of what stands there, where, in which statement, how far.
    """

    categories: Numbers
    ways: Numbers
    slots: Reals
    terms: Reals
    cues: Numbers
    heard: Numbers
    title: Numbers
    olds: Paired
    places: Paired
    statements: Paired
    distances: Paired

    def pairs(self, slot: Numbers, term: Numbers) -> Reals:
        """Measures of P pairs, `(P, PAIR_MEASURES)`."""
        parts = (self.olds, self.places, self.statements, self.distances)
        found: Reals = np.concatenate([each.rows[each.of[slot], term] for each in parts], axis=1)
        return found


def tables(
    situation: Situation, slots: Sequence[Slot], terms: Sequence[Term], site_scores: Reals, common: Mapping[str, int]
) -> Tables:
    """What a network reads.

    Args:
        site_scores: natural logarithms of the probabilities of the situation's sites.
        common: numbers of the commonest words of issues.
    """
    numbers = np.array([slot.site for slot in slots], dtype=np.int64)
    measures, wording = situation.table.measures[numbers], situation.said.wording
    return Tables(
        categories=situation.table.categories[numbers],
        ways=np.array([slot.way for slot in slots], dtype=np.int64),
        slots=np.concatenate([measures, _slots(situation, slots, site_scores[numbers])], axis=1),
        terms=_terms(situation, terms, common),
        cues=np.array([_cues(wording, term, common) for term in terms], dtype=np.int64),
        heard=_heard(wording, slots, common),
        title=_title(wording, common),
        olds=_olds(wording, slots, terms),
        places=_places(situation, slots, terms),
        statements=_statements(situation, slots, terms),
        distances=_distances(situation, slots, terms),
    )


def _slots(situation: Situation, slots: Sequence[Slot], scores: Reals) -> Reals:
    around, every = situation.around, situation.said.wording.every
    rows = np.zeros((len(slots), _OF_SLOT), dtype=np.float32)
    known: dict[str, tuple[float, ...]] = {}
    for row, slot in zip(rows, slots, strict=True):
        old = slot.old
        if old not in known:
            known[old] = (
                np.log1p(around.in_function[old]) / 2,
                np.log1p(around.in_file[old]) / 4,
                old in every,
                bool(old) and old.lower() in every,
                is_identifier(old),
                old[:1].isdigit(),
                len(old) / 20,
                old[:1].isupper(),
            )
        row[1:] = known[old]
    rows[:, 0] = np.maximum(scores, -20) / 5
    return rows


def _terms(situation: Situation, terms: Sequence[Term], common: Mapping[str, int]) -> Reals:
    rows = [(*_spelling(term), *_telling(situation, term), *_standing(situation, term, common)) for term in terms]
    return np.array(rows, dtype=np.float32).reshape(-1, TERM_MEASURES)


def _spelling(term: Term) -> tuple[float, ...]:
    """How a term is spelled."""
    text = term.text
    return (
        term.is_name,
        term.is_dotted,
        term.is_number,
        " " in text,
        "_" in text,
        text.isupper(),
        text.islower() and text.isalpha(),
        text.istitle(),
        any(a.islower() and b.isupper() for a, b in pairwise(text)),
        text.startswith("_"),
        len(text) / 20,
        text in _CONSTANTS,
        term.kind is Kind.STRING,
        term.kind is Kind.OPERATOR,
    )


def _telling(situation: Situation, term: Term) -> tuple[float, ...]:
    """How an issue says a term."""
    if not term.mentions:
        return (0.0,) * 7
    first = term.mentions[0].start
    return (
        1.0,
        any(each.marked for each in term.mentions),
        any(each.called for each in term.mentions),
        any(each.assigned for each in term.mentions),
        np.log1p(len(term.mentions)),
        np.log1p(first) / 6,
        first < situation.said.wording.title,
    )


def _standing(situation: Situation, term: Term, common: Mapping[str, int]) -> tuple[float, ...]:
    """Where else a term stands."""
    around, text = situation.around, term.text
    rank = common.get(text.lower(), len(common))
    return (
        np.log1p(around.in_function[text]) / 2,
        np.log1p(around.in_file[text]) / 4,
        np.log1p(around.in_file[f'"{text}"'] + around.in_file[f"'{text}'"]) / 3,
        max(situation.learned.get(text, -12.0), -12.0) / 6 + 1,
        text in BUILTINS,
        bool(text) and text.lower() in situation.path.lower(),
        text in situation.symbol.name.split("."),
        np.log1p(rank) / 7,
        rank < len(common),
        np.log1p(len(situation.said.wording.words)) / 6,
        sum(around.overlap(text)) if text else 0.0,
    )


def _cues(wording: Wording, term: Term, common: Mapping[str, int]) -> list[int]:
    said = term.foremost
    if said is None:
        return [0] * CUES
    return [cue(word, common) for word in (*wording.around(said), wording.opening(said))]


def _heard(wording: Wording, slots: Sequence[Slot], common: Mapping[str, int]) -> Numbers:
    silent = [0] * CUES
    every = wording.every
    of = {old: _cues(wording, every[old], common) if old in every else silent for old in {slot.old for slot in slots}}
    return np.array([of[slot.old] for slot in slots], dtype=np.int64)


def _title(wording: Wording, common: Mapping[str, int]) -> Numbers:
    words = [cue(word, common) for word in wording.words[:TITLE]]
    return np.array(words + [0] * (TITLE - len(words)), dtype=np.int64)


def cue(word: str, common: Mapping[str, int]) -> int:
    """The number of a word around a term: 0 for none, 1 for a rare word, 2 for a number; then the common ones."""
    if not word:
        return 0
    found = common.get(word)
    if found is not None:
        return found + RARE
    return 2 if word[0].isdigit() else 1


def _olds(wording: Wording, slots: Sequence[Slot], terms: Sequence[Term]) -> Paired:
    """How what stands in a slot is like a term, and how the issue says both."""
    number: dict[str, int] = {}
    of = np.array([number.setdefault(slot.old, len(number)) for slot in slots], dtype=np.int64)
    rows = np.zeros((len(number), len(terms), OLDS), dtype=np.float32)
    rows[:, :, 3:8] = _same(list(number), [term.text for term in terms])
    related = _related(terms)
    said = [j for j, term in enumerate(terms) if term.mentions]
    for old, i in number.items():
        if not old:
            continue
        alike = {j for look in looks(old) for j in related.get(look, ())} if is_identifier(old) else said
        for j in alike:
            rows[i, j, :3] = _alike(old, terms[j].text)
        if old in wording.every:
            for j in said:
                rows[i, j, 8:] = _apart(wording, wording.every[old], terms[j])
    return Paired(of, rows)


def _related(terms: Sequence[Term]) -> Mapping[tuple[str, str], list[int]]:
    """Numbers of terms by what names have in common that are alike at all."""
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for j, term in enumerate(terms):
        if is_identifier(term.text):
            for look in looks(term.text):
                found[look].append(j)
    return found


def _alike(old: str, new: str) -> tuple[float, ...]:
    if old == new:
        return 0.0, 0.0, 0.0
    if is_identifier(old) and is_identifier(new):
        return likeness(old, new)
    return 0.0, _shared(old, new), _shared(old[::-1], new[::-1])


def _shared(old: str, new: str) -> float:
    """The share of two texts with which both begin."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(old), len(new))) / max(len(old), len(new), 1)


def _same(olds: Sequence[str], news: Sequence[str]) -> Reals:
    """What n texts have in common with m others, `(n, m, 5)`: zeros for empty ones."""
    left, right = ([_traits(text) for text in texts] for texts in (olds, news))
    looks_, digits, lower, constant, numbers = (
        (np.array([row[k] for row in left])[:, None], np.array([row[k] for row in right])[None]) for k in range(5)
    )
    near = np.abs(numbers[0] - numbers[1]) == 1
    same = (looks_[0] == looks_[1], digits[0] & digits[1], near, lower[0] == lower[1], constant[0] & constant[1])
    found: Reals = np.stack(same, axis=2).astype(np.float32)
    found[[not old for old in olds]] = 0
    return found


def _traits(text: str) -> tuple[str, bool, str, bool, float]:
    """A text's look, whether it begins with a digit, its lower case, whether it is a constant, the number it is."""
    number = float(text) if text.isdecimal() and len(text) < _DIGITS else np.nan
    return _look(text), text[:1].isdigit(), text.lower(), text in _CONSTANTS, number


def _look(name: str) -> str:
    looks_ = "_" in name.strip("_"), name.isupper(), name[:1].isupper(), name[:1] == "_"
    return "".join("01"[look] for look in looks_)


def _apart(wording: Wording, old: Term, new: Term) -> tuple[float, ...]:
    """How near the nearest mentions of two terms are, by their order, and what is said between them."""
    pairs = ((a, b) for a in old.mentions for b in new.mentions if a.start != b.start)
    near = min(pairs, key=lambda pair: abs(pair[0].word - pair[1].word), default=None)
    if near is None:
        return (0.0,) * 5
    a, b = near
    between = frozenset(wording.words[min(a.word, b.word) + 1 : max(a.word, b.word)][:_BETWEEN])
    close = 1 / (1 + np.log1p(abs(a.word - b.word)))
    return (
        close * (a.word < b.word),
        close * (a.word > b.word),
        not between.isdisjoint(_TOWARDS),
        not between.isdisjoint(_AWAY),
        abs(a.word - b.word) <= _NEAR,
    )


def _places(situation: Situation, slots: Sequence[Slot], terms: Sequence[Term]) -> Paired:
    """How often the file has a term after what stands before it here, and before what stands behind it."""
    around = situation.around
    keys = [(slot.before, slot.behind, slot.way in QUOTED) for slot in slots]
    number: dict[tuple[tuple[str, str], str, bool], int] = {}
    of = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    rows = np.zeros((len(number), len(terms), PLACES), dtype=np.float32)
    bare = {term.text: j for j, term in enumerate(terms)}
    quoted = {f"{around.quote}{term.text}{around.quote}": j for j, term in enumerate(terms)}
    for (before, behind, as_string), i in number.items():
        numbered = quoted if as_string else bare
        counts: tuple[Mapping[str, int], ...] = (
            around.second_followers.get(before, {}),
            around.followers.get(before[1], {}),
            around.leaders.get(behind, {}),
        )
        for column, (counted, scale) in enumerate(zip(counts, (1, 2, 2), strict=True)):
            for token in counted if len(counted) < len(numbered) else numbered:
                if token in counted and token in numbered:
                    rows[i, numbered[token], column] = math.log1p(counted[token]) / scale
    for numbered in (bare, quoted):
        known = [j for token, j in numbered.items() if around.in_file[token]]
        own = [i for (_, _, as_string), i in number.items() if as_string == (numbered is quoted)]
        rows[np.ix_(own, known, [3])] = 1
    return Paired(of, rows)


def _statements(situation: Situation, slots: Sequence[Slot], terms: Sequence[Term]) -> Paired:
    """Whether a term stands in a slot's statement, and how near to it in the issue something of that is said."""
    sites, around, wording = situation.sites, situation.around, situation.said.wording
    starts = [*situation.document.starts, len(around.text)]
    number: dict[tuple[int, int], int] = {}
    lines = [(sites[slot.site].first_line, sites[slot.site].last_line) for slot in slots]
    of = np.array([number.setdefault(each, len(number)) for each in lines], dtype=np.int64)
    rows = np.zeros((len(number), len(terms), STATEMENTS), dtype=np.float32)
    words = {j: np.array([m.word for m in term.mentions]) for j, term in enumerate(terms) if term.mentions}
    for (first, last), i in number.items():
        held = around.tokens[around.number(starts[first - 1]) : around.number(starts[last])][:_LONGEST]
        texts = {token.text.strip("\"'") for token in held}
        rows[i, :, 0] = [term.text in texts for term in terms]
        said = [wording.every[text] for text in texts if len(text) > 2 and text in wording.every]
        rows[i, :, 3] = len(said) / 5
        for other in said:
            there = np.array([m.word for m in other.mentions])
            rarity = 1 / (1 + np.log1p(around.in_file[other.text]))
            for j, here in words.items():
                if terms[j].text != other.text:
                    close = 1 / (1 + np.log1p(np.abs(here[:, None] - there[None]).min()))
                    rows[i, j, 1] = max(rows[i, j, 1], close)
                    rows[i, j, 2] = max(rows[i, j, 2], close * rarity)
    return Paired(of, rows)


def _distances(situation: Situation, slots: Sequence[Slot], terms: Sequence[Term]) -> Paired:
    """How near a term stands before a slot, and behind it."""
    around, sites = situation.around, situation.sites
    number: dict[int, int] = {}
    of = np.array([number.setdefault(sites[slot.site].start, len(number)) for slot in slots], dtype=np.int64)
    at = np.array([around.number(start) for start in number], dtype=np.int64)
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for i, token in enumerate(around.tokens):
        positions[token.text].append(i)
    rows = np.zeros((len(number), len(terms), DISTANCES), dtype=np.float32)
    for j, term in enumerate(terms):
        text = term.text if term.kind is not Kind.STRING else f"{around.quote}{term.text}{around.quote}"
        if found := positions.get(text):
            places = np.array([-(10**6), *found, 10**6])
            behind = np.searchsorted(places, at, side="right")
            rows[:, j, 0] = 1 / (1 + np.log1p(at - places[np.searchsorted(places, at) - 1]))
            rows[:, j, 1] = 1 / (1 + np.log1p(places[behind] - at))
    return Paired(of, rows)
