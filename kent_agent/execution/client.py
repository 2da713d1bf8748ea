"""Checks and candidates in, outcomes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kent_agent.execution.sandbox import Sandbox, SandboxError

Candidate = Mapping[str, str]
"""Path in the repository -> the file's new text; empty for the repository as it is."""


@dataclass(frozen=True)
class Check:
    """A program that tells a wrong repository from a right one. What its outcome means is the caller's to say.

    Attributes:
        code: Python that is run for every candidate, as `__main__`; its leading imports are done once where possible.
        setup: Python before it that is also done once where possible: settings, models, data.
        timeout: seconds that `code` may take.
        setup_timeout: seconds that the setup and the leading imports may take.
        trace: report the executed lines of the repository; slow.
        limit: bytes kept of stdout and of stderr.
    """

    code: str
    setup: str = ""
    timeout: float = 5.0
    setup_timeout: float = 60.0
    trace: bool = False
    limit: int = 1 << 14


class Status(StrEnum):
    """How a check ended."""

    FINISHED = "finished"  # ran to its last line
    RAISED = "raised"
    EXITED = "exited"  # by SystemExit
    DIED = "died"  # without a report: a signal, os._exit, out of memory
    TIMEOUT = "timeout"
    CANNOT_RUN = "cannot_run"  # the check is no Python here, or a changed file is none of the repository's


@dataclass(frozen=True)
class Frame:
    """A line of a traceback; the path is relative to the repository."""

    path: str
    line: int
    function: str


@dataclass(frozen=True)
class Outcome:
    """What a check did on a candidate.

    Attributes:
        exception: qualified type name of what it raised, without `builtins`.
        message: that exception's, or what is to be said of any other end.
        frames: the traceback's in the repository, outermost first, the last 20 at most.
        check_line: the line of the check's code that the exception passed through.
        lines: path -> executed lines; empty unless the check asks for them.
        how: `warm`, `cold` or `fresh`: forked off an interpreter that had done the imports, off one that had done
            those from outside the repository, or run in a new interpreter on a patched tree.
        repeated: an identical candidate ran before, and this is its outcome.
        seconds: that it took; of a cold or fresh one, imports included.
    """

    status: Status
    exception: str | None = None
    message: str = ""
    frames: tuple[Frame, ...] = ()
    check_line: int | None = None
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    how: str = ""
    repeated: bool = False


def alike(left: Outcome, right: Outcome) -> bool:
    """Whether two runs ended in the same way, times and addresses in messages aside."""
    return (left.status, left.exception, left.check_line, left.frames, left.stdout) == (
        right.status,
        right.exception,
        right.check_line,
        right.frames,
        right.stdout,
    )


class Execution:
    """One check in one sandbox.

    Args:
        sandbox: a started one; it is started again when a candidate takes it down with it.

    Raises:
        SandboxError: the container does not live long enough to take the check.
    """

    def __init__(self, sandbox: Sandbox, check: Check) -> None:
        self.check = check
        self._sandbox = sandbox
        self.error = ""
        """Why the check cannot run, whatever the candidate; else empty."""
        self.not_warm = ""
        """Why every candidate has to do the imports; else empty."""
        self._give_check()

    def run(self, candidates: Iterable[Candidate]) -> Iterator[Outcome]:
        """The outcome of each candidate, in their order, as soon as it is known.

        Raises:
            SandboxError: the sandbox's time budget is spent.
        """
        for candidate in candidates:
            yield self._attempt(candidate)

    def confirm(self, diff: str) -> Outcome:
        """The outcome in a new interpreter, on a fresh copy of the repository that git applied the diff to.

        Raises:
            SandboxError: the sandbox's time budget is spent, or the container died.
        """
        if self.error:
            return Outcome(Status.CANNOT_RUN, message=self.error, how="fresh")
        if reason := self._sandbox.make_tree(diff):
            return Outcome(Status.CANNOT_RUN, message=f"git does not apply the diff: {reason}", how="fresh")
        return _outcome(self._ask("fresh"))

    def _attempt(self, candidate: Candidate) -> Outcome:
        if self.error:
            return Outcome(Status.CANNOT_RUN, message=self.error)
        try:
            return _outcome(self._ask("attempt", files=dict(candidate)))
        except SandboxError as error:
            if not self._sandbox.budget_left:
                raise
            self._sandbox.start()
            self._give_check()
            return Outcome(Status.DIED, message=f"it took the container with it: {error}")

    def _give_check(self) -> None:
        check = self.check
        answer = self._sandbox.request(
            "check", check.setup_timeout, setup=check.setup, code=check.code, setup_timeout=check.setup_timeout
        )
        self.error, self.not_warm = answer["error"], answer["unready"]

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        check = self.check
        # An attempt may have to warm an interpreter, start a cold one and do the setup in the fork.
        patience = check.timeout + 4 * check.setup_timeout
        return self._sandbox.request(
            operation, patience, timeout=check.timeout, limit=check.limit, trace=check.trace, **arguments
        )


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    return Outcome(
        status=Status(answer["status"]),
        exception=answer.get("exception"),
        message=answer.get("message", ""),
        frames=tuple(Frame(*frame) for frame in answer.get("frames", ())),
        check_line=answer.get("check_line"),
        stdout=answer.get("stdout", ""),
        stderr=answer.get("stderr", ""),
        seconds=answer.get("seconds", 0.0),
        lines={path: tuple(lines) for path, lines in answer.get("lines", {}).items()},
        how=answer.get("how", ""),
        repeated=answer.get("repeated", False),
    )
