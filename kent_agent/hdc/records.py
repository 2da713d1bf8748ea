"""Role-filler records: one hypervector that holds a filler for each of several roles.

A record is the sum of `role * filler` over its roles; multiplying by a role again yields its filler plus noise of
the other roles, which a codebook cleans up. Unlike a product of the fillers, a record decodes slot by slot and so
holds at the size of a repository (thousands of fillers a slot).
"""

from collections.abc import Mapping

import numpy as np

from kent_agent.hdc.codebook import ItemMemory
from kent_agent.hdc.vectors import Real, bind


def role_vector(role: str, items: ItemMemory) -> Real:
    """The atom that marks a role, `(D,)`; never equal to a filler's of the same name."""
    return items[f"role:{role}"].astype(np.float32)


def encode_record(fillers: Mapping[str, Real], items: ItemMemory) -> Real:
    """The record `(D,)` of fillers `(D,)` by role."""
    record = np.zeros(items.dimension, dtype=np.float32)
    for role, filler in fillers.items():
        record += bind(role_vector(role, items), filler)
    return record


def unbind_role(record: Real, role: str, items: ItemMemory) -> Real:
    """The noisy filler `(D,)` of a role in a record `(D,)`."""
    return bind(record, role_vector(role, items))
