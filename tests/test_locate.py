"""`python -m kent_agent.locate` tells where to look in any local repository."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kent_agent.locate import app
from tests.conftest import BuildRepository

READER = (
    "def load(path):\n    with open(path) as file:\n        return parse_ledger(file)\n\n\ndef save(path):\n    pass\n"
)
OTHER = "class Shape:\n    def area(self):\n        return 0\n"
ISSUE = """Loading a ledger fails

Traceback (most recent call last):
  File "/x/acme/reader.py", line 3, in load
OSError
"""


@pytest.fixture
def repo(tmp_path: Path, build_repository: BuildRepository) -> Path:
    """A repository that no benchmark knows."""
    path = tmp_path / "ledger"
    build_repository(
        path,
        [
            ("Parse ledgers while loading them", {"acme/reader.py": READER, "acme/__init__.py": ""}),
            ("Add shapes", {"acme/shapes.py": OTHER, "tests/test_reader.py": "import acme.reader\n"}),
        ],
    )
    return path


def ask(*arguments: str, text: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), input=text)
    return result.exit_code, result.stdout, result.stderr


def test_a_table_of_places_best_first(repo: Path, tmp_path: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text(ISSUE)
    code, output, _ = ask("--repo", str(repo), "--issue", str(issue), "--top", "3")
    assert code == 0
    first = next(line for line in output.split("\n") if line.lstrip().startswith("1 "))
    assert first.split()[:4] == ["1", "acme/reader.py", "load", "1-3"]
    assert len([line for line in output.split("\n") if line.strip()]) == 4


def test_json_from_standard_input_says_why(repo: Path) -> None:
    code, output, _ = ask("--repo", str(repo), "--issue", "-", "--json", "--why", text=ISSUE)
    assert code == 0
    answer = json.loads(output)
    best = answer["places"][0]
    assert (best["file"], best["symbol"], best["lines"]) == ("acme/reader.py", "load", [1, 3])
    assert 0.0 <= best["confidence"] <= 1.0
    assert best["why"]["frames"] == ["/x/acme/reader.py:3 load"]
    assert "ledger" in best["why"]["words"]
    assert any("Parse ledgers while loading them" in commit for commit in best["why"]["commits"])
    assert best["why"]["sources"]
    assert answer["files"][0] == "acme/reader.py"


def test_the_reasons_are_printed_under_the_table(repo: Path) -> None:
    _, output, _ = ask("--repo", str(repo), "--issue", "-", "--why", text=ISSUE)
    assert "1 frames: /x/acme/reader.py:3 load" in output


def test_another_revision_is_searched_as_it_was(repo: Path) -> None:
    _, output, _ = ask("--repo", str(repo), "--issue", "-", "--commit", "HEAD~1", "--json", text="shapes have no area")
    assert {place["file"] for place in json.loads(output)["places"]} <= {"acme/reader.py", "acme/__init__.py"}


def test_an_empty_issue_is_told_and_answered(repo: Path) -> None:
    code, output, _ = ask("--repo", str(repo), "--issue", "-", text=" \n")
    assert code == 0
    assert "The issue is empty" in output
    assert "acme/" in output


def test_a_repository_without_python_is_one_sentence(tmp_path: Path, build_repository: BuildRepository) -> None:
    build_repository(tmp_path / "docs", [("Write", {"README.md": "# words\n"})])
    code, output, _ = ask("--repo", str(tmp_path / "docs"), "--issue", "-", text="It fails")
    assert code == 0
    assert output.strip().endswith("has no Python source at HEAD: there is nowhere to look.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--repo", "no/such/folder"], "is not a git repository"),
        (["--commit", "no-such-branch"], "has no commit 'no-such-branch'"),
        (["--issue", "no-such-file.md"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(repo: Path, arguments: list[str], told: str) -> None:
    given = {"--repo": str(repo), "--issue": "-"} | dict(zip(arguments[::2], arguments[1::2], strict=True))
    code, _, error = ask(*(part for pair in given.items() for part in pair), text="x")
    assert code == 2
    assert told in error and error.count("\n") == 1


def test_help_loads_neither_torch_nor_git() -> None:
    program = (
        "import sys; sys.argv = ['locate', '--help']; import kent_agent.locate as l\n"
        "try: l.app()\nexcept SystemExit: pass\nprint([m for m in ('torch', 'git', 'datasets') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("[]")
