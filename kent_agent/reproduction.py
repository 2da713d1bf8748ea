"""Executable checks of an issue, and what a run says of them.

A check is kept only where it reproduces the fault at the base commit: the snippet crashes as the traceback says, or
prints something other than what is expected. A candidate that makes a kept check pass flips it.
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from kent_agent.execution.client import Outcome, Status
from kent_agent.source.expectations import Expectation, ExpectationKind, expectations, normalised, states
from kent_agent.source.exports import Package
from kent_agent.source.snippets import Snippet, snippets

_ALIKE = 0.5  # share of a message that must be as stated: names and addresses in it vary
_OWN_FAULTS = frozenset("ImportError ModuleNotFoundError NameError SyntaxError IndentationError TabError".split())
_SURROUNDINGS = frozenset(
    "FileNotFoundError ConnectionError ConnectionRefusedError URLError HTTPError gaierror SSLError "
    "PermissionError MemoryError".split()
)
_BROKEN = _OWN_FAULTS | {"UnboundLocalError"}


class Verdict(StrEnum):
    """What a run says of a check."""

    CRASHES = "crashes as stated"
    DIFFERS = "prints or raises something other than expected"
    PASSES = "passes"
    CANNOT_RUN = "cannot run"  # the snippet is at fault, or what surrounds it
    CRASHES_OTHERWISE = "crashes otherwise"
    UNFINISHED = "unfinished"


REPRODUCES = frozenset({Verdict.CRASHES, Verdict.DIFFERS})


@dataclass(frozen=True)
class Check:
    """A snippet and one result that the issue states about it."""

    snippet: Snippet
    expectation: Expectation

    @property
    def provenance(self) -> dict[str, object]:
        """Where it comes from and what was done to it, JSON-ready."""
        stated = {"kind": self.expectation.kind, "line": self.expectation.line, "source": self.expectation.source}
        said = {name: getattr(self.expectation, name) for name in ("text", "exception", "message")}
        return {
            "snippet": {"kind": self.snippet.kind, "lines": self.snippet.lines, "repairs": self.snippet.repairs},
            "expectation": stated | {name: value for name, value in said.items() if value},
            "code": self.snippet.code,
        }


def checks(text: str, package: Package | None = None) -> list[Check]:
    """The checks that an issue offers, before any is run; snippets in its order, the surest expectations first."""
    return [Check(snippet, each) for snippet in snippets(text, package) for each in expectations(text, snippet)]


def classify(outcome: Outcome, check: Check) -> Verdict:
    """What a run of a check's snippet says of it."""
    stated = check.expectation
    if outcome.status is Status.TIMEOUT:
        return Verdict.UNFINISHED
    if outcome.status is Status.CANNOT_RUN:
        return Verdict.CANNOT_RUN
    if _failed(outcome):
        return _crash(outcome, stated)
    if stated.kind is ExpectationKind.NO_CRASH:
        return Verdict.PASSES
    if stated.kind is ExpectationKind.RAISES:
        return Verdict.DIFFERS
    holds = states(outcome.stdout, stated.text)
    if stated.kind is ExpectationKind.OTHER_OUTPUT:
        holds = bool(normalised(outcome.stdout)) and not holds
    return Verdict.PASSES if holds else Verdict.DIFFERS


def reproduces(outcome: Outcome, check: Check) -> bool:
    """Whether a run at the base commit shows the fault, so that the check is worth keeping."""
    return classify(outcome, check) in REPRODUCES


def flips(base: Outcome, candidate: Outcome, check: Check) -> bool:
    """Whether a check that shows the fault at the base commit passes with a candidate."""
    return reproduces(base, check) and classify(candidate, check) is Verdict.PASSES


def change(base: Outcome, candidate: Outcome) -> float:
    """How much a candidate that failed changed the failure, in [0, 1].

    0 for the same exception from the same line, for one raised earlier in the snippet and for a candidate that is
    broken itself; 1 for a run that came further. Between them: another exception at the same line of the snippet, the
    same one from another line of the repository, another output.
    """
    if candidate.status not in (Status.FINISHED, Status.RAISED, Status.EXITED) or _type(candidate) in _BROKEN:
        return 0.0
    if not _failed(candidate):
        return 1.0 if _failed(base) else 0.5 * (normalised(candidate.stdout) != normalised(base.stdout))
    reached, before = candidate.check_line or 0, base.check_line or 0
    if not _failed(base) or reached < before:
        return 0.0
    if reached > before:
        return 1.0
    if _type(candidate) != _type(base):
        return 0.6
    return 0.3 * (candidate.frames[-1:] != base.frames[-1:])


def _crash(outcome: Outcome, stated: Expectation) -> Verdict:
    name = _type(outcome)
    if name and stated.exception == name and (stated.kind is ExpectationKind.RAISES or _as_stated(outcome, stated)):
        return Verdict.PASSES if stated.kind is ExpectationKind.RAISES else Verdict.CRASHES
    if (name in _OWN_FAULTS and not outcome.frames) or name in _SURROUNDINGS:
        return Verdict.CANNOT_RUN
    if stated.kind is ExpectationKind.RAISES:
        return Verdict.DIFFERS
    if stated.kind is ExpectationKind.NO_CRASH and not stated.exception:
        return Verdict.CRASHES
    return Verdict.CRASHES_OTHERWISE


def _failed(outcome: Outcome) -> bool:
    """Whether a run ended before its last line; to leave with success is no failure."""
    left = outcome.status is Status.EXITED and outcome.message in ("", "0", "None")
    return outcome.status is not Status.FINISHED and not left


def _as_stated(outcome: Outcome, stated: Expectation) -> bool:
    """Whether a crash of the stated type is the stated one: by its message, or by the function it comes from."""
    if not stated.message or not outcome.message:
        return True
    if stated.function and outcome.frames and outcome.frames[-1].function == stated.function:
        return True
    left, right = (normalised(text)[:500] for text in (stated.message, outcome.message.split("\n")[0]))
    return SequenceMatcher(None, left, right, autojunk=False).ratio() >= _ALIKE


def _type(outcome: Outcome) -> str:
    """The last part of the name of what was raised; empty for nothing."""
    return (outcome.exception or "").rpartition(".")[2]
