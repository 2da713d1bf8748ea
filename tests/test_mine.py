"""`python -m kent_agent.mine` as a person runs it: killed in the middle, run again, and told what it cannot do."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kent_agent.learning.fixes import load_fixes
from tests.conftest import BuildRepository, Content

SMALL, LARGE = "acme__small", "beta__large"
LINES = 600  # of the file whose history takes long enough to be killed in
PATIENCE = 180  # seconds


@pytest.fixture(scope="module")
def mirrors(tmp_path_factory: pytest.TempPathFactory, build_repository: BuildRepository) -> Path:
    """Two repositories: one is mined in no time, and the other is not."""
    folder = tmp_path_factory.mktemp("mirrors")
    small: list[dict[str, Content]] = [{"a.py": f"x = {i}\n"} for i in range(3)]
    lines = [f"    value_{i} = call(value_{i - 1}, {i})\n" for i in range(LINES)]
    large: list[dict[str, Content]] = [{"b.py": "".join(["def f(value):\n", *lines])}]
    for i in range(0, 16 * 30, 30):
        lines[i] = lines[i].replace("call", "called")
        large.append({"b.py": "".join(["def f(value):\n", *lines])})
    for name, versions in ((SMALL, small), (LARGE, large)):
        build_repository(folder / name, [("Mend it", version) for version in versions])
    return folder


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(mirrors: Path) -> Iterator[Start]:
    """Starts the command in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(output: Path, *options: str, repos_dir: Path = mirrors) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "kent_agent.mine", "--repos-dir", str(repos_dir), "-o", str(output), *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, **pipes))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stdout, stderr


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_killed_in_the_middle_it_goes_on_and_gives_the_same_bytes(start: Start, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    status, stdout, stderr = finish(start(whole, "-w", "2"))
    assert status == 0, stderr
    assert "18 fixes" in stdout and "2/2 " in stderr

    parts = tmp_path / "killed.jsonl.parts"
    process = start(killed)
    wait_until(lambda: (parts / f"{SMALL}.jsonl").exists() and (parts / f"{LARGE}.jsonl.tmp").exists())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not killed.exists() and not (parts / f"{LARGE}.jsonl").exists()

    small = (parts / f"{SMALL}.jsonl").stat()
    status, _, stderr = finish(start(killed))
    assert status == 0 and "1/1 beta/large" in stderr
    assert killed.read_bytes() == whole.read_bytes()
    assert (parts / f"{SMALL}.jsonl").stat().st_mtime_ns == small.st_mtime_ns
    assert len(list(load_fixes(killed))) == 18


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_its_workers_end_with_it(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path / "fixes.jsonl", "-w", "2")
    wait_until(lambda: (tmp_path / "fixes.jsonl.parts" / f"{LARGE}.jsonl.tmp").exists())
    workers = children(process.pid)
    assert any(map(alive, workers))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not any(map(alive, workers)))
    assert not (tmp_path / "fixes.jsonl.parts" / f"{LARGE}.jsonl").exists()


def test_other_options_are_refused_in_a_sentence(
    start: Start, tmp_path: Path, build_repository: BuildRepository
) -> None:
    repos = tmp_path / "mirrors"
    build_repository(repos / "acme__a", [("Mend it", {"a.py": f"x = {i}\n"}) for i in range(2)])
    output = tmp_path / "fixes.jsonl"
    assert finish(start(output, repos_dir=repos))[0] == 0
    status, _, stderr = finish(start(output, "--seed", "1", repos_dir=repos))
    assert status == 2 and "other options" in stderr and "Traceback" not in stderr


def test_a_forbidden_repository_is_refused_in_a_sentence(
    start: Start, tmp_path: Path, build_repository: BuildRepository
) -> None:
    repos = tmp_path / "mirrors"
    build_repository(repos / "psf__requests", [("Mend it", {"a.py": "x = 1\n"})])
    status, _, stderr = finish(start(tmp_path / "fixes.jsonl", repos_dir=repos))
    assert status == 2 and "psf/requests belongs to SWE-bench" in stderr and "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mirrors"]


def test_a_folder_without_mirrors_is_named(start: Start, tmp_path: Path) -> None:
    status, _, stderr = finish(start(tmp_path / "fixes.jsonl", repos_dir=tmp_path))
    assert status == 2 and "holds no mirror" in stderr
