"""Instances in processes of their own, so that one that hangs, crashes or eats memory costs only itself."""

import json
import multiprocessing
import os
import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import Any, Protocol

from pebble import ProcessExpired, ProcessPool

from kent_agent.errors import KentError, RunError
from kent_agent.pools import end_with
from kent_agent.predictions import Outcome, Status
from kent_agent.task import Solution, SWETask

_BIRTH = 5.0  # seconds that a worker has to start in


class Agent(Protocol):
    """What a worker needs of an agent."""

    def solve(self, task: SWETask) -> Solution: ...


@dataclass(frozen=True)
class AgentRecipe:
    """How a worker makes its agent: `module:Class`, given that module's `AgentOptions`.

    Attributes:
        options: names and values of AgentOptions' fields.
        scratch: where the worker's temporary files go, so that those of one that is killed can be removed.
    """

    path: str
    options: tuple[tuple[str, Any], ...]
    scratch: Path


@dataclass(frozen=True)
class _Running:
    task: SWETask
    started: float


def solve_all(
    tasks: Sequence[SWETask], recipe: AgentRecipe, workers: int, timeout: float
) -> Generator[Outcome, None, None]:
    """The outcome of every task, in the order in which they end.

    Args:
        workers: processes; each makes one agent and keeps it.
        timeout: seconds after which an instance's worker is killed and another takes its place.

    Raises:
        RunError: the workers die before they take a task.
    """
    waiting = deque(tasks)
    idle_pools = 0
    while waiting:
        before = len(waiting)
        yield from _solve_in_one_pool(waiting, recipe, min(workers, before), timeout)
        idle_pools = idle_pools + 1 if len(waiting) == before else 0
        if idle_pools == 3:
            raise RunError("The worker processes die as they start: lower --workers if memory is short.")


def _solve_in_one_pool(
    waiting: deque[SWETask], recipe: AgentRecipe, workers: int, timeout: float
) -> Generator[Outcome, None, None]:
    """Empties `waiting`; when the pool itself breaks (a worker died between tasks), leaves the rest there."""
    # Not fork: torch's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    born, expected = context.Semaphore(0), workers
    pool = ProcessPool(
        max_workers=workers, max_tasks=0, initializer=_start, initargs=(recipe, os.getpid(), born), context=context
    )
    running: dict[Future[Outcome], _Running] = {}
    try:
        while waiting or running:
            # No more in flight than there are workers: a task is then either running or in `waiting`.
            while waiting and len(running) < workers and pool.active:
                with suppress(RuntimeError):  # it broke this very moment
                    scheduled = pool.schedule(_solve, args=(recipe, waiting[0]), timeout=timeout)
                    running[scheduled] = _Running(waiting.popleft(), time.monotonic())
            done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            if not done and not pool.active:
                waiting.extend(ended.task for ended in running.values())
                return
            for future in done:
                ended = running.pop(future)
                error = future.exception()
                expected += isinstance(error, TimeoutError | ProcessExpired)  # another takes its place
                if isinstance(error, BrokenProcessPool):
                    waiting.append(ended.task)
                else:
                    yield _failure(ended, error, timeout) if error else future.result()
        _await_birth(born, expected)
    except GeneratorExit:  # no more outcomes are wanted: the disk may be full
        _await_birth(born, expected)
        raise
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _await_birth(born: Semaphore, expected: int) -> None:
    """Waits until all workers have started: one that is stopped as it starts says so, in part, where the user reads."""
    all(born.acquire(timeout=_BIRTH) for _ in range(expected))


def _failure(ended: _Running, error: BaseException, timeout: float) -> Outcome:
    """The outcome of a task whose worker did not live to report one."""
    seconds = time.monotonic() - ended.started
    if isinstance(error, TimeoutError):
        return Outcome(ended.task.instance_id, Status.TIMEOUT, f"stopped at the limit of {timeout:g} s", seconds)
    if isinstance(error, ProcessExpired):
        code = error.exitcode
        how = f"by {signal.Signals(-code).name}" if code and code < 0 else f"with exit code {code}"
        reason = f"the worker process ended {how}"
    else:
        reason = f"{type(error).__name__}: {error}"
    return Outcome(ended.task.instance_id, Status.ERROR, reason, seconds)


def _start(recipe: AgentRecipe, parent: int, born: Semaphore) -> None:
    """Runs in a new worker, before its first task."""
    os.setpgid(0, 0)  # the git processes it starts end with it
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    end_with(parent)
    tempfile.tempdir = str(recipe.scratch)
    born.release()
    # Made here, so that its loading does not count as an instance's time. One that cannot be made
    # says so at each instance; raised here, it would break the pool.
    with suppress(Exception):
        _agent(recipe)


@cache
def _agent(recipe: AgentRecipe) -> Agent:
    """The one agent of this process."""
    module_name, _, class_name = recipe.path.partition(":")
    module = import_module(module_name)
    agent: Agent = getattr(module, class_name)(module.AgentOptions(**dict(recipe.options)))
    return agent


def _solve(recipe: AgentRecipe, task: SWETask) -> Outcome:
    """Runs in a worker. Whatever the agent raises becomes an outcome."""
    started = time.monotonic()
    try:
        solution = _agent(recipe).solve(task)
        seconds = time.monotonic() - started
        trajectory = json.dumps(solution.trajectory | {"seconds": round(seconds, 3)}, indent=1) + "\n"
    except Exception as error:
        return Outcome(task.instance_id, Status.ERROR, _reason(error), time.monotonic() - started)
    status = Status.SUBMITTED if solution.model_patch else Status.ABSTAINED
    reason = "" if solution.model_patch else str(solution.trajectory.get("abstained") or "no reason given")
    return Outcome(task.instance_id, status, reason, seconds, solution.model_patch, trajectory)


def _reason(error: Exception) -> str:
    """An expected failure's own sentence; of any other also the place it was raised at."""
    if isinstance(error, KentError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno}, in {place.name})"
