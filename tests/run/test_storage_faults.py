"""Disks that are full or read-only, for real where this process may mount one."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kent_agent.durable import JsonLines
from kent_agent.errors import RunError
from kent_agent.predictions import Outcome, PredictionStore, Status
from tests.conftest import give_up

if TYPE_CHECKING:
    from tests.run.conftest import Runs

SETTINGS = {"seed": 0}


class Disk:
    """A small file system of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.place)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """64 KiB, that is sixteen pages; a file takes whole pages."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        give_up(f"no mount command: {error}")
    if mounted.returncode != 0:
        give_up(f"mounting a tmpfs is not permitted here: {mounted.stderr.strip()}")
    yield Disk(place)
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def whole_lines(path: Path) -> list[dict[str, str]]:
    content = path.read_text()
    assert content == "" or content.endswith("\n")
    return [json.loads(line) for line in content.splitlines()]


def test_a_line_for_which_the_disk_has_no_room_is_taken_back(disk: Disk) -> None:
    """3,000-byte lines cross page boundaries, so that the last write comes back short."""
    lines = JsonLines(disk.place / "x.jsonl", ("name",))
    with pytest.raises(RunError, match=r"x\.jsonl cannot be written \(No space left on device\)"):
        for number in range(100):
            lines.append({"name": f"{number:02}" + "x" * 3000})
    written = whole_lines(disk.place / "x.jsonl")
    assert len(written) == 64 * 1024 // 3015
    disk.remount("size=128k")
    lines.append({"name": "after"})
    lines.close()
    assert whole_lines(disk.place / "x.jsonl") == [*written, {"name": "after"}]


def test_a_store_on_a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room(disk: Disk) -> None:
    path = disk.place / "x.jsonl"
    outcomes = [Outcome(f"i-{n}", Status.SUBMITTED, "", 1.0, "p" * 1500, "{}") for n in range(40)]
    recorded = 0
    with PredictionStore(path) as store:
        store.resume(SETTINGS)
        with pytest.raises(RunError, match="No space left on device"):
            for outcome in outcomes:
                store.record(outcome, "model")
                recorded += 1
    assert 0 < recorded < 40
    assert len(whole_lines(path)) == recorded
    assert not list(disk.place.rglob("*.tmp"))
    disk.remount("size=1m")
    with PredictionStore(path) as store:
        store.resume(SETTINGS)
        for outcome in outcomes[recorded:]:
            store.record(outcome, "model")
    assert [line["instance_id"] for line in whole_lines(path)] == [outcome.instance_id for outcome in outcomes]


def test_a_redo_that_fills_the_disk_leaves_the_old_file_intact(disk: Disk) -> None:
    path = disk.place / "x.jsonl"
    old = [Outcome(f"i-{n}", Status.SUBMITTED, "", 1.0, "old" * 1000, "{}") for n in range(4)]
    with PredictionStore(path) as store:
        store.resume(SETTINGS)
        for outcome in old:
            store.record(outcome, "model")
    before = path.read_bytes()
    with PredictionStore(path) as store, pytest.raises(RunError, match="No space left on device"):
        ids = {outcome.instance_id for outcome in old}
        with store.redo({"seed": 1}, ids) as aside:
            for n in range(4):
                aside.record(Outcome(f"i-{n}", Status.SUBMITTED, "", 1.0, "new" * 5000, "{}"), "model")
    assert path.read_bytes() == before
    assert json.loads((disk.place / "x/run.json").read_text()) == SETTINGS


def says(done: "subprocess.CompletedProcess[str]", reason: str) -> bool:
    sentence = done.stderr.count("\n") == 1 and "Traceback" not in done.stdout
    return done.returncode == 2 and sentence and f"cannot be written ({reason})" in done.stderr


def test_a_run_that_fills_the_disk_ends_with_a_sentence_and_resumes(disk: Disk, runs: "Runs") -> None:
    options = ("--split", str(runs.split(*["patch"] * 20)), "-w", "2")
    runs.output = disk.place / "x.jsonl"
    full = runs.finish(*options)
    assert says(full, "No space left on device"), full.stderr
    kept = whole_lines(runs.output)
    assert 0 < len(kept) < 20
    disk.remount("size=1m")
    done = runs.finish(*options)
    assert done.returncode == 0, done.stderr
    assert whole_lines(runs.output)[: len(kept)] == kept
    assert len(runs.patches()) == 20


def test_a_read_only_folder_is_a_sentence_and_loses_nothing(disk: Disk, runs: "Runs") -> None:
    options = ("--split", str(runs.split("patch", "abstain")))
    runs.output = disk.place / "x.jsonl"
    disk.remount("ro")
    assert says(runs.finish(*options), "Read-only file system")
    disk.remount("rw,size=1m")
    assert runs.finish(*options).returncode == 0
    before = runs.output.read_bytes()
    disk.remount("ro")
    assert says(runs.finish(*options), "Read-only file system")
    assert runs.output.read_bytes() == before


def test_a_file_in_the_place_of_the_output_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("in the way")
    with pytest.raises(RunError, match="x cannot be written"), PredictionStore(tmp_path / "x.jsonl"):
        pass
    assert (tmp_path / "x").read_text() == "in the way"
