"""The command a newcomer types first, with the agent that ships."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kent_agent import demo
from kent_agent.dataset import write_rows

HIDDEN = ("patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS", "eval_script", "hints_text")


def run_demo(folder: Path, *options: str) -> dict[str, str]:
    """The patches of the first two instances, or of those that `options` select, run from `folder`."""
    folder.mkdir()
    command = [sys.executable, "-m", "kent_agent.run", "--split", "demo", "--slice", "0:2", *options]
    # A folder of other mirrors must not come before the demo's own repositories.
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"KENT_REPOS_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name = "predictions/kent_agent__demo"
    assert f"run_evaluation -d {name}/dataset.jsonl -p {name}.jsonl -id kent_agent__demo-" in done.stdout
    lines = (folder / f"{name}.jsonl").read_text().splitlines()
    return {line["instance_id"]: line["model_patch"] for line in map(json.loads, lines)}


def test_the_demo_runs_and_its_patches_do_not_depend_on_the_worker_count(tmp_path: Path) -> None:
    from swebench.harness.utils import load_swebench_dataset

    alone = run_demo(tmp_path / "alone", "-w", "1")
    assert len(alone) == 2
    assert alone == run_demo(tmp_path / "together", "-w", "2", "--slice", ":", "--instance-ids", ",".join(alone))
    rows = load_swebench_dataset(str(tmp_path / "alone/predictions/kent_agent__demo/dataset.jsonl"))
    assert set(alone) < {row["instance_id"] for row in rows}


def test_every_instance_leaves_a_trajectory_with_stages_versions_and_seed(tmp_path: Path) -> None:
    for instance_id, patch in run_demo(tmp_path / "run", "--slice", "0:1", "--seed", "3").items():
        path = tmp_path / f"run/predictions/kent_agent__demo/trajectories/{instance_id}.json"
        trajectory = json.loads(path.read_text())
        assert trajectory["seed"] == 3
        assert trajectory["versions"]
        assert trajectory["stages"]
        assert trajectory["factorizations"] or not patch
        assert all("score" in candidate and "dropped" in candidate for candidate in trajectory["candidates"])
        assert bool(trajectory["abstained"]) == (patch == "")


def test_garbage_in_the_hidden_columns_changes_no_byte(tmp_path: Path) -> None:
    """Also that nothing else differs: both runs are over files of the same name and rows of the same ids."""
    lines = []
    for name, hidden in (("clean", {}), ("garbage", dict.fromkeys(HIDDEN, "return None  # garbage"))):
        folder = tmp_path / name
        folder.mkdir()
        write_rows([row | hidden for row in demo.load_rows()[:3]], folder / "rows.jsonl")
        command = [sys.executable, "-m", "kent_agent.run", "--split", "rows.jsonl", "-w", "1", "-o", "x.jsonl"]
        subprocess.run([*command, "--repos-dir", str(demo.repositories_dir())], cwd=folder, check=True)
        lines.append((folder / "x.jsonl").read_bytes())
    assert lines[0] == lines[1]
    assert any(json.loads(line)["model_patch"] for line in lines[0].splitlines())


@pytest.mark.docker
def test_the_official_harness_runs_the_tests_on_the_agents_own_predictions(tmp_path: Path) -> None:
    """A patch may keep a test from ending, which the official harness counts as an error."""
    patches = run_demo(tmp_path / "run", "--slice", "0:3")
    command = [sys.executable, "-m", "harness.evaluate", "predictions/kent_agent__demo.jsonl", "--split", "demo"]
    subprocess.run([*command, "--backend", "docker", "--timeout", "60"], cwd=tmp_path / "run", check=True)
    report = json.loads((tmp_path / "run/predictions/kent_agent__demo/report.json").read_text())
    assert report["completed_ids"] != []
    submitted = sorted(name for name, patch in patches.items() if patch)
    assert sorted(report["completed_ids"] + report["error_ids"]) == submitted
