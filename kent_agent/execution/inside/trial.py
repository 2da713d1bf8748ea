"""One fork: runs the check under limits, and reports what happened with a token that the check is not told."""

import gc
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from kent_agent.execution.inside.imports import inside
from kent_agent.execution.inside.processes import kill_group, yield_to_parent
from kent_agent.execution.inside.snippet import CHECK
from kent_agent.execution.inside.watching import Excerpt, watch

LARGEST_FILE = 64 << 20  # bytes that a check may write to one file
LARGEST_REPORT = 32 << 20  # bytes
FRAMES = 20  # kept of a traceback, the innermost
MESSAGE = 4000  # characters kept of an exception's message
GRACE = 1.0  # seconds that a fork gets beyond its timeout before its CPU time is cut off as well


def run(
    check: "Callable[[], None]", root: str, token: str, timeout: float, limit: int, trace: bool, private: "list[int]"
) -> "dict[str, Any]":
    """Fork, run `check` there, kill what is left of it.

    Args:
        root: folder whose frames and lines are reported.
        token: begins the one report that counts.
        timeout: seconds.
        limit: bytes kept of what is written to stdout, and to stderr.
        trace: whether to report the executed lines of files below the root.
        private: file descriptors that the fork must not have.
    """
    pipes = [os.pipe() for _ in range(3)]
    readers = [reader for reader, _ in pipes]
    writers = [writer for _, writer in pipes]
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            _enter(readers + private, writers, timeout)
            _report(_happenings(check, root, trace), token, writers[2])
        finally:
            os._exit(70)
    for writer in writers:
        os.close(writer)
    try:
        return _follow(pid, readers, token, started, timeout, limit)
    finally:
        for reader in readers:
            os.close(reader)


def _follow(pid: int, readers: "list[int]", token: str, started: float, timeout: float, limit: int) -> "dict[str, Any]":
    """What became of a fork: its report, or how it ended without one."""
    out, err, report = Excerpt(limit), Excerpt(limit), Report(token)
    status = []  # type: list[int]

    def ended() -> bool:
        if report.found is None:
            reaped, code = os.waitpid(pid, os.WNOHANG)
            status.extend([code] if reaped else [])
        return report.found is not None or bool(status)

    in_time = watch({readers[0]: out.add, readers[1]: err.add, readers[2]: report.add}, ended, started + timeout)
    seconds = time.monotonic() - started
    kill_group(pid)
    if not status:
        status.append(os.waitpid(pid, 0)[1])
    outcome = _without_report(in_time, status[0], report.forged) if report.found is None else report.found
    return dict(outcome, stdout=out.text(), stderr=err.text(), seconds=seconds)


class Report:
    """Looks for the one line that begins with the token in whatever a fork writes.

    Attributes:
        found: what that line says.
        forged: whether anything else was written.
    """

    def __init__(self, token: str) -> None:
        self.found = None  # type: dict[str, Any] | None
        self.forged = False
        self._start = token.encode() + b" "
        self._rest = b""

    def add(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self.found is None and line.startswith(self._start):
                self.found = json.loads(line[len(self._start) :].decode())
            elif line:
                self.forged = True
        if len(self._rest) > LARGEST_REPORT:
            self.forged, self._rest = True, b""


def _without_report(in_time: bool, status: int, forged: bool) -> "dict[str, Any]":
    note = "; something else wrote to its report" if forged else ""
    if not in_time:
        return {"status": "timeout", "message": "it was killed at its time limit" + note}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return {"status": "died", "message": "its process was ended by " + name + note}
    return {"status": "died", "message": "its process exited with code %d%s" % (os.WEXITSTATUS(status), note)}


def _enter(unwanted: "list[int]", writers: "list[int]", timeout: float) -> None:
    """In the fork, before anything of the check: its own group, streams and limits."""
    os.setsid()
    for descriptor in unwanted:
        os.close(descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(writers[0], 1)
    os.dup2(writers[1], 2)
    for descriptor in writers[:2]:
        os.close(descriptor)
    yield_to_parent()
    seconds = int(timeout + GRACE) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.enable()


def _happenings(check: "Callable[[], None]", root: str, trace: bool) -> "dict[str, Any]":
    lines = {}  # type: dict[str, set[int]]
    result = {"status": "finished"}  # type: dict[str, Any]
    if trace:
        tracer = _tracer(root, lines)
        threading.settrace(tracer)
        sys.settrace(tracer)
    try:
        check()
    except SystemExit as stop:
        result = dict(_described(stop, root), status="exited")
    except BaseException as error:
        result = dict(_described(error, root), status="raised")
    sys.settrace(None)
    result["lines"] = {path[len(root) + 1 :]: sorted(found) for path, found in lines.items()}
    return result


def _tracer(root: str, lines: "dict[str, set[int]]") -> "Any":
    def local(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            lines[frame.f_code.co_filename].add(frame.f_lineno)
        return local

    def called(frame: Any, event: str, argument: Any) -> Any:
        path = frame.f_code.co_filename
        if not inside(path, root):
            return None
        lines.setdefault(path, set())
        return local

    return called


def _described(error: BaseException, root: str) -> "dict[str, Any]":
    """An exception: type, message, the frames in the repository, the check's own line."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else kind.__module__ + "." + kind.__qualname__
    try:
        message = str(error)[:MESSAGE]
    except BaseException as second:
        message = "<its message raises " + type(second).__name__ + ">"
    frames = traceback.extract_tb(error.__traceback__)
    within = [(path[len(root) + 1 :], line, function) for path, line, function, _ in frames if inside(path, root)]
    own = [line for path, line, _, _ in frames if path == CHECK]
    if isinstance(error, SyntaxError) and error.filename and inside(error.filename, root):
        within.append((error.filename[len(root) + 1 :], error.lineno or 0, "<module>"))
    return {
        "exception": name,
        "message": message,
        "frames": within[-FRAMES:],
        "check_line": own[-1] if own else None,
    }


def _report(result: "dict[str, Any]", token: str, sink: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # the check closed or replaced it
            continue
    # The first newline ends whatever else was written.
    data = ("\n" + token + " " + json.dumps(result) + "\n").encode()
    while data:
        data = data[os.write(sink, data) :]
