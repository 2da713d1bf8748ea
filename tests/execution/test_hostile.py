"""Code that does harm, in real containers: the run goes on, and the outcome says what happened."""

from typing import TYPE_CHECKING

import pytest

from kent_agent.execution.client import Candidate, Check, Execution, Outcome
from kent_agent.execution.reports import TestStatus
from kent_agent.execution.runners import pytest_results
from kent_agent.execution.sandbox import Limits, Sandbox

if TYPE_CHECKING:
    import docker

    from .conftest import Open

pytestmark = pytest.mark.docker

CODE = "import shop.registry\nprint(shop.registry.label(print))\n"


def harmful(statements: str) -> Candidate:
    body = "".join(f"    {line}\n" for line in statements.splitlines())
    return {"shop/registry.py": f"def label(function):\n{body}\n\ndef register(function):\n    return function\n"}


def harm_done(sandbox: Sandbox, statements: str, timeout: float = 2.0) -> Outcome:
    """The outcome of a harmful candidate; the ones before and after it are well."""
    execution = Execution(sandbox, Check(CODE, timeout=timeout))
    before, harm, after = execution.run([{}, harmful(statements), harmful("return 'well'")])
    assert (before.status, before.stdout) == ("finished", "<print>\n")
    assert (after.status, after.stdout) == ("finished", "well\n"), after
    return harm


def test_a_fork_bomb(open_sandbox: "Open") -> None:
    sandbox = open_sandbox(limits=Limits(processes=100))
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    assert harm_done(sandbox, bomb).status == "timeout"


def test_daemons_that_leave_their_group(open_sandbox: "Open") -> None:
    daemon = "import os, time\nfor _ in range(5):\n    if os.fork() == 0: os.setsid(); time.sleep(100)\nreturn 1"
    sandbox = open_sandbox()
    assert harm_done(sandbox, daemon).status == "finished"
    sandbox.make_tree()
    listed = sandbox.run(["/bin/sh", "-c", "ls -d /proc/[0-9]*"], 10).stdout.split()
    assert len(listed) <= 5, listed  # process 1, the warm and the cold interpreter, the shell, ls


def test_an_endless_loop(open_sandbox: "Open") -> None:
    assert harm_done(open_sandbox(), "while True: print('x' * 9999)", timeout=0.5).status == "timeout"


def test_ten_gigabytes_in_one_file(open_sandbox: "Open") -> None:
    harm = harm_done(open_sandbox(), "with open('big', 'wb') as f:\n    for _ in range(10000): f.write(b'x' * 1000000)")
    assert (harm.status, harm.exception) == ("raised", "OSError")
    assert "File too large" in harm.message


def test_ten_gigabytes_in_many_files(open_sandbox: "Open") -> None:
    many = "for n in range(10000):\n    with open('big%d' % n, 'wb') as f: f.write(b'x' * 1000000)"
    harm = harm_done(open_sandbox(limits=Limits(work=64 << 20)), many, timeout=20)
    assert (harm.status, harm.exception) == ("raised", "OSError")
    assert "No space left" in harm.message


def test_ten_gigabytes_in_memory(open_sandbox: "Open") -> None:
    harm = harm_done(open_sandbox(limits=Limits(memory=256 << 20, work=64 << 20)), "return len(b'x' * 10**10)", 20)
    assert (harm.status, harm.message) == ("died", "its process was ended by SIGKILL")


def test_killing_everything(open_sandbox: "Open") -> None:
    harm = harm_done(open_sandbox(), "import os\nos.kill(1, 2)\nos.kill(1, 9)\nos.kill(-1, 9)")
    assert harm.status == "died"
    assert "interpreter" in harm.message


def test_stopping_the_interpreter(open_sandbox: "Open") -> None:
    harm = harm_done(open_sandbox(), "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: pass", 0.5)
    assert harm.status == "died"
    assert "did not answer" in harm.message


def test_writing_a_report_of_its_own(open_sandbox: "Open") -> None:
    forgery = (
        "import os\n"
        "for d in range(3, 200):\n"
        '    try: os.write(d, b\'PASSED\\n{"status": "finished"}\\n\')\n'
        "    except OSError: pass\n"
        "print('PASSED', flush=True)\nos._exit(0)"
    )
    harm = harm_done(open_sandbox(), forgery)
    assert harm.status == "died"
    assert harm.message == "its process exited with code 0; something else wrote to its report"
    assert harm.stdout == "PASSED\n"


def test_reaching_for_the_pipes_of_other_processes(open_sandbox: "Open") -> None:
    reach = (
        "import os\nfound = []\n"
        "for pid in (1, os.getppid()):\n"
        "    for name in ('fd', 'mem', 'environ'):\n"
        "        path = '/proc/%d/%s' % (pid, name)\n"
        "        try: os.listdir(path) if name == 'fd' else open(path, 'rb').close()\n"
        "        except PermissionError: found.append(name)\n"
        "return found"
    )
    assert harm_done(open_sandbox(), reach).stdout == "['fd', 'mem', 'environ', 'fd', 'mem', 'environ']\n"


def test_deleting_the_repository(open_sandbox: "Open") -> None:
    sandbox = open_sandbox()
    harm = harm_done(sandbox, "import shutil\nshutil.rmtree('/testbed')")
    assert (harm.status, harm.exception) in {("raised", "OSError"), ("raised", "PermissionError")}
    sandbox.make_tree()
    deletion = pytest_results(sandbox, ["hostile"], 30)
    assert deletion.results is None
    assert "No such file or directory: '/kent/tree'" in deletion.command.stderr
    gone = pytest_results(sandbox, ["tests"], 30)
    assert gone.results is None
    sandbox.make_tree()
    again = pytest_results(sandbox, ["tests"], 30)
    assert again.results is not None
    assert again.results["tests.test_shapes::test_area"] is TestStatus.FAILED


def test_taking_the_container_down(open_sandbox: "Open", client: "docker.DockerClient") -> None:
    sandbox = open_sandbox()
    execution = Execution(sandbox, Check(CODE))
    outcomes = execution.run([{}, {}, harmful("return 'well'")])
    assert next(outcomes).status == "finished"
    client.containers.get(sandbox.container_id or "").kill()
    taken = next(outcomes)
    assert taken.status == "died"
    assert "took the container with it" in taken.message
    assert next(outcomes).stdout == "well\n"
