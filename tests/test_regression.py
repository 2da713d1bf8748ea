"""The tests of what is edited come before others, whatever they are called by."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from kent_agent.regression import EditedPlace, RelatedTest, related_files, related_tests, selected_tests
from kent_agent.workspace import RepoSnapshot

PARSER = '''\
class Parser:
    def parse_header(self, line):
        """The name and the value of a mail header."""
        name, _, value = line.partition(":")
        return name, value.strip()

    def fold(self, lines):
        return " ".join(lines)


def load(path):
    return Parser().parse_header(open(path).read())
'''
FILES = {
    "src/mail/__init__.py": "from mail.parser import Parser, load\n",
    "src/mail/parser.py": PARSER,
    "src/mail/dates.py": "def today():\n    return 'a date'\n",
    "tests/__init__.py": "",
    "tests/conftest.py": "import mail.parser\n\ndef test_data(): ...\n",
    "tests/test_parser.py": """\
from mail.parser import Parser


class TestParser:
    def test_header(self):
        assert Parser().parse_header("a: b") == ("a", "b")

    def test_fold(self):
        assert Parser().fold(["a", "b"]) == "a b"

    def helper(self):
        pass


class Parsers:
    def test_parser(self):
        return Parser()


@pytest.mark.usefixtures("lines")
def test_fold_marked():
    assert Parser().fold(["a"]) == "a"


@pytest.fixture()
def test_parser():
    return Parser()
""",
    "tests/test_dates.py": "from mail.dates import today\n\n\ndef test_today():\n    assert today() == 'a date'\n",
    "tests/test_all.py": """\
import mail


def test_loading(tmp_path):
    file = tmp_path / "x"
    file.write_text("name: value")
    assert mail.load(file) == ("name", "value")


def test_other():
    assert mail
""",
    "tests/test_broken.py": "from mail.parser import Parser\n\ndef test_x(:\n",
}

Build = Callable[[Path, list[tuple[str, Mapping[str, str]]]], list[str]]
Open = Callable[[Mapping[str, str]], RepoSnapshot]


@pytest.fixture
def opened(tmp_path: Path, build_repository: Build) -> Iterator[Open]:
    """Makes snapshots of repositories with given files."""
    made: list[RepoSnapshot] = []

    def build(files: Mapping[str, str]) -> RepoSnapshot:
        path = tmp_path / f"repository{len(made)}"
        (sha,) = build_repository(path, [("All", files)])
        made.append(RepoSnapshot("acme/mail", sha, path))
        return made[-1]

    yield build
    for snapshot in made:
        snapshot.close()


def ranked(snapshot: RepoSnapshot, path: str, symbol: str = "<module>") -> list[RelatedTest]:
    """The tests related to one place."""
    return related_tests(snapshot, [EditedPlace(path, symbol)], selected_tests(snapshot))


def test_the_test_that_calls_a_method_is_first(opened: Open) -> None:
    snapshot = opened(FILES)
    first = ranked(snapshot, "src/mail/parser.py", "Parser.parse_header")[0]
    assert first.node_id == "tests/test_parser.py::TestParser::test_header"
    assert {"import", "file name", "call", "words"} <= set(first.reasons)
    first = ranked(snapshot, "src/mail/parser.py", "Parser.fold")[0]
    assert first.node_id == "tests/test_parser.py::TestParser::test_fold"


def test_a_test_under_another_name_is_found_by_what_it_calls(opened: Open) -> None:
    found = ranked(opened(FILES), "src/mail/parser.py", "load")
    assert found[0].node_id == "tests/test_all.py::test_loading"


def test_a_module_is_tested_by_its_file(opened: Open) -> None:
    snapshot = opened(FILES)
    assert related_files(ranked(snapshot, "src/mail/dates.py"))[0] == "tests/test_dates.py"
    assert related_files(ranked(snapshot, "src/mail/parser.py"))[0] == "tests/test_parser.py"


def test_every_edited_place_has_its_tests_near_the_top(opened: Open) -> None:
    places = [EditedPlace("src/mail/parser.py", "Parser.fold"), EditedPlace("src/mail/dates.py", "today")]
    snapshot = opened(FILES)
    top = related_tests(snapshot, places, selected_tests(snapshot), limit=2)
    assert {test.name for test in top} == {"TestParser.test_fold", "test_today"}


def test_only_functions_that_a_runner_collects_are_tests(opened: Open) -> None:
    found = ranked(opened(FILES), "src/mail/parser.py", "Parser.fold")
    assert {test.node_id for test in found} == {
        "tests/test_parser.py::TestParser::test_header",
        "tests/test_parser.py::TestParser::test_fold",
        "tests/test_parser.py::test_fold_marked",
        "tests/test_dates.py::test_today",
        "tests/test_all.py::test_loading",
        "tests/test_all.py::test_other",
    }
    assert [test.score for test in found] == sorted((test.score for test in found), reverse=True)


def test_a_repository_without_tests_has_none(opened: Open) -> None:
    snapshot = opened({"src/mail/parser.py": PARSER})
    assert ranked(snapshot, "src/mail/parser.py", "load") == []
    assert ranked(snapshot, "src/mail/absent.py", "x") == []


def test_an_edited_file_that_does_not_parse_is_ranked_by_name(opened: Open) -> None:
    snapshot = opened({**FILES, "src/mail/dates.py": "def today(:\n"})
    assert ranked(snapshot, "src/mail/dates.py", "today")[0].name == "test_today"
