"""CodeTrainer tries, compares, learns, saves and loads."""

from pathlib import Path

import pytest
import torch

from kent_agent.decoder.model import DecoderModel, operation_shares
from kent_agent.decoder.vocabulary import SPECIALS
from kent_agent.encoder import CodeEncoder
from kent_agent.errors import KentError
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.source.history import Fix
from kent_agent.task import Operation


def test_a_new_trainer_knows_the_patterns_and_tokens_of_its_fixes(code_encoder: CodeEncoder, fixes: list[Fix]) -> None:
    model = CodeTrainer.for_fixes(fixes, code_encoder).model
    assert model.patterns == ("modify_line:Assign",)
    assert set(SPECIALS) | {"total", "=", "left", "-", "+", "right"} <= set(model.tokens)


def test_the_same_seed_makes_the_same_model(code_encoder: CodeEncoder, fixes: list[Fix]) -> None:
    left, right, other = (CodeTrainer.for_fixes(fixes, code_encoder, seed).model.network for seed in (1, 1, 2))
    assert torch.equal(left.condition.weight, right.condition.weight)
    assert not torch.equal(left.condition.weight, other.condition.weight)


def test_it_learns_from_one_task(code_encoder: CodeEncoder, fixes: list[Fix]) -> None:
    trainer = CodeTrainer.for_fixes(fixes, code_encoder, seed=1)
    lesson = trainer.learn(fixes[0], steps=25)
    assert lesson.loss_after < lesson.loss_before / 4
    assert trainer.learn(fixes[0], steps=1).tokens_right == 1.0


def test_what_it_learned_carries_over_to_a_fix_it_never_saw(trainer: CodeTrainer, fixes: list[Fix]) -> None:
    unseen = Fix(**{**vars(fixes[0]), "message": "sum_up() subtracts", "context": ("def", "sum_up", "left", "right")})
    assert trainer.evaluate([unseen])["token_accuracy"] == 1.0


def test_the_likelihood_that_training_maximises_is_the_one_that_decoding_reads(
    trainer: CodeTrainer, fixes: list[Fix]
) -> None:
    batch = trainer.batch(fixes)
    network, table = trainer.model.network, trainer.model.embed(batch.vocabulary)
    with torch.inference_mode():
        everything = network.forward_generate(batch.conditions, batch.previous, table)
        rows, columns = torch.nonzero(batch.targets >= 0, as_tuple=True)
        picked = everything[rows, columns, batch.targets[rows, columns]]
        assert torch.allclose(
            picked, network.log_likelihood(batch.conditions, batch.previous, batch.targets, table), atol=1e-4
        )
        assert torch.allclose(everything.exp().sum(-1), torch.ones(everything.shape[:2]), atol=1e-3)
        last = network.forward_next(batch.conditions, batch.previous, table)
        assert torch.allclose(last, everything[:, -1], atol=1e-4)


def test_no_state_sees_a_later_token(trainer: CodeTrainer, fixes: list[Fix]) -> None:
    batch = trainer.batch(fixes[:1])
    network, table = trainer.model.network, trainer.model.embed(batch.vocabulary)
    changed = batch.previous.clone()
    changed[0, -1] = (changed[0, -1] + 1) % len(batch.vocabulary)
    with torch.inference_mode():
        left, right = (network.forward_generate(batch.conditions, p, table) for p in (batch.previous, changed))
    assert torch.allclose(left[:, :-1], right[:, :-1], atol=1e-5)


def test_train_save_load_is_the_same(trainer: CodeTrainer, fixes: list[Fix], tmp_path: Path) -> None:
    path = tmp_path / "decoder.safetensors"
    trainer.save(path)
    loaded = CodeTrainer.load(path)
    assert (loaded.model.patterns, loaded.model.tokens) == (trainer.model.patterns, trainer.model.tokens)
    assert loaded.evaluate(fixes) == pytest.approx(trainer.evaluate(fixes), abs=0.02)  # weights are fp16
    again = tmp_path / "again.safetensors"
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all"])
def test_a_file_that_is_no_decoder_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KentError, match=r"broken\.safetensors holds no trained decoder"):
        DecoderModel.load(path)


def test_pattern_shares_add_up_by_operation() -> None:
    shares = operation_shares({"add_line:Expr": 0.25, "add_line:If": 0.5, "delete_line:Expr": 0.25})
    assert shares[Operation.ADD_LINE] == 0.75
    assert set(shares) == set(Operation)
