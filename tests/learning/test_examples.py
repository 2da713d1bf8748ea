"""Mined fixes become arrays that hold what the network reads in use, thinned out, and the right choices."""

from collections.abc import Mapping
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from kent_agent.decoder.continuations import AFTER, END
from kent_agent.decoder.lexicon import SPECIALS
from kent_agent.decoder.situation import after_tokens
from kent_agent.hdc.sparse import SparseItems
from kent_agent.learning.examples import WITHHELD, Example, examples_of, learned_tokens, situation_of, symbol_of
from kent_agent.learning.fixes import MinedFix
from tests.learning.lessons import fix_of, fixes

ITEMS = SparseItems(512)


def example_of(fix: MinedFix, learned: Mapping[str, float], items: SparseItems, seed: int = 0) -> Example | None:
    """The fix among its examples."""
    return next((example for example in examples_of(fix, learned, items, seed) if example.edits), None)


def told(fix: MinedFix) -> Example:
    """The example of a fix whose message is not withheld."""
    learned = learned_tokens(fixes())
    condition = situation_of(fix, learned).condition(ITEMS).astype(np.float16)
    drawn = (example_of(fix, learned, ITEMS, seed) for seed in range(50))
    return next(example for example in drawn if example and np.array_equal(example.condition, condition))


def test_tokens_that_more_than_two_repositories_write_are_learned_with_their_shares() -> None:
    learned = learned_tokens(fixes())
    assert set(learned) == {"+", "if", "not", ":", "return", "0"}, "no names of one repository, no layout"
    written = [token for fix in fixes() for edit in fix.edits for token in edit.tokens]
    assert learned["+"] == pytest.approx(log(written.count("+") / len(written)))
    assert sum(map(exp, learned.values())) < 1
    assert list(learned_tokens(fixes(), 2)) == list(learned)[:2]
    assert learned_tokens(fixes()[:2]) == {}


@pytest.mark.parametrize("fix", fixes(), ids=lambda fix: fix.repo)
def test_an_example_holds_what_decoding_reads(fix: MinedFix) -> None:
    situation = situation_of(fix, learned_tokens(fixes()))
    example = told(fix)
    (edit,) = fix.edits
    assert (example.repo, example.edits) == (fix.repo, 1)
    assert [situation.sites[i] for i in example.gold] == [edit.site]
    assert np.array_equal(example.table.categories, situation.table.categories)
    assert example.table.measures == pytest.approx(situation.table.measures, abs=1e-2)
    (writing,) = example.writings
    assert tuple(writing.lexicon[i] for i in writing.targets) == (*edit.tokens, END)
    assert writing.written == (f"<{edit.action}>", *edit.tokens)
    opening = situation.opening(edit.site)
    assert (list(writing.reading), list(writing.segments)) == situation.reading(opening)
    rows = [situation.lexicon.number[token] for token in writing.lexicon]
    assert writing.standing == pytest.approx(situation.lexicon.standing()[rows], abs=1e-2)
    assert writing.at == pytest.approx(situation.lexicon.at(opening)[rows], abs=1e-2)
    after = np.zeros(len(writing.written) * len(rows) * AFTER)
    after[writing.after[0]] = writing.after[1]
    expected = after_tokens(situation, opening, edit.tokens)[:, rows].ravel()
    assert after == pytest.approx(expected, abs=1e-2)


def test_what_is_too_much_is_thinned_out_but_not_the_right_choices() -> None:
    body = "".join(f"    value_{i} = call_{i}(left, {i})\n" for i in range(120))
    before = f"def wide(left, right):\n{body}    return left - right\n"
    fix = fix_of("acme/wide", "wide() subtracts", before, before.replace(" - ", " + "))
    situation = situation_of(fix, learned_tokens(fixes()))
    example = told(fix)
    assert len(situation.sites) > 600 and len(example.table.measures) == 300
    assert exp(example.excess) == pytest.approx((len(situation.sites) - 1) / 299)
    gold = situation.table.measures[situation.sites.index(fix.edits[0].site)]
    assert example.table.measures[example.gold[0]] == pytest.approx(gold, abs=1e-2)
    (writing,) = example.writings
    drawn = writing.excess > 0
    stood_for = (~drawn).sum() + np.exp(writing.excess[drawn].astype(float)).sum()
    assert stood_for == pytest.approx(len(situation.lexicon.tokens), rel=0.01)
    assert len(writing.lexicon) <= 256 and set(SPECIALS) <= set(writing.lexicon)
    assert [writing.lexicon[i] for i in writing.targets] == ["+", END]


def test_a_share_of_the_messages_is_withheld() -> None:
    learned, fix = learned_tokens(fixes()), fixes()[0]
    silent = situation_of(fix, learned, withheld=True).condition(ITEMS).astype(np.float16)
    made = [example_of(fix, learned, ITEMS, seed) for seed in range(200)]
    share = sum(example is not None and np.array_equal(example.condition, silent) for example in made) / 200
    assert share == pytest.approx(WITHHELD, abs=0.08)


def test_the_same_seed_gives_the_same_example() -> None:
    one, same = (example_of(fixes()[0], {}, ITEMS, seed=3) for _ in range(2))
    assert one is not None and same is not None
    assert np.array_equal(one.condition, same.condition) and np.array_equal(one.gold, same.gold)
    assert [writing.lexicon for writing in one.writings] == [writing.lexicon for writing in same.writings]


def test_where_a_token_cannot_be_written_the_site_is_still_learned() -> None:
    before = "def f(a):\n    return a\n"
    example = told(fix_of("acme/f", "Wrong", before, before.replace("return a", "return a.quux_unheard_of")))
    assert len(example.gold) == 1 and example.writings == ()


def test_what_cannot_be_learned_is_no_example() -> None:
    fix = fixes()[0]
    assert example_of(replace(fix, before="def broken(:\n"), {}, ITEMS) is None
    assert example_of(replace(fix, before=f"def f():\n    pass\n\n\n{fix.before}", start=1, end=2), {}, ITEMS) is None


@pytest.mark.parametrize(
    ("before", "symbol", "lines", "kind"),
    [
        ("x = 1\n", "<module>", (1, 1), "module"),
        ("@wrapped\nclass A:\n    x = 1\n", "A", (1, 3), "class"),
        ("@wrapped\nasync def f():\n    return 1\n", "f", (1, 3), "function"),
        ("class A:\n    def f(self):\n        return 1\n", "A.f", (2, 3), "function"),
    ],
)
def test_a_fix_names_its_symbol(before: str, symbol: str, lines: tuple[int, int], kind: str) -> None:
    found = symbol_of(fix_of("acme/a", "Wrong", before, before.replace("1", "2")))
    assert (found.name, (found.start, found.end), found.kind) == (symbol, lines, kind)
