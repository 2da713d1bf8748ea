"""CodeResonator answers with places of this repository."""

from dataclasses import dataclass

import pytest

from kent_agent.resonator import CodeResonator
from kent_agent.source.issue import parse_issue
from kent_agent.task import Operation, SWETask
from kent_agent.workspace import RepoSnapshot

MODIFY = {operation: 0.9 if operation is Operation.MODIFY_LINE else 0.1 / 7 for operation in Operation}


@dataclass(frozen=True)
class File:
    path: str


class Memory:
    """A repository held in memory."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.files = tuple(File(path) for path in texts)

    def read_text(self, path: str) -> str | None:
        return self.texts.get(path)


def test_a_simple_patch_is_factorised(code_resonator: CodeResonator, snapshot: RepoSnapshot) -> None:
    issue = parse_issue("add() subtracts\nIt is in tiny/calc.py and returns left minus right.")
    best = code_resonator.factorize(issue, snapshot, MODIFY)[0]
    assert (best.file, best.location.name, best.operation) == ("src/tiny/calc.py", "add", Operation.MODIFY_LINE)
    assert best.converged


def test_every_answer_is_a_place_of_this_repository(
    code_resonator: CodeResonator, snapshot: RepoSnapshot, sample_swe_task: SWETask
) -> None:
    found = code_resonator.factorize(parse_issue("Something about astrolabes and harps"), snapshot, MODIFY, k=50)
    paths = {entry.path for entry in snapshot.files}
    for factorization in found:
        assert factorization.file in paths
        lines = (snapshot.read_text(factorization.file) or "").split("\n")
        assert 1 <= factorization.location.start <= factorization.location.end <= max(1, len(lines))


def test_tests_are_not_places_of_a_fix(code_resonator: CodeResonator, snapshot: RepoSnapshot) -> None:
    assert set(code_resonator.rank_files(parse_issue("test_add in tests/test_calc.py"), snapshot)) == {
        "src/tiny/__init__.py",
        "src/tiny/calc.py",
        "src/tiny/text.py",
    }


def test_top_k_are_distinct_places_with_confidences_that_are_shares(
    code_resonator: CodeResonator, snapshot: RepoSnapshot, sample_swe_task: SWETask
) -> None:
    found = code_resonator.factorize(parse_issue(sample_swe_task.problem_statement), snapshot, MODIFY, k=4)
    assert len({(f.file, f.location) for f in found}) == 4
    assert all(0.0 <= share <= 1.0 for f in found for share in (f.confidence, *f.confidences.values()))


def test_confidence_reflects_how_much_the_issue_says(code_resonator: CodeResonator) -> None:
    source = Memory(
        {f"pkg/module_{name}.py": f"def handle_{name}(value):\n    return value\n" for name in ("red", "green", "blue")}
    )
    clear = code_resonator.factorize(parse_issue("handle_green in pkg/module_green.py is wrong"), source, MODIFY)[0]
    vague = code_resonator.factorize(parse_issue("It does not work"), source, MODIFY)[0]
    assert clear.location.name == "handle_green"
    assert clear.confidence > vague.confidence


def test_the_file_decides_between_places_that_are_alike(code_resonator: CodeResonator) -> None:
    """Alone, the slot of locations cannot tell the two `load`s apart; what belongs to the likely file wins."""
    load = "def load(path):\n    return open(path).read()\n"
    others = {f"pkg/{name}.py": f"{name.upper()} = 1\n" for name in ("colors", "sizes", "shapes", "names")}
    texts = {"pkg/aaa.py": load, "pkg/reader.py": load, **others}
    best = code_resonator.factorize(parse_issue("load fails\nSee pkg/reader.py"), Memory(texts), MODIFY)[0]
    assert (best.file, best.location.name) == ("pkg/reader.py", "load")


def test_the_operation_with_most_evidence_wins(code_resonator: CodeResonator) -> None:
    source = Memory({"a.py": "def f():\n    return 1\n"})
    deletion = {operation: 0.6 if operation is Operation.DELETE_LINE else 0.4 / 7 for operation in Operation}
    assert code_resonator.factorize(parse_issue("f"), source, deletion)[0].operation is Operation.DELETE_LINE


@pytest.mark.parametrize("texts", [{}, {"README.md": "# no Python"}, {"tests/test_a.py": "x = 1"}])
def test_a_repository_without_python_source_has_no_place(code_resonator: CodeResonator, texts: dict[str, str]) -> None:
    assert code_resonator.factorize(parse_issue("x"), Memory(texts), MODIFY) == []


def test_an_unparsable_file_is_found_by_its_text(code_resonator: CodeResonator) -> None:
    source = Memory({"old.py": "print 'legacy printing of ledgers'\n", "new.py": "x = 1\n"})
    best = code_resonator.factorize(parse_issue("legacy printing of ledgers fails"), source, MODIFY)[0]
    assert (best.file, best.location.name) == ("old.py", "<module>")
