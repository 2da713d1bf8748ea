"""Strings are varied by a word of the issue, by nothing, by an end, a prefix or a dash."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.decoder.literals import PRIOR, literal_variants
from kent_agent.decoder.search import EditSearch
from kent_agent.decoder.surroundings import Said
from kent_agent.learning.examples import situation_of
from kent_agent.source.issue import parse_issue
from tests.learning.lessons import fix_of, trained

ISSUE = Said.by(parse_issue("Spell *scaling* correctly\n\nUse `py-modules` and version 3, over https."))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Unknown scling method %r."', '"Unknown scaling method %r."'),
        ("'py_modules'", "'py-modules'"),
        ('"version 2 of all"', '"version 3 of all"'),
        ('f"http://{host}/a"', 'f"https://{host}/a"'),
        ('"found {name!r}"', 'f"found {name!r}"'),
        ("b'word'", "'word'"),
        ('"font"', '"fonts"'),
        ("'a needless word'", "'a word'"),
        ("'stop.'", "'stop'"),
    ],
)
def test_a_string_may_become(old: str, new: str) -> None:
    assert new in literal_variants(old, ISSUE)


@given(st.from_regex(r"[A-Za-z_ {}.0-9-]{1,40}", fullmatch=True), st.sampled_from(["'", '"']))
def test_variants_are_other_strings_that_share_the_prior(body: str, quote: str) -> None:
    token = f"{quote}{body}{quote}"
    found = literal_variants(token, ISSUE)
    assert token not in found and all(each.endswith(quote) for each in found)
    assert not found or sum(map(exp, found.values())) == pytest.approx(PRIOR)


def test_what_is_no_short_string_has_none() -> None:
    assert literal_variants("12", ISSUE) == literal_variants("''", ISSUE) == {}
    assert literal_variants(f"'{'a ' * 60}'", ISSUE) == {}


def test_a_search_proposes_them_with_the_probability_that_it_tells() -> None:
    before = "def greet():\n    return 'helo there'\n"
    fix = fix_of("acme/greet", "Say hello", before, before.replace("helo", "hello"))
    situation = situation_of(fix, trained().model.learned)
    search = EditSearch(trained().model)
    found = {each.after: each for each in search.propose(situation, 200)}
    told = search.log_probability(situation, fix.edits)
    assert told is not None and found[before.replace("helo", "hello")].log_probability == pytest.approx(told)
