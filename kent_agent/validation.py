"""Execution decides: the issue's own checks, run in the instance's container, choose among the candidates.

A check counts only where it shows the fault at the base commit. A candidate that makes one pass is confirmed
(`kent_agent.confirmation`); what fails steers what is tried next.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from kent_agent.accumulator import ConstraintAccumulator, Slots
from kent_agent.execution.client import Check as Program
from kent_agent.execution.client import Execution, Outcome
from kent_agent.execution.daemon import connect
from kent_agent.execution.sandbox import Sandbox, SandboxError
from kent_agent.generator import Candidate
from kent_agent.reproduction import Check, change, checks, classify, flips, reproduces
from kent_agent.source.exports import Package, package, package_names
from kent_agent.source.snippets import Snippet
from kent_agent.workspace import RepoSnapshot

_SNIPPET_TIMEOUT = 20.0  # seconds that a snippet may take


@dataclass(frozen=True)
class Reproduction:
    """A check that shows the fault, and what it did at the base commit, the lines it ran among that."""

    check: Check
    base: Outcome


Reproductions = Sequence[Reproduction]
Key = tuple[str, str]
"""What tells one candidate from another: the file, and its text with the edit."""


@dataclass
class Report:
    """What validation did, for the trajectory.

    Attributes:
        image: that it ran in.
        note: why it ended early; empty where it did not.
        offered: how many checks the issue states.
        checks: those that show the fault, with their provenance and verdict.
        rounds: of the search: places found, edits decoded there and run.
        tried: candidates that were run.
        first_survivor: how many had been run with the first one that survived its check; 0 for none.
        disagreed: candidates that made a check pass, and not on a pristine tree.
        broke: candidates that broke a test that passed, or that git does not apply in the container.
        survived: candidates that did neither, as far as halving left them.
        budget_hit: whether time ran out, which exempts the instance from byte-reproducibility.
        seconds: in all.
    """

    image: str
    note: str = ""
    offered: int = 0
    checks: list[dict[str, Any]] = field(default_factory=list)
    rounds: int = 0
    tried: int = 0
    first_survivor: int = 0
    disagreed: int = 0
    broke: int = 0
    survived: int = 0
    budget_hit: bool = False
    seconds: float = 0.0


class Validator:
    """Opens a container for an instance at a time.

    Args:
        budget: seconds of work in an instance's container.
        limit: candidates for an instance.

    Raises:
        SandboxError: no Docker daemon answers.
    """

    def __init__(self, budget: float = 120.0, limit: int = 500) -> None:
        self.client = connect()
        self.budget, self.limit = budget, limit

    @contextmanager
    def open(self, image: str) -> Iterator["Validation"]:
        """The validation of one instance in its image; where there is none to be had, its report says so."""
        report = Report(image)
        started = time.monotonic()
        with ExitStack() as stack:
            sandbox = None
            try:
                sandbox = stack.enter_context(Sandbox(self.client, image, self.budget))
            except SandboxError as error:
                report.note = str(error)
            yield Validation(sandbox, self.limit, report)
        report.seconds = round(time.monotonic() - started, 3)


class Validation:
    """What one instance's container says; when it ends early, what is known by then, and the report says so.

    Args:
        sandbox: a started one; None where the image is not to be had.
        limit: candidates to run at most.
        report: filled in on the way.
    """

    def __init__(self, sandbox: Sandbox | None, limit: int, report: Report) -> None:
        self.sandbox = sandbox
        self.limit = limit
        self.report = report
        self.accumulator = ConstraintAccumulator()
        self.fates: dict[Key, str] = {}
        """Why candidates that were run are no answer."""
        self.flipping: dict[Key, float] = {}
        """The share of its snippet's checks that a candidate made pass, where it made any."""

    @property
    def going(self) -> bool:
        """Whether there is a container, time and leave to run more."""
        return bool(self.sandbox and self.sandbox.budget_left and self.report.tried < self.limit)

    def reproduce(self, text: str, snapshot: RepoSnapshot) -> list[Reproduction]:
        """The checks that an issue's text states and that show the fault at the base commit."""
        if self.sandbox is None:
            return []
        offered = checks(text, package_of(snapshot))
        self.report.offered = len(offered)
        found: list[Reproduction] = []
        with self.ending_early():
            outcomes = self._at_base(self.sandbox, dict.fromkeys(check.snippet for check in offered))
            told = [Reproduction(check, outcomes[check.snippet.code]) for check in offered]
            found = [each for each in told if reproduces(each.base, each.check)]
        self.report.checks = [each.check.provenance | _told(each) for each in found]
        return found

    def run(self, candidates: Sequence[Candidate], found: Reproductions, until: int) -> list[Candidate]:
        """Runs candidates in their order, and gives those that make checks pass; what failed steers the next round.

        Args:
            candidates: best first; those that were run before are not run again.
            found: checks that show the fault; without any, nothing is run.
            until: how many may have been run in all at the end.
        """
        flipping: list[Candidate] = []
        if self.sandbox is None or not found:
            return flipping
        self.report.rounds += 1
        fresh = [each for each in candidates if not each.dropped and key_of(each) not in {*self.fates, *self.flipping}]
        with self.ending_early():
            flipping.extend(self._flipping(self.sandbox, fresh, found, until))
        return flipping

    @contextmanager
    def ending_early(self) -> Iterator[None]:
        """Lets a container's end be the end of what is done in it, and no failure."""
        try:
            yield
        except SandboxError as error:
            self.report.note = str(error)
            self.report.budget_hit = self.sandbox is not None and not self.sandbox.budget_left

    @staticmethod
    def _at_base(sandbox: Sandbox, snippets: Iterable[Snippet]) -> dict[str, Outcome]:
        """What snippets do at the base commit, by their code."""
        return {each.code: next(Execution(sandbox, _program(each, trace=True)).run([{}])) for each in snippets}

    def _flipping(
        self, sandbox: Sandbox, candidates: Sequence[Candidate], found: Reproductions, until: int
    ) -> Iterator[Candidate]:
        """Candidates that make checks of the cheapest snippet pass."""
        first = by_snippet(found)[0]
        execution = execution_of(sandbox, first)
        for candidate in candidates[: min(self.limit, until) - self.report.tried]:
            outcome = next(execution.run([{candidate.patch.file: candidate.after}]))
            self.report.tried += 1
            if share := share_flipped(first, outcome):
                self.report.first_survivor = self.report.first_survivor or self.report.tried
                self.flipping[key_of(candidate)] = share
                yield candidate
            else:
                self.fates[key_of(candidate)] = "its check failed when it was run"
                self.accumulator.record(*_slots(candidate), change(first[0].base, outcome))


def key_of(candidate: Candidate) -> Key:
    """What tells a candidate from others."""
    return candidate.patch.file, candidate.after


def execution_of(sandbox: Sandbox, reproductions: Reproductions) -> Execution:
    """The execution of a snippet that reproductions share."""
    return Execution(sandbox, _program(reproductions[0].check.snippet))


def _program(snippet: Snippet, trace: bool = False) -> Program:
    return Program(snippet.code, snippet.setup, timeout=_SNIPPET_TIMEOUT, trace=trace)


def by_snippet(found: Reproductions) -> list[list[Reproduction]]:
    """Reproductions of the same snippet together, the cheapest snippet first."""
    grouped: defaultdict[str, list[Reproduction]] = defaultdict(list)
    for each in found:
        grouped[each.check.snippet.code].append(each)
    return sorted(grouped.values(), key=lambda group: group[0].base.seconds)


def share_flipped(reproductions: Reproductions, outcome: Outcome) -> float:
    """The share of the checks of one snippet that an outcome flips."""
    return sum(flips(each.base, outcome, each.check) for each in reproductions) / len(reproductions)


def package_of(snapshot: RepoSnapshot) -> Package | None:
    """The package under test; None where the repository has none."""
    paths = [entry.path for entry in snapshot.files if entry.path.endswith(".py")]
    names = package_names(paths)
    texts = {path: text for path, text in zip(paths, snapshot.read_texts(paths), strict=True) if text}
    return package(names[0], texts) if names else None


def _slots(candidate: Candidate) -> tuple[Slots, str]:
    return Slots.of(candidate.factorization), str(candidate.edits[0].action)


def _told(reproduction: Reproduction) -> dict[str, Any]:
    base = reproduction.base
    return {
        "verdict": str(classify(base, reproduction.check)),
        "base": {"status": str(base.status), "exception": base.exception, "message": base.message[:500]},
    }
