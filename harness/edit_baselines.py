"""What a gold edit costs without a model: under a uniform prior over the grammar, and under a cache n-gram."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import exp, log2

from kent_agent.decoder.continuations import END
from kent_agent.decoder.moving import targets
from kent_agent.decoder.search import WORDLESS
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.syntax import Syntax
from kent_agent.source.grammar import Action, Edit


def baseline_bits(situation: Situation, edit: Edit) -> dict[str, float | None]:
    """Bits of an edit by each baseline, factored as the decoder's: a site with its action, then token after token.

    None where the edit cannot be chosen. Neither baseline knows anything of sites: all are as likely.
    """
    if edit.site not in situation.sites:
        return {"uniform": None, "ngram": None}
    on_site = log2(len(situation.sites))
    if edit.action is Action.MOVE_STATEMENT:
        on_site += log2(len(targets(situation.sites, edit.site)) or 1)
    if edit.action in WORDLESS | {Action.MOVE_STATEMENT}:
        return {"uniform": on_site, "ngram": on_site}
    told = uniform_bits(situation, edit), CacheNgram(situation).bits(edit)
    uniform, ngram = (on_site + bits if bits is not None else None for bits in told)
    return {"uniform": uniform, "ngram": ngram}


def uniform_bits(situation: Situation, edit: Edit) -> float | None:
    """Bits of an edit's tokens where each that the syntax lets follow is as likely; None where it forbids one."""
    number = situation.lexicon.number
    syntax = Syntax(situation.lexicon.tokens)
    bits = 0.0
    for i, token in enumerate((*edit.tokens, END)):
        allowed = syntax.following(edit.tokens[:i], edit.action)
        if token not in number or not allowed[number[token]]:
            return None
        bits += log2(int(allowed.sum()))
    return bits


class CacheNgram:
    """Trigrams of the file over bigrams, over the words of function, file and issue, over those common in training.

    Each order backs off to the one below as often as it meets a new token (Witten and Bell 1991). An edit ends as
    likely as what stands behind its site comes next.

    Args:
        situation: where tokens are written; those of its lexicon share all probability.
    """

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self._known = situation.lexicon.number

    def bits(self, edit: Edit) -> float | None:
        """Bits of an edit's tokens and its end; None where a token is not in the lexicon."""
        if not all(token in self._known for token in edit.tokens):
            return None
        before, following = self.situation.neighbours(edit.site)
        bits = 0.0
        for i, token in enumerate((*edit.tokens, END)):
            context = [*before, *edit.tokens[:i]]
            ends = self.share(following, context)
            share = ends if token == END else self.share(token, context)
            bits += log2(1 + ends) - log2(share)
        return bits

    def share(self, token: str, context: Sequence[str]) -> float:
        """The probability of a token after others."""
        around = self.situation.around
        left = context[-1] if context else ""
        pair = (context[-2] if len(context) > 1 else "", left)
        share = self._background(token)
        for counts in (
            self._words,
            self._writable(around.followers.get(left)),
            self._writable(around.second_followers.get(pair)),
        ):
            share = (counts[token] + len(counts) * share) / (counts.total() + len(counts)) if counts else share
        return share

    def _writable(self, counts: Mapping[str, int] | None) -> Counter[str]:
        """The counts of tokens that may be written."""
        return Counter({token: count for token, count in (counts or {}).items() if token in self._known})

    @cached_property
    def _words(self) -> Counter[str]:
        around = self.situation.around
        return self._writable(around.in_file + around.in_function + Counter(self.situation.said.whole))

    def _background(self, token: str) -> float:
        """The share in training's edits; what is left there is parted among all other tokens."""
        learned = self.situation.learned
        return exp(learned[token]) if token in learned else self._left

    @cached_property
    def _left(self) -> float:
        learned = self.situation.learned
        others = len(self._known) - sum(token in learned for token in self._known)
        return max(1 - sum(exp(share) for share in learned.values()), 1e-3) / max(others, 1)
