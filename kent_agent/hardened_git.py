"""Git that runs nothing a repository names, reaches no network, and ignores the user's own configuration."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import git

# Given in the environment, these override a repository's configuration as `git -c` does, and reach
# the processes that git starts.
CONFIGURATION = {
    "safe.directory": "*",
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "credential.helper": "",
    "advice.graftFileDeprecated": "false",
    "gc.auto": "0",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "filter.lfs.smudge": "",
    "filter.lfs.process": "",
    "filter.lfs.required": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "protocol.allow": "never",
}
PROTOCOLS = ("ext", "file", "ftp", "ftps", "git", "http", "https", "ssh")


def hardened_environment(protocols: tuple[str, ...] = ()) -> dict[str, str]:
    """Variables that switch off all but `protocols`.

    Off are system and global configuration, hooks, filters, submodules, LFS, prompts, replace references,
    grafts and lazy fetches.
    """
    allowed = {f"protocol.{name}.allow": "always" if name in protocols else "never" for name in PROTOCOLS}
    configuration = CONFIGURATION | allowed
    environment = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_PARAMETERS": "",
        "GIT_CONFIG_COUNT": str(len(configuration)),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TEMPLATE_DIR": "",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    }
    for number, (key, value) in enumerate(configuration.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


class HardenedGit(git.Git):
    """Git on one repository, whatever GIT_* variables the caller's environment holds.

    Args:
        git_dir: the git directory.
        work_tree: an empty folder; nothing is checked out, and no .gitattributes is found there.
        common_dir: where objects and references are, for a linked work tree; by default `git_dir`.
    """

    def __init__(self, git_dir: Path, work_tree: Path, common_dir: Path | None = None):
        super().__init__(work_tree)
        common_dir = common_dir or git_dir
        self.update_environment(
            **hardened_environment(),
            GIT_DIR=str(git_dir),
            GIT_COMMON_DIR=str(common_dir),
            GIT_OBJECT_DIRECTORY=str(common_dir / "objects"),
            GIT_WORK_TREE=str(work_tree),
        )

    def run(self, *arguments: str, index: Path | None = None) -> tuple[int, bytes, str]:
        """Exit status, standard output, and standard error on one line. `index` is the GIT_INDEX_FILE."""
        status, output, stderr = self.execute(
            [self.GIT_PYTHON_GIT_EXECUTABLE or "git", *arguments],
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            env={"GIT_INDEX_FILE": str(index)} if index else None,
        )
        return int(status), bytes(output), "; ".join(str(stderr).splitlines())

    def blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """The content of many blobs by id, in order; None where the repository lacks one."""
        if not names:
            return []
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{name}\n" for name in names).encode())
            wanted.seek(0)
            output = self.execute(
                [self.GIT_PYTHON_GIT_EXECUTABLE or "git", "cat-file", "--batch"],
                istream=wanted,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        return list(_batch(bytes(output)))


def _batch(output: bytes) -> Iterator[bytes | None]:
    """The contents in what `git cat-file --batch` prints: `<id> <type> <size>` and the content, or `<id> missing`."""
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        header, at = output[at:end], end + 1
        if header.endswith(b" missing"):
            yield None
            continue
        size = int(header.rpartition(b" ")[2])
        yield output[at : at + size]
        at += size + 1
