"""Files that an issue names: by path, link, module, member, definition or traceback."""

import math

import pytest

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.mentions import (
    FRAME_DECAY,
    Paths,
    definition_columns,
    frame_columns,
    mention_columns,
    module_of,
)
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import RepositoryIndex, stem_of
from kent_agent.source.issue import parse_issue
from tests.conftest import CALC, TEXT
from tests.evidence.memory import Memory

TEXTS = {
    "setup.py": "",
    "src/tiny/__init__.py": "",
    "src/tiny/calc.py": CALC,
    "src/tiny/text.py": TEXT,
    "src/tiny/sub/__init__.py": "def opened():\n    pass\n",
    "src/tiny/sub/calc.py": "def add():\n    pass\n",
    **{f"src/tiny/plug{i}/base.py": "" for i in range(4)},
}
COLUMNS = ("mentions.path", "mentions.link", "mentions.module", "mentions.member", "mentions.pair")


def found_by(text: str, texts: dict[str, str] = TEXTS) -> dict[str, dict[str, float]]:
    """For each column of mentions, definitions and frames the files that have some of it."""
    source = Memory(texts)
    clues, paths = Clues.of(parse_issue(text)), Paths([entry.path for entry in source.files])
    records = RepositoryIndex(SparseItems(512)).files(source, source.files)
    columns = mention_columns(clues, paths, records) | definition_columns(clues, records) | frame_columns(clues, paths)
    assert {len(column) for column in columns.values()} == {len(texts)}
    return {
        name: {path: value for path, value in zip(paths.paths, column.tolist(), strict=True) if value}
        for name, column in columns.items()
    }


@pytest.mark.parametrize(
    ("mention", "files"),
    [
        ("src/tiny/calc.py", {"src/tiny/calc.py": 1}),
        ("tiny/calc.py", {"src/tiny/calc.py": 1}),
        ("/usr/lib/python3/site-packages/tiny/calc.py", {"src/tiny/calc.py": 1}),
        ("./src/tiny/sub/calc.py", {"src/tiny/sub/calc.py": 1}),
        ("calc.py", {"src/tiny/calc.py": 0.5, "src/tiny/sub/calc.py": 0.5}),
        ("tiny/absent.py", {}),
        ("icalc.py", {}),
        ("setup.py", {}),
        ("__init__.py", {}),
        ("sub/__init__.py", {"src/tiny/sub/__init__.py": 1}),
    ],
)
def test_a_mentioned_path_marks_the_files_it_may_mean(mention: str, files: dict[str, float]) -> None:
    assert found_by(f"It breaks\n\nSee {mention} for it.")["mentions.path"] == files


@pytest.mark.parametrize("mentions", ["calc.py and sub/calc.py", "sub/calc.py and calc.py"])
def test_of_two_mentions_a_file_has_the_better(mentions: str) -> None:
    found = found_by(f"It breaks\n\nSee {mentions} again.")["mentions.path"]
    assert found == {"src/tiny/calc.py": 0.5, "src/tiny/sub/calc.py": 1}


def test_a_path_has_the_longest_common_ending() -> None:
    paths = Paths(["a/core.py", "b/core.py", "core.py"])
    assert paths.of_path("b\\core.py") == [1]
    assert paths.of_path("c/core.py") == [0, 1, 2]
    assert paths.of_path("~/b/core.py") == [1]
    assert paths.of_path("") == []


def test_a_link_marks_its_file() -> None:
    found = found_by("It breaks\n\nhttps://github.com/acme/tiny/blob/main/src/tiny/text.py#L3-L5 is wrong.")
    assert found["mentions.link"] == {"src/tiny/text.py": 1}
    assert found["mentions.path"] == {}


@pytest.mark.parametrize(
    ("name", "module", "member"),
    [
        ("tiny.calc", {"src/tiny/calc.py": 1}, {}),
        ("tiny.calc.add", {"src/tiny/calc.py": 1}, {"src/tiny/calc.py": 1}),
        ("tiny.calc.unknown", {"src/tiny/calc.py": 1}, {}),
        ("tiny.text.Words.count", {"src/tiny/text.py": 1}, {"src/tiny/text.py": 1}),
        ("tiny.sub.calc.add", {"src/tiny/sub/calc.py": 1}, {"src/tiny/sub/calc.py": 1}),
        ("tiny.sub.opened", {"src/tiny/sub/__init__.py": 0.5}, {"src/tiny/sub/__init__.py": 1}),
        ("calc.add", {}, {}),
        ("other.calc", {}, {}),
        ("plug1.base", {"src/tiny/plug1/base.py": 1}, {}),
    ],
)
def test_a_dotted_name_marks_its_module_and_what_that_defines(
    name: str, module: dict[str, float], member: dict[str, float]
) -> None:
    for text in (f"It breaks\n\nSee {name} for it.", f"It breaks\n\n```\n{name}(1)\n```"):
        found = found_by(text)
        assert (found["mentions.module"], found["mentions.member"]) == (module, member)


def test_imports_of_the_issues_code_are_modules() -> None:
    from_import = found_by("It breaks\n\n```\nfrom tiny.calc import add, mean\n```")
    aliased = found_by("It breaks\n\n```\nimport tiny.calc as c\nc.add(1, 2)\n```")
    for found in (from_import, aliased):
        assert found["mentions.module"] == found["mentions.member"] == {"src/tiny/calc.py": 1}


def test_a_module_that_many_files_could_be_is_none_of_them() -> None:
    few = {f"p{i}/core/base.py": "" for i in range(3)}
    assert found_by("See core.base", few)["mentions.module"] == pytest.approx(dict.fromkeys(few, 1 / 3))
    assert found_by("See core.base", few | {"p3/core/base.py": ""})["mentions.module"] == {}


def test_a_class_and_its_method_mark_the_file_that_defines_both() -> None:
    texts = TEXTS | {"src/tiny/half.py": "class Words:\n    pass\n"}
    assert found_by("Words.count is off", texts)["mentions.pair"] == {"src/tiny/text.py": 1}
    assert found_by("Words of count are off", texts)["mentions.pair"] == {}
    twice = texts | {"src/tiny/again.py": TEXT}
    found = found_by("Words.count is off", twice)["mentions.pair"]
    assert found == {"src/tiny/text.py": 0.5, "src/tiny/again.py": 0.5}


def test_nothing_is_mentioned_where_nothing_is_named() -> None:
    found = found_by("It breaks\n\nWhen I add numbers, the mean count is off.")
    assert {name: files for name, files in found.items() if files} == {}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("get_mean is off", "definitions.title"),
        ("It breaks\n\nget_mean is off", "definitions.prose"),
        ("It breaks\n\n```\nget_mean(1)\n```", "definitions.code"),
    ],
)
def test_a_definition_counts_where_the_issue_names_it_and_more_the_fewer_files_have_it(text: str, column: str) -> None:
    def value(files: int) -> float:
        texts = {f"{i}.py": "def get_mean():\n    pass\n" if i < files else "" for i in range(10)}
        found = found_by(text, texts)
        assert {name for name, marked in found.items() if marked} == {column}
        assert len(found[column]) == files
        return found[column]["0.py"]

    assert value(1) == pytest.approx(math.log(2))
    assert value(1) > 1.3 * value(2) > 1.3 * value(5) > 0


def test_two_definitions_are_more_than_one() -> None:
    texts = {"one.py": "def get_mean(): ...\n", "two.py": "def get_sum(): ...\ndef get_median(): ...\n", "none.py": ""}
    found = found_by("It breaks\n\nget_mean, get_sum and get_median are off", texts)["definitions.prose"]
    assert found["two.py"] > found["one.py"] > 0


def test_a_constant_marks_the_files_that_assign_it() -> None:
    texts = {
        "a.py": "LIMIT = 3\n",
        "b.py": "def f():\n    LIMIT = 3\n",
        "c.py": "limit = 1\n",
        "d.py": "max_size = 1\n",
    }
    assert found_by("the LIMIT is ignored", texts)["definitions.assigned"] == {"a.py": pytest.approx(math.log(2))}
    assert found_by("the limit is ignored", texts)["definitions.assigned"] == {}
    assert found_by("max_size is ignored", texts)["definitions.assigned"].keys() == {"d.py"}


TRACEBACK = """It breaks

```
Traceback (most recent call last):
  File "/home/ann/run.py", line 3, in <module>
    main()
  File "/site-packages/tiny/text.py", line 11, in count
    return add(len(self.words), 0)
  File "/site-packages/tiny/sub/calc.py", line 6, in add
    return left - right
  File "/usr/lib/python3/numbers.py", line 9, in __sub__
    raise
ValueError: no good
```
"""


def test_the_last_frame_of_the_repository_counts_most() -> None:
    found = found_by(TRACEBACK)
    assert found["frames.any"] == {"src/tiny/text.py": 1, "src/tiny/sub/calc.py": 1}
    assert found["frames.last"] == pytest.approx({"src/tiny/sub/calc.py": 1, "src/tiny/text.py": FRAME_DECAY})


def test_a_frame_that_several_files_could_be_is_shared_among_few_and_none_of_many() -> None:
    found = found_by('It breaks\n\n  File "sub/../calc.py", line 1, in add\n  File "base.py", line 1, in f')
    halves = {"src/tiny/calc.py": 0.5, "src/tiny/sub/calc.py": 0.5}
    assert found["frames.any"] == found["frames.last"] == halves


@pytest.mark.parametrize(
    ("path", "module", "stem"),
    [
        ("src/a/b.py", "src.a.b", "b"),
        ("src/a/__init__.py", "src.a", "a"),
        ("b.py", "b", "b"),
        ("__init__.py", "__init__", "__init__"),
    ],
)
def test_a_path_has_a_module_and_a_stem(path: str, module: str, stem: str) -> None:
    assert (module_of(path), stem_of(path)) == (module, stem)
