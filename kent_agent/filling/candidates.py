"""The pairs of slots and terms that may be written, as a network reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kent_agent.decoder.arrays import Numbers, Reals
from kent_agent.decoder.situation import Situation
from kent_agent.filling.measures import BUILTINS, Tables, tables
from kent_agent.filling.slots import Slot, slots, written
from kent_agent.filling.terms import Kind, Term
from kent_agent.filling.vocabulary import ARITHMETIC, ASSIGNED, COMBINED, COMPARED, vocabulary
from kent_agent.filling.ways import OF_CHAINS, OF_NAMES, OF_VALUES, STATING, TERMLESS, Way
from kent_agent.source.grammar import Action, Edit
from kent_agent.source.tokens import is_identifier

_MOST = 2500  # slots, those of the likeliest sites


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
    found = slots(situation)
    if not found:
        return None
    if len(found) > _MOST:
        scores = site_scores[[slot.site for slot in found]]
        found = [found[i] for i in sorted(np.argsort(-scores, kind="stable")[:_MOST].tolist())]
    terms = vocabulary(situation, common)
    fits = _fitting(situation, found, terms)
    slot, term = np.nonzero(fits)
    return Candidates(situation, found, terms, slot, term, site_scores, common)


def _fitting(situation: Situation, found: Sequence[Slot], terms: Sequence[Term]) -> Numbers:
    """Which terms may be written in which slots, `(n, m)`."""
    of_way, named = _fits(terms), np.array([term.is_name for term in terms])
    builtin = np.array([term.text in BUILTINS for term in terms])
    rows = []
    for slot in found:
        fit = of_way[slot.way]
        if slot.way is Way.T:
            site = situation.sites[slot.site]
            if site.action is Action.RENAME_ALL:
                fit = named & ~builtin  # which it would hide
            elif site.action is Action.RENAME:
                fit = named
            elif site.end - site.start == len(slot.old) and is_identifier(slot.old):
                fit = fit & ~named  # a name for a name is a renaming
        rows.append(fit)
    texts, olds = np.array([term.text for term in terms]), np.array([slot.old for slot in found])
    fits: Numbers = np.stack(rows) & ((olds[:, None] != texts[None]) | (texts == "")[None])
    for i, slot in enumerate(found):
        if slot.way is Way.OPERATOR:
            fits[i] &= np.array([_kind(term.text) is _kind(slot.old) for term in terms])
    return fits


def _fits(terms: Sequence[Term]) -> Mapping[Way, Numbers]:
    """Which of m terms may be written in each way, `(m,)`."""
    kinds = [term.kind for term in terms]
    nothing, operator, element = (
        np.array([kind is each for kind in kinds]) for each in (Kind.NOTHING, Kind.OPERATOR, Kind.ELEMENT)
    )
    plain = ~(nothing | operator | element)
    name, dotted, value, call, string = (
        plain & np.array(which)
        for which in (
            [term.is_name for term in terms],
            [term.is_dotted for term in terms],
            [term.is_value for term in terms],
            [term.is_call for term in terms],
            [term.fits_a_string for term in terms],
        )
    )
    given = np.array([term.is_element for term in terms])
    code = plain & ~given & np.array([bool(term.code) for term in terms])
    near, said = np.array([term.near for term in terms]), np.array([bool(term.mentions) for term in terms])
    special = {Way.OPERATOR: operator, Way.COPIED: given, Way.STATED: call, Way.STRING: string}
    groups = ((TERMLESS, nothing), (OF_NAMES, name), (OF_CHAINS, name | dotted), (OF_VALUES, value))
    found = {}
    for way in Way:
        fit = special.get(way, code)
        fit = string & said if way in (Way.SUBSCRIPT, Way.WORD) else fit
        fit = next((which for group, which in groups if way in group), fit)
        found[way] = fit & near if way in STATING else fit
    return found


def _kind(operator: str) -> tuple[str, ...]:
    """The operators that may take an operator's place; of one that is not listed those of arithmetic."""
    return next((kind for kind in (COMPARED, COMBINED, ASSIGNED) if operator in kind), ARITHMETIC)
