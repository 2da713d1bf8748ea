"""Lexing loses nothing but comments and spacing; rendering keeps what the original had."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.tokens import DEDENT, INDENT, NEWLINE, is_identifier, lex, render, terms

STATEMENTS = [
    "x = foo(a, b=1)[2:3] if not y else -z",
    "return {'a': 1, **k}",
    "def f(self, *args, k=3, **rest) -> str:\n    return f'{x!r} a' + \"b\"",
    "@decorated\nclass A(B):\n    x = 1\n\n    def f(self):\n        pass\n    y = 2",
    "for a, (b, c) in zip(x, y):\n    print(a @ b, c**-1, ~a, *c)",
    "assert x is not None and (lambda: -1), 'why'",
    "x[1:, ::-1] += yield",
    "if (n := len(a)) > 1: pass",
    "from . import a",
    'raise ValueError(f"{name!r} isn\'t {kind}") from None',
]


@pytest.mark.parametrize("code", STATEMENTS)
def test_rendered_tokens_mean_the_same(code: str) -> None:
    wrapped = [f"async def g():\n{_indented(text)}" for text in (code, render(lex(code)))]
    assert ast.dump(ast.parse(wrapped[0])) == ast.dump(ast.parse(wrapped[1]))


@pytest.mark.parametrize("code", STATEMENTS)
def test_unchanged_tokens_keep_the_original_within_its_lines(code: str) -> None:
    line = code.split("\n")[0]
    assert render(lex(line), line) == line


def test_comments_and_line_breaks_of_kept_tokens_stay() -> None:
    original = "foo(\n    a,  # first, a\n    b,\n)"
    assert render(lex("foo(a, c,)"), original) == "foo(\n    a,  # first, a\n    c,\n)"


def test_layout_tokens_become_indented_lines() -> None:
    tokens = ["if", "x", ":", NEWLINE, INDENT, "y", "=", "1", NEWLINE, DEDENT, "z", "=", "2"]
    assert render(tokens, indent="  ") == "if x:\n      y = 1\n  z = 2"


def test_an_f_string_is_one_token_on_every_python() -> None:
    assert lex("f'{a + f\"{b}\"} c'") == ["f'{a + f\"{b}\"} c'"]


@pytest.mark.parametrize("code", ["'unterminated", "(", "x = $"])
def test_what_is_not_python_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="not Python"):
        lex(code)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_lexes_or_is_refused(text: str) -> None:
    try:
        tokens = lex(text)
    except ValueError:
        return
    assert all(tokens)


def test_terms_split_identifiers_and_stem_words() -> None:
    assert list(terms("HTTPServerError when parsing queries in parse_qs")) == (
        ["httpservererror", "http", "server", "error", "pars", "query", "parse_qs", "parse", "qs"]
    )


@pytest.mark.parametrize(
    ("token", "expected"), [("name", True), ("_x1", True), ("if", False), ("1", False), ("'s'", False)]
)
def test_identifiers_are_names_a_program_can_bind(token: str, expected: bool) -> None:
    assert is_identifier(token) is expected


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.split("\n"))
