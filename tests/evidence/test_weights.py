"""Weights turn evidence into log likelihoods, and say which repositories they have seen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.errors import KentError
from kent_agent.evidence.weights import FORMAT, EvidenceWeights, WeightSet, log_odds

SET = WeightSet(
    saw=("acme/tiny", "acme/other"),
    files={"mentions.path": 2.5, "body.all": -0.5},
    places={"frames.last": 1.0, "kind.lines": 0.25},
    to_location=1.25,
    to_file=(0.5, 0.75),
    calibration={"file": (1.5, -0.25), "location": (0.5, 0.0)},
)
HELD_OUT = WeightSet(("acme/other",), {"body.all": 1.0}, {}, 1.0, (0.0, 1.0))
WEIGHTS = EvidenceWeights(SET, {"acme/tiny": HELD_OUT}, ({"repo": "acme/tiny", "pairs": 12},))
DEFAULT = json.loads(WEIGHTS.dump())["default"]

beliefs = st.floats(0, 1)


def test_weights_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text(WEIGHTS.dump())
    assert EvidenceWeights.load(path) == WEIGHTS
    assert EvidenceWeights.load(path).dump() == WEIGHTS.dump()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"1",
        b"{}",
        json.dumps({"format": FORMAT}).encode(),
        json.dumps({"format": FORMAT, "default": DEFAULT, "held_out": {}}).encode(),
        json.dumps({"format": FORMAT, "default": DEFAULT, "held_out": [], "provenance": []}).encode(),
        json.dumps({"format": FORMAT, "default": {**DEFAULT, "files": {"a": "x"}}, "held_out": {}}).encode(),
        json.dumps({"format": FORMAT, "default": {**DEFAULT, "to_file": [1]}, "held_out": {}}).encode(),
    ],
    ids="empty|bytes|torn|list|number|nothing|no set|no provenance|no table|no number|too short".split("|"),
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(content)
    with pytest.raises(KentError, match=r"weights\.json holds no weights of evidence .* train them anew"):
        EvidenceWeights.load(path)


def test_an_absent_file_and_another_format_are_named(tmp_path: Path) -> None:
    with pytest.raises(KentError, match=r"absent\.json holds no weights"):
        EvidenceWeights.load(tmp_path / "absent.json")
    held: dict[str, Any] = json.loads(WEIGHTS.dump()) | {"format": FORMAT + 1}
    (tmp_path / "newer.json").write_text(json.dumps(held))
    with pytest.raises(KentError, match=rf"newer\.json has format {FORMAT + 1}, not {FORMAT}"):
        EvidenceWeights.load(tmp_path / "newer.json")


def test_a_repository_has_the_set_that_has_not_seen_it() -> None:
    assert WEIGHTS.for_repo("acme/tiny") == HELD_OUT
    assert WEIGHTS.for_repo("acme/new") == WEIGHTS.for_repo("") == SET


def test_a_score_is_the_weighted_sum_of_flags_and_standard_scores() -> None:
    columns = {
        "mentions.path": np.array([0, 0, 0, 1], dtype=np.float32),
        "body.all": np.array([0.1, 0.1, 0.3, 0.3], dtype=np.float32),
        "unweighed": np.array([9, 9, 9, 0], dtype=np.float32),
    }
    assert SET.score_files(columns) == pytest.approx([0.5, 0.5, -0.5, 2.0], abs=1e-5)


def test_places_are_scored_by_their_own_weights() -> None:
    columns = {
        "frames.last": np.array([0, 0.7], dtype=np.float32),
        "kind.lines": np.array([1, 3], dtype=np.float32),
        "body.all": np.array([5, 6], dtype=np.float32),
    }
    assert SET.score_places(columns) == pytest.approx([-0.25, 0.95], abs=1e-5)


@given(beliefs, beliefs, st.sampled_from(["file", "location", "operation"]))
def test_confidence_rises_with_belief_within_zero_and_one(left: float, right: float, slot: str) -> None:
    low, high = (SET.confidence(slot, belief) for belief in sorted((left, right)))
    assert 0 <= low <= high <= 1
    if max(left, right) - min(left, right) > 0.01:
        assert low < high


def test_confidence_is_platts_and_a_slot_without_calibration_is_taken_at_its_word() -> None:
    assert SET.confidence("file", 0.5) == pytest.approx(1 / (1 + np.exp(0.25)))
    assert SET.confidence("file", 0.8) == pytest.approx(1 / (1 + np.exp(-1.5 * np.log(4) + 0.25)))
    assert SET.confidence("operation", 0.37) == pytest.approx(0.37)


@given(st.floats(0.001, 0.999))
def test_log_odds_are_finite_and_odd(probability: float) -> None:
    assert log_odds(probability) == pytest.approx(np.log(probability / (1 - probability)))
    assert log_odds(1 - probability) == pytest.approx(-log_odds(probability), abs=1e-6)
    assert np.isfinite([log_odds(0.0), log_odds(1.0)]).all()
