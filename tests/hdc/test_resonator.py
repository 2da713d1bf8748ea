"""The resonator decodes noisy records, recovers superpositions, and lets coupled slots shape one another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.resonator import FLOOR, Coupling, RecordResonator
from kent_agent.hdc.vectors import Real

D = 4096
ITEMS = ItemMemory(D, seed=1)


def books(**sizes: int) -> dict[str, Codebook]:
    return {slot: Codebook.of_atoms([f"{slot}{i}" for i in range(n)], ITEMS) for slot, n in sizes.items()}


def flip(record: Real, share: float, seed: int) -> Real:
    """The record with the signs of a share of its elements flipped."""
    signs = np.where(np.random.default_rng(seed).random(record.shape) < share, -1.0, 1.0)
    return (record * signs).astype(np.float32)


def observe(codebooks: dict[str, Codebook], **likelihoods: list[float]) -> Real:
    """The record of slots whose amplitudes are the roots of likelihoods."""
    return encode_record(
        {slot: np.sqrt(np.array(w, dtype=np.float32)) @ codebooks[slot].vectors for slot, w in likelihoods.items()},
        ITEMS,
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_record_of_repository_size_survives_a_fifth_of_noise(seed: int) -> None:
    codebooks = books(OPERATION=12, LOCATION=2000, FILE=300)
    numbers = {slot: (seed * 37) % len(book.names) for slot, book in codebooks.items()}
    record = encode_record({slot: codebooks[slot].vectors[n] for slot, n in numbers.items()}, ITEMS)
    decoding = RecordResonator(codebooks, [], ITEMS).decode(flip(record, 0.2, seed))
    assert decoding.fillers == {slot: f"{slot}{n}" for slot, n in numbers.items()}
    assert decoding.converged


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(0.02, 1.0), min_size=2, max_size=30),
    st.lists(st.floats(0.02, 1.0), min_size=2, max_size=30),
)
def test_superpositions_are_recovered_share_by_share(left: list[float], right: list[float]) -> None:
    """The slots disturb one another in the record; taking out what each explains leaves next to nothing of that."""
    codebooks = books(FILE=len(left), PLACE=len(right))
    shares = {"FILE": [w / sum(left) for w in left], "PLACE": [w / sum(right) for w in right]}
    decoding = RecordResonator(codebooks, [], ITEMS).decode(observe(codebooks, **shares))
    for slot, expected in shares.items():
        np.testing.assert_allclose(decoding.own[slot], expected, atol=0.01)
    assert decoding.converged


def coupled(
    to_file: tuple[float, float] = (0.0, 1.0), to_place: float = 1.0
) -> tuple[dict[str, Codebook], RecordResonator]:
    """Two files with two places each: place i belongs to file i // 2."""
    codebooks = books(FILE=2, PLACE=4)
    belongs = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=np.float32)
    coupling = Coupling("FILE", "PLACE", belongs, to_file, (0.0, to_place))
    return codebooks, RecordResonator(codebooks, [coupling], ITEMS)


def test_a_strong_slot_decides_a_weak_one_that_belongs_to_it() -> None:
    codebooks, resonator = coupled()
    record = observe(codebooks, FILE=[0.9, 0.1], PLACE=[0.26, 0.2, 0.28, 0.26])
    assert resonator.decode(record).fillers == {"FILE": "FILE0", "PLACE": "PLACE0"}
    alone = RecordResonator(codebooks, [], ITEMS)
    assert alone.decode(record).fillers["PLACE"] == "PLACE2"


def test_and_the_other_way_round() -> None:
    codebooks, resonator = coupled()
    record = observe(codebooks, FILE=[0.55, 0.45], PLACE=[0.05, 0.05, 0.05, 0.85])
    assert resonator.decode(record).fillers == {"FILE": "FILE1", "PLACE": "PLACE3"}


def test_beliefs_are_the_product_of_what_is_seen_and_what_is_told() -> None:
    """One exchange is all: a slot does not hear its own word come back."""
    codebooks, resonator = coupled()
    own = {"FILE": np.array([0.7, 0.3]), "PLACE": np.array([0.1, 0.2, 0.3, 0.4])}
    decoding = resonator.decode(observe(codebooks, **{slot: shares.tolist() for slot, shares in own.items()}))
    file = own["FILE"] * (np.array([0.3, 0.7]) + FLOOR)
    place = own["PLACE"] * (np.array([0.7, 0.7, 0.3, 0.3]) + FLOOR)
    np.testing.assert_allclose(decoding.beliefs["FILE"], file / file.sum(), atol=0.01)
    np.testing.assert_allclose(decoding.beliefs["PLACE"], place / place.sum(), atol=0.01)


def test_the_best_partner_and_all_of_them_are_told_apart() -> None:
    likelihoods = {"FILE": [0.5, 0.5], "PLACE": [0.3, 0.3, 0.35, 0.05]}
    codebooks, by_sum = coupled(to_file=(0.0, 1.0))
    _, by_best = coupled(to_file=(1.0, 0.0))
    assert by_sum.decode(observe(codebooks, **likelihoods)).fillers["FILE"] == "FILE0"
    assert by_best.decode(observe(codebooks, **likelihoods)).fillers["FILE"] == "FILE1"


def test_without_exponents_the_slots_are_independent() -> None:
    codebooks, resonator = coupled(to_file=(0.0, 0.0), to_place=0.0)
    decoding = resonator.decode(observe(codebooks, FILE=[0.9, 0.1], PLACE=[0.1, 0.1, 0.1, 0.7]))
    for slot in codebooks:
        np.testing.assert_allclose(decoding.beliefs[slot], decoding.own[slot], atol=1e-6)


def test_a_chain_of_three_slots_passes_the_word_on() -> None:
    codebooks = books(FILE=2, PLACE=2, OPERATION=2)
    same = np.eye(2, dtype=np.float32)
    chain = [
        Coupling("FILE", "PLACE", same, (0.0, 1.0), (0.0, 1.0)),
        Coupling("PLACE", "OPERATION", same, (0.0, 1.0), (0.0, 1.0)),
    ]
    record = observe(codebooks, FILE=[0.1, 0.9], PLACE=[0.5, 0.5], OPERATION=[0.55, 0.45])
    assert RecordResonator(codebooks, chain, ITEMS).decode(record).fillers["OPERATION"] == "OPERATION1"


def test_clear_evidence_gives_more_confidence_than_an_even_spread() -> None:
    codebooks, resonator = coupled()
    clear = resonator.decode(observe(codebooks, FILE=[1, 0], PLACE=[1, 0, 0, 0]))
    vague = resonator.decode(observe(codebooks, FILE=[0.51, 0.49], PLACE=[0.26, 0.25, 0.25, 0.24]))
    assert clear.confidence > 0.9 > 0.6 > vague.confidence


def test_an_empty_record_says_nothing_of_anything() -> None:
    _, resonator = coupled(to_file=(0.0, 0.0), to_place=0.0)
    decoding = resonator.decode(np.zeros(D, dtype=np.float32))
    assert decoding.converged
    np.testing.assert_allclose(decoding.beliefs["PLACE"], 0.25)


def test_running_out_of_sweeps_is_told() -> None:
    codebooks = books(FILE=40, PLACE=40)
    shares = {slot: (np.arange(1, 41) / 820).tolist() for slot in codebooks}
    hasty = RecordResonator(codebooks, [], ITEMS, max_sweeps=1, restarts=2)
    decoding = hasty.decode(observe(codebooks, **shares))
    assert not decoding.converged
    assert decoding.sweeps == 3, "every restart counts"
