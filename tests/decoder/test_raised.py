"""What was None is asked for before its attribute is read, and what was never bound is bound."""

import ast
import math

import pytest

from kent_agent.decoder.outcome import applied
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.suggestions import suggested_edits
from kent_agent.decoder.surroundings import Said
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import symbols

ISSUE = "It crashes\n\nAttributeError: 'NoneType' object has no attribute 'name'"
TRACEBACK = """\
It crashes

Traceback (most recent call last):
  File "shop/cart.py", line 3, in total
    {line}
AttributeError: 'NoneType' object has no attribute 'name'
"""
TWICE = "def total(owner, cart):\n    first = owner.name\n    second = cart.name\n    return first + second\n"


def guarded(text: str, issue: str = ISSUE) -> list[tuple[str, float]]:
    parsed = parse_issue(issue)
    situation = Situation(text, "shop/cart.py", symbols(text)[1], Said.by(parsed), {})
    return [(applied(situation, edit) or "", math.exp(share)) for edit, share in suggested_edits(parsed, situation)]


@pytest.mark.parametrize(
    ("statement", "after"),
    [
        ("if owner.name:\n        pass", "if owner and owner.name:\n        pass"),
        (
            "if a and not owner.of(b).name:\n        pass",
            "if a and owner.of(b) and not owner.of(b).name:\n        pass",
        ),
        ("while a == owner.name:\n        pass", "while owner and a == owner.name:\n        pass"),
        ("owner.name.show(a)", "if owner:\n        owner.name.show(a)"),
        ("for a in owner.name:\n        pass", "if owner:\n        for a in owner.name:\n            pass"),
        ("return owner.name(a)[0]", "return owner.name(a)[0] if owner else None"),
        ("a = 1 + owner.name", "a = 1 + (owner.name if owner else None)"),
        ("a = [b.name for b in c if b.name]", "a = [b.name if b else None for b in c if b.name]"),
    ],
)
def test_what_was_none_is_asked_for(statement: str, after: str) -> None:
    before = f"def total(owner, a, b, c):\n    {statement}\n"
    wanted = ast.dump(ast.parse(f"def total(owner, a, b, c):\n    {after}\n"))
    assert wanted in [ast.dump(ast.parse(found)) for found, _ in guarded(before)]


@pytest.mark.parametrize("statement", ["return self.name", "owner.name = 1", "return owner.names", "return name"])
def test_what_is_never_none_or_not_read_is_not(statement: str) -> None:
    assert guarded(f"def total(self, owner):\n    {statement}\n") == []


@pytest.mark.parametrize("issue", ["", "NoneType", "'str' object has no attribute 'name'", "owner.name is None"])
def test_no_other_error_asks_for_it(issue: str) -> None:
    assert guarded(TWICE, issue) == []


def test_an_item_is_asked_for_where_the_traceback_ends() -> None:
    text = "def total(cart, owner):\n    first = owner[0]\n    return cart[0][1] + first\n"
    said = TRACEBACK.replace("AttributeError: 'NoneType' object has no attribute 'name'", "{error}")
    error = "TypeError: 'NoneType' object is not subscriptable"
    found = dict(guarded(text, said.format(line="first = owner[0]", error=error)))
    assert found == {text.replace("owner[0]", "owner[0] if owner else None"): pytest.approx(0.3)}
    assert len(guarded(text, said.format(line="return cart[0][1] + first", error=error))) == 2
    assert guarded(text, f"It crashes\n\n{error}") == [], "nothing tells where"


def test_places_share_what_is_likely_and_the_line_that_crashed_has_more() -> None:
    anywhere = guarded(TWICE)
    assert [share for _, share in anywhere] == pytest.approx([0.1, 0.1])
    ((after, share),) = guarded(TWICE, TRACEBACK.format(line="second = cart.name"))
    assert after == TWICE.replace("cart.name", "cart.name if cart else None")
    assert share > sum(share for _, share in anywhere)


@pytest.mark.parametrize(
    "error",
    [
        "UnboundLocalError: local variable 'best' referenced before assignment",
        "UnboundLocalError: cannot access local variable 'best' where it is not associated with a value",
    ],
)
def test_a_variable_that_was_never_bound_is_none_before_what_binds_it(error: str) -> None:
    before = """\
def highest(prices):
    count = 0
    for price in prices:
        if price:
            best = price
    for price in prices:
        best = max(best, price)
    return best, count
"""
    ((after, share),) = guarded(before, f"highest() fails for nothing\n\n{error}")
    assert after == before.replace(
        "    for price in prices:\n        if", "    best = None\n    for price in prices:\n        if"
    )
    assert share == pytest.approx(0.2)
    assert guarded(before, f"highest() fails\n\n{error.replace('best', 'count')}") == [], "it is bound always"
    assert guarded(before, f"highest() fails\n\n{error.replace('best', 'worst')}") == []
