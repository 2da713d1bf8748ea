"""Runs that are interrupted, killed, repeated and redone."""

import json
import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.run.conftest import Runs


def test_a_second_run_does_only_what_is_missing(runs: "Runs") -> None:
    split = runs.split("patch", "crash once; patch", "raise")
    first = runs.finish("--split", str(split))
    assert first.returncode == 1
    before = runs.output.read_bytes()
    second = runs.finish("--split", str(split))
    assert second.returncode == 1
    assert "1 of 3 instances are done already" in second.stdout
    assert runs.output.read_bytes().startswith(before)
    assert set(runs.patches()) == {"acme__tiny-1", "acme__tiny-2"}
    assert sorted(runs.statuses()) == [
        ("acme__tiny-2", "error", 1),
        ("acme__tiny-3", "error", 1),
        ("acme__tiny-3", "error", 2),
    ]


def test_a_finished_run_is_left_as_it_is(runs: "Runs") -> None:
    split = runs.split("patch", "abstain")
    assert runs.finish("--split", str(split)).returncode == 0
    before = runs.output.read_bytes()
    again = runs.finish("--split", str(split))
    assert again.returncode == 0
    assert "2 done before" in again.stdout
    assert runs.output.read_bytes() == before


def test_killed_again_and_again_a_run_loses_nothing_and_repeats_nothing(runs: "Runs") -> None:
    count = 24
    split = runs.split(*["sleep 0.02; patch"] * count)
    chance = random.Random(0)
    for _ in range(4):
        # Read as the next run will: its torn tail, if any, is no prediction.
        before = runs.output.read_bytes().rpartition(b"\n")[0] if runs.output.exists() else b""
        process = runs.start("--split", str(split), "-w", "2")
        wanted = runs.lines() + chance.randint(1, 3)
        runs.wait_until(lambda wanted=wanted: runs.lines() >= wanted)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert runs.output.read_bytes().startswith(before)
        for line in runs.output.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                instance_id = json.loads(line)["instance_id"]
                json.loads((runs.folder / f"x/trajectories/{instance_id}.json").read_text())
    assert 4 <= runs.lines() < count
    assert runs.finish("--split", str(split), "-w", "2").returncode == 0
    killed = runs.patches()
    assert len(killed) == count
    runs.output = runs.folder / "undisturbed.jsonl"
    assert runs.finish("--split", str(split)).returncode == 0
    assert killed == runs.patches()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_workers_end_with_a_run_that_is_killed(runs: "Runs") -> None:
    split = runs.split("hang", "hang stubbornly")
    process = runs.start("--split", str(split), "-w", "2")
    workers = [runs.worker_of("acme__tiny-1"), runs.worker_of("acme__tiny-2")]
    assert all(map(runs.alive, workers))
    process.send_signal(signal.SIGKILL)
    runs.wait_until(lambda: not any(map(runs.alive, workers)))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_stops_the_workers_keeps_what_is_done_and_says_how_to_go_on(runs: "Runs") -> None:
    split = runs.split("patch", "hang", "patch")
    process = runs.start("--split", str(split))
    worker = runs.worker_of("acme__tiny-2")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=runs.PATIENCE)
    assert process.returncode == 130
    assert runs.is_sentence(stderr)
    assert "the same command goes on from there" in stderr
    assert not runs.alive(worker)
    assert set(runs.patches()) == {"acme__tiny-1"}
    assert runs.statuses() == []
    assert runs.finish("--split", str(split), "--timeout", "0.5").returncode == 1
    assert set(runs.patches()) == {"acme__tiny-1", "acme__tiny-3"}


def test_a_worker_killed_while_idle_costs_nothing(runs: "Runs") -> None:
    split = runs.split("sleep 1.5; patch", "sleep 2.5; patch")
    process = runs.start("--split", str(split), "-w", "2")
    idle, busy = runs.worker_of("acme__tiny-1"), runs.worker_of("acme__tiny-2")
    assert idle != busy
    runs.wait_until(lambda: runs.lines() == 1)
    os.kill(idle, signal.SIGKILL)
    process.communicate(timeout=runs.PATIENCE)
    assert process.returncode == 0
    assert set(runs.patches()) == {"acme__tiny-1", "acme__tiny-2"}
    assert runs.statuses() == []


def test_an_agent_that_cannot_be_made_is_an_error_of_each_instance(runs: "Runs") -> None:
    split = runs.split("patch", "patch")
    done = runs.finish("--split", str(split), agent="Unready")
    assert done.returncode == 1
    assert done.stdout.count("ValueError: no weights") == 2


def test_workers_that_die_as_they_start_end_the_run_with_a_sentence(runs: "Runs") -> None:
    split = runs.split("patch")
    done = runs.finish("--split", str(split), agent="Stillborn")
    assert done.returncode == 2
    assert runs.is_sentence(done.stderr)
    assert "die as they start" in done.stderr


def test_a_second_run_on_the_same_file_is_refused_while_the_first_runs(runs: "Runs") -> None:
    split = runs.split("hang")
    runs.start("--split", str(split))
    runs.worker_of("acme__tiny-1")
    second = runs.finish("--split", str(split))
    assert second.returncode == 2
    assert runs.is_sentence(second.stderr)
    assert "Another run is writing" in second.stderr


def test_other_settings_are_refused_and_redo_existing_replaces_only_when_done(runs: "Runs") -> None:
    split = runs.split("patch", "sleep 0.05; patch", "sleep 0.05; patch", "abstain")
    assert runs.finish("--split", str(split)).returncode == 0
    before, old = runs.output.read_bytes(), runs.patches()

    refused = runs.finish("--split", str(split), "--seed", "1")
    assert refused.returncode == 2
    assert runs.is_sentence(refused.stderr)
    assert "seed was 0 and is 1" in refused.stderr
    assert "--redo-existing" in refused.stderr

    redo = ("--split", str(split), "--seed", "1", "--redo-existing")
    killed = runs.start(*redo)
    runs.wait_until(lambda: runs.lines(runs.folder / "x.redo.jsonl") >= 1)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert runs.output.read_bytes() == before

    done = runs.finish(*redo)
    assert done.returncode == 0
    assert "done already" in done.stdout
    new = runs.patches()
    assert set(new) == set(old)
    assert new["acme__tiny-1"] != old["acme__tiny-1"]
    assert json.loads((runs.folder / "x/run.json").read_text())["seed"] == 1
    assert not list(runs.folder.glob("x.redo*"))


def test_a_redo_that_fails_where_the_old_run_answered_keeps_the_old_answers(runs: "Runs") -> None:
    split = runs.split("patch", "patch; crash once")
    (runs.notes / "crashed").touch()
    assert runs.finish("--split", str(split)).returncode == 0
    before = runs.output.read_bytes()
    (runs.notes / "crashed").unlink()
    failed = runs.finish("--split", str(split), "--redo-existing")
    assert failed.returncode == 1
    assert "stays as it was" in failed.stdout
    assert runs.output.read_bytes() == before
    assert runs.finish("--split", str(split), "--redo-existing").returncode == 0
    assert not list(runs.folder.glob("x.redo*"))
