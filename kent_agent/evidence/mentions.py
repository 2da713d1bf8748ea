"""Evidence of names: paths, links, modules, definitions and traceback frames that an issue spells out."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, takewhile

import numpy as np

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.columns import Columns
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import Record, stem_of

FRAME_DECAY = 0.7  # of a frame's weight, for each frame nearer to the error
_AMBIGUOUS = 3  # a name that more files could mean says nothing
_PACKAGE = 0.5  # weight of a mentioned package's `__init__.py`: its modules are as likely


class Paths:
    """Finds the files of a repository by what a text may call them.

    Args:
        paths: of the n files.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._by_module: defaultdict[str, list[int]] = defaultdict(list)
        self._modules = [module_of(path).split(".") for path in paths]
        for i, path in enumerate(paths):
            self._by_name[path.rpartition("/")[2]].append(i)
            self._by_module[stem_of(path)].append(i)

    def of_path(self, path: str) -> list[int]:
        """Numbers of the files whose paths have the longest ending in common with a path, a whole name at least."""
        parts = path.replace("\\", "/").lstrip("./~").split("/")
        alike = {i: _common_ending(parts, self.paths[i].split("/")) for i in self._by_name.get(parts[-1], ())}
        longest = max(alike.values(), default=0)
        return [i for i, length in alike.items() if length == longest]

    def has_stem(self, stem: str) -> bool:
        """Whether a module or a package is called so."""
        return stem in self._by_module

    def of_module(self, name: Sequence[str]) -> list[int]:
        """Numbers of the files that a dotted module name, or the end of one, may mean."""
        ending = list(name)
        return [
            i
            for i in (self._by_module.get(ending[-1], ()) if ending else ())
            if self._modules[i][-len(ending) :] == ending
        ]


def _common_ending(left: Sequence[str], right: Sequence[str]) -> int:
    return sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(left), reversed(right), strict=False))
    )


def module_of(path: str) -> str:
    """The dotted name of a file's module, from the repository's root."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def mention_columns(clues: Clues, paths: Paths, records: Sequence[Record]) -> Columns:
    """Files that the issue names by path, link, module, or a member of a class."""
    columns: Columns = {}
    n = len(paths.paths)
    mentioned = (path for path in clues.issue.paths if path not in ("__init__.py", "setup.py"))
    columns["mentions.path"] = _marked(n, (paths.of_path(path) for path in mentioned))
    columns["mentions.link"] = _marked(n, (paths.of_path(link.path) for link in clues.issue.links))
    columns |= _modules(clues, paths, records)
    defined = [record.about["defined"] for record in records]
    wanted = {name for link in clues.links for name in link}
    where: defaultdict[str, set[int]] = defaultdict(set)
    for i, names in enumerate(defined):
        for name in wanted.intersection(names):
            where[name].add(i)
    columns["mentions.pair"] = _marked(n, (sorted(where[left] & where[right]) for left, right in clues.links))
    return columns


def definition_columns(clues: Clues, records: Sequence[Record]) -> Columns:
    """Files that define what the issue names; a name that many define says little."""
    asked = clues.identifiers
    defined = [asked.intersection(record.about["defined"]) for record in records]
    assigned = [asked.intersection(record.about["assigned"]) for record in records]
    definers = Counter(chain.from_iterable(defined))
    n = len(records)
    weight = {
        name: math.log(1 + n / count) / math.log(1 + n) / math.sqrt(count)
        for name, count in definers.items()
        if name in clues.named
    }
    columns = {
        f"definitions.{part}": _sums(defined, {name: weight[name] for name in names if name in weight})
        for part, names in (("title", clues.in_title), ("prose", clues.in_prose), ("code", clues.in_code))
    }
    assigners = Counter(chain.from_iterable(assigned))
    constants = {name: 1 / count for name, count in assigners.items() if name in clues.named or name.isupper()}
    columns["definitions.assigned"] = _sums(assigned, constants)
    return columns


def frame_columns(clues: Clues, paths: Paths) -> Columns:
    """Files in the issue's tracebacks; the last frame is where it broke."""
    last = np.zeros(len(paths.paths), dtype=np.float32)
    anywhere = np.zeros_like(last)
    nearest = 0
    for frame in reversed(clues.issue.frames):
        found = paths.of_path(frame.file)
        if not found or len(found) > _AMBIGUOUS:
            continue
        for i in found:
            anywhere[i] = max(anywhere[i], 1 / len(found))
            last[i] = max(last[i], FRAME_DECAY**nearest / len(found))
        nearest += 1
    return {"frames.last": last, "frames.any": anywhere}


def _modules(clues: Clues, paths: Paths, records: Sequence[Record]) -> Columns:
    module = np.zeros(len(paths.paths), dtype=np.float32)
    member = np.zeros_like(module)
    for name in clues.dotted:
        cut = next((k for k in range(len(name), 1, -1) if paths.of_module(name[:k])), 0)
        found = paths.of_module(name[:cut])
        if not cut or len(found) > _AMBIGUOUS:
            continue
        for i in found:
            weight = _PACKAGE if paths.paths[i].endswith("__init__.py") else 1.0
            module[i] = max(module[i], weight / len(found))
            if cut < len(name) and name[cut] in records[i].about["defined"]:
                member[i] = max(member[i], 1 / len(found))
    return {"mentions.module": module, "mentions.member": member}


def _marked(n: int, found: Iterable[Collection[int]]) -> Real:
    """For each of n files the share that it has of the best mention of it."""
    marks = np.zeros(n, dtype=np.float32)
    for files in found:
        for i in files:
            marks[i] = max(marks[i], 1 / len(files))
    return marks


def _sums(sets: Sequence[frozenset[str]], weight: dict[str, float]) -> Real:
    sums = [sum(weight[name] for name in weight.keys() & names) for names in sets]
    return np.log1p(np.array(sums, dtype=np.float32))
