"""CodeTrainer: what it teaches carries over to fixes that it never saw, and to the file that a model is saved in."""

from pathlib import Path

import pytest

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.search import EditSearch
from kent_agent.learning.examples import examples_of, situation_of
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.trainer import CodeTrainer
from tests.learning.lessons import examples, guard_fix, sign_fix, untrained

UNSEEN = [sign_fix("sum_up", "these", "those", "altogether"), guard_fix("middle", "numbers")]


@pytest.mark.parametrize("fix", UNSEEN, ids=lambda fix: fix.symbol)
def test_what_it_teaches_carries_over_to_a_fix_it_never_saw(trainer: CodeTrainer, fix: MinedFix) -> None:
    best = EditSearch(trainer.model).propose(situation_of(fix, trainer.model.learned), 5)[0]
    assert best.after == fix.text_after


@pytest.mark.parametrize("fix", UNSEEN, ids=lambda fix: fix.symbol)
def test_an_unseen_fix_takes_fewer_bits_than_before(trainer: CodeTrainer, fix: MinedFix) -> None:
    example = examples_of(fix, trainer.model.learned, trainer.model.items)[0]
    assert example is not None
    before, after = (each.evaluate([example])["bits"] for each in (CodeTrainer(untrained()), trainer))
    assert after < before / 3


def test_it_learns_from_one_fix() -> None:
    trainer = CodeTrainer(untrained(), learning_rate=1e-2)
    lost = [trainer.learn(examples()[:1]) for _ in range(25)]
    assert lost[-1] < lost[0] / 4


def test_a_saved_model_proposes_the_same(trainer: CodeTrainer, weights: Path) -> None:
    loaded = DecoderModel.load(weights)
    situation = situation_of(UNSEEN[0], trainer.model.learned)
    ours, theirs = (EditSearch(model).propose(situation, 3) for model in (trainer.model, loaded))
    assert [each.after for each in ours][:1] == [each.after for each in theirs][:1]
    assert theirs[0].log_probability == pytest.approx(ours[0].log_probability, abs=0.05)  # weights are fp16
