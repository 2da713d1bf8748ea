"""What an issue spells out is proposed where it is meant to stand, the more the clearer it says so."""

import ast
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from kent_agent.advised import advised
from kent_agent.resonator import Factorization
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol
from kent_agent.task import Operation

LUT = """\
import numpy as np


def expand(y0, y1, length):
    step = (y1 - y0) / length
    vals = np.around(np.arange(y0 + step, y1 + step, step))
    return vals
"""
NEW = "vals = np.around(np.linspace(y0 + step, y1, length))"
OLD = "vals = np.around(np.arange(y0 + step, y1 + step, step))"
FILES = {"lut.py": LUT, "other.py": "def other():\n    return None\n", "broken.py": "def ("}


def proposals(
    body: str, files: dict[str, str] = FILES, places: Sequence[Factorization] = ()
) -> list[tuple[float, str, str]]:
    found = advised(parse_issue(f"Wrong length\n\n{body}"), list(files), files.get, places)
    return [(math.exp(score), place.location.name, proposal.after) for score, place, proposal in found]


@pytest.mark.parametrize(
    ("body", "likely"),
    [
        (f"It runs\n```\n{OLD}\n```\nThis would be correct:\n```\n{NEW}\n```", 0.35),
        (f"This would be correct:\n```\n{NEW}\n```", 0.12),
        (f"I run\n```\n{NEW}\n```", 0.03),
        (f"```diff\n     step = (y1 - y0) / length\n-    {OLD}\n+    {NEW}\n```", 0.6),
    ],
    ids=["placed", "told", "shown", "patched"],
)
def test_the_clearer_an_issue_says_so_the_likelier_its_code_is_the_edit(body: str, likely: float) -> None:
    ((share, name, after),) = proposals(body)
    assert share == pytest.approx(likely)
    assert name == "expand"
    assert after == LUT.replace(OLD, NEW)


def test_hunks_of_one_patch_are_likeliest_together() -> None:
    old, new = "def expand(y0, y1, length):", "def expand(y0, y1, length=2):"
    first = f"@@ -1,2 +1,2 @@\n-{old}\n+{new}\n     step = (y1 - y0) / length\n"
    body = f"```diff\n{first}@@ -5,2 +5,2 @@\n-    {OLD}\n+    {NEW}\n     return vals\n```"
    found = proposals(body)
    shares = [share for share, _, _ in found]
    assert len(found) == 3 and shares[0] == pytest.approx(0.4) and sum(shares) == pytest.approx(0.6)
    assert found[0][2] == LUT.replace(OLD, NEW).replace(old, new)


def test_a_patch_is_taken_up_though_its_lines_alone_are_no_python() -> None:
    body = "```diff\n-        (y1 - y0) / length\n+        (y1 - y0) / (length - 1)\n     )\n```"
    text = LUT.replace("    step = (y1 - y0) / length\n", "    step = (\n        (y1 - y0) / length\n    )\n")
    assert [after for _, _, after in proposals(body, {"a.py": text})] == [text.replace("/ length", "/ (length - 1)")]


def test_a_patch_whose_context_is_not_quite_the_files_is_still_taken_up() -> None:
    hunk = f" def expand(y0, y1, length=0):\n     step = (y1 - y0) / length\n-    {OLD}\n+    {NEW}\n     return vals\n"
    ((_, name, after),) = proposals(f"```diff\n{hunk}```")
    assert (name, after) == ("expand", LUT.replace(OLD, NEW).replace("length):", "length=0):"))


@pytest.mark.parametrize(
    "body",
    [
        f"The line\n```\n{OLD}\n```\nshould be\n```\n# as in 1.0\n{NEW}\n```",
        f"Changing `{OLD}` to `{NEW}` fixes it.",
        f"It works with `{NEW}` instead of `{OLD}`.",
        f"I got it to work like this:\n```\n    step = (y1 - y0) / length\n    {NEW}\n    return vals\n```",
        f"I changed it so:\n```\ndef expand(y0, y1, length):\n    ...\n    # {OLD}\n    {NEW}\n    return vals\n```",
    ],
    ids=["two blocks", "a sentence", "instead", "an excerpt", "an excerpt with the old line"],
)
def test_a_fix_is_understood_however_it_is_told(body: str) -> None:
    best = max(proposals(body))
    assert best[0] > 0.1 and best[1] == "expand"
    assert ast.dump(ast.parse(best[2])) == ast.dump(ast.parse(LUT.replace(OLD, NEW)))


@pytest.mark.parametrize("sentence", ["Changing `a.b` to `c.d` fixes it.", "`return` should be `pass`"])
def test_short_code_in_a_sentence_is_not_looked_for_everywhere(sentence: str) -> None:
    assert proposals(sentence, {"a.py": "def f():\n    a.b\n    return\n"}) == []


BOTH = "def f(a, b):\n    return a.size + b\n\n\ndef g(a):\n    return a.size\n"


def believed(name: str, first: int, last: int, belief: float) -> Factorization:
    confidences = dict.fromkeys(("FILE", "OPERATION", "LOCATION"), belief)
    symbol = Symbol(name, "function", first, last)
    return Factorization("a.py", Operation.MODIFY_LINE, symbol, belief, confidences, belief, True)


@pytest.mark.parametrize("sentence", ["`a.size` should be `a.sizes`.", "It reads `a.size` instead of `a.sizes`."])
def test_a_term_is_looked_for_in_the_places_that_are_believed_in(sentence: str) -> None:
    places = [believed("f", 1, 2, 0.6), believed("g", 5, 6, 0.2)]
    (first, name, after), (second, *_) = proposals(sentence, {"a.py": BOTH}, places)
    assert (name, after) == ("f", BOTH.replace("a.size + b", "a.sizes + b"))
    assert first == pytest.approx(3 * second) and 0.2 < first + second < 0.5


def test_a_class_does_not_own_the_lines_of_its_methods() -> None:
    text = "class A:\n    kind = one\n\n    def f(self):\n        return one\n"
    place = replace(believed("A", 1, 5, 0.5), location=Symbol("A", "class", 1, 5))
    ((_, _, after),) = proposals("`one` should be `two`", {"a.py": text}, [place])
    assert after == text.replace("kind = one", "kind = two")


def test_a_likelier_file_comes_first_and_all_share_what_is_believed() -> None:
    found = proposals(f"I run\n```\n{NEW}\n```", {"a.py": LUT, "b.py": LUT})
    assert sum(share for share, _, _ in found) == pytest.approx(0.03)
    assert found[0][0] == pytest.approx(2 * found[1][0])


@pytest.mark.parametrize("body", ["", "Nothing `to see` here", f"```\n{OLD}\n```", "```\nexpand(1, 2, 3)\n```"])
def test_an_issue_that_spells_out_nothing_proposes_nothing(body: str) -> None:
    assert proposals(body) == []


def test_the_place_of_a_patch_is_what_it_changes_and_not_what_it_shows() -> None:
    text = f"def first():\n    return 1\n\n\n{LUT}"
    shown = "".join(f" {line}\n" for line in text[: text.index(OLD)].rstrip().split("\n"))
    body = f"```diff\n{shown}-    {OLD}\n+    {NEW}\n```"
    ((_, place, proposal),) = advised(parse_issue(f"Wrong\n\n{body}"), ["a.py"], {"a.py": text}.get)
    site = proposal.edits[0].site
    assert (place.location.name, text[site.start : site.end].strip()) == ("expand", OLD)


def test_a_script_that_shows_the_fault_is_not_put_into_a_file() -> None:
    text = "from lib import Widget\n\n\ndef main():\n    return Widget()\n"
    script = "The following does not work:\n```\nfrom lib import Widget\nw = Widget()\nassert w.main() is None\n```"
    assert proposals(script, {"a.py": text}) == []
