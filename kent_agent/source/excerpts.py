"""The tokens that an edit takes from a new version of a file."""

import ast
from collections.abc import Sequence

from kent_agent.source.document import Document, Span
from kent_agent.source.grammar import OLD
from kent_agent.source.scan import Token, scan, token_texts
from kent_agent.source.tokens import INDENT, NEWLINE, is_identifier, lex

_STAND_IN = "OLD_TEXT_STANDS_HERE"


def expression_tokens(document: Document, node: ast.AST, old: Span | None = None) -> tuple[str, ...]:
    """An expression's tokens, OLD for those between the offsets of the old one in it."""
    return _tokens(list(scan(document.text, *document.span(node))), old)


def _tokens(found: Sequence[Token], old: Span | None) -> tuple[str, ...]:
    if old is None:
        return tuple(token.text for token in found)
    before = [token.text for token in found if token.end <= old[0]]
    after = [token.text for token in found if token.start >= old[1]]
    while before[-1:] == ["("] and after[:1] == [")"] and not _called(before[:-1]):
        before, after = before[:-1], after[1:]  # applying adds parentheses where they are needed
    return (*before, OLD, *after)


def _called(before: Sequence[str]) -> bool:
    """Whether a bracket after these tokens calls or indexes something."""
    return bool(before) and (is_identifier(before[-1]) or before[-1] in (")", "]") or before[-1][-1] in "\"'")


def element_tokens(old: Document, ours: Span, new: Document, theirs: Span) -> tuple[str, ...]:
    """A list element's tokens, OLD for the old element where its tokens are among them."""
    found = token_texts(new.text, *theirs)
    mine = token_texts(old.text, *ours)
    for i in range(len(found) - len(mine) + 1) if mine else ():
        if found[i : i + len(mine)] == mine:
            return (*found[:i], OLD, *found[i + len(mine) :])
    return found


def statement_tokens(document: Document, node: ast.AST) -> tuple[str, ...]:
    """A statement's tokens with its layout, decorators included; none where it does not lex alone."""
    return _lexed(document, *document.whole(node))


def header_tokens(document: Document, node: ast.AST, as_elif: bool) -> tuple[str, ...]:
    """The tokens of a compound statement's header, that of an `if` in the form that the old version has."""
    span = document.header(node)
    tokens = token_texts(document.text, *span) if span else ()
    if tokens[:1] == ("elif",) and not as_elif:
        return ("if", *tokens[1:])
    return ("elif", *tokens[1:]) if tokens[:1] == ("if",) and as_elif else tokens


def clause_tokens(document: Document, node: ast.AST) -> tuple[str, ...]:
    """The tokens of an `except` clause, or of an `elif` without what else there is."""
    body = getattr(node, "body", [])
    return _lexed(document, document.span(node)[0], document.span(body[-1])[1])


def else_tokens(document: Document, node: ast.AST) -> tuple[str, ...]:
    """The tokens of a statement's `else` clause."""
    children: list[ast.stmt] = getattr(node, "orelse", [])
    body = _lexed(document, document.whole(children[0])[0], document.span(children[-1])[1])
    return ("else", ":", NEWLINE, INDENT, *body) if body else ()


def wrapping_tokens(document: Document, node: ast.AST, field: str) -> tuple[str, ...]:
    """The tokens of a compound statement, OLD for one of its blocks; its header alone where nothing follows that."""
    children: list[ast.stmt] = getattr(node, field)
    start, end = document.whole(node)
    first, last = document.whole(children[0])[0], document.span(children[-1])[1]
    if document.text.startswith("elif", start) or document.indent(children[0]) is None:
        return ()
    if document.text.startswith("elif", first):  # what was an `if` comes after another
        blanks = document.text[document.line_start(start) : start]
        text = f"{document.text[start:first].rstrip()}\n{blanks}else:\n{blanks}    {_STAND_IN}"
    else:
        text = document.text[start:first] + _STAND_IN + document.text[last:end]
    tokens = tuple(OLD if token == _STAND_IN else token for token in _lex(text, start - document.line_start(start)))
    return tokens[:-3] if tokens[-3:] == (NEWLINE, INDENT, OLD) and tokens.count(NEWLINE) == 1 else tokens


def _lexed(document: Document, start: int, end: int) -> tuple[str, ...]:
    return _lex(document.text[start:end], start - document.line_start(start))


def _lex(text: str, width: int) -> tuple[str, ...]:
    """The tokens of statements whose first line has lost that many blanks; none where they do not lex."""
    first, *others = text.replace("\r\n", "\n").split("\n")
    lines = [first, *(line[width:] if not line[:width].strip() else line for line in others)]
    try:
        return tuple(lex("\n".join(lines)))
    except ValueError:
        return ()
