"""Edits are derived from two versions, written back as a person would, and give the version after."""

import ast
import json

import pytest

from kent_agent.errors import PatchError
from kent_agent.source.application import apply
from kent_agent.source.derivation import derive
from kent_agent.source.grammar import OLD, Action, Derivation, edit_from_json
from kent_agent.source.import_lines import apply_imports
from kent_agent.source.sites import sites
from kent_agent.source.tokens import DEDENT, INDENT, NEWLINE

FUNCTION = '''\
def area(box, unit=None):
    """Of a box."""
    # Measured first.
    size = box.measure(unit)  # in cm
    if size and unit:
        log("area", size)
        return size ** 2
    return 0
'''


def derived(before: str, after: str) -> Derivation:
    derivation = derive(before, after)
    assert derivation is not None
    return derivation


def one(before: str, after: str) -> tuple[Action, tuple[str, ...]]:
    """The one edit between two versions."""
    (edit,) = derived(before, after).edits
    assert apply(before, [edit]) == after
    return edit.action, edit.tokens


def changed(old: str, new: str) -> tuple[Action, tuple[str, ...]]:
    """The one edit that replaces a piece of FUNCTION."""
    assert FUNCTION.count(old) == 1
    return one(FUNCTION, FUNCTION.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "action", "tokens"),
    [
        ("size ** 2", "str(size ** 2)", Action.REPLACE_EXPRESSION, ("str", "(", OLD, ")")),
        ("return 0", "return box.empty", Action.REPLACE_EXPRESSION, ("box", ".", "empty")),
        ("= box.measure(unit)", "= box.measure(unit) or 1", Action.REPLACE_EXPRESSION, (OLD, "or", "1")),
        ("measure(unit)", "measured(unit)", Action.RENAME, ("measured",)),
        ("def area", "def surface", Action.RENAME, ("surface",)),
        ("size = box.measure(unit)", "size = box.measure(unit, True)", Action.ADD_ELEMENT, ("True",)),
        ("measure(unit)", "measure()", Action.DELETE_ELEMENT, ()),
        ("unit=None", "unit=None, *, deep=False", None, None),
        ("(box, unit", "(box, deep: bool = False, unit", Action.ADD_ELEMENT, ("deep", ":", "bool", "=", "False")),
        ("(box, unit", "(box=None, unit", Action.REPLACE_EXPRESSION, (OLD, "=", "None")),
        ('"area"', '"surface"', Action.EDIT_LITERAL, ('"surface"',)),
        ("size ** 2", "size * 2", Action.SWAP_OPERATOR, ("*",)),
        ("size and unit", "size or unit", Action.SWAP_OPERATOR, ("or",)),
        ("size and unit", "size and unit and box", Action.EXTEND_CONDITION, (OLD, "and", "box")),
        ("size and unit", "(size and unit) or box", None, None),
        ("size and unit", "unit", Action.DELETE_ELEMENT, ()),
        ("    return 0\n", "", Action.DELETE_STATEMENT, ()),
        ("    return 0\n", "    log(1)\n    return 0\n", Action.INSERT_STATEMENT, ("log", "(", "1", ")")),
        ("if size and unit:", "while size and unit:", Action.REPLACE_STATEMENT, ("while", "size", "and", "unit", ":")),
    ],
)
def test_a_change_of_one_spot_is_one_edit_of_its_kind(
    old: str, new: str, action: Action | None, tokens: tuple[str, ...] | None
) -> None:
    if action is None:
        assert derive(FUNCTION, FUNCTION.replace(old, new)) is not None
    else:
        assert changed(old, new) == (action, tokens)


def test_a_name_that_changes_throughout_a_function_is_one_edit() -> None:
    action, tokens = one(FUNCTION, FUNCTION.replace("unit", "scale"))
    assert (action, tokens) == (Action.RENAME_ALL, ("scale",))


def test_an_if_that_leaves_is_a_guard() -> None:
    guard = "    if unit is None:\n        return 1\n"
    action, tokens = changed("    return 0\n", guard + "    return 0\n")
    assert action is Action.INSERT_GUARD
    assert tokens == ("if", "unit", "is", "None", ":", NEWLINE, INDENT, "return", "1")


def test_wrapping_keeps_comments_strings_and_the_relative_indentation() -> None:
    before = 'def f():\n    # why\n    x = """a\nb"""\n\n    if x:\n        g()  # now\n'
    after = 'def f():\n    # why\n    with lock:\n        x = """a\nb"""\n\n        if x:\n            g()  # now\n'
    assert one(before, after) == (Action.WRAP_STATEMENT, ("with", "lock", ":"))
    (edit,) = derived(after, before).edits
    assert edit.action is Action.UNWRAP_STATEMENT
    assert apply(after, [edit]) == before


def test_wrapping_in_try_says_what_is_caught() -> None:
    before = "def f():\n    g()\n    h()\n"
    after = "def f():\n    try:\n        g()\n    except OSError:\n        pass\n    h()\n"
    caught = (NEWLINE, DEDENT, "except", "OSError", ":", NEWLINE, INDENT, "pass")
    assert one(before, after) == (Action.WRAP_STATEMENT, ("try", ":", NEWLINE, INDENT, OLD, *caught))


def test_a_statement_that_moves_is_one_edit() -> None:
    assert (
        one("def f():\n    a()\n    b()\n    c()\n", "def f():\n    b()\n    c()\n    a()\n")[0]
        is Action.MOVE_STATEMENT
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if a:\n    x()\nelse:\n    y()\n", "if a:\n    x()\nelif b:\n    z()\nelse:\n    y()\n"),
        ("for a in b:\n    x()\n", "for a in b:\n    x()\nelse:\n    y()\n"),
        ("try:\n    x()\nexcept A:\n    pass\n", "try:\n    x()\nexcept A:\n    pass\nexcept B:\n    y()\n"),
    ],
)
def test_clauses_are_added(before: str, after: str) -> None:
    assert one(before, after)[0] is Action.ADD_CLAUSE


def test_an_if_before_an_if_makes_that_an_elif() -> None:
    before = "if a:\n    x()\nelif c:\n    z()\n"
    assert one(before, "if b:\n    y()\nelif a:\n    x()\nelif c:\n    z()\n")[0] is Action.WRAP_STATEMENT


def test_a_lone_exception_becomes_a_tuple() -> None:
    action, tokens = one("try:\n    x()\nexcept A:\n    y()\n", "try:\n    x()\nexcept (A, B):\n    y()\n")
    assert (action, tokens) == (Action.ADD_ELEMENT, ("B",))


def test_a_new_argument_gets_a_line_of_its_own_where_the_others_have_one() -> None:
    before = "call(\n    a,  # first\n    b,  # second\n)\n"
    assert one(before, "call(\n    a,  # first\n    b,  # second\n    key=c,\n)\n")[0] is Action.ADD_ELEMENT
    assert one(before, "call(\n    new,\n    a,  # first\n    b,  # second\n)\n")[0] is Action.ADD_ELEMENT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = a + b\n", "x = (a + b) * c\n"),
        ("x = a.b\n", "x = (a or d).b\n"),
        ("x = -a\n", "x = -(a + 1)\n"),
        ("x = a ** b\n", "x = (-a) ** b\n"),
        ("x = f(a)\n", "x = f(a if b else c)\n"),
        ("x = not a\n", "x = not (a and b)\n"),
        ("x = [a, b]\n", "x = [(a, c), b]\n"),
    ],
)
def test_parentheses_come_where_precedence_demands_them(before: str, after: str) -> None:
    one(before, after)


def test_what_a_block_loses_last_leaves_pass() -> None:
    derivation = derived("def f():\n    x()\n", "def f():\n    pass\n")
    assert apply("def f():\n    x()\n", derivation.edits) == "def f():\n    pass\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["    ", "\t", "  "])
def test_the_file_keeps_its_line_endings_and_indentation(newline: str, indent: str) -> None:
    before = f"class A:\n{indent}def f(self):\n{indent}{indent}g()\n".replace("\n", newline)
    after = f"class A:\n{indent}def f(self):\n{indent}{indent}g()\n{indent}{indent}h(1)\n".replace("\n", newline)
    one(before, after)


def test_offsets_are_characters_whatever_their_size() -> None:
    assert one("é = f('ü', 'ö', a)\n", "é = f('ü', 'ö', a, b)\n")[0] is Action.ADD_ELEMENT


def test_several_edits_come_in_the_order_of_their_sites() -> None:
    after = FUNCTION.replace("box.measure", "box.size").replace("return 0", "return None").replace('"area"', '"box"')
    edits = derived(FUNCTION, after).edits
    assert [edit.action for edit in edits] == [Action.RENAME, Action.EDIT_LITERAL, Action.EDIT_LITERAL]
    assert apply(FUNCTION, edits) == after


def test_more_edits_than_the_limit_are_not_derived() -> None:
    before, after = ("".join(f"x{i} = {value}\n" for i in range(4)) for value in (0, 1))
    assert derive(before, after) is None
    assert derive(before, after, limit=4) is not None


@pytest.mark.parametrize(
    "after",
    [FUNCTION, FUNCTION.replace("# Measured", "# First"), FUNCTION.replace("Of a box", "Its"), "def broken(:\n"],
)
def test_nothing_is_derived_from_comments_docstrings_or_broken_code(after: str) -> None:
    assert derive(FUNCTION, after) is None


def test_imports_that_come_with_an_edit_are_no_edits() -> None:
    before = "import os\nfrom a import b\n\n\ndef f(x):\n    return x\n"
    after = "import os\nimport re\nfrom a import b, c\n\n\ndef f(x):\n    return re.sub(c, x)\n"
    derivation = derived(before, after)
    assert len(derivation.edits) == 1
    assert derivation.imports == (("import", "re"), ("from", "a", "import", "c"))
    text = apply_imports(apply(before, derivation.edits), derivation.imports)
    assert "from a import b, c\n" in text
    assert ast.dump(ast.parse(text).body[-1]) == ast.dump(ast.parse(after).body[-1])


def test_imports_alone_are_edits() -> None:
    assert derived("import os\nx = 1\n", "import os\nimport re\nx = 1\n").edits
    assert derived("from a import b, d\n", "from a import b, c, d\n").edits[0].action is Action.ADD_ELEMENT


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("from m import (\n    a,\n    c,\n)\n", "from m import b", "from m import (\n    a,\n    b,\n    c,\n)\n"),
        ('"""Doc."""\n\nx = 1\n', "import re", '"""Doc."""\nimport re\n\nx = 1\n'),
        ("import os\n", "import os", "import os\n"),
        ("from . import a\nx = 1\n", "from . import b", "from . import a, b\nx = 1\n"),
    ],
)
def test_imports_go_where_they_belong(text: str, line: str, expected: str) -> None:
    assert apply_imports(text, [line.replace(".", ". ").split()]) == expected


def test_every_derived_site_is_among_the_sites_of_its_lines() -> None:
    for old, new in [("size ** 2", "1"), ("unit=None", "unit"), ("    return 0\n", ""), ("log(", "print(")]:
        for edit in derived(FUNCTION, FUNCTION.replace(old, new)).edits:
            assert edit.site in sites(FUNCTION, 1, 8)


def test_sites_lie_in_their_lines_and_are_distinct() -> None:
    found = sites(FUNCTION * 2, 9, 16)
    assert found
    assert len(set(found)) == len(found)
    assert all(8 <= site.first_line <= site.last_line <= 16 for site in found if site.node != "Module")
    assert {site.action for site in found} >= set(Action) - {Action.UNWRAP_STATEMENT}


def test_edits_survive_json() -> None:
    before, after = "def f():\n    a()\n    b()\n    c()\n", "def f():\n    b()\n    c()\n    a()\n"
    (edit,) = derived(before, after).edits
    assert edit_from_json(json.loads(json.dumps(edit.as_json()))) == edit


def test_an_edit_of_another_text_is_refused() -> None:
    (edit,) = derived("x = f(a)\n", "x = g(a)\n").edits
    with pytest.raises(PatchError, match="sites"):
        apply("y\n", [edit])
