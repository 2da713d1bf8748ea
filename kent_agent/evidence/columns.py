"""Columns of evidence over candidates, and how they are made comparable between instances."""

from collections.abc import Mapping, Sequence

import numpy as np

from kent_agent.hdc.vectors import Real

Columns = dict[str, Real]
"""Evidence `(n,)` for n candidates by name, `group.detail`; a group is one source of evidence."""

FLAGS = frozenset(
    "mentions.path mentions.link mentions.module mentions.member mentions.pair frames.last frames.any frames.name "
    "file.init file.small names.any names.parent names.pair names.module_pair kind.module kind.class kind.method "
    "kind.constructor kind.dunder kind.private kind.tiny".split()
)
"""Columns that say yes or no; their size means the same in every repository."""

_LOWEST, _HIGHEST = -5.0, 8.0  # standard deviations: one outlier shall not drown the rest


def group_of(column: str) -> str:
    """The source of evidence that a column belongs to."""
    return column.partition(".")[0]


def standardised(columns: Mapping[str, Real], names: Sequence[str]) -> Real:
    """The matrix `(n, m)` of m named columns: flags as they are, the others as clipped standard scores."""
    return np.stack([columns[name] if name in FLAGS else standard_scores(columns[name]) for name in names], axis=1)


def standard_scores(values: Real) -> Real:
    """Values less their mean, in standard deviations, clipped; zeros where all are alike."""
    spread = float(values.std(dtype=np.float64))  # in single precision equal values may seem to differ
    if spread < 1e-9:
        return np.zeros(len(values), dtype=np.float32)
    scores: Real = np.clip((values - values.mean()) / spread, _LOWEST, _HIGHEST).astype(np.float32)
    return scores


def shares(logits: Real) -> Real:
    """Softmax of logits `(n,)`."""
    raised = np.exp(logits - logits.max())
    result: Real = (raised / raised.sum()).astype(np.float32)
    return result
