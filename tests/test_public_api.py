"""Importing the package does nothing; its names come when they are asked for."""

import subprocess
import sys
from importlib import import_module

import pytest

import kent_agent

HEAVY = ("torch", "datasets", "docker", "swebench", "pyarrow", "git", "transformers")


def fresh(code: str) -> str:
    """What `code` prints in a new interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["kent_agent", "kent_agent.run"])
def test_importing_loads_nothing_heavy_and_prints_nothing(module: str) -> None:
    assert fresh(f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])") == "[]"


def test_importing_changes_no_file_environment_or_process(tmp_path: object) -> None:
    code = (
        "import os, threading; before = dict(os.environ); import kent_agent; "
        "print(dict(os.environ) == before, threading.active_count(), os.listdir())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=str(tmp_path))
    assert done.stdout.strip() == "True 1 []"


@pytest.mark.parametrize("name", kent_agent.__all__)
def test_every_public_name_resolves_to_the_thing_of_that_name(name: str) -> None:
    value = getattr(kent_agent, name)
    if name == "__version__":
        assert value[0].isdigit()
    else:
        assert value.__name__ == name
        assert value.__module__.startswith("kent_agent.")
        assert getattr(import_module(value.__module__), name) is value


def test_the_promised_names_are_public() -> None:
    promised = {"SWETask", "CodePatch", "PatchResult", "Solution", "Operation", "KentAgent", "AgentOptions"}
    promised |= {
        "load_split",
        "CodeEncoder",
        "CodeResonator",
        "CodeGenerator",
        "CodeGeneratorNetwork",
        "CodeTrainer",
    }
    assert promised <= set(kent_agent.__all__)
    assert set(kent_agent.__all__) <= set(dir(kent_agent))


def test_a_name_asked_for_alone_loads_only_what_it_needs() -> None:
    assert fresh("import sys; from kent_agent import SWETask; print('torch' in sys.modules)") == "False"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        kent_agent.Nonsense  # noqa: B018
