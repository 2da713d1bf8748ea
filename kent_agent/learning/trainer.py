"""CodeTrainer: try a fix, compare with what was written, learn from the difference."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.vocabulary import END, PAD, SEPARATOR, Vocabulary
from kent_agent.encoder import CodeEncoder
from kent_agent.source.history import Fix, context_tokens
from kent_agent.source.tokens import LAYOUT, is_identifier

LEARNED_TOKENS = 2000
MIN_PATTERN = 5  # rarer patterns cannot be learned; their fixes still teach nothing false, as they are left out
IGNORED = -100  # cross entropy's own mark for positions that do not count


@dataclass(frozen=True)
class Lesson:
    """What came of one try: the losses' sum in nats before and after learning, and how right the try was."""

    loss_before: float
    loss_after: float
    pattern_right: bool
    tokens_right: float


@dataclass(frozen=True)
class Batch:
    """Examples as tensors.

    Attributes:
        conditions: `(B, D)`.
        patterns: class numbers `(B,)`.
        previous: token numbers `(B, T)`.
        targets: `(B, T)`, the next token where it is to be written, IGNORED elsewhere.
        vocabulary: what the numbers mean.
    """

    conditions: Tensor
    patterns: Tensor
    previous: Tensor
    targets: Tensor
    vocabulary: Vocabulary


class CodeTrainer:
    """Teaches a decoder from fixes.

    Args:
        model: changed in place.
        learning_rate: AdamW's.
    """

    def __init__(self, model: DecoderModel, learning_rate: float = 1.5e-3) -> None:
        self.model = model
        self.optimizer = torch.optim.AdamW(model.network.parameters(), lr=learning_rate, weight_decay=0.01)

    @classmethod
    def for_fixes(cls, fixes: Sequence[Fix], encoder: CodeEncoder, seed: int = 0) -> Self:
        """A trainer of a new model that knows the patterns and frequent tokens of these fixes."""
        patterns = Counter(fix.edit.pattern for fix in fixes)
        tokens = Counter(token for fix in fixes for token in {*fix.edit.after, *fix.edit.before})
        frequent = [token for token, _ in tokens.most_common(LEARNED_TOKENS) if token not in LAYOUT]
        known = sorted(pattern for pattern, n in patterns.items() if n >= min(MIN_PATTERN, len(fixes)))
        return cls(DecoderModel.create(encoder, known, frequent, seed))

    @classmethod
    def load(cls, path: Path) -> Self:
        """A trainer of a saved model."""
        return cls(DecoderModel.load(path))

    def save(self, path: Path) -> None:
        """Saves the model."""
        self.model.save(path)

    def learn(self, fix: Fix, steps: int = 10) -> Lesson:
        """Tries one fix, then learns it in some steps; for consolidating what an executed test has confirmed."""
        batch = self.batch([fix])
        *before, pattern_right, tokens_right = self._try(batch)
        for _ in range(steps):
            self.step(batch)
        return Lesson(sum(before), sum(self._try(batch)[:2]), pattern_right == 1.0, tokens_right)

    def step(self, batch: Batch) -> float:
        """One step of gradient descent; the loss before it, in nats."""
        self.model.network.train()
        loss = torch.stack(self._losses(batch)).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.network.parameters(), 1.0)
        self.optimizer.step()
        self.model.network.eval()
        return loss.item()

    def evaluate(self, fixes: Sequence[Fix], batch_size: int = 64) -> dict[str, float]:
        """Mean losses in nats, and the shares of patterns and tokens that a first try gets right, on other fixes."""
        tries = [self._try(self.batch(fixes[i : i + batch_size])) for i in range(0, len(fixes), batch_size)]
        names = ("pattern_loss", "token_loss", "pattern_accuracy", "token_accuracy")
        return dict(zip(names, np.mean(np.array(tries, dtype=np.float64), axis=0).round(4).tolist(), strict=True))

    def fit(
        self,
        fixes: Sequence[Fix],
        epochs: int,
        batch_size: int = 64,
        seed: int = 0,
        after_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
    ) -> None:
        """Goes through the fixes several times in a seeded order, the learning rate falling to zero along a cosine."""
        usable = [fix for fix in fixes if fix.edit.pattern in self.model.patterns]
        total = epochs * -(-len(usable) // batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, self.optimizer.param_groups[0]["lr"], total_steps=max(total, 2), pct_start=0.1
        )
        order = random.Random(seed)
        for epoch in range(epochs):
            order.shuffle(usable)
            losses = []
            for i in range(0, len(usable), batch_size):
                losses.append(self.step(self.batch(usable[i : i + batch_size])))
                schedule.step()
            after_epoch(epoch, float(np.mean(losses)))

    def batch(self, fixes: Sequence[Fix]) -> Batch:
        """Fixes as tensors over the learned tokens and those that the fixes' surroundings and messages offer."""
        model = self.model
        local = (token for fix in fixes for token in (*fix.edit.before, *fix.context, *message_tokens(fix.message)))
        vocabulary = Vocabulary(model.tokens, local)
        rows, targets = [], []
        for fix in fixes:
            prefix = vocabulary.encode([fix.edit.pattern, *fix.edit.before, SEPARATOR])
            after = vocabulary.encode([*fix.edit.after, END])
            rows.append(prefix + after[:-1])
            targets.append([IGNORED] * (len(prefix) - 1) + after)
        length = max(map(len, rows))
        pad = vocabulary.number(PAD)
        conditions = [model.encoder.encode_condition(fix.message, fix.context) for fix in fixes]
        number = {pattern: i for i, pattern in enumerate(model.patterns)}
        return Batch(
            torch.from_numpy(np.stack(conditions)),
            torch.tensor([number.get(fix.edit.pattern, IGNORED) for fix in fixes]),
            torch.tensor([row + [pad] * (length - len(row)) for row in rows]),
            torch.tensor([row + [IGNORED] * (length - len(row)) for row in targets]),
            vocabulary,
        )

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean negative log likelihoods in nats: of the patterns, and of the tokens."""
        network = self.model.network
        logits = network.forward_classify(batch.conditions)
        pattern_loss = functional.cross_entropy(logits, batch.patterns, ignore_index=IGNORED)
        table = self.model.embed(batch.vocabulary)
        return pattern_loss, -network.log_likelihood(batch.conditions, batch.previous, batch.targets, table).mean()

    def _try(self, batch: Batch) -> tuple[float, float, float, float]:
        """Pattern loss, token loss, share of right patterns, share of right tokens; learns nothing."""
        network = self.model.network
        with torch.inference_mode():
            pattern_loss, token_loss = self._losses(batch)
            patterns = network.forward_classify(batch.conditions).argmax(-1)
            table = self.model.embed(batch.vocabulary)
            tokens = network.forward_generate(batch.conditions, batch.previous, table).argmax(-1)
        counted = batch.targets != IGNORED
        right = (tokens == batch.targets)[counted].float().mean().item()
        return pattern_loss.item(), token_loss.item(), (patterns == batch.patterns).float().mean().item(), right


def message_tokens(message: str) -> tuple[str, ...]:
    """Source tokens that prose offers: identifiers and what lexes in it, line by line."""
    found = context_tokens(message, 1, message.count("\n") + 1, limit=200)
    words = (word for word in message.split() if is_identifier(word.strip("`'\".,:;()")))
    return tuple(dict.fromkeys([*found, *(word.strip("`'\".,:;()") for word in words)]))
