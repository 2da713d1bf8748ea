"""What an issue says, by the kind of text that says it.

A text is read line by line, each line once, so that no input makes it slow.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from kent_agent.source.advice import Advice, advice
from kent_agent.source.traceback import Frame, Traceback, tracebacks

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_INLINE = re.compile(r"`([^`\n]{1,300})`")
_URL = re.compile(r"https?://[^\s)>\]\"']+")
_BLOB = re.compile(r"/blob/([^/\s]+)/([^\s#?]+\.py)(?:#L(\d+)(?:-L?(\d+))?)?")
_RUN = re.compile(r"[\w.~/\\-]+")  # what a path is made of
_DOTTED = re.compile(r"(?<![\w./\\])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_QUOTED = re.compile(r"\"([^\"\n]{2,80})\"|(?<!\w)'([^'\n]{2,80})'(?!\w)")
_VERSION = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+){1,3}(?:[a-z]+\d*)?)(?![\w.])")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+\S|\s*\*\*[^*]{2,60}\*\*\s*:?\s*$|\s*__[^_]{2,60}__\s*:?\s*$")
_CHECKBOX = re.compile(r"\s*[-*]\s*\[[ xX]?\]")
_PLEDGE = re.compile(
    r"(?i)code of conduct|willing to (?:work on|submit)|searched .{0,40}(?:issues|documentation)|^_?no response_?$"
)
_TAG = re.compile(r"</?(?:details|summary|br|p|pre|b|code)\b[^>]*>", re.IGNORECASE)
_RULE = re.compile(r"\s*[-=_*]{3,}\s*$")
_FACT = re.compile(
    # `name : 1.2.3`, `name==1.2.3`, `name<tab>1.2.3 build`, `OS: Linux`, and the headings of such lists
    r"(?:[-*] ?)?[`*]{0,3}[\w .()/\[\]-]{1,40}[`*]{0,3} ?(?:==|[:=|\t]) ?[`*]{0,3}v?\d+(?:\.\d+)+[\w.+-]*"
    r"|(?:[-*] ?)?[`*]{0,3}(?:os|platform|machine|architecture|ram|date|cpu\(s\)|environment|locale|lc_all|lang|python|"
    r"gpu \w+|render\w* \w+|file system|operating system|python-bits|byteorder|processor)[`*]{0,3}\s?:.*$"
    r"|(?:installed versions|pip freeze|conda list|version information)\b",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"\s{2,}")
_LONGEST = 200  # characters of a line that a template or a tool wrote
_HOSTS = frozenset(
    {"com", "org", "io", "net", "html", "md", "rst", "txt", "cfg", "toml", "json", "yml", "yaml", "ini", "sql"}
)

T = TypeVar("T")


@dataclass(frozen=True)
class BlobLink:
    """A link to a file on the hosting site: its path, the branch, tag or commit, and 1-based lines or 0, 0."""

    path: str
    ref: str
    start: int
    end: int


@dataclass(frozen=True)
class Issue:
    """An issue's parts; every part may be empty.

    Attributes:
        title: its first line.
        prose: what the author wrote, without code, links, and what the next one holds.
        marked: the same with the marks of inline code and all links.
        boilerplate: a template's headings and checklists, and dumps of an environment.
        fences: fenced blocks, but for dumps of an environment.
        inline: inline code.
        tracebacks: in the order of the text.
        paths: mentioned Python files, but for those of tracebacks and links.
        dotted: mentioned dotted names.
        links: to files on the hosting site.
        quoted: short quoted strings of the prose.
        versions: mentioned version numbers.
        advice: code that it may mean to be written.
    """

    title: str
    prose: str
    marked: str
    boilerplate: str
    fences: tuple[str, ...]
    inline: tuple[str, ...]
    tracebacks: tuple[Traceback, ...]
    paths: tuple[str, ...]
    dotted: tuple[str, ...]
    links: tuple[BlobLink, ...]
    quoted: tuple[str, ...]
    versions: tuple[str, ...]
    advice: tuple[Advice, ...]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of all tracebacks, outermost first."""
        return tuple(frame for traceback in self.tracebacks for frame in traceback.frames)

    @property
    def code(self) -> str:
        """All code, one text."""
        return "\n".join((*self.fences, *self.inline))


def parse_issue(text: str) -> Issue:
    """The parts of an issue; any text has them."""
    given = text
    text = _COMMENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    title, _, body = text.partition("\n")
    title = title.strip().lstrip("#").strip()
    lines, blocks = _fenced(body)
    dumps = [block for block in blocks if _is_dump(block)]
    told = [line for line in lines if not _is_boilerplate(line)]
    boilerplate = [line for line in lines if _is_boilerplate(line)]
    fences = tuple(block for block in blocks if not _is_dump(block))
    prose = _URL.sub(" ", _INLINE.sub(r"\1", "\n".join(_TAG.sub(" ", line) for line in told)))
    found = tracebacks("\n".join((title, body)))
    own = _URL.sub(" ", "\n".join((title, *told, *fences)))
    framed = {frame.file.replace("\\", "/") for traceback in found for frame in traceback.frames}
    return Issue(
        title=title,
        prose=prose.strip(),
        marked="\n".join(told).strip(),
        boilerplate="\n".join((*boilerplate, *dumps)),
        fences=fences,
        inline=tuple(_INLINE.findall("\n".join((title, *told)))),
        tracebacks=tuple(found),
        paths=_unique(path for path in _paths(own) if path not in framed),
        dotted=_unique(name for name in _DOTTED.findall(own) if _is_name(name)),
        links=_unique(_links(text)),
        quoted=_unique(a or b for a, b in _QUOTED.findall(prose)),
        versions=_unique(_VERSION.findall(_URL.sub(" ", text))),
        advice=advice(given),
    )


def _fenced(body: str) -> tuple[list[str], list[str]]:
    """The lines outside of fences, and what is inside of each; an open fence ends with the text."""
    outside: list[str] = []
    blocks: list[str] = []
    mark = ""
    inside: list[str] = []
    for line in body.split("\n"):
        match = _FENCE.match(line)
        if mark and match and match.group(1).startswith(mark) and not line[match.end() :].strip():
            blocks.append("\n".join(inside))
            mark, inside = "", []
        elif mark:
            inside.append(line)
        elif match and "`" not in line[match.end() :]:
            mark = match.group(1)
        else:
            outside.append(line)
    return outside, [*blocks, *(["\n".join(inside)] if inside else [])]


def _is_boilerplate(line: str) -> bool:
    if len(line) > _LONGEST:
        return False
    patterns = (_HEADING, _CHECKBOX, _RULE)
    return any(pattern.match(line) for pattern in patterns) or bool(_PLEDGE.search(line)) or _is_fact(line)


def _is_fact(line: str) -> bool:
    """Whether a line tells a version, or a property of a machine."""
    return len(line) <= _LONGEST and bool(_FACT.match(_COLUMNS.sub("\t", line.strip())))


def _is_dump(block: str) -> bool:
    """Whether most lines of a block are facts about an environment."""
    lines = [line for line in block.split("\n") if line.strip()]
    facts = sum(_is_fact(line) or bool(_RULE.match(line[:_LONGEST])) for line in lines)
    return len(lines) > 2 and facts > len(lines) / 2


def _links(text: str) -> Iterator[BlobLink]:
    for url in _URL.findall(text):
        if match := _BLOB.search(url):
            ref, path, start, end = match.groups()
            yield BlobLink(path, ref, int(start or 0), int(end or start or 0))


def _paths(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        path = run.rstrip(".").replace("\\", "/").removeprefix("./")
        if path.endswith(".py") and path != ".py":
            yield path


def _is_name(name: str) -> bool:
    """Whether a dotted word is a name of code rather than a file or a site."""
    last = name.rpartition(".")[2]
    return last != "py" and last.lower() not in _HOSTS and not name.startswith(("www.", "e.g", "i.e"))


def _unique(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))
