"""`python -m kent_agent.solve` prints a diff for any local repository."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kent_agent.solve import app
from tests.conftest import BuildRepository

READER = """\
def load(path):
    with open(path) as file:
        return parse_ledger(file.read())


def parse_ledger(text):
    rows = [line.split(";") for line in text.split("\\n")]
    return rows[1:]
"""
ISSUE = """parse_ledger drops the first row

`parse_ledger` should be

```python
    return rows[0:]
```
"""


@pytest.fixture
def repo(tmp_path: Path, build_repository: BuildRepository) -> Path:
    """A repository that no benchmark knows."""
    path = tmp_path / "ledger"
    build_repository(path, [("Parse ledgers", {"acme/reader.py": READER, "acme/__init__.py": ""})])
    return path


def ask(*arguments: str, text: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), input=text)
    return result.exit_code, result.stdout, result.stderr


def test_standard_output_is_a_diff_that_git_applies_and_standard_error_says_why(repo: Path, tmp_path: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text(ISSUE)
    code, diff, said = ask("--repo", str(repo), "--issue", str(issue))
    assert code == 0
    assert "acme/reader.py" in diff and "place" in said
    applied = subprocess.run(["git", "apply", "--check", "-"], cwd=repo, input=diff, text=True, capture_output=True)
    assert applied.returncode == 0, applied.stderr


def test_alternatives_have_reasons_and_each_applies_by_itself(repo: Path) -> None:
    code, output, _ = ask("--repo", str(repo), "--issue", "-", "--top", "3", "--json", text=ISSUE)
    assert code == 0
    alternatives = json.loads(output)["alternatives"]
    assert len(alternatives) == 3 and len({each["diff"] for each in alternatives}) == 3
    assert [each["confidence"] for each in alternatives] == sorted(
        (e["confidence"] for e in alternatives), reverse=True
    )
    for each in alternatives:
        assert each["reason"] and each["file"] == "acme/reader.py"
        subprocess.run(["git", "apply", "--check", "-"], cwd=repo, input=each["diff"], text=True, check=True)


def test_what_the_issue_proposes_is_among_the_alternatives(repo: Path) -> None:
    _, output, _ = ask("--repo", str(repo), "--issue", "-", "--top", "20", text=ISSUE)
    assert "+    return rows[0:]\n" in output


def test_several_diffs_are_told_apart_by_comments(repo: Path) -> None:
    code, output, _ = ask("--repo", str(repo), "--issue", "-", "--top", "2", text=ISSUE)
    assert code == 0
    assert [line[:4] for line in output.split("\n") if line.startswith("# ")] == ["# 1.", "# 2."]


def test_nothing_to_edit_is_said_and_is_no_success(tmp_path: Path, build_repository: BuildRepository) -> None:
    build_repository(tmp_path / "empty", [("Nothing", {"README": "no code"})])
    code, output, said = ask("--repo", str(tmp_path / "empty"), "--issue", "-", text="broken")
    assert (code, output) == (1, "")
    assert "no Python source" in said


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    code, _, said = ask("--repo", str(tmp_path), "--issue", "-", text="x")
    assert code == 2 and str(tmp_path) in said
