"""Surroundings answer what is said, how common it is and what follows what, in numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.decoder.surroundings import OVERLAPS, PARTS, Said
from kent_agent.source.issue import parse_issue
from tests.decoder.places import BOX, ISSUE, surroundings_in

AROUND = surroundings_in(BOX, "Box.area")


def test_an_issue_says_terms_and_whole_tokens_part_by_part() -> None:
    said = Said.by(parse_issue('Box.area() fails\n\nGive it "depth".\n\n```python\nBox(1, 2).area(unit="mm")\n```\n'))
    assert {"Box", "area", "fails"} <= set(said.tokens["title"])
    assert '"depth"' in said.tokens["prose"]
    assert {"unit", '"mm"', "1"} <= set(said.tokens["code"])
    assert "area" in said.terms["title"] and "depth" in said.terms["prose"] and "unit" in said.terms["code"]
    assert {"fails", '"depth"', '"mm"'} <= said.whole


def test_a_withheld_issue_says_nothing() -> None:
    silent = Said.nothing()
    assert silent.whole == frozenset()
    assert set(silent.terms) == set(silent.tokens) == set(PARTS)
    assert not any(silent.terms.values()) and not any(silent.tokens.values())


def test_a_function_is_counted_apart_from_its_file() -> None:
    assert AROUND.in_function["size"] == 3 and AROUND.in_file["size"] == 5
    assert AROUND.in_function["class"] == 0 and AROUND.in_file["class"] == 1
    assert AROUND.tokens[AROUND.first].text == "def" and AROUND.tokens[AROUND.last - 1].text == ")"


@given(st.integers(0, len(BOX) + 5))
def test_a_tokens_number_is_that_of_the_first_at_or_behind_an_offset(at: int) -> None:
    number = AROUND.number(at)
    assert all(token.start < at for token in AROUND.tokens[:number])
    assert all(token.start >= at for token in AROUND.tokens[number:])


def test_followers_and_leaders_are_the_files_habits() -> None:
    assert AROUND.followers["self"].most_common(1)[0][0] == "."
    assert AROUND.second_followers["self", "."]["width"] == 2
    assert AROUND.leaders["*"] == {"width": 1, "size": 1}


def test_the_quote_is_the_one_that_most_strings_have() -> None:
    assert AROUND.quote == "'"
    assert surroundings_in(BOX.replace("'", '"'), "Box").quote == '"'


def test_a_token_overlaps_with_the_parts_of_the_issue_that_share_its_rare_terms() -> None:
    title, prose, _, whole = AROUND.overlap("height")
    assert prose > 0 and title == 0 and whole == 1
    assert AROUND.overlap("area")[0] > 0
    assert AROUND.overlap("scaled") == (0, 0, 0, 0)
    rare, common = (surroundings_in(BOX + "height\n" * n, "Box", ISSUE).overlap("height")[1] for n in (0, 50))
    assert rare > common


def test_nothing_overlaps_with_a_withheld_issue() -> None:
    silent = surroundings_in(BOX, "Box.area", None)
    assert not np.any([silent.overlap(token.text) for token in silent.tokens])


def test_what_a_file_does_not_use_to_write_is_surprising() -> None:
    text = "".join(f"self.a{i % 3} = 1\n" for i in range(30)) + "self.zzz @ 7\n"
    around = surroundings_in(text, "<module>")
    bits = {token.text: bit for token, bit in zip(around.tokens, around.surprisal, strict=True)}
    assert bits["@"] > bits["="] + 3 and bits["zzz"] > bits["a0"] + 3
    assert np.isfinite(around.surprisal).all() and (around.surprisal >= 0).all()


@given(st.lists(st.tuples(st.integers(0, len(AROUND.tokens)), st.integers(0, len(AROUND.tokens))), min_size=1))
def test_the_sums_of_runs_are_those_of_their_tokens(pairs: list[tuple[int, int]]) -> None:
    spans = np.array([sorted(pair) for pair in pairs])
    overlaps = [AROUND.overlap(token.text) for token in AROUND.tokens]
    rows = np.concatenate([overlaps, AROUND.surprisal[:, None]], axis=1)
    expected = [rows[first:last].sum(axis=0) for first, last in spans]
    assert AROUND.summed(spans[:, 0], spans[:, 1]) == pytest.approx(np.array(expected), abs=1e-3)
    assert rows.shape[1] == OVERLAPS + 1


def test_an_empty_file_has_no_tokens() -> None:
    around = surroundings_in("", "<module>")
    assert around.tokens == [] and len(around.surprisal) == 0 and around.first == around.last == 0
