"""An issue becomes bags of terms by the kind of text, identifiers, dotted names and links between names."""

import pytest

from kent_agent.evidence.clues import Clues, is_spelled_as_name
from kent_agent.source.issue import parse_issue

ISSUE = """Gizmo of `mean_value` breaks

The cheese of Words.count is off, and HeaderReader too.

- [x] I searched the tracker

```python
import tiny.calc as tc
from tiny.text import Words, Other as Another
tc.mean([1])
```
"""


def clues_of(text: str) -> Clues:
    return Clues.of(parse_issue(text))


def test_each_kind_of_text_has_its_bag() -> None:
    clues = clues_of(ISSUE)
    assert "gizmo" in clues.title and "gizmo" not in clues.prose | clues.code
    assert "cheese" in clues.prose and "cheese" not in clues.title | clues.code
    assert "text" in clues.code and "text" not in clues.title | clues.prose


def test_a_word_of_the_title_counts_twice_and_one_of_a_template_hardly() -> None:
    whole = clues_of(ISSUE).whole
    assert (whole["gizmo"], whole["cheese"], whole["text"], whole["tracker"]) == pytest.approx((2, 1, 1, 0.1))
    assert clues_of("cheese\n\ncheese, cheese\n\n- [ ] cheese").whole == pytest.approx({"cheese": 2 + 2 + 0.1})


def test_phrases_are_pairs_and_triples_of_the_title_and_of_all_without_boilerplate() -> None:
    text = "Big frozen gizmo\n\nA broken widget.\n\n- [ ] searched old tracker\n\n```\nreader.parse(cheese)\n```"
    clues = clues_of(text)
    pairs, triples = clues.title_phrases
    assert (set(pairs), set(triples)) == ({"big frozen", "frozen gizmo"}, {"big frozen gizmo"})
    pairs, triples = clues.phrases
    assert set(pairs) == {"big frozen", "frozen gizmo", "broken widget", "reader parse", "parse cheese"}
    assert set(triples) == {"big frozen gizmo", "reader parse cheese"}


def test_what_a_program_told_is_quoted_or_was_raised_and_stands_beside_the_title() -> None:
    raised = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    old.call(1)\nKeyError: lost gold key'
    clues = clues_of(f"Big frozen gizmo\n\nSome plain prose says 'broken round widget'.\n\n```\n{raised}\n```")
    pairs, triples = clues.told_phrases
    assert set(triples) == {"big frozen gizmo", "broken round widget", "lost gold key"}
    assert set(pairs) == {
        *("big frozen", "frozen gizmo", "broken round", "round widget", "lost gold", "gold key"),
    }
    assert set(triples) < set(clues.phrases[1])


def test_identifiers_are_known_by_where_they_stand() -> None:
    clues = clues_of(ISSUE)
    assert {"Gizmo", "mean_value"} <= clues.in_title
    assert {"cheese", "HeaderReader", "Words", "count"} <= clues.in_prose
    assert {"tiny", "Another", "mean_value"} <= clues.in_code
    assert "cheese" not in clues.in_title | clues.in_code
    assert clues.identifiers == clues.in_title | clues.in_prose | clues.in_code


def test_names_are_spelled_like_names_or_dotted_or_in_code() -> None:
    clues = clues_of(ISSUE)
    assert {"mean_value", "HeaderReader", "Words", "count", "tiny", "mean"} <= clues.named
    assert clues.named.isdisjoint({"cheese", "breaks", "off"})


def test_dotted_names_are_those_of_imports_too_and_aliases_are_resolved() -> None:
    assert set(clues_of(ISSUE).dotted) >= {
        ("Words", "count"),
        ("tiny", "calc", "mean"),
        ("tiny", "text", "Words"),
        ("tiny", "text", "Other"),
    }


def test_names_that_follow_each_other_in_a_dotted_name_are_links() -> None:
    clues = clues_of("See tiny.Words.count\n\nand first.second")
    assert clues.links == {("tiny", "Words"), ("Words", "count"), ("first", "second")}


@pytest.mark.parametrize("word", ["read_file", "readFile", "Reader", "__init__x_y"])
def test_a_word_with_an_underscore_a_hump_or_a_capital_is_spelled_as_a_name(word: str) -> None:
    assert is_spelled_as_name(word)


@pytest.mark.parametrize("word", ["read", "_read", "HTTP", "The", "__"])
def test_a_plain_word_is_not_spelled_as_a_name(word: str) -> None:
    assert not is_spelled_as_name(word)


def test_an_empty_issue_has_no_clues() -> None:
    clues = clues_of("")
    assert not (clues.whole or clues.identifiers or clues.named or clues.dotted or clues.links)
    assert clues.title_phrases == clues.told_phrases == clues.phrases == ({}, {})
