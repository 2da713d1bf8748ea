"""Labelled pairs: the evidence of an issue and where it was fixed, to learn the weights of evidence from.

The harness exports those of a split, whose gold it alone reads; the others are mined from histories. Only training
reads them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from kent_agent.errors import KentError
from kent_agent.evidence.columns import Columns
from kent_agent.evidence.gather import Evidence

GoldPlace = tuple[str, str]
"""A file and the qualified name of a symbol in it."""


@dataclass(frozen=True)
class Pair:
    """One issue, or a commit message that reads like one.

    Attributes:
        name: instance or commit id.
        repo: `owner/name`.
        origin: what it is from: `mined`, or the name of a split.
        paths: of the candidate files.
        files: evidence for each of them.
        places: file and qualified name of each candidate place.
        symbols: evidence for each of them.
        gold_files, gold_places: where it was fixed; they need not be among the candidates.
        operation: belief in the operation that was named for it, and whether that is the one of the fix; None where
            nobody asked.
    """

    name: str
    repo: str
    origin: str
    paths: tuple[str, ...]
    files: Columns
    places: tuple[GoldPlace, ...]
    symbols: Columns
    gold_files: frozenset[str]
    gold_places: frozenset[GoldPlace]
    operation: tuple[float, bool] | None = None

    @classmethod
    def of(
        cls,
        name: str,
        repo: str,
        origin: str,
        evidence: Evidence,
        gold_files: frozenset[str],
        gold_places: frozenset[GoldPlace],
        operation: tuple[float, bool] | None = None,
    ) -> "Pair":
        """Evidence with its labels."""
        places = tuple((place.path, place.symbol.name) for place in evidence.places)
        return cls(
            *(name, repo, origin, evidence.paths, evidence.files, places, evidence.symbols),
            *(gold_files, gold_places, operation),
        )


def save_pairs(pairs: Sequence[Pair], path: Path) -> None:
    """Writes pairs to a file.

    Raises:
        OSError: it cannot be written.
    """
    tensors = {}
    rows = []
    for i, pair in enumerate(pairs):
        tensors[f"{i}.files"] = _matrix(pair.files)
        tensors[f"{i}.symbols"] = _matrix(pair.symbols)
        rows.append(
            {
                **{key: getattr(pair, key) for key in ("name", "repo", "origin", "paths", "places")},
                "gold_files": sorted(pair.gold_files),
                "gold_places": sorted(pair.gold_places),
                "file_columns": list(pair.files),
                "symbol_columns": list(pair.symbols),
                "operation": pair.operation,
            }
        )
    tensors["rows"] = np.frombuffer(json.dumps(rows).encode(), dtype=np.uint8)
    save_file(tensors, path)


def load_pairs(path: Path) -> list[Pair]:
    """The pairs in a file.

    Raises:
        KentError: it cannot be read.
    """
    try:
        tensors = load_file(path)
        return [
            Pair(
                name=row["name"],
                repo=row["repo"],
                origin=row["origin"],
                paths=tuple(row["paths"]),
                files=dict(zip(row["file_columns"], tensors[f"{i}.files"].astype(np.float32), strict=True)),
                places=tuple((path, name) for path, name in row["places"]),
                symbols=dict(zip(row["symbol_columns"], tensors[f"{i}.symbols"].astype(np.float32), strict=True)),
                gold_files=frozenset(row["gold_files"]),
                gold_places=frozenset((path, name) for path, name in row["gold_places"]),
                operation=tuple(row["operation"]) if row["operation"] else None,
            )
            for i, row in enumerate(json.loads(tensors["rows"].tobytes()))
        ]
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise KentError(f"{path} holds no labelled pairs ({error}); export them anew.") from error


def _matrix(columns: Columns) -> np.ndarray[tuple[int, int], np.dtype[np.float16]]:
    return np.stack([column.astype(np.float16) for column in columns.values()])
