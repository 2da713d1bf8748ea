"""The laws of the algebra, for any seed and dimension."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.hdc.vectors import bind, bundle, cosine, normalize, permute, random_bipolar

names = st.text(min_size=1, max_size=12)
seeds = st.integers(0, 1000)
D = 1024


@given(names, seeds)
def test_an_atom_is_bipolar_and_the_same_every_time(name: str, seed: int) -> None:
    atom = random_bipolar(name, D, seed)
    assert set(np.unique(atom)) <= {-1, 1}
    assert np.array_equal(atom, random_bipolar(name, D, seed))


@given(names, names, seeds)
def test_atoms_of_different_names_are_nearly_orthogonal(left: str, right: str, seed: int) -> None:
    if left == right:
        return
    similarity = cosine(random_bipolar(left, D, seed), random_bipolar(right, D, seed)[None])[0]
    assert abs(similarity) < 7 / D**0.5


@given(names, names, seeds)
def test_binding_is_its_own_inverse_and_commutes(left: str, right: str, seed: int) -> None:
    a, b = random_bipolar(left, D, seed), random_bipolar(right, D, seed)
    assert np.array_equal(bind(bind(a, b), b), a)
    assert np.array_equal(bind(a, b), bind(b, a))


@given(names, names, names, seeds)
def test_binding_distributes_over_bundling(x: str, y: str, z: str, seed: int) -> None:
    a, b, c = (random_bipolar(name, D, seed) for name in (x, y, z))
    assert np.array_equal(bind(c, bundle(np.stack([a, b]))), bundle(np.stack([bind(c, a), bind(c, b)])))


@given(names, names, st.integers(-2000, 2000), seeds)
def test_permutation_preserves_binding_and_is_undone(left: str, right: str, shifts: int, seed: int) -> None:
    a, b = random_bipolar(left, D, seed), random_bipolar(right, D, seed)
    assert np.array_equal(permute(permute(a, shifts), -shifts), a)
    assert np.array_equal(permute(bind(a, b), shifts), bind(permute(a, shifts), permute(b, shifts)))


@given(st.lists(names, min_size=2, max_size=9, unique=True), seeds)
def test_a_bundle_is_more_similar_to_its_members_than_to_strangers(members: list[str], seed: int) -> None:
    stack = np.stack([random_bipolar(name, D, seed) for name in members])
    stranger = random_bipolar("stranger to all of them", D, seed)
    total = bundle(stack)
    assert cosine(total, stack).min() > cosine(total, stranger[None])[0]


def test_weights_order_a_bundles_similarities() -> None:
    stack = np.stack([random_bipolar(name, D) for name in "abc"])
    similarities = cosine(bundle(stack, np.array([3.0, 2.0, 1.0])), stack)
    assert list(np.argsort(-similarities)) == [0, 1, 2]


def test_a_zero_vector_is_similar_to_nothing() -> None:
    assert not normalize(np.zeros(D)).any()
    assert cosine(np.zeros(D), random_bipolar("a", D)[None])[0] == 0.0


@pytest.mark.parametrize("dimension", [0, -8, 12])
def test_a_dimension_that_is_no_multiple_of_eight_is_refused(dimension: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        random_bipolar("a", dimension)


def test_an_atom_does_not_depend_on_the_machine() -> None:
    assert random_bipolar("FILE", 16, seed=7).tolist() == [
        -1,
        1,
        -1,
        1,
        1,
        1,
        1,
        -1,
        -1,
        -1,
        -1,
        -1,
        1,
        -1,
        -1,
        1,
    ]
