"""An instance's tests run on this host, without Docker, and graded by swebench's own parsers.

No eval_script is ever run: they change into /testbed without looking whether that worked, so elsewhere they
patch the repository one stands in, and they write the global git configuration. Here the same steps are
taken in a temporary clone with a temporary home, and only what stands between the script's markers is run.
The repository's code runs as this user all the same: this is a convenience and no sandbox.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from harness.checkout import check_out
from harness.official import prepare, read_report
from harness.submissions import Prediction
from kent_agent.errors import HarnessError, KentError
from kent_agent.workspace import RepositoryStore

KEPT_VARIABLES = ("LD_LIBRARY_PATH", "TZ")
"""What tests inherit from the caller besides PATH: no GIT_*, PYTEST_*, PYTHON* settings, no secrets."""


def run_process(
    rows: Sequence[dict[str, Any]],
    predictions: Path,
    workdir: Path,
    run_id: str,
    workers: int,
    timeout: int,
    store: RepositoryStore,
) -> dict[str, Any]:
    """Grade a predictions file on this host; the process counterpart of `harness.official.run_official`.

    Leaves the same files in `workdir`, and each instance's logs in the same place under `logs/`. What an
    earlier run under this run id left there is replaced.

    Args:
        store: where the repositories are.
        workers: instances at a time.
        timeout: seconds an instance's tests may take.

    Returns:
        swebench's report (schema_version 2).

    Raises:
        HarnessError: the rows cannot be graded, or no prediction is for them.
        WorkspaceError: a repository is not to be had. A missing commit is an error of its instance alone.
    """
    model, chosen = prepare(rows, predictions, workdir)
    workdir = workdir.resolve()
    answered = [row for row in rows if row["instance_id"] in chosen and chosen[row["instance_id"]].model_patch]
    mirrors = {repo: store.mirror(repo) for repo in sorted({row["repo"] for row in answered})}
    logs = workdir / "logs" / "run_evaluation" / run_id / model
    rmtree(logs, ignore_errors=True)

    interrupted = threading.Event()
    graded = []
    with ThreadPoolExecutor(workers) as pool:
        jobs = {}
        for row in answered:
            name = row["instance_id"]
            trial = Trial(row, chosen[name].model_patch, mirrors[row["repo"]], logs / name, timeout, interrupted)
            jobs[pool.submit(trial.run)] = row
        try:
            graded = [jobs[job] for job in as_completed(jobs) if job.result()]
        except BaseException:
            interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise
    # swebench keeps its logs relative to the working directory, which is a matter of the whole process:
    # hence a process of its own for the grading.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=os.chdir, initargs=(workdir,)) as grader:
        grader.submit(_grade, list(rows), graded, list(chosen.values()), model, run_id).result()
    return read_report(workdir / f"{model}.{run_id}.json", workdir / "evaluation.log")


@dataclass(frozen=True)
class Trial:
    """One row's tests on one patch.

    Attributes:
        mirror: git repository that holds the base commit.
        logs: folder for `run_instance.log`, `test_output.txt` and `patch.diff`.
        timeout: seconds.
        interrupted: set to end the tests early.
    """

    row: Mapping[str, Any]
    patch: str
    mirror: Path
    logs: Path
    timeout: int
    interrupted: threading.Event

    def run(self) -> bool:
        """Whether the tests ran to their end and `test_output.txt` can be graded; else the log says why."""
        self.logs.mkdir(parents=True)
        with (
            (self.logs / "run_instance.log").open("w", encoding="utf-8") as log,
            TemporaryDirectory(prefix="kent_agent-", ignore_cleanup_errors=True) as folder,
        ):
            try:
                clone = Clone.create(Path(folder), self.mirror, self.row["base_commit"], log)
                clone.apply_model_patch(self.patch, self.logs / "patch.diff")
                clone.apply_test_patch(self.row["test_patch"])
                return self._run_tests(clone)
            except (KentError, OSError) as error:
                log.write(f"{self.row['instance_id']}: {error}\n")
                return False

    def _run_tests(self, clone: "Clone") -> bool:
        script = clone.folder / "eval.sh"
        script.write_text(test_commands(self.row), encoding="utf-8")
        raw = clone.folder / "test_output"
        with raw.open("wb") as output:
            finished = self._watch(
                subprocess.Popen(
                    ["/bin/bash", str(script)],
                    cwd=clone.testbed,
                    env=clone.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        text = raw.read_bytes().decode(errors="replace")
        if not finished:
            # in the words that swebench's classifier of failures looks for
            text += f"\n\nTimeout error: {self.timeout} seconds exceeded."
            clone.log.write(f"Test timed out after {self.timeout} seconds.\n")
        (self.logs / "test_output.txt").write_text(text, encoding="utf-8")
        return finished

    def _watch(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for the tests, at most `timeout`, and leave nothing of their process group alive."""
        deadline = time.monotonic() + self.timeout
        try:
            while time.monotonic() < deadline and not self.interrupted.is_set():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(min(0.5, self.timeout))
                    return True
            return False
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_commands(row: Mapping[str, Any]) -> str:
    """The commands between the markers of a row's eval_script, inside markers and exit code as swebench's.

    Raises:
        HarnessError: the script has no markers.
    """
    from swebench.harness.constants import START_TEST_OUTPUT, TEST_EXIT_CODE
    from swebench.harness.utils import make_test_spec

    lines = make_test_spec(dict(row)).eval_script_list
    starts = [number for number, line in enumerate(lines) if START_TEST_OUTPUT in line]
    ends = [number for number, line in enumerate(lines) if TEST_EXIT_CODE in line]
    if not starts or not ends or starts[0] > ends[0]:
        raise HarnessError(f"{row['instance_id']}: its eval_script marks no test command.")
    return "\n".join(["set -uxo pipefail", *lines[starts[0] : ends[0] + 1]]) + "\n"


@dataclass(frozen=True)
class Clone:
    """A repository at its base commit in `folder`, with a home of its own beside it.

    Attributes:
        environment: all the variables that git and the tests see.
        log: receives what git says.
    """

    folder: Path
    base_commit: str
    environment: Mapping[str, str]
    log: TextIO

    @classmethod
    def create(cls, folder: Path, mirror: Path, base_commit: str, log: TextIO) -> "Clone":
        """Raises HarnessError when the mirror lacks the commit."""
        clone = cls(folder, base_commit, _environment(folder), log)
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        (folder / "home" / ".gitconfig").write_text("[core]\n\thooksPath = /dev/null\n\tautocrlf = false\n")
        check_out(mirror, base_commit, clone.testbed)
        return clone

    @property
    def testbed(self) -> Path:
        return self.folder / "testbed"

    def apply_model_patch(self, patch: str, file: Path) -> None:
        """Try what swebench tries, in its order, from a pristine tree each time.

        Raises:
            HarnessError: no command applied it; in the words of swebench's log.
        """
        from swebench.harness.constants import APPLY_PATCH_FAIL, APPLY_PATCH_PASS
        from swebench.harness.run_evaluation import GIT_APPLY_CMDS

        file.write_text(patch, encoding="utf-8")
        for attempt, command in enumerate(GIT_APPLY_CMDS):
            if attempt:
                self._run("git", "checkout", "--", ".")
                self._run("git", "clean", "-fd")
            if self._run(*command.split(), str(file.resolve())):
                break
        else:
            # swebench's last resort: every command may fail on a patch that is there all the same
            if not self._run("git", "apply", "--check", "--reverse", str(file.resolve())):
                raise HarnessError(f"{APPLY_PATCH_FAIL}: no command applied it to {self.base_commit}.")
        self.log.write(f"{APPLY_PATCH_PASS}\n")

    def apply_test_patch(self, patch: str) -> None:
        """Put the test files back as they were at the base commit, whatever the model did, and patch them.

        Raises:
            HarnessError: the test patch does not parse or apply.
        """
        from unidiff.errors import UnidiffParseError
        from unidiff.patch import PatchSet

        try:
            files = list(PatchSet(patch))
        except UnidiffParseError as error:
            raise HarnessError(f"the test patch does not parse ({error}).") from error
        names = {name[2:] for file in files for name in (file.source_file, file.target_file) if name != "/dev/null"}
        for name in sorted(names):
            if not self._run("git", "--literal-pathspecs", "checkout", self.base_commit, "--", name):
                self._run("git", "--literal-pathspecs", "clean", "-fdx", "--", name)
        file = self.folder / "test.diff"
        file.write_text(patch, encoding="utf-8")
        if patch and not self._run("git", "apply", "-v", str(file)):
            raise HarnessError(f"the test patch does not apply to {self.base_commit}.")

    def _run(self, *command: str) -> bool:
        self.log.write(f"$ {' '.join(command)}\n")
        try:
            result = subprocess.run(
                command,
                cwd=self.testbed,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except FileNotFoundError:  # `patch`, the last of swebench's commands, may not be installed
            self.log.write(f"{command[0]} is not installed\n")
            return False
        self.log.write(result.stdout.decode(errors="replace"))
        return result.returncode == 0


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    home, testbed = folder / "home", folder / "testbed"
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join([str(testbed), str(testbed / "src")]),  # in place of an installation
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder),  # a clone without .git must not turn git to a repository above
        "GIT_TERMINAL_PROMPT": "0",
    }


def _grade(
    rows: list[dict[str, Any]],
    graded: list[dict[str, Any]],
    predictions: list[Prediction],
    model: str,
    run_id: str,
) -> None:
    """Write each instance's report.json and the run's report below the working directory, like swebench."""
    from swebench.harness.constants import LOG_REPORT, LOG_TEST_OUTPUT, RUN_EVALUATION_LOG_DIR
    from swebench.harness.grading import get_eval_report
    from swebench.harness.reporting import make_run_report
    from swebench.harness.utils import make_test_spec

    submitted = {p.instance_id: asdict(p) | {"model_name_or_path": model} for p in predictions}
    with (
        Path("evaluation.log").open("w", encoding="utf-8") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        for row in graded:
            name = row["instance_id"]
            logs = RUN_EVALUATION_LOG_DIR / run_id / model / name
            try:
                report = get_eval_report(make_test_spec(row), submitted[name], str(logs / LOG_TEST_OUTPUT), True)
            except Exception as error:  # any fault of a parser; without a report the instance counts as an error
                print(f"{name}: not graded: {error!r}")
                continue
            (logs / LOG_REPORT).write_text(json.dumps(report, indent=4), encoding="utf-8")
        make_run_report(submitted, rows, run_id)
