"""What kind of edit an issue asks for: the hypervector of its words against one prototype for each kind.

Prototypes are bundles of the messages of mined commits (Kleyko et al. 2022, classification by centroids). Each has unit
length however many commits made it, so that rare kinds are told as well as common ones; how common a kind is enters
as a prior, once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kent_agent.errors import KentError
from kent_agent.hdc.sparse import SparseItems
from kent_agent.hdc.vectors import Real, normalize
from kent_agent.source.kinds import OPERATION_OF, EditKind
from kent_agent.source.outline import word_bag
from kent_agent.source.symbols import SymbolKind
from kent_agent.task import Operation

SHIPPED = Path(__file__).parent / "weights" / "operations.safetensors"
KINDS = tuple(EditKind)
_TITLE_WEIGHT = 3.0  # what the title says counts as if said three times
_SATURATION = 1.5  # the tenth mention of a term says little more than the third


def message_bag(title: str, prose: str) -> dict[str, float]:
    """The weighted search terms of an issue or a commit message."""
    bag = {term: _TITLE_WEIGHT * count for term, count in word_bag(title).items()}
    for term, count in word_bag(prose).items():
        bag[term] = bag.get(term, 0.0) + count
    return bag


@dataclass(frozen=True)
class OperationModel:
    """A trained classifier of edits.

    Attributes:
        items: the space that messages are encoded in.
        prototypes: one hypervector a kind, in the order of KINDS, `(17, D)`.
        sharpness: what cosines are multiplied by before they are exponents.
        prior: how common each kind is.
        scopes: how often an edit of each kind is made in a module, a class or a function.
        provenance: repositories, commits and counts of the training data.
    """

    items: SparseItems
    prototypes: Real
    sharpness: float
    prior: Mapping[EditKind, float]
    scopes: Mapping[EditKind, Mapping[SymbolKind, float]]
    provenance: dict[str, Any] = field(default_factory=dict)

    def predict(self, bag: Mapping[str, float]) -> dict[EditKind, float]:
        """Probability of each kind under the weighted terms of a message; the prior where nothing is said."""
        logits = self.sharpness * (self.prototypes @ encode(self.items, bag))
        shares = np.exp(logits - logits.max()) * [self.prior[kind] for kind in KINDS]
        return dict(zip(KINDS, (shares / shares.sum()).tolist(), strict=True))

    def operations(self, bag: Mapping[str, float]) -> dict[Operation, float]:
        """Probability of each operation: that of its kinds, added up."""
        return by_operation(self.predict(bag))

    def symbol_kinds(self, kinds: Mapping[EditKind, float]) -> dict[Operation, dict[SymbolKind, float]]:
        """For each operation that has a share, how likely it is in a module, a class or a function."""
        totals = by_operation(kinds)
        found: dict[Operation, dict[SymbolKind, float]] = {}
        for kind, share in kinds.items():
            operation = OPERATION_OF[kind]
            for symbol, part in self.scopes[kind].items() if share else ():
                shares = found.setdefault(operation, {})
                shares[symbol] = shares.get(symbol, 0.0) + share * part / totals[operation]
        return found

    def save(self, path: Path) -> None:
        """Writes prototypes (int8) and description as one safetensors file, atomically."""
        from safetensors.numpy import save_file

        steps: Real = np.abs(self.prototypes).max(axis=1, keepdims=True) / 127
        levels: NDArray[np.int8] = np.rint(self.prototypes / np.where(steps > 0, steps, 1)).astype(np.int8)
        about = {
            "dimension": self.items.dimension,
            "seed": self.items.seed,
            "sharpness": self.sharpness,
            "prior": self.prior,
            "scopes": self.scopes,
            "provenance": self.provenance,
        }
        partial = path.with_name(path.name + ".partial")
        save_file({"prototypes": levels, "steps": steps}, partial, metadata={"kent_agent": json.dumps(about)})
        partial.chmod(0o644)  # the library writes for its owner alone; a shipped file is for all
        partial.replace(path)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """The model in a file, by default the one that ships with the package.

        Raises:
            KentError: there is no such file, or it is no model of ours.
        """
        from safetensors import safe_open

        path = path or SHIPPED
        try:
            with safe_open(path, framework="np") as file:
                about = json.loads(file.metadata()["kent_agent"])
                prototypes = file.get_tensor("prototypes") * file.get_tensor("steps")
            return cls(
                SparseItems(about["dimension"], about["seed"]),
                prototypes,
                about["sharpness"],
                {kind: about["prior"][kind] for kind in KINDS},
                {kind: about["scopes"][kind] for kind in KINDS},
                about["provenance"],
            )
        except Exception as error:  # safetensors raises its own kinds for each way a file can be damaged
            raise KentError(f"{path} holds no model of edits ({error}); make one with kent_agent.train.") from error


def encode(items: SparseItems, bag: Mapping[str, float]) -> Real:
    """The unit hypervector `(D,)` of the weighted terms of a message, their weights saturated."""
    return normalize(items.query({term: weight / (weight + _SATURATION) for term, weight in bag.items()}))


def by_operation(kinds: Mapping[EditKind, float]) -> dict[Operation, float]:
    """Shares of kinds added up by operation; every operation is present."""
    shares = dict.fromkeys(Operation, 0.0)
    for kind, share in kinds.items():
        shares[OPERATION_OF[kind]] += share
    return shares
