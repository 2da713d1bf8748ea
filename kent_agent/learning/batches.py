"""Examples as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kent_agent.decoder.lexicon import AFTER, AT, STANDING
from kent_agent.decoder.network import CodeGeneratorNetwork
from kent_agent.learning.examples import Example, Writing

IGNORED = -100  # cross entropy's own mark for positions that do not count


@dataclass(frozen=True)
class Losses:
    """Negative log likelihoods in nats of B examples.

    Attributes:
        sites: of each example's sites, its edits' mean, `(B,)`.
        tokens: of each writing's tokens in all, `(W,)`.
    """

    sites: Tensor
    tokens: Tensor


def losses(network: CodeGeneratorNetwork, examples: Sequence[Example]) -> Losses:
    """What a network loses on examples."""
    condition = torch.from_numpy(np.stack([e.condition for e in examples]).astype(np.float32))
    owners = [i for i, e in enumerate(examples) for _ in e.writings]
    writings = [writing for e in examples for writing in e.writings]
    tokens = _writing_losses(network, condition[owners], writings) if writings else torch.zeros(0)
    return Losses(_site_losses(network, condition, examples), tokens)


def _site_losses(network: CodeGeneratorNetwork, condition: Tensor, examples: Sequence[Example]) -> Tensor:
    sizes = [len(e.table.measures) for e in examples]
    owner = torch.repeat_interleave(torch.arange(len(examples)), torch.tensor(sizes))
    categories = torch.from_numpy(np.concatenate([e.table.categories for e in examples]).astype(np.int64))
    measures = torch.from_numpy(np.concatenate([e.table.measures for e in examples]).astype(np.float32))
    scores = torch.split(network.forward_classify(condition, categories, measures, owner), sizes)
    return torch.stack(
        [
            -torch.log_softmax(score, 0)[torch.from_numpy(e.gold)].mean()
            for score, e in zip(scores, examples, strict=True)
        ]
    )


def _writing_losses(network: CodeGeneratorNetwork, condition: Tensor, writings: Sequence[Writing]) -> Tensor:
    words = list(dict.fromkeys(t for w in writings for t in (*w.reading, *w.written, *w.lexicon)))
    number = {word: i for i, word in enumerate(words)}
    table = network.embed(words)
    reading = _padded([[number[t] for t in w.reading] for w in writings], -1)
    segments = _padded([w.segments for w in writings], 0)
    unused = reading < 0
    memory = network.read(condition, table[reading.clamp(min=0)], segments, unused)
    written = _padded([[number[t] for t in w.written] for w in writings], 0)
    states = network.forward_generate(memory, unused, table[written])
    lexicon = _padded([[number[t] for t in w.lexicon] for w in writings], -1)
    logits = network.logits(
        states,
        table[lexicon.clamp(min=0)],
        _stacked([w.standing for w in writings], (lexicon.shape[1], STANDING)),
        _stacked([w.at for w in writings], (lexicon.shape[1], AT)),
        _after(writings, written.shape[1], lexicon.shape[1]),
    )
    logits = logits.masked_fill((lexicon < 0)[:, None], -torch.inf)
    targets = _padded([w.targets.tolist() for w in writings], IGNORED)
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none")
    total: Tensor = each.sum(1)
    return total


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    length = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (length - len(row))] for row in rows])


def _stacked(rows: Sequence[np.ndarray], shape: tuple[int, int]) -> Tensor:
    stacked = np.zeros((len(rows), *shape), dtype=np.float32)
    for held, row in zip(stacked, rows, strict=True):
        held[: len(row)] = row
    return torch.from_numpy(stacked)


def _after(writings: Sequence[Writing], steps: int, size: int) -> Tensor:
    stacked = np.zeros((len(writings), steps, size, AFTER), dtype=np.float32)
    for held, writing in zip(stacked, writings, strict=True):
        filled, values = writing.after
        step, token, measure = np.unravel_index(filled, (len(writing.written), len(writing.lexicon), AFTER))
        held[step, token, measure] = values
    return torch.from_numpy(stacked)
