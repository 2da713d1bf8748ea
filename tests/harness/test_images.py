import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from harness.images import LOCAL_LABEL, app, ensure_demo_images
from kent_agent.dataset import load_split, write_rows

if TYPE_CHECKING:
    import docker

    from .conftest import Calc

RECIPES = """
acme/calc:
  default:
    packages: [pytest>=7]
    env: {PYTHONPATH: /testbed}
    install: [touch built, python -B -c "import calc.core"]
"""
IMAGE = "kent_agent/test.images:latest"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def instance(calc: "Calc", image: str, **columns: str) -> dict[str, Any]:
    """A row whose evaluation script enters the environment as those of SWE-bench do."""
    enter = "cd /testbed\nsource /opt/miniconda3/bin/activate\nconda activate testbed\n"
    script = calc.row["eval_script"].replace("cd /testbed\n", enter)
    return calc.row | {"image": image, "eval_script": script} | columns


def one_sentence(result: Result) -> str:
    """What a command says that exits with code 2, and nothing else but that."""
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    return result.stderr


@pytest.fixture
def rows(calc: "Calc", tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    write_rows([instance(calc, IMAGE)], path)
    return path


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    path = tmp_path / "recipes.yaml"
    path.write_text(RECIPES)
    return path


def test_a_missing_recipe_is_one_sentence(rows: Path, calc: "Calc", tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("acme/other: {default: {}}\n")
    options = ("--split", rows, "--repos-dir", calc.repos_dir, "--base-image", "any")
    assert "no recipe for acme/calc 1.0" in one_sentence(run("build", *options, "--recipes", other))
    assert "--recipes is missing" in one_sentence(run("build", *options))


def test_a_missing_commit_is_one_sentence_that_names_instance_and_command(
    calc: "Calc", recipes: Path, tmp_path: Path
) -> None:
    absent = "0123456789" * 4
    write_rows([calc.row | {"base_commit": absent}], tmp_path / "rows.jsonl")
    options = ("--repos-dir", calc.repos_dir, "--base-image", "any", "--recipes", recipes)
    message = one_sentence(run("build", "--split", tmp_path / "rows.jsonl", *options))
    assert message.startswith("acme__calc-1: ")
    assert f"fetch origin {absent}`" in message


def test_a_row_without_an_image_is_one_sentence(calc: "Calc", recipes: Path, tmp_path: Path) -> None:
    write_rows([{key: value for key, value in calc.row.items() if key != "image"}], tmp_path / "rows.jsonl")
    options = ("--repos-dir", calc.repos_dir, "--base-image", "any", "--recipes", recipes)
    message = one_sentence(run("build", "--split", tmp_path / "rows.jsonl", *options))
    assert message.startswith("acme__calc-1: the column 'image' is missing")


def test_a_missing_base_image_option_is_one_sentence(
    rows: Path, calc: "Calc", recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KENT_BASE_IMAGE", raising=False)
    options = ("--split", rows, "--repos-dir", calc.repos_dir, "--recipes", recipes)
    assert "--base-image is missing" in one_sentence(run("build", *options))


def test_an_unknown_instance_is_one_sentence(rows: Path) -> None:
    result = run("check", "--split", rows, "--instance-ids", "acme__calc-1,acme__calc-2")
    assert one_sentence(result).startswith("acme__calc-2 not in rows")


def test_without_a_daemon_every_command_says_so_in_one_sentence(
    rows: Path, calc: "Calc", recipes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    options = ("--repos-dir", calc.repos_dir, "--base-image", "any", "--recipes", recipes)
    assert "No Docker daemon answers" in one_sentence(run("build", "--split", rows, *options))
    assert "No Docker daemon answers" in one_sentence(run("check", "--split", rows))
    reason = ensure_demo_images("any")
    assert reason is not None
    assert "No Docker daemon answers" in reason


@pytest.fixture
def base_image() -> str:
    return os.environ.get("KENT_BASE_IMAGE") or "python:3.11-slim"


@pytest.fixture
def client() -> Iterator["docker.DockerClient"]:
    from harness.daemon import connect

    client = connect()
    yield client
    for image in client.images.list(filters={"label": "kent_agent.instance=acme__calc-1"}):
        client.images.remove(str(image.id), force=True)


def inside(client: "docker.DockerClient", image: str, command: str) -> str:
    """What an evaluation script would see: its first lines, then the command."""
    script = f"set -u; source /opt/miniconda3/bin/activate; conda activate testbed; {command}"
    output: bytes = client.containers.run(image, ["bash", "-c", script], remove=True, network_mode="none")
    return output.decode().strip()


@pytest.mark.docker
def test_an_image_holds_the_commit_and_the_environment_and_gold_resolves_in_it(
    rows: Path, calc: "Calc", recipes: Path, base_image: str, client: "docker.DockerClient", tmp_path: Path
) -> None:
    options = ("--repos-dir", calc.repos_dir, "--base-image", base_image, "--recipes", recipes)
    built = run("build", "--split", rows, *options)
    assert built.exit_code == 0, built.output
    assert f"{IMAGE}: built in" in built.output

    assert inside(client, IMAGE, "git rev-parse HEAD") == calc.row["base_commit"]
    assert inside(client, IMAGE, "pwd; git status --porcelain") == "/testbed\n?? built"
    assert inside(client, IMAGE, "command -v pytest") == "/opt/miniconda3/envs/testbed/bin/pytest"
    assert inside(client, IMAGE, "command -v patch >/dev/null && echo $PYTHONPATH") == "/testbed"
    labels = client.images.get(IMAGE).labels
    assert labels[LOCAL_LABEL] == "local"
    assert labels["kent_agent.instance"] == "acme__calc-1"
    assert labels["kent_agent.base"].startswith(f"{base_image}@sha256:")

    again = run("build", "--split", rows, *options)
    assert f"{IMAGE}: there already" in again.output

    checked = run("check", "--split", rows, "--output", tmp_path / "gold")
    assert checked.exit_code == 0, checked.output
    assert "acme__calc-1: faithful (local sha256:" in checked.output
    wrong = calc.row["patch"].replace("+        self.balance += amount", "+        self.balance *= amount")
    write_rows([instance(calc, IMAGE, patch=wrong)], rows)
    unfaithful = run("check", "--split", rows, "--output", tmp_path / "gold")
    assert unfaithful.exit_code == 1
    assert "acme__calc-1: NOT FAITHFUL, its tests do not pass" in unfaithful.output


@pytest.mark.docker
def test_a_failing_build_shows_the_end_of_its_log_and_the_others_go_on(
    rows: Path, calc: "Calc", base_image: str, client: "docker.DockerClient", tmp_path: Path
) -> None:
    good, bad = f"{IMAGE}-good", f"{IMAGE}-bad"
    write_rows([instance(calc, good), instance(calc, bad, instance_id="acme__calc-2", version="2.0")], rows)
    recipes = tmp_path / "recipes.yaml"
    broken = "'2.0': {install: ['echo no compiler; exit 3']}"
    recipes.write_text(f"acme/calc: {{default: {{packages: ['pytest>=7']}}, versions: {{{broken}}}}}\n")
    options = ("--repos-dir", calc.repos_dir, "--base-image", base_image, "--recipes", recipes)
    result = run("build", "--split", rows, *options)
    assert result.exit_code == 1, result.output
    assert "FAILED: acme__calc-2: " in result.output
    assert "\nno compiler\n" in result.output
    assert f"{good}: built in" in result.output
    assert "1 of 2 images are there." in result.output


@pytest.mark.docker
def test_a_base_image_that_is_not_to_be_had_is_one_sentence(rows: Path, calc: "Calc", recipes: Path) -> None:
    options = ("--repos-dir", calc.repos_dir, "--base-image", "localhost:1/absent:1", "--recipes", recipes)
    message = one_sentence(run("build", "--split", rows, *options))
    assert message.startswith("The base image localhost:1/absent:1 is neither on this machine nor to be pulled")


@pytest.mark.docker
def test_the_demo_images_are_built_once_and_share_their_environment(
    base_image: str, client: "docker.DockerClient"
) -> None:
    assert ensure_demo_images(base_image) is None
    images = {row["image"] for row in load_split("demo").rows}
    assert len(images) >= 10
    layers = [client.images.get(image).attrs["RootFS"]["Layers"] for image in images]
    assert len({tuple(stack[:-2]) for stack in layers}) == 1  # but for the repository and what it installs
    before = {image: client.images.get(image).id for image in images}
    assert ensure_demo_images(base_image) is None
    assert {image: client.images.get(image).id for image in images} == before
