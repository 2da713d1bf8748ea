"""ExecutedSearch: rounds of places, edits and runs, each steered by what failed in those before.

A round factorises the issue anew without what failed, decodes edits with a bias against it, runs those that were not
run yet, and confirms what makes a check of the issue pass. The first round with a survivor is the last. Where nothing
survives, and where there is no check, what breaks a test that passed is still no answer.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from kent_agent.clock import Clock
from kent_agent.confirmation import Confirmation, Diff, Survivor
from kent_agent.decoder.search import Steering
from kent_agent.generator import KEPT, Candidate, CodeGenerator
from kent_agent.locator import Localization, Locator
from kent_agent.resonator import Factorization
from kent_agent.source.issue import Issue
from kent_agent.traced import Trace, traced_places
from kent_agent.validation import Key, Reproductions, Validation, key_of
from kent_agent.workspace import RepoSnapshot

_ROUNDS = (0.3, 1.0)  # shares of the candidates that may be run by the end of each: the first one costs little
_UNCHECKED = 12  # candidates where no check can choose: the first that breaks no test is the answer
_TRACED = 2  # times as many places are decoded where a check can choose among what is written there


class ExecutedSearch:
    """The search for one issue.

    Args:
        locator, generator: as without execution.
        validation: runs candidates, and keeps what failed.
        shown: checks that show the fault; without any there is one round, and nothing is run.
        issue: the parsed issue.
        located: where it is by its text.
        snapshot: the repository at its base commit.

    Attributes:
        places: looked at, those of the first round first.
        survivors: best first.
    """

    def __init__(
        self,
        locator: Locator,
        generator: CodeGenerator,
        validation: Validation,
        shown: Reproductions,
        issue: Issue,
        located: Localization,
        snapshot: RepoSnapshot,
    ) -> None:
        self.locator, self.generator = locator, generator
        self.validation, self.shown = validation, shown
        self.issue, self.located, self.snapshot = issue, located, snapshot
        self._trace = Trace.of([each.base for each in shown], snapshot.read_text)
        self.places: tuple[Factorization, ...] = ()
        self.survivors: list[Survivor] = []
        self._candidates: dict[Key, Candidate] = {}

    @property
    def refuted_or_left(self) -> list[Candidate]:
        """All that did not survive: first what made a check pass, then by score; with why what was run is no answer."""
        validation, survived = self.validation, {key_of(each.candidate) for each in self.survivors}
        rest = {key: each for key, each in self._candidates.items() if key not in survived}
        order = sorted(rest, key=lambda key: (key not in validation.flipping, -rest[key].score))
        return [replace(rest[key], dropped=validation.fates.get(key) or rest[key].dropped) for key in order]

    def run(self, places: int, diff: Diff, clock: Clock) -> None:
        """Searches until something survives, or time, leave or rounds are spent.

        Args:
            places: how many to decode where nothing can be run.
            diff: of a candidate; empty where git refuses it.
            clock: told of the stages.
        """
        confirmation = Confirmation(self.validation, self.shown, self.snapshot)
        if self.shown:
            self._search(_TRACED * places, confirmation, diff, clock)
        else:
            with clock.stage("generate"):
                self._decoded(self.located.factorizations[:places], _UNCHECKED)
        if not self.survivors:
            with clock.stage("confirm"):
                confirmation.drop_breaking(self.refuted_or_left, diff)

    def _search(self, places: int, confirmation: Confirmation, diff: Diff, clock: Clock) -> None:
        for share in _ROUNDS:
            limit = math.ceil(share * self.validation.limit)
            with clock.stage("factorize"):
                found = self._factorized(places)
            with clock.stage("generate"):
                candidates = self._decoded(found, limit)
            with clock.stage("execute"):
                flipping = self.validation.run(candidates, self.shown, limit)
            with clock.stage("confirm"):
                self.survivors = confirmation.survivors(flipping, diff)
                self.validation.report.survived = len(self.survivors)
            if self.survivors or not self.validation.going:
                return

    def _factorized(self, places: int) -> list[Factorization]:
        """Where to look now: by the text less what failed, and by what the checks ran at the base commit."""
        failed = self.validation.accumulator
        again = self.locator.again(self.located, failed, places) if self.validation.report.tried else self.located
        return traced_places(again, self._trace, places, failed)

    def _decoded(self, places: Sequence[Factorization], limit: int) -> Sequence[Candidate]:
        located, steering = self.located, self._steering if self.shown else None
        candidates = self.generator.generate(
            self.issue, self.snapshot, places, limit, KEPT, located.files, steering, located.factorizations
        ).candidates
        known = {(place.file, place.location) for place in self.places}
        self.places += tuple(place for place in places if (place.file, place.location) not in known)
        self._candidates |= {key_of(each): each for each in candidates}
        return candidates

    def _steering(self, found: Factorization) -> Steering:
        """What runs tell of a place: the kinds of edit that failed there, and the lines that the checks run."""
        return Steering(partial(self.validation.accumulator.bias_at, found), partial(self._trace.of_lines, found))
