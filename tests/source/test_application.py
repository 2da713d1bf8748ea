"""Edits change their sites and not a byte beside them: layout, quotes, comments and line endings are the file's own."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.errors import PatchError
from kent_agent.source.application import apply
from kent_agent.source.derivation import derive
from kent_agent.source.document import Document
from kent_agent.source.grammar import OLD, Action, Edit, Site
from kent_agent.source.sites import sites
from kent_agent.source.tokens import INDENT, NEWLINE
from tests.source.programs import MODULES, mutations

STATEMENTS = """\
def f(a):
    '''Keeps 'single' quotes.'''
    x = a['key']   # odd   spacing

    # why b
    if b :  # trailing
        g( x,y )
    return x
"""


def at(text: str, action: Action, spot: str, **wanted: object) -> Site:
    """The first site of an action whose text, or the text behind it, begins with some characters."""
    return next(
        site
        for site in sites(text, 1, text.count("\n") + 1)
        if site.action is action
        and text.startswith(spot, site.start)
        and all(getattr(site, name) == value for name, value in wanted.items())
    )


def edited(text: str, action: Action, spot: str, tokens: Sequence[str] = (), **wanted: object) -> str:
    return apply(text, [Edit(at(text, action, spot, **wanted), tuple(tokens))])


def test_only_the_name_changes_in_an_odd_line() -> None:
    assert edited(STATEMENTS, Action.RENAME, "g( x,y )", ["h"]) == STATEMENTS.replace("g( x,y )", "h( x,y )")


def test_a_replaced_expression_leaves_what_is_around_it() -> None:
    result = edited(STATEMENTS, Action.REPLACE_EXPRESSION, "a['key']", [OLD, "or", "{", "}"])
    assert result == STATEMENTS.replace("a['key']   #", "a['key'] or {}   #")


def test_a_statement_is_inserted_above_the_comments_of_the_next() -> None:
    result = edited(STATEMENTS, Action.INSERT_STATEMENT, "    # why b", ["log", "(", "x", ")"])
    assert result == STATEMENTS.replace("    # why b", "    log(x)\n    # why b")


def test_a_deleted_statement_takes_its_lines_and_its_comment_behind() -> None:
    assert edited(STATEMENTS, Action.DELETE_STATEMENT, "    x = a") == STATEMENTS.replace(
        "    x = a['key']   # odd   spacing\n", ""
    )


def test_a_wrapped_statement_keeps_its_own_layout() -> None:
    result = edited(
        STATEMENTS, Action.WRAP_STATEMENT, "    if b :", ["if", "a", ":"], end=STATEMENTS.index("    return")
    )
    assert result == STATEMENTS.replace(
        "    if b :  # trailing\n        g( x,y )\n",
        "    if a:\n        if b :  # trailing\n            g( x,y )\n",
    )


def test_what_is_unwrapped_comes_to_the_left() -> None:
    result = edited(STATEMENTS, Action.UNWRAP_STATEMENT, "    if b :")
    assert result == STATEMENTS.replace("    if b :  # trailing\n        g( x,y )\n", "    g( x,y )\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["newline at the end", "none at the end"])
@pytest.mark.parametrize("indent", ["    ", "\t", "  "], ids=["blanks", "tab", "two blanks"])
@pytest.mark.parametrize(
    ("action", "spot", "tokens", "old", "new"),
    [
        (Action.DELETE_STATEMENT, "{i}a()", (), "{i}a(){n}", ""),
        (Action.WRAP_STATEMENT, "{i}a()", ("if", "x", ":"), "{i}a()", "{i}if x:{n}{i}{u}a()"),
        (Action.REPLACE_EXPRESSION, "b(1)", ("b", "(", "2", ")"), "b(1)", "b(2)"),
        (Action.ADD_ELEMENT, ")", ("key", "=", "'k'"), "b(1)", "b(1, key='k')"),
        (
            Action.INSERT_GUARD,
            "{i}a()",
            ("if", "x", ":", NEWLINE, INDENT, "return"),
            "{i}a()",
            "{i}if x:{n}{i}{u}return{n}{i}a()",
        ),
    ],
)
def test_line_endings_and_indentation_are_the_files_own(
    newline: str, last: bool, indent: str, action: Action, spot: str, tokens: tuple[str, ...], old: str, new: str
) -> None:
    unit = "\t" if indent == "\t" else "    "
    filled = [piece.format(i=indent, n=newline, u=unit) for piece in (spot, old, new)]
    before = f"def f(x):{newline}{indent}a(){newline}{indent}b(1)" + (newline if last else "")
    wanted = {"start": before.rindex(")"), "node": "Call"} if action is Action.ADD_ELEMENT else {}
    assert edited(before, action, filled[0], tokens, **wanted) == before.replace(filled[1], filled[2], 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_come_behind_a_last_line_that_has_no_end(newline: str) -> None:
    before = f"def f():{newline}    a()"
    derivation = derive(before, f"{before}{newline}    b()")
    assert derivation is not None
    assert apply(before, derivation.edits) == f"{before}{newline}    b()"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(MODULES)), st.randoms(use_true_random=True), st.sampled_from(["\n", "\r\n"]))
def test_statements_that_no_edit_touches_stay_byte_for_byte(name: str, random: Random, newline: str) -> None:
    before = MODULES[name].replace("\n", newline)
    derivation = derive(before, next(mutations(MODULES[name], random), before).replace("\n", newline))
    if derivation is None:
        return
    after = apply(before, derivation.edits)
    places = [site for edit in derivation.edits for site in (edit.site, edit.target) if site]
    document = Document(before)
    # of the top-level statements around the sites: an edit may write within its own, and at either end of it
    first = min(document.top_level(site.start, site.end)[0] for site in places)
    last = max(document.top_level(site.start, site.end)[1] for site in places)
    first = min(first, *(site.start for site in places))
    assert after.startswith(before[:first])
    assert after.endswith(before[last:])
    if newline == "\r\n":
        assert after.count("\n") == after.count("\r\n")


@pytest.mark.parametrize(
    ("text", "tokens", "result"),
    [
        ("f(a, b)", ("c",), "f(a, b, c)"),
        ("f()", ("c",), "f(c)"),
        ("f(a, b,)", ("c",), "f(a, b, c,)"),
        ("f(\n    a,\n    b\n)", ("k", "=", "c"), "f(\n    a,\n    b,\n    k=c\n)"),
        ("f(\n    a,  # first, one\n)", ("*", "c"), "f(\n    a,  # first, one\n    *c,\n)"),
        ("[a, b]", ("c",), "[a, b, c]"),
        ("(a,)", ("c",), "(a, c)"),
        ("{'a': 1}", ("'b'", ":", "2"), "{'a': 1, 'b': 2}"),
    ],
)
def test_an_element_comes_last_as_the_others_are_written(text: str, tokens: tuple[str, ...], result: str) -> None:
    (*_, site) = [site for site in sites(text + "\n", 1, 9) if site.action is Action.ADD_ELEMENT]
    assert apply(text + "\n", [Edit(site, tokens)]) == result + "\n"


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("f(a, b, c)", 0, "f(b, c)"),
        ("f(a, b, c)", 1, "f(a, c)"),
        ("f(a, b, c)", 2, "f(a, b)"),
        ("f(a,)", 0, "f()"),
        ("f(\n    a,\n    b,  # last\n)", 0, "f(\n    b,  # last\n)"),
        ("x = (a, b)", 1, "x = (a,)"),
        ("@a\n@b\ndef f(): pass", 0, "@b\ndef f(): pass"),
        ("class A(B): pass", 0, "class A: pass"),
        ("x = [a for a in b if a if c]", 0, "x = [a for a in b if c]"),
        ("from a import (\n    b,\n    c,\n)", 1, "from a import (\n    b,\n)"),
        ("x = a and b and c", 1, "x = a and c"),
        ("x = lambda a: 1", 0, "x = lambda: 1"),
    ],
)
def test_an_element_goes_with_its_comma(before: str, index: int, after: str) -> None:
    found = [
        site for site in sites(before + "\n", 1, 9) if site.action is Action.DELETE_ELEMENT and site.index == index
    ]
    assert apply(before + "\n", [Edit(found[0])]) == after + "\n"


def test_edits_inside_of_a_wrapped_statement_are_made_there() -> None:
    before = "def f():\n    g(1)  # one\n"
    edits = [
        Edit(at(before, Action.WRAP_STATEMENT, "    g"), ("if", "x", ":")),
        Edit(at(before, Action.EDIT_LITERAL, "1"), ("2",)),
    ]
    for order in (edits, edits[::-1]):
        assert apply(before, order) == "def f():\n    if x:\n        g(2)  # one\n"


def test_a_moved_statement_takes_the_indentation_of_its_new_block() -> None:
    before = "def f():\n    a(\n        1,\n    )\n    if x:\n        b()\n"
    target = at(before, Action.INSERT_STATEMENT, "        b()")
    move = Edit(at(before, Action.MOVE_STATEMENT, "    a("), target=replace(target, action=Action.MOVE_STATEMENT))
    assert apply(before, [move]) == "def f():\n    if x:\n        a(\n            1,\n        )\n        b()\n"


def test_strings_of_several_lines_keep_their_text_when_they_move_to_the_right() -> None:
    before = "def f():\n    x = '''a\n    b'''\n"
    result = edited(before, Action.WRAP_STATEMENT, "    x", ["with", "y", ":"])
    assert result == "def f():\n    with y:\n        x = '''a\n    b'''\n"


@pytest.mark.parametrize(
    ("text", "message"), [("y = 2\n", "sites"), ("x = f(a)\nx = (\n", None), ("", "sites")], ids=str
)
def test_what_is_no_text_of_these_sites_is_refused(text: str, message: str | None) -> None:
    edit = Edit(at("x = f(a)\n", Action.RENAME, "f"), ("g",))
    with pytest.raises(PatchError if message else SyntaxError, match=message):
        apply(text, [edit])


def test_a_move_needs_a_target() -> None:
    with pytest.raises(PatchError, match="target"):
        edited("a()\nb()\n", Action.MOVE_STATEMENT, "a")


def test_no_edits_change_nothing() -> None:
    assert all(apply(text, []) == text for text in MODULES.values())
