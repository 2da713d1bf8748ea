"""What an issue says that its snippets should do, and do instead, as checks on a run.

Whoever reports a fault states it loosely: a traceback, a value in a sentence, a comment beside the call, an output
under a heading. Each such statement becomes an expectation; whether it was understood is for a run at the base commit
to tell, where the fault must show.
"""

import ast
import io
import math
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kent_agent.source.blocks import Block, blocks
from kent_agent.source.snippets import Snippet
from kent_agent.source.symbols import parse
from kent_agent.source.traceback import tracebacks


class ExpectationKind(StrEnum):
    """What is expected of a run."""

    NO_CRASH = "no_crash"  # the stated exception is gone, and so is every other
    OUTPUT = "output"  # the stated text or value is printed
    OTHER_OUTPUT = "other_output"  # what the issue shows to be printed no longer is
    RAISES = "raises"  # the stated exception is raised


@dataclass(frozen=True)
class Expectation:
    """One stated result.

    Attributes:
        kind: what is expected.
        text: what is printed, or is no longer; empty for the kinds about exceptions.
        exception: the last part of its type's dotted name; empty for any, where the issue speaks of an error only.
        message: of the exception; empty where it is not stated.
        function: that the stated traceback ends in, or empty.
        line: of the issue, 1-based, that states it.
        source: how it states it: `traceback`, `prose`, `comment`, `prompt`, `block` or `assert`.
    """

    kind: ExpectationKind
    text: str = ""
    exception: str = ""
    message: str = ""
    function: str = ""
    line: int = 0
    source: str = "prose"


_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_VALUE = (
    r"(?:``?([^`\n]{1,200})``?|(\"[^\"\n]{1,80}\"|(?<!\w)'[^'\n]{1,80}'"
    rf"|{_NUMBER}(?![\w.]*\w)|\b(?:None|True|False|[Nn]a[Nn]|NaT)\b))"
)
_TELLS = (
    r"(?:be|return|print|give|output|yield|evaluate to|equal|result in|produce|show|display|get|have been|read|say)"
)
_EXPECTED = re.compile(
    rf"\b(?:should(?: \w+)?(?: (?:always|only|simply|just|instead|still|rather|have))* {_TELLS}(?:ed)?"
    rf"|(?:I|we|you|one)(?:'d| would)? expect(?:ed)?(?: (?:it|this|that|the \w+|\w+))?(?: (?:to )?{_TELLS})?"
    rf"|expect(?:s|ed)?(?: (?:output|result|value|behaviou?r|answer))?(?: (?:is|was|to {_TELLS}))?)"
    rf"(?: (?:a|an|the|something like|as|of|in))?:? ?\s*{_VALUE}",
    re.IGNORECASE,
)
_INSTEAD = re.compile(rf"\b(?:instead of|rather than|but not|, not|and not)(?: (?:a|an|the))? {_VALUE}", re.IGNORECASE)
_ACTUAL = re.compile(
    rf"\b(?:returns?|returned|prints?|printed|gives?|gave|outputs?|yields?|yielded|got|gets?|evaluates to|results? in"
    rf"|actual(?: (?:output|result|value))?(?: is| was)?|shows?)(?: (?:a|an|the|me|back))?:? ?\s*{_VALUE}",
    re.IGNORECASE,
)
_HOPE = re.compile(r"\b(?:should|expect\w*|would|must|ought|want\w*|correct\w*|desired)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|no|never|without|n't|instead of|rather than)\b|n't\b", re.IGNORECASE)
_EXCEPTION = re.compile(r"\b((?:[a-z_]\w*\.){0,6}[A-Z]\w*(?:Error|Exception)|StopIteration|KeyboardInterrupt)\b")
_SHOULD_RAISE = re.compile(
    r"\b(?:should|could|must|expect\w*(?: (?:it|this|\w+))? to|ought to|would expect)(?: \w+){0,3}?"
    r" (?:raise|throw|error)\w*"
    r"(?: (?:a|an|the|with))* `*((?:[a-z_]\w*\.){0,6}[A-Z]\w*(?:Error|Exception))\b"
)
_RAISED_ALONE = re.compile(
    r"^[ \t>#-]*(?:E[ \t]+)?((?:[A-Za-z_]\w*\.){0,8}[A-Z]\w*(?:Error|Exception)): (\S.{0,400})$", re.MULTILINE
)
_CRASH_WORDS = re.compile(
    r"\b(?:crash\w*|traceback|exceptions?|error(?:s|ed)?|fails?|failed|failing|raises?|raised|throws?|threw|thrown)\b",
    re.IGNORECASE,
)
_EXPECTED_BLOCK = re.compile(r"expect|exepct|expece|should|desired|correct|wanted|instead of this", re.IGNORECASE)
_ACTUAL_BLOCK = re.compile(
    r"actual|current|observed|output|result|return|gives?\b|prints?\b|got\b|gets?\b|produc|wrong|shows?\b|yields?\b"
    r"|traceback|error|behaviou?r|instead",
    re.IGNORECASE,
)
_COMMENT_VALUE = re.compile(
    r"^(?:(?:this |it )?(?:returns?|gives?|prints?|outputs?|out|result|actual|got|is|yields?)(?=[\s:]):?|[-=]*>+|=+)?"
    r"\s*(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT_HOPE = re.compile(
    r"^(.*?)[,;(]?\s*\b(?:should|expect\w*|must)\b(?:\s*\b(?:be|return|print|give|is|to be)\b)?:?\s*(.+?)\)?$",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"[\[({<].*[\])}>]|[A-Z]\w*\(.*\)", re.DOTALL)
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F.]+")
_TOKEN_NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}(?![\w.])")
_ENVIRONMENT = re.compile(
    r"environment|versions?\b|system info|platform|machine|x86_64|\bCPU|^\W*python\W+\d\.", re.IGNORECASE | re.MULTILINE
)
_LONGEST = 60  # lines of an output that is compared


def expectations(text: str, snippet: Snippet) -> list[Expectation]:
    """What an issue states about a snippet; surest first, without repetitions."""
    found = [*_printed(snippet), *_comments(snippet), *_blocks_below(text, snippet)]
    if snippet.shows:
        found += _told(text, snippet)
    else:
        found = [each for each in found if each.kind is ExpectationKind.NO_CRASH]
    should_raise = list(_should_raise(text))
    found = [*should_raise, *([] if should_raise else _crashes(text, snippet)), *found]
    unique: dict[tuple[str, ...], Expectation] = {}
    for each in found:
        unique.setdefault((each.kind, normalised(each.text), each.exception, each.message), each)
    return list(unique.values())


def normalised(output: str) -> str:
    """An output without what differs from run to run: blanks, blank lines, addresses."""
    lines = (" ".join(_ADDRESS.sub("0x", line).split()) for line in output.split("\n"))
    return "\n".join(line for line in lines if line)


def states(output: str, stated: str) -> bool:
    """Whether an output holds a stated text as whole lines or words, or a number that is equal to it."""
    wanted = normalised(stated)
    if not wanted:
        return False
    if wanted.lower() in ("nan", "nat"):
        return bool(re.search(rf"\b{wanted}\b", output, re.IGNORECASE))
    value = _number(wanted)
    if value is not None:
        return any(_same(value, float(found)) for found in _TOKEN_NUMBER.findall(output)) or _has(output, wanted)
    return _has(output, wanted) or any(_equal(line, wanted) for line in normalised(output).split("\n"))


def _has(output: str, wanted: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(wanted)}(?![\w.]*\w)", normalised(output)))


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(_NUMBER, text) else None


def _same(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)


def _equal(line: str, wanted: str) -> bool:
    """Whether two texts are literals of equal values, or one is a quoted string of the other."""
    try:
        return bool(ast.literal_eval(line) == ast.literal_eval(wanted))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return line.strip("'\"") == wanted.strip("'\"")


def _crashes(text: str, snippet: Snippet) -> Iterator[Expectation]:
    """Exceptions that the issue says are raised now; any, where it speaks of an error but names none."""
    kind = ExpectationKind.NO_CRASH
    if re.search(r"\bassert\b", snippet.code):
        yield Expectation(kind, exception="AssertionError", line=snippet.lines[-1][0], source="assert")
    named: set[str] = set()
    for found in tracebacks(text):
        if found.exception:
            exception, function = found.exception.rpartition(".")[2], found.frames[-1].function
            named.add(exception)
            yield Expectation(
                kind, "", exception, found.message, function, _line_of(text, found.exception), "traceback"
            )
    for match in _RAISED_ALONE.finditer(text, text.find("\n") + 1):  # a title's message is no exception's
        exception, line = match.group(1).rpartition(".")[2], text.count("\n", 0, match.start()) + 1
        named.add(exception)
        yield Expectation(kind, "", exception, match.group(2).strip(), "", line, "traceback")
    prose = [(block.heading + "\n" + block.text, block.start, "prose") for block in blocks(text) if not block.fenced]
    notes = [(comment, snippet.lines[-1][0], "comment") for comment in _comments_of(snippet.code)]
    for words, line, source in (*prose, *notes):
        for match in _EXCEPTION.finditer(words):
            exception = match.group(1).rpartition(".")[2]
            if exception not in named:
                named.add(exception)
                yield Expectation(kind, exception=exception, line=line, source=source)
    speaking = next((line for words, line, _ in (*prose, *notes) if _CRASH_WORDS.search(words)), 0)
    if not named and speaking:
        yield Expectation(kind, line=speaking)


def _line_of(text: str, word: str) -> int:
    return text.count("\n", 0, max(0, text.find(word))) + 1


def _should_raise(text: str) -> Iterator[Expectation]:
    for block in blocks(text):
        if block.fenced:
            continue
        flat = " ".join(block.text.split())
        for match in _SHOULD_RAISE.finditer(flat):
            if not _NOT.search(match.group()):
                exception = match.group(1).rpartition(".")[2]
                yield Expectation(ExpectationKind.RAISES, exception=exception, line=block.start)


def _printed(snippet: Snippet) -> Iterator[Expectation]:
    """What is shown below a snippet's own prompts or lines."""
    if "Traceback (most recent call last)" in snippet.printed:
        return
    kind = ExpectationKind.OUTPUT if _EXPECTED_BLOCK.search(snippet.heading) else ExpectationKind.OTHER_OUTPUT
    text = "\n".join(re.sub(r"^\s*> ", "", line) for line in snippet.printed.split("\n"))
    if text.strip() and text.count("\n") < _LONGEST:
        yield Expectation(kind, text.strip("\n"), line=snippet.lines[-1][1], source="prompt")


def _comments(snippet: Snippet) -> Iterator[Expectation]:
    """Values in comments: after 'should' or 'expect' what ought to be, else what is."""
    kind = ExpectationKind.OUTPUT if _EXPECTED_BLOCK.search(snippet.heading) else ExpectationKind.OTHER_OUTPUT
    for comment in _comments_of(snippet.code):
        hope = _COMMENT_HOPE.match(comment)
        now, wanted = (hope.group(1), hope.group(2)) if hope else (comment, "")
        for text, each in ((now, kind), (wanted, ExpectationKind.OUTPUT)):
            match = _COMMENT_VALUE.match(text.strip())
            if match and _is_value(match.group(1).strip("` .")):
                yield Expectation(each, match.group(1).strip("` ."), line=snippet.lines[-1][0], source="comment")


def _comments_of(code: str) -> list[str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT]


def _blocks_below(text: str, snippet: Snippet) -> Iterator[Expectation]:
    """Fences between a snippet and the next one that hold an output, by what introduces them."""
    below = [block for block in blocks(text) if block.start > snippet.lines[-1][1]]
    for block in below:
        if not block.fenced:
            continue
        if block.language in ("python", "py", "python3", "pycon", "ipython") or _imports(block):
            return
        if (kind := _kind_of(block)) and not _is_code(block.text):
            output = "\n".join(line for line in block.text.split("\n") if not re.match(r"\s*(?:\$|%|>>>|In \[)", line))
            raised = "Traceback (most" in output or _RAISED_ALONE.search(output)
            if output.strip() and not raised and output.count("\n") < _LONGEST:
                yield Expectation(kind, output.strip("\n"), line=block.start, source="block")


def _imports(block: Block) -> bool:
    return bool(re.search(r"^\s*(?:>>> ?|In \[\d+\]: ?)?(?:import \w|from [\w.]+ import)", block.text, re.MULTILINE))


def _is_code(text: str) -> bool:
    """Whether a text assigns something, as outputs do not."""
    try:
        return any(isinstance(node, ast.Assign | ast.FunctionDef | ast.ClassDef) for node in parse(text).body)
    except SyntaxError:
        return False


def _kind_of(block: Block) -> ExpectationKind | None:
    """Whether a fence shows what should be printed or what is; None where nothing says that it shows either."""
    if block.language not in (
        "",
        "text",
        "txt",
        "none",
        "console",
        "output",
        "plain",
        "plaintext",
        "sh",
        "bash",
        "shell",
    ):
        return None
    if _ENVIRONMENT.search(block.heading) or _ENVIRONMENT.search(block.text):
        return None
    for words in (block.lead, block.heading):
        if _EXPECTED_BLOCK.search(words):
            return ExpectationKind.OUTPUT
        if _ACTUAL_BLOCK.search(words):
            return ExpectationKind.OTHER_OUTPUT
    return ExpectationKind.OTHER_OUTPUT if not block.lead else None


def _told(text: str, snippet: Snippet) -> Iterator[Expectation]:
    """Values in sentences."""
    for block in blocks(text):
        if block.fenced:
            continue
        flat = " ".join(block.text.split())
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z`])", flat):
            yield from _sentence(sentence, block.start)
        if _EXPECTED_BLOCK.search(block.heading) and _is_value(flat.strip("`. ")):
            yield Expectation(ExpectationKind.OUTPUT, flat.strip("`. "), line=block.start)


def _sentence(sentence: str, line: int) -> Iterator[Expectation]:
    """What should be, what is, and of 'instead of' the other of the two."""
    hoped = [_value(match) for match in _EXPECTED.finditer(sentence) if not _NOT.search(match.group())]
    hope = _HOPE.search(sentence)
    stated = [_value(match) for match in _ACTUAL.finditer(sentence) if not (hope and hope.start() < match.start())]
    for match in _INSTEAD.finditer(sentence):
        (stated if hope and hope.start() < match.start() else hoped).append(_value(match))
    for value in filter(None, hoped):
        yield Expectation(ExpectationKind.OUTPUT, value, line=line)
    for value in filter(None, stated):
        yield Expectation(ExpectationKind.OTHER_OUTPUT, value, line=line)


def _value(match: re.Match[str]) -> str:
    """The value that a pattern ends with; empty where it is a name rather than a value."""
    value = next(filter(None, reversed(match.groups())), "").strip()
    return value if _is_value(value) else ""


def _is_value(text: str) -> bool:
    """Whether a text is a literal, or looks like what an object shows of itself."""
    if re.fullmatch(r"[Nn]a[Nn]|NaT|-?inf", text):
        return True
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return bool(_SHOWN.fullmatch(text))
    return _is_shown(node)


def _is_shown(node: ast.AST) -> bool:
    """Whether an expression is made of literals alone, calls of classes and names inside of brackets included."""
    if isinstance(node, ast.Call):
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        named = re.fullmatch(r"(?!print$)(?:np\.|datetime\.)?\w+", ast.unparse(node.func))
        return bool(parts and named) and all(map(_is_shown, parts))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(isinstance(each, ast.Name | ast.Attribute) or _is_shown(each) for each in node.elts)
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_shown(key) for key in node.keys) and all(map(_is_shown, node.values))
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return False
    return True
