"""`python -m harness.evaluate`: what it prints, leaves and refuses; the official harness in containers."""

import io
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from harness import images
from harness.daemon import ImageOrigin
from harness.evaluate import Backend, app, make_run_id
from harness.reports import show_report
from harness.submissions import read_submission
from kent_agent import demo
from kent_agent.dataset import Split, load_split, write_rows

UNRELATED = """\
diff --git a/unrelated.py b/unrelated.py
new file mode 100644
--- /dev/null
+++ b/unrelated.py
@@ -0,0 +1 @@
+unrelated = True
"""
INAPPLICABLE = """\
diff --git a/absent.py b/absent.py
--- a/absent.py
+++ b/absent.py
@@ -1 +1 @@
-absent = True
+absent = False
"""


def evaluate(predictions: Path, split: str | Path, *arguments: str | Path) -> tuple[int, str, str]:
    """Exit status, standard output, and standard error."""
    result = CliRunner().invoke(app, [str(predictions), "--split", str(split), *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def report_of(predictions: Path) -> dict[str, Any]:
    return json.loads((predictions.with_suffix("") / "report.json").read_text())


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")


@pytest.fixture
def rows(calc: Any, tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    write_rows([calc.row | {"instance_id": f"acme__calc-{number}"} for number in (1, 2, 3)], path)
    return path


def test_process_backend_reports_on_all_rows_and_leaves_report_and_logs(calc: Any, submit: Any, rows: Path) -> None:
    wrong = calc.row["patch"].replace("+= amount", "*= amount")
    path = submit({"acme__calc-1": calc.row["patch"], "acme__calc-2": wrong, "stranger": "p"})
    path.write_text(path.read_text() + "{torn")
    status, output, _ = evaluate(path, rows, "--backend", "process", "--repos-dir", calc.repos_dir)
    lines = output.splitlines()
    assert status == 0
    assert lines[0] == f"{path}: left out of 4 entries: 1 malformed, 1 of unknown id"
    assert lines[-2].split() == [
        "acme/calc",
        "3",
        "1",
        "(33.3%)",
        "1",
        "(33.3%)",
        "0",
        "0",
        "1",
        "(33.3%)",
        "0",
        "0",
    ]
    assert lines[-1] == "resolved 1/3"
    report = report_of(path)
    assert report["schema_version"] == 2
    assert (report["backend"], report["split"]) == ("process", "rows")
    assert report["incomplete_ids"] == ["acme__calc-3"]
    (log,) = path.with_suffix("").glob(f"evaluation/{report['run_id']}/logs/**/acme__calc-1/test_output.txt")
    assert "PASSED" in log.read_text()


def test_a_submission_of_empty_patches_is_not_run(submit: Any, rows: Path, no_daemon: None) -> None:
    path = submit({"acme__calc-1": "", "acme__calc-2": ""})
    status, output, _ = evaluate(path, rows)
    assert status == 0
    assert "not run by the official harness" in output
    assert output.splitlines()[-1] == "resolved 0/3"
    assert report_of(path)["empty_patch_ids"] == ["acme__calc-1", "acme__calc-2"]


def test_the_run_id_stands_for_predictions_rows_backend_and_images(calc: Any, submit: Any) -> None:
    """Since swebench answers a run id it knows with the report of that time."""
    split, image = Split("calc", (calc.row,)), ImageOrigin("i", "local", "sha256:1")
    path = submit({"acme__calc-1": "p"})
    first = make_run_id("my run/1", read_submission(path), split, Backend.DOCKER, [image])
    assert first.startswith("my-run-1-")
    assert first == make_run_id("my run/1", read_submission(path), split, Backend.DOCKER, [image])
    others = [
        make_run_id("my run/1", read_submission(submit({"acme__calc-1": "q"})), split, Backend.DOCKER, [image]),
        make_run_id("my run/1", read_submission(path), Split("calc", ()), Backend.DOCKER, [image]),
        make_run_id("my run/1", read_submission(path), split, Backend.PROCESS, [image]),
        make_run_id("my run/1", read_submission(path), split, Backend.DOCKER, [replace(image, digest="sha256:2")]),
    ]
    assert len({first, *others}) == 5


def test_demo_without_a_daemon_runs_on_this_host_and_says_so(submit: Any, no_daemon: None) -> None:
    row = demo.load_rows()[0]
    path = submit({row["instance_id"]: row["patch"]})
    status, output, _ = evaluate(path, "demo")
    assert status == 0
    assert output.startswith("No Docker daemon answers")
    assert report_of(path)["backend"] == "process"
    assert output.splitlines()[-1] == f"resolved 1/{len(demo.load_rows())}"


@pytest.mark.parametrize("name", ["rows.jsonl", "demo.jsonl"])
def test_other_data_is_not_run_on_this_host_unless_asked_for(
    calc: Any, submit: Any, no_daemon: None, tmp_path: Path, name: str
) -> None:
    write_rows([calc.row], tmp_path / name)
    path = submit({"acme__calc-1": calc.row["patch"]})
    status, output, errors = evaluate(path, tmp_path / name, "--repos-dir", calc.repos_dir)
    assert (status, output) == (2, "")
    assert "--backend process" in errors
    assert not (path.with_suffix("")).exists()


def test_demo_in_docker_is_refused_without_a_daemon(submit: Any, no_daemon: None) -> None:
    row = demo.load_rows()[0]
    status, output, errors = evaluate(submit({row["instance_id"]: row["patch"]}), "demo", "--backend", "docker")
    assert (status, output) == (2, "")
    assert errors.startswith("No Docker daemon answers")


def test_what_is_missing_is_one_line_and_status_2(calc: Any, submit: Any, rows: Path, tmp_path: Path) -> None:
    known, unknown = submit({"acme__calc-1": "p"}), submit({"stranger": "p"})
    without_suffix = known.rename(known.with_suffix(""))
    occupied = submit({"acme__calc-1": "p"})
    occupied.with_suffix("").write_text("a file where the folder belongs")
    write_rows([{name: value for name, value in calc.row.items() if name != "eval_script"}], tmp_path / "old.jsonl")
    process = ("--backend", "process", "--repos-dir", calc.repos_dir)
    for named, arguments in {
        "absent.jsonl": (tmp_path / "absent.jsonl", rows),
        "nowhere": (unknown, "nowhere"),
        "no prediction": (unknown, rows),
        "suffix": (without_suffix, rows),
        "eval_script": (occupied, tmp_path / "old.jsonl"),
        "cannot be written": (occupied, rows, *process),
    }.items():
        status, output, errors = evaluate(*arguments)
        assert (status, output.count("resolved")) == (2, 0), named
        assert named in errors and errors.count("\n") == 1


def test_report_shows_outcomes_by_repository_with_causes_beside_them() -> None:
    rows = [
        {"instance_id": f"{name}-{n}", "repo": f"o/{name}"}
        for name, count in (("a", 4), ("b", 1))
        for n in range(count)
    ]
    report = {
        "resolved_ids": ["a-0"],
        "unresolved_ids": ["a-1", "b-0"],
        "empty_patch_ids": ["a-2"],
        "error_ids": ["a-3"],
        "incomplete_ids": [],
        "infra_failure_ids": ["a-3"],
        "ambiguous_failure_ids": ["b-0"],
        "failure_reasons": {"a-3": "out_of_memory", "b-0": "missing_module"},
    }
    output = io.StringIO()
    console = Console(file=output, width=40)
    show_report(console, rows, report)
    lines = [line.split() for line in output.getvalue().splitlines()]
    assert lines[0][:2] == ["repository", "rows"]
    assert lines[0][-2:] == ["infrastructure", "ambiguous"]
    quarter, whole = ["1", "(25.0%)"], ["1", "(100.0%)"]
    assert lines[1] == ["o/a", "4", *quarter * 4, "0", *quarter, "0"]
    assert lines[2] == ["o/b", "1", "0", *whole, "0", "0", "0", "0", *whole]
    assert lines[3][:6] == ["all", "5", "1", "(20.0%)", "2", "(40.0%)"]
    assert output.getvalue().endswith(
        "error: a-3 (out_of_memory)\nunresolved: b-0 (ambiguous: missing_module)\nresolved 1/5\n"
    )


def test_a_folder_of_mirrors_that_is_not_there_is_refused_and_nothing_is_cloned(
    calc: Any, submit: Any, rows: Path, tmp_path: Path
) -> None:
    path = submit({"acme__calc-1": calc.row["patch"]})
    status, _, errors = evaluate(path, rows, "--backend", "process", "--repos-dir", tmp_path / "absent")
    assert status == 2
    assert "absent, the folder of repository mirrors, is not there" in errors and errors.count("\n") == 1


def test_a_file_named_demo_is_not_the_demo(calc: Any, submit: Any, tmp_path: Path) -> None:
    write_rows([calc.row | {"instance_id": "acme__calc-1"}], tmp_path / "demo.jsonl")
    assert not load_split(str(tmp_path / "demo.jsonl")).is_demo
    assert load_split("demo").is_demo
    result = CliRunner().invoke(
        images.app, ["build", "--split", str(tmp_path / "demo.jsonl")], env={"KENT_BASE_IMAGE": None}
    )
    assert result.exit_code == 2 and "--base-image is missing" in result.stderr


@pytest.mark.parametrize(
    ("module", "command", "bracketed"),
    [
        ("evaluate", [], "[env KENT_REPOS_DIR]"),
        ("localization", [], "[env KENT_REPOS_DIR]"),
        ("images", ["check"], "[predictions/gold__SPLIT]"),
    ],
)
def test_help_shows_what_stands_in_brackets(module: str, command: list[str], bracketed: str) -> None:
    """Read as markup, it would vanish."""
    app = import_module(f"harness.{module}").app
    text = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"}).output
    assert bracketed in " ".join(text.split())


@pytest.mark.docker
def test_official_harness_resolves_every_gold_patch_of_the_demo(submit: Any) -> None:
    rows = demo.load_rows()
    path = submit({row["instance_id"]: row["patch"] for row in rows})
    status, output, errors = evaluate(path, "demo", "--backend", "docker", "-w", "4")
    assert status == 0, errors
    assert output.splitlines()[-1] == f"resolved {len(rows)}/{len(rows)}"
    report = report_of(path)
    assert report["resolved_ids"] == sorted(row["instance_id"] for row in rows)
    assert report["unstopped_containers"] == []
    assert {image["kind"] for image in report["images"]} == {"local"}
    assert output.count(": local sha256:") == len(rows)


@pytest.mark.docker
def test_official_harness_resolves_no_empty_wrong_or_inapplicable_patch(submit: Any) -> None:
    empty, wrong, inapplicable, *others = [row["instance_id"] for row in demo.load_rows()]
    path = submit({empty: "", wrong: UNRELATED, inapplicable: INAPPLICABLE})
    status, output, errors = evaluate(path, "demo", "--backend", "docker", "-w", "4")
    assert status == 0, errors
    assert output.splitlines()[-1] == f"resolved 0/{len(others) + 3}"
    report = report_of(path)
    assert report["empty_patch_ids"] == [empty]
    assert report["completed_ids"] == report["unresolved_ids"] == [wrong]
    assert report["error_ids"] == [inapplicable]
    assert report["incomplete_ids"] == sorted(others)


@pytest.mark.docker
def test_a_missing_image_is_refused_before_the_run_with_the_command_that_builds_it(
    calc: Any, submit: Any, rows: Path
) -> None:
    path = submit({"acme__calc-1": calc.row["patch"]})
    status, _, errors = evaluate(path, rows)
    assert status == 2
    assert "acme__calc-1" in errors and f"python -m harness.images build --split {rows}" in errors
    assert not (path.with_suffix("") / "evaluation").exists()
