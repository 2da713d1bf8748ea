"""The resonator decodes noisy records jointly, ranks alternatives, and says how sure it is."""

import numpy as np
import pytest

from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.resonator import Link, RecordResonator
from kent_agent.hdc.vectors import Real

D = 4096
ITEMS = ItemMemory(D, seed=1)


def books(**sizes: int) -> dict[str, Codebook]:
    return {slot: Codebook.of_atoms([f"{slot}{i}" for i in range(n)], ITEMS) for slot, n in sizes.items()}


def flip(record: Real, share: float, seed: int) -> Real:
    """The record with the signs of a share of its elements flipped."""
    signs = np.where(np.random.default_rng(seed).random(record.shape) < share, -1.0, 1.0)
    return (record * signs).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_a_record_of_repository_size_survives_a_fifth_of_noise(seed: int) -> None:
    codebooks = books(OPERATION=12, LOCATION=2000, FILE=300)
    numbers = {slot: (seed * 37) % len(book.names) for slot, book in codebooks.items()}
    record = encode_record({slot: codebooks[slot].vectors[n] for slot, n in numbers.items()}, ITEMS)
    decoding = RecordResonator(codebooks, [], ITEMS).decode(flip(record, 0.2, seed))
    assert decoding.fillers == {slot: f"{slot}{n}" for slot, n in numbers.items()}
    assert decoding.converged


def linked() -> tuple[dict[str, Codebook], RecordResonator]:
    """Two files with two places each: place i belongs to file i // 2."""
    codebooks = books(FILE=2, PLACE=4)
    link = Link.of_pairs("FILE", "PLACE", codebooks, {(i // 2, i): 0.5 for i in range(4)})
    return codebooks, RecordResonator(codebooks, [link], ITEMS)


def observe(codebooks: dict[str, Codebook], **weights: list[float]) -> Real:
    return encode_record(
        {slot: np.array(w, dtype=np.float32) @ codebooks[slot].vectors for slot, w in weights.items()}, ITEMS
    )


def test_a_strong_slot_decides_a_weak_one_that_belongs_to_it() -> None:
    codebooks, resonator = linked()
    record = observe(codebooks, FILE=[0.9, 0.1], PLACE=[0.26, 0.2, 0.28, 0.26])
    assert resonator.decode(record).fillers == {"FILE": "FILE0", "PLACE": "PLACE0"}
    alone = RecordResonator(codebooks, [], ITEMS)
    assert alone.decode(record).fillers["PLACE"] == "PLACE2"


def test_top_k_gives_distinct_places_best_first() -> None:
    codebooks, resonator = linked()
    record = observe(codebooks, FILE=[0.6, 0.4], PLACE=[0.4, 0.3, 0.2, 0.1])
    found = [decoding.fillers["PLACE"] for decoding in resonator.decode_top(record, 4)]
    assert found == ["PLACE0", "PLACE1", "PLACE2", "PLACE3"]


def test_top_k_ends_with_the_codebook() -> None:
    codebooks, resonator = linked()
    assert len(resonator.decode_top(observe(codebooks, FILE=[1, 0], PLACE=[1, 0, 0, 0]), 9)) == 4


def test_clear_evidence_gives_more_confidence_than_an_even_spread() -> None:
    codebooks, resonator = linked()
    clear = resonator.decode(observe(codebooks, FILE=[1, 0], PLACE=[1, 0, 0, 0]))
    vague = resonator.decode(observe(codebooks, FILE=[0.51, 0.49], PLACE=[0.26, 0.25, 0.25, 0.24]))
    assert clear.confidence > 0.7 > vague.confidence


def test_an_empty_record_decodes_to_something_and_terminates() -> None:
    _, resonator = linked()
    assert resonator.decode(np.zeros(D, dtype=np.float32)).fillers.keys() == {"FILE", "PLACE"}
