"""A model's card says what it learned from, what it scores, and how to make it again."""

import pytest

from kent_agent.decoder.model import DecoderModel
from kent_agent.learning.card import card
from tests.learning.lessons import SHAPE

PROVENANCE = {
    "repositories": {"acme/b": 1200, "Acme/a": 34},
    "validation_repositories": {"acme/c": 5},
    "newest_commits": {"acme/b": "b" * 40, "Acme/a": "a" * 40, "acme/c": "c" * 40},
    "fixes_each": 450,
    "seed": 7,
    "epochs": 12,
}
SCORES = {"epoch": 3, "bits": 21.5, "site_bits": 5.25, "token_bits": 16.25, "median_bits": 14.5}
MINED = {"commits": 3000, "seed": 4, "repositories": {"acme/b": "d" * 40, "acme/held": "e" * 40}}


@pytest.fixture
def model() -> DecoderModel:
    model = DecoderModel.create({"self": -2.0}, SHAPE)
    model.provenance = dict(PROVENANCE)
    return model


def test_every_repository_is_listed_with_its_use_and_commit(model: DecoderModel) -> None:
    lines = card(model).splitlines()
    rows = [line for line in lines if line.startswith("| ") and "`" in line]
    assert rows == [
        f"| Acme/a | 34 | training | `{'a' * 40}` |",
        f"| acme/b | 1200 | training | `{'b' * 40}` |",
        f"| acme/c | 5 | validation | `{'c' * 40}` |",
    ]
    assert "In all 1,234 fixes to learn from and 5 to validate on." in card(model)


def test_where_the_manifest_of_mining_is_known_it_regenerates_from_that(model: DecoderModel) -> None:
    model.provenance["mined"] = MINED
    text = card(model)
    assert f"| acme/b | 1200 | training | `{'d' * 40}` |" in text
    assert f"| Acme/a | 34 | training | `{'a' * 40}` |" in text
    assert "held out: acme/held." in text
    assert "--seed 4 --commits 3000 --repositories commits.json" in text


def test_scores_are_those_of_the_kept_epoch(model: DecoderModel) -> None:
    assert "It has not been validated." in card(model)
    model.provenance["validation"] = SCORES
    assert "After epoch 3, the best one:" in card(model)
    assert "- an edit in all: 21.5 bits" in card(model) and "- its site: 5.25 bits" in card(model)


def test_the_command_has_the_options_that_made_the_model(model: DecoderModel) -> None:
    assert "-o decoder/ --limit 450 --epochs 12 --seed 7" in card(model)
    assert f"{model.network.parameters_in_all:,} parameters" in card(model)
    assert max(map(len, card(model).splitlines())) <= 130
