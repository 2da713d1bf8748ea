"""Execution decides: the issue's own checks, run in the instance's container, choose among the candidates.

A check counts only where it shows the fault at the base commit. A candidate survives when it makes one pass, when its
diff does so again on a pristine tree in a fresh interpreter, and when it breaks no related test that passed.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from kent_agent.accumulator import ConstraintAccumulator, Slots
from kent_agent.execution.client import Check as Program
from kent_agent.execution.client import Execution, Outcome
from kent_agent.execution.daemon import connect
from kent_agent.execution.junit import TestStatus, pytest_results
from kent_agent.execution.sandbox import Sandbox, SandboxError
from kent_agent.generator import Candidate
from kent_agent.regression import EditedPlace, related_files, related_tests
from kent_agent.reproduction import Check, change, checks, classify, flips, reproduces
from kent_agent.source.exports import Package, package, package_names
from kent_agent.source.grammar import OLD, Action
from kent_agent.workspace import RepoSnapshot

_SNIPPET_TIMEOUT = 20.0  # seconds that a snippet may take
_TEST_FILES, _TESTS_TIMEOUT = 3, 60.0  # most related test files, and seconds for all of them
_TAKEN = 0.05  # nats that each character costs which an edit takes away: 60 of them are a chance of one in twenty
_ENOUGH = 3  # survivors; most candidates that make a check pass break a test, so many may have to be looked at

Diff = Callable[[Candidate], str]


@dataclass(frozen=True)
class Reproduction:
    """A check that shows the fault, and what it did at the base commit, the lines it ran among that."""

    check: Check
    base: Outcome


Reproductions = Sequence[Reproduction]
Flipped = tuple[int, Candidate, float]
"""The number of a candidate, it, and the share of its snippet's checks that it made pass."""


@dataclass(frozen=True)
class Survivor:
    """A candidate that made checks pass.

    Attributes:
        candidate: it.
        diff: that was applied to a pristine tree.
        flipped: share of the checks that it made pass, in (0, 1].
    """

    candidate: Candidate
    diff: str
    flipped: float


@dataclass
class Report:
    """What validation did, for the trajectory.

    Attributes:
        image: that it ran in.
        note: why it ended early; empty where it did not.
        offered: how many checks the issue states.
        checks: those that show the fault, with their provenance and verdict.
        tried: candidates that were run.
        first_survivor: how many had been run with the first one that survived its check; 0 for none.
        first_by_score: how many would have been, had no failure steered the search; 0 where that is not known.
        disagreed: survivors that did not survive on a pristine tree.
        broke: survivors that broke a test that passed.
        budget_hit: whether time ran out, which exempts the instance from byte-reproducibility.
        seconds: in all.
    """

    image: str
    note: str = ""
    offered: int = 0
    checks: list[dict[str, Any]] = field(default_factory=list)
    tried: int = 0
    first_survivor: int = 0
    first_by_score: int = 0
    disagreed: int = 0
    broke: int = 0
    budget_hit: bool = False
    seconds: float = 0.0


class Validator:
    """Opens a container for an instance at a time.

    Args:
        budget: seconds for an instance.
        limit: candidates for an instance.

    Raises:
        SandboxError: no Docker daemon answers.
    """

    def __init__(self, budget: float = 120.0, limit: int = 200) -> None:
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
        self._passed_before: dict[tuple[str, ...], set[str]] = {}
        self.fates: dict[int, str] = {}
        """Why candidates that were run are no answer, by their numbers."""
        self.flipping: list[int] = []
        """Numbers of the candidates that made a check pass; when time ran out, not all of them were confirmed."""

    def reproduce(self, text: str, snapshot: RepoSnapshot) -> list[Reproduction]:
        """The checks that an issue's text states and that show the fault at the base commit."""
        if self.sandbox is None:
            return []
        offered = checks(text, package_of(snapshot))
        self.report.offered = len(offered)
        found: list[Reproduction] = []
        with self._ending_early():
            outcomes = self._at_base(self.sandbox, dict.fromkeys(check.snippet.code for check in offered))
            told = [Reproduction(check, outcomes[check.snippet.code]) for check in offered]
            found = [each for each in told if reproduces(each.base, each.check)]
        self.report.checks = [each.check.provenance | _told(each) for each in found]
        return found

    def survivors(
        self, candidates: Sequence[Candidate], found: Reproductions, snapshot: RepoSnapshot, diff: Diff
    ) -> list[Survivor]:
        """The candidates that survive, best first.

        Args:
            candidates: best first.
            found: checks that show the fault; without any, nothing can survive.
            snapshot: the repository at its base commit.
            diff: of a candidate; empty where git refuses it.
        """
        if self.sandbox is None or not found:
            return []
        survived: list[Survivor] = []
        flipped: list[Flipped] = []
        with self._ending_early():
            flipped.extend(self._flipping(self.sandbox, candidates, found))
        self.report.first_by_score = self._first_by_score(candidates)
        with self._ending_early():
            survived.extend(self._confirmed(self.sandbox, flipped, found, snapshot, diff))
        return sorted(survived, key=_rank)

    @contextmanager
    def _ending_early(self) -> Iterator[None]:
        """Lets a container's end be the end of what is done in it, and no failure."""
        try:
            yield
        except SandboxError as error:
            self.report.note = str(error)
            self.report.budget_hit = self.sandbox is not None and not self.sandbox.budget_left

    @staticmethod
    def _at_base(sandbox: Sandbox, codes: Iterable[str]) -> dict[str, Outcome]:
        programs = {code: Program(code, timeout=_SNIPPET_TIMEOUT, trace=True) for code in codes}
        return {code: next(Execution(sandbox, program).run([{}])) for code, program in programs.items()}

    def _flipping(self, sandbox: Sandbox, candidates: Sequence[Candidate], found: Reproductions) -> Iterator[Flipped]:
        """Candidates that make checks pass; what failed steers what is tried next."""
        first = _by_snippet(found)[0]
        execution = _execution(sandbox, first)
        accumulator = ConstraintAccumulator()
        waiting = {i: each for i, each in enumerate(candidates) if not each.dropped}
        while waiting and self.report.tried < self.limit:
            i = max(waiting, key=lambda i: (waiting[i].score + accumulator.bias(*_slots(waiting[i])), -i))
            candidate = waiting.pop(i)
            outcome = next(execution.run([{candidate.patch.file: candidate.after}]))
            self.report.tried += 1
            if share := _share(first, outcome):
                self.report.first_survivor = self.report.first_survivor or self.report.tried
                self.flipping.append(i)
                yield i, candidate, share
            else:
                self.fates[i] = "its check failed when it was run"
                accumulator.record(*_slots(candidate), change(first[0].base, outcome))

    def _first_by_score(self, candidates: Sequence[Candidate]) -> int:
        """The rank by score alone of the best candidate that makes a check pass; 0 unless all above it were run."""
        kept = [i for i, each in enumerate(candidates) if not each.dropped]
        order = sorted(kept, key=lambda i: (-candidates[i].score, i))
        above = list(takewhile(lambda i: i not in self.flipping, order))
        return len(above) + 1 if self.flipping and all(i in self.fates for i in above) else 0

    def _confirmed(
        self,
        sandbox: Sandbox,
        flipped: Sequence[Flipped],
        found: Reproductions,
        snapshot: RepoSnapshot,
        diff: Diff,
    ) -> Iterator[Survivor]:
        """Those that survive on a pristine tree, by all snippets, and break no related test that passed."""
        survived = 0
        for i, candidate, _ in sorted(flipped, key=lambda each: (-each[2], -worth(each[1]))):
            text = diff(candidate) if survived < _ENOUGH else ""
            if not text:
                continue
            outcomes = [(each, _execution(sandbox, each).confirm(text)) for each in _by_snippet(found)]
            share = sum(_share(each, outcome) * len(each) for each, outcome in outcomes) / len(found)
            if not share:
                self.report.disagreed += 1
                self.fates[i] = "its check failed on a pristine tree"
            elif self._breaks(sandbox, candidate, text, snapshot):
                self.report.broke += 1
                self.fates[i] = "it breaks a test that passed"
            else:
                survived += 1
                yield Survivor(candidate, text, share)

    def _breaks(self, sandbox: Sandbox, candidate: Candidate, diff: str, snapshot: RepoSnapshot) -> bool:
        """Whether a related test that passes at the base commit does not with a diff."""
        edited = EditedPlace(candidate.patch.file, candidate.factorization.location.name)
        tests = related_tests(snapshot, [edited])
        files = tuple(related_files(test for test in tests if test.score > 0)[:_TEST_FILES])
        if files not in self._passed_before:
            self._passed_before[files] = _passed(sandbox, "", files)
        before = self._passed_before[files]
        return bool(before) and not before <= _passed(sandbox, diff, files)


def _passed(sandbox: Sandbox, diff: str, files: Sequence[str]) -> set[str]:
    """The tests of some files that pass with a diff; each file is run by itself, since one may end without a report."""
    sandbox.make_tree(diff)
    reports = [pytest_results(sandbox, [file], _TESTS_TIMEOUT / len(files)).results or {} for file in files]
    return {name for report in reports for name, status in report.items() if status is TestStatus.PASSED}


def _execution(sandbox: Sandbox, reproductions: Reproductions) -> Execution:
    return Execution(sandbox, Program(reproductions[0].check.snippet.code, timeout=_SNIPPET_TIMEOUT))


def _by_snippet(found: Reproductions) -> list[list[Reproduction]]:
    """Reproductions of the same snippet together, the cheapest snippet first."""
    grouped: defaultdict[str, list[Reproduction]] = defaultdict(list)
    for each in found:
        grouped[each.check.snippet.code].append(each)
    return sorted(grouped.values(), key=lambda group: group[0].base.seconds)


def package_of(snapshot: RepoSnapshot) -> Package | None:
    """The package under test; None where the repository has none."""
    paths = [entry.path for entry in snapshot.files if entry.path.endswith(".py")]
    names = package_names(paths)
    texts = {path: text for path, text in zip(paths, snapshot.read_texts(paths), strict=True) if text}
    return package(names[0], texts) if names else None


def _slots(candidate: Candidate) -> tuple[Slots, str]:
    return Slots.of(candidate.factorization), str(candidate.edits[0].action)


def _share(reproductions: Reproductions, outcome: Outcome) -> float:
    """The share of the checks of one snippet that an outcome flips."""
    return sum(flips(each.base, outcome, each.check) for each in reproductions) / len(reproductions)


def _told(reproduction: Reproduction) -> dict[str, Any]:
    base = reproduction.base
    return {
        "verdict": str(classify(base, reproduction.check)),
        "base": {"status": str(base.status), "exception": base.exception, "message": base.message[:500]},
    }


def _rank(survivor: Survivor) -> tuple[float, float, int]:
    """The share of checks first, then what a candidate is worth, then the smaller change."""
    return -survivor.flipped, -worth(survivor.candidate), len(survivor.diff)


def worth(candidate: Candidate) -> float:
    """The model's score less what an edit takes away: a check also passes where what it runs into is gone."""
    taken = sum(
        edit.site.end - edit.site.start
        for edit in candidate.edits
        if OLD not in edit.tokens and edit.action is not Action.MOVE_STATEMENT
    )
    return candidate.score - _TAKEN * taken
