"""A stream finds where a context stood before, how much of it, and what came next."""

from hypothesis import given
from hypothesis import strategies as st

from kent_agent.decoder.stream import LONGEST_MATCH, Stream

TOKENS = st.lists(st.sampled_from("abc"), max_size=30)


def matched(tokens: list[str], place: int, context: list[str]) -> int:
    """How many tokens before a place are those that a context ends with, the slow way."""
    count = 0
    while count < min(len(context), place, LONGEST_MATCH) and tokens[place - 1 - count] == context[-1 - count]:
        count += 1
    return count


@given(TOKENS, st.lists(st.sampled_from("abcd"), max_size=8))
def test_every_continuation_is_found_with_its_match(tokens: list[str], context: list[str]) -> None:
    places, lengths = Stream(tokens).continued(context)
    slow = {place: matched(tokens, place, context) for place in range(1, len(tokens))}
    found = dict(zip(places.tolist(), lengths.tolist(), strict=True))
    assert found == {place: length for place, length in slow.items() if length}


@given(TOKENS)
def test_places_are_where_a_token_stands(tokens: list[str]) -> None:
    stream = Stream(tokens)
    for token in "abcd":
        assert stream.places(token).tolist() == [i for i, each in enumerate(tokens) if each == token]


def test_tokens_have_the_numbers_that_others_give_them() -> None:
    assert Stream(list("abca")).numbered({"a": 7, "c": 2}).tolist() == [7, -1, 2, 7]
    assert Stream([]).numbered({"a": 7}).tolist() == []
