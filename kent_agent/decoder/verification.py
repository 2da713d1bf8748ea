"""Verification in HDC space: does a token belong to the factorization it is written for?

The tokens that a factorization can speak of (those of its location, its file, the issue, and those learned) are
bundled a few at a time into context hypervectors. A token projected into the space is similar to the bundle that holds
it and to no other: a bundle of m atoms has cosine 1/sqrt(m) to each of them, and a foreign atom's cosine is noise of
standard deviation 1/sqrt(D).
"""

from collections.abc import Iterable, Mapping

import numpy as np

from kent_agent.encoder import CodeEncoder
from kent_agent.hdc.vectors import Real, normalize

_BUNDLE = 48  # atoms a bundle: at D = 4,096 a member stands 9 standard deviations above the noise
THRESHOLD = 5.0  # standard deviations; a foreign token passes one bundle in 3 million


class TokenVerifier:
    """Item memories of a factorization's context, checked token by token.

    Args:
        encoder: the space.
        contexts: tokens by where they come from; the same token may come from several places.
        threshold: least similarity to be accepted, in standard deviations of the noise.
    """

    def __init__(
        self, encoder: CodeEncoder, contexts: Mapping[str, Iterable[str]], threshold: float = THRESHOLD
    ) -> None:
        self.encoder = encoder
        self.threshold = threshold
        seen: set[str] = set()
        bundles: list[Real] = []
        for tokens in contexts.values():
            fresh = [token for token in dict.fromkeys(tokens) if token not in seen]
            seen.update(fresh)
            parts = [fresh[i : i + _BUNDLE] for i in range(0, len(fresh), _BUNDLE)]
            bundles.extend(encoder.encode_tokens(part).sum(axis=0) for part in parts)
        empty = np.zeros((0, encoder.dimension), dtype=np.float32)
        self._bundles = normalize(np.stack(bundles)) if bundles else empty

    def similarity(self, token: str) -> float:
        """How far a token stands above the noise, in standard deviations; 0 without any context."""
        if not len(self._bundles):
            return 0.0
        # |atom| is sqrt(D), so a dot product with a unit bundle is in units of the noise already
        return float((self._bundles @ self.encoder.encode_token(token)).max())

    def accepts(self, token: str) -> bool:
        """True when the token belongs to the factorization's context."""
        return self.similarity(token) >= self.threshold
