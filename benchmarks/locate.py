"""Where an issue is fixed in a large repository, timed: python benchmarks/locate.py --repo MIRROR --commit REV.

Every location is made by a process of its own, as a person's command would be: once with an empty index, then with
what that left behind. Times go from the first import to the answer; and from the opening of the repository, as
`harness.localization` has them, which is what an agent takes that is running already.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

ISSUE = """\
The copy module fails on a destination whose path is not ASCII

Copying a file to a folder with an umlaut in its name fails since the last release:

    - copy: src=motd dest=/srv/bücher/motd

UnicodeEncodeError: 'ascii' codec can't encode character '\\xfc' in position 7: ordinal not in range(128)

It should copy the file, as it does with `become: false`. The path seems to be joined before it is converted to bytes.
"""

TIMES = {"seconds": "a process", "from_opening": "from opening the repository"}

ONCE = """\
import time
started = time.perf_counter()
import json, resource, sys
from pathlib import Path
from kent_agent.locator import open_locator, processes_at_hand
from kent_agent.source.issue import parse_issue
from kent_agent.workspace import RepoSnapshot, revision_of
repo, commit, index, issue = sys.argv[1:]
locator = open_locator(Path(index), processes=processes_at_hand())
opened = time.perf_counter()
with RepoSnapshot(repo, revision_of(Path(repo), commit), Path(repo)) as snapshot:
    found = locator.locate(parse_issue(issue), snapshot)
    python = sum(entry.path.endswith(".py") for entry in snapshot.files)
now = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
times = {"seconds": now - started, "from_opening": now - opened}
print(json.dumps({"python": python, "candidates": len(found.files), "peak": peak, **times}))
"""


def locate(repo: Path, commit: str, index: Path, issue: str) -> dict[str, Any]:
    """One location in a process of its own."""
    command = [sys.executable, "-c", ONCE, str(repo), commit, str(index), issue]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def main(
    repo: Annotated[Path, typer.Option(help="A git repository, bare or not.")],
    commit: Annotated[str, typer.Option(help="The revision to search.")] = "HEAD",
    issue: Annotated[
        Path | None, typer.Option(help="A file with an issue; one about copying files by default.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Cold runs, and warm ones after the last of them.")] = 5,
) -> None:
    """Time the locator on one commit of a repository, cold and warm."""
    text = issue.read_text() if issue else ISSUE
    cold = []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(runs):
            index = Path(folder) / f"{run}.sqlite"
            cold.append(locate(repo, commit, index, text))
        warm = [locate(repo, commit, index, text) for _ in range(runs)]
        size = index.stat().st_size
    print(f"{cold[0]['python']} Python files, {cold[0]['candidates']} of them candidates; index {size / 1e6:.1f} MB")
    for name, found in (("cold", cold), ("warm", warm)):
        peak = max(each["peak"] for each in found)
        told = ", ".join(f"{what} {_told([each[key] for each in found])}" for key, what in TIMES.items())
        print(f"{name}: {told}; peak memory {peak:.0f} MB")


def _told(seconds: Sequence[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s, best {min(seconds):.2f} s"


if __name__ == "__main__":
    typer.run(main)
