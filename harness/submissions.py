"""Reading prediction files: JSONL, a JSON list, or mini-swe-agent's `preds.json` dict."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kent_agent.errors import HarnessError


@dataclass(frozen=True)
class Prediction:
    """One answer to one instance; `model_patch` is empty where the model abstained."""

    instance_id: str
    model_name_or_path: str
    model_patch: str

    @classmethod
    def parse(cls, item: object) -> Self | None:
        """The prediction in a decoded JSON value, or None when it is malformed."""
        if not isinstance(item, dict):
            return None
        instance_id = item.get("instance_id")
        model = item.get("model_name_or_path", "unnamed")
        patch = item.get("model_patch", 0)  # the key has to be there, but may hold null
        patch = "" if patch is None else patch
        if not (isinstance(instance_id, str) and instance_id and isinstance(model, str) and isinstance(patch, str)):
            return None
        try:
            patch.encode()
        except UnicodeEncodeError:  # a lone surrogate, which no file can hold
            return None
        return cls(instance_id, model, patch)


@dataclass(frozen=True)
class Submission:
    """A prediction file as read.

    Attributes:
        path: the file.
        sha256: of its bytes, hexadecimal.
        predictions: by instance id; of duplicates the last one, as in swebench.
        rows: how many entries the file holds, malformed ones included.
        malformed: entries that are no prediction (a torn line, a missing key, a value that is not text).
        duplicates: entries whose instance id a later entry repeats.
    """

    path: Path
    sha256: str
    predictions: dict[str, Prediction]
    rows: int
    malformed: int
    duplicates: int

    @property
    def model(self) -> str:
        """The first prediction's model name, safe as a part of a file name."""
        names = (prediction.model_name_or_path for prediction in self.predictions.values())
        return re.sub(r"[^\w.+-]+", "__", next(names, "")).strip(".") or "unnamed"

    @property
    def folder(self) -> Path:
        """Where reports and logs of this file go: `predictions/x.jsonl` -> `predictions/x`."""
        return self.path.parent / self.path.stem

    def of(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Prediction]:
        """The predictions for these rows alone, in the file's order.

        Raises:
            HarnessError: there are none.
        """
        known = {row["instance_id"] for row in rows}
        chosen = {name: prediction for name, prediction in self.predictions.items() if name in known}
        if not chosen:
            raise HarnessError(f"{self.path}: it holds no prediction for any of the {len(rows)} rows; check --split.")
        return chosen


def read_submission(path: Path) -> Submission:
    """Read a prediction file of any of the three formats, told apart by content and not by name.

    Raises:
        HarnessError: the file is missing or cannot be read. Malformed entries are counted instead.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HarnessError(f"{path}: the predictions cannot be read ({error.strerror}).") from error
    items = list(_items(content))
    parsed = [prediction for item in items if (prediction := Prediction.parse(item)) is not None]
    predictions = {prediction.instance_id: prediction for prediction in parsed}
    return Submission(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        predictions=predictions,
        rows=len(items),
        malformed=len(items) - len(parsed),
        duplicates=len(parsed) - len(predictions),
    )


def _items(content: bytes) -> Iterator[Any]:
    """The decoded entries of a file, None for each that does not decode."""
    whole = _decode(content)
    if isinstance(whole, list):
        yield from whole
    elif isinstance(whole, dict) and "instance_id" not in whole:
        for name, entry in whole.items():
            yield {"instance_id": name, **entry} if isinstance(entry, dict) else None
    else:
        yield from (_decode(line) for line in content.split(b"\n") if line.strip())


def _decode(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def write_submission(predictions: Iterable[Prediction], model: str, path: Path) -> None:
    """Write JSONL that `run_evaluation -p` reads, every line under the one name `model`.

    ASCII escapes keep separators such as U+2028 from splitting a line; swebench splits on those.
    """
    with path.open("w", encoding="ascii") as file:
        for prediction in predictions:
            entry = {
                "instance_id": prediction.instance_id,
                "model_name_or_path": model,
                "model_patch": prediction.model_patch,
            }
            file.write(json.dumps(entry) + "\n")
