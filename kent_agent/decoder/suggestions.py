"""Edits that an issue itself proposes: code nearly as it stands there, 'replace X by Y', a crash that is not caught."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from math import log

from kent_agent.decoder.situation import Situation
from kent_agent.source.grammar import MAX_TOKENS, OLD, Action, Edit, Site
from kent_agent.source.issue import Issue
from kent_agent.source.scan import scan

PRIOR = 0.05  # 1 of the 29 dev issues that propose something in their gold function proposes its gold edit
_ALIKE, _FEWEST = 0.7, 3  # least similarity to a statement, and fewest tokens, of code that may be meant for it
_MOST_LINES = 200  # of an issue's code; a log holds thousands
_PROMPT = re.compile(r"^\s*(?:>>>|\.\.\.|In \[\d+\]:|[-+])\s?")
_SWAP = re.compile(
    r"(?i)\b(?:replac|chang|renam|switch)\w*\s+(?:the\s+)?(\S{2,60}?)\s+(?:by|with|to|into)\s+(\S{2,60}?)(?=[\s,;:]|\.\s|\.?$)"
)

_SWAPPED = (Action.REPLACE_EXPRESSION, Action.RENAME, Action.RENAME_ALL, Action.EDIT_LITERAL)

Tokens = tuple[str, ...]


def suggested_edits(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Edits of a situation that its issue proposes, with the natural logarithms of their probabilities there."""
    found = dict([*_lines(issue, situation), *_swaps(issue, situation), *_catches(issue, situation)])
    total = sum(found.values())
    for edit, alike in found.items():
        yield edit, log(PRIOR * alike / max(total, 1.0))


def _lines(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Statements replaced by lines of code that are much like them, where nothing is replaced by what is there."""
    text = situation.document.text
    sites = [(site, _tokens(text[site.start : site.end])) for site in _sites(situation, Action.REPLACE_STATEMENT)]
    standing = {old for _, old in sites}
    proposed = [line for line in dict.fromkeys(_code_lines(issue)) if line not in standing]
    for site, old in sites:
        matcher = SequenceMatcher(None, (), old, autojunk=False)
        for line in proposed:
            matcher.set_seq1(line)
            if matcher.real_quick_ratio() >= _ALIKE and (alike := matcher.ratio()) >= _ALIKE:
                yield Edit(site, line), alike


def _code_lines(issue: Issue) -> Iterator[Tokens]:
    lines = [line for text in (*issue.fences, *issue.inline) for line in text.split("\n")]
    for line in lines[:_MOST_LINES]:
        tokens = _tokens(_PROMPT.sub("", line, count=1).split(" #")[0])
        if _FEWEST <= len(tokens) <= MAX_TOKENS:
            yield tokens


def _swaps(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Expressions and names replaced as the prose says; the first place in a function is as good as any other."""
    text = situation.document.text
    said = [(_tokens(old), _tokens(new)) for old, new in _SWAP.findall(f"{issue.title}\n{issue.prose}")]
    for site in _sites(situation, *_SWAPPED) if said else ():
        standing = _tokens(text[site.start : site.end])
        for old, new in said:
            if standing == old and new and new != old:
                yield Edit(site, new), _ALIKE


def _catches(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Handlers that also catch what the issue's tracebacks end with."""
    text = situation.document.text
    raised = dict.fromkeys(traceback.exception.split(".")[-1] for traceback in issue.tracebacks)
    for site in _sites(situation, Action.REPLACE_EXPRESSION):
        if (site.parent, site.field) == ("ExceptHandler", "type"):
            caught = _tokens(text[site.start : site.end])
            for exception in raised:
                if exception.isidentifier() and exception not in caught and caught[0] != "(":
                    yield Edit(site, ("(", OLD, ",", exception, ")")), _ALIKE


def _sites(situation: Situation, *actions: Action) -> list[Site]:
    return [site for site in situation.sites if site.action in actions]


def _tokens(code: str) -> Tokens:
    return tuple(token.text for token in scan(code, 0, len(code)))
