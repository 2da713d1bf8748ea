"""Evidence of neighbourhood: files that likely files import, that share their package, or that test them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from kent_agent.evidence.columns import Columns
from kent_agent.evidence.mentions import Paths, module_of
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import Record, stem_of

_AMBIGUOUS = 3  # an imported name that more files could be is none of them


def import_columns(prior: Real, paths: Paths, records: Sequence[Record]) -> Columns:
    """Likelihood of what a file imports and of what imports it.

    Args:
        prior: probability of each file.
    """
    imports = [imported_files(paths, path, record) for path, record in zip(paths.paths, records, strict=True)]
    importers = np.zeros(len(prior), dtype=np.float32)
    for targets in imports:
        importers[list(targets)] += 1
    columns = {name: np.zeros(len(prior), dtype=np.float32) for name in ("imports.of", "imports.by")}
    for i, targets in enumerate(imports):
        for j in targets:
            columns["imports.of"][i] += prior[j] / np.sqrt(1 + importers[j])
            columns["imports.by"][j] += prior[i] / np.sqrt(len(targets))
    columns["imports.many"] = np.log1p(importers)
    return columns


def imported_files(paths: Paths, path: str, record: Record) -> set[int]:
    """Numbers of the files that a file imports."""
    found: set[int] = set()
    package = module_of(path).split(".")
    if not path.endswith("__init__.py"):
        package = package[:-1]
    for name in record.about["imported"]:
        if (last := name.rpartition(".")[2]) and not paths.has_stem(last):
            continue  # most of what tests import is no file here, and need not be taken apart
        level = len(name) - len(name.lstrip("."))
        parts = [part for part in name.split(".") if part]
        if level:
            parts = package[: len(package) - level + 1] + parts
        targets = paths.of_module(parts) if len(parts) > 1 else []
        if len(targets) <= _AMBIGUOUS:
            found.update(i for i in targets if paths.paths[i] != path)
    return found


def package_columns(prior: Real, paths: Paths, records: Sequence[Record]) -> Columns:
    """Likelihood of a file's folder without the file, and what the file is."""
    folders = [path.rpartition("/")[0] for path in paths.paths]
    total: defaultdict[str, float] = defaultdict(float)
    for folder, share in zip(folders, prior.tolist(), strict=True):
        total[folder] += share
    near = np.array([total[folder] for folder in folders], dtype=np.float32) - prior
    sizes = np.array([record.about["size"] for record in records], dtype=np.float32)
    return {
        "package.near": near,
        "file.init": np.array([path.endswith("__init__.py") for path in paths.paths], dtype=np.float32),
        "file.small": (sizes < 200).astype(np.float32),
        "file.size": np.log1p(sizes),
    }


def tested_columns(alike: Mapping[str, float], imports: Mapping[str, set[int]], paths: Paths) -> Columns:
    """For each file the similarity of the issue to its tests: those named after it, and those that import it.

    Args:
        alike: similarity of the issue to each test file by path.
        imports: numbers of the files that a test imports, by its path.
    """
    columns = {name: np.zeros(len(paths.paths), dtype=np.float32) for name in ("tests.named", "tests.importing")}
    stems: defaultdict[str, list[int]] = defaultdict(list)
    for i, path in enumerate(paths.paths):
        stems[stem_of(path)].append(i)
    for test, score in alike.items():
        for name, files in (("tests.named", _tested(test, stems)), ("tests.importing", imports[test])):
            for i in files:
                columns[name][i] = max(columns[name][i], score / len(files) ** 0.5)
    return columns


def _tested(test: str, stems: Mapping[str, list[int]]) -> list[int]:
    """Files that a test's name names: all of it, else the longest part of it at either end."""
    parts = stem_of(test).removeprefix("test_").removesuffix("_test").split("_")
    for k in range(len(parts), 0, -1):
        for name in ("_".join(parts[:k]), "_".join(parts[-k:])):
            if name in stems:
                return stems[name]
    return []
