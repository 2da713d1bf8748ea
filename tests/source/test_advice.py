"""Code that an issue shows is found wherever it stands, with whether a change is spoken of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.advice import Advice, Form, advice

LINE = "vals = np.around(np.linspace(y0, y1, length))"


@pytest.mark.parametrize(
    "text",
    [
        f"Wrong length\n\nThe following code does work:\n\n```python\n{LINE}\n```\n",
        f"Wrong length\n\nChanging it to `{LINE}` helps.\n",
        f"Wrong length\n\nIt should be\n\n    {LINE}\n",
        f"Wrong length\n\nThis should count all of them:\n`{LINE}`\n",
        f"Wrong length\n\nshould be:\n  {LINE}\n",
    ],
    ids=["fence", "span", "indented", "a span that should do something", "little indented"],
)
def test_code_that_a_change_is_spoken_of_with_is_told(text: str) -> None:
    assert Advice(LINE, told=True) in advice(text)


def test_code_that_is_merely_shown_is_not_told() -> None:
    assert advice(f"Wrong length\n\nThis is what I run:\n\n```python\n{LINE}\n```\n") == (Advice(LINE),)


def test_the_heading_above_code_may_speak_of_a_change() -> None:
    (found,) = advice(f"Wrong length\n\n## Proposed fix\n\nCount first:\n\n```python\n{LINE}\n```\n")
    assert found == Advice(LINE, told=True)


def test_what_stands_between_two_spans_is_no_code() -> None:
    found = advice("Wrong\n\nThe `y0` is an `int(x)` or ``a`` and ``f(y1)`` is none.\n")
    assert [each.new for each in found] == ["int(x)", "f(y1)"]


def test_stress_and_pointers_are_no_code() -> None:
    (found,) = advice("Wrong\n\nIt should be\n```\nif a:\n    **return b**\nc(*d)   # <-- this\n```\n")
    assert found.new == "if a:\n    return b\nc(*d)"


def test_what_code_comes_to_is_no_code_but_what_a_function_returns_is() -> None:
    head = "def f(\n    a: int,\n) -> dict[str, int]:\n    return g(a)"
    (found,) = advice(f"Wrong\n\n```\n{head}\n\nf(1) -> {{}}\n```\n")
    assert found.new == f"{head}\n\nf(1)"


def test_blocks_are_a_pair_though_a_name_is_spelled_between_them() -> None:
    old, new = "a = one(1)\nb = two(1)", "a = one(1)\nb = two(2)"
    found = advice(f"Wrong\n\n```\n{old}\n```\nwhere `count` should be\n```\n{new}\n```\n")
    assert Advice(new, old, True, form=Form.PAIR) in found


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
        one := Advice("def f():\n    return 2", "def f():\n    return 1", True, form=Form.PATCH),
        other := Advice("a = 1\nb = 2", "a = 1", True, form=Form.PATCH),
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
    assert found == Advice("b()\nc()", "    if a:\n        b()\nc()", True, form=Form.PATCH)


@pytest.mark.parametrize("patch", ["-    b()\n", "+    b()\n", "     a()\n-    b()\n     c()\n"])
def test_a_patch_that_only_takes_away_or_adds_is_one_where_it_is_called_so(patch: str) -> None:
    assert [each.form for each in advice(f"```diff\n{patch}```\n")] == [Form.PATCH]
    assert Form.PATCH in [each.form for each in advice(f"--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n{patch}")]
    assert Form.PATCH not in [each.form for each in advice(f"```\n{patch}```\n")]


def test_pieces_beside_one_another_that_are_alike_may_take_each_others_place() -> None:
    text = f"The code is\n\n```\n{LINE}\n```\n\nIt should be\n\n```\n# rounded\n{LINE}.round()\n```\n"
    pairs = [each for each in advice(text) if each.form is Form.PAIR]
    assert [(each.old, each.new, each.told) for each in pairs] == [
        (LINE, f"# rounded\n{LINE}.round()", True),
        (f"# rounded\n{LINE}.round()", LINE, True),
    ]
    assert Form.PAIR not in [
        each.form for each in advice(f"Use\n\n```\n{LINE}\n```\n\nnot\n\n```\nquite.other()\n```\n")
    ]


def test_code_without_marks_is_a_piece_where_no_line_of_it_is_prose() -> None:
    code = f"if steps:\n{LINE}\n\nreturn vals.round()"
    text = f"Wrong length\n\nI changed it like this:\n{code}\nWhat do you think of it?\n"
    found = [each.new for each in advice(text)]
    assert code in found
    assert not any("think" in each or "changed" in each for each in found)


def test_one_piece_of_code_is_no_pair_with_a_part_of_itself() -> None:
    found = advice("It does not work because of this:\n\ndel x.y\nvalue = a.compute(x)\nreturn value\n")
    assert found and {(each.form, each.told) for each in found} == {(Form.PIECE, False)}


def test_that_a_file_ends_without_a_newline_is_no_line_of_a_patch() -> None:
    (found,) = advice("```diff\n-a = 1\n\\ No newline at end of file\n+a = 2\n\\ No newline at end of file\n```\n")
    assert (found.old, found.new) == ("a = 1", "a = 2")


def test_what_a_sentence_wants_replaced_is_advice() -> None:
    found = advice(f"Changing `{LINE}` to `vals = x` helps.")
    assert found[-1] == Advice("vals = x", LINE, True, form=Form.SENTENCE)


def test_a_header_of_several_lines_keeps_what_is_below_it_deeper() -> None:
    code = "def f(a,\n      b):\n    return a"
    (found,) = advice(f"It should be:\n\n```\n{code}\n```\n")
    assert found.new == code


@pytest.mark.parametrize("session", [">>> vals = f(1)\n3", "$ python -m tool"])
def test_sessions_are_no_advice(session: str) -> None:
    assert advice(f"Wrong\n\n```\n{session}\n```\n") == ()


@given(st.text(st.sampled_from(list("`~ \n\t-+@>ab:=()#")), max_size=300))
def test_any_text_may_be_asked(text: str) -> None:
    assert all(piece.new.strip() or piece.old.strip() for piece in advice(text))
