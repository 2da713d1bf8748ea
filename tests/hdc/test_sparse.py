"""Sparse bundles stand for bags of terms: their dot products, their lengths, and what quantising them costs."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.hdc import sparse
from kent_agent.hdc.sparse import BLOCKS, UNIT, SparseItems, SparseVectors
from kent_agent.hdc.vectors import Real

D = 4096
BAGS = [{"parse": 0.4, "header": 0.25}, {}, {"header": 0.1, "größe": 0.6, "left right": 0.05}]
DIGEST = """
import hashlib
from kent_agent.hdc.sparse import SparseItems

items = SparseItems(4096, seed=3)
made = items.encode({bags!r})
arrays = (made.positions, made.values, made.lengths, made.norms, items.keys(["parse", "header"]))
print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
"""

hundredths = st.integers(1, 50).map(lambda n: n / 100)
names = st.text(max_size=6) | st.integers(0, 30).map(str)
bags = st.dictionaries(names, hundredths, max_size=12)


def dense(vectors: SparseVectors, dimension: int) -> Real:
    """The stack `(n, D)` that sparse rows stand for."""
    rows = np.repeat(np.arange(len(vectors)), vectors.lengths)
    table = np.zeros((len(vectors), dimension), dtype=np.float32)
    table[rows, vectors.positions] = vectors.values * np.float32(vectors.unit)
    return table


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([512, 2048, 16384]), st.integers(0, 20), st.randoms(use_true_random=False))
def test_dots_of_bundles_estimate_dots_of_bags_with_the_noise_of_dense_atoms(dimension, common, generator) -> None:
    weights = {i: generator.randint(5, 50) / 100 for i in range(60)}
    left = {str(i): weights[i] for i in range(20)}
    right = {str(i): weights[59 - i] for i in range(20 - common, 40 - common)}
    exact = sum(weight * right.get(name, 0.0) for name, weight in left.items())
    lengths = np.linalg.norm(list(left.values())) * np.linalg.norm(list(right.values()))
    errors = []
    for seed in range(200):
        items = SparseItems(dimension, seed)
        errors.append(float(items.encode([left]).dots(items.query(right))[0]) - exact)
    noise = np.array(errors) / lengths * dimension**0.5
    assert abs(noise.mean()) < 0.4
    assert 0.65 < np.sqrt((noise**2).mean()) < 1.4


def test_an_atom_has_length_one_and_one_position_in_each_block() -> None:
    items = SparseItems(D)
    atoms = np.stack([items.query({f"name {i}": 1.0}).reshape(BLOCKS, -1) for i in range(300)])
    assert np.array_equal((atoms != 0).sum(axis=2), np.ones((300, BLOCKS)))
    assert np.allclose(np.abs(atoms).sum(axis=2), BLOCKS**-0.5)
    assert 0.45 < (atoms.sum(axis=2) > 0).mean() < 0.55
    assert len(np.unique(np.abs(atoms).argmax(axis=2)[:, 0])) > 200  # blocks are drawn from all over


@settings(deadline=None)
@given(bags, bags)
def test_a_bundle_is_linear_in_its_weights(left, right) -> None:
    items = SparseItems(D)
    both = {name: left.get(name, 0.0) + 2 * right.get(name, 0.0) for name in left | right}
    assert np.allclose(items.query(both), items.query(left) + 2 * items.query(right), atol=1e-5)


@settings(deadline=None)
@given(st.lists(bags, min_size=1, max_size=6), bags)
def test_dots_are_those_of_the_dense_rows_and_empty_rows_have_none(rows, asked) -> None:
    items = SparseItems(512)
    vectors, query = items.encode(rows), items.query(asked)
    assert len(vectors) == len(rows)
    assert vectors.dots(query) == pytest.approx(dense(vectors, 512) @ query, abs=1e-5)
    for row, bag in enumerate(rows):
        assert vectors.lengths[row] <= BLOCKS * len(bag)
        if not bag:
            assert (vectors.lengths[row], vectors.norms[row]) == (0, 0)
            assert (vectors.dots(query)[row], vectors.cosines(query)[row]) == (0, 0)


def test_cosines_use_the_lengths_of_both() -> None:
    items = SparseItems(D)
    bag = {f"term {i}": 0.1 + i / 100 for i in range(20)}
    vectors = items.encode([bag, {}, {"another": 0.5}, {name: weight / 2 for name, weight in bag.items()}])
    for scale in (1.0, 7.0):
        query = items.query({name: scale * weight for name, weight in bag.items()})
        assert vectors.cosines(query) == pytest.approx([1, 0, 0, 1], abs=0.06)
        assert vectors.cosines(query)[0] == pytest.approx(1, abs=0.01)
    assert vectors.cosines(items.query({})).tolist() == [0, 0, 0, 0]


@settings(deadline=None)
@given(st.lists(bags, min_size=2, max_size=6), st.data())
def test_stacks_put_together_are_the_stack_of_all_and_can_be_split_again(rows, data) -> None:
    items = SparseItems(512)
    cut = data.draw(st.integers(0, len(rows)))
    parts, whole = [items.encode(rows[:cut]), items.encode(rows[cut:])], items.encode(rows)
    assert same(SparseVectors.concatenate(parts), whole)
    assert all(map(same, whole.split([cut, len(rows) - cut]), parts))


@settings(deadline=None)
@given(st.lists(bags, min_size=1, max_size=6), st.data())
def test_rows_that_are_taken_are_as_they_were(rows, data) -> None:
    items = SparseItems(512)
    taken = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))
    made = items.encode(rows).take(np.array(taken, dtype=np.int64))
    assert same(made, items.encode([rows[i] for i in taken]))


@settings(deadline=None)
@given(st.lists(st.dictionaries(names, st.integers(1, 1000).map(float), max_size=12), max_size=6))
def test_counts_may_be_saturated_as_they_are_encoded(counts) -> None:
    items = SparseItems(512)
    weighed = [{name: n / (n + 1.5) for name, n in bag.items()} for bag in counts]
    assert same(items.encode(counts, 1.5), items.encode(weighed))


def same(left: SparseVectors, right: SparseVectors) -> bool:
    arrays = ("positions", "values", "lengths", "norms")
    return left.unit == right.unit and all(np.array_equal(getattr(left, name), getattr(right, name)) for name in arrays)


def test_rows_are_kept_in_hundredths_and_ascend() -> None:
    vectors = SparseItems(D).encode([{"a": 0.337, "b": 0.004}, {"c": 0.5}])
    assert sorted(np.abs(vectors.values[: vectors.lengths[0]])) == [0] * BLOCKS + [34] * BLOCKS
    assert vectors.norms == pytest.approx([0.34, 0.5], abs=1e-4)
    start = vectors.lengths[0]
    assert (np.diff(vectors.positions[:start].astype(int)) > 0).all()
    assert (np.diff(vectors.positions[start:].astype(int)) > 0).all()


def test_what_is_too_heavy_for_a_byte_is_clipped_but_not_its_norm() -> None:
    items = SparseItems(D)
    vectors = items.encode([{"heavy": 5.0}, {"heavy": -5.0}])
    assert np.abs(vectors.values.astype(int)).tolist() == [127] * 2 * BLOCKS
    assert vectors.norms == pytest.approx([5.0, 5.0], abs=1e-4)
    query = items.query({"heavy": 1.0})
    assert vectors.dots(query) == pytest.approx([1.27, -1.27], abs=1e-4)
    assert vectors.cosines(query) == pytest.approx([1.27 / 5, -1.27 / 5], abs=1e-4)


def test_terms_that_meet_in_a_position_are_added_there() -> None:
    items = SparseItems(BLOCKS)  # one position a block: all atoms meet in all of them
    left, right = (items.query({name: 0.25}) for name in "ab")
    vectors = items.encode([{"a": 0.25, "b": 0.25}])
    assert vectors.lengths.tolist() == [BLOCKS]
    assert vectors.values * UNIT == pytest.approx(left + right, abs=1e-5)


def test_the_largest_dimension_is_used_in_full() -> None:
    vectors = SparseItems(1 << 16).encode([{f"term {i}": 0.1 for i in range(2000)}])
    assert vectors.positions.max() > 65_000
    assert vectors.positions.min() < 500


def test_names_have_the_same_atoms_in_every_process() -> None:
    found = set()
    for seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", DIGEST.format(bags=BAGS)]
        found.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip())
    items = SparseItems(4096, seed=3)
    items.rows(["something", "header", "before"])  # what was asked earlier does not matter
    made = items.encode(BAGS)
    arrays = (made.positions, made.values, made.lengths, made.norms, items.keys(["parse", "header"]))
    assert found == {hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()}


def test_another_seed_is_an_unrelated_space() -> None:
    bag = {f"term {i}": 0.2 for i in range(50)}
    cosine = SparseItems(D, 1).encode([bag]).cosines(SparseItems(D, 2).query(bag))
    assert abs(cosine[0]) < 0.1


def test_keys_tell_names_apart_and_stay_the_same() -> None:
    items, asked = SparseItems(D), [f"name {i}" for i in range(5000)]
    keys = items.keys(asked)
    assert len(np.unique(keys)) == 5000
    assert np.array_equal(SparseItems(512, 0).keys(asked[::-1]), keys[::-1])
    assert np.array_equal(items.keys(["name 7", "name 7"]), keys[[7, 7]])


def test_atoms_are_forgotten_when_too_many_are_kept_and_made_again_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    items = SparseItems(D)
    bags = [{f"{batch} {i}": 0.1 * i for i in range(1, 4)} for batch in range(50)]
    before, keys = items.encode(bags), items.keys(bags[0])
    monkeypatch.setattr(sparse, "_KEPT", 4)
    for bag in bags:
        rows = items.rows(bag)
        assert len(set(rows.tolist())) == 3
        assert rows.max() < 8
    assert np.array_equal(items.keys(bags[0]), keys)
    again = items.encode(bags)  # one call may name more than are kept
    assert np.array_equal(again.positions, before.positions)
    assert np.array_equal(again.values, before.values)


def test_any_text_is_a_name() -> None:
    items = SparseItems(D)
    assert len(set(items.keys(["", "\ud800", "\0", "größe", "a b"]).tolist())) == 5


@pytest.mark.parametrize("dimension", [0, -8, 12, (1 << 16) + 8])
def test_a_dimension_that_blocks_do_not_divide_or_two_bytes_do_not_hold_is_refused(dimension: int) -> None:
    with pytest.raises(ValueError, match=str(dimension)):
        SparseItems(dimension)
