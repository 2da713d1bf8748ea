"""The measures of rankings and confidences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import (
    accuracy,
    expected_calibration_error,
    mean_reciprocal_rank,
    paired_bootstrap,
    rank_of,
    reliability,
)

RANKS = st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=4), min_size=1, max_size=20)


def test_accuracy_tells_all_from_any_and_a_missing_place_from_a_late_one() -> None:
    assert accuracy([[1, 4], [2], [0, 1], [0]], (1, 3, 5)) == {
        "all": {"1": 0.0, "3": 25.0, "5": 50.0},
        "any": {"1": 50.0, "3": 75.0, "5": 75.0},
    }


def test_no_gold_place_is_no_hit() -> None:
    assert accuracy([[]], (1,)) == {"all": {"1": 0.0}, "any": {"1": 0.0}}


@given(RANKS)
def test_any_is_at_least_all_and_both_grow_with_k(ranks: list[list[int]]) -> None:
    found = accuracy(ranks, (1, 5, 10, 20))
    for k in ("1", "5", "10", "20"):
        assert found["all"][k] <= found["any"][k]
    for shares in found.values():
        assert list(shares.values()) == sorted(shares.values())


def test_mean_reciprocal_rank_counts_the_best_gold_place() -> None:
    assert mean_reciprocal_rank([[1], [4, 2], [0]]) == 0.5


def test_a_rank_counts_from_one_and_is_zero_for_what_is_not_there() -> None:
    assert (rank_of("b", ["a", "b"]), rank_of("c", ["a", "b"])) == (2, 0)


def test_the_interval_is_paired_and_covers_the_difference() -> None:
    assert paired_bootstrap([True] * 20, [False] * 20) == (100.0, 100.0)
    assert paired_bootstrap([True, False] * 10, [True, False] * 10) == (0.0, 0.0)
    low, high = paired_bootstrap([True] * 10 + [False] * 10, [False] * 10 + [True] * 10)
    assert low < 0 < high


def test_who_is_right_as_often_as_said_is_calibrated() -> None:
    confidences = [0.25] * 4 + [0.75] * 4
    hits = [True, False, False, False, True, True, True, False]
    assert expected_calibration_error(confidences, hits) == pytest.approx(0.0)
    assert expected_calibration_error([0.95] * 4, [False] * 4) == pytest.approx(0.95)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_the_bins_hold_every_answer_once(answers: list[tuple[float, bool]]) -> None:
    confidences, hits = zip(*answers, strict=True)
    assert sum(n for _, _, n in reliability(confidences, hits)) == len(answers)
    assert 0.0 <= expected_calibration_error(confidences, hits) <= 1.0
