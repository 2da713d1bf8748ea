"""The pairs of slots and terms that may be written, as a network reads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

import numpy as np

from kent_agent.decoder.arrays import Flags, Numbers, Reals
from kent_agent.decoder.situation import Situation
from kent_agent.filling.measures import BUILTINS, Tables, tables
from kent_agent.filling.slots import DOTTED, NAMED, TERMLESS, Slot, Way, slots_at, written
from kent_agent.filling.terms import Kind, Term
from kent_agent.filling.vocabulary import ARITHMETIC, ASSIGNED, COMBINED, COMPARED, vocabulary
from kent_agent.source.grammar import Action, Edit

_RENAMED = frozenset({Action.RENAME, Action.RENAME_ALL})
_KINDS: tuple[tuple[str, ...], ...] = (COMPARED, COMBINED, ASSIGNED, ARITHMETIC)
_MOST = 2000  # slots, those of the likeliest sites


@dataclass(frozen=True)
class Candidates:
    """The simple edits of a function.

    Attributes:
        situation: the function and the issue.
        slots, terms: of both.
        slot, term: of each pair, `(P,)`.
        site_scores: natural logarithms of the probabilities of the situation's sites, `(n,)`.
        common: numbers of the commonest words of issues.
    """

    situation: Situation
    slots: Sequence[Slot]
    terms: Sequence[Term]
    slot: Numbers
    term: Numbers
    site_scores: Reals
    common: Mapping[str, int]

    @cached_property
    def tables(self) -> Tables:
        """Both as numbers."""
        return tables(self.situation, self.slots, self.terms, self.site_scores, self.common)

    def edit(self, pair: int) -> Edit:
        """The edit that writes a pair's term in its slot."""
        slot, term = self.slots[self.slot[pair]], self.terms[self.term[pair]]
        site = self.situation.sites[slot.site]
        text, quote = self.situation.document.text, self.situation.around.quote
        return Edit(site, written(slot, site, term, text, quote))

    def pairs(self, chosen: Numbers | slice = slice(None)) -> Reals:
        """Measures of pairs, `(P, PAIR_MEASURES)`."""
        return self.tables.pairs(self.slot[chosen], self.term[chosen])

    @property
    def general(self) -> Reals:
        """Measures of all, `(GENERAL,)`."""
        said = sum(bool(term.mentions) for term in self.terms)
        sizes = [len(self.slots), said, len(self.situation.said.wording.words)]
        found: Reals = (np.log1p(np.array(sizes)) / 6).astype(np.float32)
        return found


def candidates(situation: Situation, site_scores: Reals, common: Mapping[str, int]) -> Candidates | None:
    """All simple edits; None where a function has no place for any.

    Args:
        situation: the function and the issue.
        site_scores: natural logarithms of the probabilities of the situation's sites, `(n,)`.
        common: numbers of the commonest words of issues.
    """
    found = _likeliest(situation, site_scores)
    if not found:
        return None
    terms = vocabulary(situation, common)
    slot, term = np.nonzero(_fitting(situation, found, terms))
    return Candidates(situation, found, terms, slot, term, site_scores, common)


def _likeliest(situation: Situation, site_scores: Reals) -> list[Slot]:
    """The slots of the likeliest sites, as many as are looked at, in the order of the sites."""
    order = np.argsort(-site_scores, kind="stable").tolist()
    found = islice(chain.from_iterable(slots_at(situation, number) for number in order), _MOST)
    return sorted(found, key=lambda slot: slot.site)


def _fitting(situation: Situation, found: Sequence[Slot], terms: Sequence[Term]) -> Flags:
    """Which terms may be written in which slots, `(n, m)`."""
    of_way, named = _fits(terms), np.array([term.is_name for term in terms])
    variable = named & [term.text not in BUILTINS for term in terms]
    rows = []
    for slot in found:
        site = situation.sites[slot.site]
        if site.action is Action.RENAME_ALL and site.node != "Attribute":  # an attribute hides no builtin
            rows.append(variable)
        else:
            rows.append(named if site.action in _RENAMED else of_way[slot.way])
    fits: Flags = np.stack(rows) & ~_repeated(found, terms)
    of_kind = {kind: np.array([_kind(term.text) is kind for term in terms]) for kind in _KINDS}
    for i, slot in enumerate(found):
        if slot.way is Way.OPERATOR:
            fits[i] &= of_kind[_kind(slot.old)]
    return fits


def _repeated(found: Sequence[Slot], terms: Sequence[Term]) -> Flags:
    """Which terms stand in which slots already, `(n, m)`; compared by number, as texts take thirty times as long."""
    number = {text: i for i, text in enumerate(dict.fromkeys(term.text for term in terms if term.text))}
    old = np.array([number.get(slot.old, -1) for slot in found])
    new = np.array([number.get(term.text, -2) for term in terms])
    repeated: Flags = old[:, None] == new[None]
    return repeated


def _fits(terms: Sequence[Term]) -> Mapping[Way, Flags]:
    """Which of m terms may be written in each way, `(m,)`."""

    def those(hold: Callable[[Term], bool]) -> Flags:
        return np.array([hold(term) for term in terms])

    nothing = those(lambda term: term.kind is Kind.NOTHING)
    operator = those(lambda term: term.kind is Kind.OPERATOR)
    name, string = those(lambda term: term.is_name), those(lambda term: term.fits_a_string)
    code, said = those(lambda term: bool(term.code)) & ~operator, those(lambda term: bool(term.mentions))
    dotted = code & (name | those(lambda term: term.is_dotted))
    special = {Way.OPERATOR: operator, Way.STRING: string, Way.SUBSCRIPT: string & said, Way.WORD: string & said}
    groups = ((TERMLESS, nothing), (NAMED, name), (DOTTED, dotted))
    return {way: next((fit for group, fit in groups if way in group), special.get(way, code)) for way in Way}


def _kind(operator: str) -> tuple[str, ...]:
    """The operators that may take an operator's place; of one that is not listed those of arithmetic."""
    return next((kind for kind in _KINDS if operator in kind), ARITHMETIC)
