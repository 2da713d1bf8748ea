"""Counting what holds of predictions without running tests."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.gold import gold_files, gold_functions, is_test, touched_functions
from harness.score import app

BASE = '''\
import os

LIMIT = 1


class Parser:
    """Parses."""

    depth = 0

    def parse(self, text):
        def inner():
            return text

        return inner()

    @property
    def size(self):
        return 0


def top(value):
    return value
'''.splitlines()


def change(line: int, *, remove: int = 0, add: tuple[str, ...] = (), context: int = 0) -> str:
    """A diff that removes `remove` lines after line `line` of BASE and puts `add` there."""
    start = line - context
    before = [f" {text}" for text in BASE[start:line]]
    removed = [f"-{text}" for text in BASE[line : line + remove]]
    after = [f" {text}" for text in BASE[line + remove : line + remove + context]]
    old, new = len(before + removed + after), len(before) + len(add) + len(after)
    body = "\n".join([*before, *removed, *(f"+{text}" for text in add), *after])
    header = f"@@ -{start + 1 if old else line},{old} +{start + 1},{new} @@"
    return f"diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n{header}\n{body}\n"


@pytest.mark.parametrize(
    ("patch", "name"),
    [
        (change(2, remove=1, add=("LIMIT = 2",)), "<module>"),
        (change(8, remove=1), "Parser"),
        (change(14, remove=1, add=("        return None",), context=1), "Parser.parse"),
        (change(12, remove=1), "Parser.parse.inner"),
        (change(16, remove=1), "Parser.size"),
        (change(13, add=("        text = text.strip()",), context=2), "Parser.parse"),
        (change(13, add=("        text = text.strip()",)), "Parser.parse"),
        (change(23, add=("", "", "def more():", "    pass"), context=2), "<module>"),
        (change(23, add=("    # unreachable",), context=1), "top"),
        (change(19, add=("    def more(self):", "        pass", ""), context=1), "Parser"),
        (change(15, add=("    def more(self):", "        pass", ""), context=1), "Parser"),
        (change(1, add=("import re",), context=1), "<module>"),
    ],
)
def test_a_change_belongs_to_the_innermost_function_else_class_else_module(patch: str, name: str) -> None:
    assert touched_functions(patch, lambda path: "\n".join(BASE)) == {("m.py", name)}


def test_a_file_that_does_not_parse_is_one_place_and_a_new_one_is_none() -> None:
    assert touched_functions(change(12, remove=1), lambda path: "def broken(:") == {("m.py", "<module>")}
    new = "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x = 1\n"
    assert touched_functions(new, lambda path: None) == frozenset()


@pytest.mark.parametrize("path", ["tests/x.py", "test/x.py", "a/test_x.py", "a/x_test.py", "conftest.py"])
def test_tests_are_known_by_name_or_folder(path: str) -> None:
    assert is_test(path)
    assert not any(map(is_test, ["src/contest.py", "src/latest/x.py", "package/test/x.py"]))


def test_gold_places_leave_tests_and_other_files_out(calc: Any) -> None:
    readme = "diff --git a/README b/README\n--- a/README\n+++ b/README\n@@ -1 +1 @@\n-a\n+b\n"
    row = calc.row | {"patch": calc.row["patch"] + calc.row["test_patch"] + readme}
    source = (calc.repository / "calc/core.py").read_text()
    assert gold_files(row) == {"calc/core.py"}
    assert gold_functions(row, lambda path: source) == {("calc/core.py", "Account.add")}


BROKEN = """\
diff --git a/calc/core.py b/calc/core.py
--- a/calc/core.py
+++ b/calc/core.py
@@ -18,2 +18,2 @@
 def double(value):
-    return value * 2
+    return (value
"""
ELSEWHERE = """\
diff --git a/calc/__init__.py b/calc/__init__.py
--- a/calc/__init__.py
+++ b/calc/__init__.py
@@ -0,0 +1 @@
+import calc.core
"""
REMOVAL = """\
diff --git a/tests/test_core.py b/tests/test_core.py
deleted file mode 100644
--- a/tests/test_core.py
+++ /dev/null
@@ -1,5 +0,0 @@
-from calc.core import Account, double
-
-
-def test_double():
-    assert double(4) == 8
"""


@pytest.fixture
def score(calc: Any, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """What the command prints about submission files for six rows of `calc`."""
    names = ["gold", "broken", "elsewhere", "inapplicable", "empty", "unanswered"]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(calc.row | {"instance_id": name}) + "\n" for name in names))

    def run(*arguments: object) -> tuple[int, str]:
        command = [*map(str, arguments), "--split", str(rows), "--repos-dir", str(calc.repos_dir)]
        result = CliRunner().invoke(app, command)
        return result.exit_code, result.output

    return run


def found(output: str) -> dict[str, Any]:
    (score,) = json.loads(output)
    return score


def test_counts_of_a_submission(calc: Any, submit: Any, score: Any) -> None:
    gold = calc.row["patch"]
    patches = {
        "gold": gold,
        "broken": BROKEN,
        "elsewhere": ELSEWHERE,
        "inapplicable": gold.replace("-= amount", "-= absent"),
        "empty": "",
        "stranger": gold,
    }
    path = submit(patches)
    path.write_text(path.read_text() + '{"instance_id": "gold", "model_patch": ""}\n{"torn')
    status, output = score(path, "--json")
    assert status == 0
    assert found(output) == {
        "file": str(path),
        "instances": 6,
        "rows": 8,
        "malformed": 1,
        "unknown": 1,
        "duplicates": 1,
        "empty": 2,  # the abstention, and the later of the two for gold
        "applies": 2,
        "parses": 1,
        "file_hit": 1,
        "function_hit": 0,
        "same_code": 0,
        "resolved": None,
        "seconds": None,
    }


def test_gold_hits_its_own_places(calc: Any, submit: Any, score: Any) -> None:
    _, output = score(submit({"gold": calc.row["patch"]}), "--json")
    hits = dict.fromkeys(("applies", "parses", "file_hit", "function_hit", "same_code"), 1)
    assert found(output) | hits == found(output)


def test_the_same_code_in_other_words_is_the_same_code(calc: Any, submit: Any, score: Any) -> None:
    """A comment is none; another file, another statement, or a file that is gone, is."""
    gold = calc.row["patch"]
    commented = gold.replace("+= amount\n", "+= amount  # what is added\n")
    assert commented != gold
    for patch, same in ((commented, 1), (ELSEWHERE, 0), (gold + REMOVAL, 0)):
        _, output = score(submit({"gold": patch}), "--json")
        assert found(output) | {"applies": 1, "same_code": same} == found(output)


def test_the_table_has_a_line_for_each_submission(calc: Any, submit: Any, score: Any) -> None:
    first, second = submit({"gold": calc.row["patch"]}), submit({"gold": ""})
    status, output = score(first, second)
    header, *lines = output.splitlines()
    assert status == 0
    assert header.split()[-2:] == ["resolved", "seconds"]
    assert [line.split()[0] for line in lines] == [str(first), str(second)]
    assert [line.split()[-2:] for line in lines] == [["-", "-"]] * 2


def test_seconds_are_the_mean_over_the_trajectories(submit: Any, score: Any) -> None:
    path = submit({"gold": ""})
    trajectories = path.with_suffix("") / "trajectories"
    trajectories.mkdir(parents=True)
    for name, text in {"gold": '{"seconds": 1.0}', "empty": '{"seconds": 2}', "broken": "{torn"}.items():
        (trajectories / f"{name}.json").write_text(text)
    assert found(score(path, "--json")[1])["seconds"] == 1.5


def test_resolved_comes_from_the_report_on_these_very_predictions(submit: Any, score: Any) -> None:
    path = submit({"gold": "p"})
    beside = path.with_suffix("") / "report.json"
    beside.parent.mkdir()
    report = {"schema_version": 2, "resolved_ids": ["gold", "of another split"]}
    for sha256, resolved in (("0" * 64, None), (hashlib.sha256(path.read_bytes()).hexdigest(), 1)):
        beside.write_text(json.dumps(report | {"predictions_sha256": sha256}))
        assert found(score(path, "--json")[1])["resolved"] == resolved


def test_a_report_named_by_the_user_is_taken_at_its_word(submit: Any, score: Any, tmp_path: Path) -> None:
    path, report = submit({"gold": "p"}), tmp_path / "official.json"
    report.write_text(json.dumps({"schema_version": 2, "resolved_ids": ["gold"]}))
    assert found(score(path, "--json", "--report", report)[1])["resolved"] == 1
    assert score(path, path, "--report", report) == (
        2,
        "--report is about one predictions file; several were given.\n",
    )
    report.write_text("[]")
    assert score(path, "--report", report) == (2, f"{report}: this is no report of an evaluation.\n")
