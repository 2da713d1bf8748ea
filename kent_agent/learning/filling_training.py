"""Training of the filling model: from mined fixes and their messages to one file of weights."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from kent_agent.errors import KentError
from kent_agent.filling.model import FillingModel
from kent_agent.filling.network import FillingNetwork, Reading
from kent_agent.learning.filling_examples import Example, common_words, filling_examples
from kent_agent.learning.fixes import MinedFix, drawn_fixes, load_fixes
from kent_agent.learning.splits import TRAIN, VALIDATION
from kent_agent.pools import spawned_pool

_AT_ONCE = 1024  # fixes that wait for workers
_BATCH = 16
_RATE, _FURTHER = 4e-3, 1e-3  # of learning: from nothing, and from an earlier model
_DECAY = 0.05
_SHARE = 10  # of what the mean of the weights remembers the last steps are one in ten
_NEVER = -1e9  # logarithm of next to nothing


class Batch(NamedTuple):
    """B examples at once.

    Attributes:
        reading: all their pairs.
        owner: which example each pair is of, `(P,)`.
        gold: which pairs are the fix, `(P,)`.
        excess: natural logarithm of how many pairs each stands for, `(P,)`.
        counted: which examples tell how often fixes are simple, `(B,)`.
        weights: of the examples, `(B,)`.
    """

    reading: Reading
    owner: Tensor
    gold: Tensor
    excess: Tensor
    counted: Tensor
    weights: Tensor


def train_filling(
    fixes: Path,
    output: Path,
    decoder: Path,
    limit: int,
    epochs: int,
    seed: int,
    workers: int,
    start: Path | None = None,
) -> FillingModel:
    """Trains a model and writes it; the epoch is kept that does best on the validation repositories.

    Args:
        fixes: a file that kent_agent.mine wrote.
        output: the file to write.
        decoder: whose pointer tells where an edit is likely.
        limit: fixes of each repository to learn from, drawn by the seed.
        epochs: how often to go through the fixes.
        seed: of everything that is drawn.
        workers: processes that turn fixes into examples.
        start: a model to go on from, whose words are kept; the mean of its weights and of those that are learned is
            written. By default a new one is made.

    Raises:
        KentError: the fixes or the decoder cannot be read, or there are none to learn from or to validate on.
    """
    torch.set_num_threads(1)  # results do not depend on how many cores there are
    split, newest, messages = _read(fixes)
    begun = FillingModel.load(start) if start else FillingModel.create(common_words(messages), seed)
    earlier = deepcopy(begun.network) if start else None
    common = begun.common
    chosen = chain(
        drawn_fixes(fixes, limit, seed, lambda fix: fix.split == TRAIN),
        (fix for fix in load_fixes(fixes) if fix.split == VALIDATION and fix.single_hunk),
    )
    parts: dict[str, list[Example]] = {TRAIN: [], VALIDATION: []}
    for example in _examples(chosen, partial(filling_examples, decoder=decoder, common=common, seed=seed), workers):
        parts[split[example.repo]].append(example)
    if not all(any(example.gold and not example.by_test for example in part) for part in parts.values()):
        raise KentError(f"{fixes} holds no simple edits to train on, or none to validate on; mine more repositories.")
    provenance: dict[str, Any] = {"seed": seed, "epochs": epochs, **_provenance(parts, newest)}
    provenance |= {"earlier": begun.provenance} if start else {}
    best = float("inf")
    rate = _FURTHER if start else _RATE
    for epoch, (bits, network) in enumerate(_trained(begun.network, parts[TRAIN], epochs, seed, rate), start=1):
        network = _between(earlier, network) if earlier else network
        validation = _validated(network, parts[VALIDATION])
        print(json.dumps({"epoch": epoch, "train_bits": round(bits, 4), **validation}), flush=True)
        if validation["bits"] < best:
            best = validation["bits"]
            provenance["validation"] = {"epoch": epoch, **validation}
            FillingModel(network, common, provenance).save(output)
    return FillingModel.load(output)


def _read(fixes: Path) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The split and the newest commit of each repository, and all training messages."""
    split: dict[str, str] = {}
    newest: dict[str, str] = {}
    messages: list[str] = []
    for fix in load_fixes(fixes):
        split[fix.repo] = fix.split
        newest.setdefault(fix.repo, fix.commit)
        messages += [fix.message] if fix.split == TRAIN else []
    return split, newest, messages


def _examples(chosen: Iterator[MinedFix], make: "partial[list[Example]]", workers: int) -> Iterator[Example]:
    """The examples of fixes, in their order."""
    if workers == 1:
        yield from chain.from_iterable(map(make, chosen))
        return
    with spawned_pool(workers) as pool:
        while batch := list(islice(chosen, _AT_ONCE)):  # a pool would read the whole file into its queue
            yield from chain.from_iterable(pool.map(make, batch, chunksize=16))


def _provenance(parts: Mapping[str, Sequence[Example]], newest: Mapping[str, str]) -> dict[str, Any]:
    repos = {name: dict(Counter(example.repo for example in part)) for name, part in parts.items()}
    return {
        "repositories": repos[TRAIN],
        "validation_repositories": repos[VALIDATION],
        "simple": {name: sum(example.gold > 0 for example in part) for name, part in parts.items()},
        "by_test": {name: sum(example.by_test for example in part) for name, part in parts.items()},
        "newest_commits": {repo: newest[repo] for part in repos.values() for repo in part},
    }


def _trained(
    network: FillingNetwork, examples: Sequence[Example], epochs: int, seed: int, rate: float
) -> Iterator[tuple[float, FillingNetwork]]:
    """Bits of each epoch's examples while it is learned, and the weights then, averaged over the last steps."""
    averaged = AveragedModel(network, avg_fn=_averaged)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=_DECAY, fused=True)
    steps = epochs * -(-len(examples) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1)
    for epoch in range(epochs):
        order = list(examples)
        random.Random(f"{seed}:{epoch}").shuffle(order)
        torch.manual_seed(seed * 1_000_003 + epoch)  # dropout's
        network.train()
        total = weight = 0.0
        for i in range(0, len(order), _BATCH):
            batch = stacked(order[i : i + _BATCH])
            found = losses(network, batch) * batch.weights
            optimizer.zero_grad(set_to_none=True)
            (found.sum() / batch.weights.sum()).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(network)
            total, weight = total + float(found.detach().sum()), weight + float(batch.weights.sum())
        yield total / weight / float(np.log(2)), cast(FillingNetwork, averaged.module.eval())


def _between(earlier: FillingNetwork, later: FillingNetwork) -> FillingNetwork:
    """The mean of two sets of weights: what was learned before is forgotten less (Wortsman et al. 2022)."""
    known, mean = earlier.state_dict(), deepcopy(later)
    mean.load_state_dict({name: torch.lerp(known[name], new, 0.5) for name, new in later.state_dict().items()})
    return mean


def _averaged(kept: Tensor, new: Tensor, steps: Tensor | int) -> Tensor:
    """A mean that forgets what is older than a tenth of the steps so far."""
    return torch.lerp(kept, new, _SHARE / (_SHARE + float(steps)))


def _validated(network: FillingNetwork, examples: Sequence[Example]) -> dict[str, Any]:
    """What `evaluate` says of fixes told by their messages, of those told by tests, and the mean bits of both."""
    by_test = [example for example in examples if example.by_test]
    said = evaluate(network, [example for example in examples if not example.by_test])
    shown = evaluate(network, by_test) if any(example.gold for example in by_test) else said
    return {"bits": round((said["bits"] + shown["bits"]) / 2, 4), "said": said, "shown": shown}


def evaluate(network: FillingNetwork, examples: Sequence[Example]) -> dict[str, float]:
    """Mean bits of examples; of the simple edits how many there are, their median, and the share that comes first."""
    bits, weights, simple, first = [], [], [], 0
    for example in examples:
        batch = stacked([example])
        with torch.inference_mode():
            bits.append(float(losses(network, batch)[0]) / float(np.log(2)))
            scores = network(batch.reading)[0]
        weights.append(example.weight)
        if example.gold:
            simple.append(bits[-1])
            first += bool(scores[: example.gold].max() >= scores.max())
    mean, median = float(np.average(bits, weights=weights)), float(np.median(simple))
    return {
        "bits": round(mean, 4),
        "simple": len(simple),
        "simple_bits": round(median, 3),
        "first": round(first / len(simple), 4),
    }


def stacked(examples: Sequence[Example]) -> Batch:
    """Examples as one batch."""
    slots = np.cumsum([0, *(len(e.slots) for e in examples)])
    terms = np.cumsum([0, *(len(e.terms) for e in examples)])

    def joined(name: str, kind: type, by: Sequence[int] = ()) -> Tensor:
        rows = [getattr(e, name).astype(kind) + at for e, at in zip(examples, by or [0] * len(examples), strict=True)]
        return torch.from_numpy(np.concatenate(rows))

    return Batch(
        reading=Reading(
            categories=joined("categories", np.int64),
            ways=joined("ways", np.int64),
            slots=joined("slots", np.float32),
            terms=joined("terms", np.float32),
            cues=joined("cues", np.int64),
            heard=joined("heard", np.int64),
            title=torch.from_numpy(np.stack([e.title for e in examples]).astype(np.int64)),
            owner=torch.from_numpy(np.repeat(np.arange(len(examples)), [len(e.slots) for e in examples])),
            slot=joined("slot", np.int64, slots[:-1].tolist()),
            term=joined("term", np.int64, terms[:-1].tolist()),
            pairs=joined("pairs", np.float32),
            general=torch.from_numpy(np.stack([e.general for e in examples])),
        ),
        owner=torch.from_numpy(np.repeat(np.arange(len(examples)), [len(e.slot) for e in examples])),
        gold=torch.from_numpy(np.concatenate([np.arange(len(e.slot)) < e.gold for e in examples])),
        excess=joined("excess", np.float32),
        counted=torch.tensor([e.counted for e in examples]),
        weights=torch.tensor([e.weight for e in examples], dtype=torch.float32),
    )


def losses(network: FillingNetwork, batch: Batch) -> Tensor:
    """Of each example the negative logarithm of the probability of its gold pairs, or that there are none, `(B,)`.

    Of those that are not counted it is of the gold pairs given that there are some.
    """
    scores, none = network(batch.reading)
    none = none.masked_fill(~batch.counted, _NEVER)
    count = len(none)
    owners = torch.cat([batch.owner, torch.arange(count)])
    every = _summed(torch.cat([scores + batch.excess, none]), owners, count)
    told = torch.zeros(count, dtype=torch.bool)
    told[batch.owner[batch.gold]] = True
    return every - torch.where(told, _summed(scores[batch.gold], batch.owner[batch.gold], count), none)


def _summed(values: Tensor, owner: Tensor, count: int) -> Tensor:
    """Logarithms of sums of exponentials by owner, `(count,)`."""
    top = torch.full((count,), _NEVER).scatter_reduce(0, owner, values.detach(), "amax")
    total = torch.zeros(count).scatter_add(0, owner, torch.exp(values - top[owner]))
    return top + torch.log(total.clamp(min=1e-30))
