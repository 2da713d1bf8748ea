"""A filling model is one file: written, read and written again it is the same; what is none is named."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kent_agent.errors import KentError
from kent_agent.filling.model import FORMAT, FillingModel

COMMON = {"use": 0, "instead": 1, "of": 2}


def test_a_model_is_saved_and_loaded_in_half_precision(tmp_path: Path) -> None:
    model = FillingModel.create(COMMON, seed=1)
    model.provenance = {"repositories": {"acme/a": 3}}
    path, again = tmp_path / "filling.safetensors", tmp_path / "again.safetensors"
    model.save(path)
    loaded = FillingModel.load(path)
    assert (loaded.common, loaded.provenance) == (COMMON, model.provenance) and not loaded.network.training
    weights = loaded.network.state_dict()
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(weights[name], tensor.half().float())
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_same_seed_makes_the_same_model_and_draws_nothing_else() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, same, other = (FillingModel.create(COMMON, seed).network.state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["slots.weight"], other["slots.weight"])


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all"])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KentError, match=r"broken\.safetensors holds no filling model .*kent_agent\.train filling"):
        FillingModel.load(path)


def test_a_model_of_another_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "old.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"kent_agent": json.dumps({"format": FORMAT - 1})})
    with pytest.raises(KentError, match=rf"old\.safetensors has format {FORMAT - 1}, not {FORMAT}"):
        FillingModel.load(path)
