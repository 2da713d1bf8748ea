"""Splits from files, folders, KENT_DATA_DIR and the hub, and what a malformed one says."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from kent_agent.dataset import load_split, write_rows
from kent_agent.errors import DatasetError, RunError

Row = dict[str, Any]


def row(number: int = 1, **columns: Any) -> Row:
    visible = {
        "instance_id": f"acme__tiny-{number}",
        "repo": "acme/tiny",
        "base_commit": "0" * 40,
        "problem_statement": "It breaks.\r\nAt U+2028:\u2028.",
    }
    return visible | {"patch": "gold", "FAIL_TO_PASS": '["a"]', "version": "1.0"} | columns


def write(path: Path, *rows: Row) -> Path:
    """Rows as a file of the kind that the suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty KENT_DATA_DIR, with a hub that does not answer behind it."""
    monkeypatch.setenv("KENT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path


# Files


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json"])
def test_a_file_keeps_every_column_and_the_order(tmp_path: Path, suffix: str) -> None:
    rows = (row(2), row(1))
    split = load_split(str(write(tmp_path / f"My data{suffix}", *rows)))
    assert split.rows == rows
    assert (split.label, split.official, split.path) == ("My_data", None, tmp_path / f"My data{suffix}")
    assert [task.instance_id for task in split.tasks()] == ["acme__tiny-2", "acme__tiny-1"]


def test_an_existing_path_wins_over_a_split_after_a_colon(tmp_path: Path) -> None:
    odd = write(tmp_path / "data:dev.jsonl", row(1))
    write(tmp_path / "data", row(2))
    assert load_split(str(odd)).rows == (row(1),)


def test_a_folder_is_all_its_files_or_those_of_a_split(tmp_path: Path) -> None:
    for number, name in enumerate(["dev-00000-of-00002.parquet", "dev-00001-of-00002.parquet", "test.jsonl"]):
        write(tmp_path / "set" / name, row(number))
    write(tmp_path / "hub/data/test-00000-of-00001.parquet", row(7))
    ids = {
        spec: [one["instance_id"][-1] for one in load_split(str(tmp_path / spec)).rows]
        for spec in ("set", "set:dev", "set:test", "hub", "hub:test")
    }
    assert ids == {
        "set": list("012"),
        "set:dev": list("01"),
        "set:test": ["2"],
        "hub": ["7"],
        "hub:test": ["7"],
    }
    split = load_split("test", subset=str(tmp_path / "set"))
    assert (split.label, split.path) == ("set-test", tmp_path / "set/test.jsonl")
    assert load_split(str(tmp_path / "set:dev")).path is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", json.dumps(row()) + '\n{"instance_id": \n', "a.jsonl, line 2: not valid JSON"),
        (
            "a.jsonl",
            json.dumps(row()) + "\n\n[1]\n",
            "a.jsonl, line 3: a row must be a JSON object, not list",
        ),
        ("a.jsonl", "", "a.jsonl holds no row"),
        ("a.jsonl", f"{json.dumps(row())}\n" * 2, "a.jsonl: the instance_id acme__tiny-1 occurs twice"),
        ("a.jsonl", json.dumps(row(instance_id="../x")), "'../x' is not fit for a file name"),
        ("a.json", "[" + json.dumps(row()), "a.json: not valid JSON"),
        ("a.json", json.dumps(row()), "a.json does not hold a JSON list"),
        ("a.json", "[1]", "a.json, row 1: a row must be a JSON object, not int"),
        ("a.parquet", "PAR1 it is not", "a.parquet is not a readable parquet file"),
        ("a.csv", "instance_id\n", "a.csv is not a .parquet, .jsonl, .json file"),
    ],
)
def test_a_malformed_file_is_one_sentence_that_names_the_place(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError, match=re.escape(message)) as caught:
        load_split(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_utf8_are_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(json.dumps(row()).encode() + b'\n{"instance_id": "\xff"}\n')
    with pytest.raises(DatasetError, match="line 2"):
        load_split(str(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("column", ["instance_id", "repo", "base_commit", "problem_statement"])
@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_missing_column_names_instance_and_column(tmp_path: Path, column: str, suffix: str) -> None:
    broken = {key: value for key, value in row().items() if key != column}
    path = write(tmp_path / f"a{suffix}", broken)
    with pytest.raises(DatasetError, match=f"{broken.get('instance_id', 'a row')}.*{column!r} is missing"):
        load_split(str(path))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("absent.parquet", "absent.parquet does not exist"),
        ("absent/a.jsonl:dev", "absent/a.jsonl:dev does not exist"),
        ("a.jsonl:dev", "a.jsonl is one file, so it has no split 'dev'"),
        ("empty", "empty holds no .parquet, .jsonl, .json file"),
        ("set:train", "has no split 'train'; it holds dev.jsonl, test.jsonl"),
    ],
)
def test_a_path_that_leads_nowhere_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("a.jsonl", "set/dev.jsonl", "set/test.jsonl"):
        write(tmp_path / name, row())
    with pytest.raises(DatasetError, match=re.escape(message)):
        load_split(spec)


# Names


@pytest.mark.parametrize(
    ("spec", "file", "label", "official"),
    [
        ("lite", "swe-bench_lite_test.parquet", "lite", ("SWE-bench/SWE-bench_Lite", "test")),
        ("lite:test", "swe-bench_lite_test.jsonl", "lite", ("SWE-bench/SWE-bench_Lite", "test")),
        ("lite:dev", "swe-bench_lite_dev.parquet", "lite-dev", ("SWE-bench/SWE-bench_Lite", "dev")),
        ("verified", "swe-bench_verified_test.json", "verified", ("SWE-bench/SWE-bench_Verified", "test")),
        ("full", "swe-bench_test.parquet", "full", ("SWE-bench/SWE-bench", "test")),
        ("dev", "swe-bench_dev.parquet", "dev", ("SWE-bench/SWE-bench", "dev")),
        ("acme/Set:odd", "set_odd.jsonl", "set-odd", ("acme/Set", "odd")),
        ("acme/Set", "Set/data/test-00000-of-00001.parquet", "set-test", ("acme/Set", "test")),
    ],
)
def test_names_are_found_in_the_data_dir_first(
    data_dir: Path, spec: str, file: str, label: str, official: tuple[str, str]
) -> None:
    write(data_dir / file, row())
    split = load_split(spec)
    assert (split.rows, split.label, split.official) == ((row(),), label, official)
    assert split.path == data_dir / file


def test_subset_and_split_are_the_name_and_what_follows_the_colon(data_dir: Path) -> None:
    write(data_dir / "swe-bench_lite_dev.parquet", row())
    assert load_split("dev", subset="lite") == load_split("lite:dev")
    assert load_split("dev", subset="SWE-bench/SWE-bench_Lite").official == load_split("lite:dev").official


def test_a_file_named_like_an_alias_does_not_hide_it(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data_dir)
    write(data_dir / "swe-bench_dev.parquet", row(1))
    write(data_dir / "dev/a.jsonl", row(2))
    assert load_split("dev").rows == (row(1),)
    assert load_split("./dev").rows == (row(2),)


def test_no_network_is_one_sentence_that_names_the_data_dir(data_dir: Path) -> None:
    with pytest.raises(DatasetError, match=r"KENT_DATA_DIR .*swe-bench_lite_dev\.parquet") as caught:
        load_split("lite:dev")
    assert "\n" not in str(caught.value)


class NothingFound(BaseHTTPRequestHandler):
    """A hub that answers and has no data set."""

    def do_HEAD(self) -> None:
        self.send_error(404)

    do_GET = do_HEAD

    def log_message(self, *_: object) -> None:
        """Keeps the requests off the test's output."""


def test_a_hub_without_the_data_set_is_one_sentence(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "from kent_agent.dataset import load_split\n"
        "from kent_agent.errors import DatasetError\n"
        "try: load_split('acme/tiny:dev')\n"
        "except DatasetError as error: print(error)"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), NothingFound) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        server.shutdown()
    (sentence,) = done.stdout.splitlines()
    assert sentence.startswith("acme/tiny:dev cannot be loaded from the hub (")
    assert "KENT_DATA_DIR" in sentence and "tiny_dev.parquet" in sentence


def test_a_data_dir_that_is_none_is_an_error(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENT_DATA_DIR", str(data_dir / "absent"))
    with pytest.raises(DatasetError, match=r"KENT_DATA_DIR names .*absent"):
        load_split("lite")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("lite:train", "lite has no split 'train'; it has dev, test"),
        ("verified:dev", "verified has no split 'dev'; it has test"),
        ("demo:dev", "demo has no split 'dev'; it has test"),
        ("light", "choose one of lite, verified, full, dev, demo, a path"),
        ("light:dev", "choose one of"),
        ("", "choose one of"),
        (":", "choose one of"),
    ],
)
def test_an_unknown_split_lists_the_known(data_dir: Path, spec: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        load_split(spec)


def test_demo_needs_neither_files_nor_network(data_dir: Path) -> None:
    split = load_split("demo")
    assert (split.label, split.official, split.path) == ("demo", None, None)
    assert len(split.tasks()) >= 10
    assert load_split("demo:test") == split


# Writing


def test_written_rows_are_read_back_and_taken_by_swebench(tmp_path: Path) -> None:
    rows = (row(1), row(2, FAIL_TO_PASS=["a", "b"]))
    path = tmp_path / "new/folder/rows.jsonl"
    write_rows(rows, path)
    assert load_split(str(path)).rows == rows
    load = "from swebench.harness.utils import load_swebench_dataset as load"
    code = f"import sys; {load}; print(len(load(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2"]


def test_rows_that_cannot_be_written_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows([row(1)], path)
    with pytest.raises(ZeroDivisionError):
        write_rows((row(1 // number) for number in (1, 0)), path)
    assert load_split(str(path)).rows == (row(1),)
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"rows\.jsonl cannot be written"):
        write_rows([row()], tmp_path / "file/rows.jsonl")
