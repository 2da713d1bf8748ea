"""Git that nobody's configuration reaches, on real repositories full of traps."""

from pathlib import Path

import git
import pytest

from kent_agent.hardened_git import HardenedGit
from kent_agent.task import SWETask


@pytest.fixture
def sprung(tmp_path: Path) -> Path:
    """The file that `trap` makes when it is run."""
    return tmp_path / "sprung"


@pytest.fixture
def trap(tmp_path: Path, sprung: Path) -> Path:
    script = tmp_path / "trap"
    script.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    script.chmod(0o755)
    return script


@pytest.fixture
def repository(tiny_repo: tuple[Path, SWETask]) -> git.Repo:
    return git.Repo(tiny_repo[0] / "acme__tiny")


def hardened(repository: git.Repo) -> HardenedGit:
    return HardenedGit(Path(repository.git_dir), Path(repository.working_dir))


@pytest.mark.parametrize("allowed", ["protocol.allow", "protocol.file.allow"])
def test_no_protocol_is_allowed_whatever_the_repository_says(repository: git.Repo, allowed: str) -> None:
    repository.git.config(allowed, "always")
    url = Path(repository.working_dir).as_uri()
    assert repository.git.ls_remote(url)
    status, output, stderr = hardened(repository).run("ls-remote", url)
    assert (status, output) == (128, b"")
    assert "'file' not allowed" in stderr


def test_no_hook_is_run(repository: git.Repo, trap: Path, sprung: Path) -> None:
    hooks = Path(repository.git_dir) / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "reference-transaction").symlink_to(trap)
    assert hardened(repository).run("update-ref", "refs/heads/one", "HEAD") == (0, b"", "")
    assert not sprung.exists()
    repository.git.update_ref("refs/heads/two", "HEAD")
    assert sprung.exists()


def test_large_file_filters_are_off(repository: git.Repo, trap: Path, sprung: Path) -> None:
    repository.git.config("filter.lfs.clean", "cat")
    repository.git.config("filter.lfs.smudge", str(trap))
    attributes = Path(repository.git_dir) / "info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("README.md filter=lfs\n")
    readme = Path(repository.working_dir) / "README.md"
    readme.unlink()
    assert hardened(repository).run("checkout-index", "--force", "README.md")[0] == 0
    assert readme.read_text() == "# tiny\n"
    assert not sprung.exists()
    readme.unlink()
    repository.git.checkout_index("--force", "README.md")
    assert sprung.exists()


def test_the_users_own_configuration_is_ignored(
    repository: git.Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[log]\n\tshowRoot = false\n[core]\n\tabbrev = 9\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'user.name=ambient'")
    status, output, _ = hardened(repository).run("config", "--list")
    assert status == 0
    assert b"log.showroot" not in output and b"ambient" not in output
    assert "log.showroot" in repository.git.config("--list")


def test_replacements_and_grafts_are_ignored_without_a_word(repository: git.Repo) -> None:
    first, _, last = repository.git.rev_list("HEAD", "--reverse").split()
    repository.git.replace("--graft", last)
    assert repository.git.rev_list("HEAD", "--count") == "1"
    (Path(repository.git_dir) / "info").mkdir(exist_ok=True)
    (Path(repository.git_dir) / "info/grafts").write_text(f"{last} {first}\n")
    assert hardened(repository).run("rev-list", "HEAD", "--count") == (0, b"3\n", "")


def test_standard_error_comes_on_one_line(repository: git.Repo) -> None:
    status, _, stderr = hardened(repository).run("rev-parse", "no-such-name")
    assert status == 128
    assert stderr.startswith("fatal: ambiguous argument 'no-such-name'") and "\n" not in stderr
