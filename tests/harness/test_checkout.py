import subprocess
from pathlib import Path

import pytest

from harness.checkout import check_out, missing_blobs
from kent_agent.errors import HarnessError
from kent_agent.task import SWETask

TinyRepo = tuple[Path, SWETask]


def git(repository: Path, *arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def forget(mirror: Path, revision: str) -> str:
    """Delete a loose object, as a partial clone lacks it."""
    sha = git(mirror, "rev-parse", revision)
    (mirror / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    return sha


@pytest.fixture
def mirror(tiny_repo: TinyRepo) -> Path:
    return tiny_repo[0] / "acme__tiny"


@pytest.fixture
def base(tiny_repo: TinyRepo) -> str:
    return tiny_repo[1].base_commit


def test_the_checkout_is_at_the_commit_with_its_own_id_and_clean(mirror: Path, base: str, tmp_path: Path) -> None:
    testbed = tmp_path / "testbed"
    assert check_out(mirror, base, testbed) == ()
    assert git(testbed, "rev-parse", "HEAD") == base
    assert git(testbed, "status", "--porcelain") == ""
    assert (testbed / "src/tiny/calc.py").read_text() == git(mirror, "show", f"{base}:src/tiny/calc.py") + "\n"
    assert (testbed / "link.py").is_symlink()


def test_neither_later_nor_earlier_commits_are_in_it(mirror: Path, base: str, tmp_path: Path) -> None:
    testbed = tmp_path / "testbed"
    check_out(mirror, base, testbed)
    objects = git(testbed, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    assert [line.split()[0] for line in objects if " commit " in line] == [base]
    assert git(testbed, "rev-list", "--all", "HEAD") == base
    assert git(testbed, "for-each-ref") == ""
    fixed = git(mirror, "rev-parse", "main:src/tiny/calc.py")
    assert fixed not in {line.split()[0] for line in objects}


def test_a_file_whose_blob_the_mirror_lacks_is_left_out_and_the_rest_stays_clean(
    mirror: Path, base: str, tmp_path: Path
) -> None:
    blob = forget(mirror, f"{base}:src/tiny/text.py")
    assert missing_blobs(mirror, base) == {blob}
    testbed = tmp_path / "testbed"
    assert check_out(mirror, base, testbed) == ("src/tiny/text.py",)
    assert not (testbed / "src/tiny/text.py").exists()
    assert (testbed / "src/tiny/calc.py").exists()
    assert git(testbed, "rev-parse", "HEAD") == base
    assert git(testbed, "status", "--porcelain") == ""
    assert git(testbed, "-c", "core.fileMode=false", "diff", base) == ""
    assert "diff" not in git(testbed, "show")
    git(testbed, "checkout", "--", ".")  # the harness does so between its attempts to apply a patch
    git(testbed, "checkout", base, "tests/test_calc.py")


def test_patches_apply_beside_a_missing_file(mirror: Path, base: str, tmp_path: Path) -> None:
    forget(mirror, f"{base}:src/tiny/text.py")
    fix = tmp_path / "fix.diff"
    fix.write_text(git(mirror, "diff", base, "main", "--", "src/tiny/calc.py") + "\n")
    testbed = tmp_path / "testbed"
    check_out(mirror, base, testbed)
    git(testbed, "apply", "--3way", str(fix))
    assert "left + right" in (testbed / "src/tiny/calc.py").read_text()


def test_an_absent_commit_is_an_error_that_names_mirror_commit_and_command(mirror: Path) -> None:
    absent = "0123456789" * 4
    with pytest.raises(HarnessError, match=f"acme__tiny does not hold the commit {absent}.*`git -C .* fetch"):
        missing_blobs(mirror, absent)


def test_an_absent_folder_is_an_error_since_its_files_are_unknown(mirror: Path, base: str) -> None:
    forget(mirror, f"{base}:src")
    with pytest.raises(HarnessError, match="with all its folders"):
        missing_blobs(mirror, base)


def test_hooks_and_filters_of_the_mirror_do_not_run(mirror: Path, base: str, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    hook = mirror / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    git(mirror, "config", "filter.evil.smudge", f"touch {trap}; cat")
    git(mirror, "config", "core.fsmonitor", f"touch {trap}")
    (mirror / ".git" / "info").mkdir(exist_ok=True)
    (mirror / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    check_out(mirror, base, tmp_path / "testbed")
    assert not trap.exists()
