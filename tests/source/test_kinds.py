"""The kinds of edit are told from syntax: every kind by a small example, and what is no edit at all."""

from collections import Counter
from textwrap import dedent

import pytest

from kent_agent.source.kinds import OPERATION_OF, Change, EditKind, changes_between, gold_operation, kinds_between
from kent_agent.task import Operation

FUNCTION = """
import os

def f(x, y):
    a = x + 1
    b = g(a, y)
    log(b)
    return [a, b]
"""

ONE_EDIT = [
    (EditKind.REPLACE_EXPRESSION, "g(a, y)", "a.total"),
    (EditKind.RENAME, "g(a, y)", "h(a, y)"),
    (EditKind.RENAME, "g(a, y)", "g(a, x)"),
    (EditKind.INSERT_STATEMENT, "    log(b)\n", "    log(b)\n    b.close()\n"),
    (EditKind.ADD_ELEMENT, "g(a, y)", "g(a, y, x)"),
    (EditKind.ADD_ELEMENT, "g(a, y)", "g(a, y, key=x)"),
    (EditKind.ADD_ELEMENT, "[a, b]", "[a, x, b]"),
    (EditKind.EDIT_LITERAL, "x + 1", "x + 2"),
    (EditKind.DELETE_STATEMENT, "    log(b)\n", ""),
    (EditKind.MOVE_STATEMENT, "    b = g(a, y)\n    log(b)\n", "    log(b)\n    b = g(a, y)\n"),
    (EditKind.SWAP_OPERATOR, "x + 1", "x - 1"),
    (EditKind.WRAP_STATEMENT, "    log(b)\n", "    if b:\n        log(b)\n"),
    (EditKind.WRAP_STATEMENT, "    log(b)\n", "    try:\n        log(b)\n    except OSError:\n        pass\n"),
    (EditKind.INSERT_GUARD, "    a = x + 1\n", "    if not x:\n        return None\n    a = x + 1\n"),
    (EditKind.ADD_IMPORT, "import os\n", "import os\nimport sys\n"),
    (EditKind.ADD_IMPORT, "import os\n", "import os\nfrom sys import path, argv\n"),
    (EditKind.DELETE_IMPORT, "import os\n", ""),
    (EditKind.ADD_FUNCTION, "import os\n", "import os\n\ndef k():\n    return 1\n"),
    (EditKind.CHANGE_SIGNATURE, "def f(x, y):", "def f(x, y=None):"),
    (EditKind.CHANGE_SIGNATURE, "def f(x, y):", "@cache\ndef f(x, y):"),
    (EditKind.CHANGE_SIGNATURE, "def f(x, y):", "def fresh(x, y):"),
]


@pytest.mark.parametrize(("kind", "before", "after"), ONE_EDIT)
def test_one_edit_has_one_kind(kind: EditKind, before: str, after: str) -> None:
    assert before in FUNCTION
    assert kinds_between(FUNCTION, FUNCTION.replace(before, after)) == {kind: 1}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (EditKind.EXTEND_CONDITION, "if a:\n    b()\n", "if a and c:\n    b()\n"),
        (EditKind.EXTEND_CONDITION, "x = a or b\n", "x = a or c or b\n"),
        (EditKind.SWAP_OPERATOR, "if a == b:\n    c()\n", "if a is b:\n    c()\n"),
        (EditKind.ADD_ELEMENT, "try:\n    a()\nexcept E:\n    b()\n", "try:\n    a()\nexcept (E, F):\n    b()\n"),
        (
            EditKind.DELETE_FUNCTION,
            "class A:\n    x = 1\n    def f(self):\n        return 2\n",
            "class A:\n    x = 1\n",
        ),
        (EditKind.DELETE_STATEMENT, "if a:\n    b()\n", "b()\n"),
        (
            EditKind.REWRITE_FUNCTION,
            "def f(a):\n    b = a.c\n    for d in b:\n        d.run()\n    return b\n",
            "def f(a):\n    with lock:\n        return {e: 1 for e in a}\n",
        ),
    ],
)
def test_one_edit_has_one_kind_elsewhere(kind: EditKind, before: str, after: str) -> None:
    assert kinds_between(before, after) == {kind: 1}


def test_every_kind_has_an_operation() -> None:
    assert set(OPERATION_OF) == set(EditKind)
    assert set(OPERATION_OF.values()) == set(Operation)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    log(b)\n", "    # why\n    log( b )\n"),
        ("def f(x, y):\n", 'def f(x, y):\n    """Sums."""\n'),
        ("    log(b)\n", "    log(b)\n    pass\n"),
        ("import os\n", "\n\nimport os\n"),
    ],
)
def test_comments_docstrings_and_formatting_are_no_edits(before: str, after: str) -> None:
    assert kinds_between(FUNCTION, FUNCTION.replace(before, after)) == {}


def test_the_order_of_imports_is_no_edit() -> None:
    assert kinds_between("import a\nfrom b import c, d\n", "from b import (\n    d,\n    c,\n)\nimport a\n") == {}


def test_edits_are_counted_in_every_part_of_a_file() -> None:
    before = "import a\n\ndef f():\n    return a.x(1)\n\ndef g():\n    return 1\n\nf()\n"
    after = "import b\n\ndef f():\n    return b.x(1, 2)\n\ndef g():\n    return 2\n\nf()\ng()\n"
    assert kinds_between(before, after) == Counter(
        {
            EditKind.ADD_IMPORT: 1,
            EditKind.DELETE_IMPORT: 1,
            EditKind.RENAME: 1,
            EditKind.ADD_ELEMENT: 1,
            EditKind.EDIT_LITERAL: 1,
            EditKind.INSERT_STATEMENT: 1,
        }
    )


def test_a_change_knows_the_kind_of_symbol_it_is_made_in() -> None:
    before = dedent(
        """
        class A:
            x = 1

            def f(self):
                return 1
        """
    )
    after = before.replace("x = 1", "x = 2").replace("return 1", "return 2") + "\ny = 3\n"
    assert sorted(changes_between(before, after)) == [
        Change(EditKind.EDIT_LITERAL, "class"),
        Change(EditKind.EDIT_LITERAL, "function"),
        Change(EditKind.INSERT_STATEMENT, "module"),
    ]


def test_the_gold_operation_is_that_of_most_edits() -> None:
    kinds = {EditKind.ADD_FUNCTION: 2, EditKind.RENAME: 1, EditKind.EDIT_LITERAL: 2, EditKind.ADD_IMPORT: 1}
    assert gold_operation(kinds) == Operation.MODIFY_LINE
    assert gold_operation({EditKind.ADD_IMPORT: 1, EditKind.INSERT_GUARD: 1}) == Operation.ADD_LINE
    with pytest.raises(ValueError, match="No edit"):
        gold_operation({})


def test_a_file_that_does_not_parse_is_an_error() -> None:
    with pytest.raises(SyntaxError):
        kinds_between("x = 1\n", "x = = 1\n")
