"""The ranker learns which evidence counts: all gold files are to be found, and of the gold places some."""

from dataclasses import replace

import numpy as np
import pytest

from kent_agent.learning.ranking import Example, Learned, fit


def example(files: list[bool], places: list[bool], seed: int = 0) -> Example:
    """Two files of two places each; the first column of evidence tells gold, the second is noise."""
    noise = np.random.default_rng(seed)

    def evidence(gold: list[bool]) -> np.ndarray:
        return np.stack([np.array(gold), noise.normal(size=len(gold))], axis=1).astype(np.float32)

    return Example(
        "acme/shop", evidence(files), np.array(files), evidence(places), np.array(places), np.array([0, 0, 1, 1])
    )


PLAIN = [example([i % 2 == 0, i % 2 == 1], [j == i % 4 for j in range(4)], i) for i in range(24)]


def test_what_tells_gold_weighs_more_than_noise() -> None:
    found = fit(PLAIN)
    assert found.files[0] > 3 * abs(found.files[1])
    assert found.places[0] > 3 * abs(found.places[1])


def test_an_example_without_gold_places_tells_of_files_alone() -> None:
    untold = [replace(each, gold_places=np.zeros(4, dtype=bool)) for each in PLAIN]
    found = fit(untold, joint=False)
    assert found.files == pytest.approx(fit(PLAIN, joint=False).files, abs=1e-3)
    assert found.places == pytest.approx(np.zeros(2), abs=1e-6)


def first(found: Learned, places: np.ndarray) -> int:
    return int(np.argmax(places @ found.places))


def test_one_place_that_is_told_apart_is_enough() -> None:
    """Of two gold places one is always known by the first column, the other looks like all that are none."""
    rows = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], dtype=np.float32)
    two = [replace(each, places=rows, gold_places=np.array([True, True, False, False])) for each in PLAIN]
    one = [replace(each, gold_places=np.array([True, False, False, False])) for each in two]
    found, alone = fit(two, joint=False), fit(one, joint=False)
    assert first(found, rows) == 0
    assert found.places[0] - found.places[1] == pytest.approx(alone.places[0] - alone.places[1], rel=0.25)


def test_nothing_is_learned_from_nothing() -> None:
    with pytest.raises(ValueError, match="Nothing to learn from"):
        fit([])
