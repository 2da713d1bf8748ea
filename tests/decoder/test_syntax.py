"""Syntax lets every prefix of real Python pass, and stops what cannot become Python."""

import ast
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import kent_agent
from kent_agent.decoder.continuations import END
from kent_agent.decoder.lexicon import SPECIALS
from kent_agent.decoder.syntax import Syntax
from kent_agent.source.document import Document
from kent_agent.source.grammar import OLD, Action
from kent_agent.source.scan import scan
from kent_agent.source.tokens import DEDENT, INDENT, NEWLINE, lex
from tests.learning.lessons import fixes

PACKAGE = Path(kent_agent.__file__).parent


@cache
def statements() -> list[str]:
    """The statements of this package's modules, and the headers of compound ones."""
    found = []
    for path in sorted(PACKAGE.glob("*.py")):
        document = Document(path.read_text())
        for node in ast.walk(document.tree):
            if isinstance(node, ast.stmt):
                start, end = document.header(node) or document.span(node)
                found.append(document.text[start:end])
    return found


def refused(tokens: tuple[str, ...], action: Action) -> str | None:
    """The first token, or the end, that may not follow those before it; None where all may."""
    lexicon = tuple(dict.fromkeys([*SPECIALS, *tokens]))
    syntax = Syntax(lexicon)
    for i, token in enumerate((*tokens, END)):
        if not syntax.following(tokens[:i], action)[lexicon.index(token)]:
            return f"{' '.join(tokens[:i])} >{token}<"
    return None


def written(text: str) -> tuple[str, ...]:
    """The tokens of a statement without layout."""
    return tuple(token.text for token in scan(text, 0, len(text)))


def test_every_statement_of_this_package_can_be_written() -> None:
    assert len(statements()) > 500
    assert [found for each in statements() if (found := refused(written(each), Action.REPLACE_STATEMENT))] == []


OPERATORS = ["+", "-", "**", "@", "//", "==", "not in", "is not", "and", "or"]
EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b.c", "1", "'s'", "...", "None", "x[1:, ::2]", "[]", "{}", "()"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda each: f"-{each}"),
        inner.map(lambda each: f"not {each}"),
        inner.map(lambda each: f"lambda a, *b: {each}"),
        inner.map(lambda each: f"f({each}, *{each}, k={each})"),
        inner.map(lambda each: f"[{each} for a, b in {each} if {each}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{{pair[0]}: {pair[1]}}}"),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_every_expression_can_be_written(text: str) -> None:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        reject()
    assert refused(written(text), Action.REPLACE_EXPRESSION) is None


@pytest.mark.parametrize(
    "statement",
    [
        "from . import a",
        "from .. import a as b, c",
        "from ...a.b import *",
        "from ... a import b",
        "import a.b as c",
        "def f(a, /, b, *, c: int = 1, **d) -> None:",
        "def f(*args):",
        "async def f(self):",
        "lambda: x",
        "lambda *a, k=1: -a",
        "x = [a async for a in b if a not in c]",
        "x[:, 1:, ::2] = y[:-1]",
        "x = .5 + 1e3",
        "x = 'a' f'{b}' 'c'",
        "x: int",
        "x = yield",
        "x = yield from y",
        "return",
        "return not x",
        "raise A from None",
        "else:",
        "try:",
        "finally:",
        "except:",
        "except* (A, B) as e:",
        "with a as b, c:",
        "match x:",
        "case [a, *_] if a:",
        "type X = int",
        "@decorated(x)",
        "x = a if b is not c else d",
        "x = 1,",
        "x = (yield)",
        "a = b; c = d",
        "if (x := f()) != ...:",
        "print(*a, **b)",
        "x = {**a, 'b': {c for c in d}}",
        "global a, b",
        "assert a, b",
        "x @= y",
    ],
)
def test_every_form_of_statement_can_be_written(statement: str) -> None:
    assert refused(written(statement), Action.REPLACE_STATEMENT) is None


@pytest.mark.parametrize(
    "code",
    [
        "if a:\n    b\nc",
        "try:\n    a\nexcept B:\n    pass\nelse:\n    if c:\n        d\ne",
        "else:\n    return",
        "for a in b:\n    for c in d:\n        pass",
    ],
)
def test_blocks_can_be_written(code: str) -> None:
    source = f"if x:\n    pass\n{code}" if code.startswith("else") else code
    tokens = tuple(lex(source))
    tokens = tokens[tokens.index("else") :] if code.startswith("else") else tokens
    assert NEWLINE in tokens and INDENT in tokens
    assert refused(tokens, Action.ADD_CLAUSE if code.startswith("else") else Action.INSERT_STATEMENT) is None


@pytest.mark.parametrize(
    ("action", "tokens"),
    [
        (Action.SWAP_OPERATOR, ("not", "in")),
        (Action.SWAP_OPERATOR, ("is", "not")),
        (Action.SWAP_OPERATOR, ("or",)),
        (Action.SWAP_OPERATOR, ("+=",)),
        (Action.RENAME, ("name",)),
        (Action.EDIT_LITERAL, ("None",)),
        (Action.EDIT_LITERAL, ("f'x'",)),
        (Action.EDIT_LITERAL, ("10",)),
        (Action.ADD_ELEMENT, ("*",)),
        (Action.ADD_ELEMENT, ("/",)),
        (Action.ADD_ELEMENT, ("**", "options")),
        (Action.ADD_ELEMENT, ("deep", ":", "bool", "=", "False")),
        (Action.REPLACE_EXPRESSION, (":", "1")),
        (Action.REPLACE_EXPRESSION, (":", ":", "2")),
        (Action.REPLACE_EXPRESSION, ("tuple", OLD)),
        (Action.REPLACE_EXPRESSION, (OLD, "=", "None")),
        (Action.EXTEND_CONDITION, (OLD, "and", "x", "not", "in", "y")),
        (Action.WRAP_STATEMENT, ("try", ":", NEWLINE, INDENT, OLD, NEWLINE, DEDENT, "except", "A", ":", "pass")),
        (Action.WRAP_STATEMENT, ("with", "x", ":")),
    ],
)
def test_each_action_can_write_what_it_is_for(action: Action, tokens: tuple[str, ...]) -> None:
    assert refused(tokens, action) is None


def test_every_mined_edit_can_be_written() -> None:
    edits = [edit for fix in fixes() for edit in fix.edits]
    assert edits
    assert [refused(edit.tokens, edit.action) for edit in edits] == [None] * len(edits)


@pytest.mark.parametrize(
    ("action", "tokens"),
    [
        (Action.INSERT_STATEMENT, ("a", "b")),
        (Action.INSERT_STATEMENT, ("a", "=", "=")),
        (Action.INSERT_STATEMENT, ("f", "(", "]")),
        (Action.INSERT_STATEMENT, ("f", "(", "x")),
        (Action.INSERT_STATEMENT, ("f", "(", NEWLINE)),
        (Action.INSERT_STATEMENT, ("a", ".", "1")),
        (Action.INSERT_STATEMENT, ("a", ".")),
        (Action.INSERT_STATEMENT, ("a", "=")),
        (Action.INSERT_STATEMENT, (")",)),
        (Action.INSERT_STATEMENT, ("==", "a")),
        (Action.INSERT_STATEMENT, ("a", NEWLINE, INDENT, "b")),
        (Action.INSERT_STATEMENT, ("a", NEWLINE, DEDENT, "b")),
        (Action.INSERT_STATEMENT, ("if", "a", ":", NEWLINE, INDENT, NEWLINE)),
        (Action.INSERT_STATEMENT, ("a", NEWLINE)),
        (Action.INSERT_STATEMENT, (OLD,)),
        (Action.REPLACE_EXPRESSION, ("a", NEWLINE, "b")),
        (Action.REPLACE_EXPRESSION, ()),
        (Action.RENAME, ("a", ".", "b")),
        (Action.RENAME, ("if",)),
        (Action.EDIT_LITERAL, ("a",)),
        (Action.SWAP_OPERATOR, (OLD,)),
        (Action.SWAP_OPERATOR, ("+", "1")),
        (Action.ADD_ELEMENT, (OLD,)),
        (Action.EXTEND_CONDITION, ("x", "and", "y")),
    ],
)
def test_what_cannot_be_python_or_of_its_action_is_stopped(action: Action, tokens: tuple[str, ...]) -> None:
    assert refused(tokens, action) is not None
