"""Ways: how a term is written at a site, alone or with what stands there."""

from collections.abc import Mapping, Sequence
from enum import IntEnum

from kent_agent.source.grammar import OLD


class Way(IntEnum):
    """How a term is written where something stands, or between what stands there; WRITTEN and slots say as what."""

    T = 0
    STRING = 1
    CALL = 2
    ATTRIBUTE = 3
    METHOD = 4
    OWNER = 5
    SUBSCRIPT = 6
    SIBLING = 7  # a.T for a.b.c
    WORD = 8  # T for a word of a string
    ITSELF = 9
    TRUE = 10
    FALSE = 11
    NONE = 12
    STARS = 13
    OR = 14
    AND = 15
    AND_NOT = 16
    OPERATOR = 17
    DELETED = 18
    NOT = 19
    IS_NONE = 20
    IS_NOT_NONE = 21
    INSIDE = 22  # x for f(x), not x, x + y, ...
    BASE = 23  # a for a.b() and a.b(c)
    GET = 24  # a.get(b) for a[b]
    INDEX = 25
    ITEM = 26
    KEYWORD = 27
    LISTED = 28
    CALLED = 29
    DEFAULT = 30
    RETURN = 31
    PREFIXED = 32  # f"old", r"old", "old"
    CUT = 33  # a string without one of its words
    CASED = 34  # a string with a word in another case
    COUNTED = 35  # a string with a number one more or less
    DONE = 36
    NEGATED = 37
    UNLESS_SET = 38
    AHEAD_AND = 39
    OR_NOT = 40
    AND_SOME = 41
    SOME_AND = 42
    NOT_AND = 43
    OR_NONE = 44
    NONE_OR = 45
    MISSING = 46
    PRESENT = 47
    PLUS = 48
    MINUS = 49
    ASSUMED = 50
    RENAMED = 51
    ENTRY = 52
    SET_NONE = 53
    SET_TRUE = 54
    SET_FALSE = 55
    SET_LIST = 56
    SET_DICT = 57
    KEPT = 58
    ASSERTED = 59
    ASSERTED_SOME = 60
    GONE = 61
    IMPORTED = 62
    LEFT = 63  # continue, break, raise, pass, return None, ...
    IF = 64
    IF_NOT = 65
    IF_SOME = 66
    IF_NONE = 67
    TRIED = 68
    CAUGHT = 69
    IF_LEAVE = 70
    IF_NOT_LEAVE = 71
    IF_SOME_LEAVE = 72
    IF_NONE_LEAVE = 73
    IF_SKIP = 74
    IF_NOT_SKIP = 75
    IF_NONE_SKIP = 76
    IF_NOT_NOTHING = 77
    IF_NONE_NOTHING = 78
    RAISED = 79
    COPIED = 80  # an argument or a parameter that the file has
    STATED = 81


_LEAVE, _SKIP, _NOTHING = (f": <newline> <indent> {exit_}" for exit_ in ("return", "continue", "return None"))
_TRIED = "try : <newline> <indent> OLD <newline> <dedent> except T : <newline> <indent> pass"

WRITTEN: Mapping[Way, str] = {
    Way.T: "T",
    Way.OPERATOR: "T",
    Way.CALL: "T ( OLD )",
    Way.ATTRIBUTE: "OLD . N",
    Way.METHOD: "OLD . N ( )",
    Way.OWNER: "T . OLD",
    Way.ITSELF: "N = T",
    Way.TRUE: "N = True",
    Way.FALSE: "N = False",
    Way.NONE: "N = None",
    Way.STARS: "** T",
    Way.OR: "OLD or T",
    Way.AND: "OLD and T",
    Way.AND_NOT: "OLD and not T",
    Way.INDEX: "T [ OLD ]",
    Way.ITEM: "OLD [ T ]",
    Way.KEYWORD: "N = OLD",
    Way.LISTED: "[ OLD ]",
    Way.CALLED: "OLD ( )",
    Way.DEFAULT: "OLD = None",
    Way.NOT: "not OLD",
    Way.IS_NONE: "OLD is None",
    Way.IS_NOT_NONE: "OLD is not None",
    Way.RETURN: "return T",
    Way.DONE: "T ( )",
    Way.NEGATED: "not T",
    Way.UNLESS_SET: "T or OLD",
    Way.AHEAD_AND: "T and OLD",
    Way.OR_NOT: "OLD or not T",
    Way.AND_SOME: "OLD and T is not None",
    Way.SOME_AND: "T is not None and OLD",
    Way.NOT_AND: "not T and OLD",
    Way.OR_NONE: "OLD or T is None",
    Way.NONE_OR: "T is None or OLD",
    Way.MISSING: "T is None",
    Way.PRESENT: "T is not None",
    Way.PLUS: "OLD + T",
    Way.MINUS: "OLD - T",
    Way.ASSUMED: "OLD = T",
    Way.RENAMED: "OLD as N",
    Way.SET_NONE: "T = None",
    Way.SET_TRUE: "T = True",
    Way.SET_FALSE: "T = False",
    Way.SET_LIST: "T = [ ]",
    Way.SET_DICT: "T = { }",
    Way.KEPT: "self . N = N",
    Way.ASSERTED: "assert T",
    Way.ASSERTED_SOME: "assert T is not None",
    Way.GONE: "del T",
    Way.IMPORTED: "import T",
    Way.IF: "if T :",
    Way.IF_NOT: "if not T :",
    Way.IF_SOME: "if T is not None :",
    Way.IF_NONE: "if T is None :",
    Way.TRIED: _TRIED,
    Way.CAUGHT: "except T :",
    Way.IF_LEAVE: f"if T {_LEAVE}",
    Way.IF_NOT_LEAVE: f"if not T {_LEAVE}",
    Way.IF_SOME_LEAVE: f"if T is not None {_LEAVE}",
    Way.IF_NONE_LEAVE: f"if T is None {_LEAVE}",
    Way.IF_SKIP: f"if T {_SKIP}",
    Way.IF_NOT_SKIP: f"if not T {_SKIP}",
    Way.IF_NONE_SKIP: f"if T is None {_SKIP}",
    Way.IF_NOT_NOTHING: f"if not T {_NOTHING}",
    Way.IF_NONE_NOTHING: f"if T is None {_NOTHING}",
    Way.RAISED: "raise T",
    Way.ENTRY: "S : T",
    Way.COPIED: "T",
    Way.STATED: "T",
}
"""What is written: T stands for the term, N for its last name, S for that as a string, OLD for what stands there."""

TERMLESS = frozenset(
    {way for way, text in WRITTEN.items() if not set(text.split()) & {"T", "N"}}
    | {Way.DELETED, Way.INSIDE, Way.BASE, Way.GET, Way.PREFIXED, Way.CUT, Way.CASED, Way.COUNTED, Way.LEFT}
)
QUOTED = frozenset({Way.STRING, Way.SUBSCRIPT})
OF_NAMES = frozenset(
    {Way.ATTRIBUTE, Way.METHOD, Way.SIBLING, Way.TRUE, Way.FALSE, Way.NONE, Way.KEYWORD, Way.RENAMED, Way.KEPT}
)
OF_CHAINS = frozenset(
    {Way.CALL, Way.OWNER, Way.INDEX, Way.ITSELF, Way.STARS, Way.ENTRY, Way.DONE, Way.GONE, Way.IMPORTED, Way.TRIED}
    | {Way.CAUGHT, Way.RAISED, Way.SET_NONE, Way.SET_TRUE, Way.SET_FALSE, Way.SET_LIST, Way.SET_DICT}
)
"""Names with dots between, or one name."""
OF_VALUES = frozenset(
    {Way.AND, Way.AND_NOT, Way.OR_NOT, Way.AND_SOME, Way.SOME_AND, Way.NOT_AND, Way.OR_NONE, Way.NONE_OR}
    | {Way.AHEAD_AND, Way.UNLESS_SET, Way.NEGATED, Way.MISSING, Way.PRESENT, Way.ASSERTED, Way.ASSERTED_SOME}
    | {way for way in Way if Way.IF <= way <= Way.IF_NONE or Way.IF_LEAVE <= way <= Way.IF_NONE_NOTHING}
)
"""Those, or a call or an item."""
INSERTED = (
    *(Way.RETURN, Way.DONE, Way.SET_NONE, Way.SET_TRUE, Way.SET_FALSE, Way.SET_LIST, Way.SET_DICT, Way.KEPT),
    *(Way.ASSERTED, Way.ASSERTED_SOME, Way.GONE, Way.IMPORTED, Way.RAISED, Way.STATED),
)
WRAPPED = (Way.IF, Way.IF_NOT, Way.IF_SOME, Way.IF_NONE, Way.TRIED)
GUARDED = tuple(way for way in Way if Way.IF_LEAVE <= way <= Way.IF_NONE_NOTHING)
EXTENDED = (
    *(Way.OR, Way.AND, Way.AND_NOT, Way.AHEAD_AND, Way.UNLESS_SET, Way.OR_NOT, Way.AND_SOME, Way.SOME_AND),
    *(Way.NOT_AND, Way.OR_NONE, Way.NONE_OR),
)
STATING = frozenset({*INSERTED, *WRAPPED, *GUARDED})
"""Ways that are tried with what is said and what the function has alone: they go almost everywhere."""


_WORDS = {way: tuple(WRITTEN.get(way, "T").split()) for way in Way}
_PLACE = {way: next((i for i, word in enumerate(words) if word in ("T", "N")), 0) for way, words in _WORDS.items()}


def written_as(way: Way, term: str, code: Sequence[str], quote: str) -> tuple[str, ...]:
    """The tokens of a term written in a way that WRITTEN has.

    Args:
        way: how.
        term: its last name.
        code: its tokens.
        quote: the quotation mark of most strings of the file.
    """
    parts = {"T": code, "N": (term,), "S": (f"{quote}{term}{quote}",), "OLD": (OLD,)}
    return tuple(token for word in _WORDS[way] for token in parts.get(word, (word,)))


def context(way: Way, old: str, before: tuple[str, str], behind: str) -> tuple[tuple[str, str], str]:
    """The two tokens before a term that is written in a way, and the one behind it.

    Args:
        way: how.
        old: the last token of what stands there.
        before, behind: tokens around that.
    """
    words, at = _WORDS[way], _PLACE[way]
    ahead = (*before, *(old if word == "OLD" else word for word in words[:at])) if at else before
    return (ahead[-2], ahead[-1]), words[at + 1] if at + 1 < len(words) else behind
