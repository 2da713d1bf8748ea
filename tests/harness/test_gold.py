"""Gold is what a patch changes of what was there."""

import difflib

import pytest

from harness.gold import gold_files, gold_functions, gold_operation, is_test
from kent_agent.task import Operation

BEFORE = """\
import os
from typing import (
    Any,
)

# settings
LIMIT = 3


class Reader:
    size = 1

    def read(self, path):
        # open it
        with open(path) as file:
            return file.read()

    def close(self):
        pass


def main():
    return Reader().read("x")
"""


def row(*changes: tuple[str, str]) -> dict[str, str]:
    """A row whose patch changes acme/io.py."""
    after = BEFORE
    for old, new in changes:
        assert old in after
        after = after.replace(old, new, 1)
    lines = (text.splitlines(keepends=True) for text in (BEFORE, after))
    return {"patch": "".join(difflib.unified_diff(*lines, "a/acme/io.py", "b/acme/io.py"))}


def functions(*changes: tuple[str, str]) -> set[str]:
    return {name for _, name in gold_functions(row(*changes), lambda _: BEFORE)}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("return file.read()", "return file.readline()"), "Reader.read"),
        (("        pass\n", "        self.size = 0\n        pass\n"), "Reader.close"),
        (("    size = 1\n", "    size = 2\n"), "Reader"),
        (("LIMIT = 3", "LIMIT = 4"), "<module>"),
        (('read("x")\n', 'read("x")\n\n\ndef more():\n    return 1\n'), "<module>"),
        (("        pass\n", "        pass\n\n    def more(self):\n        return 1\n"), "Reader"),
    ],
)
def test_a_hunk_changes_the_smallest_symbol_around_it(change: tuple[str, str], place: str) -> None:
    assert functions(change) == {place}


@pytest.mark.parametrize(
    "idle",
    [
        ("import os\n", "import os\nimport re\n"),
        ("    Any,\n", "    Any,\n    cast,\n"),
        ("# settings\n", "# the settings\n"),
        ("        # open it\n", ""),
    ],
)
def test_imports_and_comments_count_only_where_nothing_else_changes(idle: tuple[str, str]) -> None:
    assert functions(idle, ('read("x")', 'read("y")')) == {"main"}
    assert functions(idle) == {"Reader.read" if "open" in idle[0] else "<module>"}


def test_a_file_that_does_not_parse_is_one_place() -> None:
    patch = "--- a/old.py\n+++ b/old.py\n@@ -1,2 +1,2 @@\n import os\n-print 1\n+print 2\n"
    assert gold_functions({"patch": patch}, lambda _: "import os\nprint 1\n") == {("old.py", "<module>")}


def test_a_created_file_is_no_gold_and_a_deleted_one_is() -> None:
    created = "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
    deleted = "--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n"
    assert gold_files({"patch": created + deleted}) == {"old.py"}


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/test_a.py", True),
        ("pkg/tests/helpers.py", True),
        ("test/helpers.py", True),
        ("pkg/test/client.py", False),
        ("pkg/test_a.py", True),
        ("pkg/a_test.py", True),
        ("pkg/conftest.py", True),
        ("pkg/testing.py", False),
    ],
)
def test_a_folder_test_inside_a_package_is_source(path: str, test: bool) -> None:
    assert is_test(path) is test


@pytest.mark.parametrize(
    ("changes", "operation"),
    [
        ([("return file.read()", "return file.readline()")], Operation.MODIFY_LINE),
        ([("        pass\n", "        self.size = 0\n        self.open = 0\n")], Operation.ADD_LINE),
        ([("    size = 1\n", "")], Operation.DELETE_LINE),
        ([('read("x")\n', 'read("x")\n\n\ndef more():\n    return 1\n')], Operation.ADD_FUNCTION),
        ([("import os\n", "import os\nimport re\n")], Operation.ADD_IMPORT),
        ([("# settings\n", "# the settings\n")], None),
    ],
)
def test_the_operation_of_a_patch_is_that_of_most_of_its_edits(
    changes: list[tuple[str, str]], operation: Operation | None
) -> None:
    assert gold_operation(row(*changes), lambda _: BEFORE) == operation


def test_a_patch_to_what_is_no_python_has_no_operation() -> None:
    patch = "--- a/old.py\n+++ b/old.py\n@@ -1 +1 @@\n-print 1\n+print 2\n"
    assert gold_operation({"patch": patch}, lambda _: "print 1\n") is None
