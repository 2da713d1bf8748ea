"""Runs as a user starts them, in processes that can be killed; only the agent follows a script."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPTED_RUN = [sys.executable, str(Path(__file__).with_name("scripted_agent.py"))]


class Runs:
    """Starts runs in a folder of their own, with what they leave behind at hand."""

    PATIENCE = 30.0  # seconds

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.output: Path | None = folder / "x.jsonl"  # None: the default
        self.started: list[subprocess.Popen[str]] = []

    def split(self, *statements: str, path: Path | None = None) -> Path:
        """A split of one row a statement: acme__tiny-1, acme__tiny-2, ..."""
        rows = [
            {
                "instance_id": f"acme__tiny-{number}",
                "repo": "acme/tiny",
                "base_commit": "0" * 40,
                "problem_statement": statement,
                "version": "1.0",
                "created_at": "2024-01-01T00:00:00Z",
                "environment_setup_commit": "0" * 40,
                "image": "acme/tiny:latest",
                "patch": "",
                "test_patch": "",
                "hints_text": "",
                "eval_script": "",
                "FAIL_TO_PASS": [],
                "PASS_TO_PASS": [],
            }
            for number, statement in enumerate(statements, start=1)
        ]
        path = path or self.folder / "s.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    def start(self, *options: str, agent: str = "Scripted", **streams: Any) -> "subprocess.Popen[str]":
        command = [*SCRIPTED_RUN, "-w", "1", "--repos-dir", str(self.notes), *options]
        if self.output:
            command += ["-o", str(self.output)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | {"SCRIPTED_AGENT": agent},
            text=True,
            # A test run in the background may have handed down that Ctrl-C is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **streams,
        )
        self.started.append(process)
        return process

    def finish(self, *options: str, agent: str = "Scripted") -> "subprocess.CompletedProcess[str]":
        process = self.start(*options, agent=agent)
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def patches(self, path: Path | None = None) -> dict[str, str]:
        lines = [json.loads(line) for line in (path or self.output).read_text().splitlines()]
        assert len({line["instance_id"] for line in lines}) == len(lines), "an instance is answered twice"
        return {line["instance_id"]: line["model_patch"] for line in lines}

    def statuses(self) -> list[tuple[str, str, int]]:
        lines = (self.folder / "x/status.jsonl").read_text().splitlines()
        return [(r["instance_id"], r["status"], r["attempt"]) for r in map(json.loads, lines)]

    def worker_of(self, instance_id: str) -> int:
        note = self.notes / f"{instance_id}.pid"
        self.wait_until(lambda: note.exists() and note.read_text() != "")
        return int(note.read_text())

    def lines(self, path: Path | None = None) -> int:
        """The whole lines of the predictions, or of another file."""
        path = path or self.output
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Waits for what the run that was started last is about to do."""
        process = self.started[-1]
        deadline = time.monotonic() + self.PATIENCE
        while True:
            ended = process.poll() not in (None, -signal.SIGKILL)
            if condition():
                return
            assert not ended, f"the run ended before: {process.stderr.read() if process.stderr else ''}"
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    @staticmethod
    def alive(pid: int) -> bool:
        """Whether the process runs; one that has ended but is not reaped does not."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    @staticmethod
    def is_sentence(text: str) -> bool:
        return text.count("\n") == 1 and text.endswith(".\n") and "Traceback" not in text


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    for process in made.started:
        process.kill()
        process.communicate()
