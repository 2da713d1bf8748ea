"""Pieces of code in an issue's text: sessions with prompts, scripts in fences and between them, shell commands.

Each is made to run where that is mechanical: prompts, magic commands and pasted output are taken out, what is shown is
made to be printed.
"""

import ast
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from kent_agent.source.bindings import bound_names, import_statements
from kent_agent.source.blocks import Block, blocks
from kent_agent.source.symbols import parse
from kent_agent.source.transcripts import displayed, has_prompts, is_ipython, is_magic, turns


class SnippetKind(StrEnum):
    """How an issue gives a snippet."""

    DOCTEST = "doctest"  # at the interpreter's prompts
    IPYTHON = "ipython"  # at IPython's prompts
    SCRIPT = "script"  # in a fence
    UNFENCED = "unfenced"  # between the lines
    SHELL = "shell"  # `python -c`, or a document fed to `python` or written to a .py file
    TEST = "test"  # functions for pytest, which are called


_PYTHON = frozenset("python python2 python3 py py3 pycon python-repl ipython ipython3 pytb doctest".split())
_CUT = re.compile(
    r"\s*(?:Traceback \(most recent call last\)|Exception in thread|#+\s*(?:out(?:put)?|prints|result)\s*:?\s*$)"
)
_PRINT = re.compile(r"^([ \t]*)print[ \t]+(?![=(])(.+)$", re.MULTILINE)
_COMMAND = re.compile(
    r"^[ \t]*(?:\S{0,80}[$#%] ?)?(?:\w+=\S+ ){0,5}\S{0,80}python[\d.]*(?: -[A-Za-bd-z]\w*)* -c (['\"])", re.MULTILINE
)
_HEREDOC = re.compile(
    r"^[^\n]*?(?:\bpython[\d.]*\b[^\n]*<<|<<(?=[^\n]*>\s*\S+\.py))\s*-?\s*['\"]?(\w+)['\"]?[^\n]*\n(.*?)^\s*\1\s*$"
    r"|^[^\n]*>\s*\S+\.py\s*<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n(.*?)^\s*\3\s*$",
    re.MULTILINE | re.DOTALL,
)
_LONGEST = 20_000  # characters of a piece
_LONGEST_ISSUE = 200_000  # characters that are read
_PIECES = 40  # of one issue
_RETRIES = 40  # lines that may end a script before it parses


@dataclass(frozen=True)
class Piece:
    """Code of one block, before it is joined with others.

    Attributes:
        code: parsable.
        kind: how it is given.
        start: its first line in the issue, 1-based.
        end: its last line, inclusive.
        heading: what it stands under.
        printed: what is shown below it, or in it below its prompts.
        repairs: what was done to it, in words.
    """

    code: str
    kind: SnippetKind
    start: int
    end: int
    heading: str
    printed: str = ""
    repairs: tuple[str, ...] = ()

    @cached_property
    def makes(self) -> set[str]:
        """Names that it binds."""
        return bound_names(self.code)

    @cached_property
    def imports(self) -> dict[str, str]:
        """The statements that import the names which it imports."""
        return import_statements(self.code)


def pieces(text: str) -> list[Piece]:
    """The pieces of an issue, in its order; any text has them."""
    return [piece for block in blocks(text[:_LONGEST_ISSUE]) for piece in _pieces(block)][:_PIECES]


def _pieces(block: Block) -> Iterator[Piece]:
    if len(block.text) > _LONGEST:
        return
    if has_prompts(block.text):
        yield from filter(None, [_session(block)])
        return
    yield from _commands(block)
    if block.language is None:
        yield from _paragraphs(block)
    elif block.language in _PYTHON or not block.language:
        yield from filter(None, [_script(block, block.text, block.start, SnippetKind.SCRIPT)])


def _session(block: Block) -> Piece | None:
    """The code of a session; what does not parse, or is a magic command, is left out."""
    kind = SnippetKind.IPYTHON if is_ipython(block.text) else SnippetKind.DOCTEST
    codes: list[str] = []
    outputs: list[str] = []
    repairs = ["prompts stripped"]
    typed = turns(block.text)
    for turn in typed:
        code, mended = _parsable(turn.code) if turn.code.strip() and not is_magic(turn.code) else (None, "")
        if code is None:
            repairs += [f"left out: {turn.code.strip()[:60]}"] if turn.code.strip() else []
            continue
        codes.append(displayed(code, [-1]) if not code.rstrip().endswith(";") else code)
        outputs += [turn.output] if turn.output else []
        repairs += [mended] if mended else []
    if not codes:
        return None
    start = block.start + typed[0].line
    return _piece("\n".join(codes), kind, (start, block.end), block.heading, "\n".join(outputs), repairs)


def _commands(block: Block) -> Iterator[Piece]:
    """What the block's shell commands give to Python."""
    for match in _COMMAND.finditer(block.text):
        quoted = block.text[match.start(1) :]
        end = _closing_quote(quoted)
        if end is None:
            continue
        try:
            code = shlex.split(quoted[: end + 1])[0]
        except (ValueError, IndexError):
            continue
        yield from _shell(block, code, match.start(), match.start(1) + end)
    for match in _HEREDOC.finditer(block.text) if "<<" in block.text else ():
        yield from _shell(block, match.group(2) or match.group(4) or "", match.start(), match.end())


def _shell(block: Block, code: str, first: int, last: int) -> Iterator[Piece]:
    lines = [block.start + block.text.count("\n", 0, at) for at in (first, last)]
    mended, repair = _parsable(textwrap.dedent(code))
    if mended:
        repairs = ["taken from a shell command", *([repair] if repair else [])]
        yield _piece(mended, SnippetKind.SHELL, (lines[0], lines[1]), block.heading, "", repairs)


def _closing_quote(text: str) -> int | None:
    """Where the quote that begins a text ends."""
    for i in range(1, len(text)):
        if text[i] == text[0] and (text[0] == "'" or text[i - 1] != "\\"):
            return i
    return None


def _paragraphs(block: Block) -> Iterator[Piece]:
    """Paragraphs of unfenced text that are code as they stand; neighbouring ones are one script."""
    lines: list[str] = []
    first = begun = 0
    for number, line in [*enumerate(block.text.split("\n")), (-1, "end.")]:
        paragraph_ends = not line.strip() or number < 0
        if not paragraph_ends:
            first = number if not lines else first
            lines.append(line)
            continue
        if lines and number >= 0 and _is_code("\n".join(lines[begun:])):
            lines.append(line)  # the next paragraph may go on
            begun = len(lines)
            continue
        yield from _unfenced(block, lines[:begun] or lines, first)
        lines, begun = [], 0


def _is_code(paragraph: str) -> bool:
    """Whether a paragraph is code rather than words, which parse as names and operators now and then."""
    code, _ = _parsable(textwrap.dedent(paragraph))
    words = (ast.Expr, ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Tuple, ast.AnnAssign)
    tokens = (ast.operator, ast.unaryop, ast.cmpop, ast.expr_context)
    return code is not None and any(
        not isinstance(node, words + tokens) for statement in parse(code).body for node in ast.walk(statement)
    )


def _unfenced(block: Block, lines: list[str], first: int) -> Iterator[Piece]:
    """The code that lines begin with, up to a paragraph that is none."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        return
    piece = _script(block, "\n".join(lines), block.start + first, SnippetKind.UNFENCED)
    if piece and re.search(r"^\s*(?:import|from)\s|[\w\])]\s*=\s*[\w.]+\(|^[\w.]+\(", piece.code, re.MULTILINE):
        yield piece


def _script(block: Block, text: str, start: int, kind: SnippetKind) -> Piece | None:
    """The longest beginning of a text that is code; what follows it is what it prints."""
    lines = textwrap.dedent(text.replace("\xa0", " ")).split("\n")
    repairs = []
    magic = [line for line in lines if is_magic(line)]
    if magic and not _parsable("\n".join(lines))[0]:  # a line may also begin with an operator
        lines = [line for line in lines if line not in magic]
        repairs.append(f"left out: {'; '.join(line.strip()[:60] for line in magic)}")
    cut = next((i for i, line in enumerate(lines) if _CUT.match(line)), len(lines))
    code, cut, mended = _longest(lines, cut)
    if not code.strip():
        return None
    code, values = _without_results(code)
    printed = "\n".join([*values, *(line for line in lines[cut:] if not line.lstrip().startswith("#"))]).strip("\n")
    if printed.strip():
        repairs.append("output cut off")
    repairs += [mended] if mended else []
    code = displayed(code, _stating(code))
    return _piece(code, kind, (start, start + text.count("\n")), block.heading, printed, repairs)


def _longest(lines: list[str], cut: int) -> tuple[str, int, str]:
    """The longest beginning of lines that parses, at which line it ends, and how it was mended."""
    for _ in range(_RETRIES):
        text = "\n".join(lines[:cut])
        code, mended = _parsable(text)
        if code is not None:
            return code, cut, mended
        cut = min(cut - 1, _error_line(_PRINT.sub(r"\1print(\2)", text).expandtabs()) - 1)
        if cut <= 0:
            break
    return "", 0, ""


def _error_line(code: str) -> int:
    """The line that the parser stops at; a high number where it does not, or does not tell."""
    try:
        parse(code)
    except SyntaxError as error:
        return error.lineno or sys.maxsize
    return sys.maxsize


def _parsable(code: str) -> tuple[str | None, str]:
    """Code that parses, by a repair if need be, and what that was; None where none helps."""
    printing = _PRINT.sub(r"\1print(\2)", code)
    for mended, name in (
        (code, ""),
        (printing, "print made a function"),
        (textwrap.dedent(code.expandtabs()), "tabs expanded"),
        (textwrap.dedent(printing.expandtabs()), "print made a function, tabs expanded"),
    ):
        try:
            parse(mended)
        except SyntaxError:
            continue
        return mended.rstrip(), name
    return None, ""


def _without_results(code: str) -> tuple[str, list[str]]:
    """Code without the bare literals that it ends with: they are its output, pasted below it."""
    body = parse(code).body
    end = len(body)
    while end > 1 and _is_result(body[end - 1]):
        end -= 1
    if end == len(body):
        return code, []
    lines = code.split("\n")
    first = body[end].lineno - 1
    return "\n".join(lines[:first]), lines[first:]


def _is_result(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return True  # `Warning: it is odd` is an annotation, to the parser
    if not isinstance(node, ast.Expr) or (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
        return False
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return isinstance(node.value, ast.Name) and node.value.id in ("nan", "inf")
    return not (isinstance(node.value, ast.Constant) and node.value.value is ...)


def _stating(code: str) -> list[int]:
    """Numbers of the statements that may be there to be looked at: all of them where nothing is printed.

    Else the last one, as in a notebook, and those on whose last line, or below which, a comment stands.
    """
    body = parse(code).body
    if not re.search(r"\bp?print\(", code):
        return list(range(len(body)))
    lines = code.split("\n")
    found = [len(body) - 1]
    for number, node in enumerate(body):
        last = node.end_lineno or node.lineno
        rest = lines[last - 1].encode()[node.end_col_offset :].decode(errors="replace")
        below = lines[last] if last < len(lines) else ""
        if rest.lstrip().startswith("#") or below.startswith("#"):
            found.append(number)
    return found


def _piece(
    code: str, kind: SnippetKind, lines: tuple[int, int], heading: str, printed: str, repairs: Sequence[str]
) -> Piece:
    """A piece; functions for pytest that need no fixture are called."""
    piece = Piece(code, kind, *lines, heading, printed, tuple(repairs))
    tests = [
        node.name
        for node in parse(code).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test") and not _takes_arguments(node)
    ]
    calls = [name for name in tests if not re.search(rf"^{name}\(\)", code, re.MULTILINE)]
    if not calls:
        return piece
    code = "\n".join([code, *(f"{name}()" for name in calls)])
    return replace(piece, code=code, kind=SnippetKind.TEST, repairs=(*piece.repairs, f"called {', '.join(calls)}"))


def _takes_arguments(node: ast.FunctionDef) -> bool:
    return bool(node.args.posonlyargs or node.args.args or node.args.kwonlyargs or node.decorator_list)
