"""The predictions store: what is on disk after everything that can go wrong between two instructions."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kent_agent.durable import JsonLines
from kent_agent.errors import RunError
from kent_agent.predictions import Outcome, PredictionStore, Status, safe_name

SETTINGS = {"code_hash": "1234", "seed": 0}


def submitted(instance_id: str, patch: str = "a patch") -> Outcome:
    return Outcome(instance_id, Status.SUBMITTED, "", 1.5, patch, '{"stages": []}\n')


def failed(instance_id: str) -> Outcome:
    return Outcome(instance_id, Status.ERROR, "ValueError: no", 0.25)


def filled(path: Path, *instance_ids: str, patch: str = "a patch") -> Path:
    """A store that was written under SETTINGS and closed."""
    with PredictionStore(path) as store:
        store.resume(SETTINGS)
        for instance_id in instance_ids:
            store.record(submitted(instance_id, patch), "model")
    return path


def patches(path: Path) -> dict[str, str]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({line["instance_id"] for line in lines}) == len(lines)
    return {line["instance_id"]: line["model_patch"] for line in lines}


def test_a_prediction_is_a_line_of_the_three_official_columns_beside_its_trajectory(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "acme__tiny-1")
    assert path.read_text().endswith("\n")
    assert json.loads(path.read_text()) == {
        "instance_id": "acme__tiny-1",
        "model_name_or_path": "model",
        "model_patch": "a patch",
    }
    assert (tmp_path / "x/trajectories/acme__tiny-1.json").read_text() == '{"stages": []}\n'
    assert json.loads((tmp_path / "x/run.json").read_text()) == SETTINGS


def test_an_abstention_is_a_prediction_with_an_empty_patch(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl")
    with PredictionStore(path) as store:
        store.record(Outcome("acme__tiny-1", Status.ABSTAINED, "no idea", 1.0, "", "{}"), "model")
    assert patches(path) == {"acme__tiny-1": ""}


def test_errors_and_timeouts_are_counted_attempts_without_a_prediction(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl")
    for _ in range(2):
        with PredictionStore(path) as store:
            store.record(failed("acme__tiny-1"), "model")
    with PredictionStore(path) as store:
        store.record(Outcome("acme__tiny-2", Status.TIMEOUT, "stopped", 9.0), "model")
    assert path.read_bytes() == b""
    records = [json.loads(line) for line in (tmp_path / "x/status.jsonl").read_text().splitlines()]
    assert [(r["instance_id"], r["status"], r["attempt"]) for r in records] == [
        ("acme__tiny-1", "error", 1),
        ("acme__tiny-1", "error", 2),
        ("acme__tiny-2", "timeout", 1),
    ]
    assert records[0] == {
        "instance_id": "acme__tiny-1",
        "status": "error",
        "reason": "ValueError: no",
        "seconds": 0.25,
        "attempt": 1,
    }


def test_a_file_torn_at_any_byte_of_its_last_line_is_whole_again(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "a", "b")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in range(first, len(whole) + 1):
        path.write_bytes(whole[:length])
        with PredictionStore(path) as store:
            # A line that lacks nothing but its newline is kept; any shorter one is cut off.
            assert store.answered == ({"a", "b"} if length >= len(whole) - 1 else {"a"})
            store.record(submitted("c"), "model")
        assert list(patches(path)) == (["a", "b", "c"] if length >= len(whole) - 1 else ["a", "c"])


@pytest.mark.parametrize("garbage", [b"\0\0\0\0", b"\0\0\0\n", b'{"instance_id": "\xff', b"\n", b'"half'])
def test_garbage_in_the_last_line_is_cut_off(tmp_path: Path, garbage: bytes) -> None:
    path = filled(tmp_path / "x.jsonl", "a")
    whole = path.read_bytes()
    path.write_bytes(whole + garbage)
    with PredictionStore(path) as store:
        assert store.answered == {"a"}
    assert path.read_bytes() == whole


def test_a_malformed_last_line_that_is_complete_is_refused_and_kept(tmp_path: Path) -> None:
    """A write that was torn has no newline: somebody put this line here, and may want it."""
    path = filled(tmp_path / "x.jsonl", "a")
    path.write_bytes(path.read_bytes() + b"a note to myself\n")
    before = path.read_bytes()
    with pytest.raises(RunError, match="line 2 is not JSON"), PredictionStore(path):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"instance_id": "b"', "line 2 is not JSON"),
        ("", "line 2 is not JSON"),
        ('{"instance_id": "b", "model_patch": ""}', "line 2 lacks one of"),
        ('{"instance_id": "b", "model_name_or_path": "m", "model_patch": null}', "line 2 lacks one of"),
        ("[]", "line 2 lacks one of"),
        (
            '{"instance_id": "a", "model_name_or_path": "m", "model_patch": "other"}',
            "answers a more than once",
        ),
    ],
)
def test_a_malformed_line_in_the_middle_is_refused_and_nothing_is_changed(
    tmp_path: Path, line: str, sentence: str
) -> None:
    path = filled(tmp_path / "x.jsonl", "a", "c")
    first, last = path.read_text().splitlines()
    path.write_text("\n".join([first, line, last]) + "\n")
    before = path.read_bytes()
    with pytest.raises(RunError, match=sentence), PredictionStore(path):
        pass
    assert path.read_bytes() == before
    # The refusal gave its lock back.
    path.write_text(f"{first}\n{last}\n")
    with PredictionStore(path) as store:
        assert store.answered == {"a", "c"}


def test_a_file_that_no_run_wrote_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text("my notes")
    with pytest.raises(RunError, match=r"run\.json.*is missing"), PredictionStore(path):
        pass
    assert path.read_text() == "my notes"


def test_an_output_that_the_harness_would_not_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"must end with \.jsonl"):
        PredictionStore(tmp_path / "x.txt")


def test_two_runs_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "a")
    with (
        PredictionStore(path),
        pytest.raises(RunError, match="Another run is writing"),
        PredictionStore(path),
    ):
        pass
    with PredictionStore(path) as store:
        assert store.answered == {"a"}


def test_resuming_under_other_settings_is_refused_and_says_what_differs(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "a")
    with PredictionStore(path) as store:
        store.resume(SETTINGS)
        with pytest.raises(RunError, match=r"seed was 0 and is 1.*--redo-existing"):
            store.resume(SETTINGS | {"seed": 1})
        with pytest.raises(RunError, match="model_hash was None and is abcd"):
            store.resume(SETTINGS | {"model_hash": "abcd"})
        with pytest.raises(RunError, match="seed was 0 and is None"):
            store.resume({"code_hash": "1234"})
    assert json.loads((tmp_path / "x/run.json").read_text()) == SETTINGS


def test_settings_may_change_while_nothing_is_predicted(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl")
    with PredictionStore(path) as store:
        store.record(failed("a"), "model")
        store.resume(SETTINGS | {"seed": 1})
    assert json.loads((tmp_path / "x/run.json").read_text())["seed"] == 1


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("kent_agent", "kent_agent"),
        ("org/model:7b v2", "org_model_7b_v2"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "unnamed"),
        ("-o", "o"),
        ("", "unnamed"),
    ],
)
def test_names_become_file_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_ids_that_differ_have_trajectories_that_differ(tmp_path: Path) -> None:
    store = PredictionStore(tmp_path / "x.jsonl")
    ids = ["a__b-1", "a/b", "a_b", "a b", "../a"]
    paths = {store.trajectory_path(instance_id) for instance_id in ids}
    assert len(paths) == len(ids)
    assert {path.parent for path in paths} == {store.trajectories}
    assert store.trajectory_path("a__b-1").name == "a__b-1.json"


def redone(store: PredictionStore, settings: dict[str, object], *instance_ids: str) -> PredictionStore:
    with (aside := store.redo(settings, set(instance_ids))):
        for instance_id in instance_ids:
            if instance_id not in aside.answered:
                aside.record(submitted(instance_id, "redone"), "model")
    return aside


def test_a_redo_replaces_file_settings_statuses_and_trajectories(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "a", "b")
    with PredictionStore(path) as store:
        store.record(failed("c"), "model")
        aside = redone(store, SETTINGS | {"seed": 1}, "b", "a")
        assert patches(path) == {"a": "a patch", "b": "a patch"}
        store.replace_by(aside)
    assert patches(path) == {"a": "redone", "b": "redone"}
    assert json.loads((tmp_path / "x/run.json").read_text())["seed"] == 1
    assert (tmp_path / "x/status.jsonl").read_text() == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x", "x.jsonl"]
    with PredictionStore(path) as store:
        store.resume(SETTINGS | {"seed": 1})
        assert store.answered == {"a", "b"}


def test_a_redo_of_some_keeps_the_others_when_the_settings_are_the_same(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "a", "b")
    (tmp_path / "x/trajectories/b.json").write_text('{"of": "b"}')
    with PredictionStore(path) as store:
        store.replace_by(redone(store, SETTINGS, "a"))
    assert patches(path) == {"a": "redone", "b": "a patch"}
    assert (tmp_path / "x/trajectories/b.json").read_text() == '{"of": "b"}'


def test_a_redo_of_some_under_other_settings_would_mix_two_runs_and_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "x.jsonl", "a", "b")
    with (
        PredictionStore(path) as store,
        pytest.raises(RunError, match=r"1 predictions outside this selection.*seed was 0 and is 1"),
    ):
        store.redo(SETTINGS | {"seed": 1}, {"a"})
    assert patches(path) == {"a": "a patch", "b": "a patch"}


def test_an_interrupted_redo_goes_on_under_its_settings_and_is_thrown_away_under_others(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path / "x.jsonl", "a", "b")
    with PredictionStore(path) as store:
        with (aside := store.redo(SETTINGS | {"seed": 1}, {"a", "b"})):
            aside.record(submitted("a", "first"), "model")
        with (aside := store.redo(SETTINGS | {"seed": 1}, {"a", "b"})):
            assert aside.answered == {"a"}
        with (aside := store.redo(SETTINGS | {"seed": 2}, {"a", "b"})):
            assert aside.answered == set()
    assert patches(path) == {"a": "a patch", "b": "a patch"}


class Killed(BaseException):
    """Stands for the process's end between two system calls."""


@pytest.mark.parametrize("survived", range(9))
def test_a_redo_killed_between_any_two_renames_is_old_or_new_and_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    path = filled(tmp_path / "x.jsonl", "a")
    steps = 0

    def mortal(step: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **kwargs: object) -> object:
            nonlocal steps
            steps += 1
            if steps > survived:
                raise Killed
            return step(*args, **kwargs)

        return run

    with PredictionStore(path) as store:
        aside = redone(store, SETTINGS | {"seed": 1}, "a")
        with monkeypatch.context() as patch:
            for owner, name in ((Path, "replace"), (Path, "rename"), (shutil, "rmtree")):
                patch.setattr(owner, name, mortal(getattr(owner, name)))
            try:
                store.replace_by(aside)
                finished = True
            except Killed:
                finished = False
    assert finished == (survived >= 7)  # the mark, three files, two folders removed and one renamed
    assert patches(path) in ({"a": "a patch"}, {"a": "redone"})
    with PredictionStore(path) as store:
        marked = survived >= 1
        assert patches(path) == ({"a": "redone"} if marked else {"a": "a patch"})
        store.resume(SETTINGS | {"seed": 1 if marked else 0})
        assert store.trajectory_path("a").exists()
        if marked:
            assert sorted(p.name for p in tmp_path.iterdir()) == ["x", "x.jsonl"]
        store.replace_by(redone(store, SETTINGS | {"seed": 1}, "a"))
    assert patches(path) == {"a": "redone"}


def test_a_short_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path / "x.jsonl", "a")
    whole = path.read_bytes()
    write = os.write
    with PredictionStore(path) as store:
        monkeypatch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:20]))
        with pytest.raises(RunError, match=r"x\.jsonl cannot be written \(No space left on device\)"):
            store.record(submitted("b"), "model")
        monkeypatch.undo()
        assert path.read_bytes() == whole
        assert store.answered == {"a"}
        store.record(submitted("b"), "model")
    assert list(patches(path)) == ["a", "b"]


def test_a_line_that_does_not_reach_the_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = JsonLines(tmp_path / "x.jsonl", ("name",))

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    lines.append({"name": "a"})
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RunError, match="Input/output error"):
        lines.append({"name": "b"})
    monkeypatch.undo()
    lines.append({"name": "c"})
    lines.close()
    assert (tmp_path / "x.jsonl").read_text() == '{"name": "a"}\n{"name": "c"}\n'


def test_the_trajectory_is_on_disk_before_its_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path / "x.jsonl")
    seen = []
    append = JsonLines.append

    def look(lines: JsonLines, record: dict[str, object]) -> None:
        seen.append((tmp_path / "x/trajectories/a.json").exists())
        append(lines, record)

    monkeypatch.setattr(JsonLines, "append", look)
    with PredictionStore(path) as store:
        store.record(submitted("a"), "model")
    assert seen == [True]
