"""An issue is heard as words and terms: what may be code, where it is said, and what is said around it."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.filling.terms import AROUND, MOST, Kind, Term, Wording
from kent_agent.source.issue import parse_issue

ISSUE = parse_issue(
    "Use `dict.get` instead of lookup()\n\nPass timeout=30 and 'us-east-1' to the client. Don't read self.cache, too."
)


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording.by(ISSUE)


@pytest.mark.parametrize("text", ["dict.get", "dict", "get", "lookup", "timeout", "30", "us-east-1", "self.cache"])
def test_what_may_be_code_is_a_term(wording: Wording, text: str) -> None:
    assert text in wording.every


def test_a_term_knows_how_it_is_said(wording: Wording) -> None:
    first = {text: term.mentions[0] for text, term in wording.every.items()}
    assert first["dict.get"].marked and first["us-east-1"].marked and not first["lookup"].marked
    assert first["lookup"].called and not first["timeout"].called
    assert first["timeout"].assigned and not first["lookup"].assigned
    assert first["lookup"].start < wording.title < first["timeout"].start


def test_the_words_around_a_mention_are_nearest_first_and_marks_are_none(wording: Wording) -> None:
    around = wording.around(wording.every["lookup"].mentions[0])
    assert around[:AROUND] == ["of", "instead", "get"]
    assert wording.around(wording.every["dict.get"].mentions[0])[AROUND:] == ["instead", "of", "lookup"]
    assert wording.around(wording.every["Use"].mentions[0])[:AROUND] == ["", "", ""]


def test_a_sentence_is_known_by_its_first_word(wording: Wording) -> None:
    assert wording.opening(wording.every["dict.get"].mentions[0]) == "use"
    assert wording.opening(wording.every["timeout"].mentions[0]) == "pass"
    assert wording.opening(wording.every["self.cache"].mentions[0]) == "don't"


@given(st.text(max_size=300))
def test_any_text_is_heard_and_mentions_are_where_they_say(text: str) -> None:
    wording = Wording(text)
    for term in wording.every.values():
        for mention in term.mentions:
            assert wording.text[mention.start : mention.end] == term.text
            assert len(wording.around(mention)) == 2 * AROUND
    assert len(wording.terms(Counter(), {})) <= MOST


def test_of_many_terms_those_are_kept_that_the_file_knows() -> None:
    words = [f"word{'abcdefghij'[i % 10] * (i // 10 + 1)}" for i in range(3 * MOST)]
    wording = Wording(" ".join(words))
    kept = {term.text for term in wording.terms(Counter({words[-1]: 1}), {})}
    assert len(kept) == MOST and words[-1] in kept and words[-2] not in kept


@pytest.mark.parametrize(
    ("term", "code"),
    [
        (Term("name"), ("name",)),
        (Term("a.b"), ("a", ".", "b")),
        (Term("-1"), ("-", "1")),
        (Term("x is None"), ("x", "is", "None")),
        (Term("not in", kind=Kind.OPERATOR), ("not", "in")),
        (Term("us-east-1 or"), ()),
        (Term("for"), ()),
        (Term("word", kind=Kind.STRING), ()),
        (Term("", kind=Kind.NOTHING), ()),
    ],
)
def test_a_term_is_code_where_it_is_an_expression_or_an_operator(term: Term, code: tuple[str, ...]) -> None:
    assert term.code == code
