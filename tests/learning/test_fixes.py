"""A row of fixes.jsonl holds a fix whole: what is written is what is read, and it makes the file after."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.errors import KentError
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.source.derivation import derive
from kent_agent.source.history import hunks

BEFORE = "import os\r\n\r\ndef f(x):\r\n    return x - 1  # ü\r\n"
AFTER = "import os\r\nimport re\r\n\r\ndef f(x):\r\n    return re.sub(x + 1)  # ü\r\n"
LINES = st.lists(st.sampled_from(["a", "b", "", "\r", "é"]), max_size=6).map("\n".join)


def fix_between(before: str, after: str) -> MinedFix:
    old, new = before.split("\n"), after.split("\n")
    return MinedFix(
        repo="acme/a",
        commit="c" * 40,
        parent="p" * 40,
        path="a/core.py",
        message="Add\n\nmore",
        issue="",
        before=before,
        symbol="f",
        start=3,
        end=4,
        single_hunk=False,
        hunks=2,
        lines=3,
        derivation=derive(before, after),
        after=tuple((a, b, tuple(new[c:d])) for a, b, c, d in hunks(old, new)),
        after_hash="0" * 64,
        key="1" * 64,
    )


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fixes.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("derived", [True, False])
def test_what_is_written_is_read_again(derived: bool, tmp_path: Path) -> None:
    fix = fix_between(BEFORE, AFTER)
    assert fix.derivation is not None and fix.derivation.imports
    fix = fix if derived else replace(fix, derivation=None, split="train")
    assert "\n" not in fix.dump()
    assert list(load_fixes(written(tmp_path, f"{fix.dump()}\n{fix.dump()}\n"))) == [fix, fix]


@settings(deadline=None)
@given(LINES, LINES)
def test_the_file_after_is_the_one_before_with_its_hunks_changed(before: str, after: str) -> None:
    assert fix_between(before, after).text_after == after


def test_a_fix_outside_of_the_grammar_has_no_edits() -> None:
    fix = fix_between(BEFORE, AFTER)
    assert len(fix.edits) == len(fix.derivation.edits if fix.derivation else ()) > 0
    assert replace(fix, derivation=None).edits == ()


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"repo": "acme/a"}', "1"])
def test_a_line_that_is_no_fix_is_named(line: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"{fix_between(BEFORE, AFTER).dump()}\n{line}\n")
    with pytest.raises(KentError, match=r"fixes\.jsonl: line 2 is no mined fix"):
        list(load_fixes(path))


def test_an_unknown_action_is_no_fix(tmp_path: Path) -> None:
    row = json.loads(fix_between(BEFORE, AFTER).dump())
    row["edits"][0]["action"] = "guess"
    with pytest.raises(KentError, match="line 1"):
        list(load_fixes(written(tmp_path, json.dumps(row) + "\n")))


def test_a_file_that_is_not_there_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(KentError, match=r"kent_agent\.mine"):
        list(load_fixes(tmp_path / "none.jsonl"))
