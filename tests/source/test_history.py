"""A change becomes the edit that a person made; what is no small edit is left out."""

import pytest

from kent_agent.source.edits import apply_edit
from kent_agent.source.history import edits_between, fixes_of, is_source

BEFORE = '''\
import os


class Reader:
    def read(self, path):
        """Reads."""
        data = open(path)
        return data

    def close(self):
        self.data.close()
'''


@pytest.mark.parametrize(
    ("old", "new", "pattern", "written"),
    [
        ("return data", "return data.strip()", "modify_line:Return", "return data . strip ( )"),
        ("def close(self):", "def close(self, now):", "modify_function:FunctionDef", "def close ( self , now ) :"),
        ("data = open(path)\n", "data = open(path)\n        check(data)\n", "add_line:Expr", "check ( data )"),
        ("        data = open(path)\n", "", "delete_line:Assign", ""),
        ("import os\n", "import os\nimport re\n", "add_import:Import", "import re"),
        ("import os\n", "", "delete_import:Import", ""),
        ("\n    def close", "\n    def seek(self):\n        pass\n\n    def close", "add_function:FunctionDef", None),
    ],
)
def test_an_edit_is_recognised_and_applying_it_gives_the_same_code(
    old: str, new: str, pattern: str, written: str | None
) -> None:
    after = BEFORE.replace(old, new, 1)
    (edit,) = edits_between(BEFORE, after)
    assert edit.pattern == pattern
    if written is not None:
        assert " ".join(edit.after) == written
    assert apply_edit(BEFORE, edit.place, edit.operation, list(edit.after))[0].split() == after.split()


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        BEFORE.replace("open(path)", "open(path)  # a comment"),
        BEFORE.replace('"""Reads."""', '"""Reads a file."""'),
        BEFORE.replace("data = open(path)\n        return data", "with open(path) as f:\n            return f.read()"),
    ],
    ids=["nothing", "a comment", "a docstring", "several statements at once"],
)
def test_what_is_no_statement_sized_edit_is_left_out(after: str) -> None:
    assert edits_between(BEFORE, after) == []


def test_two_hunks_are_two_edits() -> None:
    after = BEFORE.replace("import os", "import re").replace("return data", "return 1")
    assert [edit.pattern for edit in edits_between(BEFORE, after)] == ["modify_line:Import", "modify_line:Return"]


def test_a_fix_knows_its_provenance_and_surroundings() -> None:
    after = BEFORE.replace("return data", "return 1")
    (fix,) = fixes_of("acme/reader", "c" * 40, "Return one", "reader.py", BEFORE, after)
    assert (fix.repo, fix.commit, fix.path, fix.symbol) == ("acme/reader", "c" * 40, "reader.py", "Reader.read")
    assert {"def", "read", "path", "data", "open"} <= set(fix.context) and "close" not in fix.context


def test_versions_that_do_not_parse_give_no_fix() -> None:
    assert list(fixes_of("acme/reader", "c" * 40, "", "reader.py", "print 'x'\n", "print('x')\n")) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/pkg/core.py", True),
        ("pkg/test/client.py", True),
        ("tests/test_core.py", False),
        ("pkg/core_test.py", False),
        ("pkg/_vendor/requests/api.py", False),
        ("docs/conf.py", False),
        ("setup.py", False),
        ("pkg/data.json", False),
    ],
)
def test_source_is_told_from_tests_documentation_and_copies(path: str, expected: bool) -> None:
    assert is_source(path) is expected
