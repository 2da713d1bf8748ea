"""The learned weights of evidence: a small JSON file with one set for every use, and what each set has seen."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kent_agent.errors import KentError
from kent_agent.evidence.columns import Columns, standardised
from kent_agent.hdc.vectors import Real

FORMAT = 1
SHIPPED = Path(__file__).parent.parent / "weights" / "evidence.json"


@dataclass(frozen=True)
class WeightSet:
    """Weights that were learned together.

    Attributes:
        saw: repositories (`owner/name`) whose pairs they were fitted to.
        files, places: weight of each column of evidence by name.
        to_location: exponent of what the FILE slot tells the LOCATION slot.
        to_file: exponents of what LOCATION tells FILE, by a file's best place and by all of them.
        calibration: for each slot the (slope, intercept) that turn the log odds of its belief into those of being
            right (Platt 1999).
    """

    saw: tuple[str, ...]
    files: Mapping[str, float]
    places: Mapping[str, float]
    to_location: float
    to_file: tuple[float, float]
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def score_files(self, columns: Columns) -> Real:
        """Log likelihoods of n files, up to a constant, `(n,)`."""
        return _scores(columns, self.files)

    def score_places(self, columns: Columns) -> Real:
        """Log likelihoods of m places by their own evidence, up to a constant, `(m,)`."""
        return _scores(columns, self.places)

    def confidence(self, slot: str, belief: float) -> float:
        """How often a slot that believes this much in a filler is right, in [0, 1]."""
        slope, intercept = self.calibration.get(slot, (1.0, 0.0))
        return 1 / (1 + math.exp(-(slope * log_odds(belief) + intercept)))


@dataclass(frozen=True)
class EvidenceWeights:
    """All sets of weights.

    Attributes:
        default: for repositories that none of them has seen.
        held_out: by repository, the set that was fitted without it.
        provenance: what they were fitted to: a row for each repository, with its pairs and where they are from.
    """

    default: WeightSet
    held_out: Mapping[str, WeightSet]
    provenance: tuple[Mapping[str, Any], ...]

    @classmethod
    def load(cls, path: Path | None = None) -> "EvidenceWeights":
        """The weights in a file, by default those that ship with the package.

        Raises:
            KentError: the file cannot be read, or is of another format.
        """
        path = path or SHIPPED
        try:
            held = json.loads(path.read_text())
            if held["format"] != FORMAT:
                raise KentError(f"{path} has format {held['format']}, not {FORMAT}; train the evidence anew.")
            return cls(
                _set(held["default"]),
                {repo: _set(each) for repo, each in held["held_out"].items()},
                tuple(held["provenance"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise KentError(f"{path} holds no weights of evidence ({error}); train them anew.") from error

    def dump(self) -> str:
        """The weights as JSON."""
        held = {
            "format": FORMAT,
            "provenance": list(self.provenance),
            "default": asdict(self.default),
            "held_out": {repo: asdict(each) for repo, each in self.held_out.items()},
        }
        return json.dumps(held, indent=1) + "\n"

    def for_repo(self, repo: str) -> WeightSet:
        """The set to use for a repository: one that has not seen it, where there is one."""
        return self.held_out.get(repo, self.default)


def log_odds(probability: float) -> float:
    """Logarithm of p / (1 - p), kept finite."""
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def _scores(columns: Columns, weights: Mapping[str, float]) -> Real:
    result: Real = standardised(columns, list(weights)) @ np.array(list(weights.values()), dtype=np.float32)
    return result


def _set(held: Mapping[str, Any]) -> WeightSet:
    best, together = held["to_file"]
    return WeightSet(
        saw=tuple(held["saw"]),
        files={str(name): float(weight) for name, weight in held["files"].items()},
        places={str(name): float(weight) for name, weight in held["places"].items()},
        to_location=float(held["to_location"]),
        to_file=(float(best), float(together)),
        calibration={slot: (float(a), float(b)) for slot, (a, b) in held["calibration"].items()},
    )
