"""Edits of a place that an issue's words propose: 'replace X by Y', 'move X into the try', an error that was raised."""

import builtins
import re
from collections.abc import Iterator
from math import log

from kent_agent.decoder.moving import targets
from kent_agent.decoder.raised import mended
from kent_agent.decoder.situation import Situation
from kent_agent.source.grammar import OLD, Action, Edit, Site
from kent_agent.source.issue import Issue
from kent_agent.source.scan import token_texts
from kent_agent.source.traceback import innermost

PRIOR = 0.6  # of all that an issue's words propose
_REPLACED, _CAUGHT, _TOLD, _RAISED, _MOVED = 0.035, 0.01, 0.15, 0.4, 0.35
"""How likely each is meant. Of fifteen dev issues with a sentence that wants quoted code replaced none is mended by it;
most name a word or two. Of six whose traceback ends in a `try` that does not catch its exception, three are mended by
catching it; of 25 whose traceback passes through one, none."""
_END = (
    r"(?=[;,:]?\s+(?:in|at|on|for|and|so|then|fix\w*|work\w*|solv\w*|help\w*|make\w*|do(?:es)?|would|should|will|here|there"
    r"|inside|from|when|if|because|the|everywhere)\b|[;,:.]\s|\.?$)"
)
_SWAP = re.compile(
    rf"(?im)\b(?:replac|chang|renam|switch)\w*\s+(?:the\s+)?(\S[^\n]{{0,78}}?\S)[^\S\n]{{1,4}}(?:by|with|to|into)[^\S\n]{{1,4}}(\S[^\n]{{0,78}}?\S){_END}"
)
_SWAPPED = (Action.REPLACE_EXPRESSION, Action.RENAME, Action.RENAME_ALL, Action.EDIT_LITERAL)
_EXCEPTION = r"\W{0,2}([A-Z]\w*(?:Error|Exception))\b"
_UNHANDLED = re.compile(
    r"(?i:\b(?:unhandled|uncaught|catch(?:es|ing)?|except|ignor(?:e|es|ing)|handl(?:e|es|ing)|suppress(?:es|ing)?|"
    rf"allow(?:s|ing)? for)\b)\s(?:(?:the|an?|for|also) )?{_EXCEPTION}"
)
_MOVE, _WHERE = r"(?i)\bmov(?:e|es|ed|ing)\b[^\n]{0,40}?", r"([^\n]{0,60})"
_OWNERS = {"try": "Try", "if": "If", "for": "For", "loop": "For", "while": "While", "with": "With"}

Tokens = tuple[str, ...]


def suggested_edits(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Edits of a situation that its issue proposes, with the natural logarithms of their probabilities there."""
    ways = (_swaps, _catches, _moves, mended)
    found = dict(each for way in ways for each in way(issue, situation))
    scale = min(PRIOR / sum(found.values()), 1.0) if found else 1.0
    for edit, share in found.items():
        yield edit, log(share * scale)


def _swaps(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Expressions and names replaced as the prose says; the first place in a function is as good as any other."""
    text = situation.document.text
    found = _SWAP.findall(f"{issue.title}\n{issue.prose}")
    said = [(token_texts(old), token_texts(new)) for old, new in found]
    for site in _sites(situation, *_SWAPPED) if said else ():
        standing = token_texts(text[site.start : site.end])
        for old, new in said:
            if standing == old and new and new != old:
                yield Edit(site, new), _REPLACED


def _catches(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Handlers that also catch what the issue's tracebacks end with, above all where it was raised in their `try`."""
    text = situation.document.text
    for site in _sites(situation, Action.REPLACE_EXPRESSION):
        if (site.parent, site.field) == ("ExceptHandler", "type"):
            caught = token_texts(text[site.start : site.end])
            for exception, share in _uncaught(issue, situation, site, caught).items():
                if caught[0] == "(":
                    yield Edit(site, (*caught[:-1], *([] if caught[-2] == "," else [","]), exception, ")")), share
                else:
                    yield Edit(site, ("(", OLD, ",", exception, ")")), share


def _uncaught(issue: Issue, situation: Situation, handler: Site, caught: Tokens) -> dict[str, float]:
    """What tracebacks end with and a handler does not catch, with how likely it should."""
    document = situation.document
    protected = document.locate(handler.anchor, handler.node).statement.parent
    body = "\n".join(document.source(statement) for statement in getattr(protected and protected.node, "body", ()))
    found = dict.fromkeys(_UNHANDLED.findall(f"{issue.title}\n{issue.prose}"), _TOLD)
    for traceback in issue.tracebacks:
        exception, last = traceback.exception.split(".")[-1], innermost(traceback, situation.path)
        raised = last.function == handler.scope.split(".")[-1] and last.code.strip() and last.code.strip() in body
        found[exception] = max(_RAISED if raised else _CAUGHT, found.get(exception, 0.0))
    return {
        exception: share
        for exception, share in found.items()
        if exception.isidentifier() and not any(_catches_too(name, exception) for name in caught)
    }


def _catches_too(name: str, exception: str) -> bool:
    """Whether a handler of one exception catches another."""
    if name in (exception, "Exception", "BaseException"):
        return True
    general, special = vars(builtins).get(name), vars(builtins).get(exception)
    return isinstance(general, type) and isinstance(special, type) and issubclass(special, general)


def _moves(issue: Issue, situation: Situation) -> Iterator[tuple[Edit, float]]:
    """Statements that the issue quotes and wants moved, to the nearest block of the kind that it names."""
    text = situation.document.text
    quoted = {token_texts(code): code for code in issue.inline}
    for site in _sites(situation, Action.MOVE_STATEMENT):
        code = quoted.get(token_texts(text[site.start : site.end]))
        said = re.search(_MOVE + re.escape(code) + _WHERE, issue.prose) if code else None
        if said:
            owners = {owner for word, owner in _OWNERS.items() if re.search(rf"\b{word}\b", said.group(1))}
            meant = [target for target, _ in targets(situation.sites, site) if target.node in owners]
            yield from ((Edit(site, (), target), _MOVED) for target in meant[:1])


def _sites(situation: Situation, *actions: Action) -> list[Site]:
    return [site for site in situation.sites if site.action in actions]
