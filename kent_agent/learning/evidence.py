"""Fitting the sets of weights: one for every use, and for each repository of a split one that has not seen it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import torch

from kent_agent.evidence.columns import group_of, standardised
from kent_agent.evidence.places import Place
from kent_agent.evidence.weights import EvidenceWeights, WeightSet, log_odds
from kent_agent.learning.pairs import Pair
from kent_agent.learning.ranking import Example, fit
from kent_agent.locator import observe
from kent_agent.resonator import Beliefs, CodeResonator
from kent_agent.source.symbols import Symbol

MINED = "mined"
MINED_WEIGHT = 0.5  # of a mined pair beside one of a split: commit messages know more than issues do


def fit_set(pairs: Sequence[Pair], without: Collection[str] = (), joint: bool = True) -> WeightSet:
    """The weights that rank the gold of pairs highest.

    Args:
        without: groups of evidence to do without.
        joint: whether the slots shape one another.

    Raises:
        ValueError: no pairs.
    """
    if not pairs:
        raise ValueError("Nothing to learn from.")
    files = [column for column in sorted(pairs[0].files) if group_of(column) not in without]
    places = [column for column in sorted(pairs[0].symbols) if group_of(column) not in without]
    found = fit([_example(pair, files, places) for pair in pairs], joint)
    return WeightSet(
        saw=tuple(sorted({pair.repo for pair in pairs})),
        files={name: round(float(w), 4) for name, w in zip(files, found.files, strict=True)},
        places={name: round(float(w), 4) for name, w in zip(places, found.places, strict=True)},
        to_location=round(found.to_location, 4),
        to_file=(round(found.to_file_best, 4), round(found.to_file_sum, 4)),
    )


def train_weights(labelled: Sequence[Pair], mined: Sequence[Pair]) -> EvidenceWeights:
    """All sets: the default from all pairs, and for each labelled repository one from all pairs but its own.

    A set's calibration rests on answers to labelled pairs by weights that saw neither their repository nor the set's.
    """
    repos = sorted({pair.repo for pair in labelled})
    unseen: dict[frozenset[str], WeightSet] = {}

    def without(*names: str) -> WeightSet:
        key = frozenset(names)
        if key not in unseen:
            unseen[key] = fit_set([*(pair for pair in labelled if pair.repo not in key), *mined])
        return unseen[key]

    def calibrated(*held_out: str) -> WeightSet:
        answers = [judge(pair, without(pair.repo, *held_out)) for pair in labelled if pair.repo not in held_out]
        slots = sorted({slot for answer in answers for slot in answer})
        found = {slot: fit_calibration([answer[slot] for answer in answers if slot in answer]) for slot in slots}
        return replace(without(*held_out), calibration=found)

    counts = Counter((pair.repo, pair.origin) for pair in [*labelled, *mined])
    provenance = tuple({"repo": repo, "origin": origin, "pairs": n} for (repo, origin), n in sorted(counts.items()))
    return EvidenceWeights(calibrated(), {repo: calibrated(repo) for repo in repos}, provenance)


def judge(pair: Pair, weights: WeightSet) -> dict[str, tuple[float, bool]]:
    """Belief of each slot in the first answer to a pair under some weights, and whether that is right."""
    beliefs = beliefs_of(pair, weights)
    place, belief = beliefs.places[0]
    found = {
        "FILE": (beliefs.files[place.path], place.path in pair.gold_files),
        "LOCATION": (belief, (place.path, place.symbol.name) in pair.gold_places),
    }
    return found | ({"OPERATION": pair.operation} if pair.operation else {})


def beliefs_of(pair: Pair, weights: WeightSet) -> Beliefs:
    """What the resonator makes of a pair's evidence under some weights, of operations knowing nothing."""
    places = [Place(path, Symbol(name, "function", j, j), 0, frozenset()) for j, (path, name) in enumerate(pair.places)]
    return CodeResonator().solve(observe(pair.paths, pair.files, places, pair.symbols, weights))


def fit_calibration(answers: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and intercept that turn the log odds of beliefs into those of being right (Platt 1999)."""
    if not answers:
        return (1.0, 0.0)
    odds = torch.tensor([log_odds(belief) for belief, _ in answers], dtype=torch.float64)
    right = torch.tensor([float(hit) for _, hit in answers], dtype=torch.float64)
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = line[0] * odds + line[1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, right) + 1e-3 * (line[0] - 1) ** 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    slope, intercept = line.detach().tolist()
    return round(slope, 4), round(intercept, 4)


def _example(pair: Pair, files: Sequence[str], places: Sequence[str]) -> Example:
    number = {path: i for i, path in enumerate(pair.paths)}
    return Example(
        repo=pair.repo,
        files=standardised(pair.files, files),
        gold_files=np.array([path in pair.gold_files for path in pair.paths], dtype=bool),
        places=standardised(pair.symbols, places),
        gold_places=np.array([place in pair.gold_places for place in pair.places], dtype=bool),
        file_of=np.array([number[path] for path, _ in pair.places], dtype=np.int64),
        weight=MINED_WEIGHT if pair.origin == MINED else 1.0,
    )
