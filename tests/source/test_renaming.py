"""A renaming reaches every occurrence of its name in one function, and nothing else."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.application import apply
from kent_agent.source.derivation import derive
from kent_agent.source.document import Document, Place
from kent_agent.source.grammar import Action, Edit
from kent_agent.source.renaming import functions_in, renamed_throughout
from kent_agent.source.sites import sites

CODE = '''\
unit = 1  # unit


def area(box, unit=None):
    """The unit of a box is unit."""
    size = box.unit(unit, unit=unit)

    def inner(more=unit):
        return unit + more

    error = None
    try:
        print("unit", f"{unit}", size)
    except Broken as error:
        raise error from error
    return [unit for _ in size], box.unit


def other(unit):
    return unit
'''


def renamed(name: str, new: str, node: str) -> str:
    """CODE after one renaming throughout, of a name at a node of a kind."""
    site = next(
        site
        for site in sites(CODE, 1, CODE.count("\n"))
        if site.action is Action.RENAME_ALL and CODE[site.start : site.end] == name and site.node == node
    )
    return apply(CODE, [Edit(site, (new,))])


def test_a_variable_is_another_in_its_function_and_its_closures_alone() -> None:
    result = renamed("unit", "scale", "arg")
    head, rest = CODE.split("def area", 1)
    body, tail = rest.split("def other", 1)
    expected = (
        body.replace("unit=None", "scale=None")
        .replace("(unit, unit=unit)", "(scale, unit=scale)")
        .replace("more=unit", "more=scale")
        .replace("unit + more", "scale + more")
        .replace("[unit for", "[scale for")
    )
    assert result == f"{head}def area{expected}def other{tail}"


def test_strings_comments_docstrings_and_keywords_keep_the_name() -> None:
    result = renamed("unit", "scale", "arg")
    for text in ("# unit", "The unit of a box is unit.", '"unit"', 'f"{unit}"', "unit=scale", "box.unit"):
        assert text in result


def test_an_attribute_is_no_variable() -> None:
    result = renamed("unit", "scale", "Attribute")
    assert result == CODE.replace("box.unit", "box.scale")


def test_a_caught_exception_is_the_variable_of_its_name() -> None:
    result = renamed("error", "broken", "Name")
    assert result == CODE.replace("error", "broken")


def test_a_name_that_occurs_once_is_not_renamed_throughout() -> None:
    found = [site for site in sites(CODE, 1, CODE.count("\n")) if site.action is Action.RENAME_ALL]
    assert "_" not in {CODE[site.start : site.end] for site in found}
    assert len({(site.scope.split(".")[0], CODE[site.start : site.end], site.node) for site in found}) == len(found)


NAMES = ["box", "size", "error", "inner", "more"]


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(["box", "size", "new", "print"]))
def test_what_was_renamed_is_derived_as_one_edit_unless_names_fell_together(name: str, new: str) -> None:
    tree = ast.parse(CODE)
    function = tree.body[1]
    count = 0
    for node in ast.walk(function):
        for field in ("id", "arg"):
            if getattr(node, field, None) == name and not isinstance(node, ast.keyword):
                setattr(node, field, new)
                count += 1
    after = ast.unparse(tree)
    derivation = derive(CODE, after)
    known = {getattr(node, "id", getattr(node, "arg", "")) for node in ast.walk(ast.parse(CODE).body[1])}
    if count > 1 and new not in known and name not in ("error", "inner"):  # those are named elsewhere, too
        assert derivation is not None
        assert [(edit.action, edit.tokens) for edit in derivation.edits] == [(Action.RENAME_ALL, (new,))]


def test_candidates_rename_the_tree_until_they_are_undone() -> None:
    old, new = Document(CODE), Document(CODE.replace("size", "extent"))
    before = ast.dump(old.tree)
    ours = [Place(node, old.root, "body", i) for i, node in enumerate(old.tree.body)]
    found = []
    for edit, restore in renamed_throughout(old, ours, new.tree.body):
        assert ast.dump(old.tree) == ast.dump(new.tree)
        restore()
        found.append((CODE[edit.site.start : edit.site.end], edit.tokens))
        assert ast.dump(old.tree) == before
    assert found == [("size", ("extent",))]


@pytest.mark.parametrize(
    "after",
    [
        CODE.replace("return unit", "return size"),
        CODE.replace("size = box", "extent = box"),
        CODE.replace("def other(unit):\n    return unit", "def renamed(scale):\n    return scale"),
    ],
    ids=["no name is gone", "not all of them", "another function"],
)
def test_other_changes_are_no_candidates(after: str) -> None:
    old, new = Document(CODE), Document(after)
    ours = [Place(node, old.root, "body", i) for i, node in enumerate(old.tree.body)]
    assert list(renamed_throughout(old, ours, new.tree.body)) == []


def test_functions_are_found_without_those_inside_of_them() -> None:
    document = Document("class A:\n    def f(self):\n        def g(): pass\nif x:\n    def h(): pass\n")
    assert [place.scope for place in functions_in(document.root)] == ["A.f", "h"]
