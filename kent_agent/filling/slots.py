"""Slots: where a term may be written in a function, in which way."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from kent_agent.decoder.literals import STRING, other_prefixes
from kent_agent.decoder.situation import Situation
from kent_agent.filling.terms import Term
from kent_agent.filling.ways import (
    EXTENDED,
    GUARDED,
    INSERTED,
    QUOTED,
    WRAPPED,
    WRITTEN,
    Way,
    context,
    written_as,
)
from kent_agent.source.grammar import OLD, Action, Site
from kent_agent.source.scan import token_texts
from kent_agent.source.tokens import is_identifier

_WORD = re.compile(r"[\w.-]*\w")
_MOST_WORDS = 12  # of a string of which one is replaced
_READ = 60  # tokens of what stands at a site

_REPLACED = (
    *(Way.T, Way.STRING, Way.CALL, Way.ATTRIBUTE, Way.METHOD, Way.OWNER, Way.SUBSCRIPT, Way.SIBLING, Way.OR),
    *(Way.INDEX, Way.ITEM, Way.DONE, Way.NEGATED, Way.UNLESS_SET, Way.MISSING, Way.PRESENT, Way.PLUS, Way.MINUS),
)
_CONDITIONS = frozenset({Way.NEGATED, Way.MISSING, Way.PRESENT})
_OF_LITERALS = frozenset({Way.CALL, Way.INDEX, Way.PLUS, Way.MINUS})
_KEYWORDS = (Way.ITSELF, Way.TRUE, Way.FALSE, Way.NONE, Way.STARS, Way.COPIED)
_LEAVING = ("continue", "break", "raise", "pass", "return None", "return True", "return False", "return")
_LITERALS = frozenset({"Constant", "JoinedStr"})
_FUNCTIONS = frozenset({"FunctionDef", "AsyncFunctionDef"})
_PARTED = frozenset({"Attribute", "BinOp", "BoolOp", "Call", "Compare", "IfExp", "Subscript", "UnaryOp"})
_IMPORTS = frozenset({"Import", "ImportFrom"})
_DEFINITIONS = _FUNCTIONS | _IMPORTS | {"ClassDef", "Lambda", "ExceptHandler"}
_SIMPLE = frozenset(
    {"Assign", "AugAssign", "AnnAssign", "Expr", "Return", "Raise", "Pass", "Break", "Continue", "Assert"}
)
_WITH_KEYWORDS = _FUNCTIONS | {"Call", "ClassDef"}
_PARTS = 6  # of an expression
_BODY = 80  # characters of a string that are compared
_TESTED = frozenset({"If", "While", "IfExp", "Assert", "BoolOp", "UnaryOp", "Return", "comprehension"})


@dataclass(frozen=True)
class Slot:
    """Where and how a term may be written.

    Attributes:
        site: number of the site.
        way: how.
        old: what stands there: a token, the last name of an expression, a word of a string; or nothing.
        before: the two tokens before the term.
        behind: the token behind it.
        span: offsets of `old` within the text, where it is a word of a string.
        made: what is written where no term is.
    """

    site: int
    way: Way
    old: str
    before: tuple[str, str]
    behind: str
    span: tuple[int, int] = (0, 0)
    made: tuple[str, ...] = ()


def slots(situation: Situation) -> list[Slot]:
    """All slots of a situation, in the order of its sites."""
    return [slot for i, site in enumerate(situation.sites) for slot in _slots_at(situation, i, site)]


def _slots_at(situation: Situation, number: int, site: Site) -> Iterator[Slot]:
    around = situation.around
    first, last = around.number(site.start), around.number(site.end)
    texts = [token.text for token in around.tokens[max(first - 2, 0) : first]]
    before = (("", "", *texts)[-2], ("", *texts)[-1])
    behind = around.tokens[last].text if last < len(around.tokens) else ""
    old = tuple(token.text for token in around.tokens[first : min(last, first + _READ)])
    match site.action:
        case Action.RENAME | Action.RENAME_ALL:
            yield Slot(number, Way.T, old[0] if old else "", before, behind)
        case Action.EDIT_LITERAL:
            yield from _of_literal(situation, number, site, before, behind)
        case Action.REPLACE_EXPRESSION:
            if site.anchor == (site.start, site.end):
                yield from _of_expression(number, site, old, before, behind)
                yield from _without_term(situation, number, site, old, before, behind)
            else:
                yield from _of_element(number, site, old, before, behind)
        case Action.EXTEND_CONDITION:
            yield from (_slot(number, way, old, before, behind) for way in EXTENDED)
        case Action.ADD_ELEMENT:
            yield from _of_list(number, site, before, behind)
        case Action.INSERT_STATEMENT if situation.symbol.kind != "module":
            yield from (_slot(number, way, (), before, "") for way in INSERTED)
            yield from _leaving(number, before)
        case Action.INSERT_GUARD:
            yield from (_slot(number, way, (), before, "") for way in GUARDED)
        case Action.WRAP_STATEMENT:
            yield from (_slot(number, way, old, before, "") for way in WRAPPED)
        case Action.REPLACE_STATEMENT if site.node == "ExceptHandler":
            yield _slot(number, Way.CAUGHT, old, before, behind)
        case Action.REPLACE_STATEMENT if site.node in _SIMPLE:
            yield from _leaving(number, before, _last_name(old))
            yield from (_slot(number, way, old, before, behind) for way in (Way.RETURN, Way.RAISED))
        case Action.SWAP_OPERATOR:
            yield Slot(number, Way.OPERATOR, " ".join(old), before, behind)
        case Action.DELETE_STATEMENT | Action.DELETE_ELEMENT | Action.UNWRAP_STATEMENT:
            yield Slot(number, Way.DELETED, _last_name(old), before, behind)
        case _:
            return


def _slot(number: int, way: Way, old: tuple[str, ...], before: tuple[str, str], behind: str) -> Slot:
    """The slot of a way that is written in one piece."""
    return Slot(number, way, _last_name(old), *context(way, old[-1] if old else "", before, behind))


def _leaving(number: int, before: tuple[str, str], old: str = "") -> Iterator[Slot]:
    yield from (Slot(number, Way.LEFT, old, before, "", made=tuple(each.split())) for each in _LEAVING)


def _of_list(number: int, site: Site, before: tuple[str, str], behind: str) -> Iterator[Slot]:
    """Of arguments, parameters, entries, elements, names and so on: a new one."""
    if site.node == "Dict":
        yield _slot(number, Way.ENTRY, (), before, behind)
        return
    yield Slot(number, Way.T, "", before, behind)
    if site.node not in _DEFINITIONS:
        yield Slot(number, Way.STRING, "", before, behind)
    if site.node in _WITH_KEYWORDS and site.field != "decorator_list":
        yield from (_slot(number, way, (), before, behind) for way in _KEYWORDS)


def _of_literal(situation: Situation, number: int, site: Site, before: tuple[str, str], behind: str) -> Iterator[Slot]:
    text = situation.document.text[site.start : site.end]
    match = STRING.match(text)
    if match is None:
        yield Slot(number, Way.T, text, before, behind)
        yield Slot(number, Way.STRING, text, before, behind)
        return
    body = match[3][:_BODY]
    yield from (Slot(number, way, body, before, behind) for way in (Way.STRING, Way.T))
    for prefix in other_prefixes(match[1], match[3]):
        yield Slot(number, Way.PREFIXED, body, before, behind, made=(prefix + text[len(match[1]) :],))
    words = list(islice(_WORD.finditer(match[3]), _MOST_WORDS))
    for word in words:
        span = (match.start(3) + word.start(), match.start(3) + word.end())
        if word.group() != match[3]:
            yield Slot(number, Way.WORD, word.group(), before, behind, span)
        for way, made in _reworded(text, *span):
            yield Slot(number, way, word.group(), before, behind, span, (made,))


def _reworded(text: str, start: int, end: int) -> Iterator[tuple[Way, str]]:
    """A string without a word, with it in another case, or with its last number one more or less."""
    word = text[start:end]
    if text[start - 1] == " ":
        yield Way.CUT, text[: start - 1] + text[end:]
    elif text[end] == " ":
        yield Way.CUT, text[:start] + text[end + 1 :]
    cases = dict.fromkeys((word.lower(), word.upper(), word[0].swapcase() + word[1:]))
    yield from ((Way.CASED, text[:start] + cased + text[end:]) for cased in cases if cased != word)
    if last := re.search(r"\d{1,6}\Z", word):
        for new in (int(last[0]) + 1, abs(int(last[0]) - 1)):
            yield Way.COUNTED, f"{text[:start]}{word[: last.start()]}{new}{text[end:]}"


def _of_expression(
    number: int, site: Site, old: tuple[str, ...], before: tuple[str, str], behind: str
) -> Iterator[Slot]:
    literal = site.node in _LITERALS
    if site.parent == "Call" and site.field == "args" and "=" not in old:
        yield _slot(number, Way.KEYWORD, old, before, behind)
    for way in _REPLACED:
        if literal and way not in _OF_LITERALS:
            continue  # that is a literal
        if way is Way.SIBLING:
            if len(old) > 3 and old[1] == ".":
                yield Slot(number, way, _last_name(old), (old[0], "."), behind)
            continue
        if way is Way.OWNER and site.node not in ("Name", "Attribute", "Call"):
            continue
        if way in _CONDITIONS and site.parent not in _TESTED:
            continue
        yield _slot(number, way, old, before, behind)


def _of_element(number: int, site: Site, old: tuple[str, ...], before: tuple[str, str], behind: str) -> Iterator[Slot]:
    """Of a parameter, a keyword or an imported name."""
    yield Slot(number, Way.T, _last_name(old), before, behind)
    if site.node in _WITH_KEYWORDS:
        yield Slot(number, Way.COPIED, _last_name(old), before, behind)
    if site.node in _FUNCTIONS and "=" not in old:
        yield from (_slot(number, way, old, before, behind) for way in (Way.DEFAULT, Way.ASSUMED))
    if site.node in _IMPORTS and "as" not in old:
        yield _slot(number, Way.RENAMED, old, before, behind)


def _without_term(
    situation: Situation, number: int, site: Site, old: tuple[str, ...], before: tuple[str, str], behind: str
) -> Iterator[Slot]:
    """What is made of an expression with nothing new."""
    name = _last_name(old)
    if site.node not in _LITERALS:
        tested = site.parent in _TESTED
        ways = [Way.LISTED, *([Way.NOT] if tested else [])]
        if site.node not in ("Compare", "BoolOp"):
            ways += [Way.CALLED, *([Way.IS_NONE, Way.IS_NOT_NONE] if tested else [])]
        yield from (Slot(number, way, name, before, behind) for way in ways)
    if len(old) < _READ and site.node in _PARTED:
        for way, made in _simpler(situation, site):
            yield Slot(number, way, name, before, behind, made=made)


def _simpler(situation: Situation, site: Site) -> Iterator[tuple[Way, tuple[str, ...]]]:
    """An expression's parts in its place, and a `get` for a subscript."""
    document = situation.document
    node = document.locate(site.anchor, site.node).node

    def tokens(part: ast.AST) -> tuple[str, ...]:
        return token_texts(document.text, *document.span(part))

    match node:
        case ast.Call(func=ast.Attribute(value=base)):
            yield Way.BASE, tokens(base)
        case ast.Subscript(value=base, slice=ast.expr() as index) if not isinstance(index, ast.Slice | ast.Tuple):
            yield Way.GET, (*tokens(base), ".", "get", "(", *tokens(index), ")")
    parts = (part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
    yield from ((Way.INSIDE, tokens(part)) for part in islice(parts, _PARTS))


@lru_cache(maxsize=4096)
def _last_name(tokens: tuple[str, ...]) -> str:
    """The name that tells what an expression is: of a call what is called."""
    depth = 0
    found = ""
    for token in tokens:
        depth += (token in "([{") - (token in ")]}")
        if not depth and (is_identifier(token) or len(tokens) == 1):
            found = token
    return found.strip("\"'")


def written(slot: Slot, site: Site, term: Term, text: str, quote: str) -> tuple[str, ...]:
    """The tokens of a term in a slot that it fits.

    Args:
        site: the slot's.
        text: the file.
        quote: the quotation mark of most of its strings.
    """
    way = slot.way
    if way is Way.WORD:
        return _with_word(slot, text[site.start : site.end], term.text)
    if way in QUOTED:
        return _as_string(slot, site, text, term.text, quote)
    if way is Way.SIBLING:
        return (slot.before[0], ".", term.text)
    return written_as(way, term.last, term.code, quote) if way in WRITTEN else slot.made


def _with_word(slot: Slot, literal: str, word: str) -> tuple[str, ...]:
    start, end = slot.span
    return (literal[:start] + word + literal[end:],)


def _as_string(slot: Slot, site: Site, text: str, said: str, quote: str) -> tuple[str, ...]:
    old = STRING.match(text[site.start : site.end]) if site.action is Action.EDIT_LITERAL else None
    prefix, mark = (old[1], old[2]) if old else ("", quote)
    string = f"{prefix}{mark}{said}{mark}"
    return (OLD, "[", string, "]") if slot.way is Way.SUBSCRIPT else (string,)
