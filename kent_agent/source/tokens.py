"""Python source as tokens and back, and prose or identifiers as search terms."""

import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import accumulate

NEWLINE, INDENT, DEDENT = "<newline>", "<indent>", "<dedent>"
LAYOUT = frozenset({NEWLINE, INDENT, DEDENT})
_LAYOUT_OF = {"NEWLINE": NEWLINE, "INDENT": INDENT, "DEDENT": DEDENT}
_SILENT = frozenset({"COMMENT", "NL", "ENCODING", "ENDMARKER"})

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?")
_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
_STOP = frozenset(
    (
        "a an and are as at be but by can do does for from had has have how i if in is it its me my no not of on "
        "or our should so some than that the their then there these they this to was we were what when where which "
        "will with would you your self cls def return import none true false"
    ).split()
)


def terms(text: str) -> Iterator[str]:
    """Search terms of prose or code: identifiers whole and split at humps and underscores, stemmed, lower case."""
    for match in _WORD.finditer(text):
        yield from terms_of(match.group())


@lru_cache(maxsize=1 << 17)  # a repository repeats its words, and splitting one costs more than looking it up
def terms_of(word: str) -> tuple[str, ...]:
    """Search terms of one word: itself where it is compound, and its parts, stemmed."""
    parts = _HUMP.findall(word)
    stems = [stem(part.lower()) for part in parts]
    found = [stemmed for stemmed in stems if len(stemmed) > 1 and stemmed not in _STOP]
    whole = word.strip("_").lower()
    return (whole, *found) if len(parts) > 1 and whole not in _STOP else tuple(found)


def stem(word: str) -> str:
    """A word without its commonest English ending; crude, but alike on both sides of a comparison."""
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + rest
    return word


def is_identifier(token: str) -> bool:
    """True for a name that a program can bind; keywords and literals are none."""
    return bool(_IDENTIFIER.match(token)) and not keyword.iskeyword(token)


def lex(code: str) -> list[str]:
    """The tokens of a piece of Python, layout included, comments and blank lines left out.

    Raises:
        ValueError: the text is not lexically Python.
    """
    tokens = [token for token, _, _ in _spans(code)]
    while tokens and tokens[-1] in LAYOUT:
        tokens.pop()
    return tokens


def _spans(code: str) -> list[tuple[str, int, int]]:
    """Tokens with their character offsets `[start, end)`; an f-string, split since 3.12, is one token everywhere."""
    text = code if code.endswith("\n") else code + "\n"
    starts = list(accumulate((len(line) for line in text.splitlines(keepends=True)), initial=0))
    spans: list[tuple[str, int, int]] = []
    depth, begin = 0, 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            name = tokenize.tok_name[token.type]
            start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            if name == "FSTRING_START":
                depth, begin = depth + 1, begin if depth else start
            elif name == "FSTRING_END":
                depth -= 1
                if not depth:
                    spans.append((text[begin:end], begin, end))
            elif depth or name in _SILENT or (name == "ERRORTOKEN" and not token.string.strip()):
                continue
            elif name == "ERRORTOKEN":
                raise ValueError(f"not Python: {token.string!r}")
            else:
                spans.append((_LAYOUT_OF.get(name, token.string), start, end))
    except (tokenize.TokenError, IndentationError, SyntaxError, IndexError) as error:
        raise ValueError(f"not Python: {error}") from error
    return spans


def render(tokens: Sequence[str], original: str = "", indent: str = "") -> str:
    """Source text of tokens, keeping the spacing, line breaks and comments of `original` wherever tokens were kept.

    The first line comes without indentation; those that layout tokens begin have `indent` and four blanks a level.
    """
    kept = _kept_gaps(tokens, original)
    parts: list[str] = []
    level = 0
    brackets: list[str] = []
    for i, token in enumerate(tokens):
        if token in LAYOUT:
            level += {INDENT: 1, DEDENT: -1, NEWLINE: 0}[token]
            continue
        if parts:
            before = tokens[i - 1]
            if before in LAYOUT:
                parts.append("\n" + indent + "    " * max(level, 0))
            else:
                parts.append(kept.get(i, _gap(tokens, i, brackets)))
        parts.append(token)
        if token in ("(", "[", "{"):
            brackets.append(token)
        elif token in (")", "]", "}") and brackets:
            brackets.pop()
    return "".join(parts) + _closing_comment(original)


def _closing_comment(original: str) -> str:
    """What follows the last token of a statement on its line: a comment with the blanks before it, or nothing."""
    try:
        ends = [end for token, _, end in _spans(original) if token not in LAYOUT]
    except ValueError:
        return ""
    return original[max(ends, default=len(original)) :].rstrip()


def _kept_gaps(tokens: Sequence[str], original: str) -> dict[int, str]:
    """The original's text before new token i where that token and the one before it stand for neighbours there."""
    try:
        spans = _spans(original)
    except ValueError:
        return {}
    stands_for = _alignment([token for token, _, _ in spans], tokens)
    kept: dict[int, str] = {}
    for new, old in stands_for.items():
        if old > 0 and stands_for.get(new - 1) == old - 1:
            (before, _, left), (after, right, _) = spans[old - 1], spans[old]
            if before not in LAYOUT and after not in LAYOUT:
                kept[new] = original[left:right]
    return kept


def _alignment(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Old positions of new tokens: of those kept, and of the two ends of each replaced run."""
    aligned: dict[int, int] = {}
    for tag, a, b, c, d in SequenceMatcher(None, list(old), list(new), autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and b - a == d - c):
            aligned |= zip(range(c, d), range(a, b), strict=True)
        elif tag == "replace":
            aligned |= {c: a, d - 1: b - 1}
    return aligned


_TIGHT_AFTER = frozenset("([{.~@")
_TIGHT_BEFORE = frozenset(")]},:;.")
_OPERATORS = frozenset("+ - * / // % ** @ & | ^ << >> == != < > <= >= = += -= *= /= -> :=".split())


def _gap(tokens: Sequence[str], i: int, brackets: Sequence[str]) -> str:
    """Conventional (PEP 8) white space before token i."""
    before, token = tokens[i - 1], tokens[i]
    earlier = tokens[i - 2] if i > 1 else NEWLINE
    if before in ("from", "import") and token == ".":
        return " "
    if before in _TIGHT_AFTER or token in _TIGHT_BEFORE:
        return ""
    if "=" in (token, before) and brackets[-1:] == ["("]:
        return ""
    if before == ":" and brackets[-1:] == ["["]:
        return ""
    if token in ("(", "["):
        callable_before = is_identifier(before) or before in (")", "]") or before[-1:] in "\"'"
        return "" if callable_before else " "
    if before in ("-", "+", "*", "**") and (
        earlier in LAYOUT or earlier in _OPERATORS or earlier in ("(", "[", "{", ",", ":") or keyword.iskeyword(earlier)
    ):
        return ""
    return " "
