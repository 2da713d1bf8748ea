"""Repositories parted into those to learn from, to validate on, and to hold out."""

import random
from collections import Counter
from collections.abc import Collection, Mapping

TRAIN, VALIDATION, HELDOUT = SPLITS = ("train", "validation", "heldout")
_HELDOUT_SHARE, _VALIDATION_SHARE = 0.15, 0.10
_LEAST_HELDOUT = 8


def split_of(repositories: Collection[str], seed: int, known: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The split of each repository: about 75 % to train, 10 % to validate, 15 % held out, the latter at least eight.

    Of fewer than 16 repositories half are held out at most. The same for the same repositories and seed.

    Args:
        repositories: by name.
        seed: of the draw.
        known: the split of repositories that were drawn before. They stay where they are, so that what is held out
            stays comparable as others come in; the others fill up the shares.
    """
    drawn = sorted(repositories)
    random.Random(seed).shuffle(drawn)
    heldout = min(max(round(len(drawn) * _HELDOUT_SHARE), _LEAST_HELDOUT), len(drawn) // 2)
    validation = min(max(round(len(drawn) * _VALIDATION_SHARE), 1), (len(drawn) - heldout) // 2)
    split = {repo: known[repo] for repo in drawn if known and repo in known}
    room = {HELDOUT: heldout, VALIDATION: validation}
    for repo in drawn:
        if repo not in split:
            counted = Counter(split.values())
            split[repo] = next((part for part, most in room.items() if counted[part] < most), TRAIN)
    return split
