"""Rarity is BM25's inverse document frequency, counted on keys instead of words."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.evidence.rarity import rarity
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import Record, RepositoryIndex
from tests.evidence.memory import Memory

ITEMS = SparseItems(512)
words = st.sampled_from("alpha beta gamma delta epsilon".split()) | st.integers(0, 3000).map("word{}".format)
documents = st.lists(st.frozensets(words, max_size=6), min_size=1, max_size=12)


def record_of(*held: Sequence[str]) -> Record:
    """A record of some documents."""
    terms = ITEMS.keys([term for document in held for term in sorted(document)])
    return Record(ITEMS.encode([{}]), terms, np.array([len(each) for each in held], dtype=np.int32), {})


def by_hand(term: str, held: Sequence[frozenset[str]]) -> float:
    n = sum(term in document for document in held)
    return math.log(1 + (len(held) - n + 0.5) / (n + 0.5))


@settings(deadline=None)
@given(documents, st.lists(words, max_size=20))
def test_rarity_is_the_formula_counted_by_hand_for_what_occurs(held: list[frozenset[str]], asked: list[str]) -> None:
    found = rarity(ITEMS, asked, [record_of(document) for document in held], 0, 1)
    assert found == pytest.approx({term: by_hand(term, held) for term in asked if any(term in each for each in held)})


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.frozensets(words, max_size=4)] * 2), min_size=1, max_size=8), st.integers(0, 1))
def test_only_documents_of_the_kind_count(pairs: list[tuple[frozenset[str], frozenset[str]]], kind: int) -> None:
    held = [pair[kind] for pair in pairs]
    asked = sorted(frozenset().union(*pairs[0], *held))
    halves = [record_of(*(each for pair in part for each in pair)) for part in (pairs[:3], pairs[3:])]
    found = rarity(ITEMS, asked, halves, kind, 2)
    assert found == pytest.approx({term: by_hand(term, held) for term in asked if any(term in each for each in held)})


def test_a_term_of_one_file_is_rarer_than_one_of_all() -> None:
    source = Memory({f"{name}.py": f"shared = {name}" for name in ("gizmo", "widget", "cheese")})
    records = RepositoryIndex(ITEMS).files(source, source.files)
    found = rarity(ITEMS, ["shar", "shared", "gizmo", "unseen"], records, 1, 2)
    assert found == pytest.approx({"shar": math.log(1 + 0.5 / 3.5), "gizmo": math.log(1 + 2.5 / 1.5)})


def test_a_term_is_not_taken_for_one_whose_key_ends_alike() -> None:
    names = [f"name{i}" for i in range(3000)]
    endings: dict[int, str] = {}
    pairs = [
        (name, other)
        for name, key in zip(names, ITEMS.keys(names).tolist(), strict=True)
        if (other := endings.setdefault(key & 0xFFFF, name)) != name
    ]
    assert len(pairs) > 10
    for pair in pairs:
        for asked, held in (pair, pair[::-1]):
            assert rarity(ITEMS, [asked], [record_of([held])], 0, 1) == {}


def test_without_documents_or_terms_nothing_is_rare() -> None:
    assert rarity(ITEMS, ["gizmo"], [], 0, 1) == {}
    assert rarity(ITEMS, [], [record_of(["gizmo"])], 0, 1) == {}
    assert rarity(ITEMS, ["gizmo"], [record_of([])], 0, 1) == {}
