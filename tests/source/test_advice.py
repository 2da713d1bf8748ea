"""Code that an issue shows is found wherever it stands, with whether a change is spoken of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.advice import Advice, advice

LINE = "vals = np.around(np.linspace(y0, y1, length))"


@pytest.mark.parametrize(
    "text",
    [
        f"Wrong length\n\nThe following code does work:\n\n```python\n{LINE}\n```\n",
        f"Wrong length\n\nChanging it to `{LINE}` helps.\n",
        f"Wrong length\n\nIt should be\n\n    {LINE}\n",
    ],
    ids=["fence", "span", "indented"],
)
def test_code_that_a_change_is_spoken_of_with_is_told(text: str) -> None:
    assert Advice(LINE, told=True) in advice(text)


def test_code_that_is_merely_shown_is_not_told() -> None:
    assert advice(f"Wrong length\n\nThis is what I run:\n\n```python\n{LINE}\n```\n") == (Advice(LINE),)


def test_what_all_lines_are_indented_by_goes() -> None:
    (found,) = advice("Crash\n\nChanging it to\n```\n        if peek:\n            seek(1)\n```\n")
    assert found.new == "if peek:\n    seek(1)"


def test_a_span_keeps_its_lines_and_their_order_of_depth() -> None:
    (found,) = advice("Crash\n\nChanging it to `    if peek:\n        seek(1)` works.\n")
    assert found == Advice("if peek:\n    seek(1)", told=True)


def test_a_patch_is_what_it_writes_in_the_place_of_what_it_takes() -> None:
    first, second = " def f():\n-    return 1\n+    return 2\n", " a = 1\n+b = 2\n"
    patch = f"--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n{first}@@ -9,2 +9,3 @@\n{second}"
    assert advice(f"Wrong\n\n```diff\n{patch}```\n") == (
        one := Advice("def f():\n    return 2", "def f():\n    return 1", told=True),
        other := Advice("a = 1\nb = 2", "a = 1", told=True),
        replace(one, more=(other,)),
    )


def test_hunks_of_several_files_do_not_belong_together() -> None:
    patch = "".join(
        f"--- a/{name}.py\n+++ b/{name}.py\n@@ -1,2 +1,2 @@\n a = 1\n-{name} = 2\n+{name} = 3\n" for name in "xy"
    )
    found = advice(f"```diff\n{patch}```\n")
    assert [(each.new, each.more) for each in found] == [("a = 1\nx = 3", ()), ("a = 1\ny = 3", ())]


def test_both_sides_of_a_patch_are_as_deep_as_they_are_to_one_another() -> None:
    (found,) = advice("```diff\n-        if a:\n-            b()\n+    b()\n     c()\n```\n")
    assert found == Advice("b()\nc()", "    if a:\n        b()\nc()", told=True)


@pytest.mark.parametrize(
    "session", [">>> vals = f(1)\n3", "$ python -m tool", "x = f(1)\nprint(x)", "assert f(1) == 2"]
)
def test_sessions_are_no_advice(session: str) -> None:
    assert advice(f"Wrong\n\n```\n{session}\n```\n") == ()


@given(st.text(st.sampled_from(list("`~ \n\t-+@>ab:=()#")), max_size=300))
def test_any_text_may_be_asked(text: str) -> None:
    assert all(piece.new.strip() for piece in advice(text))
