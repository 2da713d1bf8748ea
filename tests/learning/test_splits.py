"""Repositories are parted whole, the same way every time, and enough of them are held out."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.learning.splits import HELDOUT, TRAIN, VALIDATION, split_of

COUNTS = st.integers(1, 80)


def names(count: int) -> list[str]:
    return [f"owner/{i}" for i in range(count)]


@settings(deadline=None)
@given(COUNTS, st.integers(0, 99))
def test_every_repository_is_in_one_split_whatever_their_order(count: int, seed: int) -> None:
    split = split_of(names(count), seed)
    assert sorted(split) == sorted(names(count))
    assert set(split.values()) <= {TRAIN, VALIDATION, HELDOUT}
    assert split_of(set(names(count)), seed) == split_of(names(count)[::-1], seed) == split


@settings(deadline=None)
@given(st.integers(16, 80), st.integers(0, 99))
def test_at_least_eight_are_held_out_where_there_are_enough(count: int, seed: int) -> None:
    counted = Counter(split_of(names(count), seed).values())
    assert counted[HELDOUT] >= 8
    assert counted[VALIDATION] >= 1
    assert counted[TRAIN] >= max(1, count // 4)


@settings(deadline=None)
@given(COUNTS, st.integers(0, 99))
def test_there_is_always_something_to_learn_from(count: int, seed: int) -> None:
    counted = Counter(split_of(names(count), seed).values())
    assert counted[TRAIN] >= 1
    assert counted[HELDOUT] <= max(8, round(0.15 * count))


def test_another_seed_holds_others_out() -> None:
    heldout = [{repo for repo, part in split_of(names(43), seed).items() if part == HELDOUT} for seed in range(5)]
    assert len(set(map(frozenset, heldout))) > 1


@pytest.mark.parametrize(("count", "parts"), [(43, (31, 4, 8)), (100, (75, 10, 15)), (16, (6, 2, 8)), (1, (1, 0, 0))])
def test_the_shares_are_as_documented(count: int, parts: tuple[int, int, int]) -> None:
    counted = Counter(split_of(names(count), 0).values())
    assert (counted[TRAIN], counted[VALIDATION], counted[HELDOUT]) == parts


@settings(deadline=None)
@given(COUNTS, COUNTS, st.integers(0, 99))
def test_what_is_drawn_stays_where_it_is_as_others_come_in(count: int, more: int, seed: int) -> None:
    before = split_of(names(count), seed)
    grown = split_of(names(count + more), seed, before)
    assert {repo: grown[repo] for repo in before} == before
    assert sorted(grown) == sorted(names(count + more))


def test_others_fill_up_the_shares() -> None:
    grown = split_of(names(60), 0, split_of(names(40), 0))
    counted = Counter(grown.values())
    assert (counted[TRAIN], counted[VALIDATION], counted[HELDOUT]) == (45, 6, 9)
