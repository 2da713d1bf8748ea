"""One container of an instance's image, in which code of the repository may run: little it can do, and not for long."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kent_agent.errors import KentError
from kent_agent.execution.attachment import Attachment, AttachmentError
from kent_agent.execution.leftovers import LABEL, run_name

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

ROOT = "/testbed"
"""Where an instance's image has the repository; read-only in a sandbox."""

WORK = "/kent"
"""The only room there is to write, besides /tmp and /dev/shm."""

USER = "10001:10001"
PACKAGE = "kent_agent.execution.inside"
WORKER = ("channel", "watching", "processes", "snippet", "imports", "swap", "trial", "worker")
SUPERVISOR = ("channel", "watching", "processes", "files", "supervisor")
START_TIMEOUT = 60.0  # seconds for a container to come up; loaded machines take long
REMOVAL_TIMEOUT = 30  # seconds
GRACE = 20.0  # seconds that a request may take beyond what it was given; then the container counts as hung

# The image's own environment, as the official evaluation scripts enter it. Process 1 runs without site and variables:
# nothing that the repository or its packages could put in its way.
ENTER = """\
if [ -f /opt/miniconda3/bin/activate ]; then . /opt/miniconda3/bin/activate && conda activate testbed; fi
python=$(command -v python || command -v python3) || { echo "the image has no Python" >&2; exit 1; }
exec "$python" -I -S -c "$1" "$2" "${3/@python@/$python}"
"""

# Makes modules of [[name, source], ...] and calls `main` of the last one.
LOAD = """\
import json, sys, types
for name, source in json.loads(sys.argv[1]):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, "<" + name + ">", "exec"), module.__dict__)
module.main(json.loads(sys.argv[2]))
"""


class SandboxError(KentError):
    """A container that cannot be had or has ended; names the image."""


@dataclass(frozen=True)
class Limits:
    """What a sandbox may use.

    Attributes:
        memory: bytes, what is written to memory file systems included.
        work: bytes that may be written below /kent; half as much below /tmp.
        processes: processes and threads at a time.
        cpus: of the machine.
    """

    memory: int = 4 << 30
    work: int = 1 << 30
    processes: int = 256
    cpus: float = 1.0


@dataclass(frozen=True)
class CommandResult:
    """What became of a command.

    Attributes:
        code: its exit code, negative for a signal; None when it did not start.
        timed_out: it was killed at its time limit.
        stdout, stderr: first and last part, the middle left out where that is too long.
        report: the file it was to write; None when that is no regular file of at most 8 MiB.
    """

    code: int | None
    timed_out: bool
    stdout: str
    stderr: str
    seconds: float
    report: str | None


class Sandbox:
    """A container, from `with` to the end of its block. It is removed however that ends.

    No network; a numeric user without capabilities; a read-only root with the repository at /testbed; limits of
    memory, processes, CPU and space. It ends by itself after `budget` seconds of work, and as soon as this process is
    gone. What it waits for the next request costs no budget: how much is run depends on how fast the code is, and not
    on how fast others decide what to run.

    Args:
        image: an evaluation image that is on this machine.
        budget: seconds it may work.
    """

    def __init__(
        self, client: docker.DockerClient, image: str, budget: float = 120.0, limits: Limits | None = None
    ) -> None:
        self.image = image
        self._client = client
        self._limits = limits or Limits()
        self._left = budget
        self._since: float | None = None
        self._container: Container | None = None
        self._attachment: Attachment | None = None

    @property
    def budget_left(self) -> float:
        """Seconds, not below 0."""
        return max(0.0, self._left - (time.monotonic() - self._since if self._since is not None else 0.0))

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Spends the budget."""
        if self._since is not None:  # it does already
            yield
            return
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._left, self._since = self.budget_left, None

    @property
    def container_id(self) -> str | None:
        """Of the running container."""
        return None if self._container is None else str(self._container.id)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start a container; one that is there is removed first.

        Raises:
            SandboxError: it does not come up, or the budget is spent.
        """
        import docker

        self.stop()
        if not self.budget_left:
            raise SandboxError(f"The time budget of {self.image} is spent.")
        try:
            with self._working():
                self._container = self._create()
                self._attachment = Attachment(self._client, str(self._container.id))
                self._container.start()
                self.request("start", START_TIMEOUT)
        except docker.errors.ImageNotFound as error:
            raise SandboxError(f"The image {self.image} is not on this machine; pull or build it.") from error
        except docker.errors.DockerException as error:
            self.stop()
            raise SandboxError(f"The daemon did not start a container of {self.image}: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kill and remove the container, if there is one."""
        import docker

        if self._attachment is not None:
            self._attachment.close()
        if self._container is not None:
            # It removes itself as well: whoever comes second finds nothing, or a removal under way.
            with suppress(docker.errors.APIError):
                self._container.remove(force=True, v=True)
            with suppress(docker.errors.APIError, OSError):
                self._container.wait(condition="removed", timeout=REMOVAL_TIMEOUT)
        self._container = self._attachment = None

    def request(self, operation: str, patience: float, **arguments: Any) -> dict[str, Any]:
        """An answer of `kent_agent.execution.inside.supervisor`.

        Args:
            patience: seconds it may take inside; a container that takes much longer is hung.

        Raises:
            SandboxError: the container has ended, by its budget or otherwise, or does not answer.
        """
        if self._attachment is None:
            raise SandboxError(f"The container of {self.image} is not running.")
        message = {"op": operation, "id": secrets.token_hex(16), **arguments}
        try:
            with self._working():
                self._attachment.send(message, patience + GRACE)
                while True:
                    answer = self._attachment.receive(patience + GRACE)
                    if answer.pop("id", None) == message["id"]:
                        return answer
        except AttachmentError as error:
            reason = str(error) if self.budget_left else "its time budget is spent"
            self.stop()
            raise SandboxError(f"The container of {self.image} failed: {reason}.") from error

    def make_tree(self, diff: str = "", timeout: float = 60.0) -> str:
        """Put a fresh copy of the repository, with a diff applied, in the place of the last one.

        Returns:
            Why git does not apply the diff; empty when it does.
        """
        return str(self.request("tree", timeout, timeout=timeout, diff=diff)["error"])

    def run(self, argv: list[str], timeout: float, limit: int = 1 << 16, report: str | None = None) -> CommandResult:
        """Run a command in the tree that `make_tree` made; all that it started and wrote elsewhere goes with it.

        Args:
            timeout: seconds.
            limit: bytes kept of each stream.
            report: a file that it writes, to be read when it has ended.
        """
        answer = self.request("command", timeout, argv=argv, timeout=timeout, limit=limit, report=report)
        return CommandResult(**answer)

    def _create(self) -> Container:
        import docker

        limits = self._limits
        return self._client.containers.create(
            self.image,
            entrypoint=[],
            command=["/bin/bash", "-c", ENTER, "kent", LOAD, _sources(SUPERVISOR), self._settings()],
            labels={LABEL: run_name()},
            user=USER,
            working_dir="/",
            environment=_environment(),
            stdin_open=True,
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            pids_limit=limits.processes,
            nano_cpus=int(limits.cpus * 1e9),
            tmpfs={
                WORK: f"size={limits.work},mode=1777,exec,nosuid,nodev",
                "/tmp": f"size={limits.work // 2},mode=1777,exec,nosuid,nodev",
            },
            log_config=docker.types.LogConfig(type="none"),
            auto_remove=True,
        )

    def _settings(self) -> str:
        worker = ["@python@", "-c", LOAD, _sources(WORKER)]
        return json.dumps({"root": ROOT, "work": WORK, "budget": self.budget_left, "command": worker})


def _environment() -> dict[str, str]:
    return {
        "HOME": f"{WORK}/home",
        "TMPDIR": f"{WORK}/tmp",
        "USER": "kent",
        "LOGNAME": "kent",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "DJANGO_TEST_PROCESSES": "1",  # or its runner takes as many as the host has processors
        "PYTHONDONTWRITEBYTECODE": "1",
        # The repository belongs to another user.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }


@cache
def _sources(modules: tuple[str, ...]) -> str:
    folder = files(PACKAGE)
    return json.dumps([[f"{PACKAGE}.{name}", (folder / f"{name}.py").read_text("utf-8")] for name in modules])
