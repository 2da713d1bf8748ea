"""Symbols against an issue: their words, their names, tracebacks, what they are, and whom they call."""

from collections.abc import Mapping

import numpy as np
import pytest

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.mentions import FRAME_DECAY
from kent_agent.evidence.places import Place, place_columns, places_of
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from tests.evidence.memory import Memory

INDEX = RepositoryIndex(SparseItems(16_000))
CALC = '''\
def add(left, right):
    """Gizmo."""
    cheese = 1
    return left - right


def mean(values):
    total = add(values, 0)
    return total / len(values)


def unrelated():
    first = 1
    second = 2
    return third
'''
TEXT = """\
class Words:
    def __init__(self, text):
        self.words = text

    def __len__(self): return 1

    def _count(self):
        return mean(self.words) + median()

    def split(self):
        return self._count()


class Lines:
    def split(self):
        words = 3
        return words


def median(): return 1
"""
TEXTS = {"src/tiny/calc.py": CALC, "src/tiny/text.py": TEXT}


def places_in(texts: Mapping[str, str]) -> list[Place]:
    source = Memory(texts)
    return places_of([entry.path for entry in source.files], INDEX.symbols(source, source.files))


def found_by(
    text: str, texts: Mapping[str, str] = TEXTS, prior: Mapping[str, float] = {}
) -> dict[str, dict[str, float]]:
    """For each column its values by symbol; `prior` is the log likelihood of files."""
    source = Memory(texts)
    records = INDEX.symbols(source, source.files)
    places = places_of([entry.path for entry in source.files], records)
    logs = np.array([prior.get(place.path, 0.0) for place in places], dtype=np.float32)
    columns = place_columns(Clues.of(parse_issue(text)), INDEX, places, records, logs)
    names = [f"{place.path.rpartition('/')[2].removesuffix('.py')}:{place.symbol.name}" for place in places]
    return {name: dict(zip(names, column.tolist(), strict=True)) for name, column in columns.items()}


def some(column: Mapping[str, float], noise: float = 0.1) -> set[str]:
    return {name for name, value in column.items() if value > noise}


def test_places_are_the_symbols_of_the_files_with_their_lines_and_calls() -> None:
    places = {place.symbol.name: place for place in places_in(TEXTS) if place.path == "src/tiny/text.py"}
    assert list(places) == [
        *("<module>", "Words", "Words.__init__", "Words.__len__", "Words._count", "Words.split"),
        *("Lines", "Lines.split", "median"),
    ]
    count = places["Words._count"]
    assert (count.last, count.around, count.lines) == ("_count", ("Words",), 2)
    assert {"mean", "median"} <= count.calls
    assert (count.symbol.kind, count.symbol.start, count.symbol.end) == ("function", 7, 8)
    assert (places["median"].last, places["median"].around) == ("median", ())


def test_words_find_symbols_by_name_docstring_and_body() -> None:
    columns = found_by("The gizmo")
    assert some(columns["prose.title"]) == some(columns["prose.all"]) == {"calc:add"}
    assert some(columns["body.title"]) == some(columns["body.all"]) == {"calc:add"}
    assert some(columns["body.title_length"]) == some(columns["body.all_length"]) == {"calc:add"}
    assert some(columns["names.all"]) == some(columns["body.code"]) == set()
    columns = found_by("The mean of words")
    assert some(columns["names.title"]) == some(columns["names.all"]) == {"calc:mean", "text:Words"}
    inside = {"text:Words.__init__", "text:Words.__len__", "text:Words._count", "text:Words.split"}
    for part in ("title", "all"):
        assert some(columns[f"names.{part}_qualified"]) == {"calc:mean", "text:Words"} | inside


def test_the_title_and_the_code_ask_for_their_own_words() -> None:
    columns = found_by("The gizmo\n\n```\nthird\n```")
    assert some(columns["body.title"]) == {"calc:add"}
    assert some(columns["body.code"]) == {"calc:unrelated"}
    assert some(columns["body.all"]) == {"calc:add", "calc:unrelated"}


def test_a_longer_symbol_has_more_of_the_length_column() -> None:
    texts = {"a.py": "def short():\n    gizmo\n\ndef long():\n    gizmo\n" + "".join(f"    w{i}\n" for i in range(40))}
    columns = found_by("The gizmo", texts)
    for part in ("title", "all"):
        plain, length = columns[f"body.{part}"], columns[f"body.{part}_length"]
        assert length["a:long"] / plain["a:long"] > 2 * length["a:short"] / plain["a:short"] > 0


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("_count is off", "definitions.title"),
        ("It breaks\n\n_count.x is off", "definitions.prose"),
        ("It breaks\n\n```\n_count()\n```", "definitions.code"),
    ],
)
def test_a_named_symbol_is_defined_there(text: str, column: str) -> None:
    columns = found_by(text.replace("_count is", "Words._count is"))
    assert columns[column]["text:Words._count"] == 1
    assert columns["names.any"]["text:Words._count"] == 1
    assert columns[column]["calc:add"] == columns["names.any"]["calc:add"] == 0


def test_a_name_that_several_symbols_share_says_less() -> None:
    column = found_by("It breaks\n\n```\nx.split()\n```")["definitions.code"]
    assert {name: value for name, value in column.items() if value} == pytest.approx(
        {"text:Words.split": 2**-0.5, "text:Lines.split": 2**-0.5}
    )


def test_a_plain_word_of_prose_is_no_name() -> None:
    columns = found_by("The mean\n\nI add, split and count.")
    for name in ("definitions.title", "definitions.prose", "definitions.code", "names.any", "names.parent"):
        assert some(columns[name]) == set()


def test_a_class_and_its_method_are_a_pair_but_not_another_class() -> None:
    columns = found_by("Words.split is off")
    assert some(columns["names.pair"]) == {"text:Words.split"}
    assert some(columns["names.any"]) == {"text:Words", "text:Words.split", "text:Lines.split"}
    assert some(columns["names.module_pair"]) == set()


def test_a_module_and_its_function_are_a_pair() -> None:
    columns = found_by("calc.mean is off")
    assert some(columns["names.module_pair"]) == {"calc:mean"}
    assert some(columns["names.pair"]) == set()


def test_the_symbols_of_a_named_class_have_it_around_them() -> None:
    assert some(found_by("Lines are off")["names.parent"]) == {"text:Lines.split"}


TRACEBACK = """It breaks

```
Traceback (most recent call last):
  File "run.py", line 3, in <module>
    main()
  File "/site-packages/tiny/text.py", line 8, in _count
    return mean(self.words)
  File "/site-packages/tiny/calc.py", line 7, in mean
    total = add(values, 0)
  File "/usr/lib/python3/numbers.py", line 9, in median
    raise
ValueError: no good
```
"""


def test_frames_mark_the_functions_of_their_files_the_last_most() -> None:
    columns = found_by(TRACEBACK)
    marked = {name: value for name, value in columns["frames.last"].items() if value}
    assert marked == pytest.approx({"calc:mean": 1, "text:Words._count": FRAME_DECAY})
    assert some(columns["frames.any"]) == {"calc:mean", "text:Words._count"}
    assert some(columns["frames.name"]) == {"calc:mean", "text:Words._count", "text:median"}


def test_the_module_is_no_function_of_a_frame() -> None:
    columns = found_by('It breaks\n\n  File "tiny/calc.py", line 1, in <module>\n')
    assert some(columns["frames.name"]) == set()
    assert some(columns["frames.last"]) == {"calc:<module>"}


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("src/tiny/text.py#L8", "text:Words._count"),
        ("src/tiny/text.py#L7-L8", "text:Words._count"),
        ("src/tiny/text.py#L1", "text:Words"),
        ("src/tiny/text.py#L13", "text:<module>"),
        ("src/tiny/calc.py#L8", "calc:mean"),
        ("old/src/tiny/calc.py#L8", "calc:mean"),
    ],
    ids=["line", "lines", "line of a class", "line between", "another file", "longer path"],
)
def test_a_link_to_lines_marks_the_innermost_symbol_that_holds_them(link: str, place: str) -> None:
    column = found_by(f"It breaks\n\nhttps://github.com/acme/tiny/blob/main/{link} is wrong.")["mentions.link"]
    assert {name: value for name, value in column.items() if value} == {place: 1}


@pytest.mark.parametrize("link", ["src/tiny/text.py", "src/tiny/text.py#usage", "src/tiny/text.py#L900"])
def test_a_link_without_lines_or_beyond_the_last_one_marks_no_symbol(link: str) -> None:
    assert some(found_by(f"See https://github.com/acme/tiny/blob/main/{link} there.")["mentions.link"], 0) == set()


def test_a_link_to_a_file_that_is_not_searched_marks_no_symbol() -> None:
    link = "https://github.com/acme/tiny/blob/main/src/tiny/other.py#L8"
    assert some(found_by(f"See {link} there.")["mentions.link"], 0) == set()


def test_of_files_of_one_name_a_link_means_the_one_whose_path_it_spells() -> None:
    link = "https://github.com/acme/tiny/blob/main/src/rest/calc.py#L8"
    texts = {"src/tiny/calc.py": CALC, "src/rest/calc.py": CALC.replace("def mean", "def median")}
    assert some(found_by(f"See {link} there.", texts)["mentions.link"], 0) == {"calc:median"}


def test_each_link_marks_a_symbol() -> None:
    site = "https://github.com/acme/tiny/blob"
    text = f"It breaks\n\nSee {site}/v1/src/tiny/calc.py#L2-L4, {site}/v2/src/tiny/text.py#L16 and {site}/main/x.py#L1."
    assert some(found_by(text)["mentions.link"], 0) == {"calc:add", "text:Lines.split"}


def test_kinds_say_what_a_symbol_is() -> None:
    columns = found_by("It breaks")
    found = {name: some(column, 0) for name, column in columns.items() if name.startswith("kind.")}
    tiny = {"text:Words", "text:Lines", "calc:<module>"}
    assert found["kind.module"] == {"calc:<module>", "text:<module>"}
    assert found["kind.class"] == {"text:Words", "text:Lines"}
    assert found["kind.method"] == {
        *("text:Words.__init__", "text:Words.__len__", "text:Words._count", "text:Words.split", "text:Lines.split"),
    }
    assert found["kind.constructor"] == {"text:Words.__init__"}
    assert found["kind.dunder"] == {"text:Words.__len__"}
    assert found["kind.private"] == {"text:Words._count"}
    assert found["kind.tiny"].isdisjoint({"calc:add", "calc:unrelated"})
    assert found["kind.tiny"] >= {"text:median", "text:Words.__init__", "calc:mean"} - tiny
    assert columns["kind.lines"]["calc:add"] == pytest.approx(np.log(5))


def test_what_calls_a_named_function_is_marked_unless_many_have_that_name() -> None:
    columns = found_by("It breaks\n\n```\nadd(1, median())\n```")
    callers = some(columns["calls.named"], 0) - {"calc:add", "text:median"}
    assert callers == {"calc:mean", "text:Words._count"}
    both = found_by("It breaks\n\n```\nmean(1, median())\n```")["calls.named"]
    assert (both["text:Words._count"], columns["calls.named"]["calc:mean"]) == pytest.approx((np.log(3), np.log(2)))
    many = "".join(f"class C{i}:\n    def run(self):\n        pass\n\n" for i in range(4)) + "def use():\n    run()\n"
    assert some(found_by("It breaks\n\n```\nrun()\n```", {"a.py": many})["calls.named"], 0) == set()
    few = many.replace("class C3:\n    def run", "class C3:\n    def go")
    assert "a:use" in some(found_by("It breaks\n\n```\nrun()\n```", {"a.py": few})["calls.named"], 0)


CHAIN = """\
def caller():
    return gizmo(1)


def gizmo(x):
    return callee(x)


def callee(x):
    return 1


class Inside:
    def near(self):
        return 1

    def widget(self):
        return 2


class Outside:
    def far(self):
        return 1
"""


def test_callers_and_callees_of_a_likely_place_are_likely() -> None:
    likely, unlikely = (found_by(text, {"a.py": CHAIN}) for text in ("The gizmo", "The widget"))
    callers, callees = likely["calls.to_likely"], likely["calls.from_likely"]
    assert max(callers, key=lambda name: callers[name]) == "a:caller"
    assert callers["a:caller"] > 2 * callers["a:gizmo"]
    assert callers["a:caller"] > 3 * unlikely["calls.to_likely"]["a:caller"] > 0
    assert callees["a:callee"] > 3 * unlikely["calls.from_likely"]["a:callee"] > 0
    assert callees["a:callee"] > 3 * callees["a:caller"]
    assert callers["a:Inside.near"] == 0


def test_siblings_of_a_likely_place_are_likely_and_it_is_not_for_itself() -> None:
    near = found_by("The widget", {"a.py": CHAIN})["siblings.near"]
    assert near["a:Inside.near"] > 2 * near["a:Inside.widget"] >= 0
    assert near["a:Outside.far"] == pytest.approx(0, abs=1e-6)


def test_places_of_a_likely_file_have_likely_neighbours() -> None:
    texts = {"a.py": CHAIN, "b.py": CHAIN}
    near = found_by("Nothing", texts, prior={"a.py": 0.0, "b.py": -3.0})["siblings.near"]
    assert near["a:Inside.near"] > 5 * near["b:Inside.near"] > 0
