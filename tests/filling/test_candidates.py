"""Simple edits write one term in one slot, in each way that there is, and nothing that does not apply."""

import ast

import numpy as np
import pytest

from kent_agent.filling.candidates import candidates
from kent_agent.filling.slots import Way
from tests.decoder.places import BOX, situation_in
from tests.filling.simple import candidates_in, versions

TEXT = """\
import os


def load(path, strict=False, limit=10):
    name = os.path.basename(path).lower()
    if name and limit < 10:
        return open(path, "rb")
    items = [name, "total count"]
    return read(path, items[0]) if strict else None
"""


@pytest.mark.parametrize(
    ("old", "new", "issue"),
    [
        ("read(path, ", "scan(path, ", "use scan"),  # T
        ("basename", "abspath", "abspath"),
        ("os.path.basename", "os.fspath", "fspath"),  # SIBLING
        ("limit=10)", "limit=25)", "25 is the limit"),
        ('"rb"', '"wb"', "wb"),  # STRING
        ('"total count"', '"total sum"', "sum"),  # WORD
        ("read(path, ", "read(str(path), ", "str"),  # CALL
        ("read(path, ", "read(path.name, ", "name"),  # ATTRIBUTE
        ("read(path, ", "read(path.resolve(), ", "resolve"),  # METHOD
        ("return read(", "return files.read(", "files"),  # OWNER
        ("items[0])", 'items[0]["key"])', "key"),  # SUBSCRIPT
        ('"rb")', '"rb", buffering=buffering)', "buffering"),  # ITSELF
        ('"rb")', '"rb", closefd=True)', "closefd"),  # TRUE
        ('"rb")', '"rb", closefd=False)', "closefd"),  # FALSE
        ("limit=10)", "limit=10, mode=None)", "mode"),  # NONE
        ("limit=10)", "limit=10, **kwargs)", "kwargs"),  # STARS
        ("read(path, items[0])", "read(path, items[0] or fallback)", "fallback"),  # OR
        ("if name and limit < 10", "if name and limit < 10 and strict", "strict"),  # AND
        ("if name and limit < 10", "if name and limit < 10 and not strict", "strict"),  # AND_NOT
        ("limit < 10:", "limit <= 10:", ""),  # OPERATOR
        ("if name and limit", "if name or limit", ""),
        ("    items = [name, \"total count\"]\n", "", ""),  # DELETED
        ('"rb")', ")", ""),
        ("if strict else", "if not strict else", ""),  # NOT
        ("if strict else", "if strict is None else", ""),  # IS_NONE
        ("if strict else", "if strict is not None else", ""),  # IS_NOT_NONE
        ("os.path.basename(path).lower()", "os.path.basename(path)", ""),  # BASE
        ("items[0])", "items.get(0))", ""),  # GET
        ("read(path, ", "handlers[read](path, ", "handlers"),  # INDEX
        ("read(path, ", "read(path[slot], ", "slot"),  # ITEM
        ('"rb")', 'mode="rb")', "mode"),  # KEYWORD
        ("read(path, ", "read([path], ", ""),  # LISTED
        ("read(path, ", "read(path(), ", ""),  # CALLED
        ("load(path, ", "load(path=None, ", ""),  # DEFAULT
        ("read(path, ", "read(path | None, ", ""),  # OPTIONAL
        ("    items =", "    return name\n    items =", ""),  # RETURN
        ("    items =", "    return\n    items =", ""),  # RETURNED
        ('"total count"', '"total"', ""),  # CUT
        ('"total count"', '"Total count"', ""),  # CASED
        ("os.path.basename(path)", "path", ""),  # INSIDE
        ("strict=False", "strict=True", ""),  # what every program has
        ("limit < 10:", "limit < 11:", ""),  # a number's neighbour
        ("name and limit", "path and limit", ""),  # what stands around
    ],
)  # fmt: skip
def test_a_term_is_written(old: str, new: str, issue: str) -> None:
    assert TEXT.count(old) == 1
    wanted = TEXT.replace(old, new).replace("open(path, )", "open(path)")
    assert wanted in versions(TEXT, "load", issue)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'v1.2 of {name}'", "'v1.3 of {name}'"),  # COUNTED
        ("'v1.2 of {name}'", "f'v1.2 of {name}'"),  # PREFIXED
        ("rb'raw'", "'raw'"),
        ("list(xs)", "xs"),  # INSIDE
        ("a + b", "b"),
        ("a if b else c", "c"),
    ],
)
def test_a_literal_or_an_expression_is_made_over(old: str, new: str) -> None:
    text = f"def made(xs, a, b, c, name):\n    return {old}\n"
    assert text.replace(old, new) in versions(text, "made")


def test_every_way_is_some_slots() -> None:
    assert {slot.way for slot in candidates_in(TEXT, "load").slots} >= set(Way) - {Way.PREFIXED, Way.COUNTED}


@pytest.mark.parametrize("issue", [None, "", "Box.area() is wrong: use `depth`, 'cm', -1 or {}"])
@pytest.mark.parametrize("name", ["Box.area", "Box"])
def test_what_applies_parses(name: str, issue: str | None) -> None:
    found = versions(BOX, name, issue)
    assert found and BOX not in found
    for after in found:
        ast.parse(after)


def test_an_operator_becomes_one_of_its_kind() -> None:
    text = "def less(a, b):\n    return a < b\n"
    found = versions(text, "less")
    assert text.replace("<", ">=") in found and text.replace("<", "not in") in found
    assert text.replace("<", "+") not in found


def test_a_string_of_the_function_is_a_string_elsewhere() -> None:
    text = 'def pick(row):\n    return row["a"], row["other"]\n'
    assert text.replace('"a"', '"other"') in versions(text, "pick")


def test_a_string_that_reads_like_names_is_not_called() -> None:
    text = 'def pick(row):\n    return row, "os.path"\n'
    assert text.replace('"os.path"', '"os.name"') in versions(text, "pick", "os.name")
    assert text.replace("row,", "(row),") not in versions(text, "pick")


def test_of_many_slots_those_of_the_likeliest_sites_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    situation = situation_in(TEXT, "load", "")
    scores = -np.arange(len(situation.sites), dtype=np.float32)[::-1]
    with_slots = {slot.site for slot in candidates_in(TEXT, "load").slots}
    monkeypatch.setattr("kent_agent.filling.candidates._MOST", 7)
    found = candidates(situation, scores, {})
    assert found is not None and len(found.slots) == 7
    sites = [slot.site for slot in found.slots]
    assert sites == sorted(sites) and set(sites) == {site for site in with_slots if site >= min(sites)}


def test_names_are_renamed_to_names_alone() -> None:
    found = candidates_in(TEXT, "load", "use 30")
    sites = found.situation.sites
    for slot, term in zip(found.slot.tolist(), found.term.tolist(), strict=True):
        if sites[found.slots[slot].site].action.startswith("rename"):
            assert found.terms[term].is_name


def test_no_variable_hides_a_builtin() -> None:
    text = "def total(part):\n    return part + part\n"
    issue = "float or amount"
    assert text.replace("part", "amount") in versions(text, "total", issue)
    assert text.replace("part", "float") not in versions(text, "total", issue)


def test_an_attribute_may_be_named_as_a_builtin_is() -> None:
    text = "def twice(box):\n    return box.kind + box.kind\n"
    assert text.replace("kind", "type") in versions(text, "twice", "it is called type")


def test_measures_are_numbers_of_all_pairs() -> None:
    found = candidates_in(BOX, "Box.area", "Box.area() is wrong: use `depth` instead of height")
    pairs = found.pairs()
    assert len(pairs) == len(found.slot) and abs(pairs).max() < 20
    assert len(found.tables.slots) == len(found.slots) and len(found.tables.terms) == len(found.terms)
