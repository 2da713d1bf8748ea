"""Which candidates survive: their diffs mend the issue's checks on a pristine tree, and break no test that passed.

Successive halving: the few most related tests judge all that compete, each further rung's more tests the better half of
those that are left. When time runs out, the answer is among those that came furthest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kent_agent.baseline import Baseline, Selections
from kent_agent.execution.sandbox import Sandbox
from kent_agent.generator import Candidate
from kent_agent.regression import EditedPlace, RelatedTest, related_files, related_tests, selected_tests
from kent_agent.source.grammar import OLD, Action
from kent_agent.validation import Reproductions, Validation, by_snippet, execution_of, key_of, share_flipped
from kent_agent.workspace import RepoSnapshot

_TESTS, _FILES = 12, 3  # most related tests of the first rung, and test files of the last one
_AT_ONCE = 16  # candidates that compete; the next ones do where none of them survives
_ENOUGH = 3  # candidates that every rung lets through, if so many pass it
_TAKEN = 0.05  # nats that each character costs which an edit takes away: 60 of them are a chance of one in twenty

Diff = Callable[[Candidate], str]
Rung = Callable[[Sequence[RelatedTest]], Selections]
"""What to run of the tests related to an edit, the most related first."""


@dataclass(frozen=True)
class Survivor:
    """A candidate that made checks pass.

    Attributes:
        candidate: it.
        diff: that was applied to a pristine tree.
        flipped: share of the checks that it made pass, in (0, 1].
        rungs: of tests that it was run with, and broke none.
    """

    candidate: Candidate
    diff: str
    flipped: float
    rungs: int = 0


class Confirmation:
    """Confirms the candidates of one instance.

    Args:
        validation: whose container and report are used.
        found: the checks.
        snapshot: the repository at its base commit.
    """

    def __init__(self, validation: Validation, found: Reproductions, snapshot: RepoSnapshot) -> None:
        self.validation = validation
        self.found = found
        self.snapshot = snapshot
        self.selection = selected_tests(snapshot)
        self.baseline = Baseline(validation.sandbox, self.selection.script) if validation.sandbox else None
        self._related: dict[EditedPlace, list[RelatedTest]] = {}

    def survivors(self, candidates: Sequence[Candidate], diff: Diff) -> list[Survivor]:
        """The candidates that survive, best first: by the share of the checks, their worth, the smaller change.

        Args:
            candidates: that made a check pass when they were run.
            diff: of a candidate; empty where git refuses it.
        """
        flipping = self.validation.flipping
        likeliest = sorted(candidates, key=lambda each: (-flipping[key_of(each)], -worth(each)))
        batches = (likeliest[i : i + _AT_ONCE] for i in range(0, len(likeliest), _AT_ONCE))
        return next(filter(None, (self._surviving(batch, diff) for batch in batches)), [])

    def drop_breaking(self, candidates: Sequence[Candidate], diff: Diff) -> None:
        """Finds out which of the best candidates break a test that passed, up to the first that breaks none.

        Args:
            candidates: that no check speaks for or against, best first.
            diff: of a candidate; empty where git refuses it.
        """
        with self.validation.ending_early():
            for candidate in candidates:
                text = "" if candidate.dropped else diff(candidate)
                if text and not self._breaks(candidate, text, _files):
                    return

    def _surviving(self, candidates: Sequence[Candidate], diff: Diff) -> list[Survivor]:
        """Those that no rung refutes, the better half of them after each; when time runs out, as far as they came."""
        sandbox = self.validation.sandbox
        if sandbox is None:
            return []
        left: list[Survivor] = []
        with self.validation.ending_early():
            left.extend(self._on_pristine_trees(sandbox, candidates, diff))
        for number, rung in enumerate(_RUNGS, start=1):
            with self.validation.ending_early():
                for each in sorted(left, key=_rank):
                    broken = self._breaks(each.candidate, each.diff, rung)
                    left.remove(each)
                    left += [] if broken else [replace(each, rungs=number)]
            left = sorted(left, key=_rank)[: max(_ENOUGH, len(left) // 2)]
        return left

    def _on_pristine_trees(self, sandbox: Sandbox, candidates: Sequence[Candidate], diff: Diff) -> Iterator[Survivor]:
        """Those whose diff makes checks pass in a fresh interpreter, on a tree that git applied it to."""
        report, fates = self.validation.report, self.validation.fates
        for candidate in candidates:
            text = diff(candidate)
            if not text:
                fates[key_of(candidate)] = "git does not apply its diff"
                continue
            outcomes = [(each, execution_of(sandbox, each).confirm(text)) for each in by_snippet(self.found)]
            flipped = sum(share_flipped(each, outcome) * len(each) for each, outcome in outcomes) / len(self.found)
            if flipped:
                yield Survivor(candidate, text, flipped)
            else:
                report.disagreed += 1
                fates[key_of(candidate)] = "its check failed on a pristine tree"

    def _breaks(self, candidate: Candidate, diff: str, rung: Rung) -> bool:
        """Whether a related test that passes at the base commit does not with a candidate's diff."""
        edited = EditedPlace(candidate.patch.file, candidate.factorization.location.name)
        if edited not in self._related:
            ranked = related_tests(self.snapshot, [edited], self.selection)
            self._related[edited] = [test for test in ranked if test.score > 0]
        chosen = rung(self._related[edited])
        reason = self.baseline.refutation(diff, chosen) if self.baseline else ""
        if reason:
            self.validation.report.broke += 1
            self.validation.fates[key_of(candidate)] = reason
        return bool(reason)


def _nearest(tests: Sequence[RelatedTest]) -> Selections:
    return (tuple(test.node_id for test in tests[:_TESTS]),) if tests else ()


def _files(tests: Sequence[RelatedTest], most: int = _FILES) -> Selections:
    return tuple((path,) for path in related_files(tests)[:most])


_RUNGS: Sequence[Rung] = (_nearest, partial(_files, most=1), _files)


def _rank(survivor: Survivor) -> tuple[int, float, float, int]:
    """How far it came, the share of the checks, what a candidate is worth, then the smaller change."""
    return -survivor.rungs, -survivor.flipped, -worth(survivor.candidate), len(survivor.diff)


def worth(candidate: Candidate) -> float:
    """The model's score less what an edit takes away: a check also passes where what it runs into is gone."""
    taken = sum(
        edit.site.end - edit.site.start
        for edit in candidate.edits
        if OLD not in edit.tokens and edit.action is not Action.MOVE_STATEMENT
    )
    return candidate.score - _TAKEN * taken
