"""Measures of rankings and of confidences."""

from collections.abc import Iterable, Sequence

import numpy as np


def rank_of(thing: object, ranking: Sequence[object]) -> int:
    """Its place in a ranking, from 1; 0 where it has none."""
    return ranking.index(thing) + 1 if thing in ranking else 0


def accuracy(ranks: Iterable[Sequence[int]], cuts: Sequence[int]) -> dict[str, dict[str, float]]:
    """Percent of instances with all, and with any, of their gold among the first k, for each k of `cuts`.

    Args:
        ranks: of each instance's gold, from 1; 0 where it is not ranked at all.
    """
    found = [list(each) for each in ranks]
    tests = {"all": all, "any": any}
    return {
        name: {
            str(k): round(100 * sum(bool(each) and test(0 < r <= k for r in each) for each in found) / len(found), 1)
            if found
            else 0.0
            for k in cuts
        }
        for name, test in tests.items()
    }


def mean_reciprocal_rank(ranks: Iterable[Sequence[int]]) -> float:
    """Mean of one over the best gold rank; 0 for an instance without any."""
    best = [min((r for r in each if r), default=0) for each in ranks]
    return round(sum(1 / r for r in best if r) / len(best), 4) if best else 0.0


def paired_bootstrap(
    ours: Sequence[float], theirs: Sequence[float], resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the difference of two means over the same instances, in points (Efron 1979)."""
    difference = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    picks = np.random.default_rng(seed).integers(0, len(difference), (resamples, len(difference)))
    low, high = np.percentile(100 * difference[picks].mean(axis=1), [2.5, 97.5])
    return round(float(low), 1), round(float(high), 1)


def share_interval(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, in percent (Wilson 1927)."""
    if not n:
        return 0.0, 100.0
    z = 1.96
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * float(np.sqrt(share * (1 - share) / n + spread / (4 * n)))
    return round(100 * max(0.0, middle - half), 1), round(100 * min(1.0, middle + half), 1)


def reliability(confidences: Sequence[float], hits: Sequence[bool], bins: int = 10) -> list[tuple[float, float, int]]:
    """For each of equally wide bins of confidence: its mean, the share that was right, and how many it holds."""
    said, right = np.asarray(confidences, dtype=float), np.asarray(hits, dtype=float)
    number = np.minimum((said * bins).astype(int), bins - 1)
    return [
        (
            round(float(said[number == i].mean()), 4),
            round(float(right[number == i].mean()), 4),
            int((number == i).sum()),
        )
        if (number == i).any()
        else (round((i + 0.5) / bins, 4), 0.0, 0)
        for i in range(bins)
    ]


def expected_calibration_error(confidences: Sequence[float], hits: Sequence[bool], bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over the bins, by how many each holds (Naeini et al. 2015)."""
    found = reliability(confidences, hits, bins)
    total = sum(n for _, _, n in found)
    return sum(n * abs(said - right) for said, right, n in found) / total if total else 0.0
