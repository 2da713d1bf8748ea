"""Repositories parted into those to learn from, to validate on, and to hold out."""

import random
from collections.abc import Collection, Mapping

TRAIN, VALIDATION, HELDOUT = "train", "validation", "heldout"
_HELDOUT_SHARE, _VALIDATION_SHARE = 0.15, 0.10
_LEAST_HELDOUT = 8


def split_of(repositories: Collection[str], seed: int) -> Mapping[str, str]:
    """The split of each repository: about 75 % to train, 10 % to validate, 15 % held out, the latter at least eight.

    Of fewer than 16 repositories half are held out at most. The same for the same repositories and seed.
    """
    drawn = sorted(repositories)
    random.Random(seed).shuffle(drawn)
    heldout = min(max(round(len(drawn) * _HELDOUT_SHARE), _LEAST_HELDOUT), len(drawn) // 2)
    validation = heldout + min(max(round(len(drawn) * _VALIDATION_SHARE), 1), (len(drawn) - heldout) // 2)
    return {repo: HELDOUT if i < heldout else VALIDATION if i < validation else TRAIN for i, repo in enumerate(drawn)}
