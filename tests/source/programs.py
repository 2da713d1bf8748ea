"""Programs to test on: real modules, small random changes of them, and whether two of them run alike."""

import ast
import io
import keyword
import tokenize
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import kent_agent
from kent_agent.source.symbols import parse

SHAPES = '''\
"""Every shape of statement and list that the grammar has sites in."""
from __future__ import annotations
import os, re as regex
from a.b import (
    c,
    d as e,
)

@decorated
@other(1)
class Shape(Base, metaclass=Meta):
    """A shape."""
    size: int = 1
    names = ("a", )
    def area(self, unit=None, /, scale: float = 1.0, *rest, deep=False, **more) -> "int | None":  # squared
        total, = self.parts[1:, ::2], ; self.seen = not unit
        try:
            with open(self.path, "rb") as file, lock:
                total += file.read(1) ** -2
        except (OSError, ValueError) as error:
            raise Broken(f"{error!r} in {self}") from None
        except KeyError: pass
        else:
            del total[0], rest
        finally:
            # always
            self.close()
        for i, (x, y) in enumerate(zip(*rest)):
            if x is not None and y < i <= 3 or not deep:
                continue
            elif x:
                break
            else: yield {**more, x: [n for n in y if n if n > 1], "k": {1, 2}}
        while (n := next(self)) != b"\\n": self.log('%s' % n, end="" "x", *rest, **more)
        return lambda a, *b: (a if b else -a) @ total[0]

    async def run(self):
        global state
        async with self.lock: await self.go()
        async for _ in self: assert _, "none"
        match self.kind:
            case "a" | None if self.ok:
                return (yield)
            case Point(x=0, y=[1, *_]):
                pass

    def empty(self): ...
    @property
    def bare(self):
        return

def outer():
    value = 1
    def inner():
        nonlocal value
        value = print(value, "value", file=sys . stderr)
    return inner
'''


_FOLDER = Path(kent_agent.__file__).parent
_FILES = ("durable.py", "hardened_git.py", "operations.py", "progress.py", "task.py")

MODULES = {"shapes": SHAPES} | {name: (_FOLDER / name).read_text(encoding="utf-8") for name in _FILES}
"""By name, the shapes and modules of this project small enough to compare in no time."""


def runs_like(left: str, right: str) -> bool:
    """Whether two texts have one syntax tree, docstrings, `pass`, literals' prefixes and the order of imports aside."""
    return _told(left) == _told(right)


def _told(text: str) -> tuple[str, list[str]]:
    tree = parse(text)
    imported = {
        ast.dump(type(node)(**vars(node) | {"names": [name]}))
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = None
        for name in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, name, None), list):
                setattr(node, name, [child for child in getattr(node, name) if not _idle(child)])
    return ast.dump(tree), sorted(imported)


def _idle(node: ast.AST) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def parses(text: str) -> bool:
    """Whether a text is Python."""
    try:
        parse(text)
    except SyntaxError:
        return False
    return True


def mutations(text: str, random: Random, tries: int = 30) -> Iterator[str]:
    """Texts that differ from one in a token or a line or two, as far as they parse; at most so many."""
    for _ in range(tries):
        changed = random.choice(_MUTATIONS)(text, random)
        if changed != text and parses(changed):
            yield changed


def _names(text: str) -> list[tuple[str, int, int]]:
    """Names, numbers and strings with their offsets."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    wanted = (tokenize.NAME, tokenize.NUMBER, tokenize.STRING)
    return [
        (token.string, starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1])
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in wanted and not keyword.iskeyword(token.string)
    ]


def _in_token(change: Callable[[str, str], str]) -> Callable[[str, Random], str]:
    """A mutation that makes of a token, and another one of the text, what stands in its place."""

    def mutate(text: str, random: Random) -> str:
        names = _names(text)
        old, start, end = random.choice(names)
        return text[:start] + change(old, random.choice(names)[0]) + text[end:]

    return mutate


def _in_lines(change: Callable[[Sequence[str]], Sequence[str]]) -> Callable[[str, Random], str]:
    """A mutation of some lines."""

    def mutate(text: str, random: Random) -> str:
        lines = text.splitlines(keepends=True)
        at = random.randrange(len(lines))
        stop = at + random.randint(1, 3)
        return "".join([*lines[:at], *change(lines[at:stop]), *lines[stop:]])

    return mutate


def _under_if(lines: Sequence[str]) -> Sequence[str]:
    blanks = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return [f"{blanks}if ready:\n", *(f"    {line}" if line.strip() else line for line in lines)]


def _renamed(text: str, random: Random) -> str:
    """The text with another name for all tokens of one."""
    name = random.choice([name for name, *_ in _names(text) if name.isidentifier()])
    for found, start, end in reversed(_names(text)):
        if found == name:
            text = f"{text[:start]}{name}_{text[end:]}"
    return text


_MUTATIONS: list[Callable[[str, Random], str]] = [
    _in_token(lambda old, other: other),
    _in_token(lambda old, other: f"{old}, {other}"),
    _in_token(lambda old, other: f"{other}.{old}"),
    _in_token(lambda old, other: f"{old}.{other}"),
    _in_token(lambda old, other: f"{old} or {other}"),
    _in_token(lambda old, other: f"not {old}"),
    _in_token(lambda old, other: f"({old} + {other})"),
    _in_token(lambda old, other: f"{other}({old}, k={other})"),
    _in_token(lambda old, other: f"{old}[{other}:]"),
    _in_token(lambda old, other: ""),
    _in_token(lambda old, other: "7"),
    _in_lines(lambda lines: []),
    _in_lines(lambda lines: [*lines, *lines]),
    _in_lines(lambda lines: [*lines[1:], lines[0]]),
    _in_lines(lambda lines: [*lines, "    " * 2 + "print(total)\n"]),
    _in_lines(lambda lines: [line.replace(", ", " + ", 1) for line in lines]),
    _in_lines(lambda lines: [line.removeprefix("    ") for line in lines]),
    _in_lines(_under_if),
    _renamed,
]
