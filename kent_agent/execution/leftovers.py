"""Containers that a killed run left behind: each is labelled with its run, and goes when that is dead."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker

LABEL = "kent_agent.run"
"""On every container of a sandbox, with `run_name()` as its value."""


def run_name(pid: int | None = None) -> str:
    """What tells a process from all others: this boot, the process namespace, its id and when it started."""
    pid = os.getpid() if pid is None else pid
    return f"{_machine()} {pid} {_started(pid)}"


def remove_leftovers(client: docker.DockerClient) -> int:
    """Remove the containers and their volumes of runs that are dead; those of living ones are left alone.

    A run elsewhere (another machine, another process namespace) cannot be seen from here and counts as living; its
    containers end by themselves when their budget is spent.

    Returns:
        How many were removed.
    """
    import docker

    removed = 0
    for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        if _is_dead(container.labels.get(LABEL, "")):
            with suppress(docker.errors.NotFound, docker.errors.APIError):  # on its way out already
                container.remove(force=True, v=True)
                removed += 1
    return removed


def _is_dead(name: str) -> bool:
    machine, _, process = name.rpartition(" ")[0].rpartition(" ")
    return machine == _machine() and process.isdigit() and name != run_name(int(process))


def _machine() -> str:
    """This boot and this process namespace, in which an id names one process; empty where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started, in clock ticks since the boot; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
