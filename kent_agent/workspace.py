"""Repositories as they were at a base commit, read blob by blob: no later commit, no checkout.

A snapshot reads the mirror's objects through a git directory of its own: a temporary one without
configuration, hooks, attributes, references or grafts. The mirror's own configuration is not consulted
for it, and git can write nowhere else: a mirror is never modified and may be read-only.
"""

import fcntl
import io
import os
import re
import shutil
import tempfile
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import git

from kent_agent.errors import PatchError, WorkspaceError
from kent_agent.hardened_git import HardenedGit, hardened_environment
from kent_agent.task import SWETask

HOSTING_SITE = "https://github.com"
MAX_TEXT_BYTES = 1_000_000
REGULAR_FILE_MODES = frozenset({"100644", "100755"})
NO_FILE_MODE = "000000"
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
PYTHON_SUFFIXES = (".py", ".pyi")


def cache_dir() -> Path:
    """Where clones and built repositories are kept: KENT_CACHE_DIR, or `~/.cache/kent_agent`."""
    return Path(os.environ.get("KENT_CACHE_DIR") or Path.home() / ".cache" / "kent_agent").absolute()


def is_safe_path(path: str) -> bool:
    """Whether a path stays inside its tree and outside git's own directory."""
    if "/." not in path and "//" not in path and not path.startswith((".", "/")) and not path.endswith("/"):
        return bool(path)  # most are plain, and there are thousands
    return all(part not in ("", ".", "..") and part.lower() != ".git" for part in path.split("/"))


class FileEntry(NamedTuple):  # there are thousands
    """A regular file and its object id."""

    path: str
    blob: str


@dataclass(frozen=True)
class Commit:
    """A commit reachable from the base commit; `files` are the paths it touched, none for a merge."""

    sha: str
    message: str
    files: tuple[str, ...]


def mirrors_dir(option: Path | None) -> Path | None:
    """The folder of local git mirrors: the option, else KENT_REPOS_DIR; None where neither is given.

    Raises:
        WorkspaceError: it is not there. Cloning instead would not be what was asked for.
    """
    named = option or (Path(value) if (value := os.environ.get("KENT_REPOS_DIR")) else None)
    if named and not named.is_dir():
        raise WorkspaceError(
            f"{named}, the folder of repository mirrors, is not there; check --repos-dir or KENT_REPOS_DIR."
        )
    return named.resolve() if named else None


def revision_of(repository: Path, revision: str) -> str:
    """The full id of the commit that a revision of a local repository names.

    Raises:
        WorkspaceError: it is no git repository, or has no such commit.
    """
    try:
        git_dir, common_dir = _git_dirs(repository)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise WorkspaceError(f"{repository} is not a git repository; name the folder that holds .git.") from error
    with tempfile.TemporaryDirectory(prefix="kent_agent-") as work_tree:
        asked = HardenedGit(git_dir, Path(work_tree), common_dir)
        status, output, _ = asked.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if status:
        raise WorkspaceError(f"{repository} has no commit {revision!r}; name a branch, a tag or an id.")
    return output.decode().strip()


def _git_dirs(repository: Path) -> tuple[Path, Path]:
    """The git directory of a repository, and where its objects are; GitPython's errors where it is none."""
    with git.Repo(repository, expand_vars=False) as found:
        return Path(found.git_dir).absolute(), Path(found.common_dir).absolute()


class RepositoryStore:
    """Finds the mirror of a repository: in `repos_dir`, else as a bare clone in `cache`, made on first use.

    Args:
        repos_dir: holds `<owner>__<name>` or `<owner>__<name>.git`, bare or not; only read.
        cache: where clones are kept; by default a folder of `cache_dir()`.
        site: base URL of the hosting site.
    """

    def __init__(self, repos_dir: Path | None = None, cache: Path | None = None, site: str = HOSTING_SITE):
        self.repos_dir = repos_dir
        self.cache = cache or cache_dir() / "mirrors"
        self.site = site

    def mirror(self, repo: str) -> Path:
        """The mirror of `owner/name`. Raises WorkspaceError when there is none and none can be cloned."""
        if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", repo, re.ASCII):
            raise WorkspaceError(f"{repo!r} is not a repository name; the column 'repo' holds owner/name.")
        name = repo.replace("/", "__")
        if self.repos_dir is not None:
            for candidate in (self.repos_dir / name, self.repos_dir / f"{name}.git"):
                if candidate.is_dir():
                    return candidate
        return self._cloned(repo, self.cache / f"{name}.git")

    def snapshot(self, task: SWETask) -> "RepoSnapshot":
        """The task's repository at its base commit.

        Raises:
            WorkspaceError: no mirror, or no such commit in it; names the instance and the repository.
        """
        try:
            return RepoSnapshot(task.repo, task.base_commit, self.mirror(task.repo))
        except WorkspaceError as error:
            raise WorkspaceError(f"{task.instance_id}: {error}") from error

    def _cloned(self, repo: str, destination: Path) -> Path:
        """`destination`, after cloning to it if it is not there; a clone appears whole or not at all."""
        if destination.is_dir():
            return destination
        url = f"{self.site}/{repo}.git"
        partial = destination.with_suffix(".partial")
        try:
            with self._locked(destination.with_suffix(".lock")):
                if not destination.is_dir():
                    shutil.rmtree(partial, ignore_errors=True)  # left by a run that was killed
                    environment = hardened_environment(("https", "file"))
                    git.Repo.clone_from(url, partial, env=environment, bare=True).close()
                    partial.rename(destination)
        except (git.GitCommandError, OSError) as error:
            stderr = error.stderr if isinstance(error, git.GitCommandError) else error
            reason = " ".join(str(stderr).split()).removeprefix("stderr: ")
            raise WorkspaceError(
                f"the repository {repo} could not be cloned from {url} to {destination} ({reason}); "
                f"pass --repos-dir DIR with a local mirror DIR/{destination.name}."
            ) from error
        return destination

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Holds a lock that other processes wait for and that the kernel drops when this one dies."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


class RepoSnapshot:
    """A repository at one commit; a context manager, since it holds a temporary folder and a git process.

    Nothing that is not an ancestor of `base_commit` can be read. Not for use by several threads at once.

    Args:
        repo: owner/name, for messages.
        base_commit: full commit id.
        mirror: git repository, bare or not; may be read-only.

    Raises:
        WorkspaceError: `mirror` is no repository or lacks the commit.
    """

    def __init__(self, repo: str, base_commit: str, mirror: Path):
        self.repo = repo
        self.base_commit = base_commit
        if not re.fullmatch(r"[0-9a-f]{40}", base_commit):
            raise WorkspaceError(f"the base commit {base_commit!r} of {repo} is not a full commit id.")
        try:
            git_dir, common_dir = _git_dirs(mirror)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            raise WorkspaceError(f"{mirror}, the mirror of {repo}, is not a git repository.") from error
        self._ancestors: dict[int, list[str]] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="kent_agent-", ignore_cleanup_errors=True)
        self._folder = Path(self._scratch.name)
        self._git = HardenedGit(self._private_git_dir(common_dir), self._folder / "work-tree")
        self._mirror_git = HardenedGit(git_dir, self._folder / "work-tree", common_dir)
        if self._git.run("cat-file", "-t", base_commit)[1] != b"commit\n":
            self.close()
            raise WorkspaceError(
                f"the commit {base_commit} is missing in {mirror}, the mirror of {repo}; fetch it there, "
                "or remove that mirror if it is a clone in the cache."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the git process and removes the temporary folder."""
        self._git.clear_cache()
        self._scratch.cleanup()

    @cached_property
    def files(self) -> tuple[FileEntry, ...]:
        """The regular files by path; symlinks, submodules, unsafe and non-UTF-8 paths are left out."""
        listing = self._run("ls-tree", "-r", "-z", "--full-tree", self.base_commit)
        entries = []
        for line in filter(None, listing.split(b"\0")):
            about, _, raw_path = line.partition(b"\t")
            mode, _, blob = about.decode().split()
            try:
                path = raw_path.decode()
            except UnicodeDecodeError:
                continue
            if mode in REGULAR_FILE_MODES and is_safe_path(path):
                entries.append(FileEntry(path, blob))
        return tuple(sorted(entries, key=lambda entry: entry.path))

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises WorkspaceError when it is not in `files` or the mirror lacks its blob."""
        entry = self._entries.get(path)
        if entry is None:
            raise WorkspaceError(f"{self.repo} has no regular file {path!r} at {self.base_commit}.")
        return self._blob(entry.blob, path)

    def read_text(self, path: str) -> str | None:
        """The file's text with its line ends; None where it is absent, over 1 MB or does not decode.

        Python files decode as their encoding declaration says (PEP 263), all others as UTF-8.
        """
        if path not in self._entries:
            return None
        try:
            return _decoded(path, self.read(path))
        except WorkspaceError:
            return None

    def read_texts(self, paths: Sequence[str]) -> Iterator[str | None]:
        """The texts of many files, as `read_text` gives them, read by one process in one go."""
        wanted = [entry for path in paths if (entry := self._entries.get(path))]
        blobs = self._git.blobs([entry.blob for entry in wanted])
        held = {entry.path: blob for entry, blob in zip(wanted, blobs, strict=True)}
        return (_decoded(path, data) if (data := held.get(path)) is not None else None for path in paths)

    def ancestors(self, limit: int) -> Sequence[str]:
        """Ids of the last `limit` commits up to and with the base commit, newest first."""
        if limit not in self._ancestors:
            listed = self._run("rev-list", f"--max-count={limit}", self.base_commit)
            self._ancestors[limit] = listed.decode().split()
        return self._ancestors[limit]

    def commits(self, shas: Sequence[str]) -> list[Commit]:
        """Commits by id, with full messages, in the order asked for."""
        if not shas:
            return []
        log = self._run(
            *("log", "--no-walk=unsorted", "-z", "--name-only", "--no-renames", "--no-show-signature"),
            *("--encoding=UTF-8", "--format=/%H%x00%B%x00", *shas),
        )
        found: list[tuple[str, str, list[str]]] = []
        fields = iter(log.decode(errors="replace").split("\0"))
        for field in fields:
            if field.startswith("/"):  # no path of a tree does
                found.append((field[1:], next(fields).strip("\n"), []))
            elif field:
                found[-1][2].append(field.removeprefix("\n"))
        return [Commit(sha, message, tuple(files)) for sha, message, files in found]

    def added_lines(self, shas: Sequence[str]) -> list[dict[str, list[str]]]:
        """The lines that each commit added to Python files, by path, in the order asked for.

        None for merges, nor for commits whose blobs the mirror lacks.
        """
        if not shas:
            return []
        try:
            return self._added_lines(shas)
        except WorkspaceError:  # some mirrors lack large blobs; halving finds the commits that need them
            middle = len(shas) // 2
            return [*self.added_lines(shas[:middle]), *self.added_lines(shas[middle:])] if middle else [{}]

    def _added_lines(self, shas: Sequence[str]) -> list[dict[str, list[str]]]:
        log = self._run(
            *("log", "--no-walk=unsorted", "--patch", "--unified=0", "--no-renames", "--no-show-signature"),
            *("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--format=%x00%H"),
            *(*shas, "--", *(f"*{suffix}" for suffix in PYTHON_SUFFIXES)),
        )
        found: dict[str, dict[str, list[str]]] = {sha: {} for sha in shas}
        # Lines of a patch have a prefix: a NUL that begins one is the format's, and no file's.
        for block in log.decode(errors="replace").removeprefix("\0").split("\n\0"):
            sha, _, patch = block.partition("\n")
            found[sha] = _added(patch)
        return [found[sha] for sha in shas]

    def history(self, limit: int) -> list[Commit]:
        """The last `limit` commits up to and with the base commit, newest first, with full messages."""
        return self.commits(self.ancestors(limit))

    def resolve(self, revision: str) -> str | None:
        """The full id of a commit named by an id, abbreviated or not, a tag or a branch of the mirror.

        None unless it is the base commit or one of its ancestors.
        """
        if not re.fullmatch(r"\w[\w./+#@-]*", revision):
            return None
        status, output, _ = self._mirror_git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        sha = output.decode().strip()
        if status or not re.fullmatch(r"[0-9a-f]{40}", sha):
            return None
        status, _, _ = self._git.run("merge-base", "--is-ancestor", sha, self.base_commit)
        return sha if status == 0 else None

    def check(self, patch: str) -> None:
        """Raises PatchError unless git applies `patch` to regular files of the base commit's tree."""
        self._staged(patch)

    def apply(self, patch: str) -> dict[str, bytes | None]:
        """What the touched files hold after `patch`, by path; None for deleted ones. Raises PatchError."""
        return {path: self._blob(blob, path) if blob else None for path, blob in self._staged(patch).items()}

    def _staged(self, patch: str) -> dict[str, str | None]:
        """Applies a patch to a temporary index; the blobs of the touched paths, None for deleted ones."""
        if not patch.strip():
            raise PatchError("the patch is empty.")
        try:
            file = self._folder / "patch.diff"
            file.write_bytes(patch.encode())
        except UnicodeEncodeError as error:
            raise PatchError("the patch is not encodable as UTF-8.") from error
        index = self._folder / "patched-index"
        shutil.copyfile(self._base_index, index)
        for check in (["--check"], []):
            status, _, stderr = self._git.run(
                "apply", *check, "--cached", "--whitespace=nowarn", str(file), index=index
            )
            if status:
                raise PatchError(f"the patch does not apply to {self.repo} at {self.base_commit}: {stderr}.")
        options = ("--cached", "--raw", "-z", "--no-renames", "--abbrev=40")
        raw = self._run("diff-index", *options, self.base_commit, index=index)
        # `:<mode> <mode> <blob> <blob> <status>`, then the path, for each touched file.
        fields = raw.decode(errors="replace").split("\0")[:-1]
        touched: dict[str, str | None] = {}
        for about, path in zip(fields[::2], fields[1::2], strict=True):
            before, after, _, blob, _ = about[1:].split(" ")
            if not {before, after} <= REGULAR_FILE_MODES | {NO_FILE_MODE} or not is_safe_path(path):
                raise PatchError(f"the patch touches {path!r}, which is not a regular file inside the tree.")
            touched[path] = None if after == NO_FILE_MODE else blob
        if not touched:
            raise PatchError("the patch changes nothing.")
        return touched

    @cached_property
    def _entries(self) -> dict[str, FileEntry]:
        return {entry.path: entry for entry in self.files}

    @cached_property
    def _base_index(self) -> Path:
        index = self._folder / "base-index"
        self._run("read-tree", self.base_commit, index=index)
        return index

    def _private_git_dir(self, mirror: Path) -> Path:
        """A git directory with nothing but the mirror's objects; new objects go to its own folder."""
        git_dir = self._folder / "git"
        for folder in (git_dir / "objects/info", git_dir / "refs", self._folder / "work-tree"):
            folder.mkdir(parents=True)
        (git_dir / "HEAD").write_text(f"{self.base_commit}\n")
        (git_dir / "objects/info/alternates").write_text(f"{mirror / 'objects'}\n")
        if (mirror / "shallow").is_file():  # where a shallow clone's history ends
            shutil.copyfile(mirror / "shallow", git_dir / "shallow")
        return git_dir

    def _blob(self, blob: str, path: str) -> bytes:
        try:
            return self._git.get_object_data(blob)[3]
        except (ValueError, OSError) as error:
            self._git.clear_cache()  # a process that met a broken object may be gone
            raise WorkspaceError(
                f"the mirror of {self.repo} lacks the blob {blob} of {path!r}, or has a broken one."
            ) from error

    def _run(self, *arguments: str, index: Path | None = None) -> bytes:
        status, output, stderr = self._git.run(*arguments, index=index)
        if status:
            raise WorkspaceError(f"git {arguments[0]} failed in {self.repo} at {self.base_commit}: {stderr}.")
        return output


def _decoded(path: str, data: bytes) -> str | None:
    """A file's text; None where it is none, or over 1 MB."""
    if len(data) > MAX_TEXT_BYTES:
        return None
    try:
        encoding = "utf-8"
        if path.endswith(PYTHON_SUFFIXES):
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        # A byte order mark stays in the text, so that a diff of the text is a diff of the bytes.
        return data.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except (UnicodeError, SyntaxError, LookupError):
        return None


def _added(patch: str) -> dict[str, list[str]]:
    """The lines that a diff without context adds, by path."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    left = 0  # lines of a hunk that are still to come: what they hold may look like a header
    for line in patch.split("\n"):
        if left > 0:
            left -= 1
            lines += [line[1:]] if line.startswith("+") else []
            left += line.startswith("\\")  # `\ No newline at end of file` counts as none
        elif line.startswith("diff --git "):
            lines = []  # of no file, until its name is read
        elif line.startswith("+++ b/"):
            lines = found.setdefault(line.removeprefix("+++ b/").rstrip("\t"), [])
        elif hunk := _HUNK.match(line):
            left = sum(1 if count is None else int(count) for count in hunk.groups())
    return found
