"""Comments, docstrings, `pass` and formatting are the same; whatever else differs is not."""

import ast
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.sameness import effective, import_facts, normal_form, same
from kent_agent.source.symbols import parse
from tests.source.programs import MODULES, SHAPES, mutations, runs_like

RANDOMS = st.randoms(use_true_random=True)


def alike(left: str, right: str) -> bool:
    """Whether two texts are the same by both measures, which must agree."""
    ours, theirs = effective(parse(left).body), effective(parse(right).body)
    found = same(ours, theirs)
    assert found == (normal_form(ours) == normal_form(theirs)) == same(theirs, ours)
    return found


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x = 1  # one\n", "x=(1)\n"),
        ('def f():\n    """Doc."""\n    g()\n', "def f():\n  # no doc\n  g()\n"),
        ("def f():\n    pass\n", 'def f():\n    """Only a docstring."""\n'),
        ("x = 'a' 'b'\n", 'x = "ab"\n'),
        ("x = u'a'\n", "x = 'a'\n"),
        ("x = 1_000, 0x10\n", "x = (1000, 16,)\n"),
        ("if a:\n    b()\nelif c:\n    d()\n", "if a:\n    b()\nelse:\n    if c: d()\n"),
        ("class A:\n    x = 1\n    pass\n", "class A:\n    ...\n    x = 1\n"),
        ("f(a,\n  b)\n", "f(a, b)\n"),
    ],
)
def test_what_does_not_run_differently_is_the_same(left: str, right: str) -> None:
    assert alike(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x = 1\n", "x = 1.0\n"),
        ("x = 1\n", "x = True\n"),
        ("x = 0.0\n", "x = -0.0\n"),
        ("x = 'a'\n", "x = b'a'\n"),
        ("x = 'a'\n", "x = f'a'\n"),
        ("f(a, b)\n", "f(b, a)\n"),
        ("f(a)\n", "f(*a)\n"),
        ("f(a=1)\n", "f(b=1)\n"),
        ("x = a.b\n", "x = a.c\n"),
        ("x = a < b\n", "x = a <= b\n"),
        ("x = a\n", "x: int = a\n"),
        ("def f(): return\n", "async def f(): return\n"),
        ("def f(a): return\n", "def f(a, /): return\n"),
        ("if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
        ("try:\n    a()\nexcept B:\n    pass\n", "try:\n    a()\nfinally:\n    pass\n"),
        ("x = a\ny = b\n", "y = b\nx = a\n"),
        ("@a\ndef f(): return\n", "def f(): return\n"),
        ("from a import b\n", "from .a import b\n"),
    ],
)
def test_what_runs_differently_is_not(left: str, right: str) -> None:
    assert not alike(left, right)


@pytest.mark.parametrize("name", MODULES)
def test_a_program_written_anew_is_the_same(name: str) -> None:
    assert alike(MODULES[name], ast.unparse(parse(MODULES[name])))


@settings(max_examples=40, deadline=None)
@given(RANDOMS)
def test_a_changed_program_is_the_same_exactly_if_it_runs_alike(random: Random) -> None:
    for changed in mutations(SHAPES, random, tries=5):
        if ast.dump(parse(changed)) == ast.dump(parse(SHAPES)):
            assert alike(SHAPES, changed)
        if not runs_like(SHAPES, changed):
            assert not alike(SHAPES, changed)


def test_imports_are_facts_in_their_order_each_once() -> None:
    body = parse("import a.b, c as d\nfrom ..e import f as g, h\nfrom . import i\nimport a.b\nx = 1\n").body
    expected = [("a.b", "", None), ("c", "", "d"), ("..e", "f", "g"), ("..e", "h", None), (".", "i", None)]
    assert list(import_facts(body)) == expected
    assert import_facts(body)["..e", "h", None][0] is body[1]
