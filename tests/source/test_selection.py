"""Which tests a repository's configuration selects."""

from collections.abc import Mapping

import pytest

from kent_agent.source.selection import Selection, selection

PATHS = ("shop/cart.py", "shop/test_data.py", "tests/test_cart.py", "tests/check_till.py", "tests/conftest.py")


def of(files: Mapping[str, str], paths: tuple[str, ...] = PATHS) -> Selection:
    return selection([*paths, *files], files.get)


def held(found: Selection, paths: tuple[str, ...] = PATHS) -> set[str]:
    return {path for path in paths if found.holds(path)}


def test_without_a_configuration_what_looks_like_a_test_is_one() -> None:
    assert of({}) == Selection()
    assert held(of({})) == {"shop/test_data.py", "tests/test_cart.py", "tests/check_till.py"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pytest.ini", "[pytest]\ntestpaths = tests\npython_files = check_*.py test_*.py\n"),
        ("tox.ini", "[tox]\nenvlist = py39\n[pytest]\ntestpaths = tests/\npython_files = check_*.py test_*.py\n"),
        (
            "setup.cfg",
            "[metadata]\nname = x%y\n[tool:pytest]\ntestpaths =\n  ./tests\npython_files = check_*.py test_*.py\n",
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npython_files = ["check_*.py", "test_*.py"]\nx = 1\n',
        ),
    ],
)
def test_pytests_configuration_is_read_wherever_it_stands(path: str, text: str) -> None:
    found = of({path: text})
    assert found == Selection(("tests",), ("check_*.py", "test_*.py"))
    assert held(found) == {"tests/test_cart.py", "tests/check_till.py"}


def test_pytests_own_file_counts_before_others() -> None:
    both = {"pytest.ini": "[pytest]\ntestpaths = tests\n", "setup.cfg": "[tool:pytest]\ntestpaths = shop\n"}
    assert of(both).folders == ("tests",)


def test_a_file_named_by_a_pattern_is_a_test_though_it_looks_like_none() -> None:
    found = of({"pytest.ini": "[pytest]\npython_files = cart.py\n"})
    assert found.holds("shop/cart.py") and not found.holds("tests/conftest.py")


@pytest.mark.parametrize(
    ("command", "folders"),
    [
        ("pytest tests", ("tests",)),
        ("python -m pytest -v --cov shop {posargs:tests}", ("tests",)),
        ("coverage run -m py.test shop/test_data.py", ("shop/test_data.py",)),
        ("pytest --cov shop", ()),
        ("pytest {posargs}", ()),
        ("flake8 shop", ()),
        ("pip install pytest shop", ()),
        ("pip install pytest\n    pytest tests", ("tests",)),
        ("pytest-clean shop", ()),
        ("{envbindir}/pytest tests", ("tests",)),
        ("pip install -e . && pytest tests", ("tests",)),
    ],
)
def test_what_tox_runs_is_what_there_is_to_run(command: str, folders: tuple[str, ...]) -> None:
    assert of({"tox.ini": f"[testenv]\ndeps = pytest\ncommands =\n    {command}\n"}).folders == folders


@pytest.mark.parametrize("path", ["runtests.py", "tests/runtests.py"])
def test_the_repositorys_own_script_is_found_and_is_no_test(path: str) -> None:
    found = of({}, (*PATHS, path))
    assert found.script == path and not found.holds(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[tool.pytest"),
        ("pyproject.toml", "[tool]\npytest = 1\n"),
        ("setup.cfg", "no section\n"),
        ("pytest.ini", "[pytest]\ntestpaths = gone\n"),
        ("setup.cfg", "[tool:pytest]\naddopts\n  -v\n"),
        ("tox.ini", "[testenv]\ndeps\n    pytest\n"),
        ("pyproject.toml", f"x = {'1' * 5000}\n"),
    ],
)
def test_a_configuration_that_selects_nothing_that_is_there_is_none(path: str, text: str) -> None:
    assert of({path: text}) == Selection()
