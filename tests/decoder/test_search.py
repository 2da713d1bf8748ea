"""EditSearch finds distinct edits that apply and parse, best first, each with the probability it has in the model."""

import ast
import math

import pytest
import torch

from kent_agent.decoder.outcome import applied
from kent_agent.decoder.proposals import Proposal
from kent_agent.decoder.search import Decoding, EditSearch, Steering
from kent_agent.decoder.situation import Situation
from kent_agent.source.application import apply
from kent_agent.source.grammar import OLD, Action, Edit
from tests.decoder.places import BOX, situation_in
from tests.learning.lessons import trained

TOTAL = "def grand_total(left, right):\n    total = left - right  # both\n    return total\n"
TOTAL_ISSUE = "grand_total() subtracts instead of adding"
MIDDLE = "def middle(numbers):\n    total = sum(numbers)\n    return total / len(numbers)\n"
MIDDLE_ISSUE = "middle() divides by zero where numbers is empty"
GUARD = "    if not numbers:\n        return 0\n"
LIMIT = 12


@pytest.fixture(scope="module")
def search() -> EditSearch:
    return EditSearch(trained().model)


def situation_of(text: str, name: str, issue: str | None) -> Situation:
    return situation_in(text, name, issue, trained().model.learned, "sums.py")


CASES = [
    (TOTAL, "grand_total", TOTAL_ISSUE),
    (MIDDLE, "middle", MIDDLE_ISSUE),
    (BOX, "Box.area", "Box.area() is wrong"),
    (BOX, "Box", None),
    (BOX, "<module>", ""),
]


@pytest.fixture(scope="module", params=CASES, ids=[name for _, name, _ in CASES])
def found(request: pytest.FixtureRequest, search: EditSearch) -> tuple[Situation, list[Proposal]]:
    situation = situation_of(*request.param)
    return situation, search.propose(situation, LIMIT)


def test_proposals_are_distinct_parse_and_change_the_text(found: tuple[Situation, list[Proposal]]) -> None:
    situation, proposals = found
    before = situation.document.text
    assert 0 < len(proposals) <= LIMIT
    assert len({proposal.after for proposal in proposals}) == len(proposals)
    for proposal in proposals:
        assert proposal.after != before
        ast.parse(proposal.after)
        assert proposal.after == apply(before, proposal.edits)
        assert OLD not in proposal.after


def test_proposals_are_ranked_by_their_probability(found: tuple[Situation, list[Proposal]]) -> None:
    _, proposals = found
    ranked = [proposal.log_probability for proposal in proposals]
    assert ranked == sorted(ranked, reverse=True)
    assert sum(map(math.exp, ranked)) <= 1 + 1e-4


def test_a_proposal_has_the_probability_that_it_was_found_with(
    search: EditSearch, found: tuple[Situation, list[Proposal]]
) -> None:
    situation, proposals = found
    for proposal in proposals:
        told = search.log_probability(situation, proposal.edits)
        assert told == pytest.approx(proposal.log_probability, abs=1e-3)


def test_the_probabilities_of_all_sites_sum_to_one(search: EditSearch) -> None:
    with torch.inference_mode():
        scores = Decoding(search.model, situation_of(BOX, "Box.area", "")).site_scores
    assert math.fsum(map(math.exp, scores.tolist())) == pytest.approx(1, abs=1e-4)


def test_what_was_learned_is_proposed_first(search: EditSearch) -> None:
    best = search.propose(situation_of(TOTAL, "grand_total", TOTAL_ISSUE), LIMIT)[0]
    assert best.after == TOTAL.replace(" - ", " + ")
    assert (best.edits[0].action, best.edits[0].tokens) == (Action.SWAP_OPERATOR, ("+",))


def test_an_edit_of_many_tokens_is_not_crowded_out_by_unlikely_short_ones(search: EditSearch) -> None:
    best = search.propose(situation_of(MIDDLE, "middle", MIDDLE_ISSUE), LIMIT)[0]
    assert best.after == MIDDLE.replace("    total =", GUARD + "    total =")


def test_a_bias_steers_what_is_found_and_leaves_its_probability(search: EditSearch) -> None:
    situation = situation_of(TOTAL, "grand_total", TOTAL_ISSUE)
    plain = search.propose(situation, LIMIT)
    away = Steering(lambda action: -99.0 * (action is Action.SWAP_OPERATOR), lambda lines: 0.0)
    steered = search.propose(situation, LIMIT, away)
    assert plain[0].edits[0].action is Action.SWAP_OPERATOR is not steered[0].edits[0].action
    told = {each.after: each.log_probability for each in plain}
    both = [each for each in steered if each.after in told]
    assert both
    for each in both:
        assert each.log_probability == pytest.approx(told[each.after], abs=1e-3)


@pytest.mark.parametrize("line", [2, 3])
def test_evidence_of_lines_is_part_of_what_is_likely(line: int, search: EditSearch) -> None:
    here = Steering(lambda action: 0.0, lambda lines: 99.0 * (line in lines))
    situation = situation_of(TOTAL, "grand_total", TOTAL_ISSUE)
    sites = [each.edits[0].site for each in search.propose(situation, 2, here)]
    assert all(site.first_line == line or site.action is Action.INSERT_STATEMENT for site in sites)
    with torch.inference_mode():
        scores = Decoding(search.model, situation, here).site_scores
    assert math.fsum(map(math.exp, scores.tolist())) == pytest.approx(1, abs=1e-4)


def test_fewer_proposals_are_the_best_of_more(search: EditSearch) -> None:
    situation = situation_of(TOTAL, "grand_total", TOTAL_ISSUE)
    few, many = (search.propose(situation, limit) for limit in (3, LIMIT))
    assert [proposal.after for proposal in few] == [proposal.after for proposal in many[:3]]


def test_nothing_is_proposed_that_is_less_likely_than_asked(search: EditSearch) -> None:
    situation = situation_of(TOTAL, "grand_total", TOTAL_ISSUE)
    every = search.propose(situation, LIMIT)
    least = every[4].log_probability
    wanted = [(each.after, each.log_probability) for each in every if each.log_probability >= least]
    assert [(each.after, each.log_probability) for each in search.propose(situation, LIMIT, least=least)] == wanted


def test_what_is_not_likely_enough_is_not_written(search: EditSearch) -> None:
    situation = situation_of(TOTAL, "grand_total", TOTAL_ISSUE)
    with torch.inference_mode():
        many, few = (
            [share for edit, share in Decoding(search.model, situation).completed(LIMIT, least) if edit.tokens]
            for least in (-math.inf, -3.0)
        )
    assert few == [share for share in many if share >= -3.0] and len(few) < len(many)


@pytest.mark.parametrize(("newline", "indent"), [("\n", "\t"), ("\r\n", "    ")])
def test_line_endings_indentation_and_quotes_are_kept(search: EditSearch, newline: str, indent: str) -> None:
    text = f"# 'single' and \"double\"\n{MIDDLE}".replace("    ", indent).replace("\n", newline)
    guard = GUARD.replace("    ", indent).replace("\n", newline)
    proposals = search.propose(situation_of(text, "middle", MIDDLE_ISSUE), LIMIT)
    assert text.replace(f"{indent}total =", f"{guard}{indent}total =") in {each.after for each in proposals}
    for proposal in proposals:
        assert proposal.after.startswith(f"# 'single' and \"double\"{newline}")
        assert proposal.after.count("\n") == proposal.after.count(newline)


def test_a_token_of_the_issue_is_written_that_stands_nowhere_in_the_file(search: EditSearch) -> None:
    issue = "grand_total() should call add_up\n\nUse `add_up` for it."
    assert "add_up" not in TOTAL and "add_up" not in search.model.learned
    situation = situation_of(TOTAL, "grand_total", issue)
    site = next(s for s in situation.sites if s.action is Action.RENAME and TOTAL[s.start : s.end] == "grand_total")
    edit = Edit(site, ("add_up",))
    assert search.log_probability(situation, [edit]) is not None
    assert search.log_probability(situation_of(TOTAL, "grand_total", None), [edit]) is None
    assert applied(situation, edit) == TOTAL.replace("grand_total", "add_up")


def test_edits_together_are_as_likely_as_their_product(search: EditSearch) -> None:
    situation = situation_of(TOTAL, "grand_total", TOTAL_ISSUE)
    sites = [site for site in situation.sites if site.action is Action.RENAME][:2]
    edits = [Edit(site, ("total",)) for site in sites]
    each = [search.log_probability(situation, [edit]) for edit in edits]
    assert None not in each
    assert search.log_probability(situation, edits) == pytest.approx(sum(filter(None, each)))


def test_an_edit_elsewhere_has_no_probability(search: EditSearch) -> None:
    elsewhere = situation_of(BOX, "Box.area", None).sites[0]
    assert search.log_probability(situation_of(TOTAL, "grand_total", None), [Edit(elsewhere)]) is None


@pytest.mark.parametrize("text", ["", "# a comment alone\n", '"""A docstring alone."""\n'])
def test_where_little_stands_little_is_proposed(search: EditSearch, text: str) -> None:
    for proposal in search.propose(situation_of(text, "<module>", TOTAL_ISSUE), LIMIT):
        assert proposal.after != text


@pytest.mark.parametrize("issue", ["\0\ud800", "'\ud800' \"\ud800\"", "x" * 100_000, "```\n" * 3000])
def test_any_issue_is_survived(search: EditSearch, issue: str) -> None:
    assert search.propose(situation_of(TOTAL, "grand_total", issue), 5)


def test_the_same_situation_gives_the_same_proposals(search: EditSearch) -> None:
    left, right = (search.propose(situation_of(MIDDLE, "middle", MIDDLE_ISSUE), LIMIT) for _ in range(2))
    assert left == right
