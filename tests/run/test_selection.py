"""What a user asks for: options that select, and input that is refused."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kent_agent.errors import DatasetError, RunError
from kent_agent.run import RunOptions, select
from kent_agent.task import SWETask

if TYPE_CHECKING:
    from tests.run.conftest import Runs


def tasks(*names: str) -> list[SWETask]:
    return [SWETask(name, "acme/tiny", "0" * 40, "issue") for name in names]


def selected(names: list[str], **options: Any) -> list[str]:
    return [task.instance_id for task in select(tasks(*names), RunOptions("s", **options))]


LETTERS = ["a1", "b1", "a2", "b2", "a3"]


def test_selection_by_ids_filter_and_slice() -> None:
    assert selected(LETTERS) == LETTERS
    assert selected(LETTERS, instance_ids=("a3", "b1")) == ["b1", "a3"]
    assert selected(LETTERS, filter="^a") == ["a1", "a2", "a3"]
    assert selected(LETTERS, filter="1$", instance_ids=("a1", "a2")) == ["a1"]
    assert selected(LETTERS, slice="1:3") == ["b1", "a2"]
    assert selected(LETTERS, slice=":-3") == ["a1", "b1"]
    assert selected(LETTERS, slice="3:") == ["b2", "a3"]


def test_the_order_is_filter_then_shuffle_then_slice() -> None:
    names = [f"{letter}{number}" for number in range(20) for letter in "ab"]
    shuffled = selected(names, filter="a", shuffle=True)
    assert sorted(shuffled) == sorted(name for name in names if "a" in name)
    assert shuffled != selected(names, filter="a")
    assert selected(names, filter="a", shuffle=True, slice="2:5") == shuffled[2:5]
    assert selected(names, filter="a", shuffle=True) == shuffled
    assert selected(names, filter="a", shuffle=True, seed=1) != shuffled


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"filter": "("}, RunError, "no regular expression"),
        ({"filter": "zzz"}, RunError, "No instance of s is selected"),
        ({"slice": "3"}, RunError, "not of the form a:b"),
        ({"slice": "a:b"}, RunError, "not of the form a:b"),
        ({"slice": "9:"}, RunError, "No instance of s is selected"),
        ({"instance_ids": ("a1", "zz", "yy")}, DatasetError, "zz, yy not in s"),
    ],
)
def test_a_selection_that_cannot_be_made_is_a_sentence(
    options: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        selected(LETTERS, **options)


def test_ids_may_be_separated_by_commas_or_the_option_repeated(runs: "Runs") -> None:
    split = runs.split(*["abstain"] * 4)
    ids = ("--instance-ids", "acme__tiny-1, acme__tiny-2", "--instance-ids", "acme__tiny-4")
    assert runs.finish("--split", str(split), *ids).returncode == 0
    assert set(runs.patches()) == {"acme__tiny-1", "acme__tiny-2", "acme__tiny-4"}


def without_base_commit(runs: "Runs") -> Path:
    path = runs.split("patch", "patch")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    del rows[1]["base_commit"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def twice_the_same(runs: "Runs") -> Path:
    path = runs.split("patch")
    path.write_text(path.read_text() * 2)
    return path


def not_json(runs: "Runs") -> Path:
    path = runs.split()
    path.write_text('{"instance_id": "a"\n{}\n')
    return path


@pytest.mark.parametrize(
    ("make", "named"),
    [(without_base_commit, "acme__tiny-2"), (twice_the_same, "acme__tiny-1"), (not_json, "s.jsonl")],
)
def test_a_malformed_split_is_a_sentence_and_nothing_is_written(
    runs: "Runs", make: "Callable[[Runs], Path]", named: str
) -> None:
    done = runs.finish("--split", str(make(runs)))
    assert done.returncode == 2
    assert runs.is_sentence(done.stderr)
    assert named in done.stderr
    assert not runs.output.exists()


@pytest.mark.parametrize("split", ["no-such-split", "lite:no-such-part", "nowhere/rows.parquet"])
def test_an_unknown_split_is_a_sentence(runs: "Runs", split: str) -> None:
    done = runs.finish("--split", split)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert split.partition(":")[2] in done.stderr


def test_a_folder_of_mirrors_that_is_not_there_is_a_sentence(runs: "Runs") -> None:
    split = runs.split("patch")
    done = runs.finish("--split", str(split), "--repos-dir", "nowhere")
    assert done.returncode == 2
    assert "nowhere, the folder of repository mirrors, is not there" in done.stderr


def test_help_names_every_option() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kent_agent.run", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    for option in (
        *(
            "--split",
            "--subset",
            "--filter",
            "--slice",
            "--shuffle",
            "--instance-ids",
            "--output",
            "--workers",
        ),
        *("--timeout", "--repos-dir", "--redo-existing", "--model-name", "--seed", "KENT_REPOS_DIR"),
    ):
        assert option in done.stdout
