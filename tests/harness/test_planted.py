"""Planted bugs: what is planted, the issue that shows it, and the tests as judge."""

import ast
import json
import os
import random
import runpy
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.builder import ImageBuilder
from harness.daemon import connect
from harness.images import DEMO_BASE_IMAGE
from harness.metrics import share_interval
from harness.planted.changes import inverted, undone
from harness.planted.judging import Judge
from harness.planted.planting import INVERSE, MINED, Bug, Planter
from harness.planted.releases import Release, Tree, commit, releases
from harness.planted.snippets import functions_by_id, script, without
from harness.planted.workshop import Workshop
from kent_agent.agent import AgentOptions
from kent_agent.durable import JsonLines
from kent_agent.errors import HarnessError
from kent_agent.generator import Candidate, Generation
from kent_agent.reproduction import checks
from kent_agent.resonator import Factorization
from kent_agent.source.derivation import derive
from kent_agent.source.diff import unified_diff
from kent_agent.source.grammar import Action
from kent_agent.source.history import FORBIDDEN_REPOSITORIES
from kent_agent.source.issue import Issue
from kent_agent.task import CodePatch, Operation
from kent_agent.workspace import RepoSnapshot
from tests.conftest import give_up

if TYPE_CHECKING:
    import docker

CLAMP = '''"""Numbers in bounds."""


def clamp(value, low, high):
    """The nearest number in bounds."""
    if low > high:
        raise ValueError("no bounds")
    # not a number is neither
    if value < low or value != value:
        return low
    return min(value, high)
'''
OLD_CLAMP = CLAMP.replace(" or value != value", "").replace('"no bounds"', '"bad bounds"')
TESTS = '''import unittest

import pytest
from clamp import clamp

LOW = 1


@pytest.mark.parametrize("value, wanted", [(0, 1), (2, 2), (9, 3)])
def test_clamp(value, wanted):
    """All three ways."""
    assert clamp(value, LOW, 3) == wanted


def test_nothing():
    assert clamp(float("nan"), LOW, 3) == 1


def test_fixture(tmp_path):
    assert clamp(1, 1, 1)


class TestBounds(unittest.TestCase):
    def setUp(self):
        self.low = 3

    def test_order(self):
        with self.assertRaises(ValueError):
            clamp(1, self.low, 2)

    def test_helper(self):
        self.check(1)
'''
WRONG = CLAMP.replace(" or value != value", "")
SETUP = 'from setuptools import setup\nsetup(name="clamp", version="1", py_modules=["clamp"])\n'
RELEASE = Release("clamp", "2", "clamp-2.tar.gz", "")
EXECUTED = frozenset(range(1, 20))


def tree(source: str = CLAMP) -> Tree:
    return Tree({"clamp.py": source.encode(), "test_clamp.py": TESTS.encode(), "setup.py": SETUP.encode()})


def test_no_package_is_one_that_was_trained_on_or_is_of_the_exam() -> None:
    manifests = (Path(__file__).parents[2] / "docs").glob("*.repositories.json")
    trained = [name for manifest in manifests for name in json.loads(manifest.read_text())["repositories"]]
    names = {name.rpartition("/")[2].lower() for name in trained} | FORBIDDEN_REPOSITORIES
    listed = releases()
    assert not names & listed.keys()
    assert all(len(each) > 1 and len({release.sha256 for release in each}) == len(each) for each in listed.values())


def test_a_change_between_releases_is_undone_by_itself() -> None:
    found = list(undone("clamp.py", OLD_CLAMP, CLAMP))
    assert [(each.scope, each.line) for each in found] == [("clamp", 7), ("clamp", 9)]
    assert found[1].text == WRONG
    assert found[1].repair is Action.EXTEND_CONDITION
    assert [each.line for each in undone("clamp.py", OLD_CLAMP, CLAMP, frozenset({9}))] == [9]
    typed = CLAMP.replace("value, low", "value: float, low")
    assert list(undone("clamp.py", CLAMP, typed)) == []


def test_inverted_edits_are_repaired_by_one() -> None:
    found = list(inverted({"clamp.py": CLAMP}, {"clamp.py": EXECUTED}, random.Random(0)))
    assert len({each.text for each in found}) > 6 and len({each.repair for each in found}) > 4
    for each in found:
        derivation = derive(each.text, CLAMP, 1)
        assert derivation and derivation.edits[0].action is each.repair and each.scope == "clamp"
    assert found == list(inverted({"clamp.py": CLAMP}, {"clamp.py": EXECUTED}, random.Random(0)))
    assert list(inverted({"clamp.py": CLAMP}, {}, random.Random(0))) == []


def test_a_test_becomes_a_script() -> None:
    tests = functions_by_id({"test_clamp.py": TESTS})
    scripts = {name.partition("::")[2]: script(test, TESTS) for name, test in tests.items()}
    assert scripts["test_clamp"] == (
        "from clamp import clamp\nLOW = 1\nfor value, wanted in [(0, 1), (2, 2), (9, 3)]:\n"
        "    assert clamp(value, LOW, 3) == wanted\n"
    )
    assert scripts["test_order"] == (
        "from clamp import clamp\nimport unittest\nself = unittest.TestCase()\nself.low = 3\n"
        "with self.assertRaises(ValueError):\n    clamp(1, self.low, 2)\n"
    )
    assert scripts["test_fixture"] is None and scripts["test_helper"] is None


def test_tests_are_taken_out_of_a_file() -> None:
    tests = functions_by_id({"test_clamp.py": TESTS})
    left = without(TESTS, [tests["test_clamp::test_clamp"].node, tests["test_clamp.TestBounds::test_order"].node])
    assert functions_by_id({"test_clamp.py": left}).keys() == tests.keys() - {
        "test_clamp::test_clamp",
        "test_clamp.TestBounds::test_order",
    }
    assert "parametrize" not in left and ast.parse(left)


def test_a_commit_has_no_parents_and_always_the_same_id(tmp_path: Path) -> None:
    first, again = (commit(tmp_path / name, RELEASE, "base", tree().files) for name in "ab")
    other = commit(tmp_path / "a", RELEASE, "bug", tree(OLD_CLAMP).files)
    assert first == again != other
    assert (tmp_path / "a" / "planted__clamp" / "refs/planted/bug").read_text().strip() == other


def test_an_interval_holds_its_share() -> None:
    assert share_interval(0, 0) == (0.0, 100.0)
    low, high = share_interval(5, 100)
    assert 2 < low < 5 < high < 12
    assert share_interval(100, 100)[1] == 100


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("planted")
    bundle = os.environ.get("SSL_CERT_FILE")
    try:
        client: docker.DockerClient = connect()
        base = os.environ.get("KENT_BASE_IMAGE", DEMO_BASE_IMAGE)
        builder = ImageBuilder(client, base, Path(bundle).read_bytes() if bundle else None)
    except HarnessError as error:
        give_up(str(error))
    yield Workshop(client, builder, folder / "mirrors", folder / "baselines")
    client.close()


@pytest.fixture(scope="module")
def image(workshop: Workshop) -> Iterator[str]:
    image = workshop.build(RELEASE, RELEASE.name, commit(workshop.mirrors, RELEASE, RELEASE.name, tree().files))
    yield image
    workshop.remove(image)


@pytest.fixture(scope="module")
def planter(workshop: Workshop, image: str) -> Iterator[Planter]:
    with workshop.sandbox(image) as sandbox:
        baseline = workshop.baseline(RELEASE, sandbox)
        assert baseline and len(baseline.passing) == 6 and 9 in baseline.executed["clamp.py"]
        yield Planter(workshop, RELEASE, tree(), baseline, sandbox, 0)


@pytest.fixture(scope="module")
def mined(planter: Planter) -> Bug:
    (bug,) = planter.mined(tree(OLD_CLAMP), 2, [])
    return bug


@pytest.mark.docker
def test_bugs_are_planted_and_shown(planter: Planter, mined: Bug) -> None:
    assert (mined.source, mined.failing, mined.line) == (MINED, ("test_clamp::test_nothing",), 9)
    assert checks(mined.issue)[0].snippet.code.startswith("from clamp import clamp")
    (inverse,) = planter.inverse(2, [])
    assert inverse.source == INVERSE and inverse.failing
    assert not list(planter.inverse(2, [("clamp.py", "clamp")]))


@pytest.mark.docker
def test_all_tests_judge_a_patch(workshop: Workshop, image: str, planter: Planter, mined: Bug) -> None:
    judge = Judge(workshop, image, tree(), planter.baseline)
    told = judge.verdict(mined, unified_diff({"clamp.py": (WRONG, CLAMP)}))
    assert told["repaired"] and told["identical"]
    told = judge.verdict(mined, unified_diff({"clamp.py": (WRONG, WRONG.replace("min", "max"))}))
    assert not told["repaired"] and "test_clamp::test_nothing" in told["failing"]
    assert not judge.verdict(mined, "")["repaired"]


class Scripted:
    """Proposes, in place of a decoder, two edits that repair nothing, then one that does."""

    def __init__(self, model: object, filling: object) -> None:
        pass

    def generate(
        self, issue: Issue, source: RepoSnapshot, found: Sequence[Factorization], *limits: object, **more: object
    ) -> Generation:
        text = source.read_text("clamp.py") or ""
        changes = [("low > high", "low >= high"), ("value < low", "value <= low"), ("return min", "return max")]
        texts = [*(text.replace(*change) for change in changes), CLAMP]
        return Generation(tuple(self._candidate(text, each, -i, found[0]) for i, each in enumerate(texts)))

    def _candidate(self, text: str, after: str, score: float, found: Factorization) -> Candidate:
        derivation = derive(text, after)
        assert derivation
        patch = CodePatch("clamp.py", Operation.MODIFY_LINE, "clamp:9-9", "")
        return Candidate(patch, after, derivation.edits, score, 0.5, found, "", "")


@pytest.mark.docker
def test_an_agent_answers_with_and_without_execution(
    workshop: Workshop, image: str, mined: Bug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/planted.py"), run_name="planted")
    monkeypatch.setattr("kent_agent.agent.CodeGenerator", Scripted)
    monkeypatch.setattr("kent_agent.agent.DecoderModel", SimpleNamespace(load=lambda path: Model()))
    monkeypatch.setattr(Tree, "of", lambda release, cache: tree())
    monkeypatch.setitem(benchmark["measure"].__globals__, "releases", lambda: {"clamp": [RELEASE]})
    options = AgentOptions(workshop.mirrors, candidates=20)
    log = JsonLines(tmp_path / "rows.jsonl", ("instance_id", "model"))
    (row,) = benchmark["run_agents"](workshop, tmp_path, [mined], options, log)
    assert not row["arms"]["without"]["repaired"] and row["arms"]["with"]["repaired"]
    validation = row["arms"]["with"]["validation"]
    assert validation["checks"] and validation["tried"] == 4 and validation["first_survivor"] == 4
    summary = json.loads(json.dumps(benchmark["summarise"]([row])))
    assert summary["repaired"]["source mined"]["with"]["percent"] == 100
    assert summary["places"] == {"n": 1, **{arm: {"first": 1, "looked_at": 1} for arm in ("without", "with")}}
    assert {summary["survivors"][name] for name in ("reproduced", "passed", "survived")} == {1}
    assert benchmark["run_agents"](workshop, tmp_path, [mined], options, log) == [row]
    benchmark["show"](Console(), summary)


class Model:
    min_confidence = 0.0
