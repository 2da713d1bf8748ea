"""Columns are made comparable between repositories: flags as they are, all else as clipped standard scores."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kent_agent.evidence.columns import FLAGS, group_of, shares, standard_scores, standardised
from kent_agent.hdc.vectors import Real

values = st.lists(st.integers(-40, 40), min_size=2, max_size=40).map(lambda held: np.array(held, dtype=np.float32))


@given(values, st.floats(0.1, 100), st.floats(-100, 100))
def test_standard_scores_do_not_depend_on_unit_and_origin(held: Real, unit: float, origin: float) -> None:
    assume(np.ptp(held) > 0)
    moved = (held * unit + origin).astype(np.float32)
    assert standard_scores(moved) == pytest.approx(standard_scores(held), abs=0.01)


@given(values)
def test_standard_scores_are_centred_and_keep_the_order(held: Real) -> None:
    scores = standard_scores(held)
    order = np.argsort(held, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()
    if len(set(held.tolist())) > 1:
        assert scores.mean() == pytest.approx(0, abs=1e-4)
        assert scores.std() == pytest.approx(1, abs=1e-4)


def test_where_all_are_alike_nothing_is_said() -> None:
    assert standard_scores(np.full(7, 0.3, dtype=np.float32)).tolist() == [0] * 7
    assert standard_scores(np.ones(1, dtype=np.float32)).tolist() == [0]


def test_an_outlier_is_clipped_at_eight_deviations_above_and_five_below() -> None:
    outlier = np.zeros(1000, dtype=np.float32)
    outlier[3] = 1.0
    assert standard_scores(outlier).max() == 8.0
    assert standard_scores(-outlier).min() == -5.0


def test_flags_stay_as_they_are_and_the_rest_is_standardised_in_the_order_asked_for() -> None:
    columns = {name: np.array([0, 0, 0, 2], dtype=np.float32) for name in ("mentions.path", "body.all", "unused")}
    table = standardised(columns, ["body.all", "mentions.path"])
    assert table.shape == (4, 2)
    assert table[:, 1].tolist() == [0, 0, 0, 2]
    assert table[:, 0] == pytest.approx([-(3**-0.5)] * 3 + [3**0.5], abs=1e-5)


def test_a_group_is_what_stands_before_the_dot() -> None:
    assert group_of("mentions.path") == "mentions"
    assert {group_of(flag) for flag in FLAGS} == {"mentions", "frames", "file", "names", "kind"}


@given(values)
def test_shares_are_probabilities_by_exponentials(logits: Real) -> None:
    found = shares(logits)
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert found == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=1e-4)
    assert shares(logits + np.float32(1000)) == pytest.approx(found, abs=1e-4)
