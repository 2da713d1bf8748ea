"""Locator: from an issue and a repository to the places where it is likely fixed."""

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kent_agent.accumulator import ConstraintAccumulator
from kent_agent.evidence.columns import Columns
from kent_agent.evidence.gather import Evidence, gather
from kent_agent.evidence.places import Place
from kent_agent.evidence.weights import EvidenceWeights, WeightSet
from kent_agent.hdc.sparse import SparseItems
from kent_agent.index import IndexStore, default_index_path
from kent_agent.operations import OperationModel, by_operation, message_bag
from kent_agent.repository_index import FORMAT, RepositoryIndex, Source
from kent_agent.resonator import DIMENSION, Beliefs, CodeResonator, Factorization, Observation, factorizations
from kent_agent.source.issue import Issue

_FILES = 100  # that stand in the record; the others rank behind them


@dataclass(frozen=True)
class Localization:
    """Where an issue is likely fixed.

    Attributes:
        files: every source file of the repository, likeliest first.
        factorizations: the likeliest places, each with its operation and calibrated confidences, best first.
        evidence, observed, beliefs: what the answer rests on: the evidence, the same weighed, and what the resonator
            made of it; None where there is no Python source.
        weights: the set of weights that was used.
    """

    files: tuple[str, ...]
    factorizations: tuple[Factorization, ...]
    evidence: Evidence | None
    observed: Observation | None
    beliefs: Beliefs | None
    weights: WeightSet


class Locator:
    """Finds places.

    Args:
        index: of the repositories.
        weights: of evidence.
        operations: tells the kind of edit from the issue's words.
        resonator: solves the slots.
    """

    def __init__(
        self,
        index: RepositoryIndex,
        weights: EvidenceWeights,
        operations: OperationModel,
        resonator: CodeResonator | None = None,
    ) -> None:
        self.index = index
        self.weights = weights
        self.operations = operations
        self.resonator = resonator or CodeResonator()

    def locate(self, issue: Issue, source: Source, repo: str = "", k: int = 10) -> Localization:
        """The k likeliest places of an issue's fix, and all files in order.

        Args:
            repo: `owner/name`, where it is known: weights that were fitted to it are not used.
        """
        weights = self.weights.for_repo(repo)
        evidence = gather(issue, self.index, source)
        if evidence is None:
            return Localization((), (), None, None, None, weights)
        return solve(evidence, weights, self.operations, self.resonator, k)

    def again(self, located: Localization, failed: ConstraintAccumulator, k: int) -> Localization:
        """The k likeliest places once more, what failed taken out of the observation."""
        if located.observed is None:
            return located
        beliefs = self.resonator.solve(located.observed, failed.subtract_from)
        found = tuple(calibrated(each, located.weights) for each in factorizations(beliefs, k))
        return replace(located, factorizations=found, beliefs=beliefs)


def solve(
    evidence: Evidence, weights: WeightSet, operations: OperationModel, resonator: CodeResonator, k: int
) -> Localization:
    """What evidence comes to under a set of weights."""
    issue = evidence.clues.issue
    edits = operations.predict(message_bag(issue.title, issue.prose))
    observed = replace(
        observe(evidence.paths, evidence.files, evidence.places, evidence.symbols, weights),
        operations=by_operation(edits),
        kinds=operations.symbol_kinds(edits),
    )
    beliefs = resonator.solve(observed)
    return Localization(
        files=(*ranked_files(evidence.paths, evidence.files, weights, beliefs), *evidence.others),
        factorizations=tuple(calibrated(each, weights) for each in factorizations(beliefs, k)),
        evidence=evidence,
        observed=observed,
        beliefs=beliefs,
        weights=weights,
    )


def observe(
    paths: Sequence[str], files: Columns, places: Sequence[Place], symbols: Columns, weights: WeightSet
) -> Observation:
    """Evidence for files and places, weighed; of operations nothing is known yet."""
    scores = weights.score_files(files)
    searched = dict.fromkeys(place.path for place in places)
    best = [paths[i] for i in np.argsort(-scores, kind="stable")[:_FILES]]
    score = dict(zip(paths, scores.tolist(), strict=True))
    return Observation(
        files={path: score[path] for path in dict.fromkeys([*best, *searched])},
        places=places,
        place_scores=weights.score_places(symbols),
        to_location=weights.to_location,
        to_file=weights.to_file,
    )


def ranked_files(paths: Sequence[str], files: Columns, weights: WeightSet, beliefs: Beliefs) -> list[str]:
    """All candidate files, likeliest first: by belief, and those that were not in the record by their own evidence."""
    order = np.argsort(-weights.score_files(files), kind="stable")
    return [*beliefs.files, *(paths[i] for i in order if paths[i] not in beliefs.files)]


def calibrated(found: Factorization, weights: WeightSet) -> Factorization:
    """A factorization whose confidences are how often such a belief is right."""
    confidences = {slot: weights.confidence(slot, belief) for slot, belief in found.confidences.items()}
    together = float(np.prod(list(confidences.values())) ** (1 / len(confidences)))
    return replace(found, confidence=together, confidences=confidences)


def open_locator(index: Path | None = None, weights: Path | None = None, processes: int = 1) -> Locator:
    """A locator with the shipped models and an index on disk.

    Args:
        index: its file, by default in the cache folder.
        weights: of evidence, by default the shipped ones.
        processes: that fill the index; see RepositoryIndex.

    Raises:
        KentError: a model cannot be read.
    """
    store = IndexStore(index or default_index_path(), FORMAT)
    filled = RepositoryIndex(SparseItems(DIMENSION), store, processes)
    return Locator(filled, EvidenceWeights.load(weights), OperationModel.load())


def processes_at_hand() -> int:
    """How many may fill an index: one for each core, unless this process holds what its copies could not use."""
    alone = sys.platform == "linux" and threading.active_count() == 1 and "torch" not in sys.modules
    return len(os.sched_getaffinity(0)) if alone else 1
