"""Images of releases, and what their tests say there."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.builder import Blueprint, ImageBuilder
from harness.planted.releases import OWNER, Release
from harness.recipes import Recipe
from kent_agent.errors import HarnessError
from kent_agent.execution.reports import TestStatus
from kent_agent.execution.runners import pytest_results
from kent_agent.execution.sandbox import WORK, Sandbox

if TYPE_CHECKING:
    import docker

BUDGET = 3600.0  # seconds that a container may live; each command in it has its own limit
LONGEST = 240.0  # seconds that a package's tests may take
_OPTIONS = ("-o", "addopts=", "--continue-on-collection-errors", "--ignore=docs")
_COVERAGE = """\
export COVERAGE_FILE="$1.data"
python -m coverage run --include="$PWD/*" -m pytest -q -p no:cacheprovider "${@:2}" >/dev/null 2>&1
python -m coverage json -q -o "$1"
"""

RECIPE = Recipe(
    packages=(
        "setuptools>=77,<82",
        "wheel",
        "hatchling",
        "editables",
        "hatch-vcs",
        "flit-core",
        "poetry-core",
        "setuptools-scm",
        "setuptools-git-versioning",
        "pytest>=8,<9",
        "coverage>=7",
        "hypothesis>=6.100,<7",
        "freezegun",
        "pyyaml",
        "six",
        "mock",
        "contextlib2",
        "docopt",
        "text-unidecode",
    ),
    # The first is for builds without git's tags; plugins, hypothesis' among them, take longer than most tests.
    env={"SETUPTOOLS_SCM_PRETEND_VERSION": "1.0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    install=("python -m pip install --no-build-isolation --no-deps -e .",),
)


@dataclass(frozen=True)
class Baseline:
    """What a release's tests say of it as it is.

    Attributes:
        passing: the tests that pass, twice.
        executed: lines that they run, by path.
        seconds: that they take.
    """

    passing: frozenset[str]
    executed: dict[str, frozenset[int]]
    seconds: float

    @property
    def patience(self) -> float:
        """Seconds to wait for the tests of a changed release, which may not end."""
        return min(LONGEST, 30 + 6 * self.seconds)


@dataclass(frozen=True)
class Workshop:
    """Where images are built and run.

    Args:
        mirrors: folder of the packages' mirrors.
        kept: folder for what was found out about releases.
    """

    client: docker.DockerClient
    builder: ImageBuilder
    mirrors: Path
    kept: Path

    def build(self, release: Release, instance_id: str, commit: str) -> str:
        """The name of the image of a commit, built where it is not there."""
        image = f"kent_agent/planted.{re.sub('[^a-z0-9]+', '-', instance_id.lower())}:{commit[:12]}"
        mirror = self.mirrors / f"{OWNER}__{release.package}"
        self.builder.instance(Blueprint(instance_id, image, release.repo, commit, mirror, RECIPE, frozenset()))
        return image

    def remove(self, image: str) -> None:
        """Forget an image; the layers that others share stay."""
        import docker

        try:
            self.client.images.remove(image)
        except docker.errors.APIError:
            return

    @contextmanager
    def sandbox(self, image: str) -> Iterator[Sandbox]:
        """A fresh container."""
        with Sandbox(self.client, image, BUDGET) as sandbox:
            yield sandbox

    def baseline(self, release: Release, sandbox: Sandbox) -> Baseline | None:
        """What a release's tests say in its image; None where too few pass, or they take too long."""
        file = self.kept / f"{release.name}.json"
        if not file.is_file():
            found = _measured(sandbox)
            told = {"passing": sorted(found[0]), "executed": found[1], "seconds": found[2]} if found else None
            self.kept.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(told), encoding="utf-8")
        told = json.loads(file.read_text(encoding="utf-8"))
        if told is None:
            return None
        executed = {path: frozenset(lines) for path, lines in told["executed"].items()}
        return Baseline(frozenset(told["passing"]), executed, told["seconds"])


def passing(sandbox: Sandbox, diff: str, timeout: float, selection: Sequence[str] = ()) -> frozenset[str] | None:
    """The tests that pass with a diff; None where they do not end, or git does not apply it.

    Args:
        selection: ids of those to run; by default all.
    """
    if sandbox.make_tree(diff):
        return None
    report = pytest_results(sandbox, [*_OPTIONS, *selection], timeout)
    if report.results is None:
        return None
    return frozenset(name for name, status in report.results.items() if status is TestStatus.PASSED)


def _measured(sandbox: Sandbox) -> tuple[frozenset[str], dict[str, list[int]], float] | None:
    if reason := sandbox.make_tree():
        raise HarnessError(f"The tree of {sandbox.image} cannot be copied: {reason}.")
    first = pytest_results(sandbox, _OPTIONS, LONGEST)
    second = passing(sandbox, "", LONGEST)
    if first.results is None or not second:
        return None
    both = second & {name for name, status in first.results.items() if status is TestStatus.PASSED}
    return (both, executed_lines(sandbox), round(first.command.seconds, 2)) if both else None


def executed_lines(sandbox: Sandbox, selection: Sequence[str] = ()) -> dict[str, list[int]]:
    """Lines of the repository that tests run, by path.

    Args:
        selection: ids of the tests; by default all.
    """
    path = f"{WORK}/scratch/{secrets.token_hex(8)}.json"
    sandbox.make_tree()
    done = sandbox.run(["/bin/bash", "-c", _COVERAGE, "kent", path, *_OPTIONS, *selection], 3 * LONGEST, report=path)
    if done.report is None:
        raise HarnessError(f"coverage left no report in {sandbox.image}: {done.stderr[-400:]}")
    told = json.loads(done.report)["files"]
    return {re.sub(r"^.*/kent/tree/", "", name): each["executed_lines"] for name, each in told.items()}
