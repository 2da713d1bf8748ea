"""KentAgent: from a task to a diff, readable on one screen."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import kent_agent
from kent_agent.clock import Clock
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.weights import model_hash, weights_path
from kent_agent.errors import PatchError
from kent_agent.executed import ExecutedSearch
from kent_agent.filling.model import FillingModel
from kent_agent.generator import KEPT, Candidate, CodeGenerator
from kent_agent.locator import open_locator
from kent_agent.resonator import Factorization
from kent_agent.source.diff import files_of, unified_diff
from kent_agent.source.issue import Issue, parse_issue
from kent_agent.task import PatchResult, Solution, SWETask
from kent_agent.validation import Report, Validator
from kent_agent.workspace import RepositoryStore, RepoSnapshot

_SPARE = 2  # candidates that are checked beside those wanted: git may refuse one
_SEARCHED = 20  # places that are searched for what the issue names
_UNMENDED = 0.02
"""Least confidence of an answer where a check shows the fault and nothing was seen to mend it, unless one is given: of
43 such answers to planted bugs, in packages that nothing was trained on, none was right, and none as confident."""


@dataclass(frozen=True)
class AgentOptions:
    """How to solve.

    Attributes:
        repos_dir: local git mirrors.
        seed: kept in the trajectory; nothing here draws at random.
        candidates: how many are run at most where they are validated; the trajectory keeps KEPT in any case.
        factorizations: how many (FILE, OPERATION, LOCATION) are decoded.
        model: weights file; the shipped one by default.
        min_confidence: below it the agent abstains; the model's own by default. Of no concern to what survived.
        validate: `docker` runs candidates in the instance's image; `none` runs nothing.
        budget: seconds that an instance's container may work.
    """

    repos_dir: Path | None = None
    seed: int = 0
    candidates: int = 500
    factorizations: int = 5
    model: Path | None = None
    min_confidence: float | None = None
    validate: str = "none"
    budget: float = 120.0


@dataclass(frozen=True)
class Judged:
    """A candidate with its diff, which applies to the base commit; or with why it is dropped, and no diff."""

    candidate: Candidate
    diff: str
    dropped: str


@dataclass(frozen=True)
class Answer:
    """What the agent makes of an issue.

    Attributes:
        factorizations: the places it looked at.
        judged: the candidates, best first.
        report: of validation, where there was one.
        survived: whether the best candidate made a check of the issue pass, on a pristine tree too, and broke no test.
        unmended: whether a check shows the fault, and no candidate that is left made it pass.
    """

    factorizations: Sequence[Factorization]
    judged: Sequence[Judged]
    report: Report | None = None
    survived: bool = False
    unmended: bool = False

    @property
    def diffs(self) -> list[Judged]:
        """Those that may be an answer, best first."""
        return [each for each in self.judged if each.diff]


class KentAgent:
    """Resolves tasks without a language model.

    Raises:
        KentError: the weights cannot be read.
    """

    def __init__(self, options: AgentOptions) -> None:
        torch.set_num_threads(1)  # sums in another order give other bytes; workers are the parallelism
        self.options = options
        self.model_hash = model_hash(options.model)
        self.store = RepositoryStore(options.repos_dir)
        self.model = DecoderModel.load(weights_path(options.model))
        self.locator = open_locator()
        self.generator = CodeGenerator(self.model, FillingModel.load())
        self.validator = Validator(options.budget, options.candidates) if options.validate == "docker" else None
        given = options.min_confidence
        self.min_confidence = self.model.min_confidence if given is None else given

    def solve(self, task: SWETask) -> Solution:
        """The agent's answer; an empty patch where no candidate is fit to be one.

        Raises:
            WorkspaceError: the repository or its base commit is not to be had.
        """
        clock = Clock()
        with clock.stage("workspace"):
            snapshot = self.store.snapshot(task)
        with snapshot:
            if self.validator and task.image:
                answer = self._validated(self.validator, task, snapshot, clock)
            else:
                answer = self.answer(parse_issue(task.problem_statement), snapshot, task.repo, clock=clock)
        return self._solution(task, answer, clock)

    def answer(
        self, issue: Issue, snapshot: RepoSnapshot, repo: str = "", wanted: int = 1, clock: Clock | None = None
    ) -> Answer:
        """Candidates for an issue, judged until so many may be an answer.

        Args:
            issue: the parsed issue.
            snapshot: the repository.
            repo: `owner/name`, where it is known: weights that were fitted to it are not used.
            wanted: how many candidates to check against git; those behind them rank below.
        """
        clock = clock or Clock()
        with clock.stage("factorize"):
            located = self.locator.locate(issue, snapshot, repo, max(_SEARCHED, self.options.factorizations))
        found = located.factorizations[: self.options.factorizations]
        with clock.stage("generate"):
            candidates = self.generator.generate(
                issue, snapshot, found, wanted + _SPARE, KEPT, located.files, searched=located.factorizations
            ).candidates
        with clock.stage("check"):
            return Answer(found, tuple(_judged(candidates, snapshot, wanted)))

    def _validated(self, validator: Validator, task: SWETask, snapshot: RepoSnapshot, clock: Clock) -> Answer:
        """The answer whose candidates have been run: survivors first, and none that a check refuted."""
        issue, options = parse_issue(task.problem_statement), self.options
        with clock.stage("factorize"):
            located = self.locator.locate(issue, snapshot, task.repo, max(_SEARCHED, options.factorizations))
        with validator.open(task.image) as validation:
            with clock.stage("reproduce"):
                shown = validation.reproduce(task.problem_statement, snapshot)
            search = ExecutedSearch(self.locator, self.generator, validation, shown, issue, located, snapshot)
            search.run(options.factorizations, lambda each: _diff(each, snapshot)[0], clock)
        best = [Judged(survivor.candidate, survivor.diff, "") for survivor in search.survivors]
        with clock.stage("check"):
            judged = (*best, *_judged(search.refuted_or_left, snapshot, 0 if best else 1))
        unmended = bool(shown) and not (validation.flipping.keys() - validation.fates.keys())
        return Answer(search.places, judged, validation.report, bool(best), unmended)

    def _solution(self, task: SWETask, answer: Answer, clock: Clock) -> Solution:
        best = next(iter(answer.diffs), None)
        confidence = best.candidate.confidence if best else 0.0
        chosen = best if answer.survived or confidence >= self._asked(answer) else None
        trajectory: dict[str, Any] = {
            "instance_id": task.instance_id,
            "abstained": None if chosen else self.why_nothing(answer),
            "stages": clock.seconds,
            "factorizations": [asdict(factorization) for factorization in answer.factorizations],
            "candidates": [_evidence(each, each is chosen) for each in answer.judged[:KEPT]],
            "validation": asdict(answer.report) if answer.report else None,
            "confidence": confidence,
            "min_confidence": self._asked(answer),
            "seed": self.options.seed,
            "versions": {"kent_agent": kent_agent.__version__, "model": self.model_hash, "torch": torch.__version__},
        }
        patches = (chosen.candidate.patch,) if chosen else ()
        result = PatchResult(patches, confidence, chosen is not None)
        return Solution(task.instance_id, chosen.diff if chosen else "", result, trajectory)

    def _asked(self, answer: Answer) -> float:
        """The confidence that is asked of what did not survive."""
        if answer.unmended and self.options.min_confidence is None:
            return max(self.min_confidence, _UNMENDED)
        return self.min_confidence

    def why_nothing(self, answer: Answer) -> str:
        """Why an answer is none, or is not good enough, in words that end a sentence."""
        if not answer.factorizations:
            return "the repository holds no Python source to edit"
        if not answer.judged:
            return "no statement at the places found can be edited"
        if not answer.diffs:
            return "every candidate was dropped"
        confidence = answer.diffs[0].candidate.confidence
        return f"the best candidate's confidence is {confidence:.2g}, below {self._asked(answer):.2g}"


def _judged(candidates: Sequence[Candidate], snapshot: RepoSnapshot, wanted: int) -> Iterator[Judged]:
    """Each candidate with its diff, as long as some are wanted, or with why it has none."""
    left = wanted
    for candidate in candidates:
        reason, diff = candidate.dropped, ""
        if not reason and not left:
            reason = "ranks below the chosen one"
        if not reason:
            diff, reason = _diff(candidate, snapshot)
            left -= not reason
        yield Judged(candidate, diff, reason)


def _diff(candidate: Candidate, snapshot: RepoSnapshot) -> tuple[str, str]:
    """A candidate's diff, or none and why it is no answer."""
    path = candidate.patch.file
    diff = unified_diff({path: (snapshot.read_text(path) or "", candidate.after)})
    reason = _refusal(diff, path, snapshot)
    return "" if reason else diff, reason


def _refusal(diff: str, path: str, snapshot: RepoSnapshot) -> str:
    """Why a diff is no answer: it parses to another file, or git refuses it; empty where neither is so."""
    try:
        if files_of(diff) != (path,):
            return "its diff names another file"
        snapshot.check(diff)
    except PatchError as error:
        return str(error)
    return ""


def _evidence(judged: Judged, chosen: bool) -> dict[str, Any]:
    candidate = judged.candidate
    return {
        **asdict(candidate.patch),
        "edits": [edit.as_json() for edit in candidate.edits],
        "score": candidate.score,
        "confidence": candidate.confidence,
        "reason": candidate.reason,
        "chosen": chosen,
        "dropped": judged.dropped or ("" if chosen else "its confidence is below what is asked for"),
    }
