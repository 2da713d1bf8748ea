"""Scanning finds what the standard library's tokenizer finds, wherever a piece of text begins and ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.scan import closing, scan, seek, segments
from kent_agent.source.tokens import LAYOUT, lex
from tests.source.programs import MODULES

PIECES = ["x", "'a,b'", '"("', "1e-5", "0x_FF", "f'{a!r}'", '"""a\n"b\n"""', ",", "**=", "->", "(a, b)", "[1:2]", "..."]


def texts_of(text: str) -> list[str]:
    return [token.text for token in scan(text, 0, len(text))]


@pytest.mark.parametrize("name", MODULES)
def test_tokens_are_those_of_the_language(name: str) -> None:
    assert texts_of(MODULES[name]) == [token for token in lex(MODULES[name]) if token not in LAYOUT]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from([" ", "  # note, (\n", "\\\n", "\r\n", "\t"]))
def test_offsets_are_those_of_the_tokens_and_gaps_are_skipped(pieces: list[str], gap: str) -> None:
    text = gap.join(pieces)
    found = list(scan(text, 0, len(text)))
    assert [text[token.start : token.end] for token in found] == [token.text for token in found]
    assert "".join(token.text for token in found) == "".join(
        piece if piece[0] in "\"'f" else piece.replace(" ", "") for piece in pieces
    )


def test_only_what_is_between_the_offsets_is_scanned() -> None:
    text = "f(a, b) + c"
    assert [token.text for token in scan(text, 2, 6)] == ["a", ",", "b"]
    assert list(scan(text, 3, 3)) == []


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "f(b, c)", "[1, 2]", "'x, y'", "{d: (e, f)}", "*g", "k=h  # i, j\n"]), max_size=6)
)
def test_segments_part_at_commas_outside_of_brackets_and_strings(parts: list[str]) -> None:
    for text in (", ".join(parts), "".join(f"{part} , " for part in parts)):
        found = segments(text, 0, len(text))
        assert [text[start:end] for start, end in found] == [part.split("  #")[0] for part in parts]


def test_segments_part_at_other_words_as_well() -> None:
    text = "a and (b and c) and 'd and e'"
    assert [text[a:b] for a, b in segments(text, 0, len(text), "and")] == ["a", "(b and c)", "'d and e'"]


def test_a_bracket_is_closed_by_its_own_partner() -> None:
    text = "f(a[')'], (b), # )\n c) + d()"
    assert closing(text, 1, len(text)) == text.index(") +")
    assert closing("f(a", 1, 3) == 3


def test_a_token_is_sought_outside_of_brackets() -> None:
    text = "def f(a: int = {1: 2}[1:]) -> b: pass"
    token = seek(text, 0, len(text), ":")
    assert token is not None and token.start == text.index(": pass")
    assert seek(text, 0, len(text), "as") is None
