"""Slots: the ways in which one term may be written at a site, alone or with what stands there."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import islice

from kent_agent.decoder.literals import STRING, other_prefixes
from kent_agent.decoder.situation import Situation
from kent_agent.filling.terms import Term
from kent_agent.source.grammar import OLD, Action, Site
from kent_agent.source.scan import token_texts
from kent_agent.source.tokens import is_identifier

_WORD = re.compile(r"[\w.-]*\w")
_MOST_WORDS = 12  # of a string of which one is replaced
_READ = 60  # tokens of what stands at a site


class Way(IntEnum):
    """How a term T is written where `old` stands, or between the elements of a list."""

    T = 0
    STRING = 1  # "T"
    CALL = 2  # T(old)
    ATTRIBUTE = 3  # old.T
    METHOD = 4  # old.T()
    OWNER = 5  # T.old
    SUBSCRIPT = 6  # old["T"]
    SIBLING = 7  # a.T for a.b.c
    WORD = 8  # T for a word of a string
    ITSELF = 9  # T=T
    TRUE = 10  # T=True
    FALSE = 11  # T=False
    NONE = 12  # T=None
    STARS = 13  # **T
    OR = 14  # old or T
    AND = 15  # old and T
    AND_NOT = 16  # old and not T
    OPERATOR = 17
    DELETED = 18
    NOT = 19  # not old
    IS_NONE = 20  # old is None
    IS_NOT_NONE = 21  # old is not None
    INSIDE = 22  # x for f(x), not x, x + y, ...
    BASE = 23  # a for a.b() and a.b(c)
    GET = 24  # a.get(b) for a[b]
    INDEX = 25  # T[old]
    ITEM = 26  # old[T]
    KEYWORD = 27  # T=old
    LISTED = 28  # [old]
    CALLED = 29  # old()
    DEFAULT = 30  # old=None
    OPTIONAL = 31  # old | None
    RETURN = 32  # return T
    RETURNED = 33  # return
    PREFIXED = 34  # f"old", r"old", "old"
    CUT = 35  # a string without one of its words
    CASED = 36  # a string with a word in another case
    COUNTED = 37  # a string with a number one more or less


QUOTED = frozenset({Way.STRING, Way.SUBSCRIPT})
NAMED = frozenset(
    {Way.ATTRIBUTE, Way.METHOD, Way.SIBLING, Way.ITSELF, Way.TRUE, Way.FALSE, Way.NONE, Way.STARS, Way.KEYWORD}
)
DOTTED = frozenset({Way.CALL, Way.OWNER, Way.AND, Way.AND_NOT, Way.INDEX})
TERMLESS = frozenset(
    {Way.DELETED, Way.NOT, Way.IS_NONE, Way.IS_NOT_NONE, Way.INSIDE, Way.BASE, Way.GET, Way.LISTED, Way.CALLED}
    | {Way.DEFAULT, Way.OPTIONAL, Way.RETURNED, Way.PREFIXED, Way.CUT, Way.CASED, Way.COUNTED}
)
_VALUES = {Way.TRUE: "True", Way.FALSE: "False", Way.NONE: "None"}
_REPLACED = (
    *(Way.T, Way.STRING, Way.CALL, Way.ATTRIBUTE, Way.METHOD, Way.OWNER, Way.SUBSCRIPT, Way.SIBLING, Way.OR),
    *(Way.INDEX, Way.ITEM),
)
_OF_LITERALS = frozenset({Way.CALL, Way.INDEX})
_CONDITION = (Way.OR, Way.AND, Way.AND_NOT)
_KEYWORDS = (Way.ITSELF, Way.TRUE, Way.FALSE, Way.NONE, Way.STARS)
_BARE = frozenset({"Dict"})  # whose elements are no single terms
_LITERALS = frozenset({"Constant", "JoinedStr"})
_FUNCTIONS = frozenset({"FunctionDef", "AsyncFunctionDef"})
_PARTED = frozenset({"Attribute", "BinOp", "BoolOp", "Call", "Compare", "IfExp", "Subscript", "UnaryOp"})
_DEFINITIONS = _FUNCTIONS | {"ClassDef", "Lambda", "Import", "ImportFrom", "ExceptHandler"}
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


def slots_at(situation: Situation, number: int) -> Iterator[Slot]:
    """The slots of one of a situation's sites, by its number."""
    site, around = situation.sites[number], situation.around
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
            for way in _CONDITION:
                ahead = ("and", "not") if way is Way.AND_NOT else ("", way.name.lower())
                yield Slot(number, way, _last_name(old), ahead, behind)
        case Action.ADD_ELEMENT if site.node not in _BARE:
            yield Slot(number, Way.T, "", before, behind)
            if site.node not in _DEFINITIONS:
                yield Slot(number, Way.STRING, "", before, behind)
            if site.node in _WITH_KEYWORDS and site.field != "decorator_list":
                yield from (Slot(number, way, "", before, "=") for way in _KEYWORDS)
        case Action.INSERT_STATEMENT if situation.symbol.kind == "function":
            yield Slot(number, Way.RETURN, "", ("", "return"), "")
            yield Slot(number, Way.RETURNED, "", before, "", made=("return",))
        case Action.SWAP_OPERATOR:
            yield Slot(number, Way.OPERATOR, " ".join(old), before, behind)
        case Action.DELETE_STATEMENT | Action.DELETE_ELEMENT | Action.UNWRAP_STATEMENT:
            yield Slot(number, Way.DELETED, _last_name(old), before, behind)
        case _:
            return


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
    last, literal = _last_name(old), site.node in _LITERALS
    if site.parent == "Call" and site.field == "args" and "=" not in old:
        yield Slot(number, Way.KEYWORD, last, before, "=")
    for way in _REPLACED:
        if way is Way.T and len(old) == 1 and is_identifier(old[0]):
            continue  # that is renamed
        if literal and way not in _OF_LITERALS:
            continue  # that is a literal
        if way is Way.SIBLING and not (len(old) > 3 and old[1] == "."):
            continue
        if way is Way.OWNER and site.node not in ("Name", "Attribute", "Call"):
            continue
        yield Slot(number, way, last, _before(way, old, before), _behind(way, behind))


def _of_element(number: int, site: Site, old: tuple[str, ...], before: tuple[str, str], behind: str) -> Iterator[Slot]:
    """Of a parameter, a keyword or an imported name."""
    yield Slot(number, Way.T, _last_name(old), before, behind)
    if site.node in _FUNCTIONS and "=" not in old:
        yield Slot(number, Way.DEFAULT, _last_name(old), before, behind)


def _without_term(
    situation: Situation, number: int, site: Site, old: tuple[str, ...], before: tuple[str, str], behind: str
) -> Iterator[Slot]:
    """What is made of an expression with nothing new."""
    name = _last_name(old)
    if site.node not in _LITERALS:
        tested = site.parent in _TESTED
        ways = [Way.LISTED, *([Way.NOT] if tested else [])]
        if site.node not in ("Compare", "BoolOp"):
            ways += [Way.CALLED, Way.OPTIONAL, *([Way.IS_NONE, Way.IS_NOT_NONE] if tested else [])]
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


def _before(way: Way, old: Sequence[str], before: tuple[str, str]) -> tuple[str, str]:
    last = old[-1] if old else ""
    if way is Way.SIBLING:
        return old[0], "."
    ahead = {Way.ATTRIBUTE: ".", Way.METHOD: ".", Way.OR: "or", Way.SUBSCRIPT: "[", Way.ITEM: "["}.get(way)
    return (last, ahead) if ahead else before


def _behind(way: Way, behind: str) -> str:
    return {Way.CALL: "(", Way.METHOD: "(", Way.OWNER: ".", Way.SUBSCRIPT: "]", Way.ITEM: "]", Way.INDEX: "["}.get(
        way, behind
    )


@lru_cache(maxsize=1 << 12)  # most expressions are asked about in several ways
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
    way, name, code = slot.way, term.text, term.code
    if way is Way.WORD:
        return _with_word(slot, text[site.start : site.end], name)
    if way in QUOTED:
        return _as_string(slot, site, text, name, quote)
    value = _VALUES.get(way, "")
    made: dict[Way, tuple[str, ...]] = {
        Way.T: code,
        Way.OPERATOR: code,
        Way.CALL: (*code, "(", OLD, ")"),
        Way.ATTRIBUTE: (OLD, ".", name),
        Way.METHOD: (OLD, ".", name, "(", ")"),
        Way.OWNER: (*code, ".", OLD),
        Way.SIBLING: (slot.before[0], ".", name),
        Way.ITSELF: (name, "=", name),
        Way.TRUE: (name, "=", value),
        Way.FALSE: (name, "=", value),
        Way.NONE: (name, "=", value),
        Way.STARS: ("**", name),
        Way.OR: (OLD, "or", *code),
        Way.AND: (OLD, "and", *code),
        Way.AND_NOT: (OLD, "and", "not", *code),
        Way.INDEX: (*code, "[", OLD, "]"),
        Way.ITEM: (OLD, "[", *code, "]"),
        Way.KEYWORD: (name, "=", OLD),
        Way.RETURN: ("return", *code),
        Way.LISTED: ("[", OLD, "]"),
        Way.CALLED: (OLD, "(", ")"),
        Way.DEFAULT: (OLD, "=", "None"),
        Way.OPTIONAL: (OLD, "|", "None"),
        Way.NOT: ("not", OLD),
        Way.IS_NONE: (OLD, "is", "None"),
        Way.IS_NOT_NONE: (OLD, "is", "not", "None"),
    }
    return made.get(way, slot.made)


def _with_word(slot: Slot, literal: str, word: str) -> tuple[str, ...]:
    start, end = slot.span
    return (literal[:start] + word + literal[end:],)


def _as_string(slot: Slot, site: Site, text: str, said: str, quote: str) -> tuple[str, ...]:
    old = STRING.match(text[site.start : site.end]) if site.action is Action.EDIT_LITERAL else None
    prefix, mark = (old[1], old[2]) if old else ("", quote)
    string = f"{prefix}{mark}{said}{mark}"
    return (OLD, "[", string, "]") if slot.way is Way.SUBSCRIPT else (string,)
