"""The programs for the container, as far as they can be tested outside of one."""

import ast
import os
import stat
import sys
import time
from importlib.resources import files
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from kent_agent.execution.inside.channel import Channel, Closed, Late
from kent_agent.execution.inside.files import Leavings, read_report, remove
from kent_agent.execution.inside.snippet import CHECK, Snippet
from kent_agent.execution.inside.swap import Calls, Key, Unswappable, functions_of, replacements, shape
from kent_agent.execution.inside.trial import Report
from kent_agent.execution.inside.watching import Excerpt
from kent_agent.execution.sandbox import PACKAGE, SUPERVISOR, WORKER

PROGRAMS = sorted({*SUPERVISOR, *WORKER, "plain_tests"})
NEWER = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_python_3_5_and_needs_the_standard_library_alone(name: str) -> None:
    text = (files(PACKAGE) / f"{name}.py").read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 5))
    assert not [node for node in ast.walk(tree) if isinstance(node, NEWER)]
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    own = {module for module in imported if module.startswith(PACKAGE)}
    assert {module.partition(".")[0] for module in imported - own} <= sys.stdlib_module_names
    order = WORKER if name in WORKER else SUPERVISOR if name in SUPERVISOR else (name,)
    assert own <= {f"{PACKAGE}.{earlier}" for earlier in order[: order.index(name)]}  # each is loaded before


def test_every_program_is_sent(tmp_path: Path) -> None:
    present = {entry.name.removesuffix(".py") for entry in files(PACKAGE).iterdir() if entry.name.endswith(".py")}
    assert present - {"__init__"} == set(PROGRAMS)


MODULE = """
def outer(function):
    def wrapper(*args):
        return "<" + function(*args) + ">"
    return wrapper

@outer
def name(first, last="x"):
    return first + last

class Person:
    def greet(self):
        def inner():
            return "hello"
        return inner()

RESULT = name("a")
"""
CALLS = ("name('b')", "Person().greet()", "outer(str)(1)", "RESULT")


def imported(path: Path, text: str) -> tuple[dict[str, Any], CodeType, set[Key]]:
    """A module as the import system would run it, and what ran meanwhile."""
    code = compile(text, str(path), "exec", dont_inherit=True)
    namespace: dict[str, Any] = {"__name__": "module"}
    with Calls() as calls:
        exec(code, namespace)
    return namespace, code, calls.keys()


def results(namespace: dict[str, Any]) -> list[Any]:
    return [eval(call, namespace) for call in CALLS]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('return "hello"', 'return "good day"'),
        ("return inner()", "return inner() * 2"),
        ("        def inner():", "        text = 'what'\n        def inner():"),
        ("\ndef outer(", "\n\n\ndef outer("),
        ("class Person:\n    def greet(self):\n", "class Person:\n    def greet(self):\n        import os\n"),
    ],
)
def test_swapped_code_does_what_a_new_import_would(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "module.py"
    namespace, before, ran = imported(path, MODULE)
    changed = MODULE.replace(old, new)
    assert changed != MODULE
    functions = functions_of({str(path): "module"})
    for key, code in replacements(str(path), before, compile(changed, str(path), "exec", dont_inherit=True), ran):
        for function in functions.get(key, ()):
            function.__code__ = code
    expected, _, _ = imported(path, changed)
    assert results(namespace) == results(expected)
    lines = [namespace["Person"].greet.__code__.co_firstlineno, namespace["outer"].__code__.co_firstlineno]
    assert lines == [expected["Person"].greet.__code__.co_firstlineno, expected["outer"].__code__.co_firstlineno]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return first + last", "return last + first"),  # ran for RESULT
        ('"<" + function', '"[" + function'),
        ("return wrapper", "return function"),
        ('last="x"', 'last="y"'),
        ("def greet(self):", "def greet(self, other=None):"),
        ("def greet(self):\n", "def greet(this):\n"),
        ("        def inner():", "        '''Says it.'''\n        def inner():"),
        ("def greet", "async def greet"),
        ("RESULT = ", "OTHER = "),
    ],
)
def test_what_ran_or_was_looked_at_needs_a_new_import(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "module.py"
    _, before, ran = imported(path, MODULE)
    changed = compile(MODULE.replace(old, new), str(path), "exec", dont_inherit=True)
    assert shape(changed) != shape(before)
    with pytest.raises(Unswappable):
        list(replacements(str(path), before, changed, ran))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("x = 1", "x = 1  # one", True),
        ("def f():\n return 2", "\n\ndef f():\n\n  return (2)", True),
        ("x = 1", "x = 1.0", False),
        ("x = 0.0", "x = -0.0", False),
        ("def f(): return True", "def f(): return 1", False),
        ("f(lambda: 1)", "f(lambda: 2)", False),
        ("x in {1, 2}", "x in {1, 3}", False),
    ],
)
def test_candidates_are_identical_when_their_code_does_the_same(left: str, right: str, same: bool) -> None:
    assert (shape(compile(left, "a", "exec")) == shape(compile(right, "b", "exec"))) is same


def test_leading_imports_are_the_setup_and_lines_stay_what_they_were() -> None:
    code = '"""Doc."""\nfrom __future__ import annotations\nimport os\n\nx: undefined = 1\nimport sys\n1 / 0\n'
    snippet = Snippet("y = 2", code)
    namespace: dict[str, Any] = {}
    snippet.prepare(namespace)
    assert {"os", "y"} <= namespace.keys()
    assert not {"x", "sys"} & namespace.keys()
    with pytest.raises(ZeroDivisionError) as caught:
        snippet.check(namespace)
    assert caught.traceback[-1].lineno + 1 == 7
    assert str(caught.traceback[-1].path) == CHECK
    assert namespace["__annotations__"] == {"x": "undefined"}


def test_a_channel_passes_over_what_is_no_message() -> None:
    source, sink = os.pipe()
    os.write(sink, b'PASSED\n[1]\n"text"\n\xff\xfe\n')
    channel = Channel(source, sink)
    long = {"text": "ü" * 1000}
    channel.send(long)
    assert channel.receive() == long
    with pytest.raises(Late):
        channel.receive(time.monotonic() + 0.01)
    os.close(sink)
    with pytest.raises(Closed):
        channel.receive()
    os.close(source)


def test_a_channel_does_not_wait_for_a_reader_that_hangs() -> None:
    source, sink = os.pipe()
    with pytest.raises(Late):
        Channel(source, sink).send({"text": "x" * 1_000_000}, time.monotonic() + 0.05)
    os.close(source)
    os.close(sink)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_report_counts_only_behind_its_token(size: int) -> None:
    written = b'PASSED\n{"status": "finished"}\nwrong {"status": "finished"}\nnoise\ntoken {"status": "raised"}\n'
    report = Report("token")
    for start in range(0, len(written), size):
        report.add(written[start : start + size])
    assert report.found == {"status": "raised"}
    assert report.forged
    honest = Report("token")
    honest.add(b'\ntoken {"status": "finished"}\n')
    assert (honest.found, honest.forged) == ({"status": "finished"}, False)


def test_an_excerpt_keeps_both_ends() -> None:
    excerpt = Excerpt(10)
    for part in (b"abc", b"defg"):
        excerpt.add(part)
    assert excerpt.text() == "abcdefg"
    excerpt.add(b"h" * 100 + b"yz")
    assert excerpt.text() == "abcde\n[... 99 bytes left out ...]\nhhhyz"


def test_leavings_are_removed_and_what_was_there_before_stays(tmp_path: Path) -> None:
    own = tmp_path / "home"
    leavings = Leavings([str(own)], [str(own)])
    leavings.clear()
    (own / "cache").mkdir()
    (own / "cache" / "kept").touch()
    leavings.settle()
    (own / "cache" / "new").touch()
    (own / "deep" / "er").mkdir(parents=True)
    (own / "link").symlink_to("/")
    leavings.clear()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["cache", "home", "kept"]
    remove(str(own))
    leavings.clear()
    assert own.is_dir()


def test_a_folder_that_forbids_its_removal_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "file").touch()
    folder.chmod(0)
    folder.parent.chmod(stat.S_IRUSR)
    remove(str(folder.parent))
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_read_from_a_regular_file_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    names = ("file", "link", "fifo", "absent")
    assert [read_report(str(tmp_path / name)) for name in names] == ["text", None, None, None]


def test_functions_are_found_wherever_they_are_held(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    namespace, _, _ = imported(path, MODULE)
    found = functions_of({str(path): "module"})
    held = {function.__qualname__ for functions in found.values() for function in functions}
    assert held == {"outer", "outer.<locals>.wrapper", "name", "Person.greet"}
    assert all(isinstance(function, FunctionType) for functions in found.values() for function in functions)
    assert namespace["RESULT"] == "<ax>"
