"""Candidates that an issue itself spells out: its code in the place of what is much like it in the likeliest files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from kent_agent.decoder.proposals import Proposal
from kent_agent.resonator import Factorization
from kent_agent.source.advice import Advice
from kent_agent.source.grammar import Action, Edit, Site
from kent_agent.source.issue import Issue
from kent_agent.source.scan import token_texts
from kent_agent.source.symbols import innermost
from kent_agent.source.tokens import is_identifier, lex
from kent_agent.source.transplant import (
    TELLING,
    Line,
    Statements,
    Transplant,
    parsed,
    patched,
    patched_together,
    piece_of,
    transplants,
)
from kent_agent.task import Operation

_FILES = 20  # that are searched
_PATCHED, _PLACED, _TOLD, _SHOWN = 0.6, 0.35, 0.12, 0.03
"""How likely the edit is spelled out: by a patch; by code that is told to be written and keeps a line, or takes away
one that the issue quotes; by other code that is told; by code that is merely shown. Of the six dev issues that place
what they tell two spell out the gold patch; of three that tell, and seven that show, none; none shows a patch."""
_MOST = 12  # of each kind
_LONG = 3  # characters of a name that not every text holds


@dataclass(frozen=True)
class _Found:
    """A transplant in a file, and what speaks for it."""

    file: str
    statements: Statements
    transplant: Transplant
    prior: float
    weight: float


def advised(
    issue: Issue, files: Sequence[str], read_text: Callable[[str], str | None]
) -> Iterator[tuple[float, Factorization, Proposal]]:
    """Proposals with their places, and the logarithms of their probabilities among all of the repository's edits.

    Args:
        issue: the parsed issue.
        files: where to look, likeliest first.
        read_text: the text of a file of the repository.
    """
    quoted = frozenset(token_texts(line) for piece in issue.advice for line in piece.new.split("\n"))
    every = [(advice, piece_of(advice.new)) for advice in issue.advice]
    pieces = [(advice, piece) for advice, piece in every if piece or advice.old]
    found: list[_Found] = []
    for rank, file in enumerate(files[:_FILES] if pieces else ()):
        text = read_text(file) or ""
        fitting = [each for each in pieces if _may_stand(*each, text)]
        if fitting and (statements := parsed(text)):
            found += _in_file(file, statements, fitting, quoted, 1 / (1 + rank))
    for prior in (_PATCHED, _PLACED, _TOLD, _SHOWN):
        alike = sorted((each for each in found if each.prior == prior), key=lambda each: -each.weight)[:_MOST]
        total = sum(each.weight for each in alike)
        for each in alike:
            yield _scored(each, prior * each.weight / total)


def _may_stand(advice: Advice, piece: Statements | None, text: str) -> bool:
    """Whether it may pay to look for the place of a piece in a text."""
    if advice.old and all(line.strip() in text for line in advice.old.split("\n")):
        return True
    return piece is not None and any(_may_be_like(line, text) for line in piece.every_line)


def _may_be_like(line: Line, text: str) -> bool:
    """Whether a text holds most names of a line that tells its place."""
    names = {token for token in line if is_identifier(token) and len(token) >= _LONG}
    return len(line) >= TELLING and bool(names) and 3 * sum(name in text for name in names) >= 2 * len(names)


def _in_file(
    file: str,
    statements: Statements,
    pieces: Sequence[tuple[Advice, Statements | None]],
    quoted: frozenset[Line],
    weight: float,
) -> Iterator[_Found]:
    for advice, piece in pieces:
        exactly = _exactly(statements, advice) if advice.old else []
        for each in exactly or (transplants(statements, piece) if piece and not advice.more else ()):
            placed = each.kept or not quoted.isdisjoint(each.gone)
            told = _PATCHED if advice.old else _PLACED if placed else _TOLD
            prior = told if advice.told else _SHOWN
            yield _Found(file, statements, each, prior, weight * each.alike)


def _exactly(statements: Statements, advice: Advice) -> list[Transplant]:
    """Where the lines stand that a patch takes the place of."""
    if advice.more:
        return patched_together(statements, [(each.old, each.new) for each in (advice, *advice.more)])
    return patched(statements, advice.old, advice.new)


def _scored(found: _Found, share: float) -> tuple[float, Factorization, Proposal]:
    document, here = found.statements.document, found.transplant
    first, last = document.line(here.start), document.line(here.end - 1)
    site = Site(
        action=Action.REPLACE_STATEMENT,
        start=here.start,
        end=here.end,
        anchor=(here.start, here.end),
        node="Module",
        parent="",
        field="body",
        index=-1,
        first_line=first,
        last_line=last,
        statement="Module",
        scope=here.scope,
    )
    after = document.text[: here.start] + here.code + document.text[here.end :]
    symbol = innermost(found.statements.symbols, first)
    confidences = dict.fromkeys(("FILE", "OPERATION", "LOCATION"), share)
    place = Factorization(found.file, Operation.MODIFY_LINE, symbol, share, confidences, True)
    return log(share), place, Proposal((Edit(site, _tokens(here.code)),), after, 0.0)


def _tokens(code: str) -> tuple[str, ...]:
    try:
        return tuple(lex(code))
    except ValueError:  # a header alone
        return token_texts(code)
