"""The Docker daemon that sandboxes run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kent_agent.execution.leftovers import remove_leftovers
from kent_agent.execution.sandbox import SandboxError

if TYPE_CHECKING:
    import docker


def connect() -> docker.DockerClient:
    """A client of the daemon, which has been rid of what dead runs left behind.

    Raises:
        SandboxError: no daemon answers.
    """
    import docker

    try:
        client = docker.from_env()
        remove_leftovers(client)
    except docker.errors.DockerException as error:
        raise SandboxError(f"No Docker daemon answers ({error}); start one, or choose --validate none.") from error
    return client
