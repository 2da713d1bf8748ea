"""Splits of SWE-bench-like rows: from the demo, a file, KENT_DATA_DIR or the dataset hub."""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kent_agent.durable import write_atomically, writing
from kent_agent.errors import DatasetError
from kent_agent.task import SWETask

Row = dict[str, Any]

DEMO = "demo"
DEMO_SPLIT = "test"
# Alias: hub dataset, the split meant when none is given, the splits there are.
ALIASES = {
    "lite": ("SWE-bench/SWE-bench_Lite", "test", ("dev", "test")),
    "verified": ("SWE-bench/SWE-bench_Verified", "test", ("test",)),
    "full": ("SWE-bench/SWE-bench", "test", ("dev", "test", "train")),
    "dev": ("SWE-bench/SWE-bench", "dev", ("dev", "test", "train")),
}
SUFFIXES = (".parquet", ".jsonl", ".json")


@dataclass(frozen=True)
class Split:
    """Rows and where they came from.

    Attributes:
        label: a name for files, e.g. `lite`, `lite-dev`, `demo`, or a path's stem.
        rows: every column as it was found; each has what `SWETask.from_row` requires, and an id of its own.
        official: (hub dataset id, split) of a split the hub knows, wherever the rows were read.
        path: the one file the rows came from, if there is one.
    """

    label: str
    rows: tuple[Row, ...]
    official: tuple[str, str] | None = None
    path: Path | None = None

    @property
    def is_demo(self) -> bool:
        """Whether these are the embedded rows, and not a file that happens to bear their name."""
        return self.label == DEMO and self.path is None and self.official is None

    def tasks(self) -> list[SWETask]:
        """What the agent may see of each row, in order."""
        return [SWETask.from_row(row) for row in self.rows]


def load_split(spec: str, subset: str | None = None) -> Split:
    """The split that `spec` names.

    Args:
        spec: an alias (lite, verified, full, dev, demo), a hub id with a slash, or a path to a .parquet,
            .jsonl or .json file or a folder of them; each may be followed by `:` and a split. A path that
            exists is meant as it stands.
        subset: `load_split("Y", subset="X")` equals `load_split("X:Y")`.

    Raises:
        DatasetError: no such split, file or column, a malformed row, or no network.
    """
    if subset is not None:
        spec = f"{subset}:{spec}"
    name, _, split = spec.rpartition(":")
    if spec == DEMO or name == DEMO:
        return _demo(split if name else DEMO_SPLIT)
    if spec in ALIASES:
        return _official(spec, ALIASES[spec][0], ALIASES[spec][1])
    if name in ALIASES:
        dataset, default, known = ALIASES[name]
        if split not in known:
            raise DatasetError(f"{name} has no split {split!r}; it has {', '.join(known)}.")
        return _official(name if split == default else f"{name}-{split}", dataset, split)
    if spec and Path(spec).exists():
        return _from_path(Path(spec), None)
    if name and Path(name).exists():
        return _from_path(Path(name), split)
    if Path(spec).suffix in SUFFIXES or Path(name).suffix in SUFFIXES:
        raise DatasetError(f"the file {spec} does not exist; check the path.")
    dataset = name or spec
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", dataset):
        split = split if name else "test"
        return _official(f"{dataset.split('/')[1].lower()}-{split}", dataset, split)
    raise DatasetError(
        f"{spec!r} is not a split; choose one of {', '.join([*ALIASES, DEMO])}, a path, or a hub id "
        "owner/name, each with :SPLIT if you like."
    )


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Writes JSON lines that `run_evaluation -d` takes, whole or not at all. Raises RunError."""
    text = "".join(json.dumps(row, default=str) + "\n" for row in rows)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)


def _demo(split: str) -> Split:
    from kent_agent import demo

    if split != DEMO_SPLIT:
        raise DatasetError(f"{DEMO} has no split {split!r}; it has {DEMO_SPLIT}.")
    return Split(DEMO, _checked(demo.load_rows(), DEMO))


def _official(label: str, dataset: str, split: str) -> Split:
    """A split the hub knows: from KENT_DATA_DIR if it is there, else from the hub."""
    files = _files_in_data_dir(dataset, split)
    rows = [row for file in files for row in _read(file)] if files else _from_hub(dataset, split)
    source = str(files[0]) if files else f"{dataset}:{split}"
    path = files[0] if len(files) == 1 else None
    return Split(_safe(label), _checked(rows, source), official=(dataset, split), path=path)


def _files_in_data_dir(dataset: str, split: str) -> list[Path]:
    """`<name>_<split>.parquet` or the like, else the files of a copy in the hub's own layout."""
    if not os.environ.get("KENT_DATA_DIR"):
        return []
    folder = Path(os.environ["KENT_DATA_DIR"])
    if not folder.is_dir():
        raise DatasetError(f"KENT_DATA_DIR names {folder}, which is not a folder; mend it or unset it.")
    name = dataset.split("/")[1]
    for suffix in SUFFIXES:
        file = folder / f"{name.lower()}_{split}{suffix}"
        if file.is_file():
            return [file]
    return sorted((folder / name / "data").glob(f"{split}-*.parquet"))


def _from_hub(dataset: str, split: str) -> list[Row]:
    remedy = (
        f"set KENT_DATA_DIR to a folder with {dataset.split('/')[1].lower()}_{split}.parquet "
        "or check the name and the network"
    )
    if not _hub_answers():
        raise DatasetError(f"{dataset}:{split} cannot be loaded, since the dataset hub does not answer; {remedy}.")
    import datasets

    try:
        return [dict(row) for row in datasets.load_dataset(dataset, split=split)]
    except Exception as error:  # of datasets, of the hub's client, or of its HTTP library
        reason = " ".join(str(error).split())
        raise DatasetError(f"{dataset}:{split} cannot be loaded from the hub ({reason}); {remedy}.") from error


def _hub_answers() -> bool:
    """Asks once; the hub's client would retry for half a minute and print each failure."""
    if os.environ.get("HF_HUB_OFFLINE"):
        return True  # then that client reads its cache
    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=10).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _from_path(path: Path, split: str | None) -> Split:
    """A file, or the files of a folder (or of its folder `data`) whose names begin with the split."""
    if path.is_file():
        if split is not None:
            raise DatasetError(f"{path} is one file, so it has no split {split!r}; leave :{split} out.")
        return Split(_safe(path.stem), _checked(_read(path), str(path)), path=path)
    files = _data_files(path) or _data_files(path / "data")
    if split is not None:
        known = ", ".join(file.name for file in files) or "no data file"
        files = [file for file in files if re.match(rf"{re.escape(split)}[-_.]", file.name)]
        if not files:
            raise DatasetError(f"{path} has no split {split!r}; it holds {known}.")
    if not files:
        raise DatasetError(f"{path} holds no {', '.join(SUFFIXES)} file; name another folder or a file.")
    label = path.absolute().name if split is None else f"{path.absolute().name}-{split}"
    rows = _checked((row for file in files for row in _read(file)), str(path))
    return Split(_safe(label), rows, path=files[0] if len(files) == 1 else None)


def _data_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*") if file.suffix in SUFFIXES and file.is_file())


def _read(path: Path) -> list[Row]:
    """The rows of one file. Raises DatasetError naming the file, and the line or row, that is malformed."""
    try:
        if path.suffix == ".parquet":
            return _read_parquet(path)
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error}); check the file.") from error
    if path.suffix == ".jsonl":
        lines = enumerate(data.split(b"\n"), start=1)
        return [_row(_parse(line, f"{path}, line {n}"), f"{path}, line {n}") for n, line in lines if line.strip()]
    if path.suffix == ".json":
        rows = _parse(data, str(path))
        if not isinstance(rows, list):
            raise DatasetError(f"{path} does not hold a JSON list of rows; write one.")
        return [_row(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1)]
    raise DatasetError(f"{path} is not a {', '.join(SUFFIXES)} file; convert it to one.")


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    except pyarrow.ArrowException as error:
        reason = " ".join(str(error).split())
        raise DatasetError(f"{path} is not a readable parquet file ({reason}); fetch it again.") from error
    return rows


def _parse(data: bytes, place: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise DatasetError(f"{place}: not valid JSON ({error}); mend or remove it.") from error


def _row(value: Any, place: str) -> Row:
    if not isinstance(value, dict):
        raise DatasetError(f"{place}: a row must be a JSON object, not {type(value).__name__}.")
    return value


def _checked(rows: Iterable[Row], source: str) -> tuple[Row, ...]:
    """The rows, after making sure that each is a task with an id that is its own and fit for file names."""
    checked = tuple(rows)
    if not checked:
        raise DatasetError(f"{source} holds no row; choose another split.")
    seen: set[str] = set()
    for row in checked:
        try:
            name = SWETask.from_row(row).instance_id
        except DatasetError as error:
            raise DatasetError(f"{source}: {error}") from error
        if not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII):
            raise DatasetError(f"{source}: the instance_id {name!r} is not fit for a file name; rename it.")
        if name in seen:
            raise DatasetError(f"{source}: the instance_id {name} occurs twice; remove one of the rows.")
        seen.add(name)
    return checked


def _safe(label: str) -> str:
    """A label as a file name: letters, digits, `_`, `.` and `-`."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", label).lstrip(".") or "split"
