"""What failed lowers its own place most, its file less, and others hardly; less the more it changed the failure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.accumulator import ConstraintAccumulator, Slots
from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.records import encode_record, unbind_role
from kent_agent.source.kinds import EditKind
from kent_agent.task import Operation

names = st.text(alphabet="abcdefgh", min_size=1, max_size=4)
slots = st.builds(
    Slots,
    names.map("{}.py".format),
    st.sampled_from([str(operation) for operation in Operation]),
    st.tuples(names, st.integers(1, 99)).map(lambda pair: f"{pair[0]}:{pair[1]}"),
)
kinds = st.sampled_from([str(kind) for kind in EditKind])
changes = st.floats(0, 1)

PLACE = Slots("a.py", "modify_line", "parse:10")
NEIGHBOUR = Slots("a.py", "modify_line", "load:30")
STRANGER = Slots("b.py", "modify_line", "parse:10")
KIND, OTHER_KIND = "swap_operator", "rename"


def test_nothing_is_known_before_the_first_failure() -> None:
    assert ConstraintAccumulator().bias(PLACE, KIND) == 0


@pytest.mark.parametrize("times", [1, 3, 30])
def test_failures_lower_their_place_most_its_file_less_and_others_hardly(times: int) -> None:
    accumulator = ConstraintAccumulator()
    for _ in range(times):
        accumulator.record(PLACE, KIND, 0.0)
    same, other_kind = accumulator.bias(PLACE, KIND), accumulator.bias(PLACE, OTHER_KIND)
    neighbour, stranger = accumulator.bias(NEIGHBOUR, KIND), accumulator.bias(STRANGER, KIND)
    assert same < other_kind < neighbour < stranger <= 0
    assert neighbour < -0.1
    assert abs(stranger) < 0.05 * abs(same)


@settings(max_examples=30, deadline=None)
@given(slots, kinds, st.integers(1, 8))
def test_each_failure_more_lowers_the_same_edit_further(place: Slots, kind: str, times: int) -> None:
    accumulator = ConstraintAccumulator()
    biases = []
    for _ in range(times):
        accumulator.record(place, kind, 0.0)
        biases.append(accumulator.bias(place, kind))
    assert biases == sorted(biases, reverse=True)
    assert len(set(biases)) == times


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(slots, kinds, changes), min_size=1, max_size=60), slots, kinds)
def test_records_of_other_places_interfere_little(
    failures: list[tuple[Slots, str, float]], place: Slots, kind: str
) -> None:
    accumulator = ConstraintAccumulator()
    for where, what, change in failures:
        if where.file != place.file:
            accumulator.record(where, what, change)
    assert abs(accumulator.bias(place, kind)) < 0.15


@settings(max_examples=30, deadline=None)
@given(slots, kinds, changes, changes)
def test_the_more_a_failure_changed_the_less_it_counts(place: Slots, kind: str, left: float, right: float) -> None:
    biases = []
    for change in sorted((left, right)):
        accumulator = ConstraintAccumulator()
        accumulator.record(place, kind, change)
        biases.append(accumulator.bias(place, kind))
    assert biases[0] <= biases[1] + 1e-9


def test_a_failure_that_came_further_is_a_bonus_smaller_than_a_plain_ones_penalty() -> None:
    plain, further = ConstraintAccumulator(), ConstraintAccumulator()
    plain.record(PLACE, KIND, 0.0)
    further.record(PLACE, KIND, 1.0)
    assert plain.bias(PLACE, KIND) < 0 < further.bias(PLACE, KIND) < -plain.bias(PLACE, KIND)


def test_strength_scales_the_bias() -> None:
    weak, strong = ConstraintAccumulator(strength=1.0), ConstraintAccumulator(strength=3.0)
    for accumulator in (weak, strong):
        accumulator.record(PLACE, KIND, 0.0)
    assert strong.bias(PLACE, KIND) == pytest.approx(3 * weak.bias(PLACE, KIND))
    assert weak.bias(PLACE, KIND) == pytest.approx(-1, abs=0.05)


@pytest.mark.parametrize("change", [-0.1, 1.1, float("nan")])
def test_a_change_out_of_range_is_refused(change: float) -> None:
    with pytest.raises(ValueError, match="in \\[0, 1\\]"):
        ConstraintAccumulator().record(PLACE, KIND, change)


def test_an_observation_turns_from_what_failed_to_the_next_best() -> None:
    items = ItemMemory(10_000, 3)
    places = [PLACE, STRANGER]
    books = {
        "FILE": Codebook.of_atoms([place.file for place in places], items),
        "LOCATION": Codebook.of_atoms([place.place for place in places], items),
    }
    shares = np.sqrt(np.array([0.55, 0.45], dtype=np.float32))
    observation = encode_record({slot: shares @ book.vectors for slot, book in books.items()}, items)

    def best(record: np.ndarray) -> list[str]:
        return [book.cleanup(unbind_role(record, slot, items))[0][0] for slot, book in books.items()]

    assert best(observation) == [PLACE.file, PLACE.place]
    accumulator = ConstraintAccumulator()
    assert np.array_equal(accumulator.subtract_from(observation, items), observation)
    accumulator.record(PLACE, KIND, 0.0)
    assert best(accumulator.subtract_from(observation, items, rate=0.2)) == [PLACE.file, STRANGER.place]
    accumulator.record(PLACE, KIND, 0.0)
    assert best(accumulator.subtract_from(observation, items, rate=0.2)) == [STRANGER.file, STRANGER.place]


def test_what_the_observation_speaks_for_is_not_out_of_the_question_however_much_failed_there() -> None:
    items = ItemMemory(10_000, 3)
    book = Codebook.of_atoms([PLACE.place, STRANGER.place], items)
    shares = np.sqrt(np.array([0.3, 0.0], dtype=np.float32))
    observation = encode_record({"LOCATION": shares @ book.vectors}, items)
    accumulator = ConstraintAccumulator()
    for _ in range(300):
        accumulator.record(PLACE, KIND, 0.0)
    left = accumulator.subtract_from(observation, items)
    assert book.cleanup(unbind_role(left, "LOCATION", items))[0][0] == PLACE.place
