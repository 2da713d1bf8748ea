"""Pools of processes that end with the one that asked for them."""

import ctypes
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def spawned_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of fresh processes, each of which ends with this one."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=end_with, initargs=(os.getpid(),))


def forked_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of copies of this process, each of which ends with it: they are there at once.

    A process of several threads must not be copied: what another thread holds is never let go in the copy.
    """
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(workers, context, initializer=end_with, initargs=(os.getpid(),))


def end_with(parent: int) -> None:
    """Lets this process end when its parent does; else one that is busy would go on, and write, after a kill.

    Args:
        parent: the parent's process id, as it was when this process was asked for.
    """
    if sys.platform == "linux":
        # Idle workers see their pipe close when the parent dies; one that is busy or hangs does not look.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
