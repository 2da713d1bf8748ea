"""Sites are places of their text, and each action done at any of its sites leaves a program."""

import ast
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.application import apply_to
from kent_agent.source.document import Document
from kent_agent.source.grammar import OLD, Action, Edit, Site
from kent_agent.source.sites import definition_around, definition_named, sites_in
from kent_agent.source.tokens import INDENT, NEWLINE
from tests.source.programs import MODULES, SHAPES, parses, runs_like

PLACED = st.sampled_from([*sorted(MODULES), *["shapes"] * 8]), st.floats(0, 1, exclude_max=True)
"""A module, above all the one with all shapes, and which of its sites."""


@cache
def sited(name: str) -> tuple[Document, list[Site]]:
    document = Document(MODULES[name])
    return document, list(sites_in(document, 1, len(document.starts)))


@pytest.mark.parametrize("name", MODULES)
def test_offsets_lie_in_the_text_and_around_the_node_they_name(name: str) -> None:
    document, found = sited(name)
    lines = document.text.count("\n") + 1
    for site in found:
        assert 0 <= site.start <= site.end <= len(document.text)
        assert 1 <= site.first_line <= site.last_line <= lines
        node = document.locate(site.anchor, site.node).node
        assert document.span(node) == site.anchor
        if site.action in (Action.RENAME, Action.EDIT_LITERAL, Action.SWAP_OPERATOR, Action.DELETE_ELEMENT):
            start, end = document.whole(node)
            assert start <= site.start < site.end <= end


@pytest.mark.parametrize("name", MODULES)
def test_sites_are_distinct_and_insert_or_replace_as_their_action_says(name: str) -> None:
    _, found = sited(name)
    assert len(set(found)) == len(found)
    inserting = {Action.INSERT_STATEMENT, Action.INSERT_GUARD, Action.ADD_ELEMENT, Action.ADD_CLAUSE}
    for site in found:
        assert (site.start == site.end) == (site.action in inserting)


@pytest.mark.parametrize("name", MODULES)
def test_what_is_deleted_moved_or_wrapped_are_whole_lines(name: str) -> None:
    document, found = sited(name)
    whole = {Action.DELETE_STATEMENT, Action.MOVE_STATEMENT, Action.WRAP_STATEMENT, Action.UNWRAP_STATEMENT}
    for site in found:
        if site.action in whole:
            assert document.line_start(site.start) == site.start
            assert document.text[site.end - 1] == "\n"


@pytest.mark.parametrize("name", MODULES)
def test_what_is_renamed_is_an_identifier(name: str) -> None:
    document, found = sited(name)
    for site in found:
        if site.action in (Action.RENAME, Action.RENAME_ALL):
            assert document.text[site.start : site.end].isidentifier()


@pytest.mark.parametrize("name", MODULES)
def test_the_scope_is_the_definition_around_the_line(name: str) -> None:
    document, found = sited(name)
    for site in found:
        assert site.scope == "<module>" or definition_named(document, site.scope) is not None
        if site.action is Action.RENAME and site.statement not in ("ClassDef", "FunctionDef", "AsyncFunctionDef"):
            assert definition_around(document, site.first_line).scope == site.scope


def test_every_action_has_sites_in_the_shapes() -> None:
    assert {site.action for site in sited("shapes")[1]} == set(Action)


@settings(deadline=None)
@given(st.integers(1, 64), st.integers(0, 12))
def test_sites_of_some_lines_are_those_of_the_file_that_begin_or_end_there(first: int, more: int) -> None:
    document, every = sited("shapes")
    some = list(sites_in(document, first, first + more))
    assert set(some) <= set(every)
    begin = {site for site in every if site.start < site.end and first <= document.line(site.start) <= first + more}
    assert begin <= set(some)
    assert all(first <= document.line(site.start) <= first + more + 1 for site in some)


def tokens_for(site: Site, old: str) -> tuple[str, ...] | None:
    """Tokens that the action may write at any of its sites; None where that depends on the site."""
    match site.action:
        case Action.REPLACE_EXPRESSION:
            return (OLD,)
        case Action.EXTEND_CONDITION:
            return OLD, "or", "ready"
        case Action.RENAME | Action.RENAME_ALL:
            return ("renamed",)
        case Action.INSERT_STATEMENT:
            return "print", "(", "1", ")"
        case Action.INSERT_GUARD:
            return "if", "ready", ":", NEWLINE, INDENT, "raise"
        case Action.DELETE_ELEMENT | Action.DELETE_STATEMENT | Action.UNWRAP_STATEMENT:
            return ()
        case Action.SWAP_OPERATOR:
            return tuple(old.split())
        case Action.EDIT_LITERAL:
            return (old,)
        case Action.WRAP_STATEMENT:
            return "if", "ready", ":"
        case Action.ADD_CLAUSE if site.field == "handlers":
            return "except", "Broken", ":", NEWLINE, INDENT, "raise"
        case Action.ADD_CLAUSE:
            word = ("elif", "ready") if site.node == "If" else ("else",)
            return *word, ":", NEWLINE, INDENT, "print", "(", ")"
        case Action.ADD_ELEMENT if site.node == "Dict":
            return "added", ":", "1"
        case Action.ADD_ELEMENT if site.node == "comprehension":
            return "if", "added"
        case Action.ADD_ELEMENT if site.node not in ("FunctionDef", "AsyncFunctionDef", "Lambda", "ClassDef", "Call"):
            return ("added",)
    return None


@settings(max_examples=150, deadline=None)
@given(*PLACED)
def test_an_action_done_at_its_site_leaves_a_program(name: str, share: float) -> None:
    document, found = sited(name)
    site = found[int(share * len(found))]
    old = document.text[site.start : site.end]
    tokens = tokens_for(site, old)
    if tokens is None:
        return
    result = apply_to(document, [Edit(site, tokens)])
    assert parses(result)
    if site.action in (Action.REPLACE_EXPRESSION, Action.SWAP_OPERATOR, Action.EDIT_LITERAL):  # by what was there
        assert runs_like(result, document.text)


@pytest.mark.parametrize(
    ("text", "line", "scope"),
    [
        (SHAPES, 1, "<module>"),
        ("class A:\n    @b\n    def c(self):\n        x = 1\n    y = 2\n", 2, "A.c"),
        ("class A:\n    @b\n    def c(self):\n        x = 1\n    y = 2\n", 4, "A.c"),
        ("class A:\n    @b\n    def c(self):\n        x = 1\n    y = 2\n", 5, "A"),
        ("if x:\n    def f():\n        pass\n", 3, "f"),
    ],
)
def test_a_line_stands_in_its_innermost_definition(text: str, line: int, scope: str) -> None:
    assert definition_around(Document(text), line).scope == scope


def test_a_definition_is_found_by_its_qualified_name() -> None:
    document = Document(SHAPES)
    place = definition_named(document, "outer.inner")
    assert place is not None and isinstance(place.node, ast.FunctionDef) and place.scope == "outer.inner"
    assert definition_named(document, "outer.nobody") is None


def test_a_docstring_stays_and_nothing_is_put_before_it() -> None:
    document = Document('def f():\n    """Doc."""\n    g()\n')
    found = list(sites_in(document, 1, 3))
    assert not [site for site in found if site.action is Action.DELETE_STATEMENT and site.node == "Expr"
                and site.first_line == 2]  # fmt: skip
    inserted = [document.line(site.start) for site in found if site.action is Action.INSERT_STATEMENT]
    assert 2 not in inserted and {3, 4} <= set(inserted)
