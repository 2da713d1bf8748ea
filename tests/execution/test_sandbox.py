"""What a container may do, and that none outlives its run."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from kent_agent.execution.leftovers import LABEL, remove_leftovers, run_name
from kent_agent.execution.reports import TestStatus
from kent_agent.execution.runners import pytest_results
from kent_agent.execution.sandbox import Limits, Sandbox, SandboxError

if TYPE_CHECKING:
    import docker

    from .conftest import Open

pytestmark = pytest.mark.docker

FACTS = """
import json, os, resource, socket
def fails(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return type(error).__name__
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "uid": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16) | int(status["CapPrm"], 16),
    "no_new_privileges": int(status["NoNewPrivs"]),
    "network": fails(socket.create_connection, ("192.0.2.1", 80), 2),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "root": fails(open, "/opt/x", "w"),
    "repository": fails(open, "/testbed/x", "w"),
    "home": fails(open, os.path.expanduser("~/x"), "w"),
    "cwd": os.getcwd(),
}))
"""


def test_a_command_can_do_little(open_sandbox: "Open", client: "docker.DockerClient") -> None:
    sandbox = open_sandbox(limits=Limits(memory=300 << 20, work=20 << 20, processes=50, cpus=0.5))
    sandbox.make_tree()
    facts = json.loads(sandbox.run(["python", "-S", "-c", FACTS], 20).stdout)
    assert facts == {
        "uid": 10001,
        "capabilities": 0,
        "no_new_privileges": 1,
        "network": "OSError",
        "interfaces": ["lo"],
        "root": "OSError",
        "repository": "OSError",
        "home": None,
        "cwd": "/kent/tree",
    }
    (container,) = of_this_run(client)
    settings = container.attrs["HostConfig"]
    assert (settings["Memory"], settings["MemorySwap"], settings["PidsLimit"]) == (300 << 20, 300 << 20, 50)
    assert (settings["NanoCpus"], settings["NetworkMode"]) == (500_000_000, "none")


def of_this_run(client: "docker.DockerClient", pid: int | None = None) -> list["docker.models.containers.Container"]:
    return client.containers.list(all=True, filters={"label": f"{LABEL}={run_name(pid)}"})


def test_a_command_runs_in_a_fresh_tree_under_git(open_sandbox: "Open") -> None:
    sandbox = open_sandbox()
    diff = "--- a/shop/__init__.py\n+++ b/shop/__init__.py\n@@ -0,0 +1 @@\n+LATER = 1\n"
    assert sandbox.make_tree(diff) == ""
    script = "touch new; git status --short; python -c 'import shop; print(shop.LATER, shop.__file__)'; exit 3"
    result = sandbox.run(["/bin/sh", "-c", script], 20)
    assert result.code == 3
    assert result.stdout.splitlines()[0] == " M shop/__init__.py"
    assert result.stdout.splitlines()[-1] == "1 /kent/tree/shop/__init__.py"
    assert "patch does not apply" in sandbox.make_tree(
        diff.replace("-0,0 +1", "-1 +1,2").replace("+LATER", " x\n+LATER")
    )
    assert sandbox.make_tree() == ""
    assert sandbox.run(["git", "status", "--short"], 20).stdout == ""


def test_a_command_has_a_time_limit_and_what_it_says_is_cut_in_the_middle(open_sandbox: "Open") -> None:
    sandbox = open_sandbox()
    sandbox.make_tree()
    script = "echo first; head -c 1000000 /dev/zero | tr '\\0' x; echo last; sleep 100"
    result = sandbox.run(["/bin/sh", "-c", script], 1.0, limit=100)
    assert result.timed_out
    assert result.code == -signal.SIGKILL
    assert result.stdout.startswith("first\nxxx")
    assert "[... 999911 bytes left out ...]" in result.stdout
    assert result.stdout.endswith("xxxlast\n")
    assert sandbox.run(["no-such-program"], 1.0).code is None


def test_tests_have_results_one_by_one(open_sandbox: "Open") -> None:
    sandbox = open_sandbox()
    sandbox.make_tree()
    report = pytest_results(sandbox, ["tests"], 30)
    assert report.results == {
        "tests.test_shapes::test_area": TestStatus.FAILED,
        "tests.test_shapes::test_perimeter[1]": TestStatus.PASSED,
        "tests.test_shapes::test_perimeter[2]": TestStatus.PASSED,
        "tests.test_shapes::test_later": TestStatus.SKIPPED,
        "tests.test_shapes::test_fixture": TestStatus.ERROR,
    }
    assert report.command.code == 1


def test_a_container_ends_with_its_budget(open_sandbox: "Open", client: "docker.DockerClient") -> None:
    sandbox = open_sandbox(budget=2)
    sandbox.make_tree()
    with pytest.raises(SandboxError, match="its time budget is spent"):
        sandbox.run(["sleep", "60"], 60)
    with pytest.raises(SandboxError, match="budget"):
        sandbox.start()
    assert of_this_run(client) == []


def test_waiting_costs_no_budget(open_sandbox: "Open") -> None:
    sandbox = open_sandbox(budget=10)
    left = sandbox.budget_left
    assert 0 < left < 10, "to come up is work"
    time.sleep(left + 1)
    assert sandbox.budget_left == left
    sandbox.make_tree()
    assert sandbox.budget_left < left


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_container_goes_with_its_block(client: "docker.DockerClient", image: str, error: type[BaseException]) -> None:
    with pytest.raises(error), Sandbox(client, image):
        assert len(of_this_run(client)) == 1
        raise error
    assert of_this_run(client) == []


def test_an_image_that_is_not_there_is_one_sentence(client: "docker.DockerClient") -> None:
    with pytest.raises(SandboxError, match="image kent_agent/absent:1 is not on this machine"):
        Sandbox(client, "kent_agent/absent:1").start()


RUN = """
import os, signal, sys, docker
from kent_agent.execution.sandbox import Sandbox
sandbox = Sandbox(docker.from_env(), sys.argv[1])
if sys.argv[2] == "created":  # killed between creating and starting one
    sandbox._create()
    print("ready", flush=True)
else:
    sandbox.start()
    sandbox.make_tree()
    print("ready", flush=True)
    sandbox.run(["sleep", "1000"], 1000)
signal.pause()
"""


def killed_run(image: str, moment: str) -> int:
    """The id of a run that was killed by SIGKILL while its container was there."""
    process = subprocess.Popen([sys.executable, "-c", RUN, image, moment], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    name = run_name(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    assert run_name(process.pid) != name
    return process.pid


def labelled(client: "docker.DockerClient", pid: int) -> list[str]:
    listed = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    return [str(container.id) for container in listed if f" {pid} " in container.labels[LABEL]]


def test_a_container_ends_when_its_run_is_killed_in_the_middle_of_a_command(
    client: "docker.DockerClient", image: str
) -> None:
    pid = killed_run(image, "started")
    deadline = time.monotonic() + 15
    while labelled(client, pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert labelled(client, pid) == []


def test_the_next_start_removes_what_a_killed_run_left_and_nothing_of_living_ones(
    open_sandbox: "Open", client: "docker.DockerClient", image: str
) -> None:
    sandbox = open_sandbox()
    volumes = {volume.id for volume in client.volumes.list()}
    pid = killed_run(image, "created")
    assert len(labelled(client, pid)) == 1
    assert remove_leftovers(client) == 1
    assert labelled(client, pid) == []
    assert {volume.id for volume in client.volumes.list()} == volumes
    assert len(labelled(client, os.getpid())) == 1
    assert sandbox.make_tree() == ""
    elsewhere = client.containers.create(image, "true", labels={LABEL: "another-boot pid:[1] 1 1"})
    try:
        assert remove_leftovers(client) == 0
    finally:
        elsewhere.remove()
