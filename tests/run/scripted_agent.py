"""An agent that does what an issue's text says, and the run command with it in the place of KentAgent.

`python scripted_agent.py --split ...` is `python -m kent_agent.run --split ...`: same code, same processes,
another agent. The statements it knows: `patch`, `abstain`, `raise`, `absent`, `crash`, `crash once`, `hang`,
`hang stubbornly`, `exit`, `odd trajectory`, and `sleep SECONDS` before any of them, separated by a semicolon.
"""

import hashlib
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kent_agent.errors import WorkspaceError
from kent_agent.task import PatchResult, Solution, SWETask


@dataclass(frozen=True)
class AgentOptions:
    repos_dir: Path | None = None
    seed: int = 0
    min_confidence: float | None = None
    validate: str = "none"
    candidates: int = 200
    budget: float = 120.0


class Scripted:
    """Leaves its process id and, for `crash once`, a mark in the folder `repos_dir`."""

    def __init__(self, options: AgentOptions) -> None:
        self.seed = options.seed
        self.folder = options.repos_dir

    def solve(self, task: SWETask) -> Solution:
        tempfile.mkstemp(prefix="left-")  # as a killed agent leaves its snapshot
        answer = Solution(task.instance_id, "", PatchResult((), 0.0, True), {"abstained": "told so"})
        for statement in task.problem_statement.split("; "):
            answer = self._obey(statement, task) or answer
        return answer

    def _obey(self, statement: str, task: SWETask) -> Solution | None:
        words = statement.split()
        if self.folder:
            (self.folder / f"{task.instance_id}.pid").write_text(str(os.getpid()))
        match words:
            case ["patch"]:
                return self._solution(task, {"abstained": None})
            case ["odd", "trajectory"]:
                return self._solution(task, {"not": {"JSON"}})
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["raise"]:
                raise ValueError("the agent's mistake")
            case ["absent"]:
                raise WorkspaceError(f"{task.instance_id}: the repository {task.repo} is not there.")
            case ["exit"]:
                os._exit(3)
            case ["crash"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["crash", "once"]:
                assert self.folder
                mark = self.folder / "crashed"
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case ["hang", *how]:
                if how:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(600)
        return None

    def _solution(self, task: SWETask, trajectory: dict[str, Any]) -> Solution:
        number = random.Random(f"{self.seed} {task.instance_id}").random()
        name = hashlib.sha256(task.instance_id.encode()).hexdigest()[:8]
        patch = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-0\n+{number}\n"
        return Solution(task.instance_id, patch, PatchResult((), 1.0, True), trajectory)


class Stillborn:
    """An agent whose process dies while it is made."""

    def __init__(self, options: AgentOptions) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Unready:
    """An agent that cannot be made."""

    def __init__(self, options: AgentOptions) -> None:
        raise ValueError("no weights")


if __name__ == "__main__":
    from kent_agent import run

    setattr(  # noqa: B010
        run,
        "RunOptions",
        partial(run.RunOptions, agent=f"scripted_agent:{os.environ.get('SCRIPTED_AGENT', 'Scripted')}"),
    )
    run.app()
