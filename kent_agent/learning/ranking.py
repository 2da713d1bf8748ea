"""Learning the weights of evidence: a listwise ranker of files and places, trained through their coupling.

The loss is the cross-entropy of the gold files under the FILE slot (ListNet with the top-one probability; Cao et al.
2007), and of naming some gold place, whichever, under the LOCATION slot: all gold files are to be found, but an edit
begins at one place. Each comes after one exchange of messages between the slots, as the resonator exchanges them; so
what is learned is what is run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from kent_agent.hdc.vectors import Real

RIDGE = 3e-3
_STEPS = 80
_LEAST = 1e-12  # likelihood that has a logarithm
_FLOOR = 1e-4  # the likelihood of a place in a file that was not searched


@dataclass(frozen=True)
class Example:
    """An issue with candidates and which of them are gold.

    Attributes:
        repo: where it is from.
        files: standardised evidence, `(n, f)`.
        gold_files: `(n,)`.
        places: standardised evidence, `(m, p)`.
        gold_places: `(m,)`.
        file_of: number of each place's file, `(m,)`.
        weight: of this example in the loss.
    """

    repo: str
    files: Real
    gold_files: NDArray[np.bool_]
    places: Real
    gold_places: NDArray[np.bool_]
    file_of: NDArray[np.int64]
    weight: float = 1.0


@dataclass(frozen=True)
class Learned:
    """Weights `(f,)` of files' columns and `(p,)` of places', and the exponents of the messages between the slots."""

    files: Real
    places: Real
    to_location: float
    to_file_best: float
    to_file_sum: float


class _Batch:
    """Examples stacked, with the segments that sums go over."""

    def __init__(self, examples: Sequence[Example], joint: bool) -> None:
        self.n = len(examples)
        self.joint = joint
        self.files = _stacked([e.files for e in examples])
        self.places = _stacked([e.places for e in examples])
        self.file_segment = _segments([len(e.files) for e in examples])
        self.place_segment = _segments([len(e.places) for e in examples])
        offsets = np.cumsum([0, *(len(e.files) for e in examples)])[:-1]
        shifted = [e.file_of + offset for e, offset in zip(examples, offsets, strict=True)]
        self.file_of = torch.from_numpy(np.concatenate(shifted))
        self.file_targets = _targets([e.gold_files for e in examples], [e.weight for e in examples])
        self.gold_places = torch.from_numpy(np.concatenate([e.gold_places for e in examples]))
        self.weights = torch.tensor([e.weight for e in examples], dtype=torch.float64)

    def loss(self, weights: torch.Tensor) -> torch.Tensor:
        """Mean loss of the two slots under all weights in one vector."""
        f, p = self.files.shape[1], self.places.shape[1]
        own_files, own_places = self.files @ weights[:f], self.places @ weights[f : f + p]
        files, places = own_files, own_places
        if self.joint:
            to_location, to_file_best, to_file_sum = weights[f + p :]
            likely = self._log_softmax(own_places, self.place_segment)
            best, total = self._of_files(likely)
            files = own_files + to_file_best * best + to_file_sum * total
            places = own_places + to_location * self._log_softmax(own_files, self.file_segment)[self.file_of]
        of_files = (self.file_targets * self._log_softmax(files, self.file_segment)).sum()
        return -(of_files + (self.weights * self._of_any_place(places)).sum()) / self.n

    def _of_any_place(self, scores: torch.Tensor) -> torch.Tensor:
        """For each example the log likelihood that some gold place is named, `(n,)`; zero where there is none."""
        likely = self._log_softmax(scores, self.place_segment)[self.gold_places].exp()
        segment = self.place_segment[self.gold_places]
        total = torch.zeros(self.n, dtype=torch.float64).index_add(0, segment, likely)
        there = torch.zeros(self.n, dtype=torch.bool).index_fill(0, segment, True)
        return torch.log(torch.where(there, total + _LEAST, 1.0))

    def _of_files(self, likely: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """For each file the log likelihood of its best place, and of all its places."""
        zeros = torch.zeros(len(self.files), dtype=torch.float64)
        share = likely.exp()
        best = zeros.scatter_reduce(0, self.file_of, share, "amax")
        total = zeros.index_add(0, self.file_of, share)
        return torch.log(best + _FLOOR), torch.log(total + _FLOOR)

    def _log_softmax(self, scores: torch.Tensor, segment: torch.Tensor) -> torch.Tensor:
        lowest = torch.full((self.n,), -torch.inf, dtype=torch.float64)
        highest = lowest.scatter_reduce(0, segment, scores.detach(), "amax")[segment]
        sums = torch.zeros(self.n, dtype=torch.float64).index_add(0, segment, torch.exp(scores - highest))
        return scores - highest - torch.log(sums)[segment]


def fit(examples: Sequence[Example], joint: bool = True, ridge: float = RIDGE) -> Learned:
    """The weights that rank gold highest, by L-BFGS.

    Args:
        joint: whether the slots exchange messages.
        ridge: of squared weights in the loss.

    Raises:
        ValueError: no examples.
    """
    if not examples:
        raise ValueError("Nothing to learn from.")
    batch = _Batch(examples, joint)
    size = batch.files.shape[1] + batch.places.shape[1] + 3
    weights = torch.zeros(size, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = batch.loss(weights) + ridge * (weights * weights).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    found = weights.detach().numpy().astype(np.float32)
    f = batch.files.shape[1]
    to_location, best, total = (float(value) for value in found[-3:])
    return Learned(found[:f], found[f:-3], to_location, best, total)


def _stacked(parts: Sequence[Real]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float64))


def _segments(sizes: Sequence[int]) -> torch.Tensor:
    return torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes))


def _targets(gold: Sequence[NDArray[np.bool_]], weights: Sequence[float]) -> torch.Tensor:
    """Each example's weight spread evenly over its gold candidates; nothing where none of them is one."""
    parts = [each * (weight / max(each.sum(), 1)) for each, weight in zip(gold, weights, strict=True)]
    return torch.from_numpy(np.concatenate(parts).astype(np.float64))
