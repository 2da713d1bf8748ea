"""What the agent makes of a planted bug, and what the package's own tests say of it."""

import ast
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.planted.planting import Bug
from harness.planted.releases import Tree
from harness.planted.workshop import LONGEST, Baseline, Workshop, passing
from kent_agent.agent import KentAgent
from kent_agent.errors import PatchError
from kent_agent.source.diff import unified_diff
from kent_agent.task import Solution
from kent_agent.workspace import RepositoryStore

_TOLD = (
    *("note", "offered", "rounds", "tried", "first_survivor"),
    *("disagreed", "broke", "survived", "budget_hit", "seconds"),
)


@dataclass(frozen=True)
class Judge:
    """The tests of one release, all of them, in a fresh container for each patch.

    Args:
        image: of the release as it is.
        tree: its files.
    """

    workshop: Workshop
    image: str
    tree: Tree
    baseline: Baseline

    def verdict(self, bug: Bug, patch: str) -> dict[str, Any]:
        """Whether a patch repairs a bug: every test passes that passes without it; and whether it is the same code."""
        told: dict[str, Any] = {"patch": patch, "repaired": False, "identical": False, "failing": []}
        if not patch:
            return told
        try:
            patched = self._patched(bug, patch)
        except PatchError as error:
            return told | {"note": str(error)}
        right = self.tree.files
        pairs = {path: (right[path].decode(), text) for path, text in patched.items() if path in right}
        with self.workshop.sandbox(self.image) as sandbox:
            passed = passing(sandbox, unified_diff(pairs), LONGEST)
        failing = sorted(self.baseline.passing - (passed or frozenset()))
        identical = all(_same(before, after) for before, after in pairs.values())
        return told | {"repaired": not failing, "identical": identical, "failing": failing[:20]}

    def _patched(self, bug: Bug, patch: str) -> dict[str, str]:
        """The file with the bug, and whatever else a patch touches, after the patch."""
        with RepositoryStore(self.workshop.mirrors).snapshot(bug.task("")) as snapshot:
            touched = {path: content.decode() for path, content in snapshot.apply(patch).items() if content is not None}
            return {bug.path: snapshot.read_text(bug.path) or ""} | touched


def attempt(agent: KentAgent, bug: Bug, image: str) -> tuple[Solution, dict[str, Any]]:
    """The agent's answer, and what is worth keeping of how it came to it.

    Its `place` is the rank of the function with the bug among the places that the agent looked at, 0 where it is none.
    """
    started = time.monotonic()
    solution = agent.solve(bug.task(image))
    trajectory = solution.trajectory
    validation: Mapping[str, Any] = trajectory["validation"] or {}
    told = {name: validation[name] for name in _TOLD if name in validation}
    return solution, {
        "seconds": round(time.monotonic() - started, 2),
        "stages": trajectory["stages"],
        "place": _rank(bug, trajectory["factorizations"]),
        "abstained": trajectory["abstained"],
        "confidence": trajectory["confidence"],
        "validation": told | {"checks": len(validation["checks"])} if told else None,
    }


def _rank(bug: Bug, places: Sequence[Mapping[str, Any]]) -> int:
    ranks = [
        rank
        for rank, place in enumerate(places, 1)
        if (place["file"], place["location"]["name"]) == (bug.path, bug.scope)
    ]
    return min(ranks, default=0)


def _same(left: str, right: str) -> bool:
    """Whether two texts are the same code, comments and formatting aside."""
    return ast.dump(ast.parse(left)) == ast.dump(ast.parse(right))
