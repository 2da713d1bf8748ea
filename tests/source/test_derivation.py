"""Whatever small change is made to a program, the edits derived from it make it again."""

import json
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.application import apply, apply_to
from kent_agent.source.derivation import Change, derive
from kent_agent.source.document import Document
from kent_agent.source.grammar import MAX_LINES, MAX_TOKENS, OLD, Action, Derivation, Site, edit_from_json
from kent_agent.source.import_lines import apply_imports
from kent_agent.source.sites import sites
from kent_agent.source.tokens import NEWLINE
from tests.source.programs import MODULES, SHAPES, mutations, runs_like

NAMES = st.sampled_from([*sorted(MODULES), *["shapes"] * 8])
RANDOMS = st.randoms(use_true_random=True)  # what they draw is decided by a seed that is shown
VERSIONS = settings(max_examples=40, deadline=None)


def changed(before: str, random: Random) -> str:
    """A program after one or two small mutations; itself where chance finds none."""
    after = next(mutations(before, random), before)
    return next(mutations(after, random, tries=3), after)


@cache
def offered() -> frozenset[Site]:
    return frozenset(sites(SHAPES, 1, SHAPES.count("\n") + 1))


def result_of(before: str, derivation: Derivation) -> str:
    return apply_imports(apply_to(Document(before), derivation.edits), derivation.imports)


@VERSIONS
@given(NAMES, RANDOMS)
def test_derived_edits_turn_the_version_before_into_the_one_after(name: str, random: Random) -> None:
    before = MODULES[name]
    after = changed(before, random)
    derivation = derive(before, after)
    if derivation is None:
        return
    assert 0 < len(derivation.edits) <= 3
    assert runs_like(result_of(before, derivation), after)
    assert not runs_like(before, after)


@settings(max_examples=12, deadline=None, derandomize=True)  # what is mostly so is not so of every draw
@given(RANDOMS)
def test_one_mutation_is_mostly_in_the_grammar(random: Random) -> None:
    """Not always: a token of an f-string's or a pattern's may have changed, or a line of many tokens come."""
    versions = [after for after in mutations(SHAPES, random, tries=12) if not runs_like(SHAPES, after)]
    derivations = [derive(SHAPES, after, limit=4) for after in versions]
    assert sum(derivation is None for derivation in derivations) <= max(2, len(versions) // 2)


@VERSIONS
@given(NAMES, RANDOMS)
def test_edits_are_in_the_order_of_their_sites_within_the_grammars_bounds_and_survive_json(
    name: str, random: Random
) -> None:
    derivation = derive(MODULES[name], changed(MODULES[name], random))
    edits = derivation.edits if derivation else ()
    assert [edit.site.start for edit in edits] == sorted(edit.site.start for edit in edits)
    for edit in edits:
        assert edit_from_json(json.loads(json.dumps(edit.as_json()))) == edit
        assert len(edit.tokens) <= MAX_TOKENS
        if edit.action in (Action.INSERT_STATEMENT, Action.INSERT_GUARD):
            assert edit.tokens.count(NEWLINE) < MAX_LINES


@VERSIONS
@given(RANDOMS)
def test_every_site_of_a_derivation_is_one_that_its_text_offers(random: Random) -> None:
    """All but definitions that are wrapped whole, and lone exceptions that become a tuple."""
    derivation = derive(SHAPES, changed(SHAPES, random))
    for edit in derivation.edits if derivation else ():
        wraps = edit.action is Action.WRAP_STATEMENT and "def " in SHAPES[edit.site.start : edit.site.end]
        if not wraps and (edit.site.node, edit.site.field) != ("ExceptHandler", "type"):
            assert edit.site in offered()


@VERSIONS
@given(NAMES, RANDOMS)
def test_line_endings_change_nothing_but_themselves(name: str, random: Random) -> None:
    before = MODULES[name]
    after = changed(before, random)
    unix, dos = (
        (derivation, result_of(old, derivation)) if (derivation := derive(old, new)) else (None, "")
        for old, new in ((before, after), (before.replace("\n", "\r\n"), after.replace("\n", "\r\n")))
    )
    assert dos[1] == unix[1].replace("\n", "\r\n")
    if unix[0] and dos[0]:
        assert [edit.action for edit in dos[0].edits] == [edit.action for edit in unix[0].edits]


@settings(max_examples=10, deadline=None)
@given(NAMES, RANDOMS)
def test_the_same_versions_give_the_same_edits(name: str, random: Random) -> None:
    after = changed(MODULES[name], random)
    assert derive(MODULES[name], after) == derive(MODULES[name], after)


@settings(max_examples=25, deadline=None)
@given(NAMES, RANDOMS)
def test_a_change_is_functional_exactly_if_the_programs_run_differently(name: str, random: Random) -> None:
    before = MODULES[name]
    after = changed(before, random)
    assert Change(Document(before), after).functional == (not runs_like(before, after))


def test_the_cheapest_of_several_derivations_is_taken() -> None:
    derivation = derive("x = f(a, b, c)\n", "x = f(a, g(b), c)\n")
    assert derivation and [(edit.action, edit.tokens) for edit in derivation.edits] == [
        (Action.REPLACE_EXPRESSION, ("g", "(", OLD, ")"))
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = [\n" + "    1,\n" * 30 + "]\n", "x = [\n" + "    2,\n" * 30 + "]\n"),
        ("f()\n", "f()\n" + "".join(f"x{i} = f({i})\n" for i in range(9))),
        ("f()\n", "f()\n\n\ndef g():\n    a = 1\n    b = 2\n    c = 3\n    return a + b + c\n"),
    ],
    ids=["many elements", "many statements", "a long definition"],
)
def test_what_is_no_small_change_is_not_derived(before: str, after: str) -> None:
    assert derive(before, after) is None


def test_a_lost_import_is_an_edit_and_a_new_one_is_not() -> None:
    before = "import os\nimport re\n\n\ndef f(x):\n    return re.sub(x)\n"
    after = "import os\nimport sys\n\n\ndef f(x):\n    return sys.sub(x)\n"
    derivation = derive(before, after)
    assert derivation is not None
    assert [edit.action for edit in derivation.edits] == [Action.DELETE_STATEMENT, Action.RENAME]
    assert derivation.imports == (("import", "sys"),)
    assert result_of(before, derivation) == after


def test_deep_nesting_and_null_bytes_are_no_programs() -> None:
    assert derive("x = 1\n", "x = " + "(" * 500 + ")" * 500 + "\n") is None
    assert derive("x = 1\n", "x = \0\n") is None


def test_edits_of_a_version_are_applied_to_that_version_alone() -> None:
    derivation = derive(SHAPES, SHAPES.replace("if n > 1", "if n > 2"))
    assert derivation is not None and len(derivation.edits) == 1
    assert apply(SHAPES, derivation.edits) == SHAPES.replace("if n > 1", "if n > 2")
