import subprocess
from pathlib import Path

from harness.dockerfiles import ACTIVATE, environment_context, instance_context
from harness.recipes import Recipe

RECIPE = Recipe(
    apt=("libgl1",),
    python="python3.9",
    constraints=("setuptools<66",),
    packages=("pytest<8", "numpy<1.24"),
    env={"GREETING": 'say "hi" for $5 \\ more'},
    install=("python -m pip install -e .", "make data"),
)


def test_an_environment_is_installed_in_the_order_of_the_recipe() -> None:
    lines = environment_context("debian:bullseye", RECIPE, None).dockerfile.splitlines()
    assert lines[0] == "FROM debian:bullseye"
    places = [
        next(number for number, line in enumerate(lines) if part in line)
        for part in (
            "system.sh python3.9 libgl1",
            "python3.9 -m venv /opt/miniconda3/envs/testbed",
            'ENV PIP_CONSTRAINT="/opt/kent_agent/constraints.txt"',
            "--requirement /opt/kent_agent/packages.txt",
            "ENV GREETING=",
        )
    ]
    assert places == sorted(places)


def test_the_files_beside_it_hold_the_recipe_line_by_line() -> None:
    files = environment_context("debian:bullseye", RECIPE, None).files
    assert files["packages.txt"] == b"pytest<8\nnumpy<1.24\n"
    assert files["constraints.txt"] == b"setuptools<66\n"
    assert files["install.sh"].endswith(b"\nset -x\npython -m pip install -e .\nmake data\n")


def test_quotes_dollars_and_backslashes_of_a_variable_survive_the_dockerfile() -> None:
    dockerfile = environment_context("debian:bullseye", RECIPE, None).dockerfile
    assert r'ENV GREETING="say \"hi\" for \$5 \\ more"' in dockerfile


def test_a_ca_bundle_is_trusted_by_pip_at_build_and_at_evaluation() -> None:
    context = environment_context("debian:bullseye", RECIPE, b"CERTIFICATE")
    assert context.files["ca-bundle.crt"] == b"CERTIFICATE"
    for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        assert f'ENV {name}="/opt/kent_agent/ca-bundle.crt"' in context.dockerfile
    without = environment_context("debian:bullseye", RECIPE, None)
    assert "ca-bundle" not in without.dockerfile
    assert "ca-bundle.crt" not in without.files


def test_the_digest_changes_with_the_text_the_files_and_the_inputs() -> None:
    contexts = [
        environment_context("debian:bullseye", RECIPE, None),
        environment_context("debian:bookworm", RECIPE, None),
        environment_context("debian:bullseye", RECIPE, b"CERTIFICATE"),
        environment_context("debian:bullseye", Recipe(packages=("pytest<7",)), None),
    ]
    digests = {context.digest() for context in contexts} | {contexts[0].digest("sha256:1")}
    assert len(digests) == len(contexts) + 1
    assert contexts[0].digest() == environment_context("debian:bullseye", RECIPE, None).digest()


def test_an_instance_adds_the_repository_to_its_environment() -> None:
    lines = instance_context("kent_agent/environment:abc").dockerfile.splitlines()
    assert lines[0] == "FROM kent_agent/environment:abc"
    assert "COPY testbed /testbed" in lines
    assert "WORKDIR /testbed" in lines
    assert "STOPSIGNAL SIGKILL" in lines


def test_the_shim_enters_the_venv_and_refuses_other_conda_commands(tmp_path: Path) -> None:
    bin_dir = tmp_path / "opt/miniconda3/envs/testbed/bin"
    bin_dir.mkdir(parents=True)
    (bin_dir / "activate").write_text("ENTERED=yes\n")
    shim = tmp_path / "activate"
    shim.write_text(ACTIVATE.replace("/opt/miniconda3", f"{tmp_path}/opt/miniconda3"))
    script = f"set -u; source {shim}; conda activate testbed; echo $ENTERED; conda install x || echo refused"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert result.stdout.split() == ["yes", "refused"]
    assert "only knows 'conda activate NAME'" in result.stderr
