"""What a run writes and shows."""

import json
import os
import pty
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.run.conftest import Runs


def test_every_end_of_an_instance_is_recorded_as_what_it_was_and_the_run_goes_on(runs: "Runs") -> None:
    split = runs.split(
        *(
            "patch",
            "abstain",
            "raise",
            "absent",
            "crash",
            "hang",
            "hang stubbornly",
            "exit",
            "odd trajectory",
        ),
        "sleep 0.1; patch",
    )
    done = runs.finish("--split", str(split), "--timeout", "1", "-w", "2")
    assert done.returncode == 1
    assert done.stderr == ""
    patches = runs.patches()
    assert set(patches) == {"acme__tiny-1", "acme__tiny-2", "acme__tiny-10"}
    assert patches["acme__tiny-1"].startswith("diff --git")
    assert patches["acme__tiny-2"] == ""
    assert sorted(runs.statuses()) == [
        ("acme__tiny-3", "error", 1),
        ("acme__tiny-4", "error", 1),
        ("acme__tiny-5", "error", 1),
        ("acme__tiny-6", "timeout", 1),
        ("acme__tiny-7", "timeout", 1),
        ("acme__tiny-8", "error", 1),
        ("acme__tiny-9", "error", 1),
    ]
    assert "10 instances in" in done.stdout
    assert "2 submitted, 1 abstained, 5 error, 2 timeout" in done.stdout
    reasons = {
        record["instance_id"]: record["reason"]
        for record in map(json.loads, (runs.folder / "x/status.jsonl").read_text().splitlines())
    }
    assert reasons["acme__tiny-3"].startswith("ValueError: the agent's mistake (scripted_agent.py:")
    assert reasons["acme__tiny-4"] == "acme__tiny-4: the repository acme/tiny is not there."
    assert reasons["acme__tiny-5"] == "the worker process ended by SIGKILL"
    assert reasons["acme__tiny-8"] == "the worker process ended with exit code 3"
    assert "not JSON serializable" in reasons["acme__tiny-9"]


def test_a_trajectory_tells_the_reason_and_the_seconds(runs: "Runs") -> None:
    split = runs.split("sleep 0.2; abstain")
    assert runs.finish("--split", str(split)).returncode == 0
    trajectory = json.loads((runs.folder / "x/trajectories/acme__tiny-1.json").read_text())
    assert trajectory["abstained"] == "told so"
    assert trajectory["seconds"] >= 0.2


def test_the_default_output_is_named_by_model_and_split(runs: "Runs") -> None:
    split = runs.split("abstain", path=runs.folder / "my split.jsonl")
    runs.output = None
    assert runs.finish("--split", str(split), "--model-name", "org/model:1").returncode == 0
    output = runs.folder / "predictions/org_model_1__my_split.jsonl"
    assert json.loads(output.read_text())["model_name_or_path"] == "org/model:1"


def test_same_seed_same_patches_whatever_the_worker_count(runs: "Runs") -> None:
    split = runs.split(*["sleep 0.01; patch"] * 8)
    found = {}
    for name, options in {
        "one": ["-w", "1"],
        "three": ["-w", "3", "--shuffle"],
        "other": ["--seed", "7"],
    }.items():
        runs.output = runs.folder / f"{name}.jsonl"
        assert runs.finish("--split", str(split), *options).returncode == 0
        found[name] = runs.patches()
    assert found["one"] == found["three"]
    assert found["one"] != found["other"]


def test_the_printed_official_command_is_understood_by_swebench(runs: "Runs") -> None:
    """Up to its loading of data and predictions, which needs no daemon."""
    from swebench.harness.utils import get_predictions_from_file, load_swebench_dataset

    folder = runs.folder / "a folder"
    folder.mkdir()
    for spec, split in (
        ("file", runs.split("patch", "abstain")),
        ("folder", folder),
    ):
        if spec == "folder":
            runs.split("patch", "abstain", path=folder / "rows.jsonl")
            rest = runs.split("patch", path=folder / "rest.jsonl")
            rest.write_text(rest.read_text().replace("acme__tiny-1", "acme__tiny-3"))
        runs.output = runs.folder / f"{spec}.jsonl"
        done = runs.finish("--split", str(split))
        assert done.returncode == 0, done.stderr
        (command,) = [line for line in done.stdout.splitlines() if "swebench.harness.run_evaluation" in line]
        data, predictions, run_id = re.findall(r" (?:-d|-p|-id) ('[^']+'|\S+)", command)
        rows = load_swebench_dataset(str(runs.folder / data.strip("'")), "test")
        assert {row["instance_id"] for row in rows} == set(runs.patches())
        read = get_predictions_from_file(str(runs.folder / predictions), "", "")
        assert {row["instance_id"]: row["model_patch"] for row in read} == runs.patches()
        assert re.fullmatch(spec + "-[0-9a-f]{8}", run_id)
        assert f"python -m harness.evaluate {runs.output}" in done.stdout


def test_without_a_terminal_there_are_plain_lines(runs: "Runs") -> None:
    split = runs.split("patch", "abstain")
    lines = runs.finish("--split", str(split)).stdout.splitlines()
    assert re.fullmatch(r"\[1/2\] submitted acme__tiny-1 \d+\.\d s", lines[0])
    assert re.fullmatch(r"\[2/2\] abstained acme__tiny-2 \d+\.\d s: told so", lines[1])
    assert lines[2].startswith("2 instances in ")
    assert len(lines) == 5
    assert "\x1b" not in "".join(lines)


def test_a_terminal_shows_a_bar_with_its_eta_and_a_table_of_exit_statuses(runs: "Runs") -> None:
    split = runs.split("patch", "abstain", "raise")
    master, slave = pty.openpty()
    process = runs.start("--split", str(split), stdout=slave)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # how Linux tells the end of a pseudo-terminal
        pass
    os.close(master)
    assert process.wait(runs.PATIENCE) == 1
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    final = text[text.rindex("exit status") :]
    for status, count in {"submitted": 1, "abstained": 1, "error": 1, "timeout": 0}.items():
        assert re.search(rf"{status}\s*│\s*{count}\b", final)
    assert "3/3" in final
    assert "ETA" in final
    assert "ValueError: the agent's mistake" in text


def test_what_a_stopped_worker_leaves_is_removed(runs: "Runs") -> None:
    done = runs.finish("--split", str(runs.split("hang", "patch")), "--timeout", "1")
    assert runs.statuses() == [("acme__tiny-1", "timeout", 1)]
    assert "stopped at the limit of 1 s" in done.stdout
    assert not (runs.folder / "x/scratch").exists()


def test_what_a_killed_run_leaves_is_removed_by_the_next(runs: "Runs") -> None:
    killed = runs.start("--split", str(runs.split("hang")))
    scratch = runs.folder / "x/scratch"
    runs.wait_until(lambda: scratch.exists() and list(scratch.glob("left-*")))
    killed.kill()
    killed.wait()
    (left,) = scratch.glob("left-*")
    runs.finish("--split", str(runs.split("patch")))
    assert not left.exists() and not scratch.exists()


def test_the_sidecar_records_options_and_compares_only_what_shapes_a_patch(runs: "Runs") -> None:
    split = str(runs.split("patch"))
    assert runs.finish("--split", split, "--timeout", "7", "--filter", "tiny").returncode == 0
    sidecar = json.loads((runs.folder / "x/run.json").read_text())
    assert sidecar["options"] | {"timeout": 7.0, "filter": "tiny", "shuffle": False} == sidecar["options"]
    assert {"code_hash", "model_hash", "seed", "split_hash"} <= set(sidecar)
    assert runs.finish("--split", split, "--timeout", "9").returncode == 0
    refused = runs.finish("--split", split, "--seed", "1")
    assert refused.returncode == 2 and "seed was 0 and is 1" in refused.stderr


def test_help_shows_what_stands_in_brackets(runs: "Runs") -> None:
    assert "predictions/<model>__<split>.jsonl]" in "".join(runs.finish("--help").stdout.split())
