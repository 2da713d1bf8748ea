"""Snapshots of real repositories: what can be read, what cannot, and that mirrors stay as they are."""

import hashlib
import multiprocessing
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import git
import pytest

from kent_agent.errors import PatchError, WorkspaceError
from kent_agent.source.diff import unified_diff
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot, cache_dir

TinyRepo = tuple[Path, SWETask]
Commits = list[tuple[str, Mapping[str, str | bytes | Path | None]]]
Build = Callable[[Path, Commits], list[str]]


def mirror_of(tiny_repo: TinyRepo) -> git.Repo:
    return git.Repo(tiny_repo[0] / "acme__tiny")


def fix_of(tiny_repo: TinyRepo) -> str:
    with mirror_of(tiny_repo) as repo:
        return repo.head.commit.hexsha


def snapshot_of(tiny_repo: TinyRepo) -> RepoSnapshot:
    repos_dir, task = tiny_repo
    return RepositoryStore(repos_dir).snapshot(task)


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, with a hash of its bytes and its time stamp."""
    return {
        str(file): f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.stat().st_mtime_ns}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def commit_tree(repo: git.Repo, *entries: str) -> str:
    """A commit of a tree of `<mode> <type> <id>\\t<name>` entries, which may be such as git add refuses."""
    folder = Path(repo.git_dir)
    (folder / "entries").write_text("\n".join(entries) + "\n")
    with (folder / "entries").open() as handle:
        tree = repo.git.mktree("--missing", istream=handle)
    return str(repo.git.commit_tree(tree, "-m", "odd", "-p", "HEAD"))


# Reading


def test_files_are_the_regular_files_in_order(tiny_repo: TinyRepo) -> None:
    with snapshot_of(tiny_repo) as snapshot:
        assert [entry.path for entry in snapshot.files] == [
            "README.md",
            "src/tiny/__init__.py",
            "src/tiny/calc.py",
            "src/tiny/text.py",
            "tests/test_calc.py",
        ]
        assert snapshot.read_text("src/tiny/calc.py") == snapshot.read("src/tiny/calc.py").decode()


@pytest.mark.parametrize("path", ["link.py", "absent.py", "src", "../outside", "/etc/passwd", ".git/config"])
def test_what_is_no_regular_file_is_not_read(tiny_repo: TinyRepo, path: str) -> None:
    with snapshot_of(tiny_repo) as snapshot:
        assert snapshot.read_text(path) is None
        with pytest.raises(WorkspaceError, match="no regular file"):
            snapshot.read(path)


def test_unsafe_tree_entries_are_left_out(tiny_repo: TinyRepo) -> None:
    repos_dir, task = tiny_repo
    with mirror_of(tiny_repo) as repo:
        blob, folder = repo.git.rev_parse("HEAD:README.md"), repo.git.rev_parse("HEAD:src")
        base = commit_tree(
            repo,
            f"040000 tree {folder}\t..",
            f"040000 tree {folder}\t.GIT",
            f"040000 tree {folder}\t.git",
            f"100644 blob {blob}\tgood.txt",
            f"120000 blob {blob}\tlink",
            f"160000 commit {task.base_commit}\tsubmodule",
        )
    with RepositoryStore(repos_dir).snapshot(replace(task, base_commit=base)) as snapshot:
        assert [entry.path for entry in snapshot.files] == ["good.txt"]


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        (
            "latin.py",
            b"# -*- coding: latin-1 -*-\nname = '\xe9'\n",
            "# -*- coding: latin-1 -*-\nname = 'é'\n",
        ),
        ("crlf.py", b"x = 1\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("bom.py", b"\xef\xbb\xbfx = 1\n", "\ufeffx = 1\n"),
        ("undecodable.py", b"name = '\xe9'\n", None),
        ("odd_declaration.py", b"# coding: no-such-codec\n", None),
        ("undecodable.txt", b"# coding: latin-1\n\xe9\n", None),
        ("large.py", b"x = 1\n" * 900_000, None),
        ("empty.py", b"", ""),
    ],
)
def test_text_is_decoded_as_python_would(
    tmp_path: Path, build_repository: Build, name: str, data: bytes, text: str | None
) -> None:
    (base,) = build_repository(tmp_path / "mirror", [("One file", {name: data})])
    with RepoSnapshot("acme/one", base, tmp_path / "mirror") as snapshot:
        assert snapshot.read(name) == data
        assert snapshot.read_text(name) == text


def test_blobs_that_a_mirror_lacks_are_listed_and_never_fetched(tiny_repo: TinyRepo, tmp_path: Path) -> None:
    repos_dir, task = tiny_repo
    origin = repos_dir / "acme__tiny"
    with mirror_of(tiny_repo) as repo:
        repo.git.config("uploadpack.allowFilter", "true")
        repo.git.clone("--quiet", "--bare", "--filter=blob:none", origin.as_uri(), tmp_path / "partial.git")
    before = contents(tmp_path / "partial.git")
    with RepoSnapshot(task.repo, task.base_commit, tmp_path / "partial.git") as snapshot:
        assert {entry.path for entry in snapshot.files} >= {"README.md"}
        assert snapshot.read_text("README.md") is None
        with pytest.raises(WorkspaceError, match=r"acme/tiny lacks the blob .* 'README\.md'"):
            snapshot.read("README.md")
        with pytest.raises(PatchError):
            snapshot.check(unified_diff({"README.md": ("# tiny\n", "# Tiny\n")}))
        assert [commit.message for commit in snapshot.history(9)][-1] == "First files"
    assert contents(tmp_path / "partial.git") == before


def test_a_broken_blob_is_an_error_and_the_others_are_still_read(tiny_repo: TinyRepo) -> None:
    with snapshot_of(tiny_repo) as snapshot:
        blob = next(entry.blob for entry in snapshot.files if entry.path == "README.md")
        assert snapshot.read_text("src/tiny/text.py")
        broken = tiny_repo[0] / "acme__tiny/.git/objects" / blob[:2] / blob[2:]
        broken.chmod(0o644)
        broken.write_bytes(b"not an object")
        with pytest.raises(WorkspaceError, match=r"README\.md"):
            snapshot.read("README.md")
        assert snapshot.read_text("src/tiny/calc.py")


# History, and the commits after the base


def test_history_has_full_messages_and_touched_files(tiny_repo: TinyRepo) -> None:
    with snapshot_of(tiny_repo) as snapshot:
        last, first = snapshot.history(10)
        assert last.sha == tiny_repo[1].base_commit
        assert last.message == "Add sums and words\n\nBoth are used by the readers."
        assert last.files == ("link.py", "src/tiny/calc.py", "src/tiny/text.py", "tests/test_calc.py")
        assert (first.message, first.files) == ("First files", ("README.md", "src/tiny/__init__.py"))
        assert snapshot.history(1) == [last]
        assert snapshot.history(0) == []


def test_history_goes_through_merges(tmp_path: Path, build_repository: Build) -> None:
    odd = "Odd\n\n/0123 a line like a record\n\nä"
    commits: Commits = [("One", {"a.py": "1\n"}), (odd, {"b c.py": "é\n"})]
    shas = build_repository(tmp_path / "mirror", commits)
    with git.Repo(tmp_path / "mirror") as repo:
        merge = repo.git.commit_tree("HEAD^{tree}", "-m", "Merge", "-p", shas[1], "-p", shas[0])
    with RepoSnapshot("acme/merged", merge, tmp_path / "mirror") as snapshot:
        found = [(commit.message, commit.files) for commit in snapshot.history(5)]
    assert found == [("Merge", ()), (odd, ("b c.py",)), ("One", ("a.py",))]


def test_added_lines_are_those_of_python_files_by_path_in_the_order_asked_for(
    tmp_path: Path, build_repository: Build
) -> None:
    commits: Commits = [
        ("One", {"a.py": "1\n2\n3\n", "b c/d.pyi": "x\n", "e.txt": "no\n", "empty.py": ""}),
        ("Two", {"a.py": "1\ntwo\n\n    3\n3\nfour\n"}),
        ("No Python", {"e.txt": "neither\n"}),
    ]
    first, second, third = build_repository(tmp_path / "mirror", commits)
    one, two = {"a.py": ["1", "2", "3"], "b c/d.pyi": ["x"]}, {"a.py": ["two", "", "    3", "four"]}
    with RepoSnapshot("acme/added", third, tmp_path / "mirror") as snapshot:
        assert snapshot.added_lines([first, second, third]) == [one, two, {}]
        assert snapshot.added_lines([third, second, first, second]) == [{}, two, one, two]
        assert snapshot.added_lines([second]) == [two]
        assert snapshot.added_lines([]) == []


def test_commits_whose_blobs_a_mirror_lacks_added_nothing_and_the_others_still_tell(
    tmp_path: Path, build_repository: Build
) -> None:
    commits: Commits = [("One", {"a.py": "1\n"}), ("Large", {"a.py": "2\n"}), ("Three", {"b.py": "3\n"})]
    shas = build_repository(tmp_path / "mirror", commits)
    with git.Repo(tmp_path / "mirror") as repo:
        blob = repo.git.rev_parse(f"{shas[1]}:a.py")
    (tmp_path / "mirror" / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with RepoSnapshot("acme/partial", shas[-1], tmp_path / "mirror") as snapshot:
        assert snapshot.added_lines(shas) == [{"a.py": ["1"]}, {}, {"b.py": ["3"]}]


HEADERS = [
    *("++ b/other.py", "-- a/other.py", "@@ -1,9 +1,9 @@", "@@ -0,0 +1 @@", "diff --git a/other.py b/other.py"),
    *("\\ No newline at end of file", "+", "-", " ", "+++ b/other.py", "commit 0123456789"),
]


@pytest.mark.parametrize("ending", ["\n", ""])
def test_added_lines_that_look_like_headers_of_a_diff_are_lines(
    tmp_path: Path, build_repository: Build, ending: str
) -> None:
    text = "\n".join(HEADERS) + ending
    commits: Commits = [
        ("Look like it", {"a.py": text, "z.py": "last\n"}),
        ("Looked like it", {"a.py": "1\n2\n", "z.py": "last\nof all\n"}),
        ("Look like it after two lines", {"a.py": "1\n2\n" + text, "z.py": "of all\n"}),
    ]
    shas = build_repository(tmp_path / "mirror", commits)
    with RepoSnapshot("acme/added", shas[-1], tmp_path / "mirror") as snapshot:
        assert snapshot.added_lines(shas) == [
            {"a.py": HEADERS, "z.py": ["last"]},
            {"a.py": ["1", "2"], "z.py": ["of all"]},
            {"a.py": HEADERS, "z.py": []},
        ]


def test_lines_at_the_end_of_a_file_are_added_with_a_newline_or_without(
    tmp_path: Path, build_repository: Build
) -> None:
    commits: Commits = [
        ("No newline", {"a.py": "1\n2", "z.py": "x = 1"}),
        ("Still none", {"a.py": "1\n2\n3", "z.py": "x = 2"}),
        ("One", {"a.py": "1\n2\n3\n4\n", "z.py": "x = 3\n"}),
        ("None again", {"a.py": "1\n2\n3\n5", "z.py": "x = 4"}),
    ]
    shas = build_repository(tmp_path / "mirror", commits)
    with RepoSnapshot("acme/added", shas[-1], tmp_path / "mirror") as snapshot:
        assert snapshot.added_lines(shas) == [
            {"a.py": ["1", "2"], "z.py": ["x = 1"]},
            {"a.py": ["2", "3"], "z.py": ["x = 2"]},
            {"a.py": ["3", "4"], "z.py": ["x = 3"]},
            {"a.py": ["5"], "z.py": ["x = 4"]},
        ]


def test_what_is_deleted_is_not_added_and_what_is_moved_is_added_elsewhere(
    tmp_path: Path, build_repository: Build
) -> None:
    commits: Commits = [
        ("Files", {"a.py": "1\n2\n3\n", "b.py": "4\n5\n", "c.py": "6\n"}),
        ("Delete lines", {"a.py": "1\n3\n"}),
        ("Delete and move files", {"a.py": None, "b.py": None, "moved.py": "4\n5\n", "c.py": "6\n7\n"}),
    ]
    shas = build_repository(tmp_path / "mirror", commits)
    with RepoSnapshot("acme/added", shas[-1], tmp_path / "mirror") as snapshot:
        lines, files = snapshot.added_lines(shas[1:])
    assert not any(lines.values())
    assert files == {"c.py": ["7"], "moved.py": ["4", "5"]}


def test_a_merge_adds_no_lines(tmp_path: Path, build_repository: Build) -> None:
    commits: Commits = [("One", {"a.py": "1\n"}), ("Two", {"a.py": "2\n", "b.py": "x\n"})]
    one, two = build_repository(tmp_path / "mirror", commits)
    with git.Repo(tmp_path / "mirror") as repo:
        evil = commit_tree(repo, f"100644 blob {repo.git.rev_parse('HEAD:b.py')}\tmerged.py")
        merges = [repo.git.commit_tree(f"{each}^{{tree}}", "-m", "Merge", "-p", two, "-p", one) for each in (two, evil)]
    for merge in merges:
        with RepoSnapshot("acme/merged", merge, tmp_path / "mirror") as snapshot:
            assert snapshot.added_lines([two, merge, one]) == [{"a.py": ["2"], "b.py": ["x"]}, {}, {"a.py": ["1"]}]


@pytest.mark.parametrize("name", ["b c.py", "ü/größe.py"])
def test_added_lines_are_known_by_a_path_of_any_letters(tmp_path: Path, build_repository: Build, name: str) -> None:
    (sha,) = build_repository(tmp_path / "mirror", [("Files", {"a.py": "first\n", name: "own\n", "z.py": "last\n"})])
    with RepoSnapshot("acme/added", sha, tmp_path / "mirror") as snapshot:
        assert snapshot.added_lines([sha]) == [{"a.py": ["first"], name: ["own"], "z.py": ["last"]}]


@pytest.mark.parametrize("name", ['q"uote.py', "tab\t.py"])
def test_lines_of_a_file_of_an_odd_name_are_added_to_no_other(
    tmp_path: Path, build_repository: Build, name: str
) -> None:
    (sha,) = build_repository(tmp_path / "mirror", [("Files", {"a.py": "first\n", name: "own\n", "z.py": "last\n"})])
    with RepoSnapshot("acme/added", sha, tmp_path / "mirror") as snapshot:
        (added,) = snapshot.added_lines([sha])
    assert added | {name: ["own"]} == {"a.py": ["first"], name: ["own"], "z.py": ["last"]}


def test_added_bytes_that_are_no_text_do_not_hide_what_else_was_added(tmp_path: Path, build_repository: Build) -> None:
    binary, odd, long = b"\0\n", b"x = '\xe9'\r\n", b"y = 1\n" * 3000 + b"s = '\0'\n"
    files = {"a.py": binary, "b.py": odd, "c.py": long, "d.py": b"last\n"}
    (sha,) = build_repository(tmp_path / "mirror", [("Files", files)])
    with RepoSnapshot("acme/added", sha, tmp_path / "mirror") as snapshot:
        (added,) = snapshot.added_lines([sha])
    assert added.get("a.py", []) == []
    assert [line.strip() for line in added["b.py"]] == ["x = '\ufffd'"]
    assert added["c.py"] == ["y = 1"] * 3000 + ["s = '\0'"]
    assert added["d.py"] == ["last"]


def test_no_later_commit_is_reachable(tiny_repo: TinyRepo) -> None:
    fix = fix_of(tiny_repo)
    with snapshot_of(tiny_repo) as snapshot:
        for revision in (fix, fix[:10], fix.upper(), "main", "v2", "HEAD", "refs/heads/main", "heads/main"):
            assert snapshot.resolve(revision) is None, revision
        assert fix not in {commit.sha for commit in snapshot.history(100)}
        assert "src/new.py" not in {entry.path for entry in snapshot.files}
        assert snapshot.read_text("src/new.py") is None
        assert "left - right" in (snapshot.read_text("src/tiny/calc.py") or "")


def test_ancestors_resolve_by_any_name(tiny_repo: TinyRepo) -> None:
    base = tiny_repo[1].base_commit
    with snapshot_of(tiny_repo) as snapshot:
        first = snapshot.history(9)[-1].sha
        assert snapshot.resolve(base) == snapshot.resolve(base[:12]) == base
        assert snapshot.resolve(first) == snapshot.resolve("v1") == snapshot.resolve("refs/tags/v1") == first


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "--all",
        "-v1",
        "v1:README.md",
        ":/First",
        "v1..v2",
        "v2~1",
        "HEAD@{1}",
        "0" * 40,
        "nonsense",
        "v1\nv1",
    ],
)
def test_what_names_no_commit_resolves_to_nothing(tiny_repo: TinyRepo, revision: str) -> None:
    with snapshot_of(tiny_repo) as snapshot:
        assert snapshot.resolve(revision) is None


def test_ids_found_in_an_issue_resolve_only_to_the_past(tiny_repo: TinyRepo) -> None:
    repos_dir, task = tiny_repo
    fix = fix_of(tiny_repo)
    url = f"https://github.com/acme/tiny/commit/{fix}"
    issue = f"Broken since {task.base_commit}, see {url} and {fix[:9]}."
    with snapshot_of((repos_dir, replace(task, problem_statement=issue))) as snapshot:
        words = [word.strip(".,") for word in issue.split()]
        assert {snapshot.resolve(word) for word in (*words, url.rpartition("/")[2])} == {
            None,
            task.base_commit,
        }


def test_grafts_and_replacements_do_not_make_a_later_commit_an_ancestor(tiny_repo: TinyRepo) -> None:
    base, fix = tiny_repo[1].base_commit, fix_of(tiny_repo)
    with mirror_of(tiny_repo) as repo:
        (Path(repo.git_dir) / "info").mkdir(exist_ok=True)
        (Path(repo.git_dir) / "info/grafts").write_text(f"{base} {fix}\n")
        repo.git.replace(f"{base}:README.md", f"{base}:src/tiny/text.py", "--force")
    with snapshot_of(tiny_repo) as snapshot:
        assert snapshot.resolve(fix) is None
        assert len(snapshot.history(9)) == 2
        assert snapshot.read_text("README.md") == "# tiny\n"


# Mirrors


def test_a_missing_commit_names_instance_and_repository(tiny_repo: TinyRepo) -> None:
    repos_dir, task = tiny_repo
    with pytest.raises(WorkspaceError, match=r"^acme__tiny-1: the commit 1{40} is missing .*acme/tiny"):
        RepositoryStore(repos_dir).snapshot(replace(task, base_commit="1" * 40))


@pytest.mark.parametrize("base", ["main", "HEAD", "", "--all", "abc1234"])
def test_a_base_commit_is_a_full_id(tiny_repo: TinyRepo, base: str) -> None:
    repos_dir, task = tiny_repo
    with pytest.raises(WorkspaceError, match="not a full commit id"):
        RepositoryStore(repos_dir).snapshot(replace(task, base_commit=base))


def test_a_blob_or_tree_is_no_base_commit(tiny_repo: TinyRepo) -> None:
    repos_dir, task = tiny_repo
    with mirror_of(tiny_repo) as repo:
        tree = repo.git.rev_parse("HEAD^{tree}")
    with pytest.raises(WorkspaceError, match="is missing"):
        RepositoryStore(repos_dir).snapshot(replace(task, base_commit=tree))


@pytest.mark.parametrize("repo", ["../evil", "acme", "acme/..", "/etc/passwd", "acme/a/b", "-c/x y", ""])
def test_a_repository_name_is_no_path(tmp_path: Path, repo: str) -> None:
    with pytest.raises(WorkspaceError, match="not a repository name"):
        RepositoryStore(tmp_path).mirror(repo)


def test_a_folder_that_is_no_repository_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "acme__tiny").mkdir()
    with pytest.raises(WorkspaceError, match=r"a-1: .*acme/tiny, is not a git repository"):
        RepositoryStore(tmp_path).snapshot(SWETask("a-1", "acme/tiny", "1" * 40, "issue"))


@pytest.mark.parametrize("shape", ["bare", "linked", "config-less", "ambient"])
def test_mirrors_of_any_shape_are_read(
    tiny_repo: TinyRepo, tmp_path: Path, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos_dir, task = tiny_repo
    with mirror_of(tiny_repo) as repo:
        (tmp_path / "other").mkdir()
        if shape == "linked":
            repo.git.worktree("add", "--quiet", tmp_path / "other/acme__tiny", "v1")
        else:
            repo.git.clone("--quiet", "--bare", repos_dir / "acme__tiny", tmp_path / "other/acme__tiny.git")
    if shape == "config-less":
        (tmp_path / "other/acme__tiny.git/config").unlink()
    if shape == "ambient":  # as in a hook of another repository
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "absent"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "absent-index"))
        monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    with RepositoryStore(tmp_path / "other").snapshot(task) as snapshot:
        assert len(snapshot.files) == 5
        assert snapshot.resolve("v1") == snapshot.history(9)[-1].sha
        snapshot.check(unified_diff({"README.md": ("# tiny\n", "# Tiny\n")}))


def test_a_mirror_is_never_modified(tiny_repo: TinyRepo) -> None:
    before = contents(tiny_repo[0])
    with snapshot_of(tiny_repo) as snapshot:
        snapshot.read("README.md")
        snapshot.history(10)
        snapshot.added_lines(snapshot.ancestors(10))
        snapshot.resolve("v2")
        patch = unified_diff({"README.md": ("# tiny\n", "# never seen before\n")})
        snapshot.check(patch)
        assert snapshot.apply(patch) == {"README.md": b"# never seen before\n"}
    assert contents(tiny_repo[0]) == before


def test_nothing_that_a_mirror_configures_is_run(tiny_repo: TinyRepo, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    with mirror_of(tiny_repo) as repo:
        for hook in ("post-index-change", "reference-transaction", "post-checkout", "applypatch-msg"):
            shutil.copy(trap, Path(repo.git_dir) / "hooks" / hook)
        for key in (
            "core.fsmonitor",
            "diff.external",
            "diff.x.command",
            "diff.x.textconv",
            "core.pager",
            "gpg.program",
            "filter.x.clean",
            "filter.x.smudge",
        ):
            repo.git.config(key, str(trap))
        repo.git.config("log.showSignature", "true")
        (Path(repo.git_dir) / "info").mkdir(exist_ok=True)
        (Path(repo.git_dir) / "info/attributes").write_text("* filter=x diff=x\n")
    with snapshot_of(tiny_repo) as snapshot:
        snapshot.history(10)
        assert any(snapshot.added_lines(snapshot.ancestors(10)))
        snapshot.read("README.md")
        snapshot.resolve("main")
        snapshot.apply(unified_diff({"README.md": ("# tiny\n", "# Tiny\n")}))
    assert not sprung.exists()


def test_a_snapshot_leaves_nothing_behind(tiny_repo: TinyRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with snapshot_of(tiny_repo) as snapshot:
        snapshot.read("README.md")
        assert list((tmp_path / "temporary").iterdir())
    assert not list((tmp_path / "temporary").iterdir())


# Patches


def test_apply_gives_what_the_touched_files_hold(tiny_repo: TinyRepo) -> None:
    with mirror_of(tiny_repo) as repo:
        fix = repo.git.diff("HEAD~1", "HEAD") + "\n"
        removal = repo.git.diff("HEAD~1", "v1", "--", "tests") + "\n"
    with snapshot_of(tiny_repo) as snapshot:
        before = snapshot.read("src/tiny/calc.py")
        assert snapshot.apply(fix) == {
            "src/new.py": b"",
            "src/tiny/calc.py": before.replace(b"left - right", b"left + right"),
        }
        removed = snapshot.apply(removal)
        assert removed and set(removed.values()) == {None} and all(path.startswith("tests/") for path in removed)
        assert snapshot.read("src/tiny/calc.py") == before


NEW_LINK = """diff --git a/evil b/evil
new file mode 120000
--- /dev/null
+++ b/evil
@@ -0,0 +1 @@
+/etc/passwd
\\ No newline at end of file
"""
NEW_FILE = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("not a diff\n", "does not apply"),
        (unified_diff({"README.md": ("# other\n", "# Tiny\n")}), "does not apply"),
        (unified_diff({"absent.py": ("x\n", "y\n")}), "does not apply"),
        (unified_diff({"README.md": ("# tiny\n", "# Tiny\n")})[:-3], "does not apply"),
        (unified_diff({"link.py": ("src/tiny/calc.py", "/etc/passwd")}), "'link.py'"),
        (NEW_LINK, "'evil'"),
        (NEW_FILE.format("../outside.py"), "does not apply"),
        (NEW_FILE.format("/tmp/outside.py"), "does not apply|not a regular file"),
        (NEW_FILE.format(".git/hooks/post-checkout"), "does not apply"),
        ("x\ud800", "UTF-8"),
    ],
)
def test_other_patches_are_refused(tiny_repo: TinyRepo, patch: str, message: str) -> None:
    with snapshot_of(tiny_repo) as snapshot, pytest.raises(PatchError, match=message):
        snapshot.check(patch)


def test_one_patch_does_not_show_in_the_next(tiny_repo: TinyRepo) -> None:
    patch = unified_diff({"README.md": ("# tiny\n", "# Tiny\n")})
    with snapshot_of(tiny_repo) as snapshot:
        snapshot.check(patch)
        snapshot.check(patch)


# Clones


def hosting_site(tiny_repo: TinyRepo, folder: Path) -> str:
    """A hosting site that is a folder, with acme/tiny.git; its URL."""
    with mirror_of(tiny_repo) as repo:
        repo.git.clone("--quiet", "--bare", repo.working_dir, folder / "acme/tiny.git")
    return folder.as_uri()


def test_a_repository_is_cloned_once_and_reused(tiny_repo: TinyRepo, tmp_path: Path) -> None:
    site = hosting_site(tiny_repo, tmp_path / "site")
    store = RepositoryStore(tmp_path / "none-here", tmp_path / "cache", site)
    partial = tmp_path / "cache/acme__tiny.partial"  # of a run that was killed
    partial.mkdir(parents=True)
    (partial / "junk").touch()
    mirror = store.mirror("acme/tiny")
    shutil.rmtree(tmp_path / "site")
    assert store.mirror("acme/tiny") == mirror == tmp_path / "cache/acme__tiny.git"
    assert not partial.exists()
    with store.snapshot(tiny_repo[1]) as snapshot:
        assert len(snapshot.files) == 5


def test_concurrent_runs_share_one_clone(tiny_repo: TinyRepo, tmp_path: Path) -> None:
    store = RepositoryStore(None, tmp_path / "cache", hosting_site(tiny_repo, tmp_path / "site"))
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        mirrors = pool.map(store.mirror, ["acme/tiny"] * 6)
    assert set(mirrors) == {tmp_path / "cache/acme__tiny.git"}
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [
        "acme__tiny.git",
        "acme__tiny.lock",
    ]


def test_a_clone_that_fails_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    store = RepositoryStore(None, tmp_path / "cache", (tmp_path / "no-site").as_uri())
    task = SWETask("acme__tiny-1", "acme/tiny", "1" * 40, "issue")
    with pytest.raises(WorkspaceError, match=r"^acme__tiny-1: .*acme/tiny.*--repos-dir") as caught:
        store.snapshot(task)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache/acme__tiny.git").exists()


def test_only_https_and_local_clones_are_allowed(tmp_path: Path) -> None:
    store = RepositoryStore(None, tmp_path / "cache", f"ext::sh -c 'touch {tmp_path}/sprung'")
    with pytest.raises((WorkspaceError, git.UnsafeProtocolError)):
        store.mirror("acme/tiny")
    assert not (tmp_path / "sprung").exists()


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENT_CACHE_DIR", str(tmp_path))
    assert cache_dir() == tmp_path
    assert RepositoryStore().cache.is_relative_to(tmp_path)
    monkeypatch.delenv("KENT_CACHE_DIR")
    assert cache_dir() == Path(os.environ["HOME"], ".cache/kent_agent")
