"""Diffs against git itself, and what counts as a change to Python source."""

from pathlib import Path

import git
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.errors import PatchError
from kent_agent.hardened_git import HardenedGit
from kent_agent.source.diff import files_of, unified_diff
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore

# What str.splitlines takes for a line's end and git does not, what git quotes, and plain text.
PIECES = [
    "a",
    "b",
    "  return x",
    "\t",
    "é",
    "\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\\ ",
    "--- a",
    "@@",
]
LINE = st.builds(
    lambda pieces, end: "".join(pieces) + end,
    st.lists(st.sampled_from(PIECES), max_size=3),
    st.sampled_from(["\n", "\n", "\r\n"]),
)
TEXT = st.builds(
    lambda lines, tail: "".join(lines) + tail, st.lists(LINE, max_size=12), st.sampled_from(["", "", "end"])
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A text and the same text with a few stretches of lines replaced, far apart or not."""
    lines = draw(st.lists(LINE, min_size=1, max_size=40))
    changed = list(lines)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(changed)))
        changed[start : start + draw(st.integers(0, 3))] = draw(st.lists(LINE, max_size=3))
    tails = st.sampled_from(["", "no newline"])
    return "".join(lines) + draw(tails), "".join(changed) + draw(tails)


@pytest.fixture(scope="module")
def work_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work-tree")
    git.Repo.init(folder).close()
    return folder


def apply_with_git(work_tree: Path, before: dict[str, str], patch: str) -> dict[str, bytes]:
    """The bytes of the files of `before` after `git apply` in a real work tree."""
    for path, text in before.items():
        (work_tree / path).parent.mkdir(parents=True, exist_ok=True)
        (work_tree / path).write_bytes(text.encode())
    (work_tree / "x.diff").write_bytes(patch.encode())
    command = HardenedGit(work_tree / ".git", work_tree)
    status, _, stderr = command.run("apply", "--whitespace=nowarn", "x.diff")
    assert status == 0, stderr
    return {path: (work_tree / path).read_bytes() for path in before}


@settings(deadline=None, max_examples=150)
@given(texts=st.one_of(edited(), st.tuples(TEXT, TEXT)).filter(lambda texts: texts[0] != texts[1]))
def test_git_applies_the_diff_byte_for_byte(work_tree: Path, texts: tuple[str, str]) -> None:
    before, after = texts
    patch = unified_diff({"src/module.py": (before, after)})
    assert apply_with_git(work_tree, {"src/module.py": before}, patch) == {"src/module.py": after.encode()}
    assert files_of(patch) == ("src/module.py",)


def test_several_files_and_hunks_make_one_diff(work_tree: Path) -> None:
    numbers = "".join(f"{number}\n" for number in range(40))
    changes = {
        "z.py": (numbers, numbers.replace("\n5\n", "\nfive\n").replace("\n30\n", "\n")),
        "a.py": ("x\n", "y\n"),
        "same.py": ("x\n", "x\n"),
    }
    patch = unified_diff(changes)
    assert files_of(patch) == ("a.py", "z.py")
    assert patch.count("@@ -") == 3
    before = {path: texts[0] for path, texts in changes.items()}
    assert apply_with_git(work_tree, before, patch) == {p: texts[1].encode() for p, texts in changes.items()}


@pytest.mark.parametrize("path", ["with space.py", "qu'ote.py", 'qu"ote.py', "back\\slash.py", "é.py", "a\tb.py"])
def test_odd_names_are_written_so_that_git_reads_them(work_tree: Path, path: str) -> None:
    patch = unified_diff({path: ("x\n", "y\n")})
    assert apply_with_git(work_tree, {path: "x\n"}, patch) == {path: b"y\n"}


def test_nothing_changed_is_an_empty_diff() -> None:
    assert unified_diff({}) == unified_diff({"a.py": ("x\n", "x\n")}) == ""


def test_a_lost_last_newline_is_marked() -> None:
    assert unified_diff({"a.py": ("x\n", "x")}) == (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file\n"
    )


def test_the_diff_of_a_snapshots_text_applies_to_the_snapshot(tiny_repo: tuple[Path, SWETask]) -> None:
    repos_dir, task = tiny_repo
    with RepositoryStore(repos_dir).snapshot(task) as snapshot:
        before = snapshot.read_text("src/tiny/calc.py")
        assert before is not None
        after = before.replace("left - right", "left + right")
        patch = unified_diff({"src/tiny/calc.py": (before, after)})
        snapshot.check(patch)
        assert snapshot.apply(patch) == {"src/tiny/calc.py": after.encode()}


@pytest.mark.parametrize("patch", ["", "no diff at all\n", "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-one\n"])
def test_what_is_no_diff_has_no_files(patch: str) -> None:
    with pytest.raises(PatchError):
        files_of(patch)
