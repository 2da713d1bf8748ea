"""CodeGenerator writes what it learned, with tokens it may use, each verified."""

import ast

import pytest

from kent_agent.decoder.search import Rejections, VerifiedSearch
from kent_agent.decoder.verification import TokenVerifier
from kent_agent.decoder.vocabulary import Vocabulary
from kent_agent.generator import Candidate, CodeGenerator, Generation, _fault
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.resonator import Factorization
from kent_agent.source.history import Fix
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import symbols
from kent_agent.source.tokens import LAYOUT, lex
from kent_agent.task import Operation
from tests.evidence.memory import Memory

SUMS = '''\
"""Sums."""


def grand_total(left, right):
    """Both."""
    total = left - right
    return total
'''
ISSUE = parse_issue("grand_total() subtracts instead of adding")


def place(text: str, name: str, file: str = "sums.py") -> Factorization:
    symbol = next(symbol for symbol in symbols(text) if symbol.name == name)
    shares = {"FILE": 1.0, "OPERATION": 0.9, "LOCATION": 1.0}
    return Factorization(file, Operation.MODIFY_LINE, symbol, 0.9, shares, True)


def viable(generation: Generation) -> list[Candidate]:
    return [candidate for candidate in generation.candidates if not candidate.dropped]


@pytest.fixture
def generation(trainer: CodeTrainer) -> Generation:
    source = Memory({"sums.py": SUMS})
    return CodeGenerator(trainer.model).generate(ISSUE, source, [place(SUMS, "grand_total")], limit=8)


def test_a_learned_pattern_is_written_at_a_new_place(generation: Generation) -> None:
    best = viable(generation)[0]
    assert best.after == SUMS.replace("left - right", "left + right")
    assert (best.patch.file, best.patch.operation) == ("sums.py", Operation.MODIFY_LINE)
    assert best.patch.location == "grand_total:6-6"
    assert best.patch.content.strip() == "total = left + right"


def test_candidates_are_ranked_and_the_viable_ones_are_changes_that_parse(generation: Generation) -> None:
    scores = [candidate.score for candidate in viable(generation)]
    assert scores == sorted(scores, reverse=True)
    for candidate in viable(generation):
        assert ast.dump(ast.parse(candidate.after)) != ast.dump(ast.parse(SUMS))
    assert all(candidate.dropped for candidate in generation.candidates if candidate not in viable(generation))


def test_no_two_viable_candidates_are_the_same(generation: Generation) -> None:
    afters = [candidate.after for candidate in viable(generation)]
    assert len(afters) == len(set(afters))


def test_every_token_written_is_in_the_bounded_vocabulary(trainer: CodeTrainer, generation: Generation) -> None:
    allowed = {*trainer.model.tokens, *lex(SUMS), *lex(ISSUE.title), *LAYOUT}
    written = {token for candidate in viable(generation) for token in lex(candidate.patch.content)}
    assert written and written <= allowed


def test_a_planted_foreign_token_is_refused_and_the_next_best_stands(trainer: CodeTrainer, fixes: list[Fix]) -> None:
    """The decoder is sure of `+`; where the factorization's context lacks it, verification must stop it."""
    model, edit = trainer.model, fixes[0].edit
    search = VerifiedSearch(model, Vocabulary(model.tokens, edit.before))
    condition = model.encoder.encode_condition(fixes[0].message, fixes[0].context)
    context = [token for token in {*edit.before, *edit.after} if token != "+"]
    refused = Rejections()
    verifier = TokenVerifier(model.encoder, {"location": context})
    found = search.decode(condition, edit.pattern, edit.before, verifier, refused)
    assert refused.counts["+"] >= 1
    assert all("+" not in decoded.tokens for decoded in found)
    free = TokenVerifier(model.encoder, {"location": [*context, "+"]})
    assert search.decode(condition, edit.pattern, edit.before, free, Rejections())[0].tokens == edit.after


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
    fault = _fault(path, "import os\nx = os.sep\n", after)
    assert fault.startswith(reason) and bool(fault) == bool(reason)
