"""Runs of tokens in which what was written so far is looked up: what came next wherever it stood before.

The longer the match, the likelier is its continuation to be copied; a language model that backs off by the length of
the match (Cleary and Witten 1984) is one weighing of what is found here, the network learns its own.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from kent_agent.decoder.arrays import Numbers

LONGEST_MATCH = 6  # tokens


class Stream:
    """A run of tokens.

    Args:
        tokens: in their order.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self._number: dict[str, int] = {}
        self._ids = np.array([self._number.setdefault(t, len(self._number)) for t in tokens], dtype=np.int64)

    @cached_property
    def _order(self) -> tuple[Numbers, Numbers]:
        """Places sorted by their tokens, and where each token's begin."""
        order = np.argsort(self._ids, kind="stable")
        return order, np.searchsorted(self._ids[order], np.arange(len(self._number) + 1))

    def numbered(self, number: dict[str, int]) -> Numbers:
        """The tokens by other numbers, -1 for those that have none, `(n,)`."""
        mapped = np.array([number.get(token, -1) for token in self._number], dtype=np.int64)
        return mapped[self._ids] if len(mapped) else self._ids

    def places(self, token: str) -> Numbers:
        """Where a token stands, in order."""
        i = self._number.get(token)
        if i is None:
            return np.zeros(0, dtype=np.int64)
        order, starts = self._order
        return order[starts[i] : starts[i + 1]]

    def continued(self, context: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Places that follow a context's last token, and how many tokens before each of them match the context."""
        places = self.places(context[-1]) if context else np.zeros(0, dtype=np.int64)
        places = places[places + 1 < len(self._ids)]
        if not len(places):
            return places, places
        lengths = np.ones(len(places), dtype=np.int64)
        alive = np.ones(len(places), dtype=bool)
        for back in range(1, min(len(context), LONGEST_MATCH)):
            wanted = self._number.get(context[-1 - back], -1)
            alive &= (places >= back) & (self._ids[places - back] == wanted)
            if not alive.any():
                break
            lengths += alive
        return places + 1, lengths
