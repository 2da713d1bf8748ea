"""Locator names places of this repository, by weights that have not seen it."""

from pathlib import Path

import pytest

from kent_agent.evidence.weights import EvidenceWeights
from kent_agent.index import IndexStore
from kent_agent.locator import Locator, open_locator
from kent_agent.source.issue import parse_issue
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot
from tests.evidence.memory import Memory


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    """The shipped locator, with an index of its own."""
    return open_locator(tmp_path_factory.mktemp("index") / "index.sqlite")


def test_the_function_that_the_issue_describes_is_found(locator: Locator, snapshot: RepoSnapshot) -> None:
    issue = parse_issue("add() subtracts\nIt is in tiny/calc.py and returns left minus right.")
    best = locator.locate(issue, snapshot).factorizations[0]
    assert (best.file, best.location.name) == ("src/tiny/calc.py", "add")
    assert best.converged


def test_every_answer_is_a_place_of_this_repository(locator: Locator, snapshot: RepoSnapshot) -> None:
    found = locator.locate(parse_issue("Something about astrolabes and harps"), snapshot, k=50)
    paths = {entry.path for entry in snapshot.files}
    assert found.factorizations
    for each in found.factorizations:
        assert each.file in paths
        lines = (snapshot.read_text(each.file) or "").split("\n")
        assert 1 <= each.location.start <= each.location.end <= max(1, len(lines))


def test_tests_are_not_places_of_a_fix(locator: Locator, snapshot: RepoSnapshot) -> None:
    found = locator.locate(parse_issue("test_add in tests/test_calc.py"), snapshot)
    assert set(found.files) == {"src/tiny/__init__.py", "src/tiny/calc.py", "src/tiny/text.py"}


@pytest.mark.parametrize(
    "text",
    [
        "Reading fails\nSee pkg/reader.py",
        "Reading fails\nhttps://github.com/acme/pkg/blob/main/pkg/reader.py#L1-L2 raises.",
        'Reading fails\n\nTraceback (most recent call last):\n  File "/lib/pkg/reader.py", line 2, in load\nOSError',
        "`pkg.reader.load` fails",
    ],
)
def test_what_the_issue_spells_out_leads_to_the_file(locator: Locator, text: str) -> None:
    load = "def load(path):\n    return open(path).read()\n"
    others = {f"pkg/{name}.py": f"{name.upper()} = 1\n" for name in ("colors", "sizes", "shapes", "names")}
    found = locator.locate(parse_issue(text), Memory({"pkg/aaa.py": load, "pkg/reader.py": load, **others}))
    assert found.files[0] == "pkg/reader.py"
    assert (found.factorizations[0].file, found.factorizations[0].location.name) == ("pkg/reader.py", "load")


def test_an_unparsable_file_is_found_by_its_text(locator: Locator) -> None:
    source = Memory({"old.py": "print 'legacy printing of ledgers'\n", "new.py": "x = 1\n", "more.py": "y = 2\n"})
    best = locator.locate(parse_issue("legacy printing of ledgers fails"), source).factorizations[0]
    assert (best.file, best.location.name) == ("old.py", "<module>")


@pytest.mark.parametrize("texts", [{}, {"README.md": "# no Python"}, {"tests/test_a.py": "x = 1"}])
def test_a_repository_without_python_source_has_no_place(locator: Locator, texts: dict[str, str]) -> None:
    found = locator.locate(parse_issue("x"), Memory(texts))
    assert (found.files, found.factorizations, found.evidence) == ((), (), None)


def test_an_issue_that_says_nothing_is_answered_without_confidence(locator: Locator) -> None:
    texts = {f"m{i}.py": f"def f{i}():\n    return {i}\n" for i in range(9)}
    vague = locator.locate(parse_issue(""), Memory(texts)).factorizations[0]
    clear = locator.locate(parse_issue("`f3` in m3.py is wrong"), Memory(texts)).factorizations[0]
    assert clear.file == "m3.py"
    assert vague.confidences["FILE"] < clear.confidences["FILE"]


def test_how_often_a_place_is_right_is_no_share_of_all_places(locator: Locator) -> None:
    texts = {f"m{i}.py": f"def f{i}():\n    return {i}\n" for i in range(4)}
    found = locator.locate(parse_issue("`f3` is wrong"), Memory(texts), k=8)
    assert [each.share for each in found.factorizations] == [belief for _, belief in found.beliefs.places]
    assert sum(each.share for each in found.factorizations) == pytest.approx(1.0)
    for each in found.factorizations:
        assert each.confidences["LOCATION"] == found.weights.confidence("LOCATION", each.share)


def test_a_repository_is_located_by_weights_that_have_not_seen_it(locator: Locator) -> None:
    source = Memory({"a.py": "x = 1\n"})
    weights = EvidenceWeights.load()
    for repo in weights.held_out:
        assert repo not in locator.locate(parse_issue("x"), source, repo).weights.saw
    assert locator.locate(parse_issue("x"), source, "acme/other").weights == weights.default


def test_a_filled_index_changes_no_answer(tmp_path: Path, tiny_repo: tuple[Path, SWETask]) -> None:
    repos_dir, task = tiny_repo
    answers = []
    for _ in ("cold", "warm"):
        with RepositoryStore(repos_dir).snapshot(task) as snapshot:
            found = open_locator(tmp_path / "index.sqlite").locate(parse_issue(task.problem_statement), snapshot)
        answers.append((found.files, found.factorizations))
    assert answers[0] == answers[1]


def test_a_broken_index_changes_no_answer(tmp_path: Path, tiny_repo: tuple[Path, SWETask]) -> None:
    repos_dir, task = tiny_repo
    path = tmp_path / "index.sqlite"
    with RepositoryStore(repos_dir).snapshot(task) as snapshot:
        sound = open_locator(path).locate(parse_issue(task.problem_statement), snapshot)
        path.write_bytes(b"no database at all")
        mended = open_locator(path).locate(parse_issue(task.problem_statement), snapshot)
    assert mended.factorizations == sound.factorizations
    assert IndexStore(path, 1).size > 0
