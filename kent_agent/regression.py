"""Which existing tests have most to do with an edit: of those that are selected, by import, by name, by words.

A pure function of a snapshot and the edited places; nothing is run, and no field of the dataset tells which tests
there are.
"""

import ast
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kent_agent.evidence.mentions import module_of
from kent_agent.repository_index import stem_of
from kent_agent.source.outline import Bag, outline, word_bag
from kent_agent.source.selection import Selection, selection
from kent_agent.source.symbols import parse, symbols
from kent_agent.workspace import RepoSnapshot

MODULE = "<module>"
_WEIGHTS: Mapping[str, float] = {"import": 2.0, "name": 2.0, "file name": 2.0, "call": 3.0, "words": 3.0}
_SHORTLIST = 30  # test files whose functions are looked at
_COMMON = frozenset("__init__ __call__ __new__ main run get set add".split())  # names that mean little by themselves


@dataclass(frozen=True)
class EditedPlace:
    """A symbol that is edited: its file and its qualified name, `<module>` for the file's own lines."""

    path: str
    symbol: str = MODULE

    @property
    def name(self) -> str:
        """Its last name; the module's where it is none."""
        return stem_of(self.path) if self.symbol == MODULE else self.symbol.rpartition(".")[2]


@dataclass(frozen=True)
class RelatedTest:
    """A test function.

    Attributes:
        path: of its file.
        name: qualified, `Class.method` or `function`.
        score: higher for more closely related; comparable within one ranking only.
        reasons: what relates it: `import`, `file name`, `name`, `call`, `words`.
    """

    path: str
    name: str
    score: float
    reasons: tuple[str, ...]

    @property
    def node_id(self) -> str:
        """As pytest names it."""
        return "::".join([self.path, *self.name.split(".")])


def related_tests(
    snapshot: RepoSnapshot, places: Sequence[EditedPlace], tests: Selection, limit: int = 50
) -> list[RelatedTest]:
    """The test functions most related to edited places, best first; ties in the order of paths and lines.

    A repository without tests has none.

    Args:
        snapshot: the repository.
        places: that are edited.
        tests: what of the repository is its tests.
        limit: how many at most.
    """
    paths = [entry.path for entry in snapshot.files if tests.holds(entry.path)]
    texts = {path: text for path, text in zip(paths, snapshot.read_texts(paths), strict=True) if text}
    sources = {place.path: snapshot.read_text(place.path) or "" for place in places}
    wanted = [_Wanted.of(place, sources[place.path]) for place in places]
    return _ranked(texts, wanted)[:limit]


def selected_tests(snapshot: RepoSnapshot) -> Selection:
    """What of a repository is its tests, by its own configuration."""
    return selection([entry.path for entry in snapshot.files], snapshot.read_text)


def related_files(tests: Iterable[RelatedTest]) -> list[str]:
    """The files of ranked tests, each once, by their best."""
    return list(dict.fromkeys(test.path for test in tests))


@dataclass(frozen=True)
class _Wanted:
    """An edited place with what its tests would mention."""

    place: EditedPlace
    module: str
    names: frozenset[str]
    words: Bag

    @classmethod
    def of(cls, place: EditedPlace, source: str) -> "_Wanted":
        module = module_of(place.path).removeprefix("src.").removeprefix("lib.")
        own = next((symbol for symbol in symbols(source) if symbol.name == place.symbol), None)
        lines = source.split("\n")[own.start - 1 : own.end] if own else []
        around = place.symbol.split(".") if place.symbol != MODULE else []
        names = {name for name in around if name not in _COMMON} or ({place.name} - _COMMON)
        return cls(place, module, frozenset(names), word_bag("\n".join(lines)))


def _ranked(texts: Mapping[str, str], wanted: Sequence[_Wanted]) -> list[RelatedTest]:
    """The test functions in some files, best first."""
    bags = {path: word_bag(text) for path, text in texts.items()}
    likeness = _Likeness(list(bags.values()), [each.words for each in wanted])
    files = {path: _file_reasons(path, text, wanted) for path, text in texts.items()}
    scores = {path: _total({**files[path], "words": likeness.of(bags[path])}) for path in texts}
    order = sorted(texts, key=lambda path: (-scores[path], path))[:_SHORTLIST]
    found = [test for path in order for test in _functions(path, texts[path], files[path], wanted, likeness)]
    return sorted(found, key=lambda test: -test.score)


def _file_reasons(path: str, text: str, wanted: Sequence[_Wanted]) -> dict[str, float]:
    """What relates a whole test file, each in [0, 1]."""
    imported = outline(text).imported
    stem = stem_of(path).removeprefix("test_").removesuffix("_test").removesuffix("_tests")
    reasons = {"import": 0.0, "file name": 0.0}
    for each in wanted:
        reasons["import"] = max(reasons["import"], *(_imports(name, each) for name in imported), 0.0)
        target = stem_of(each.place.path).strip("_")
        if stem == target:
            reasons["file name"] = 1.0
        elif target in stem.split("_") or target in path.split("/") or stem.startswith(f"{target}_"):
            reasons["file name"] = max(reasons["file name"], 0.5)
    return {name: value for name, value in reasons.items() if value}


def _imports(name: str, wanted: _Wanted) -> float:
    """How closely an imported dotted name means an edited place: the symbol, its module, a package around it."""
    module, last = wanted.module, name.rpartition(".")[2]
    if name == module or (name.startswith(f"{module}.") and last in wanted.names):
        return 1.0
    if name.startswith(f"{module}.") or (last in wanted.names and module.startswith(name.split(".")[0] + ".")):
        return 0.8
    around = name.lstrip(".") and (module.endswith(f".{name.lstrip('.')}") or module.startswith(f"{name}."))
    return 0.3 if around else 0.0


def _functions(
    path: str, text: str, of_file: Mapping[str, float], wanted: Sequence[_Wanted], likeness: "_Likeness"
) -> Iterator[RelatedTest]:
    lines = text.split("\n")
    try:
        found = list(_tests(parse(text), ""))
    except SyntaxError:
        return
    for name, start, end in found:
        body = "\n".join(lines[start - 1 : end])
        reasons = dict(of_file)
        parts = set(name.lower().replace(".", "_").split("_"))
        for each in wanted:
            for target in each.names:
                if re.search(rf"\b{re.escape(target)}\b", body):
                    reasons["call"] = 1.0
                if target.lower() in name.lower() or set(target.lower().strip("_").split("_")) <= parts:
                    reasons["name"] = 1.0
        reasons["words"] = likeness.of(word_bag(body))
        score = _total(reasons)
        yield RelatedTest(path, name, score, tuple(sorted(reason for reason, value in reasons.items() if value > 0.1)))


def _tests(node: ast.AST, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Names and lines of the functions that a runner would collect."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            if child.bases or child.name.startswith("Test"):
                yield from _tests(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(child):
            yield prefix + child.name, child.lineno, child.end_lineno or child.lineno


def _is_test(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is called like a test, and is no fixture."""
    called = [getattr(each, "func", each) for each in function.decorator_list]
    names = [getattr(each, "attr", getattr(each, "id", "")) for each in called]
    return function.name.startswith("test") and "fixture" not in names


def _total(reasons: Mapping[str, float]) -> float:
    return sum(_WEIGHTS[name] * value for name, value in reasons.items())


class _Likeness:
    """How alike a text's words are to those of the likest edited symbol: cosine of damped counts times rarity.

    Args:
        documents: terms of the texts that tell how rare each term is.
        wanted: terms of the edited symbols.
    """

    def __init__(self, documents: Sequence[Bag], wanted: Sequence[Bag]) -> None:
        count = Counter(term for bag in documents for term in bag)
        self._rarity = {term: math.log(1 + len(documents) / n) for term, n in count.items()}
        self._wanted = [self._unit(bag) for bag in wanted]

    def of(self, bag: Bag) -> float:
        """In [0, 1]."""
        unit = self._unit(bag)
        return max((sum(unit.get(term, 0.0) * v for term, v in each.items()) for each in self._wanted), default=0.0)

    def _unit(self, bag: Bag) -> Bag:
        weighted = {term: math.log1p(count) * self._rarity.get(term, 0.0) for term, count in bag.items()}
        norm = math.sqrt(sum(value * value for value in weighted.values())) or 1.0
        return {term: value / norm for term, value in weighted.items()}
