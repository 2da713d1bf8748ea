"""Mining reads histories, never those of the exam; training runs from mirrors to a file."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kent_agent import train
from kent_agent.decoder.model import DecoderModel
from kent_agent.errors import WorkspaceError
from kent_agent.learning.mining import mine
from kent_agent.source.history import FORBIDDEN_REPOSITORIES
from tests.conftest import BuildRepository

CODE = "def f(x):\n    y = x {sign} 1\n    return y\n"


def build(build_repository: BuildRepository, path: Path) -> Path:
    build_repository(
        path,
        [
            ("First", {"pkg/a.py": CODE.format(sign="-"), "tests/test_a.py": "x = 1\n"}),
            ("Fix the sign\n\nIt was wrong.", {"pkg/a.py": CODE.format(sign="+")}),
            ("Only tests", {"tests/test_a.py": "x = 2\n"}),
            ("Rewrite", {"pkg/a.py": "".join(f"x{i} = {i}\n" for i in range(40))}),
        ],
    )
    return path


def test_small_fixes_are_mined_with_their_message(build_repository: BuildRepository, tmp_path: Path) -> None:
    (fix,) = mine("acme/a", build(build_repository, tmp_path / "a") / ".git", commits=10)
    assert fix.message == "Fix the sign\n\nIt was wrong."
    assert (fix.path, fix.edit.pattern, fix.edit.after) == ("pkg/a.py", "modify_line:Assign", tuple("y=x+1"))
    assert len(fix.commit) == 40


@pytest.mark.parametrize("name", sorted(FORBIDDEN_REPOSITORIES))
def test_the_exams_repositories_are_refused_under_any_owner(name: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no training data"):
        list(mine(f"somebodys-fork/{name}", tmp_path, commits=1))


def test_the_shipped_model_learned_from_none_of_them() -> None:
    provenance = DecoderModel.load(Path(train.__file__).parent / "decoder" / "decoder.safetensors").provenance
    seen = [*provenance["repositories"], *provenance["held_out"]]
    assert len(seen) >= 10
    assert not {repo.split("/")[1].lower() for repo in seen} & FORBIDDEN_REPOSITORIES


def test_training_goes_from_mirrors_to_a_weights_file(build_repository: BuildRepository, tmp_path: Path) -> None:
    for name in ("acme__a", "acme__b"):
        build(build_repository, tmp_path / "mirrors" / name)
    output = tmp_path / "decoder.safetensors"
    arguments = ["--repos-dir", str(tmp_path / "mirrors"), "-o", str(output), "--epochs", "1", "--held-out", "acme/b"]
    result = CliRunner().invoke(train.app, ["decoder", *arguments])
    assert result.exit_code == 0, result.output
    assert DecoderModel.load(output).provenance["repositories"] == {"acme/a": 1}


def test_a_folder_without_mirrors_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(train.app, ["decoder", "--repos-dir", str(tmp_path), "-o", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert "holds no mirror" in result.output
