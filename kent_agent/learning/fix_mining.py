"""Mining a repository's history for small functional changes, each with the edits of the grammar that make it up."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

from kent_agent.errors import WorkspaceError
from kent_agent.hardened_git import HardenedGit
from kent_agent.learning.commits import MAX_BYTES, is_chore, reading
from kent_agent.learning.fixes import Hunk, MinedFix
from kent_agent.source.derivation import Change
from kent_agent.source.document import Document, Place
from kent_agent.source.history import hunks, is_source, is_test
from kent_agent.source.sameness import normal_form
from kent_agent.source.sites import definition_around, definition_named

MAX_FILES = 3
MAX_HUNKS = 3
MAX_LINES = 20  # added and deleted, in all
SINGLE_LINES = 3  # added or deleted, of what counts as a single hunk
LIMIT = 3  # edits of a derivation
MAX_TESTS = 2  # files of tests whose new lines are kept
MAX_TEST_LINES = 1000  # added and deleted in one of these: more are generated, and slow to compare
MAX_SHOWN = 3000  # characters of what is kept
_ABSENT = "0" * 40  # what git calls the blob of a file that is not there
_BATCH = 50  # commits whose files are in memory at once
_TRAILER = re.compile(r"(?im)^[ \t]*(?:[a-z]+(?:-[a-z]+)*-by|cc|change-id|git-svn-id|reviewed-on):.*(?:\n|\Z)")
_QUOTED = re.compile(r"(?m)^[ \t]*>.*$")


@dataclass(frozen=True)
class SmallCommit:
    """A commit that changes little source.

    Attributes:
        commit, parent: its id and its only parent's.
        message: title and body, without trailers.
        files: path, blob before and blob after of each source file.
        tests: blob before and blob after of some files of tests; zeros for one that was not there.
    """

    commit: str
    parent: str
    message: str
    files: tuple[tuple[str, str, str], ...]
    tests: tuple[tuple[str, str], ...] = ()


def mine_fixes(repo: str, mirror: Path, head: str, commits: int) -> Iterator[MinedFix]:
    """The small functional changes of a repository, newest first; the same for the same commit.

    Args:
        repo: `owner/name`.
        mirror: its git directory.
        head: the commit to go back from.
        commits: how many commits on Python files to look at.

    Raises:
        WorkspaceError: the repository is one whose history must not be learned from, or git cannot read it.
    """
    with reading(repo, mirror) as git:
        batch: list[SmallCommit] = []
        for commit in small_commits(repo, git, head, commits):
            batch.append(commit)
            if len(batch) == _BATCH:
                yield from _fixes_of(repo, git, batch)
                batch = []
        yield from _fixes_of(repo, git, batch)


def head_of(repo: str, mirror: Path) -> str:
    """The commit that a mirror's HEAD is at.

    Raises:
        WorkspaceError: the repository is forbidden, or git cannot tell.
    """
    with reading(repo, mirror) as git:
        status, output, stderr = git.run("rev-parse", "--verify", "HEAD^{commit}")
    if status:
        raise WorkspaceError(f"The mirror of {repo} has no HEAD ({stderr}); clone it anew.")
    return output.decode().strip()


def small_commits(repo: str, git: HardenedGit, head: str, limit: int) -> Iterator[SmallCommit]:
    """The commits that change little source and are no chores, among the last `limit` on Python files.

    Raises:
        WorkspaceError: git cannot read the history.
    """
    log = ("log", "--no-merges", "--no-renames", "--raw", "--numstat", "--abbrev=40", "-z", f"--max-count={limit}")
    status, output, stderr = git.run(*log, "--format=/%H%x00%P%x00%B%x00", head, "--", "*.py")
    if status:
        raise WorkspaceError(f"git log failed in the mirror of {repo}: {stderr}.")
    for block in output.decode(errors="replace").split("\0/"):
        commit, parent, message, *listing = [*block.removeprefix("/").split("\0"), "", ""]
        told = parent and " " not in parent and not is_chore(message.split("\n")[0])
        changes = list(_changes(listing)) if told else []
        if files := _files_of(changes):
            yield SmallCommit(commit, parent, _TRAILER.sub("", message).strip(), files, _tests_of(changes))


@dataclass(frozen=True)
class _Change:
    """A file of a commit: its blobs, what became of it (`M` for changed), lines added and deleted; None if binary."""

    path: str
    before: str
    after: str
    status: str
    lines: int | None


def _changes(listing: Sequence[str]) -> Iterator[_Change]:
    """The files of a commit's raw listing, which its numbers of lines follow."""
    fields = iter(listing)
    raw: list[tuple[str, ...]] = []
    lines: dict[str, int | None] = {}
    for field in fields:
        field = field.strip("\n")
        if field.startswith(":"):
            _, _, before, after, status = field[1:].split(" ")
            raw.append((next(fields), before, after, status))
        elif field.count("\t") == 2:
            added, deleted, path = field.split("\t")
            lines[path] = int(added) + int(deleted) if added.isdigit() else None
    for path, before, after, status in raw:
        yield _Change(path, before, after, status, lines.get(path))


def _files_of(changes: Sequence[_Change]) -> tuple[tuple[str, str, str], ...] | None:
    """A commit's source files; None where it adds or deletes any, or changes too much."""
    sources = [change for change in changes if is_source(change.path)]
    lines = sum(MAX_LINES + 1 if change.lines is None else change.lines for change in sources)
    if len(sources) > MAX_FILES or not 0 < lines <= MAX_LINES or any(change.status != "M" for change in sources):
        return None
    return tuple((change.path, change.before, change.after) for change in sources)


def _tests_of(changes: Sequence[_Change]) -> tuple[tuple[str, str], ...]:
    """A commit's files of tests; one that counts as source would tell the fix itself."""
    tests = (change for change in changes if is_test(change.path) and not is_source(change.path))
    found = [change for change in tests if change.status in "AM" and (change.lines or 0) <= MAX_TEST_LINES]
    return tuple((change.before, change.after) for change in found[:MAX_TESTS])


def _fixes_of(repo: str, git: HardenedGit, batch: Sequence[SmallCommit]) -> Iterator[MinedFix]:
    names = [name for commit in batch for _, *blobs in commit.files for name in blobs]
    texts = iter([_text(data) for data in git.blobs(names)])
    for commit, test in zip(batch, tests_shown(git, batch), strict=True):
        versions = [(path, next(texts), next(texts)) for path, _, _ in commit.files]
        for fix in commit_fixes(repo, commit, versions):
            yield replace(fix, test=test)


def tests_shown(git: HardenedGit, batch: Sequence[SmallCommit]) -> list[str]:
    """The code that each commit adds to tests."""
    names = [name for commit in batch for blobs in commit.tests for name in blobs if name != _ABSENT]
    texts = {_ABSENT: "", **dict(zip(names, map(_text, git.blobs(names)), strict=True))}
    added = [[added_code(texts[before], texts[after]) for before, after in commit.tests] for commit in batch]
    return ["\n".join(filter(None, parts))[:MAX_SHOWN] for parts in added]


def added_code(before: str | None, after: str | None) -> str:
    """What a commit adds to a file, dedented hunk by hunk; nothing where either version cannot be read."""
    if before is None or after is None:
        return ""
    old, new = before.split("\n"), after.split("\n")
    added = (dedent("\n".join(new[start:end])) for _, _, start, end in hunks(old, new))
    return "\n".join(part.strip("\n") for part in added if part.strip())


def _text(data: bytes | None) -> str | None:
    """A blob's text; None where it is missing (partial clones), large or not UTF-8."""
    try:
        return data.decode() if data is not None and len(data) <= MAX_BYTES else None
    except ValueError:
        return None


def commit_fixes(
    repo: str, commit: SmallCommit, versions: Sequence[tuple[str, str | None, str | None]]
) -> Iterator[MinedFix]:
    """The fixes of one commit, given path, text before and text after of each of its source files."""
    changed = {
        path: _hunks(before, after) for path, before, after in versions if before is not None and after is not None
    }
    count = sum(map(len, changed.values()))
    if len(changed) < len(versions) or not 0 < count <= MAX_HUNKS:
        return
    sizes = [(len(new), end - start) for found in changed.values() for start, end, new in found]
    lines = sum(added + deleted for added, deleted in sizes)
    single = count == 1 and max(sizes[0]) <= SINGLE_LINES
    if lines > MAX_LINES:
        return
    for path, before, after in versions:
        if before is not None and after is not None and changed[path]:
            fix = _fix(repo, commit, path, before, after, changed[path], (single, count, lines))
            if fix is not None:
                yield fix


def _fix(
    repo: str,
    commit: SmallCommit,
    path: str,
    before: str,
    after: str,
    found: tuple[Hunk, ...],
    size: tuple[bool, int, int],
) -> MinedFix | None:
    """The row of one file; None where either version does not parse, or nothing changes when run."""
    if not any(map(_code, _changed_lines(before, found))):
        return None
    try:
        old = Document(before)
        change = Change(old, after)
        if not change.functional:
            return None
        derivation = change.derivation(LIMIT)
        line = derivation.edits[0].site.first_line if derivation else min(found[0][0] + 1, before.count("\n") + 1)
        place = definition_around(old, line)
        start, end = old.whole(place.node)
        digest = _digest(normal_form(_next_version(old, change, place)))
    except (SyntaxError, RecursionError):
        return None
    return MinedFix(
        repo=repo,
        commit=commit.commit,
        parent=commit.parent,
        path=path,
        message=commit.message,
        issue="\n".join(line.strip().lstrip("> ") for line in _QUOTED.findall(commit.message)),
        before=before,
        symbol=place.scope,
        start=old.line(start),
        end=old.line(max(end - 1, 0)),
        single_hunk=size[0],
        hunks=size[1],
        lines=size[2],
        derivation=derivation,
        after=found,
        after_hash=digest,
        key=_digest("\n".join([path.rpartition("/")[2], place.scope, *_changed_lines(before, found)])),
    )


def _hunks(before: str, after: str) -> tuple[Hunk, ...]:
    old, new = before.split("\n"), after.split("\n")
    return tuple((a, b, tuple(new[c:d])) for a, b, c, d in hunks(old, new))


def _changed_lines(before: str, found: Sequence[Hunk]) -> list[str]:
    """The lines that went and those that came, each marked, without blanks."""
    lines = before.split("\n")
    marked: list[str] = []
    for start, end, new in found:
        marked += ["-" + "".join(line.split()) for line in lines[start:end]]
        marked += ["+" + "".join(line.split()) for line in new]
    return marked


def _code(marked: str) -> bool:
    """Whether a changed line holds more than a comment."""
    return marked[1:2] not in ("", "#")


def _next_version(old: Document, change: Change, place: Place) -> ast.AST | list[ast.stmt]:
    """What a definition is in the version after; the changed statements of the module where it is gone, or was none."""
    named = definition_named(change.new, place.scope) if place.scope != "<module>" else None
    return named.node if named else change.new.tree.body


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
