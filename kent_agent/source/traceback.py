"""Python tracebacks in a text, in the forms that interpreters, notebooks and test runners print them."""

import re
from dataclasses import dataclass, replace

_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)*")
_FRAME = re.compile(r'\s*File "([^"\n]{1,300})", line (\d{1,7})(?:, in (.{1,200}))?')
_CELL = re.compile(r"(?:File )?([\w./\\~ :-]{1,200}\.py)(?::(\d{1,7}))?,? in ([\w.<>]{1,100})\s?(?:\(|$)")
_ARROW = re.compile(r"-+> ?(\d{1,7})")
_RUNNER = re.compile(
    r"([\w./\\~-]{1,200}\.py):(\d{1,7}): ?(?:in ([\w<>]{1,100})|([A-Z]\w*(?:Error|Exception|Warning|Exit))?\s*$)"
)
_RAISED = re.compile(
    r"(?:E\s+)?((?:[A-Za-z_]\w*\.){0,8}[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Iteration|Fail\w*))(?::\s?(.{0,500}))?\s*$"
)
_SOURCES = ("src", "lib")  # folders around packages


@dataclass(frozen=True)
class Frame:
    """One frame of a traceback.

    Attributes:
        file: as printed.
        line: from 1; 0 where it is not printed.
        function: empty where it is not printed.
        code: the line of source printed below it, or empty.
    """

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True)
class Traceback:
    """Frames, outermost first, and what was raised in the last one; the latter is empty where it is cut off."""

    frames: tuple[Frame, ...]
    exception: str
    message: str


def innermost(traceback: Traceback, path: str) -> Frame:
    """The last frame in the package of a file, what it calls elsewhere aside; the last of all where none is in it."""
    package = next((part for part in path.split("/") if part not in _SOURCES), path)
    own = [frame for frame in traceback.frames if package in frame.file.replace("\\", "/").split("/")]
    return (own or traceback.frames)[-1]


def tracebacks(text: str) -> list[Traceback]:
    """The tracebacks of a text, chained ones apart, in its order."""
    found: list[Traceback] = []
    frames: list[Frame] = []
    for raw in text.split("\n"):
        line = raw[_QUOTE.match(raw).end() :] if raw else raw  # type: ignore[union-attr]
        line = line[:1000]
        if line.startswith("Traceback (most recent") and frames:
            found.append(Traceback(tuple(frames), "", ""))
            frames = []
        elif frame := _frame(line):
            frames.append(frame)
        elif frames and (raised := _RAISED.match(line.strip())):
            found.append(Traceback(tuple(frames), raised.group(1), (raised.group(2) or "").strip()))
            frames = []
        elif frames:
            frames[-1] = _with_code(frames[-1], line)
    if frames:
        found.append(Traceback(tuple(frames), "", ""))
    return found


def _frame(line: str) -> Frame | None:
    """The frame that a line begins."""
    if match := _FRAME.match(line):
        return Frame(match.group(1), int(match.group(2)), (match.group(3) or "").strip())
    if match := _CELL.match(line.strip()):
        return Frame(match.group(1).strip(), int(match.group(2) or 0), match.group(3))
    if match := _RUNNER.match(line.strip()):
        return Frame(match.group(1), int(match.group(2)), match.group(3) or "")
    return None


def _with_code(frame: Frame, line: str) -> Frame:
    """A frame with what a line below it tells: a notebook's arrow its number, the first other line its code."""
    if match := _ARROW.match(line.strip()):
        code = line.strip()[match.end() :].strip()
        return replace(frame, line=frame.line or int(match.group(1)), code=code)
    return frame if frame.code or not line.strip() or line.strip()[0].isdigit() else replace(frame, code=line.strip())
