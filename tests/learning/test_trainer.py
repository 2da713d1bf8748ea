"""CodeTrainer learns, the simple first, the same for a seed, and goes on exactly where it was killed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kent_agent.errors import KentError
from kent_agent.learning.examples import Example
from kent_agent.learning.trainer import CodeCurriculum, CodeTrainer, Progress, difficulty
from tests.learning.lessons import SHAPE, examples, trained, untrained

SIGNS = len([example for example in examples() if difficulty(example) == 0])


def hard(example: Example) -> Example:
    return replace(example, edits=2)


def weights_of(trainer: CodeTrainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.model.network.state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(left[name], right[name]) for name in left)


def new(seed: int = 1, epochs: int = 2) -> CodeTrainer:
    """A trainer whose network drops out, so that every step draws."""
    return CodeTrainer(untrained(seed, replace(SHAPE, dropout=0.1)), epochs, batch_size=3, seed=seed)


def test_short_edits_are_easy_and_several_are_hard() -> None:
    assert SIGNS == 9
    assert {difficulty(example) for example in examples()} == {0, 1}
    assert difficulty(hard(examples()[0])) == 2
    assert difficulty(replace(examples()[-1], writings=())) == 0


def test_the_curriculum_begins_with_the_easy_and_adds_the_harder() -> None:
    everything = [*examples(), hard(examples()[0])]
    curriculum = CodeCurriculum(everything, seed=1)
    assert [max(map(difficulty, curriculum.epoch(number))) for number in range(4)] == [0, 1, 2, 2]
    assert [len(curriculum.epoch(number)) for number in range(4)] == [SIGNS, len(examples()), *[len(everything)] * 2]


def test_an_epoch_has_its_own_order_which_the_seed_fixes() -> None:
    def order(seed: int, number: int) -> list[int]:
        return [id(example) for example in CodeCurriculum(examples(), seed).epoch(number)]

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, number)) for seed, number in ((1, 2), (1, 3), (2, 2))}) == 3


def test_where_nothing_is_easy_all_is_learned_from_the_start() -> None:
    assert len(CodeCurriculum([hard(example) for example in examples()]).epoch(0)) == len(examples())


def test_a_step_tells_what_was_lost_before_it_and_loses_less_after() -> None:
    trainer = CodeTrainer(untrained())
    before = trainer.evaluate(examples())["bits"]
    assert trainer.learn(examples()) == pytest.approx(before, abs=0.01)
    for _ in range(10):
        trainer.learn(examples())
    assert trainer.evaluate(examples())["bits"] < before - 5


def test_both_halves_are_learned_to_the_end() -> None:
    first, last = CodeTrainer(untrained()).evaluate(examples()), trained().evaluate(examples())
    assert first["site_bits"] > 5 and first["token_bits"] > 10
    assert last["site_bits"] < 0.5 and last["token_bits"] < 0.5 and last["median_bits"] < 0.5
    assert last["bits"] == pytest.approx(last["site_bits"] + last["token_bits"], abs=0.01), "all write something"


def test_an_evaluation_changes_nothing_and_does_not_depend_on_its_batches() -> None:
    trainer = new()
    before = weights_of(trainer)
    left, right = (trainer.evaluate(examples(), batch_size) for batch_size in (2, 64))
    assert left == pytest.approx(right, abs=0.01) and same(before, weights_of(trainer))


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    trainer = new(epochs=8)
    rates = []
    trainer.fit(examples() * 4, lambda _: rates.append(trainer.optimizer.param_groups[0]["lr"]))
    highest = rates.index(max(rates))
    assert 0 < highest < len(rates) / 8
    assert rates[:highest] == sorted(rates[:highest])
    assert rates[highest:] == sorted(rates[highest:], reverse=True) and rates[-1] < trainer.learning_rate / 50


def test_the_same_seed_gives_the_same_weights() -> None:
    trainers = [new(seed) for seed in (1, 1, 2)]
    for trainer in trainers:
        torch.manual_seed(id(trainer) % 1000)  # what was drawn elsewhere does not matter
        trainer.fit(examples())
    one, again, other = map(weights_of, trainers)
    assert same(one, again) and not same(one, other)


class Killed(Exception):
    """Ends a training in the middle."""


def killed_at(epoch: int, step: int, save: Callable[[], None]) -> Callable[[Progress], None]:
    """Saves after a step and ends the training."""

    def after_step(progress: Progress) -> None:
        if (progress.epoch, progress.step) == (epoch, step):
            save()
            raise Killed

    return after_step


@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (0, 3), (1, 2)])
def test_training_goes_on_exactly_where_it_was_killed(tmp_path: Path, epoch: int, step: int) -> None:
    path = tmp_path / "checkpoint.pt"
    straight, killed, resumed = new(), new(), new()
    straight.fit(examples())
    with pytest.raises(Killed):
        killed.fit(examples(), killed_at(epoch, step, lambda: killed.checkpoint(path, {"best": 1.5, "log": [1]})))
    torch.manual_seed(99)
    assert resumed.resume(path) == {"best": 1.5, "log": [1]}
    assert (resumed.epoch, resumed.step) == (epoch, step)
    resumed.fit(examples())
    assert same(weights_of(straight), weights_of(resumed))
    assert list(tmp_path.iterdir()) == [path], "nothing half-written is left behind"


def test_training_stops_where_it_is_told_to() -> None:
    ended: list[int] = []

    def after_epoch(epoch: int) -> bool:
        ended.append(epoch)
        return epoch == 2

    trainer = new(epochs=6)
    trainer.fit(examples(), after_epoch=after_epoch)
    assert ended == [1, 2] and trainer.epoch == 2


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "checkpoint.pt"
    if content is None:
        torch.save({"network": {}}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(KentError, match=r"checkpoint\.pt is no checkpoint of this model .*remove it"):
        new().resume(path)


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    CodeTrainer(untrained(shape=replace(SHAPE, width=16))).checkpoint(path, {})
    with pytest.raises(KentError, match="remove it to begin anew"):
        new().resume(path)


def test_all_examples_of_an_epoch_are_seen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Sequence[Example]] = []
    learn = CodeTrainer.learn
    monkeypatch.setattr(CodeTrainer, "learn", lambda self, batch: seen.append(batch) or learn(self, batch))
    new(epochs=2).fit(examples())
    first, second = [id(e) for b in seen[:3] for e in b], [id(e) for b in seen[3:] for e in b]
    assert len(first) == len(set(first)) == SIGNS
    assert sorted(second) == sorted(map(id, examples()))
