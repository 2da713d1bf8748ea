"""What one process can do to another: be seen, be killed, be outlived."""

import ctypes
import os
import signal
import time
from collections.abc import Iterable

PR_SET_DUMPABLE = 4  # linux/prctl.h
PATIENCE = 0.5  # seconds for which processes are killed one by one


def hide(hidden: bool = True) -> None:
    """Keep other processes of this user out of this one's memory and file descriptors, or let them in again.

    Raises:
        OSError: the kernel will not.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0 if hidden else 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")


def yield_to_parent() -> None:
    """In a new process that is to run foreign code: where memory or time is short, it goes before its parent."""
    hide(False)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    os.nice(10)


def kill_group(pid: int) -> None:
    """Kill a process, and the group that it may lead."""
    for kill in (os.kill, os.killpg):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            continue


def sweep(kept: "Iterable[int]") -> bool:
    """Called by process 1: end every process but itself and `kept`.

    Returns:
        False when they came up faster than they could be killed, so that `kept` had to die with them.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        strays = [pid for pid in _pids() if pid != 1 and pid not in kept]
        if not strays:
            return True
        for pid in strays:
            _end(pid)
        time.sleep(0.0005)
    # One call that no fork slips through.
    while len(_pids()) > 1:
        try:
            os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, os.WNOHANG)
        except OSError:
            time.sleep(0.001)
    return False


def _pids() -> "list[int]":
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _end(pid: int) -> None:
    """Kill, and wait for it where it is a child or an orphan."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, os.WNOHANG)
    except OSError:
        return
