"""Records hold a filler for each role; codebooks clean them up."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import encode_record, unbind_role

ITEMS = ItemMemory(2048, seed=3)
BOOK = Codebook.of_atoms([f"filler {i}" for i in range(200)], ITEMS)


@given(st.lists(st.integers(0, 199), min_size=1, max_size=5))
def test_every_role_gives_back_its_filler(numbers: list[int]) -> None:
    record = encode_record({f"role {i}": BOOK.vectors[n] for i, n in enumerate(numbers)}, ITEMS)
    for i, n in enumerate(numbers):
        assert BOOK.cleanup(unbind_role(record, f"role {i}", ITEMS))[0][0] == f"filler {n}"


def test_a_role_that_was_never_bound_gives_noise() -> None:
    record = encode_record({"FILE": BOOK.vectors[5]}, ITEMS)
    assert BOOK.cleanup(unbind_role(record, "LOCATION", ITEMS))[0][1] < 0.15


def test_cleanup_ranks_by_weight_and_breaks_ties_in_codebook_order() -> None:
    mixed = 3 * BOOK.vectors[7] + 2 * BOOK.vectors[4]
    assert [name for name, _ in BOOK.cleanup(mixed, k=2)] == ["filler 7", "filler 4"]
    zero = np.zeros(2048, dtype=np.float32)
    assert [name for name, _ in BOOK.cleanup(zero, k=2)] == ["filler 0", "filler 1"]


def test_a_bag_is_similar_to_its_names_only() -> None:
    bag = ITEMS.bag({"a": 1.0, "b": 2.0})
    scores = {name: float(bag @ ITEMS[name]) / 2048 for name in ("a", "b", "c")}
    assert scores["b"] > scores["a"] > 0.8 > 0.2 > abs(scores["c"])


def test_an_empty_bag_is_the_zero_vector() -> None:
    assert not ITEMS.bag({}).any()
