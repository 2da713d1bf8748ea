"""CodeTrainer: learns to point and to write from fixes, the simple ones first."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kent_agent.decoder.model import DecoderModel
from kent_agent.errors import KentError
from kent_agent.learning.batches import losses
from kent_agent.learning.examples import Example

_EASY = 4  # tokens of an easy edit
CLOZE_EPOCHS = 4  # that clozes are spread over


class CodeCurriculum:
    """The order in which fixes are learned: easy ones first, then those of one edit, then all (Bengio et al. 2009).

    Clozes are spread over the first epochs, so that each is learned once, and what was mined has the last word.

    Args:
        examples: all of them.
        seed: of the order within an epoch.
    """

    def __init__(self, examples: Sequence[Example], seed: int = 0) -> None:
        self.fixes = [example for example in examples if example.edits]
        self.clozes = [example for example in examples if not example.edits]
        random.Random(f"{seed}:clozes").shuffle(self.clozes)
        self.seed = seed

    def epoch(self, number: int) -> list[Example]:
        """The examples of an epoch, from 0, in their order."""
        hardest = min(number, 2)
        chosen = [example for example in self.fixes if difficulty(example) <= hardest] or list(self.fixes)
        if number < CLOZE_EPOCHS:
            chosen += self.clozes[number::CLOZE_EPOCHS]
        random.Random(f"{self.seed}:{number}").shuffle(chosen)
        return chosen


def difficulty(example: Example) -> int:
    """0 for one short edit, 1 for one edit, 2 for several."""
    if example.edits > 1:
        return 2
    return 0 if all(len(writing.written) <= _EASY + 1 for writing in example.writings) else 1


@dataclass(frozen=True)
class Progress:
    """Where training stands after a step: its epoch, the step of it, how many it has, and the loss in bits an edit."""

    epoch: int
    step: int
    steps: int
    bits: float


class CodeTrainer:
    """Teaches a decoder.

    Args:
        model: changed in place.
        epochs: how often to go through the fixes; the learning rate falls to zero over them.
        learning_rate: AdamW's.
        batch_size: fixes a step.
        seed: of everything that is drawn.
    """

    def __init__(
        self, model: DecoderModel, epochs: int = 8, learning_rate: float = 2e-3, batch_size: int = 64, seed: int = 0
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.seed = seed
        self.learning_rate = learning_rate
        self.optimizer = torch.optim.AdamW(model.network.parameters(), lr=learning_rate, weight_decay=0.01, fused=True)
        self.epoch, self.step = 0, 0

    def fit(
        self,
        examples: Sequence[Example],
        after_step: Callable[[Progress], None] = lambda progress: None,
        after_epoch: Callable[[int], bool] = lambda epoch: False,
    ) -> None:
        """Goes on from where training stands. `after_epoch` tells whether to stop early."""
        curriculum = CodeCurriculum(examples, self.seed)
        while self.epoch < self.epochs:
            chosen = curriculum.epoch(self.epoch)
            steps = -(-len(chosen) // self.batch_size)
            while self.step < steps:
                batch = chosen[self.step * self.batch_size : (self.step + 1) * self.batch_size]
                self._schedule((self.epoch + self.step / steps) / self.epochs)
                # Dropout's, so that it is the same after resuming.
                torch.manual_seed(self.seed * 1_000_003 + self.epoch * 10_007 + self.step)
                bits = self.learn(batch)
                self.step += 1
                after_step(Progress(self.epoch, self.step, steps, bits))
            self.epoch, self.step = self.epoch + 1, 0
            if after_epoch(self.epoch):
                return

    def learn(self, batch: Sequence[Example]) -> float:
        """One step of gradient descent; the loss before it, in bits an example."""
        network = self.model.network.train()
        found = losses(network, batch)
        loss = (found.sites.sum() + found.tokens.sum()) / len(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        self.optimizer.step()
        network.eval()
        return loss.item() / float(np.log(2))

    def evaluate(self, examples: Sequence[Example], batch_size: int = 64) -> dict[str, float]:
        """Bits on other fixes: the mean as `learn` counts it, of a site, of an edit's tokens; the median of an edit."""
        sites: list[float] = []
        tokens: list[float] = []
        both: list[float] = []
        for i in range(0, len(examples), batch_size):
            batch = examples[i : i + batch_size]
            with torch.inference_mode():
                found = losses(self.model.network, batch)
            sites += (found.sites / np.log(2)).tolist()
            written = (found.tokens / np.log(2)).tolist()
            tokens += written
            parts = iter(written)
            for example, site in zip(batch, sites[-len(batch) :], strict=True):
                bits = [next(parts) for _ in example.writings]
                if example.edits == 1:
                    both.append(site + sum(bits))
        names = ("bits", "site_bits", "token_bits", "median_bits")
        total = (sum(sites) + sum(tokens)) / len(sites)
        values = (total, np.mean(sites), np.mean(tokens) if tokens else 0.0, np.median(both) if both else 0.0)
        return {name: round(float(value), 3) for name, value in zip(names, values, strict=True)}

    def _schedule(self, done: float) -> None:
        """A short warm-up, then a line to zero."""
        warm = min(1.0, done * self.epochs * 4 + 0.05)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * warm * (1 - done)

    def checkpoint(self, path: Path, kept: dict[str, Any]) -> None:
        """Writes all that exact resuming takes, and what the caller wants kept with it, atomically."""
        held = {
            "network": self.model.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "at": (self.epoch, self.step),
            "kept": kept,
        }
        partial = path.with_name(path.name + ".partial")
        torch.save(held, partial)
        partial.replace(path)

    def resume(self, path: Path) -> dict[str, Any]:
        """Goes on from a checkpoint; what the caller kept with it.

        Raises:
            KentError: the file is no checkpoint of such a model.
        """
        try:
            held = torch.load(path, weights_only=True)
            self.model.network.load_state_dict(held["network"])
            self.optimizer.load_state_dict(held["optimizer"])
            self.epoch, self.step = held["at"]
            kept: dict[str, Any] = held["kept"]
        except Exception as error:  # torch raises its own kinds for each way a file can be damaged
            what = type(error).__name__
            raise KentError(f"{path} is no checkpoint of this model ({what}); remove it to begin anew.") from error
        return kept
