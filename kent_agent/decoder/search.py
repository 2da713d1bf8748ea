"""Beam search token by token, every token verified in HDC space before it may stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.verification import TokenVerifier
from kent_agent.decoder.vocabulary import END, PAD, SEPARATOR, Vocabulary
from kent_agent.hdc.vectors import Real
from kent_agent.source.history import MAX_TOKENS
from kent_agent.source.tokens import LAYOUT


@dataclass(frozen=True)
class Decoded:
    """Tokens written at a place, with the log probability (nats) of the whole sequence, END included."""

    tokens: tuple[str, ...]
    log_probability: float


@dataclass
class Rejections:
    """Tokens that the network proposed and verification refused, with how often."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, token: str) -> None:
        """Counts one refusal."""
        self.counts[token] = self.counts.get(token, 0) + 1


class VerifiedSearch:
    """Decodes edits for one instance.

    Args:
        model: the trained decoder.
        vocabulary: the instance's bounded vocabulary.
        width: beams kept at each step; twice as many proposals are verified.
    """

    def __init__(self, model: DecoderModel, vocabulary: Vocabulary, width: int = 4) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.width = width
        with torch.inference_mode():
            self._table = model.embed(vocabulary)
        patterns = set(model.patterns)
        self._never = torch.tensor(
            [token in patterns or token in (PAD, SEPARATOR) for token in vocabulary.tokens], dtype=torch.bool
        )

    def decode(
        self,
        condition: Real,
        pattern: str,
        before: Sequence[str],
        verifier: TokenVerifier,
        rejections: Rejections,
    ) -> list[Decoded]:
        """Finished sequences, likeliest first.

        Args:
            condition: what the decoder is told, `(D,)`.
            pattern: the kind of edit.
            before: tokens of the place.
            verifier: of the factorization that the tokens are written for.
            rejections: collects what verification refuses.
        """
        prefix = self.vocabulary.encode([pattern, *before, SEPARATOR])
        told = torch.from_numpy(condition).unsqueeze(0)
        end = self.vocabulary.number(END)
        beams: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        finished: list[Decoded] = []
        for _ in range(MAX_TOKENS + 1):
            scores = self._extend(told, prefix, beams)
            beams = []
            for score, beam, number in self._proposals(scores, rejections, verifier):
                if number == end:
                    finished.append(Decoded(self._spell(beam), score))
                else:
                    beams.append(((*beam, number), score))
            beams = beams[: self.width]
            worst = sorted((done.log_probability for done in finished), reverse=True)[self.width - 1 : self.width]
            if not beams or (worst and worst[0] >= beams[0][1]):
                break  # sequences only get less likely as they grow
        return sorted(finished, key=lambda done: -done.log_probability)

    def _extend(
        self, told: Tensor, prefix: list[int], beams: Sequence[tuple[tuple[int, ...], float]]
    ) -> list[tuple[Tensor, tuple[int, ...], float]]:
        """For each beam, the log probabilities `(V,)` of its next token."""
        previous = torch.tensor([[*prefix, *beam] for beam, _ in beams])
        with torch.inference_mode():
            following = self.model.network.forward_next(told.expand(len(beams), -1), previous, self._table)
            following[:, self._never] = float("-inf")
        return [(row, beam, score) for row, (beam, score) in zip(following, beams, strict=True)]

    def _proposals(
        self,
        scores: Sequence[tuple[Tensor, tuple[int, ...], float]],
        rejections: Rejections,
        verifier: TokenVerifier,
    ) -> list[tuple[float, tuple[int, ...], int]]:
        """Verified (score, beam, next token), best first; ties in vocabulary order."""
        found = []
        for following, beam, score in scores:
            values, numbers = torch.topk(following, min(2 * self.width, len(following)))
            for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
                token = self.vocabulary.tokens[number]
                if token == END or token in LAYOUT or verifier.accepts(token):
                    found.append((score + value, beam, number))
                else:
                    rejections.add(token)
        return sorted(found, key=lambda proposal: (-proposal[0], proposal[1:]))

    def _spell(self, beam: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.vocabulary.tokens[number] for number in beam)
