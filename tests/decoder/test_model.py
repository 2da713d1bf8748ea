"""A model is one file: written, read and written again it is the same; what is no model is named."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kent_agent.decoder.model import FORMAT, DecoderModel
from kent_agent.decoder.network import NetworkShape
from kent_agent.errors import KentError

SHAPE = NetworkShape(dimension=64, width=16, layers=1, heads=2, wholes=64, parts=32)
LEARNED = {"self": -2.5, "None": -3.0}


def weights_of(model: DecoderModel) -> dict[str, torch.Tensor]:
    return model.network.state_dict()


def test_a_model_is_saved_and_loaded_in_half_precision(tmp_path: Path) -> None:
    model = DecoderModel.create(LEARNED, SHAPE, seed=1)
    model.min_confidence, model.provenance = 0.25, {"repositories": {"acme/a": 3}}
    path, again = tmp_path / "decoder.safetensors", tmp_path / "again.safetensors"
    model.save(path)
    loaded = DecoderModel.load(path)
    assert (loaded.learned, loaded.min_confidence, loaded.provenance) == (LEARNED, 0.25, model.provenance)
    assert loaded.network.shape == SHAPE and not loaded.network.training
    for name, tensor in weights_of(model).items():
        assert torch.equal(weights_of(loaded)[name], tensor.half().float())
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o644
    assert sorted(tmp_path.iterdir()) == [again, path]


def test_the_same_seed_makes_the_same_model() -> None:
    one, same, other = (weights_of(DecoderModel.create(LEARNED, SHAPE, seed)) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["latent.weight"], other["latent.weight"])


def test_making_a_model_draws_nothing_from_torch_itself() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    DecoderModel.create(LEARNED, SHAPE, seed=1)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_that_is_no_decoder_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KentError, match=r"broken\.safetensors holds no decoder .*kent_agent\.train"):
        DecoderModel.load(path)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "torn.safetensors"
    DecoderModel.create(LEARNED, SHAPE).save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(KentError, match=r"torn\.safetensors holds no decoder"):
        DecoderModel.load(path)


@pytest.mark.parametrize("about", [{"format": FORMAT - 1}, {}])
def test_a_file_of_another_format_is_to_be_trained_anew(tmp_path: Path, about: dict[str, int]) -> None:
    path = tmp_path / "old.safetensors"
    save_file({"weight": torch.zeros(1)}, path, metadata={"kent_agent": json.dumps(about)})
    with pytest.raises(KentError, match=rf"old\.safetensors has format \w+, not {FORMAT}; train the decoder anew"):
        DecoderModel.load(path)
