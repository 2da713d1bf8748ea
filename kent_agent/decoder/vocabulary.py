"""The bounded vocabulary of one decoding: specials, learned tokens, and what the repository and the issue offer."""

from collections.abc import Iterable, Sequence

from kent_agent.source.tokens import LAYOUT

PAD, END, SEPARATOR = "<pad>", "<end>", "<sep>"
SPECIALS = (PAD, END, SEPARATOR, *sorted(LAYOUT))


class Vocabulary:
    """Tokens and their numbers: the learned ones first (specials and patterns among them), then this instance's.

    Tokens need no trained embedding: the network reads every one through its hypervector, so the vocabulary may
    differ from instance to instance.

    Args:
        learned: the network's own tokens, in its order.
        local: tokens of this instance, most important first; duplicates are dropped.
        limit: the most tokens in all.
    """

    def __init__(self, learned: Sequence[str], local: Iterable[str], limit: int = 6000) -> None:
        distinct = dict.fromkeys(learned)
        for token in local:
            if len(distinct) >= limit:
                break
            distinct.setdefault(token)
        self.tokens = tuple(distinct)
        self._numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._numbers

    def number(self, token: str) -> int:
        """The number of a token.

        Raises:
            KeyError: the token is outside the vocabulary.
        """
        return self._numbers[token]

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers of tokens; those outside the vocabulary are left out."""
        return [self._numbers[token] for token in tokens if token in self._numbers]
