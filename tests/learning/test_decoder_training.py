"""Training goes from a file of fixes to a model with its card, its log and its curves, and survives a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kent_agent import train
from kent_agent.decoder.model import DecoderModel
from kent_agent.errors import KentError
from kent_agent.learning.decoder_training import CARD, CHECKPOINT, CURVES, LOG, MODEL, train_decoder
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.splits import HELDOUT, TRAIN, VALIDATION
from tests.learning.lessons import SHAPE, fix_of, fixes

EPOCHS = 3


def written(path: Path, rows: Sequence[MinedFix]) -> Path:
    path.write_text("".join(row.dump() + "\n" for row in rows))
    return path


def split_rows() -> list[MinedFix]:
    """Fixes of all three splits, among them one that the grammar does not express."""
    held = {"acme/unite": HELDOUT, "acme/gather": VALIDATION, "acme/typical": VALIDATION}
    rows = [replace(fix, split=held.get(fix.repo, TRAIN)) for fix in fixes()]
    return [*rows, replace(rows[0], derivation=None, key="inexpressible")]


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("mined") / "fixes.jsonl", split_rows())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, mined: Path) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "decoder"
    trained_in(folder, mined)
    return folder


def trained_in(folder: Path, mined: Path, limit: int = 10, epochs: int = EPOCHS, seed: int = 1) -> None:
    train_decoder(mined, folder, limit, epochs, seed, workers=1, shape=SHAPE)


def log_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_the_log_has_training_and_validation_of_every_epoch(folder: Path) -> None:
    log = log_of(folder)
    assert [row["epoch"] for row in log] == [1, 2, 3]
    assert all(row["train_bits"] > 0 and row["bits"] > 0 and row["median_bits"] > 0 for row in log)
    assert log[-1]["bits"] < log[0]["bits"], "it has learned something"


def test_the_model_that_is_kept_is_the_one_that_validates_best(folder: Path) -> None:
    best = min(log_of(folder), key=lambda row: row["site_bits"] + row["token_bits"])
    validation = DecoderModel.load(folder / MODEL).provenance["validation"]
    assert validation == {name: value for name, value in best.items() if name != "train_bits"}


def test_the_model_says_where_it_learned_and_not_from_what_is_held_out(folder: Path) -> None:
    model = DecoderModel.load(folder / MODEL)
    made = model.provenance
    assert made["repositories"] == {
        fix.repo: 1 for fix in split_rows() if fix.split == TRAIN and fix.derivation is not None
    }
    assert made["validation_repositories"] == {"acme/gather": 1, "acme/typical": 1}
    assert set(made["newest_commits"].values()) == {"1" * 40}
    assert (made["fixes_each"], made["seed"], made["epochs"]) == (10, 1, EPOCHS)
    assert "+" in model.learned and model.network.shape == SHAPE


def test_a_card_and_curves_are_left_behind(folder: Path) -> None:
    text = (folder / CARD).read_text()
    assert "acme/gather | 1 | validation" in text and "acme/unite" not in text
    assert (folder / CURVES).read_text().count("<svg") == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted([CARD, CHECKPOINT, CURVES, LOG, MODEL])


def test_what_mining_wrote_beside_the_fixes_is_part_of_the_provenance(tmp_path: Path, mined: Path) -> None:
    copied = tmp_path / "fixes.jsonl"
    copied.write_bytes(mined.read_bytes())
    manifest = {"repositories": {"acme/unite": "9" * 40}, "commits": 30, "seed": 2}
    (tmp_path / "fixes.jsonl.repositories.json").write_text(json.dumps(manifest))
    trained_in(tmp_path / "decoder", copied, epochs=1)
    assert DecoderModel.load(tmp_path / "decoder" / MODEL).provenance["mined"] == manifest
    assert "held out: acme/unite" in (tmp_path / "decoder" / CARD).read_text()


def test_a_training_that_has_ended_is_not_begun_again(folder: Path, mined: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    trained_in(folder, mined)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("other", [{"limit": 9}, {"epochs": 4}, {"seed": 2}])
def test_a_folder_of_another_training_is_refused(folder: Path, mined: Path, other: dict[str, int]) -> None:
    with pytest.raises(KentError, match=r"checkpoint\.pt was begun with other fixes or options; .*another -o"):
        trained_in(folder, mined, **other)


def test_the_limit_is_of_each_repository(tmp_path: Path) -> None:
    many = [replace(fix, repo="acme/many", key=str(i)) for i, fix in enumerate(split_rows()) if fix.split == TRAIN]
    rows = [*many, *(row for row in split_rows() if row.split == VALIDATION)]
    trained_in(tmp_path / "decoder", written(tmp_path / "fixes.jsonl", rows), limit=4, epochs=1)
    made = DecoderModel.load(tmp_path / "decoder" / MODEL).provenance
    assert made["repositories"] == {"acme/many": 4}


def test_training_stops_where_validation_no_longer_improves(tmp_path: Path) -> None:
    """What is to be validated contradicts what is learned: the better that is known, the worse this fits."""
    rows = split_rows()
    before = rows[0].before
    backwards = fix_of("acme/back", rows[0].message, before, before.replace("return total", "return left"))
    mined = written(
        tmp_path / "fixes.jsonl", [*(r for r in rows if r.split == TRAIN), replace(backwards, split=VALIDATION)]
    )
    trained_in(tmp_path / "decoder", mined, epochs=40)
    assert len(log_of(tmp_path / "decoder")) < 40
    before_again = (tmp_path / "decoder" / LOG).read_bytes()
    trained_in(tmp_path / "decoder", mined, epochs=40)
    assert (tmp_path / "decoder" / LOG).read_bytes() == before_again, "and stays stopped"


def test_a_killed_training_ends_as_one_that_was_not(tmp_path: Path, mined: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "kent_agent.train",
        "decoder",
        "--fixes",
        str(mined),
        "--limit",
        "450",
        "--epochs",
        "3",
    ]
    killed, straight = tmp_path / "killed", tmp_path / "straight"
    process = subprocess.Popen(
        [*command, "-o", str(killed)], stdout=subprocess.DEVNULL, env={**os.environ, "TERM": "dumb"}
    )
    deadline = time.monotonic() + 300
    while not (killed / CHECKPOINT).is_file() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed before it ended"
    assert (killed / CHECKPOINT).is_file()
    for folder in (killed, straight):
        train_decoder(mined, folder, limit=450, epochs=3, seed=0, workers=1)
    for name in (LOG, MODEL, CARD, CURVES):
        assert (killed / name).read_bytes() == (straight / name).read_bytes(), name


@pytest.mark.parametrize("splits", [{TRAIN}, {VALIDATION}, {HELDOUT}])
def test_fixes_that_do_not_suffice_are_told(tmp_path: Path, splits: set[str]) -> None:
    mined = written(tmp_path / "fixes.jsonl", [row for row in split_rows() if row.split in splits])
    result = CliRunner().invoke(train.app, ["decoder", "--fixes", str(mined), "-o", str(tmp_path / "decoder")])
    assert result.exit_code == 2
    assert "fixes.jsonl holds no fixes to train on, or none to validate on" in result.output


def test_a_missing_file_of_fixes_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(train.app, ["decoder", "--fixes", str(tmp_path / "none"), "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert "none cannot be read" in result.output and "kent_agent.mine" in result.output
