"""Mining a repository's history for small fixes: what was said, where it was done, what was written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from kent_agent.source.edits import DEFINITIONS, IMPORTS, Statement, statements, text_of
from kent_agent.source.symbols import innermost, symbols
from kent_agent.source.tokens import lex
from kent_agent.task import Operation

MAX_TOKENS = 48  # longer statements are rarely one idea, and attention pays for each token squared
FORBIDDEN_REPOSITORIES = frozenset(
    # the exam: SWE-bench's test split
    "astropy django matplotlib seaborn flask requests xarray pylint pytest scikit-learn sphinx sympy "
    # the six of its dev split: their histories hold its gold commits
    "sqlfluff marshmallow pvlib-python astroid pyvista pydicom".split()
)


@dataclass(frozen=True)
class Edit:
    """One statement-sized edit.

    Attributes:
        operation: what was done.
        kind: the syntax node of the statement written (of the one deleted, for deletions).
        place: the statement it was done at; additions stand behind it.
        before: tokens of the place.
        after: tokens written; empty for deletions.
    """

    operation: Operation
    kind: str
    place: Statement
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The class that the network predicts, e.g. `modify_line:Return`."""
        return f"{self.operation}:{self.kind}"


@dataclass(frozen=True)
class Fix:
    """An edit with its provenance and its surroundings before it."""

    repo: str
    commit: str
    path: str
    message: str
    symbol: str
    context: tuple[str, ...]
    edit: Edit


def is_source(path: str) -> bool:
    """True for Python files that a fix may touch: no tests, documentation, examples or vendored copies."""
    parts = path.lower().split("/")
    name = parts[-1]
    outside = {"tests", "docs", "doc", "examples", "example", "_vendor", "vendored", "vendor", "third_party"}
    outside |= {"_vendored", "benchmarks", "packages"}
    if not name.endswith(".py") or name in ("conftest.py", "setup.py") or outside & set(parts[:-1]):
        return False
    return not (name.startswith(("test_", "unittest_")) or name.endswith("_test.py") or parts[0] in ("test", "testing"))


def is_test(path: str) -> bool:
    """True for Python files that look like tests by their name or folder."""
    parts = path.lower().split("/")
    named = parts[-1].startswith("test_") or parts[-1].endswith("_test.py")
    return parts[-1].endswith(".py") and (named or not {"test", "tests"}.isdisjoint(parts[:-1]))


def edits_between(before: str, after: str) -> list[Edit]:
    """The statement-sized edits that turn one version of a file into the next; those of other sizes are left out.

    Raises:
        SyntaxError: either version does not parse.
    """
    old, new = statements(before), statements(after)
    old_lines, new_lines = before.split("\n"), after.split("\n")
    found = []
    for a, b, c, d in hunks(old_lines, new_lines):
        gone = [place for place in old if place.start <= b and place.end > a and a < b]
        come = [place for place in new if place.start <= d and place.end > c and c < d]
        try:
            edit = _edit(before, after, old, gone, come, a)
        except ValueError:
            continue
        if edit is not None:
            found.append(edit)
    return found


def hunks(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Line ranges `old[a:b]`, `new[c:d]` that differ; only what lies between common ends is aligned, for speed."""
    shared = min(len(old), len(new))
    head = next((i for i in range(shared) if old[i] != new[i]), shared)
    tail = next((i for i in range(shared - head) if old[-1 - i] != new[-1 - i]), shared - head)
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield a + head, b + head, c + head, d + head


def _edit(
    before: str, after: str, old: Sequence[Statement], gone: list[Statement], come: list[Statement], line: int
) -> Edit | None:
    """The one edit behind a hunk; None where it is not statement-sized.

    Raises:
        ValueError: a statement does not lex on its own.
    """
    written = tuple(lex(_dedented(after, come))) if come else ()
    kind = come[0].kind if come else gone[0].kind if gone else ""
    if not kind or len(written) > MAX_TOKENS:
        return None
    if len(gone) == 1:
        place = gone[0]
        removed = tuple(lex(text_of(before, place)))
        if len(come) > 1 or removed == written or len(removed) > MAX_TOKENS:
            return None
        return Edit(_operation(place.kind, bool(come), True), kind, place, removed, written)
    if gone or not come:
        return None
    anchors = [place for place in old if place.end <= line]
    if not anchors:
        return None
    anchor = anchors[-1]
    if kind in DEFINITIONS:  # a definition goes behind the sibling before it, not behind that sibling's last line
        siblings = [place for place in old if place.block_end <= line and place.indent == come[0].indent]
        anchor = siblings[-1] if siblings else anchor
    elif come[0].indent != anchor.indent and not (anchor.compound and len(come[0].indent) > len(anchor.indent)):
        return None
    standing = tuple(lex(text_of(before, anchor)))
    if len(standing) > MAX_TOKENS:
        return None
    return Edit(_operation(kind, True, False), kind, anchor, standing, written)


def _operation(kind: str, writes: bool, removes: bool) -> Operation:
    """The operation of an edit on a statement of a kind."""
    if writes and removes:
        return Operation.MODIFY_FUNCTION if kind in DEFINITIONS else Operation.MODIFY_LINE
    subject = "import" if kind in IMPORTS else "function" if kind in DEFINITIONS else "line"
    return Operation(f"{'add' if writes else 'delete'}_{subject}")


def _dedented(source: str, places: Sequence[Statement]) -> str:
    """The lines from the first place to the last one, without the first one's indentation."""
    lines = source.split("\n")[places[0].start - 1 : places[-1].end]
    width = len(places[0].indent)
    return "\n".join(line[width:] if not line[:width].strip() else line for line in lines)


def fixes_of(repo: str, commit: str, message: str, path: str, before: str, after: str) -> Iterator[Fix]:
    """The fixes that one file's change in one commit consists of; none where either version does not parse."""
    try:
        edits = edits_between(before, after)
    except (SyntaxError, ValueError, RecursionError):
        return
    found = symbols(before)
    for edit in edits:
        symbol = innermost(found, edit.place.start)
        yield Fix(repo, commit, path, message, symbol.name, context_tokens(before, symbol.start, symbol.end), edit)


def context_tokens(source: str, start: int, end: int, limit: int = 400) -> tuple[str, ...]:
    """Distinct tokens of some lines of a file in order of appearance; lines that do not lex alone are skipped."""
    seen: dict[str, None] = {}
    for line in source.split("\n")[start - 1 : end]:
        try:
            seen.update(dict.fromkeys(lex(line.strip())))
        except ValueError:
            continue
        if len(seen) >= limit:
            break
    return tuple(seen)[:limit]
