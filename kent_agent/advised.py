"""Candidates that an issue itself spells out: its code in the place of what is much like it in the likeliest files."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import exp, log

from kent_agent.decoder.proposals import Proposal
from kent_agent.resonator import Factorization
from kent_agent.source.advice import Advice, Form
from kent_agent.source.grammar import Action, Edit, Site
from kent_agent.source.issue import Issue
from kent_agent.source.meaning import changed_python, compiler_warnings
from kent_agent.source.plans import common_ends
from kent_agent.source.pointers import Pointers
from kent_agent.source.rewording import reworded
from kent_agent.source.scan import token_texts
from kent_agent.source.splicing import Lines, may_be_spliced, patched, patched_together, pinned, spliced
from kent_agent.source.symbols import innermost, own_numbers
from kent_agent.source.tokens import is_identifier, lex
from kent_agent.source.transplant import TELLING, Line, Statements, Transplant, is_script, parsed, piece_of, transplants
from kent_agent.source.units import compiling_unit
from kent_agent.task import Operation

_FILES = 20  # that are searched
_PATCHED, _PLACED, _SAID, _NAMED, _TOLD, _SHOWN = 0.6, 0.35, 0.32, 0.3, 0.12, 0.03
"""How likely the edit is spelled out: by a patch; by code that is told to be written and keeps a line, or takes away
one that the issue quotes; by other code that is told; by code that is merely shown. Of the six dev issues that place
what they tell two spell out the gold patch; of three that tell, and seven that show, none; none shows a patch."""
_PLACELESS = (Form.PIECE, Form.PATCH)  # a patch's context need not be quite the file's
_MOST = 12  # of each kind
_SHORTEST = 10  # fewest characters of quoted code that tells its place
_ELSEWHERE = 0.02  # how likely quoted code stands for a place that is not among those believed in
_NAME = re.compile(r"[\w.]*(?:\(\))?")
_LONG = 3  # characters of a name that not every text holds


@dataclass(frozen=True)
class _Found:
    """A transplant in a file, and what speaks for it."""

    file: str
    statements: Statements
    transplant: Transplant
    prior: float
    weight: float

    @property
    def after(self) -> str:
        """The file's text with it."""
        text, here = self.statements.document.text, self.transplant
        return text[: here.start] + here.code + text[here.end :]


def advised(
    issue: Issue, files: Sequence[str], read_text: Callable[[str], str | None], places: Sequence[Factorization] = ()
) -> Iterator[tuple[float, Factorization, Proposal]]:
    """Proposals with their places, and the logarithms of their probabilities among all of the repository's edits.

    Args:
        issue: the parsed issue.
        files: where to look, likeliest first.
        read_text: the text of a file of the repository.
        places: where what is named in a sentence may stand, likeliest first.
    """
    pointers = Pointers.of(issue)
    quoted = frozenset(token_texts(line) for piece in issue.advice for line in piece.new.split("\n"))
    pieces = [(advice, piece_of(advice.new) if advice.form in _PLACELESS else None) for advice in issue.advice]
    found: list[_Found] = []
    for rank, file in enumerate(files[:_FILES] if pieces else ()):
        text = read_text(file) or ""
        here = [place for place in places if place.file == file]
        told = pointers.lines(file)
        fitting = [each for each in pieces if _may_stand(*each, text) or (told and _may_be_pinned(each[0]))]
        if fitting and (statements := parsed(text)):
            found += _joined(_in_file(file, statements, fitting, quoted, here, pointers, 1 / (1 + rank)))
    for prior in (_PATCHED, _PLACED, _SAID, _NAMED, _TOLD, _SHOWN):
        alike = sorted((each for each in found if each.prior == prior), key=lambda each: -each.weight)
        left = list(islice(filter(_changes_code, alike), _MOST))
        total = sum(each.weight for each in left)
        for each in left:
            yield _scored(each, prior * each.weight / total)


def _changes_code(found: _Found) -> bool:
    """Whether what is left compiles, and does something else."""
    before, after = found.statements.document.text, found.after
    if changed := compiling_unit(before, after):
        return changed_python(changed.before, changed.after)
    return compiler_warnings(after) is not None and changed_python(before, after)


def _may_stand(advice: Advice, piece: Statements | None, text: str) -> bool:
    """Whether it may pay to look for the place of a piece in a text."""
    if advice.form is Form.SENTENCE:
        return True  # the likeliest functions are searched for it
    if advice.form is Form.PAIR and len(advice.old) < _SHORTEST:
        return False
    if advice.old and all(line.strip() in text for line in advice.old.split("\n")):
        return True
    if advice.form in _PLACELESS and may_be_spliced(advice.new, text):
        return True
    return piece is not None and any(_may_be_like(line, text) for line in piece.every_line)


def _may_be_pinned(advice: Advice) -> bool:
    """Whether it is a line that may take the place of one that is pointed at."""
    return advice.told and advice.form is Form.PIECE and "\n" not in advice.new


def _may_be_like(line: Line, text: str) -> bool:
    """Whether a text holds most names of a line that tells its place."""
    names = {token for token in line if is_identifier(token) and len(token) >= _LONG}
    return len(line) >= TELLING and bool(names) and 3 * sum(name in text for name in names) >= 2 * len(names)


def _in_file(
    file: str,
    statements: Statements,
    pieces: Sequence[tuple[Advice, Statements | None]],
    quoted: frozenset[Line],
    places: Sequence[Factorization],
    pointers: Pointers,
    weight: float,
) -> Iterator[_Found]:
    lines = Lines(statements)
    told = pointers.lines(file)
    for advice, piece in pieces:
        if advice.form is Form.SENTENCE or _is_line(advice):
            yield from _pointed(_said(file, statements, lines, advice, places, weight), pointers, lines)
            continue
        for each in _exactly(lines, advice) or _alike(statements, lines, advice, piece, told):
            there = range(statements.document.line(each.start), statements.document.line(max(each.end - 1, 0)) + 1)
            known = each.kept or not quoted.isdisjoint(each.gone) or not told.isdisjoint(there)
            prior = _prior(advice, known)
            yield _Found(file, statements, each, prior, weight * each.alike)


def _said(
    file: str, statements: Statements, lines: Lines, advice: Advice, places: Sequence[Factorization], weight: float
) -> Iterator[_Found]:
    """What a sentence wants: in whole lines wherever they stand, in a term of the likeliest places."""
    prior = _prior(advice, True)
    whole = _exactly(lines, advice) if len(advice.old) >= _SHORTEST else []
    for each in whole:
        at = statements.document.line(each.start)
        beliefs = (_belief(place) for place in places if place.location.start <= at <= place.location.end)
        yield _Found(file, statements, each, prior, max(beliefs, default=_ELSEWHERE * weight))
    for place in places if advice.old and not whole else ():
        own = frozenset(own_numbers(place.location, statements.symbols))
        for each in reworded(lines, own, advice.old, advice.new):
            yield _Found(file, statements, each, prior, _belief(place) * each.alike)


def _is_line(advice: Advice) -> bool:
    """Whether one line takes the place of another that does more than name something."""
    lone = "\n" not in advice.old + advice.new
    return advice.form is Form.PAIR and lone and bool(advice.new) and not _NAME.fullmatch(advice.old)


def _pointed(found: Iterable[_Found], pointers: Pointers, lines: Lines) -> Iterator[_Found]:
    """What is found, the heavier the more the issue points at the lines that it changes."""
    for each in found:
        here = each.transplant
        first = lines.document.line(here.start)
        old, new = lines.document.text[here.start : here.end].split("\n"), here.code.split("\n")
        changed = [first + i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one != other]
        odds = pointers.odds(each.file, lines.raw, range(first, first + len(old)))
        worth = [odds.get(line, 0.0) + pointers.near(each.file, line) for line in changed]
        raised = sum(worth) / max(len(worth), 1)
        yield replace(each, weight=each.weight * exp(raised))


def _belief(place: Factorization) -> float:
    return place.confidences["LOCATION"]


def _joined(found: Iterable[_Found]) -> Iterator[_Found]:
    """Each text of a file once, with all that speaks for it."""
    same: defaultdict[str, list[_Found]] = defaultdict(list)
    for each in found:
        same[each.after].append(each)
    for group in same.values():
        likeliest = max(group, key=lambda each: each.prior)
        yield replace(likeliest, weight=sum(each.weight for each in group))


def _prior(advice: Advice, placed: bool) -> float:
    """How likely advice is meant, which may keep a line that stands there, or take away one that is quoted."""
    if advice.form is Form.SENTENCE:
        return _SAID if advice.told else _NAMED
    if not advice.told:
        return _SHOWN
    if advice.form is Form.PATCH:
        return _PATCHED
    return _PLACED if placed or advice.form not in _PLACELESS else _TOLD


def _alike(
    statements: Statements, lines: Lines, advice: Advice, piece: Statements | None, told: frozenset[int]
) -> Iterator[Transplant]:
    """Where code stands that is much like a piece of it, by lines and by statements, or that is pointed at."""
    if advice.form in _PLACELESS and not advice.more:
        if not is_script(advice.new):
            yield from spliced(lines, advice.new)
        if _may_be_pinned(advice):
            yield from pinned(lines, advice.new, told)
        yield from transplants(statements, piece) if piece else ()


def _exactly(lines: Lines, advice: Advice) -> list[Transplant]:
    """Where the lines stand that a patch takes the place of."""
    if advice.more:
        return patched_together(lines, [(each.old, each.new) for each in (advice, *advice.more)])
    return patched(lines, advice.old, advice.new)


def _scored(found: _Found, share: float) -> tuple[float, Factorization, Proposal]:
    document, here = found.statements.document, _trimmed(found)
    first = document.line(here.start if here.start < here.end else max(here.start - 1, 0))
    last = document.line(max(here.end - 1, 0))
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
    symbol = innermost(found.statements.symbols, first)
    confidences = dict.fromkeys(("FILE", "OPERATION", "LOCATION"), share)
    place = Factorization(found.file, Operation.MODIFY_LINE, symbol, share, confidences, share, True)
    return log(share), place, Proposal((Edit(site, _tokens(here.code)),), found.after, 0.0)


def _trimmed(found: _Found) -> Transplant:
    """A transplant without the lines at its ends that stay as they are."""
    here = found.transplant
    ours = found.statements.document.text[here.start : here.end].splitlines(keepends=True)
    theirs = here.code.splitlines(keepends=True)
    head, tail = common_ends(len(ours), len(theirs), lambda i, j: ours[i] == theirs[j])
    start, end = here.start + len("".join(ours[:head])), here.end - len("".join(ours[len(ours) - tail :]))
    return replace(here, start=start, end=end, code="".join(theirs[head : len(theirs) - tail]))


def _tokens(code: str) -> tuple[str, ...]:
    try:
        return tuple(lex(code))
    except ValueError:  # a header alone
        return token_texts(code)
