"""CodeGenerator writes what it learned, ranked over places and edits, and says what is no answer and why."""

import ast
import math
from dataclasses import replace
from difflib import unified_diff

import pytest

from kent_agent.decoder.search import EditSearch
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.surroundings import Said
from kent_agent.generator import Candidate, CodeGenerator, Generation, fault
from kent_agent.learning.examples import situation_of
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.resonator import Factorization
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import symbols
from kent_agent.task import Operation
from tests.evidence.memory import Memory
from tests.learning.lessons import sign_fix

SUMS = '''\
"""Sums."""


def grand_total(left, right):
    """Both."""
    total = left - right
    return total


def difference(left, right):
    """What is left."""
    return left - right
'''
ISSUE = parse_issue("grand_total() subtracts instead of adding")


def place(text: str, name: str, file: str = "sums.py", share: float = 1.0) -> Factorization:
    symbol = next(symbol for symbol in symbols(text) if symbol.name == name)
    confidences = {"FILE": 1.0, "OPERATION": 0.9, "LOCATION": 0.5}
    return Factorization(file, Operation.MODIFY_LINE, symbol, 0.5, confidences, share, True)


def viable(generation: Generation) -> list[Candidate]:
    return [candidate for candidate in generation.candidates if not candidate.dropped]


@pytest.fixture(scope="module")
def generation(trainer: CodeTrainer) -> Generation:
    places = [place(SUMS, "grand_total", share=0.7), place(SUMS, "difference", share=0.2)]
    return CodeGenerator(trainer.model).generate(ISSUE, Memory({"sums.py": SUMS}), places, limit=8)


def test_a_learned_pattern_is_written_at_a_new_place(generation: Generation) -> None:
    best = viable(generation)[0]
    assert best.after == SUMS.replace("total = left - right", "total = left + right")
    assert (best.patch.file, best.patch.operation) == ("sums.py", Operation.MODIFY_LINE)
    assert (best.patch.location, best.patch.content) == ("grand_total:6-6", "+")


def test_what_the_issue_spells_out_is_proposed_outside_of_the_places_too(trainer: CodeTrainer) -> None:
    told = parse_issue(
        "difference() is wrong\n\nIt should be\n```\ndef difference(left, right):\n    return right - left\n```"
    )
    places, source = [place(SUMS, "grand_total", share=0.1)], Memory({"sums.py": SUMS})
    found = CodeGenerator(trainer.model).generate(told, source, places, limit=8, files=("sums.py",))
    spelled = [candidate for candidate in viable(found) if candidate.factorization.location.name == "difference"]
    assert spelled[0].after == SUMS.replace("return left - right", "return right - left")
    assert spelled[0].score == max(candidate.score for candidate in found.candidates)


def test_no_definition_is_taken_away_unless_the_issue_shows_that(trainer: CodeTrainer) -> None:
    text = "class Sums:\n    def total(self):\n        return 1\n\n    def other(self):\n        return 2\n"
    source, places = Memory({"sums.py": text}), [place(text, "Sums.other"), place(text, "Sums")]
    without = text[: text.index("\n    def other")]
    issue = parse_issue("Sums.other() is not needed")
    proposed = EditSearch(trainer.model).propose(
        Situation(text, "sums.py", places[0].location, Said.by(issue), {}), 500
    )
    assert any(each.after.strip() == without.strip() for each in proposed)
    generator = CodeGenerator(trainer.model)
    found = generator.generate(issue, source, places, limit=500, listed=500).candidates
    assert len(found) > 5 and all(each.after.count("def ") == 2 for each in found)
    patch = "".join(list(unified_diff(text.splitlines(True), without.splitlines(True)))[2:])
    told = parse_issue(f"Sums\n\n```diff\n--- a/sums.py\n+++ b/sums.py\n{patch}```")
    assert without in [each.after for each in viable(generator.generate(told, source, places, 8, files=("sums.py",)))]


def test_candidates_of_all_places_are_ranked_together(generation: Generation) -> None:
    scores = [candidate.score for candidate in generation.candidates]
    assert scores == sorted(scores, reverse=True)
    assert {candidate.factorization.location.name for candidate in generation.candidates} == {
        "grand_total",
        "difference",
    }


def test_few_candidates_of_many_places_are_the_best_of_more(trainer: CodeTrainer) -> None:
    names = {"grand_total": 0.5, "difference": 0.1, "<module>": 0.01}
    places = [place(SUMS, name, share=share) for name, share in names.items()]
    generator, source = CodeGenerator(trainer.model), Memory({"sums.py": SUMS})
    few, many = (generator.generate(ISSUE, source, places, limit, limit).candidates for limit in (4, 40))
    assert [(c.after, c.score) for c in few] == [(c.after, pytest.approx(c.score)) for c in many[: len(few)]]


def test_places_are_weighed_by_their_shares_however_often_such_beliefs_are_right(trainer: CodeTrainer) -> None:
    likely, other = place(SUMS, "difference", share=0.9), place(SUMS, "grand_total", share=0.1)
    unsure = replace(likely, confidences=likely.confidences | {"LOCATION": 0.01})
    generator, source = CodeGenerator(trainer.model), Memory({"sums.py": SUMS})
    one, same = (generator.generate(ISSUE, source, [each, other], 9).candidates for each in (likely, unsure))
    assert [(c.after, c.score) for c in one] == [(c.after, c.score) for c in same]


def test_a_confidence_is_that_of_the_place_times_that_of_the_edit(trainer: CodeTrainer, generation: Generation) -> None:
    best = viable(generation)[0]
    assert 0.5 < best.confidence <= 0.7
    for candidate in generation.candidates:
        assert candidate.confidence == pytest.approx(math.exp(candidate.score))


def test_viable_candidates_are_distinct_changes_that_compile(generation: Generation) -> None:
    afters = [candidate.after for candidate in viable(generation)]
    assert 0 < len(afters) == len(set(afters)) <= 8
    for after in afters:
        assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(SUMS))
        compile(after, "sums.py", "exec")


def test_a_reason_tells_what_was_done_where_and_how_sure_it_is(generation: Generation) -> None:
    reason = viable(generation)[0].reason
    assert reason.startswith("swap operator in grand_total, line 6 (place 70%, edit 9")


def test_every_token_written_is_in_the_bounded_vocabulary(trainer: CodeTrainer, generation: Generation) -> None:
    situation = situation_of(sign_fix("grand_total", "left", "right", "total"), trainer.model.learned)
    assert situation.said.tokens == Said.by(ISSUE).tokens
    written = {token for candidate in generation.candidates for edit in candidate.edits for token in edit.tokens}
    assert written and written <= set(situation.lexicon.tokens)


def test_the_same_input_gives_the_same_candidates(trainer: CodeTrainer) -> None:
    source, found = Memory({"sums.py": SUMS}), [place(SUMS, "grand_total")]
    left, right = (CodeGenerator(trainer.model).generate(ISSUE, source, found, limit=8) for _ in range(2))
    assert [(c.patch, c.score) for c in left.candidates] == [(c.patch, c.score) for c in right.candidates]


@pytest.mark.parametrize("text", ["print 'python two'\n", "", "# nothing but a comment\n"])
def test_a_file_without_editable_statements_gives_no_candidate(trainer: CodeTrainer, text: str) -> None:
    generator = CodeGenerator(trainer.model)
    assert viable(generator.generate(ISSUE, Memory({"a.py": text}), [place(text, "<module>", "a.py")], limit=8)) == []


@pytest.mark.parametrize(
    ("path", "after", "reason"),
    [
        ("a.py", "import os\nx = os.name\n", ""),
        ("a.py", "import os\nimport re\nx = os.sep\n", "imports re, which nothing reads"),
        ("__init__.py", "import os\nimport re\nx = os.sep\n", ""),
        ("a.py", "x = os.sep\n", "leaves os unbound"),
        ("a.py", "import os\nx = os.sep  # the separator\n", "changes no code"),
        ("a.py", "import os\nx = os.sep\nx = x\n", "changes no code"),
        ("a.py", "import os\nx = = os.sep\n", "does not compile"),
        ("a.py", "import os\nx = os.sep\nreturn x\n", "does not compile"),
        ("a.py", "import os\nx = os.sep == 1 or 'a'()\n", "makes the compiler warn: 'str' object is not callable"),
    ],
)
def test_an_edit_that_is_no_answer_is_dropped_with_its_reason(path: str, after: str, reason: str) -> None:
    found = fault(path, "import os\nx = os.sep\n", after)
    assert found.startswith(reason) and bool(found) == bool(reason)
