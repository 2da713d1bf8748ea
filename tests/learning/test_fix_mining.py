"""Mining takes the small changes of source that make it run differently, and nothing of what may not be learned."""

from pathlib import Path

import git
import pytest

from kent_agent.errors import WorkspaceError
from kent_agent.learning.commits import MAX_BYTES
from kent_agent.learning.fix_mining import (
    MAX_FILES,
    MAX_HUNKS,
    MAX_LINES,
    MAX_SHOWN,
    MAX_TEST_LINES,
    SINGLE_LINES,
    head_of,
    mine_fixes,
)
from kent_agent.learning.fixes import MinedFix
from kent_agent.source.application import apply
from kent_agent.source.grammar import Action
from kent_agent.source.history import FORBIDDEN_REPOSITORIES
from kent_agent.source.import_lines import apply_imports
from tests.conftest import BuildRepository, Content
from tests.learning.mirrors import CODE, BuildMirror
from tests.source.programs import runs_like

LINES = "".join(f"x{i} = f({i})\n" for i in range(60))


def mined(mirror: Path, repo: str = "acme/a", commits: int = 100) -> list[MinedFix]:
    return list(mine_fixes(repo, mirror, head_of(repo, mirror), commits))


def between(
    build_repository: BuildRepository, path: Path, *versions: dict[str, Content], message: str = "Mend it"
) -> list[MinedFix]:
    """What is mined of a history of these versions."""
    build_repository(path, [(message, version) for version in versions])
    return mined(path / ".git")


@pytest.fixture(scope="module")
def fixes(build_mirror: BuildMirror) -> list[MinedFix]:
    return mined(build_mirror("acme/cart"), "acme/cart")


def test_only_small_functional_changes_of_source_are_taken(fixes: list[MinedFix]) -> None:
    assert [fix.message.split("\n")[0] for fix in fixes] == ["Take items without a count", "Add up instead of down"]
    assert {fix.path for fix in fixes} == {"cart/core.py"}


def test_a_fix_has_its_provenance_message_and_place(fixes: list[MinedFix], build_mirror: BuildMirror) -> None:
    fix = fixes[1]
    with git.Repo(build_mirror("acme/cart").parent) as repo:
        commit = next(each for each in repo.iter_commits() if each.message.startswith("Add up"))
        assert (fix.repo, fix.commit, fix.parent) == ("acme/cart", commit.hexsha, commit.parents[0].hexsha)
    assert fix.message == "Add up instead of down\n\nSee the report.\n\n> It subtracts!"
    assert fix.issue == "It subtracts!"
    assert (fix.symbol, fix.start, fix.end) == ("total", 5, 10)
    assert (fix.single_hunk, fix.hunks, fix.lines, fix.split) == (True, 1, 2, "")


def test_the_edits_make_the_version_after(fixes: list[MinedFix]) -> None:
    assert fixes[1].before == CODE
    assert [(edit.action, edit.tokens) for edit in fixes[1].edits] == [(Action.SWAP_OPERATOR, ("+",))]
    for fix in fixes:
        assert fix.derivation is not None
        text = apply_imports(apply(fix.before, fix.edits), fix.derivation.imports)
        assert runs_like(text, fix.text_after) and not runs_like(text, fix.before)


def test_mining_again_gives_the_same(fixes: list[MinedFix], build_mirror: BuildMirror) -> None:
    mirror = build_mirror("acme/cart")
    assert mined(mirror, "acme/cart") == fixes
    assert mined(mirror, "acme/cart", commits=1) == []


def test_an_earlier_commit_hides_what_came_later(fixes: list[MinedFix], build_mirror: BuildMirror) -> None:
    found = list(mine_fixes("acme/cart", build_mirror("acme/cart"), fixes[0].parent, 100))
    assert found == fixes[1:]


@pytest.mark.parametrize(
    "path",
    [
        "tests/core.py",
        "pkg/test_core.py",
        "pkg/_vendor/core.py",
        "pkg/vendored/core.py",
        "third_party/a.py",
        "setup.py",
    ],
)
def test_tests_and_vendored_copies_are_no_source(path: str, build_repository: BuildRepository, tmp_path: Path) -> None:
    assert between(build_repository, tmp_path / "a", {path: "x = 1\n"}, {path: "x = 2\n"}) == []


@pytest.mark.parametrize(
    "message", ["Bump requests", "Fix typos", "Release 1.2", "Run black", "Revert the fix", "Docs"]
)
def test_chores_are_left_out(message: str, build_repository: BuildRepository, tmp_path: Path) -> None:
    versions: list[dict[str, Content]] = [{"a.py": "x = 1\n"}, {"a.py": "x = 2\n"}]
    assert between(build_repository, tmp_path / "a", *versions, message=message) == []
    assert len(between(build_repository, tmp_path / "b", *versions)) == 1


def test_what_a_commit_adds_to_tests_is_kept(build_repository: BuildRepository, tmp_path: Path) -> None:
    old = "import a\n\nclass TestA:\n    def test_old(self):\n        assert a.x\n"
    new = old + "\n    def test_new(self):\n        assert a.x == 2\n"
    before: dict[str, Content] = {"a.py": "x = 1\n", "tests/test_a.py": old}
    after: dict[str, Content] = {"a.py": "x = 2\n", "tests/test_a.py": new, "tests/test_b.py": "import b\n"}
    (fix,) = between(build_repository, tmp_path / "a", before, after)
    assert fix.test == "def test_new(self):\n    assert a.x == 2\nimport b"


def test_a_test_that_cannot_be_read_shows_nothing(build_repository: BuildRepository, tmp_path: Path) -> None:
    after: dict[str, Content] = {"a.py": "x = 2\n", "test_a.py": b"'\xff'\n", "test_b.py": None, "b.py": "y = 1\n"}
    before: dict[str, Content] = {"a.py": "x = 1\n", "test_b.py": "y = 1\n", "b.py": "y = 1\n"}
    (fix,) = between(build_repository, tmp_path / "a", before, after)
    assert fix.test == ""


def test_what_counts_as_source_is_not_told_as_a_test(build_repository: BuildRepository, tmp_path: Path) -> None:
    path = "pkg/test/runner.py"  # a package's own helpers for tests, which it ships
    (fix,) = between(build_repository, tmp_path / "a", {path: "x = 1\n"}, {path: "x = 2\n"})
    assert (fix.path, fix.test) == (path, "")


def test_a_test_that_could_not_be_read_before_adds_nothing(build_repository: BuildRepository, tmp_path: Path) -> None:
    before: dict[str, Content] = {"a.py": "x = 1\n", "test_a.py": "x = '\u00fc'\n".encode("latin-1")}
    (fix,) = between(build_repository, tmp_path / "a", before, {"a.py": "x = 2\n", "test_a.py": "x = '\u00fc'\n"})
    assert fix.test == ""


def test_a_test_that_is_generated_is_not_kept(build_repository: BuildRepository, tmp_path: Path) -> None:
    after: dict[str, Content] = {"a.py": "x = 2\n", "test_a.py": "check()\n" * (MAX_TEST_LINES + 1)}
    (fix,) = between(build_repository, tmp_path / "a", {"a.py": "x = 1\n"}, after)
    assert fix.test == ""


def test_no_more_of_tests_is_kept_than_an_issue_would_show(build_repository: BuildRepository, tmp_path: Path) -> None:
    long: dict[str, Content] = {"a.py": "x = 2\n", "test_a.py": "check(1)\n" * (MAX_SHOWN // 8)}
    (fix,) = between(build_repository, tmp_path / "a", {"a.py": "x = 1\n"}, long)
    assert len(fix.test) == MAX_SHOWN


def test_merges_are_left_out(build_repository: BuildRepository, tmp_path: Path) -> None:
    build_repository(tmp_path, [("First", {"a.py": "x = 1\n", "b.py": "y = 1\n"}), ("Mend x", {"a.py": "x = 2\n"})])
    with git.Repo(tmp_path) as repo:
        repo.git.update_environment(GIT_AUTHOR_DATE="2024-01-01T00:00:00Z", GIT_COMMITTER_DATE="2024-01-01T00:00:00Z")
        repo.git.checkout("-q", "-b", "side", "HEAD~1")
        (tmp_path / "b.py").write_text("y = 2\n")
        repo.git.commit("-qam", "Mend y")
        repo.git.checkout("-q", "main")
        repo.git.merge("-q", "--no-ff", "-m", "Take y as well", "side")
    assert sorted(fix.message for fix in mined(tmp_path / ".git")) == ["Mend x", "Mend y"]


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ({"a.py": LINES}, {"a.py": LINES.replace("f(1)", "g(1)")}, True),
        ({"a.py": LINES}, {"a.py": "".join(f"y{i} = 1\n" for i in range(MAX_LINES + 1)) + LINES}, False),
        ({"a.py": LINES}, {"a.py": LINES.replace("(7)", "(0)").replace("(27)", "(1)").replace("(47)", "(2)")}, True),
        ({"a.py": LINES}, {"a.py": LINES.replace("7)", "0)")}, False),
        (
            {f"{i}.py": "x = 1\n" for i in range(MAX_FILES + 1)},
            {f"{i}.py": "x = 2\n" for i in range(MAX_FILES + 1)},
            False,
        ),
        ({"a.py": "x = 1\n"}, {"a.py": "x = 2\n", "b.py": "y = 1\n"}, False),
        ({"a.py": "x = 1\n", "b.py": "y = 1\n"}, {"a.py": "x = 2\n", "b.py": None}, False),
        ({"a.py": "x = 1\n"}, {"a.py": "x = 2\n", "tests/test_a.py": "y = 1\n", "README": "x"}, True),
        ({"a.py": "x = 1\n"}, {"a.py": "x = (\n"}, False),
        ({"a.py": "print 1\n"}, {"a.py": "print(1)\n"}, False),
        ({"a.py": b"x = '\xff'\n"}, {"a.py": b"y = '\xff'\n"}, False),
        ({"a.py": "import a\nimport b\n"}, {"a.py": "import b\nimport a\n"}, False),
        ({"a.py": "x = 1\r\ny = 2\r\n"}, {"a.py": "x = 1\ny = 2\n"}, False),
    ],
    ids=str,
)
def test_what_is_small_and_functional(
    before: dict[str, Content],
    after: dict[str, Content],
    taken: bool,
    build_repository: BuildRepository,
    tmp_path: Path,
) -> None:
    found = between(build_repository, tmp_path, before, after)
    assert len(found) == taken
    for fix in found:
        assert fix.hunks <= MAX_HUNKS and fix.lines <= MAX_LINES


def test_large_files_are_left_out(build_repository: BuildRepository, tmp_path: Path) -> None:
    large = "#" * MAX_BYTES + "\nx = {}\n"
    assert between(build_repository, tmp_path, {"a.py": large.format(1)}, {"a.py": large.format(2)}) == []


@pytest.mark.parametrize(("lines", "single"), [(SINGLE_LINES, True), (SINGLE_LINES + 1, False)])
def test_a_single_hunk_has_three_lines_at_most(
    lines: int, single: bool, build_repository: BuildRepository, tmp_path: Path
) -> None:
    versions: list[dict[str, Content]] = [{"a.py": "".join(f"x{i} = {n}\n" for i in range(lines))} for n in (1, 2)]
    (fix,) = between(build_repository, tmp_path, *versions)
    assert (fix.single_hunk, fix.lines) == (single, 2 * lines)


def test_a_change_outside_of_the_grammar_is_kept_without_edits(
    build_repository: BuildRepository, tmp_path: Path
) -> None:
    (fix,) = between(
        build_repository, tmp_path, {"a.py": LINES}, {"a.py": LINES + "".join(f"g({i})\n" for i in range(9))}
    )
    assert fix.derivation is None and fix.symbol == "<module>" and fix.text_after.endswith("g(8)\n")


def test_cherry_picks_have_one_key_wherever_their_lines_are(build_repository: BuildRepository, tmp_path: Path) -> None:
    function = "def f(x):\n    return {}\n"
    versions: list[dict[str, Content]] = [{"a.py": function.format(n)} for n in (1, 2)]
    moved: list[dict[str, Content]] = [{"b/a.py": LINES + function.format(n)} for n in (1, 2)]
    (first,) = between(build_repository, tmp_path / "a", *versions)
    (second,) = between(build_repository, tmp_path / "b", *moved, message="Mend it (cherry picked)")
    (other,) = between(build_repository, tmp_path / "c", versions[1], versions[0])
    assert first.key == second.key != other.key


@pytest.mark.parametrize("name", sorted(FORBIDDEN_REPOSITORIES))
def test_the_exams_repositories_are_refused_under_any_owner(name: str, tmp_path: Path) -> None:
    for repo in (f"somebodys-fork/{name}", f"somebody/{name.upper()}"):
        with pytest.raises(WorkspaceError, match="no training data"):
            list(mine_fixes(repo, tmp_path, "HEAD", 1))
        with pytest.raises(WorkspaceError, match="no training data"):
            head_of(repo, tmp_path)


def test_a_mirror_that_git_cannot_read_is_named(build_mirror: BuildMirror, tmp_path: Path) -> None:
    git.Repo.init(tmp_path / "empty").close()
    with pytest.raises(WorkspaceError, match="acme/empty has no HEAD"):
        head_of("acme/empty", tmp_path / "empty" / ".git")
    with pytest.raises(WorkspaceError, match="mirror of acme/cart"):
        list(mine_fixes("acme/cart", build_mirror("acme/cart"), "0" * 40, 1))
