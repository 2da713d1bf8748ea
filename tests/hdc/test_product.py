"""The product resonator finds the factors of a product, and says so when there are none."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.hdc.product import ProductResonator
from kent_agent.hdc.vectors import Bipolar

D = 2000
SIZES = (40, 30, 8)


def draw(seed: int, *shape: int) -> Bipolar:
    return np.random.default_rng(seed).choice(np.array([-1, 1], dtype=np.int8), shape)


BOOKS = [draw(seed, size, D) for seed, size in enumerate(SIZES)]
RESONATOR = ProductResonator(BOOKS)
rows = st.tuples(*(st.integers(0, size - 1) for size in SIZES))


def product(indices: tuple[int, ...], flipped: float = 0.0) -> Bipolar:
    """The product of some rows, with a share of its signs flipped."""
    signs = np.where(np.random.default_rng(sum(indices)).random(D) < flipped, -1, 1).astype(np.int8)
    return np.multiply.reduce([book[row] for book, row in zip(BOOKS, indices, strict=True)] + [signs], dtype=np.int8)


@settings(max_examples=25, deadline=None)
@given(rows)
def test_it_finds_the_factors_of_every_product(indices: tuple[int, ...]) -> None:
    found = RESONATOR.factorize(product(indices))
    assert found.converged
    assert found.indices == indices
    assert found.cosine == 1.0


@settings(max_examples=25, deadline=None)
@given(rows)
def test_a_fifth_of_the_signs_may_be_wrong(indices: tuple[int, ...]) -> None:
    found = RESONATOR.factorize(product(indices, flipped=0.2))
    assert found.converged
    assert found.indices == indices
    assert 0.5 < found.cosine < 0.7


@settings(max_examples=10, deadline=None)
@given(st.integers(100, 10_000))
def test_what_is_no_product_is_not_factorized(seed: int) -> None:
    found = RESONATOR.factorize(draw(seed, D))
    assert not found.converged
    assert found.cosine < RESONATOR.threshold
    assert found.sweeps == (1 + min(SIZES)) * RESONATOR.max_sweeps


def test_a_problem_beyond_its_capacity_is_reported_as_such() -> None:
    books = [draw(seed, 120, 256) for seed in range(3)]
    resonator = ProductResonator(books, restarts=3)
    truth = books[0][1] * books[1][2] * books[2][3]
    found = resonator.factorize(truth)
    assert found.converged == (found.indices == (1, 2, 3))
    assert not found.converged
    assert found.sweeps == 4 * resonator.max_sweeps


def test_chance_is_measured_against_all_candidates() -> None:
    cosines = [abs(float(np.mean(draw(seed, D) * product((seed % 40, seed % 30, seed % 8))))) for seed in range(500)]
    assert max(cosines) < RESONATOR.threshold < 1 - 2 * 0.2
    assert ProductResonator(BOOKS[:2]).threshold < RESONATOR.threshold < math.sqrt(2 * math.log(1e11) / D)


def test_a_restart_solves_what_the_first_start_does_not() -> None:
    alone = ProductResonator(BOOKS, restarts=0)
    hard = [(i, i % 30, i % 8) for i in range(40) if not alone.factorize(product((i, i % 30, i % 8), 0.2)).converged]
    assert hard
    assert all(RESONATOR.factorize(product(indices, 0.2)).converged for indices in hard)
