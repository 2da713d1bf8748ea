"""Examples as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kent_agent.decoder.continuations import AFTER
from kent_agent.decoder.lexicon import AT, STANDING
from kent_agent.decoder.network import CodeGeneratorNetwork, Told
from kent_agent.learning.examples import Example, Writing

_NEVER = -1e9  # the logit of what cannot be chosen


@dataclass(frozen=True)
class Losses:
    """Negative log likelihoods in nats.

    Attributes:
        sites: of the sites of each example that has some, its edits' mean.
        tokens: of each writing's tokens in all, `(W,)`.
    """

    sites: Tensor
    tokens: Tensor


def losses(network: CodeGeneratorNetwork, examples: Sequence[Example]) -> Losses:
    """What a network loses on examples."""
    condition = torch.from_numpy(np.stack([e.condition for e in examples]).astype(np.float32))
    placed = [i for i, e in enumerate(examples) if e.table is not None]
    owners = [i for i, e in enumerate(examples) for _ in e.writings]
    writings = [writing for e in examples for writing in e.writings]
    tokens = _writing_losses(network, condition[owners], writings) if writings else torch.zeros(0)
    sites = _site_losses(network, condition[placed], [examples[i] for i in placed]) if placed else torch.zeros(0)
    return Losses(sites, tokens)


def _site_losses(network: CodeGeneratorNetwork, condition: Tensor, examples: Sequence[Example]) -> Tensor:
    tables = [e.table for e in examples if e.table is not None]
    sizes = [len(table.measures) for table in tables]
    owner = torch.repeat_interleave(torch.arange(len(examples)), torch.tensor(sizes))
    categories = torch.from_numpy(np.concatenate([table.categories for table in tables]).astype(np.int64))
    measures = torch.from_numpy(np.concatenate([table.measures for table in tables]).astype(np.float32))
    scores = torch.split(network.forward_classify(condition, categories, measures, owner), sizes)
    return torch.stack([_site_loss(score, e) for score, e in zip(scores, examples, strict=True)])


def _site_loss(scores: Tensor, example: Example) -> Tensor:
    excess = torch.full_like(scores, example.excess)
    excess[example.gold] = 0.0
    loss: Tensor = -torch.log_softmax(scores + excess, 0)[torch.from_numpy(example.gold)].mean()
    return loss


def _writing_losses(network: CodeGeneratorNetwork, condition: Tensor, writings: Sequence[Writing]) -> Tensor:
    words = list(dict.fromkeys(t for w in writings for t in (*w.reading, *w.written, *w.lexicon)))
    number = {word: i for i, word in enumerate(words)}
    table = network.embed(words)
    reading = _padded([[number[t] for t in w.reading] for w in writings], -1)
    unused = reading < 0
    segments = _padded([w.segments for w in writings], 0)
    memory = network.read(condition, table[reading.clamp(min=0)], segments, unused)
    written = _padded([[number[t] for t in w.written] for w in writings], -1)
    states = network.forward_generate(network.recall(memory), unused, table[written.clamp(min=0)])
    lexicon = _padded([[number[t] for t in w.lexicon] for w in writings], -1)
    size = lexicon.shape[1]
    told = Told(_stacked([w.standing for w in writings], (size, STANDING)), _places(writings, size))
    logits = network.logits(states, written >= 0, table[lexicon.clamp(min=0)], told)
    logits = (logits + _excess(writings, size)).masked_fill(~_allowed(writings, size), _NEVER)
    targets = torch.from_numpy(np.concatenate([w.targets for w in writings]))
    each = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    owner = (written >= 0).nonzero()[:, 0]
    return torch.zeros(len(writings)).index_add(0, owner, each)


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    length = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (length - len(row))] for row in rows])


def _stacked(rows: Sequence[np.ndarray], shape: tuple[int, int]) -> Tensor:
    stacked = np.zeros((len(rows), *shape), dtype=np.float32)
    for held, row in zip(stacked, rows, strict=True):
        held[: len(row)] = row
    return torch.from_numpy(stacked)


def _places(writings: Sequence[Writing], size: int) -> Tensor:
    """How tokens stand to the sites and to what is written, step by step, `(N, V, AT + AFTER)`."""
    steps = [len(writing.targets) for writing in writings]
    stacked = np.zeros((sum(steps), size, AT + AFTER), dtype=np.float32)
    for start, writing in zip(np.cumsum([0, *steps[:-1]]), writings, strict=True):
        held = stacked[start : start + len(writing.targets), : len(writing.lexicon)]
        held[:, :, :AT] = writing.at
        filled, values = writing.after
        step, token, measure = np.unravel_index(filled, (*held.shape[:2], AFTER))
        held[step, token, AT + measure] = values
    return torch.from_numpy(stacked)


def _excess(writings: Sequence[Writing], size: int) -> Tensor:
    rows = _stacked([writing.excess[:, None] for writing in writings], (size, 1))[..., 0]
    return rows.repeat_interleave(torch.tensor([len(writing.targets) for writing in writings]), dim=0)


def _allowed(writings: Sequence[Writing], size: int) -> Tensor:
    rows = np.zeros((sum(len(writing.targets) for writing in writings), size), dtype=bool)
    start = 0
    for writing in writings:
        allowed = np.unpackbits(writing.allowed, axis=1, count=len(writing.lexicon)).astype(bool)
        rows[start : start + len(allowed), : len(writing.lexicon)] = allowed
        start += len(allowed)
    return torch.from_numpy(rows)
