"""Process 1 of the container: takes requests, starts and ends all other processes, and ends when it is time.

It runs no code but its own: no site, no repository. The kernel lets no process of the container kill it, and it keeps
the others out of its memory and its pipes. When it ends, all end.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from kent_agent.execution.inside.channel import Channel, Closed, Late
from kent_agent.execution.inside.files import Leavings, copy_repository, read_report
from kent_agent.execution.inside.processes import hide, kill_group, sweep, yield_to_parent
from kent_agent.execution.inside.watching import Excerpt, watch

BUDGET_SPENT = 124  # the exit code after the last second
TICK = 0.1  # seconds between two looks at the clock
GRACE = 3.0  # seconds that an interpreter has to say that its fork took too long


def main(settings: "dict[str, Any]") -> None:
    """Answer the host's requests until it goes or the budget is spent.

    Args:
        settings: `root`, the repository; `work`, the folder to write to; `budget` in seconds of work; `command`, how to
            start a worker, to which its settings are added.
    """
    hide()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that Python would have listened to
    budget = Budget(settings["budget"])
    host = Channel(0, 1)
    try:
        with budget:
            supervisor = Supervisor(settings, host)
        while True:
            request = host.receive()
            with budget:
                answer = supervisor.answer(request)
            host.send(dict(answer, id=request["id"]))
    except Closed:
        os._exit(0)


class Budget:
    """Seconds of work, spent inside of `with`; when they are, the process ends."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        self.end = None  # type: float | None
        # A thread, for no other process can stop or hurry it as it could an alarm.
        threading.Thread(target=self._watch, daemon=True).start()

    def __enter__(self) -> None:
        self.end = time.monotonic() + self.left

    def __exit__(self, *_: object) -> None:
        assert self.end is not None
        self.left, self.end = self.end - time.monotonic(), None

    def _watch(self) -> None:
        while True:
            time.sleep(TICK)
            end = self.end
            if end is not None and time.monotonic() > end:
                os._exit(BUDGET_SPENT)


class Gone(Exception):
    """An interpreter that does not answer any more; the message says why."""


class Supervisor:
    """The one check, the one tree and the interpreters of a container."""

    def __init__(self, settings: "dict[str, Any]", host: Channel) -> None:
        self.root = os.path.realpath(settings["root"])
        self.command = settings["command"]  # type: list[str]
        self.host = host
        work = settings["work"]
        self.tree = os.path.join(work, "tree")
        self.scratch, self.home, self.temporary = (os.path.join(work, name) for name in ("scratch", "home", "tmp"))
        own = [self.scratch, self.home, self.temporary]
        self.leavings = Leavings(own + ["/tmp", "/dev/shm"], own)
        self.leavings.clear()
        self.environment = dict(os.environ, HOME=self.home, TMPDIR=self.temporary)
        self.check = {}  # type: dict[str, Any]
        self.warm = None  # type: Interpreter | None
        self.cold = None  # type: Interpreter | None
        self.unready = ""
        self.preload = {"modules": [], "files": []}  # type: dict[str, list[str]]
        self.setup_seconds = 0.0
        self.entries = self._entries()

    def answer(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """What one request asks for; afterwards only the interpreters are left running."""
        try:
            answer = getattr(self, "do_" + request["op"])(request)  # type: dict[str, Any]
        finally:
            self._tidy()
        return answer

    def do_start(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """Nothing but an answer."""
        return {"python": list(sys.version_info[:3])}

    def do_check(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """Take on a check, and warm an interpreter for it."""
        self._dismiss()
        self.check = request
        self.unready = ""
        self.preload = {"modules": [], "files": []}
        self.setup_seconds = request["setup_timeout"]
        answer = self._warm_up()
        return {"error": answer.get("error", ""), "unready": self.unready, "seconds": answer.get("seconds", 0.0)}

    def do_attempt(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """The check with changed files, in a fork of the warm interpreter or else of the cold one."""
        if self.warm is None and not self.unready:
            self._warm_up()
        if self.warm is not None:
            answer = self._ask(self.warm, request)
            if "unswappable" not in answer:
                return dict(answer, how="warm")
        if self.cold is None:
            self.cold = self._start(self.root)
            try:
                self._prepare(self.cold, dict(self.preload, warm=False))
            except Gone as gone:
                self.cold = None
                return _died("the interpreter did not start: %s" % gone)
        slower = dict(request, timeout=request["timeout"] + 2 * self.setup_seconds)
        return dict(self._ask(self.cold, slower), how="cold")

    def do_tree(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """A fresh copy of the repository, `diff` applied to it; `error` says what is wrong with the diff."""
        copy_repository(self.root, self.tree)
        if not request["diff"]:
            return {"error": ""}
        patch = os.path.join(self.scratch, "candidate.diff")
        with open(patch, "wb") as file:
            file.write(request["diff"].encode())
        done = self._execute(["git", "apply", "--whitespace=nowarn", patch], request["timeout"], 4000)
        return {"error": "" if done["code"] == 0 else done["stderr"].strip() or "git apply took too long"}

    def do_fresh(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """The check in a new interpreter, on the tree."""
        interpreter = self._start(self.tree)
        try:
            answer = self._prepare(interpreter, {"warm": False, "modules": [], "files": []})
            if answer.get("error"):
                return {"status": "cannot_run", "message": answer["error"], "how": "fresh"}
            slower = dict(request, op="attempt", files={}, timeout=request["timeout"] + 2 * self.setup_seconds)
            outcome = interpreter.ask(slower, slower["timeout"] + GRACE)
            return dict(outcome, how="fresh")
        except Gone as gone:
            return dict(_died(str(gone)), how="fresh")
        finally:
            interpreter.end()

    def do_command(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """A command in the tree."""
        result = self._execute(request["argv"], request["timeout"], request["limit"])
        return dict(result, report=read_report(request["report"]) if request["report"] else None)

    def _warm_up(self) -> "dict[str, Any]":
        self.warm = self._start(self.root)
        answer = {}  # type: dict[str, Any]
        try:
            answer = self._prepare(self.warm, {"warm": True})
            self.unready = answer.get("error") or answer.get("unready", "")
        except Gone as gone:
            self.unready = "the setup did not end: %s" % gone
        self.preload = {"modules": answer.get("modules", []), "files": answer.get("files", [])}
        self.setup_seconds = answer.get("seconds", self.setup_seconds)
        if self.unready:
            self.warm.end()
            self.warm = None
        else:
            self.leavings.settle()
        return answer

    def _prepare(self, interpreter: "Interpreter", details: "dict[str, Any]") -> "dict[str, Any]":
        request = dict(self.check, **details)
        return interpreter.ask(dict(request, op="prepare"), self.check["setup_timeout"])

    def _ask(self, interpreter: "Interpreter", request: "dict[str, Any]") -> "dict[str, Any]":
        """An outcome; where the candidate took the interpreter with it, the next gets new ones."""
        try:
            return interpreter.ask(request, request["timeout"] + GRACE)
        except Gone as gone:
            self._dismiss()  # both: what killed one may have killed the other
            return _died("it took the interpreter with it: %s" % gone)

    def _start(self, root: str) -> "Interpreter":
        return self._interpreter(root, self._environment(root))

    def _interpreter(self, root: str, environment: "dict[str, str]") -> "Interpreter":
        settings = json.dumps({"root": root, "shadowed": "" if root == self.root else self.root})
        return Interpreter(self.command + [settings], environment, self.scratch, self.host)

    def _environment(self, root: str) -> "dict[str, str]":
        """Variables with which the repository is imported from `root`."""
        places = [root + entry for entry in self.entries] + [root]
        others = [
            place
            for place in self.environment.get("PYTHONPATH", "").split(os.pathsep)
            if place and not os.path.realpath(place).startswith(self.root)
        ]
        return dict(self.environment, PYTHONPATH=os.pathsep.join(places + others))

    def _entries(self) -> "list[str]":
        """Where below the repository the image's Python imports from, relative to it."""
        interpreter = self._interpreter(self.root, self.environment)
        try:
            found = interpreter.ask({"op": "entries", "id": os.urandom(16).hex()}, 60)["entries"]
        except Gone as gone:
            raise SystemExit("the image's Python does not start: %s" % gone)
        finally:
            interpreter.end()
        return [entry[len(self.root) :] for entry in found if entry != self.root]

    def _execute(self, argv: "list[str]", timeout: float, limit: int) -> "dict[str, Any]":
        started = time.monotonic()
        out, err = Excerpt(limit), Excerpt(limit)
        try:
            process = subprocess.Popen(
                argv,
                cwd=self.tree,
                env=self._environment(self.tree),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=yield_to_parent,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return {"code": None, "timed_out": False, "stdout": "", "stderr": str(error), "seconds": 0.0}
        assert process.stdout is not None and process.stderr is not None
        readers = {process.stdout.fileno(): out.add, process.stderr.fileno(): err.add}

        def ended() -> bool:
            _listen(self.host)
            return process.poll() is not None

        in_time = watch(readers, ended, started + timeout)
        kill_group(process.pid)
        process.wait()
        process.stdout.close()
        process.stderr.close()
        return {
            "code": process.returncode,
            "timed_out": not in_time,
            "stdout": out.text(),
            "stderr": err.text(),
            "seconds": time.monotonic() - started,
        }

    def _tidy(self) -> None:
        """End what the last request left running, remove what it left lying."""
        if self.warm is not None and not self.warm.is_alive():
            self.warm = None
        if self.cold is not None and not self.cold.is_alive():
            self.cold = None
        kept = [interpreter.pid for interpreter in (self.warm, self.cold) if interpreter is not None]
        if not sweep(kept):
            self._dismiss()
        self.leavings.clear()

    def _dismiss(self) -> None:
        for interpreter in (self.warm, self.cold):
            if interpreter is not None:
                interpreter.end()
        self.warm = self.cold = None


class Interpreter:
    """A worker process."""

    def __init__(self, command: "list[str]", environment: "dict[str, str]", folder: str, host: Channel) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.pid = self.process.pid
        self.channel = Channel(self.process.stdout.fileno(), self.process.stdin.fileno())
        self.host = host

    def ask(self, request: "dict[str, Any]", timeout: float) -> "dict[str, Any]":
        """Its answer to a request; lines that do not carry the request's id are not its answer.

        Raises:
            Gone: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + timeout
        try:
            self.channel.send(request, deadline)
            while True:
                answer = self._receive(deadline)
                if answer.pop("id", None) == request["id"]:
                    return answer
        except Late:
            raise Gone("it did not answer within %.0f s" % timeout)
        except Closed:
            raise Gone("it ended, " + self._status())

    def _receive(self, deadline: float) -> "dict[str, Any]":
        """Waits with an ear to the host: without it there is no sense in going on."""
        while True:
            try:
                return self.channel.receive(min(deadline, time.monotonic() + 1))
            except Late:
                _listen(self.host)
                if time.monotonic() > deadline:
                    raise

    def _status(self) -> str:
        try:
            status = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "or closed its pipes"
        return "by signal %d" % -status if status < 0 else "with code %d" % status

    def is_alive(self) -> bool:
        """Whether nothing has killed it behind the supervisor's back."""
        return self.process.poll() is None

    def end(self) -> None:
        """Kill it, and wait until it is dead."""
        kill_group(self.pid)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue


def _listen(host: Channel) -> None:
    """Ends with a host that is gone, also in the middle of something."""
    if select.select([host.source], [], [], 0)[0]:
        try:
            host.read()
        except Closed:
            os._exit(0)


def _died(reason: str) -> "dict[str, Any]":
    return {"status": "died", "message": reason, "stdout": "", "stderr": "", "seconds": 0.0}
