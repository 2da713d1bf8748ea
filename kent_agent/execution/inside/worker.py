"""A warm interpreter: does a check's imports once and forks for each candidate.

It runs in one of two ways. A warm one has done the setup itself, and a fork swaps the code of changed functions. A
cold one has imported only what is not the repository's, and a fork does the setup with the changed files in
place; slower, and right for any change. A cold one with nothing preloaded is a fresh interpreter.
"""

import gc
import linecache
import os
import sys
import threading
import time
import types
from types import CodeType, FunctionType
from typing import Any

from kent_agent.execution.inside.channel import Channel, Closed
from kent_agent.execution.inside.imports import Imports, compile_file, compiled, entries, foreign, loaded
from kent_agent.execution.inside.processes import hide
from kent_agent.execution.inside.snippet import Snippet
from kent_agent.execution.inside.swap import (
    Calls,
    Key,  # noqa: F401, in the comments that give types
    Unswappable,
    functions_of,
    replacements,
    shape,
)
from kent_agent.execution.inside.trial import run


def main(settings: "dict[str, Any]") -> None:
    """Answer requests until the supervisor goes; whatever the repository prints, it prints elsewhere.

    Args:
        settings: `root`, the folder of the repository; `shadowed`, as in `Imports`.
    """
    hide()
    channel = Channel(os.dup(0), os.dup(1))
    for descriptor in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what sitecustomize printed, or every fork would
    sys.argv = [""]
    worker = Worker(settings["root"], settings["shadowed"], [channel.source, channel.sink])
    operations = {
        "entries": lambda request: {"entries": entries(worker.root)},
        "prepare": worker.prepare,
        "attempt": worker.attempt,
    }
    while True:
        try:
            request = channel.receive()
        except Closed:
            return
        answer = operations[request["op"]](request)
        channel.send(dict(answer, id=request["id"]))


class Worker:
    """One check in one interpreter."""

    def __init__(self, root: str, shadowed: str, private: "list[int]") -> None:
        self.root = os.path.realpath(root)
        self.private = private
        self.imports = Imports(self.root, shadowed)
        self.imports.install()
        self.early = loaded(self.root)  # by site or sitecustomize: there before anything could be recorded
        self.namespace = {}  # type: dict[str, Any]
        self.warm = False
        self.files = {}  # type: dict[str, str]
        self.functions = {}  # type: dict[Key, list[FunctionType]]
        self.ran = set()  # type: set[Key]
        self.originals = {}  # type: dict[str, CodeType]
        self.seen = {}  # type: dict[Any, dict[str, Any]]

    def prepare(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """Take on a check.

        Returns:
            `error` where its code is no Python here; of a warm one also `unready`, why it cannot be warm, what a cold
            one can preload, names of `modules` and `files` of the repository, and the `seconds` the setup took.
        """
        try:
            self.snippet = Snippet(request["setup"], request["code"])
        except (SyntaxError, ValueError) as error:
            return {"error": "%s: %s" % (type(error).__name__, error)}
        main_module = types.ModuleType("__main__")
        sys.modules["__main__"] = main_module
        self.namespace = main_module.__dict__
        answer = {}  # type: dict[str, Any]
        if request["warm"]:
            answer = self._warm_up()
        else:
            self.imports.preload(request["modules"])
            self.imports.compile_all(request["files"])
        gc.collect()
        if hasattr(gc, "freeze"):
            gc.freeze()  # forks then share the memory of what is there already
        return answer

    def _warm_up(self) -> "dict[str, Any]":
        started = time.monotonic()
        unready = ""
        try:
            with Calls() as calls:
                self.snippet.prepare(self.namespace)
        except BaseException as error:
            unready = "the setup raises " + type(error).__name__
        if threading.active_count() > 1:
            unready = "the setup starts threads, which no fork has"
        self.warm = True
        self.ran = calls.keys()
        self.files = loaded(self.root)
        self.functions = functions_of(self.files)
        return {
            "unready": unready,
            "modules": foreign(self.root),
            "files": sorted(self.files),
            "seconds": time.monotonic() - started,
        }

    def attempt(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """Run the check with changed files.

        Args:
            request: `files`, path in the repository -> text; `timeout`, `limit`, `trace` as in `trial.run`.

        Returns:
            The outcome; or `unswappable`, why a warm interpreter cannot tell.
        """
        codes = {}  # type: dict[str, CodeType | Exception]
        for path, text in sorted(request["files"].items()):
            real = os.path.join(self.root, path)
            if not path.endswith(".py") or os.path.realpath(real) != real or not os.path.isfile(real):
                return _cannot_run(path + " is no Python file of the repository")
            if real in self.early:
                return _cannot_run(path + " is imported as the interpreter starts")
            codes[real] = compiled(text, real)
        identity = (request["trace"], tuple((path, _shape(code)) for path, code in sorted(codes.items())))
        if identity in self.seen:
            return dict(self.seen[identity], repeated=True)
        try:
            swaps = self._swaps(codes) if self.warm else []
        except Unswappable as reason:
            return {"unswappable": str(reason)}
        outcome = self._fork(request, codes, swaps)
        self.seen[identity] = outcome
        return outcome

    def _swaps(self, codes: "dict[str, CodeType | Exception]") -> "list[tuple[FunctionType, CodeType]]":
        """Which loaded functions get which code; files that are not imported yet need none."""
        swaps = []
        for path, code in codes.items():
            if path not in self.files:
                continue
            if path not in self.originals:
                self.originals[path] = compile_file(path)
            if isinstance(code, Exception):
                raise Unswappable("the file does not compile")
            for key, new in replacements(path, self.originals[path], code, self.ran):
                swaps += [(function, new) for function in self.functions.get(key, ())]
        return swaps

    def _fork(
        self,
        request: "dict[str, Any]",
        codes: "dict[str, CodeType | Exception]",
        swaps: "list[tuple[FunctionType, CodeType]]",
    ) -> "dict[str, Any]":
        def check() -> None:
            self.imports.codes.update(codes)
            for path, text in request["files"].items():
                real = os.path.join(self.root, path)
                linecache.cache[real] = (len(text), None, text.splitlines(True), real)
            for function, code in swaps:
                function.__code__ = code
            if not self.warm:
                self.snippet.prepare(self.namespace)
            self.snippet.check(self.namespace)

        return run(
            check,
            self.root,
            request["id"],
            request["timeout"],
            request["limit"],
            request["trace"],
            self.private,
        )


def _shape(code: "CodeType | Exception") -> "Any":
    return repr(code) if isinstance(code, Exception) else shape(code)


def _cannot_run(reason: str) -> "dict[str, Any]":
    return {"status": "cannot_run", "message": reason, "stdout": "", "stderr": "", "seconds": 0.0}
