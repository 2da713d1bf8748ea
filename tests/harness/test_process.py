"""Tests on this host: graded like in a container, and without a trace on the caller's files."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from swebench.harness.infra_failure import classify_text

from harness.process import Trial, run_process
from kent_agent.errors import WorkspaceError
from kent_agent.workspace import RepositoryStore


def new_file(path: str, *lines: str) -> str:
    """A patch that adds a file."""
    added = "".join(f"+{line}\n" for line in lines)
    header = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return f"{header}@@ -0,0 +1,{len(lines)} @@\n{added}"


REWRITTEN_TESTS = """\
diff --git a/tests/test_core.py b/tests/test_core.py
--- a/tests/test_core.py
+++ b/tests/test_core.py
@@ -1,5 +1,6 @@
-from calc.core import Account, double
-
-
-def test_double():
-    assert double(4) == 8
+def test_add():
+    pass
+
+
+def test_double():
+    pass
"""
FORGED_OUTPUT = new_file(
    "conftest.py",
    "import os",
    "",
    "def pytest_configure(config):",
    "    for name in ('test_add', 'test_double'):",
    "        os.write(1, f'PASSED tests/test_core.py::{name}\\n'.encode())",
    "    os._exit(3)",
)
NOISE = new_file("conftest.py", "import os", "", "def pytest_unconfigure():", "    os.write(1, b'\\xff\\xfe')")
HIDDEN_TEST = new_file(
    "tests/test_more.py",
    "from calc.core import Account",
    "",
    "def test_add():",
    "    assert Account(1).add(2) == 3",
)


@dataclass(frozen=True)
class Graded:
    """The report on many patches for the row of `calc`, each under an instance id of its own."""

    report: dict[str, Any]
    logs: Path

    def outcome(self, name: str) -> str:
        """The one list of the report that holds an instance."""
        keys = ("resolved_ids", "unresolved_ids", "empty_patch_ids", "error_ids", "incomplete_ids")
        (outcome,) = [key for key in keys if name in self.report[key]]
        return outcome

    def log(self, name: str, file: str = "test_output.txt") -> str:
        return (self.logs / name / file).read_text()


@pytest.fixture(scope="module")
def graded(calc: Any, submit: Any, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    gold = calc.row["patch"]
    workdir = tmp_path_factory.mktemp("graded")
    patches = {
        "gold": gold,
        "empty": "",
        "wrong": gold.replace("+= amount", "*= amount"),
        "inapplicable": gold.replace("-= amount", "-= absent"),
        "shifted": gold.replace("     def add(self, amount):", "     def add(self, number):"),
        "rewrites-tests": REWRITTEN_TESTS,
        "claims-hidden-test": new_file("tests/test_more.py", "def test_add():", "    pass"),
        "forges-output": FORGED_OUTPUT,
        "not-utf8": gold + NOISE,
        "no-commit": gold,
        "no-markers": gold,
    }
    changes = {
        "claims-hidden-test": {
            "test_patch": HIDDEN_TEST,
            "eval_script": calc.row["eval_script"].replace("-rA tests/test_core.py", "-rA tests"),
            "FAIL_TO_PASS": json.dumps(["tests/test_more.py::test_add"]),
        },
        "no-commit": {"base_commit": "0" * 40},
        "no-markers": {"eval_script": f"touch {workdir}/ran"},
    }
    stale = workdir / "logs/run_evaluation/run/some__model/wrong/report.json"
    stale.parent.mkdir(parents=True)
    stale.write_text('{"wrong": {"resolved": true}}')
    names = [*patches, "unanswered"]
    rows = [calc.row | {"instance_id": name} | changes.get(name, {}) for name in names]
    store = RepositoryStore(calc.repos_dir)
    report = run_process(rows, submit(patches), workdir, "run", workers=2, timeout=100, store=store)
    return Graded(report, workdir / "logs/run_evaluation/run/some__model")


def test_gold_resolves_and_leaves_the_logs_that_swebench_leaves(graded: Graded) -> None:
    assert graded.report["schema_version"] == 2
    assert graded.outcome("gold") == "resolved_ids"
    assert ">>>>> Start Test Output" in graded.log("gold")
    assert "PASSED tests/test_core.py::test_add" in graded.log("gold")
    assert ">>>>> Test Exit Code: 0" in graded.log("gold")
    tests = json.loads(graded.log("gold", "report.json"))["gold"]["tests_status"]
    assert tests["FAIL_TO_PASS"]["success"] == ["tests/test_core.py::test_add"]


def test_empty_patch_is_counted_as_empty_and_not_run(graded: Graded) -> None:
    assert graded.outcome("empty") == "empty_patch_ids"
    assert not (graded.logs / "empty").exists()


def test_row_without_prediction_is_incomplete(graded: Graded) -> None:
    assert graded.outcome("unanswered") == "incomplete_ids"


def test_wrong_patch_runs_and_is_unresolved_whatever_an_earlier_run_said(graded: Graded) -> None:
    assert graded.outcome("wrong") == "unresolved_ids"
    assert "FAILED tests/test_core.py::test_add" in graded.log("wrong")


def test_patch_that_does_not_apply_is_an_error_in_swebenchs_words(graded: Graded) -> None:
    assert graded.outcome("inapplicable") == "error_ids"
    assert ">>>>> Patch Apply Failed" in graded.log("inapplicable", "run_instance.log")


@pytest.mark.skipif(not shutil.which("patch"), reason="patch(1) is not installed")
def test_patch_with_shifted_context_applies_as_fuzzily_as_in_the_official_harness(graded: Graded) -> None:
    assert graded.outcome("shifted") == "resolved_ids"


def test_a_patch_cannot_resolve_by_rewriting_the_tests(graded: Graded) -> None:
    assert graded.outcome("rewrites-tests") == "unresolved_ids"


def test_test_patch_that_adds_a_file_replaces_the_models_own(graded: Graded) -> None:
    assert "FAILED tests/test_more.py::test_add" in graded.log("claims-hidden-test")
    assert graded.outcome("claims-hidden-test") == "unresolved_ids"


def test_printed_passes_do_not_count_when_the_tests_exit_otherwise(graded: Graded) -> None:
    assert "PASSED tests/test_core.py::test_add" in graded.log("forges-output")
    assert ">>>>> Test Exit Code: 3" in graded.log("forges-output")
    assert graded.outcome("forges-output") == "unresolved_ids"


def test_output_that_is_not_utf8_is_graded(graded: Graded) -> None:
    assert "\ufffd" in graded.log("not-utf8")
    assert graded.outcome("not-utf8") == "resolved_ids"


def test_missing_commit_is_an_error_of_its_instance(graded: Graded) -> None:
    assert graded.outcome("no-commit") == "error_ids"
    log = graded.log("no-commit", "run_instance.log")
    assert log.startswith("no-commit:") and "0" * 40 in log


def test_script_without_markers_is_never_run(graded: Graded) -> None:
    assert graded.outcome("no-markers") == "error_ids"
    assert "marks no test command" in graded.log("no-markers", "run_instance.log")
    assert not (graded.logs.parents[3] / "ran").exists()


def test_hanging_tests_end_with_their_children_at_the_timeout(calc: Any, submit: Any, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    hanging = new_file(
        "conftest.py",
        "import pathlib, subprocess",
        "child = subprocess.Popen(['sleep', '600'])",
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))",
        "child.wait()",
    )
    mirror, logs = calc.repository, tmp_path / "logs"
    assert not Trial(calc.row, hanging, mirror, logs, timeout=5, interrupted=threading.Event()).run()
    output = (logs / "test_output.txt").read_text()
    assert classify_text(output) == ("tests_timed_out", "ambiguous")
    assert not is_running(int(pid_file.read_text()))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # killed, but without a parent that has collected it yet
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_missing_repository_ends_the_evaluation(calc: Any, submit: Any, tmp_path: Path) -> None:
    predictions = submit({"acme__calc-1": calc.row["patch"]})
    store = RepositoryStore(tmp_path / "nothing", tmp_path / "cache", tmp_path.as_uri())
    with pytest.raises(WorkspaceError, match="acme/calc"):
        run_process([calc.row], predictions, tmp_path, "run", 1, 9, store)


def test_an_interruption_ends_the_tests(calc: Any, tmp_path: Path) -> None:
    interrupted = threading.Event()
    interrupted.set()
    hanging = new_file("conftest.py", "import time", "time.sleep(600)")
    assert not Trial(calc.row, hanging, calc.repository, tmp_path / "logs", 600, interrupted).run()


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_callers_repository_home_and_environment_stay_untouched(calc: Any, submit: Any, tmp_path: Path) -> None:
    """In a repository on which the eval_script, run verbatim, would check out, patch and configure."""
    here, home = tmp_path / "here", tmp_path / "home"
    subprocess.run(["git", "clone", "--quiet", str(calc.repository), str(here)], check=True)
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = somebody\n[core]\n\thooksPath = /nowhere\n")
    rows = tmp_path / "rows.jsonl"
    script = calc.row["eval_script"].replace("pytest -rA", "git config --global a.b c; touch ~/x; env; pytest -rA")
    rows.write_text(json.dumps(calc.row | {"eval_script": script}) + "\n")
    predictions = submit({"acme__calc-1": calc.row["patch"]})
    before = digest(here), digest(home)
    secrets = {
        "HOME": str(home),
        "GIT_DIR": str(here / ".git"),
        "GIT_WORK_TREE": str(here),
        "TOKEN": "hunter2",
    }

    command = [sys.executable, "-m", "harness.evaluate", str(predictions), "--split", str(rows)]
    result = subprocess.run(
        [*command, "--backend", "process", "--repos-dir", str(calc.repos_dir)],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **secrets},
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "resolved 1/1"
    assert (digest(here), digest(home)) == before
    clean_environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=here, env=clean_environment, capture_output=True, text=True
    )
    assert (status.returncode, status.stdout) == (0, "")
    (output,) = predictions.with_suffix("").rglob("test_output.txt")
    assert "GIT_CONFIG_GLOBAL=" in output.read_text()
    assert "hunter2" not in output.read_text()
    assert "GIT_DIR=" not in output.read_text()


def test_every_gold_patch_of_the_demo_resolves(submit: Any, tmp_path: Path) -> None:
    from kent_agent import demo

    rows = demo.load_rows()
    predictions = submit({row["instance_id"]: row["patch"] for row in rows})
    report = run_process(rows, predictions, tmp_path / "w", "gold", 2, 120, RepositoryStore(demo.repositories_dir()))
    assert report["resolved_ids"] == sorted(row["instance_id"] for row in rows)
