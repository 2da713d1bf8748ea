"""KentAgent: from a task to a diff, readable on one screen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import kent_agent
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.weights import model_hash, weights_path
from kent_agent.errors import PatchError
from kent_agent.generator import Candidate, CodeGenerator, Generation
from kent_agent.locator import open_locator
from kent_agent.resonator import Factorization
from kent_agent.source.diff import files_of, unified_diff
from kent_agent.source.issue import Issue, parse_issue
from kent_agent.task import PatchResult, Solution, SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot


@dataclass(frozen=True)
class AgentOptions:
    """How to solve.

    Attributes:
        repos_dir: local git mirrors.
        seed: kept in the trajectory; nothing here draws at random.
        candidates: how many candidates the trajectory keeps.
        factorizations: how many (FILE, OPERATION, LOCATION) are decoded.
        model: weights file; the shipped one by default.
    """

    repos_dir: Path | None = None
    seed: int = 0
    candidates: int = 32
    factorizations: int = 5
    model: Path | None = None


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
        self.generator = CodeGenerator(self.model)

    def solve(self, task: SWETask) -> Solution:
        """The agent's answer; an empty patch where no candidate is fit to be one.

        Raises:
            WorkspaceError: the repository or its base commit is not to be had.
        """
        clock = _Clock()
        with clock.stage("workspace"):
            snapshot = self.store.snapshot(task)
        with snapshot:
            issue = parse_issue(task.problem_statement)
            with clock.stage("factorize"):
                found = self.factorize(issue, snapshot, task.repo)
            with clock.stage("generate"):
                generation = self.generator.generate(issue, snapshot, found, self.options.candidates)
            with clock.stage("check"):
                chosen, diff, dropped = _first_applicable(generation, snapshot)
        return self._solution(task, clock, found, generation, chosen, diff, dropped)

    def factorize(self, issue: Issue, snapshot: RepoSnapshot, repo: str) -> list[Factorization]:
        """The likeliest (FILE, OPERATION, LOCATION), best first, by weights that have not seen the repository."""
        return list(self.locator.locate(issue, snapshot, repo, self.options.factorizations).factorizations)

    def _solution(
        self,
        task: SWETask,
        clock: "_Clock",
        found: list[Factorization],
        generation: Generation,
        chosen: Candidate | None,
        diff: str,
        dropped: list[str],
    ) -> Solution:
        confidence = chosen.factorization.confidence if chosen else 0.0
        trajectory: dict[str, Any] = {
            "instance_id": task.instance_id,
            "abstained": None if chosen else _why_nothing(found, generation),
            "stages": clock.seconds,
            "factorizations": [asdict(factorization) for factorization in found],
            "candidates": [
                _evidence(candidate, why) for candidate, why in zip(generation.candidates, dropped, strict=True)
            ],
            "rejected_tokens": generation.rejections.counts,
            "confidence": confidence,
            "seed": self.options.seed,
            "versions": {"kent_agent": kent_agent.__version__, "model": self.model_hash, "torch": torch.__version__},
        }
        result = PatchResult((chosen.patch,) if chosen else (), confidence, chosen.verified if chosen else False)
        return Solution(task.instance_id, diff, result, trajectory)


def _first_applicable(generation: Generation, snapshot: RepoSnapshot) -> tuple[Candidate | None, str, list[str]]:
    """The best candidate whose diff applies to the base commit, that diff, and why each other one was dropped."""
    chosen, chosen_diff = None, ""
    dropped: list[str] = []
    for candidate in generation.candidates:
        reason = candidate.dropped or ("ranks below the chosen one" if chosen else "")
        if not reason:
            path = candidate.patch.file
            diff = unified_diff({path: (snapshot.read_text(path) or "", candidate.after)})
            reason = _refusal(diff, path, snapshot)
            if not reason:
                chosen, chosen_diff = candidate, diff
        dropped.append(reason)
    return chosen, chosen_diff, dropped


def _refusal(diff: str, path: str, snapshot: RepoSnapshot) -> str:
    """Why a diff is no answer: it parses to another file, or git refuses it; empty where neither is so."""
    try:
        if files_of(diff) != (path,):
            return "its diff names another file"
        snapshot.check(diff)
    except PatchError as error:
        return str(error)
    return ""


def _why_nothing(found: list[Factorization], generation: Generation) -> str:
    if not found:
        return "the repository holds no Python source to edit"
    if not generation.candidates:
        return "no statement at the places found can be edited"
    return "every candidate was dropped"


def _evidence(candidate: Candidate, dropped: str) -> dict[str, Any]:
    return {
        **asdict(candidate.patch),
        "pattern": candidate.pattern,
        "score": candidate.score,
        "log_probability": candidate.log_probability,
        "verified": candidate.verified,
        "chosen": not dropped,
        "dropped": dropped,
    }


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)
