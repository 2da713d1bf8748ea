"""What a likely file imports, what imports it, what lies beside it, and what its tests say."""

from collections.abc import Mapping

import numpy as np
import pytest

from kent_agent.evidence import neighbours
from kent_agent.evidence.mentions import Paths
from kent_agent.evidence.neighbours import import_columns, imported_files, package_columns
from kent_agent.hdc.sparse import SparseItems
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import Record, RepositoryIndex
from tests.evidence.memory import Memory


def read(texts: Mapping[str, str]) -> tuple[Paths, list[Record]]:
    source = Memory(texts)
    paths = Paths([entry.path for entry in source.files])
    return paths, RepositoryIndex(SparseItems(512)).files(source, source.files)


def likely(paths: Paths, path: str) -> Real:
    return np.array([each == path for each in paths.paths], dtype=np.float32)


def some(paths: Paths, column: Real) -> dict[str, float]:
    return {path: value for path, value in zip(paths.paths, column.tolist(), strict=True) if value}


TEXTS = {
    "src/tiny/__init__.py": "from .calc import add\n",
    "src/tiny/calc.py": "import os\n",
    "src/tiny/text.py": "from tiny.calc import add\nfrom tiny import calc\n",
    "src/tiny/deep/__init__.py": "",
    "src/tiny/deep/leaf.py": "from ..calc import add\nfrom . import other\nfrom .other import name\nimport tiny.text\n",
    "src/tiny/deep/other.py": "import calc\nfrom .other import me\n",
}


@pytest.mark.parametrize(
    ("path", "imported"),
    [
        ("src/tiny/__init__.py", {"src/tiny/calc.py"}),
        ("src/tiny/calc.py", set()),
        ("src/tiny/text.py", {"src/tiny/calc.py"}),
        (
            "src/tiny/deep/leaf.py",
            {"src/tiny/calc.py", "src/tiny/deep/other.py", "src/tiny/text.py", "src/tiny/deep/__init__.py"},
        ),
        ("src/tiny/deep/other.py", set()),
    ],
    ids=["package", "library", "absolute", "relative", "no package, and itself"],
)
def test_imports_are_resolved_to_files(path: str, imported: set[str]) -> None:
    paths, records = read(TEXTS)
    found = imported_files(paths, path, records[paths.paths.index(path)])
    assert {paths.paths[i] for i in found} == imported


def test_an_import_that_many_files_could_be_is_none_of_them() -> None:
    texts = {f"p{i}/core/base.py": "" for i in range(3)} | {"x/use.py": "import core.base\n"}
    paths, records = read(texts)
    assert len(imported_files(paths, "x/use.py", records[-1])) == 3
    paths, records = read(texts | {"p3/core/base.py": ""})
    assert imported_files(paths, "x/use.py", records[-1]) == set()


STAR = {
    "p/hub.py": "",
    "p/one.py": "import p.hub\n",
    "p/two.py": "import p.hub, p.leaf\n",
    "p/leaf.py": "",
    "p/alone.py": "",
}


def test_importers_of_a_likely_file_are_likely_the_less_the_more_there_are() -> None:
    paths, records = read(STAR)
    of_hub = import_columns(likely(paths, "p/hub.py"), paths, records)["imports.of"]
    assert some(paths, of_hub) == pytest.approx({"p/one.py": 3**-0.5, "p/two.py": 3**-0.5})
    of_leaf = import_columns(likely(paths, "p/leaf.py"), paths, records)["imports.of"]
    assert some(paths, of_leaf) == pytest.approx({"p/two.py": 2**-0.5})


def test_what_a_likely_file_imports_is_likely_the_less_the_more_it_imports() -> None:
    paths, records = read(STAR)
    by_one = import_columns(likely(paths, "p/one.py"), paths, records)["imports.by"]
    assert some(paths, by_one) == pytest.approx({"p/hub.py": 1})
    by_two = import_columns(likely(paths, "p/two.py"), paths, records)["imports.by"]
    assert some(paths, by_two) == pytest.approx({"p/hub.py": 2**-0.5, "p/leaf.py": 2**-0.5})


def test_a_file_is_known_by_how_many_import_it() -> None:
    paths, records = read(STAR)
    many = import_columns(likely(paths, "p/alone.py"), paths, records)["imports.many"]
    assert some(paths, many) == pytest.approx({"p/hub.py": np.log(3), "p/leaf.py": np.log(2)})


def test_a_file_beside_a_likely_one_is_likely_and_that_one_is_not_for_itself() -> None:
    paths, records = read({"p/a.py": "", "p/b.py": "", "p/q/c.py": "", "d.py": ""})
    columns = package_columns(np.array([0.1, 0.6, 0.1, 0.2], dtype=np.float32), paths, records)
    assert paths.paths == ["d.py", "p/a.py", "p/b.py", "p/q/c.py"]
    assert columns["package.near"] == pytest.approx([0, 0.1, 0.6, 0], abs=1e-6)


def test_packages_and_small_files_are_flagged_and_size_is_a_logarithm() -> None:
    texts = {"p/__init__.py": "x" * 199, "p/a.py": "x" * 200, "p/init.py": ""}
    paths, records = read(texts)
    columns = package_columns(np.zeros(3, dtype=np.float32), paths, records)
    assert some(paths, columns["file.init"]) == {"p/__init__.py": 1}
    assert some(paths, columns["file.small"]) == {"p/__init__.py": 1, "p/init.py": 1}
    assert columns["file.size"] == pytest.approx(np.log([200, 201, 1]), abs=1e-5)


@pytest.mark.parametrize(
    ("test", "named"),
    [
        ("tests/test_calc.py", {"p/calc.py": 0.8}),
        ("tests/calc_test.py", {"p/calc.py": 0.8}),
        ("tests/test_calc_overflow.py", {"p/calc.py": 0.8}),
        ("tests/test_slow_calc.py", {"p/calc.py": 0.8}),
        ("tests/test_read_file.py", {"p/read_file.py": 0.8}),
        ("tests/test_read.py", {"p/read.py": 0.8 * 2**-0.5, "q/read.py": 0.8 * 2**-0.5}),
        ("tests/test_deep.py", {"p/deep/__init__.py": 0.8}),
        ("tests/test_else.py", {}),
    ],
)
def test_a_test_that_sounds_like_the_issue_speaks_for_what_its_name_names(test: str, named: dict[str, float]) -> None:
    files = ("p/calc.py", "p/read.py", "q/read.py", "p/read_file.py", "p/deep/__init__.py", "p/file.py")
    paths, _ = read(dict.fromkeys(files, ""))
    columns = neighbours.tested_columns({test: 0.8}, {test: set()}, paths)
    assert some(paths, columns["tests.named"]) == pytest.approx(named)
    assert some(paths, columns["tests.importing"]) == {}


def test_a_test_speaks_for_what_it_imports_and_the_best_test_counts() -> None:
    paths = Paths(["a.py", "b.py", "c.py"])
    alike = {"test_x.py": 0.5, "test_y.py": 0.9, "test_z.py": -0.1}
    columns = neighbours.tested_columns(alike, {"test_x.py": {0}, "test_y.py": {0, 1}, "test_z.py": {2}}, paths)
    assert some(paths, columns["tests.importing"]) == pytest.approx({"a.py": 0.9 * 2**-0.5, "b.py": 0.9 * 2**-0.5})
    assert some(paths, columns["tests.named"]) == {}


def test_without_tests_nothing_is_tested() -> None:
    columns = neighbours.tested_columns({}, {}, Paths(["a.py"]))
    assert {name: column.tolist() for name, column in columns.items()} == {
        "tests.named": [0],
        "tests.importing": [0],
    }
