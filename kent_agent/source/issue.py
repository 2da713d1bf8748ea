"""What an issue says, by the kind of text that says it."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)(?:, in (\S+))?')
_PATH = re.compile(r"[\w./-]+\.py\b")
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\b")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Frame:
    """One frame of a traceback in the issue: file as printed, 1-based line, function (empty if not printed)."""

    file: str
    line: int
    function: str


@dataclass(frozen=True)
class Issue:
    """An issue's parts.

    Attributes:
        title: its first line.
        prose: the rest without code, template comments and URLs.
        code: fenced blocks and inline code, one text.
        frames: traceback frames, outermost first.
        paths: mentioned Python files.
        dotted: mentioned dotted names.
    """

    title: str
    prose: str
    code: str
    frames: tuple[Frame, ...]
    paths: tuple[str, ...]
    dotted: tuple[str, ...]


def parse_issue(text: str) -> Issue:
    """The parts of an issue; every part may be empty."""
    text = _COMMENT.sub("", text.replace("\r\n", "\n")).strip()
    title, _, body = text.partition("\n")
    blocks = [match.group(2) for match in _FENCE.finditer(body)]
    prose = _FENCE.sub("\n", body)
    blocks += _INLINE.findall(title + "\n" + prose)
    return Issue(
        title=title.strip(),
        prose=_URL.sub(" ", prose).strip(),
        code="\n".join(blocks),
        frames=tuple(Frame(file, int(line), name or "") for file, line, name in _FRAME.findall(text)),
        paths=_unique(_PATH.findall(text)),
        dotted=_unique(_DOTTED.findall(_URL.sub(" ", text))),
    )


def _unique(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
