"""The demo split: rows that swebench takes, gold that resolves, the same commits everywhere."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import kent_agent
from kent_agent.demo import build_repositories, load_rows, repositories_dir
from kent_agent.errors import DatasetError, WorkspaceError

PACKAGE = Path(kent_agent.__file__).parent
COLUMNS = [
    "repo",
    "instance_id",
    "base_commit",
    "patch",
    "test_patch",
    "problem_statement",
    "hints_text",
    "created_at",
    "version",
    "FAIL_TO_PASS",
    "PASS_TO_PASS",
    "environment_setup_commit",
    "image",
    "eval_script",
    "log_parser",
    "eval_type",
]
ROWS = load_rows()
EXPECTED_HEADS = {
    entry["repo"].replace("/", "__"): entry["head"]
    for entry in json.loads((PACKAGE / "demo" / "manifest.json").read_text(encoding="utf-8"))["repositories"]
}
BUILD = """
import sys
from pathlib import Path
import kent_agent
from kent_agent.demo import build_repositories
build_repositories(Path(sys.argv[1]))
print(kent_agent.__file__)
"""

each_instance = pytest.mark.parametrize("row", ROWS, ids=[row["instance_id"] for row in ROWS])


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_repositories(tmp_path_factory.mktemp("demo"))


def git(folder: Path, *arguments: str, text: str = "") -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=text, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def heads(folder: Path) -> dict[str, str]:
    return {name: git(folder / name, "rev-parse", "HEAD") for name in EXPECTED_HEADS}


def build_in_subprocess(site: Path, destination: Path, cwd: Path, **environment: str) -> None:
    """Build with the package found in `site`, and nowhere else."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(destination)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(site)


def contents(repository: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in repository.rglob("*") if path.is_file()}


# -- rows --------------------------------------------------------------------


def test_the_columns_are_those_of_the_official_datasets() -> None:
    assert all(list(row) == COLUMNS and set(map(type, row.values())) == {str} for row in ROWS)


def test_there_are_enough_instances_and_packages() -> None:
    assert len(ROWS) >= 10
    assert len({row["instance_id"] for row in ROWS}) == len(ROWS)
    assert len({row["repo"] for row in ROWS}) >= 3


@pytest.mark.parametrize("name", EXPECTED_HEADS)
def test_each_package_has_several_modules_and_a_long_one(repositories: Path, name: str) -> None:
    paths = git(repositories / name, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    modules = [path for path in paths if path.endswith(".py") and not path.startswith("tests/")]
    longest = max(len(git(repositories / name, "show", f"HEAD:{path}").splitlines()) for path in modules)
    assert len(modules) >= 4
    assert longest >= 300


@each_instance
def test_a_row_is_shaped_like_an_official_one(row: dict[str, str]) -> None:
    owner, name = row["repo"].split("/")
    assert re.fullmatch(rf"{owner}__{name}-\d+", row["instance_id"])
    assert re.fullmatch(r"[a-z0-9._-]+/[a-z0-9._-]+:latest", row["image"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["created_at"])
    assert row["eval_type"] == "pass_and_fail"
    assert row["hints_text"] and row["problem_statement"]


@each_instance
def test_the_eval_script_needs_no_network_and_no_file_but_the_test_files(row: dict[str, str]) -> None:
    lines = row["eval_script"].splitlines()
    files = re.findall(r"^\+\+\+ b/(.+)$", row["test_patch"], re.MULTILINE)
    commands = lines[lines.index(": '>>>>> Start Test Output'") + 1 : lines.index(": '>>>>> End Test Output'")]
    assert lines[:2] == ["#!/bin/bash", "set -uxo pipefail"]
    assert row["test_patch"] in row["eval_script"]
    assert commands == [f"python -m pytest -rA {' '.join(files)}"]
    assert lines.count(f"git checkout {row['base_commit']} {' '.join(files)}") == 2
    assert not re.search(r"^.*(pip|conda|apt-get|curl) install", row["eval_script"], re.MULTILINE)


def test_swebench_takes_the_rows() -> None:
    from swebench.harness.log_parsers import PARSER_REGISTRY
    from swebench.harness.utils import make_test_spec

    for row in ROWS:
        assert "SWEBENCH_TEST_EXIT_CODE" in make_test_spec(row).eval_script  # type: ignore[arg-type]
        assert row["log_parser"] in PARSER_REGISTRY


def test_importing_the_demo_loads_nothing_heavy() -> None:
    code = "import sys, kent_agent.demo; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("git", "torch", "docker", "datasets", "swebench") if f"'{name}'" in loaded]


# -- gold --------------------------------------------------------------------


@each_instance
def test_gold_makes_the_failing_tests_pass_and_keeps_the_others(
    row: dict[str, str], repositories: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repositories / row["repo"].replace("/", "__")), str(clone))
    git(clone, "checkout", "--quiet", row["base_commit"])
    failing, passing = json.loads(row["FAIL_TO_PASS"]), json.loads(row["PASS_TO_PASS"])
    assert failing and passing

    git(clone, "apply", text=row["test_patch"])
    before = run_tests(row, clone)
    git(clone, "apply", text=row["patch"])
    after = run_tests(row, clone)

    assert {before[name] for name in failing} <= {"FAILED", "ERROR"}
    assert {before[name] for name in passing} == {"PASSED"}
    assert after == dict.fromkeys([*failing, *passing], "PASSED")


def run_tests(row: dict[str, str], clone: Path) -> dict[str, str]:
    """The status of each test that the row's own command runs, as the row's own parser reads it."""
    from swebench.harness.log_parsers import PARSER_REGISTRY

    command = row["eval_script"].partition("Start Test Output'\n")[2].splitlines()[0]
    program, *arguments = command.split()
    assert program == "python"
    done = subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=clone,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    return dict(PARSER_REGISTRY[row["log_parser"]](done.stdout, None))  # type: ignore[arg-type]


@each_instance
def test_the_fix_is_a_later_commit_that_the_base_does_not_reach(row: dict[str, str], repositories: Path) -> None:
    repository = repositories / row["repo"].replace("/", "__")
    later = git(repository, "rev-list", f"{row['base_commit']}..main").splitlines()
    assert len(later) >= 1
    assert len(git(repository, "rev-list", row["base_commit"]).splitlines()) >= 2
    assert git(repository, "rev-parse", f"{later[-1]}^") == row["base_commit"]
    git(repository, "merge-base", "--is-ancestor", row["environment_setup_commit"], row["base_commit"])


# -- the same commits everywhere ---------------------------------------------


def test_the_commits_are_those_of_the_manifest(repositories: Path) -> None:
    assert heads(repositories) == EXPECTED_HEADS
    for name in EXPECTED_HEADS:
        modes = {line.split()[0] for line in git(repositories / name, "ls-tree", "-r", "main").splitlines()}
        assert modes == {"100644"}


def test_two_builds_in_different_places_are_equal(repositories: Path, tmp_path: Path) -> None:
    assert heads(build_repositories(tmp_path / "a" / "b")) == heads(repositories)


def test_a_hostile_environment_changes_no_commit(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "kent_agent", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in list((site / "kent_agent" / "demo" / "packages").rglob("*/")):
        (folder / "__pycache__").mkdir(exist_ok=True)
        (folder / "__pycache__" / "stray.cpython-311.pyc").write_bytes(b"\0")
        (folder / "stray.py").write_text("stray = 1\n")

    home = tmp_path / "home"
    template = home / "template" / "hooks"
    template.mkdir(parents=True)
    for hook in ("pre-commit", "post-commit", "reference-transaction"):
        (template / hook).write_text("#!/bin/sh\nexit 1\n")
        (template / hook).chmod(0o755)
    (home / ".gitconfig").write_text(
        "[core]\n autocrlf = true\n eol = crlf\n safecrlf = true\n"
        f" hooksPath = {template}\n attributesFile = {home}/attributes\n"
        "[commit]\n gpgSign = true\n[user]\n name = Someone\n email = some@one\n"
        "[apply]\n whitespace = error\n[i18n]\n commitEncoding = latin1\n[core]\n bigFileThreshold = 1\n"
        f"[init]\n templateDir = {template.parent}\n defaultBranch = trunk\n"
    )
    (home / "attributes").write_text("* text eol=crlf working-tree-encoding=UTF-16\n")
    somewhere = tmp_path / "somewhere"
    somewhere.mkdir()
    git(somewhere, "init", "--quiet")

    mask = os.umask(0o077)
    try:
        build_in_subprocess(
            site,
            tmp_path / "built",
            somewhere,
            HOME=str(home),
            XDG_CONFIG_HOME=str(home),
            TZ="Pacific/Kiritimati",
            LC_ALL="C",
            GIT_DIR=str(somewhere / ".git"),
            GIT_INDEX_FILE=str(somewhere / "index"),
            GIT_DEFAULT_HASH="sha256",
            GIT_AUTHOR_NAME="Someone",
            GIT_COMMITTER_DATE="1 +0000",
        )
    finally:
        os.umask(mask)
    assert heads(tmp_path / "built") == EXPECTED_HEADS
    assert git(somewhere, "status", "--porcelain") == ""
    assert not list((tmp_path / "built").rglob("hooks"))


def test_sources_checked_out_with_crlf_give_the_same_commits(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "kent_agent", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("packages", "instances"):
        for path in (site / "kent_agent" / "demo" / part).rglob("*.*"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    build_in_subprocess(site, tmp_path / "built", tmp_path)
    assert heads(tmp_path / "built") == EXPECTED_HEADS


def test_an_installed_wheel_gives_the_same_commits(tmp_path: Path) -> None:
    root = PACKAGE.parent
    if not (root / "pyproject.toml").is_file():
        pytest.skip("this is an installed wheel, which cannot build another")
    if importlib.util.find_spec("hatchling") and importlib.util.find_spec("build"):
        builder = ["build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(root)]
    else:
        builder = ["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(root)]
    subprocess.run([sys.executable, "-m", *builder], cwd=tmp_path, check=True, capture_output=True)

    site = tmp_path / "site"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        assert not [name for name in wheel.namelist() if "__pycache__" in name]
        wheel.extractall(site)
    # pip compiles what it installs, the demo's packages included.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(site / "kent_agent" / "demo")], check=True)
    assert list((site / "kent_agent" / "demo" / "packages").rglob("__pycache__"))

    build_in_subprocess(site, tmp_path / "built", tmp_path)
    assert heads(tmp_path / "built") == EXPECTED_HEADS


# -- the cache ---------------------------------------------------------------


def test_the_cache_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENT_CACHE_DIR", str(tmp_path))
    folder = repositories_dir()
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    assert folder.is_relative_to(tmp_path)
    assert repositories_dir() == folder
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before


def test_concurrent_builds_agree(tmp_path: Path) -> None:
    builds = [
        subprocess.Popen(
            [sys.executable, "-c", BUILD, str(tmp_path / "built")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    errors = [build.communicate()[1].decode() for build in builds]
    assert [build.returncode for build in builds] == [0] * 4, errors
    assert heads(tmp_path / "built") == EXPECTED_HEADS
    assert sorted(path.name for path in (tmp_path / "built").iterdir()) == sorted([".lock", *EXPECTED_HEADS])


def lose_an_object(repository: Path) -> None:
    next((repository / "objects").glob("??/*")).unlink()


def cut_an_object(repository: Path) -> None:
    path = next((repository / "objects").glob("??/*"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:10])


def lose_the_branch(repository: Path) -> None:
    (repository / "refs" / "heads" / "main").unlink()


def become_a_file(repository: Path) -> None:
    shutil.rmtree(repository)
    repository.write_text("")


def leave_a_half_built_one(repository: Path) -> None:
    shutil.rmtree(repository / "objects")
    (repository.parent / ".building-killed" / "new").mkdir(parents=True)


@pytest.mark.parametrize(
    "damage", [lose_an_object, cut_an_object, lose_the_branch, become_a_file, leave_a_half_built_one]
)
def test_a_damaged_repository_is_rebuilt_and_the_others_stay(damage, repositories: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(repositories, tmp_path / "built")
    damaged, *others = sorted(EXPECTED_HEADS)
    before = {name: (folder / name).stat().st_ino for name in others}
    damage(folder / damaged)
    build_repositories(folder)
    assert heads(folder) == EXPECTED_HEADS
    assert git(folder / damaged, "fsck", "--full") == ""
    assert {name: (folder / name).stat().st_ino for name in others} == before
    assert not list(folder.glob(".building-*"))


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="KENT_CACHE_DIR"):
        build_repositories(tmp_path / "file" / "built")


def test_changed_sources_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kent_agent.demo import manifest

    shutil.copytree(PACKAGE / "demo", tmp_path / "demo")
    monkeypatch.setattr(manifest, "FOLDER", tmp_path / "demo")
    readme = next((tmp_path / "demo" / "packages").rglob("README.md"))
    readme.write_text("changed\n")
    with pytest.raises(WorkspaceError, match="have been changed"):
        build_repositories(tmp_path / "built")
    readme.unlink()
    with pytest.raises(DatasetError, match=re.escape(str(readme))):
        build_repositories(tmp_path / "built")
