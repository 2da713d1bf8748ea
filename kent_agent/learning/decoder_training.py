"""From mined fixes to a trained decoder: examples, training that resumes exactly, and what is left behind of it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.network import NetworkShape
from kent_agent.durable import write_atomically
from kent_agent.errors import KentError
from kent_agent.learning.card import card
from kent_agent.learning.curves import draw_curves, require_matplotlib
from kent_agent.learning.examples import Example, examples_of, learned_tokens
from kent_agent.learning.fixes import MinedFix, drawn_fixes
from kent_agent.learning.splits import HELDOUT, TRAIN, VALIDATION
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.learning.trainer import Progress as Step
from kent_agent.pools import spawned_pool

CHECKPOINT, MODEL, LOG, CURVES, CARD = "checkpoint.pt", "decoder.safetensors", "training.jsonl", "curves.svg", "card.md"
_MINUTES = 3  # between checkpoints
_PATIENCE = 3  # epochs without a better validation before training stops


def train_decoder(
    fixes: Path, folder: Path, limit: int, epochs: int, seed: int, workers: int, shape: NetworkShape | None = None
) -> None:
    """Trains a decoder, going on where an earlier call with the same arguments ended.

    Args:
        fixes: a file that kent_agent.mine wrote.
        folder: for the checkpoint, the best model so far, its card, the log and its curves.
        limit: fixes of each repository, drawn by the seed.
        epochs: at most.
        seed: of everything that is drawn.
        workers: processes that turn fixes into examples.
        shape: of the network.

    Raises:
        KentError: the fixes cannot be read, or hold none to learn from or to validate on; the folder holds the
            checkpoint of another training; matplotlib is missing.
    """
    require_matplotlib()
    torch.set_num_threads(1)  # results do not depend on how many cores there are
    folder.mkdir(parents=True, exist_ok=True)
    drawn = list(drawn_fixes(fixes, limit, seed, lambda fix: bool(fix.edits) and fix.split != HELDOUT))
    learned = learned_tokens(fix for fix in drawn if fix.split == TRAIN)
    model = DecoderModel.create(learned, shape, seed)
    made = list(_examples(drawn, learned, model.network.shape.dimension, seed, workers))
    split = {fix.repo: fix.split for fix in drawn}
    examples = {
        TRAIN: [e for e in made if split[e.repo] == TRAIN],
        VALIDATION: [e for e in made if split[e.repo] == VALIDATION and e.edits],
    }
    if not examples[TRAIN] or not examples[VALIDATION]:
        raise KentError(f"{fixes} holds no fixes to train on, or none to validate on; mine more repositories.")
    model.provenance = {
        **_provenance(drawn, examples),
        **{"fixes_each": limit, "seed": seed, "epochs": epochs, "mined": _manifest(fixes)},
    }
    _Training(CodeTrainer(model, epochs, seed=seed), examples[VALIDATION], folder).run(examples[TRAIN])


class _Training:
    """A training with its bar, its checkpoints and what it leaves behind; it keeps the best model by its validation.

    Args:
        trainer: of a model whose provenance says all that the training depends on.
        validation: examples to choose the best epoch by.
        folder: to write into.
    """

    def __init__(self, trainer: CodeTrainer, validation: Sequence[Example], folder: Path) -> None:
        self.trainer = trainer
        self.validation = validation
        self.folder = folder
        self.kept = self._resumed(folder / CHECKPOINT)
        self.saved = monotonic()
        columns = (TextColumn("epoch {task.fields[epoch]}, {task.fields[bits]:.2f} bits"), BarColumn())
        self.progress = Progress(*columns, MofNCompleteColumn(), TimeRemainingColumn())

    def run(self, examples: Sequence[Example]) -> None:
        """Trains to the end."""
        if self._stopped:
            return
        with self.progress:
            bar = self.progress.add_task("", epoch=self.trainer.epoch + 1, bits=0.0)
            self.trainer.fit(examples, partial(self._after_step, bar), self._after_epoch)

    def _resumed(self, checkpoint: Path) -> dict[str, Any]:
        """What an earlier call kept: the log, the best validation, epochs since that, bits of this epoch's steps."""
        plan = dict(self.trainer.model.provenance)
        if not checkpoint.is_file():
            return {"plan": plan, "log": [], "best": float("inf"), "since": 0, "bits": []}
        kept = self.trainer.resume(checkpoint)
        if kept["plan"] != plan:
            raise KentError(f"{checkpoint} was begun with other fixes or options; remove it, or choose another -o.")
        return kept

    @property
    def _stopped(self) -> bool:
        return bool(self.kept["since"] >= _PATIENCE)

    def _checkpoint(self) -> None:
        self.trainer.checkpoint(self.folder / CHECKPOINT, self.kept)
        self.saved = monotonic()

    def _after_step(self, bar: TaskID, step: Step) -> None:
        self.kept["bits"].append(step.bits)
        self.progress.update(bar, completed=step.step, total=step.steps, epoch=step.epoch + 1, bits=step.bits)
        if monotonic() - self.saved > 60 * _MINUTES:
            self._checkpoint()

    def _after_epoch(self, epoch: int) -> bool:
        kept, model = self.kept, self.trainer.model
        scores = self.trainer.evaluate(self.validation)
        kept["log"].append({"epoch": epoch, "train_bits": round(fmean(kept["bits"]), 3), **scores})
        kept["bits"] = []
        self.progress.console.print(kept["log"][-1])
        total = scores["median_bits"]
        kept["since"] = 0 if total < kept["best"] else kept["since"] + 1
        if total < kept["best"]:
            kept["best"] = total
            model.provenance["validation"] = {"epoch": epoch, **scores}
            model.save(self.folder / MODEL)
            write_atomically(self.folder / CARD, card(model))
        write_atomically(self.folder / LOG, "".join(json.dumps(row) + "\n" for row in kept["log"]))
        draw_curves(kept["log"], self.folder / CURVES)
        self._checkpoint()
        return self._stopped


def _examples(
    fixes: Sequence[MinedFix], learned: Mapping[str, float], dimension: int, seed: int, workers: int
) -> Iterator[Example]:
    make = partial(_examples_of, learned=learned, dimension=dimension, seed=seed)
    if workers == 1:
        yield from chain.from_iterable(map(make, fixes))
        return
    with spawned_pool(workers) as pool:
        yield from chain.from_iterable(pool.map(make, fixes, chunksize=16))


def _examples_of(fix: MinedFix, learned: Mapping[str, float], dimension: int, seed: int) -> list[Example]:
    from kent_agent.hdc.sparse import SparseItems

    return examples_of(fix, learned, SparseItems(dimension), seed)


def _provenance(drawn: Sequence[MinedFix], examples: Mapping[str, Sequence[Example]]) -> dict[str, Any]:
    newest: dict[str, str] = {}
    for fix in drawn:
        newest.setdefault(fix.repo, fix.commit)
    return {
        "repositories": dict(Counter(e.repo for e in examples[TRAIN] if e.edits)),
        "clozes": sum(not e.edits for e in examples[TRAIN]),
        "validation_repositories": dict(Counter(e.repo for e in examples[VALIDATION])),
        "newest_commits": newest,
    }


def _manifest(fixes: Path) -> dict[str, Any]:
    """What fixes were mined from, as kent_agent.mine wrote it beside them; nothing where it is not there."""
    path = fixes.with_name(fixes.name + ".repositories.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found
