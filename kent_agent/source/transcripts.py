"""Sessions of the interactive interpreter and of IPython in a text: what was typed, and what was answered."""

import ast
import codeop
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from kent_agent.source.symbols import parse

_PROMPT = re.compile(r"([ \t>]*?)(>>> ?|In ?\[\d*\]: ?)")
_MORE = re.compile(r"\s*(?:\.\.\.(?: |$)|\.{3,}: ?)")
_ANSWER = re.compile(r"\s*Out ?\[\d*\]: ?")
HOOK = "sys.displayhook"  # what the interpreter itself calls
_MAGIC = re.compile(r"\s*[%!]|[\w.]+\?+\s*$")
_LEADING = re.compile(r"from __future__ |#|\s*$")  # what imports of the rest may follow
_LONGEST = 300  # lines of a statement


@dataclass(frozen=True)
class Turn:
    """What was typed at one prompt, and what was printed below; `line` is the prompt's, from 0 in the text."""

    code: str
    output: str
    line: int


def has_prompts(text: str) -> bool:
    """Whether any line begins with a prompt."""
    return any(_PROMPT.match(line) for line in text.split("\n"))


def is_ipython(text: str) -> bool:
    """Whether the first prompt is IPython's."""
    return bool(re.search(r"^[ \t>]*In ?\[\d*\]:", text, re.MULTILINE))


def turns(text: str) -> list[Turn]:
    """The turns of a session; text before its first prompt belongs to none.

    A statement that a prompt leaves unfinished goes on in the lines below, also where these lack their `...`.
    """
    found: list[Turn] = []
    code: list[str] = []
    output: list[str] = []
    start, column = -1, 0

    def close() -> None:
        if start >= 0:
            found.append(Turn("\n".join(code).rstrip(), "\n".join(output).strip("\n"), start))

    for number, line in enumerate(text.split("\n")):
        if prompt := _PROMPT.match(line):
            close()
            code, output, start, column = [line[prompt.end() :]], [], number, len(prompt.group(1))
        elif start < 0:
            continue
        elif not output and (more := _MORE.match(line)):
            code.append(line[more.end() :])
        elif not output and line.strip() and _goes_on(code, line, column):
            code.append(line[column:] if not line[:column].strip() else line)
        elif line.strip() or output:
            output.append(_ANSWER.sub("", line[column:] if not line[:column].strip() else line, count=1))
    close()
    return found


def _goes_on(code: list[str], line: str, column: int) -> bool:
    """Whether a line without a prompt is still part of a statement."""
    if len(code) > _LONGEST:
        return False
    if _unfinished("\n".join(code)):
        return True
    indented = line[column : column + 1] in (" ", "\t")
    return len(code) > 1 and indented and code[-1][:1] in (" ", "\t") and _parses("\n".join([*code, line[column:]]))


def _unfinished(code: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return codeop.compile_command(code, symbol="exec") is None
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            return False


def _parses(code: str) -> bool:
    try:
        parse(code)
    except SyntaxError:
        return False
    return True


def is_magic(line: str) -> bool:
    """Whether a line is a command to IPython or to its shell."""
    return bool(_MAGIC.match(line))


def displayed(code: str, numbers: Iterable[int]) -> str:
    """Code whose expression statements print what they come to, as they do at a prompt; it needs `import sys`.

    Args:
        code: parsable.
        numbers: of the statements of the module that are displayed, if they are expressions other than strings.
    """
    body = parse(code).body
    lines = code.encode().split(b"\n")  # offsets of syntax nodes are in bytes
    chosen = {n % len(body) for n in numbers} if body else set()
    for i in sorted(chosen, reverse=True):
        node = body[i]
        if not isinstance(node, ast.Expr) or _prints(node.value):
            continue
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        end = node.end_col_offset or 0
        lines[last] = lines[last][:end] + b")" + lines[last][end:]
        lines[first] = lines[first][: node.col_offset] + HOOK.encode() + b"(" + lines[first][node.col_offset :]
    return b"\n".join(lines).decode()


def with_imports(code: str, statements: Iterable[str]) -> str:
    """Code with import statements before it, those from `__future__` first, and none that it begins with already."""
    lines = code.split("\n")
    first = next((i for i, line in enumerate(lines) if not _LEADING.match(line)), len(lines))
    future, rest = lines[:first], lines[first:]
    if not any(line.startswith("from __future__") for line in future):
        future, rest = [], lines
    return "\n".join([*future, *(each for each in dict.fromkeys(statements) if each not in rest), *rest])


def _prints(node: ast.expr) -> bool:
    """Whether a statement is no use to display: a call of `print`, or a string that is a comment."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("print", "pprint")
    return isinstance(node, ast.Constant) and (isinstance(node.value, str) or node.value is ...)
