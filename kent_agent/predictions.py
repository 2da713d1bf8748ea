"""What a run leaves on disk, and how it survives whatever ends the run.

    predictions/<name>.jsonl                 one line an instance, as swebench reads it; only ever appended to
    predictions/<name>/run.json              the settings that shaped those lines
    predictions/<name>/status.jsonl          one line for each error or timeout
    predictions/<name>/trajectories/*.json   how each answer was found; written before its prediction
    predictions/<name>/scratch/              the workers' temporary files, while a run goes on
    predictions/<name>/lock                  held by the one process that writes here

A line is written in one piece and fsynced, or taken back. Every other file is written beside its place and
renamed.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kent_agent.durable import JsonLines, sync_folder, write_atomically, writing
from kent_agent.errors import RunError

UNCOMPARED = "options"
"""The setting that is kept for the record only: it decides how far a run comes, not what a patch says."""


class Status(StrEnum):
    """How an instance ended. The first two have a prediction; the last two are tried again on resume."""

    SUBMITTED = "submitted"
    ABSTAINED = "abstained"
    ERROR = "error"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Outcome:
    """What became of one instance.

    Attributes:
        reason: why there is no patch; empty for a submitted one.
        seconds: wall-clock time in the worker.
        model_patch: the unified diff; empty unless submitted.
        trajectory: the agent's evidence as JSON text; empty after an error or timeout.
    """

    instance_id: str
    status: Status
    reason: str
    seconds: float
    model_patch: str = ""
    trajectory: str = ""


def safe_name(name: str) -> str:
    """`name` as a file name: every run of characters outside `A-Za-z0-9._-` becomes one underscore."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".-") or "unnamed"


class PredictionStore:
    """The predictions file `<name>.jsonl` and its folder `<name>/`, open for one writer as a context manager.

    Raises (on entering):
        RunError: another run writes here, a file cannot be written, or the predictions are malformed.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix != ".jsonl":
            raise RunError(f"{path} must end with .jsonl: the official harness tells the format by it.")
        self.path = path
        self.folder = path.with_suffix("")
        self.trajectories = self.folder / "trajectories"
        self.scratch = (self.folder / "scratch").resolve()
        self._sidecar = self.folder / "run.json"

    def __enter__(self) -> Self:
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / "lock", self.path)
        try:
            with writing(self.path):
                _finish_replacement(self)
                self.trajectories.mkdir(exist_ok=True)
                shutil.rmtree(self.scratch, ignore_errors=True)  # of a run that was killed
                self.scratch.mkdir(exist_ok=True)
            self._open_lines()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def _open_lines(self) -> None:
        if self.path.exists() and self.path.stat().st_size and not self._sidecar.exists():
            raise RunError(
                f"{self.path} has predictions, but {self._sidecar}, which tells how they were made, "
                "is missing: choose another file with -o, or move this one away."
            )
        self._predictions = JsonLines(self.path, ("instance_id", "model_name_or_path", "model_patch"))
        try:
            if repeated := [i for i, n in Counter(r["instance_id"] for r in self.records).items() if n > 1]:
                raise RunError(f"{self.path} answers {repeated[0]} more than once; remove all of its lines but one.")
            self._statuses = JsonLines(self.folder / "status.jsonl", ("instance_id", "status"))
        except BaseException:
            self._predictions.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._statuses.close()
        self._predictions.close()
        os.close(self._lock)

    @property
    def records(self) -> list[dict[str, Any]]:
        """The predictions in the order of their lines."""
        return self._predictions.records

    @property
    def answered(self) -> set[str]:
        """The instance ids that have a prediction."""
        return {record["instance_id"] for record in self.records}

    def trajectory_path(self, instance_id: str) -> Path:
        """Where an instance's trajectory lies; an id that is no file name gets a hash to stay distinct."""
        name = safe_name(instance_id)
        if name != instance_id:
            name += "-" + hashlib.sha256(instance_id.encode()).hexdigest()[:8]
        return self.trajectories / f"{name}.json"

    def record(self, outcome: Outcome, model_name: str) -> None:
        """Keeps an outcome: a prediction after its trajectory, or one status record.

        Raises:
            RunError: the disk does not take it; everything recorded before is kept.
        """
        if outcome.status in (Status.SUBMITTED, Status.ABSTAINED):
            write_atomically(self.trajectory_path(outcome.instance_id), outcome.trajectory)
            self._predictions.append(
                {
                    "instance_id": outcome.instance_id,
                    "model_name_or_path": model_name,
                    "model_patch": outcome.model_patch,
                }
            )
        else:
            earlier = sum(r["instance_id"] == outcome.instance_id for r in self._statuses.records)
            self._statuses.append(
                {
                    "instance_id": outcome.instance_id,
                    "status": outcome.status.value,
                    "reason": outcome.reason,
                    "seconds": round(outcome.seconds, 3),
                    "attempt": earlier + 1,
                }
            )

    def changed_settings(self, settings: Mapping[str, Any]) -> str:
        """How `settings` differ from those behind the predictions here, in words; empty if they do not."""
        if not self.records:
            return ""
        try:
            before = json.loads(self._sidecar.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return f"{self._sidecar.name} cannot be read"
        if not isinstance(before, dict):
            return f"{self._sidecar.name} is malformed"
        names = [name for name in {**settings, **before} if name != UNCOMPARED]
        return ", ".join(
            f"{name} was {_short(before.get(name))} and is {_short(settings.get(name))}"
            for name in names
            if before.get(name) != settings.get(name)
        )

    def resume(self, settings: Mapping[str, Any]) -> None:
        """Goes on where the last run ended.

        Raises:
            RunError: the predictions here were made under other settings.
        """
        if changed := self.changed_settings(settings):
            raise RunError(
                f"{self.path} was written under other settings ({changed}): go on under those, "
                "write elsewhere with -o, or begin anew with --redo-existing."
            )
        write_atomically(self._sidecar, json.dumps(dict(settings), indent=1) + "\n")

    def redo(self, settings: Mapping[str, Any], selected: set[str]) -> Self:
        """A store aside, not yet entered, whose predictions are to replace the ones here by `replace_by`.

        What an interrupted redo under the same settings left there is gone on with, any other is thrown away.

        Raises:
            RunError: predictions outside `selected` were made under other settings, so they could be
                neither kept nor replaced.
        """
        outside = [record for record in self.records if record["instance_id"] not in selected]
        if outside and (changed := self.changed_settings(settings)):
            raise RunError(
                f"{self.path} has {len(outside)} predictions outside this selection, made under other "
                f"settings ({changed}): redo them too, or write elsewhere with -o."
            )
        aside = type(self)(_aside(self.path))
        with writing(aside.path):
            if not aside._sidecar.exists():
                shutil.rmtree(aside.folder, ignore_errors=True)
                aside.path.unlink(missing_ok=True)
        with aside:
            stale = bool(aside.changed_settings(settings))
        if stale:
            with writing(aside.path):
                aside.path.unlink()
                shutil.rmtree(aside.folder)
        with aside:
            aside.resume(settings)
            for record in outside:
                if record["instance_id"] not in aside.answered:
                    aside._adopt(record, self.trajectory_path(record["instance_id"]))
        return aside

    def _adopt(self, record: dict[str, Any], trajectory: Path) -> None:
        with suppress(FileNotFoundError):
            write_atomically(self.trajectories / trajectory.name, trajectory.read_text(encoding="utf-8"))
        self._predictions.append(record)

    def replace_by(self, aside: Self) -> None:
        """Puts the predictions of `aside`, closed by now, in the place of the ones here, whole until now.

        The predictions file changes in one rename. A kill in the middle of the rest is made good when the
        store is next entered: the mark says that `aside` is complete.
        """
        write_atomically(aside.folder / _COMPLETE, "")
        with writing(self.path):
            _finish_replacement(self)


_COMPLETE = "complete"


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.redo.jsonl")


def _finish_replacement(store: PredictionStore) -> None:
    """Every step may already have been taken by a process that was killed after it."""
    path = _aside(store.path)
    folder = path.with_suffix("")
    if not (folder / _COMPLETE).exists():
        return
    if path.exists():
        path.replace(store.path)
        sync_folder(store.path.parent)
    for name in ("status.jsonl", "run.json"):
        if (folder / name).exists():
            (folder / name).replace(store.folder / name)
    if (folder / "trajectories").exists():
        if store.trajectories.exists():
            shutil.rmtree(store.trajectories)
        (folder / "trajectories").rename(store.trajectories)
    shutil.rmtree(folder)


def _locked(path: Path, predictions: Path) -> int:
    """The descriptor of a lock that the kernel takes back when the process ends, however it ends."""
    with writing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise RunError(f"Another run is writing {predictions}: wait for it, or choose another file with -o.") from None
    except OSError as error:
        os.close(descriptor)
        raise RunError(f"{path} cannot be locked ({error.strerror}): choose another folder with -o.") from error
    return descriptor


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "…"
