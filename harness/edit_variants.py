"""Situations that withhold one thing each from a decoder, to measure what that is worth."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from kent_agent.decoder.arrays import Reals
from kent_agent.decoder.continuations import Continuations, Measured, Written
from kent_agent.decoder.lexicon import Lexicon
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.surroundings import Said
from kent_agent.hdc.sparse import SparseItems
from kent_agent.source.symbols import Symbol


class Variant(Protocol):
    """Makes a situation; `Situation` itself is one."""

    def __call__(self, text: str, path: str, symbol: Symbol, said: Said, learned: Mapping[str, float]) -> Situation:
        """A situation from what its constructor takes."""
        ...


class WithoutHypervector(Situation):
    """Nothing is known but what the measures and the reading tell."""

    def condition(self, items: SparseItems) -> Reals:
        """Zeros."""
        return np.zeros_like(super().condition(items))


class WithoutIssueTokens(Situation):
    """The issue speaks through the hypervector alone."""

    def __init__(self, text: str, path: str, symbol: Symbol, said: Said, learned: Mapping[str, float]) -> None:
        super().__init__(text, path, symbol, Said.nothing(), learned)
        self.said = Said(said.terms, Said.nothing().tokens)


class WithoutFollowers(Situation):
    """What follows what in the file is not told."""

    @cached_property
    def lexicon(self) -> Lexicon:
        """The same tokens."""
        return _Followerless(self.around, self.learned)


class _Followerless(Lexicon):
    @cached_property
    def continuations(self) -> Continuations:
        return _Silent(self.around, self.number)


class _Silent(Continuations):
    def after(self, asked: Sequence[Written]) -> Measured:
        found = super().after(asked)
        return found._replace(rows=np.zeros_like(found.rows))


class WithoutReplaced(Situation):
    """How tokens stand to the site, and to the one replaced there, is not told."""

    @cached_property
    def lexicon(self) -> Lexicon:
        """The same tokens."""
        return _Siteless(self.around, self.learned)


class _Siteless(Lexicon):
    def at(self, opening: Opening, chosen: Sequence[int] | None = None) -> Reals:
        return np.zeros_like(super().at(opening, chosen))


def without_message(text: str, path: str, symbol: Symbol, said: Said, learned: Mapping[str, float]) -> Situation:
    """Nothing is said."""
    return Situation(text, path, symbol, Said.nothing(), learned)


def without_learned(text: str, path: str, symbol: Symbol, said: Said, learned: Mapping[str, float]) -> Situation:
    """No token is known but those of the function, the file and the issue."""
    return Situation(text, path, symbol, said, {})


VARIANTS: Mapping[str, Variant] = {
    "hypervector": WithoutHypervector,
    "issue tokens": WithoutIssueTokens,
    "what follows what": WithoutFollowers,
    "standing to the site": WithoutReplaced,
    "learned tokens": without_learned,
}
"""By what is withheld."""
