"""The terms that may be written in a function: what the issue says, what stands around, and what Python has."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from kent_agent.decoder.lexicon import neighbours
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.surroundings import Surroundings
from kent_agent.filling.terms import Kind, Term
from kent_agent.source.tokens import is_identifier

COMPARED = ("==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in")
COMBINED = ("and", "or")
ARITHMETIC = ("+", "-", "*", "/", "//", "%", "**", "@", "|", "&", "^", "<<", ">>")
ASSIGNED = ("=", "+=", "-=", "*=", "/=", "|=", "&=")
_CONSTANTS = ("None", "True", "False", "0", "1", "-1", "2", "[]", "{}", "()", "set()", "*", "/")
_NEAR, _STRINGS, _NUMBERS = 90, 30, 16  # tokens of the function
_ALIKE, _FAR = 30, 30  # names of the file that are like what the issue says, and others
_LEARNED = 40  # names that training often wrote


def vocabulary(situation: Situation, common: Mapping[str, int]) -> list[Term]:
    """All terms, what is said first, each once.

    Args:
        common: numbers of the commonest words of issues.
    """
    said = situation.said.wording.terms(situation.around.in_file, common)
    found = {(term.text, False): term for term in said}
    for term in _unsaid(situation):
        key = term.text, term.kind in (Kind.STRING, Kind.OPERATOR)
        if key not in found and (term.kind is not Kind.STRING or (term.text, False) not in found):
            found[key] = term
    return list(found.values())


def _unsaid(situation: Situation) -> Iterator[Term]:
    around = situation.around
    here = [token for token, _ in around.in_function.most_common()]
    yield Term("", kind=Kind.NOTHING)
    yield from (Term(each, kind=Kind.OPERATOR) for each in (*COMPARED, *COMBINED, *ARITHMETIC, *ASSIGNED))
    yield from (Term(each, kind=Kind.CODE) for each in _CONSTANTS)
    names = [token for token in here if is_identifier(token)]
    yield from (Term(each, kind=Kind.CODE) for each in names[:_NEAR])
    yield from (Term(each, kind=Kind.CODE) for each in islice(_numbers(here), _NUMBERS))
    yield from (Term(each, kind=Kind.STRING) for each in islice(_bodies(here), _STRINGS))
    yield from (Term(each, kind=Kind.CODE) for each in _of_file(around))
    learned = (token for token in situation.learned if is_identifier(token))
    yield from (Term(each, kind=Kind.CODE) for each in islice(learned, _LEARNED))


def _numbers(tokens: Iterable[str]) -> Iterator[str]:
    """Numbers that stand there, and their neighbours."""
    for token in tokens:
        if token[0].isdigit():
            yield from (token, *neighbours([token]))


def _bodies(tokens: Iterable[str]) -> Iterator[str]:
    """What stands between the quotation marks of short strings."""
    for token in tokens:
        if token[0] in "\"'" and 2 < len(token) < 40 and not token.startswith(token[0] * 3):
            yield token[1:-1]


def _of_file(around: Surroundings) -> Iterator[str]:
    """Names of the file that are like what the issue says, and its commonest."""
    far = [token for token, _ in around.in_file.most_common() if is_identifier(token)]
    alike = sorted(((sum(around.overlap(token)), token) for token in far), key=lambda each: -each[0])
    yield from (token for worth, token in alike[:_ALIKE] if worth > 0)
    yield from far[:_FAR]
