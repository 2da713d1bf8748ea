"""Below what confidence to abstain, by what the agent's first answers to validation fixes were worth."""

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kent_agent.generator import CodeGenerator
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.learning.splits import VALIDATION
from kent_agent.locator import Locator
from kent_agent.source.issue import parse_issue
from kent_agent.source.sameness import same
from kent_agent.source.symbols import parse
from kent_agent.workspace import RepoSnapshot

_PLACES = 5  # that are decoded, as the agent does

Answer = tuple[float, bool]
"""Confidence in a first answer, and whether it was the fix."""


def drawn(path: Path, limit: int, seed: int) -> list[MinedFix]:
    """Fixes of validation repositories that are one edit of one file, as many as asked for.

    Raises:
        KentError: the file cannot be read.
    """
    found = [fix for fix in load_fixes(path) if fix.split == VALIDATION and len(fix.edits) == 1]
    return random.Random(seed).sample(found, min(limit, len(found)))


def first_answers(
    fixes: Iterable[MinedFix], mirrors: Mapping[str, Path], locator: Locator, generator: CodeGenerator
) -> list[Answer]:
    """What the agent would answer to the messages of fixes, at the commits before them."""
    answers: list[Answer] = []
    for fix in fixes:
        issue = parse_issue(fix.message)
        with RepoSnapshot(fix.repo, fix.parent, mirrors[fix.repo]) as snapshot:
            places = locator.locate(issue, snapshot, fix.repo, _PLACES).factorizations
            ranked = generator.generate(issue, snapshot, places, 1).candidates
            best = next((candidate for candidate in ranked if not candidate.dropped), None)
        if best is not None:
            right = best.patch.file == fix.path and same(parse(best.after), parse(fix.text_after))
            answers.append((best.confidence, right))
    return answers


def least_confidence(answers: Sequence[Answer]) -> float:
    """The confidence of the least sure answer that was right: abstaining below it costs none; 0 where none was."""
    return min((confidence for confidence, right in answers if right), default=0.0)
