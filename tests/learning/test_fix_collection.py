"""fixes.jsonl is the same bytes from the same manifest, in whatever order and however often it was made."""

import json
from collections import Counter
from pathlib import Path

import pytest

from kent_agent.errors import KentError, RunError, WorkspaceError
from kent_agent.learning.fix_collection import collect_fixes, commits_listed, split_listed
from kent_agent.learning.fixes import load_fixes
from kent_agent.learning.splits import SPLITS, split_of
from tests.learning.mirrors import BuildMirror

REPOS = ("acme/cart", "acme/shop", "fork/cart", "other/till")


@pytest.fixture(scope="module")
def mirrors(build_mirror: BuildMirror) -> dict[str, Path]:
    return {repo: build_mirror(repo) for repo in REPOS}


@pytest.fixture(scope="module")
def collected(mirrors: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("collected") / "fixes.jsonl"
    assert collect_fixes(mirrors, output, workers=1, commits=100, seed=3, listed=None) == len(list(load_fixes(output)))
    return output


def manifest_of(output: Path) -> Path:
    return output.with_name(output.name + ".repositories.json")


def test_rows_come_in_the_order_of_the_repositories_with_their_split(collected: Path) -> None:
    fixes = list(load_fixes(collected))
    assert [fix.repo for fix in fixes] == sorted(fix.repo for fix in fixes)
    split = split_of(REPOS, 3)
    assert {(fix.repo, fix.split) for fix in fixes} == {(fix.repo, split[fix.repo]) for fix in fixes}


def test_a_change_that_a_fork_has_as_well_counts_once(collected: Path) -> None:
    counted = Counter(fix.repo for fix in load_fixes(collected))
    assert counted["acme/cart"] == 2 and counted["fork/cart"] == 0
    keys = [fix.key for fix in load_fixes(collected)]
    assert len(set(keys)) == len(keys)


def test_two_workers_give_what_one_gives(mirrors: dict[str, Path], collected: Path, tmp_path: Path) -> None:
    output = tmp_path / "fixes.jsonl"
    collect_fixes(dict(reversed(mirrors.items())), output, workers=2, commits=100, seed=3, listed=None)
    assert output.read_bytes() == collected.read_bytes()
    assert manifest_of(output).read_bytes() == manifest_of(collected).read_bytes()


def test_the_manifest_regenerates_the_file(mirrors: dict[str, Path], collected: Path, tmp_path: Path) -> None:
    output = tmp_path / "again.jsonl"
    more = mirrors | {"acme/unlisted": tmp_path / "nowhere"}
    collect_fixes(more, output, workers=1, commits=100, seed=3, listed=manifest_of(collected))
    assert output.read_bytes() == collected.read_bytes()
    assert manifest_of(output).read_bytes() == manifest_of(collected).read_bytes()


def test_what_is_mined_is_not_mined_again(mirrors: dict[str, Path], collected: Path, tmp_path: Path) -> None:
    """The second run has only the parts of the first: its mirrors are gone."""
    output = tmp_path / "fixes.jsonl"
    collect_fixes(mirrors, output, workers=1, commits=100, seed=3, listed=None)
    output.unlink()
    gone = dict.fromkeys(mirrors, tmp_path / "nowhere")
    collect_fixes(gone, output, workers=1, commits=100, seed=3, listed=None)
    assert output.read_bytes() == collected.read_bytes()


@pytest.mark.parametrize("options", [{"commits": 99}, {"seed": 4}], ids=str)
def test_other_options_than_those_of_the_manifest_are_refused(
    options: dict[str, int], mirrors: dict[str, Path], collected: Path
) -> None:
    before = collected.read_bytes()
    with pytest.raises(RunError, match=r"other options or commits; remove it and fixes\.jsonl\.parts"):
        collect_fixes(mirrors, collected, workers=1, listed=None, **{"commits": 100, "seed": 3} | options)
    assert collected.read_bytes() == before


def test_other_commits_than_those_of_the_manifest_are_refused(
    mirrors: dict[str, Path], collected: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "commits.json"
    listed.write_text(json.dumps(commits_listed(manifest_of(collected)) | {"acme/shop": "0" * 40}))
    with pytest.raises(RunError, match="other options or commits"):
        collect_fixes(mirrors, collected, workers=1, commits=100, seed=3, listed=listed)


def test_a_forbidden_repository_stops_it_before_anything_is_mined(mirrors: dict[str, Path], tmp_path: Path) -> None:
    output = tmp_path / "fixes.jsonl"
    with pytest.raises(WorkspaceError, match="fork/django belongs to SWE-bench"):
        collect_fixes(mirrors | {"fork/django": mirrors["acme/cart"]}, output, 1, commits=100, seed=3, listed=None)
    assert not list(tmp_path.iterdir())


def test_a_forbidden_repository_in_a_list_is_refused_as_well(mirrors: dict[str, Path], tmp_path: Path) -> None:
    listed = tmp_path / "commits.json"
    listed.write_text(json.dumps({"pallets/flask": "0" * 40}))
    flask = {"pallets/flask": mirrors["acme/cart"]}
    with pytest.raises(WorkspaceError, match="pallets/flask belongs to SWE-bench"):
        collect_fixes(flask, tmp_path / "fixes.jsonl", 1, commits=100, seed=3, listed=listed)
    assert not (tmp_path / "fixes.jsonl").exists()


def test_a_listed_repository_without_a_mirror_is_named(mirrors: dict[str, Path], tmp_path: Path) -> None:
    listed = tmp_path / "commits.json"
    listed.write_text(json.dumps({"acme/lost": "0" * 40}))
    with pytest.raises(KentError, match=r"no mirror of acme/lost"):
        collect_fixes(mirrors, tmp_path / "fixes.jsonl", 1, commits=100, seed=3, listed=listed)


def test_a_repository_keeps_the_split_that_a_list_gives_it(
    mirrors: dict[str, Path], collected: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "commits.json"
    commits = commits_listed(manifest_of(collected))
    drawn = split_of(REPOS, 3)["acme/cart"]
    kept = next(part for part in SPLITS if part != drawn)
    listed.write_text(json.dumps({"repositories": commits, "split": {"acme/cart": kept}}))
    output = tmp_path / "fixes.jsonl"
    collect_fixes(mirrors, output, workers=1, commits=100, seed=3, listed=listed)
    assert {fix.split for fix in load_fixes(output) if fix.repo == "acme/cart"} == {kept}
    assert split_listed(manifest_of(output)) == split_of(REPOS, 3, {"acme/cart": kept})


@pytest.mark.parametrize(
    "split", [{"acme/lost": "train"}, {"acme/cart": "exam"}, {"acme/cart": ["train"]}, ["train"]], ids=str
)
def test_a_split_that_is_none_is_refused(split: object, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps({"repositories": {"acme/cart": "0" * 40}, "split": split}))
    with pytest.raises(KentError, match=r"The split in .*list\.json must map repositories that it lists to train, "):
        split_listed(tmp_path / "list.json")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"repositories": 1}', "1"])
def test_what_lists_no_commits_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(text)
    with pytest.raises(KentError, match=r"list\.json maps no repository to a commit"):
        commits_listed(tmp_path / "list.json")
