"""Packing a codebook loses nothing: dot products stay exact, and cleanup finds what a dense codebook would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.hdc.packed import PackedCodebook
from kent_agent.hdc.vectors import Bipolar


def random_vectors(count: int, dimension: int, seed: int = 0) -> Bipolar:
    return np.random.default_rng(seed).choice(np.array([-1, 1], dtype=np.int8), (count, dimension))


@given(st.integers(1, 1500), st.integers(1, 300), st.integers(0, 99))
def test_similarity_is_the_exact_dot_product_for_any_shape(count: int, dimension: int, seed: int) -> None:
    vectors = random_vectors(count + 1, dimension, seed)
    query, book = vectors[0], vectors[1:]
    assert np.array_equal(PackedCodebook.of(book).similarities(query), book.astype(np.int64) @ query)


def test_similarities_do_not_overflow_in_many_dimensions() -> None:
    book = np.ones((2, 70_000), dtype=np.int8)
    assert PackedCodebook.of(book).similarities(-book[0]).tolist() == [-70_000, -70_000]


@pytest.mark.parametrize("row", [0, 1023, 1024, 1199])
def test_cleanup_finds_an_item_of_which_a_third_is_wrong(row: int) -> None:
    book = random_vectors(1200, 4000)
    noisy = book[row] * np.where(np.random.default_rng(row).random(4000) < 1 / 3, -1, 1)
    (found, cosine), second = PackedCodebook.of(book).cleanup(noisy, k=2)
    assert found == row
    assert cosine == pytest.approx(float(noisy @ book[row]) / 4000)
    assert second[1] < cosine


@given(st.integers(0, 12), st.integers(0, 99))
def test_cleanup_ranks_best_first_with_ties_in_codebook_order(k: int, seed: int) -> None:
    book = random_vectors(10, 4, seed)  # so few dimensions that most similarities tie
    dots = book.astype(int) @ book[3]
    expected = sorted(range(10), key=lambda row: (-dots[row], row))[:k]
    assert [row for row, _ in PackedCodebook.of(book).cleanup(book[3], k)] == expected


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.5), st.integers(1, 5), st.integers(0, 99))
def test_reading_no_more_than_needed_leaves_cleanup_exact(noise: float, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    book = random_vectors(300, 8000, seed)  # several parts of words
    query = book[7] * np.where(rng.random(8000) < noise, -1, 1)
    dots = book.astype(int) @ query
    expected = sorted(range(300), key=lambda row: (-dots[row], row))[:k]
    assert PackedCodebook.of(book).cleanup(query, k) == [(row, pytest.approx(dots[row] / 8000)) for row in expected]
