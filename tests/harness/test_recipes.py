from pathlib import Path

import pytest

from harness.recipes import Recipe, RecipeBook, load_recipes
from kent_agent.errors import HarnessError

EXAMPLE = Path(__file__).parents[2] / "docs" / "recipes.lite-dev.yaml"

BOOK = """
acme/tiny:
  default:
    python: python3.9
    apt: [libgl1]
    constraints: [setuptools<66]
    packages: [pytest<8, numpy<1.24]
    env: {MPLBACKEND: agg}
    install: [python -m pip install -e .]
  versions:
    "2.20":
      packages: [pytest<6]
    "3.0":
acme/other:
  versions:
    "1.0": {packages: [nose]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "recipes.yaml"
    path.write_text(text)
    return path


def test_a_repository_without_the_version_gets_its_default(tmp_path: Path) -> None:
    book = load_recipes(write(tmp_path, BOOK))
    assert book.choose("acme/tiny", "9.9") == Recipe(
        apt=("libgl1",),
        python="python3.9",
        constraints=("setuptools<66",),
        packages=("pytest<8", "numpy<1.24"),
        env={"MPLBACKEND": "agg"},
        install=("python -m pip install -e .",),
    )


def test_a_version_replaces_the_keys_it_names_and_keeps_the_others(tmp_path: Path) -> None:
    book = load_recipes(write(tmp_path, BOOK))
    changed, default = book.choose("acme/tiny", "2.20"), book.choose("acme/tiny", "")
    assert changed.packages == ("pytest<6",)
    assert (changed.python, changed.apt, changed.env) == (default.python, default.apt, default.env)
    assert book.choose("acme/tiny", "3.0") == default


def test_no_recipe_names_repository_version_and_file(tmp_path: Path) -> None:
    book = load_recipes(write(tmp_path, BOOK))
    assert book.choose("acme/other", "1.0").packages == ("nose",)
    with pytest.raises(HarnessError, match=r"recipes\.yaml has no recipe for acme/other 1\.1; add one"):
        book.choose("acme/other", "1.1")
    with pytest.raises(HarnessError, match=r"no recipe for acme/absent 1\.0"):
        book.choose("acme/absent", "1.0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "acme/tiny: {versions: {2.20: {}}}",
            r"acme/tiny: versions: 2\.2 is not one line of text; put it between",
        ),
        (
            "acme/tiny: {default: {instal: []}}",
            r"acme/tiny: default: unknown key 'instal'; a recipe has apt, ",
        ),
        ("acme/tiny: {default: {packages: pytest}}", r"default: packages is a list; it cannot be 'pytest'"),
        ("acme/tiny: {default: {packages: [1.5]}}", r"default: packages: 1\.5 is not one line of text"),
        ("acme/tiny: {default: {env: {DEBUG: on}}}", r"default: env: DEBUG: True is not one line of text"),
        ("acme/tiny: {packages: []}", r"acme/tiny: 'packages' is neither 'default' nor 'versions'"),
        ("acme/tiny: []", r"acme/tiny maps names to values; it cannot be \[\]"),
        ("", r"recipes\.yaml maps names to values"),
        ("a: [", r"recipes\.yaml is not a readable recipe file"),
    ],
)
def test_what_a_recipe_cannot_say_is_one_sentence_that_names_the_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message) as caught:
        load_recipes(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"absent\.yaml is not a readable recipe file \(.*No such file"):
        load_recipes(tmp_path / "absent.yaml")


def test_the_digest_changes_with_every_key() -> None:
    recipes = [
        Recipe(),
        Recipe(python="python3.9"),
        Recipe(apt=("x",)),
        Recipe(packages=("x",)),
        Recipe(constraints=("x",)),
        Recipe(install=("x",)),
        Recipe(env={"x": "1"}),
    ]
    assert len({recipe.digest for recipe in recipes}) == len(recipes)
    assert Recipe(env={"a": "1", "b": "2"}).digest == Recipe(env={"b": "2", "a": "1"}).digest


def test_all_repositories_of_the_demo_share_one_recipe() -> None:
    book = RecipeBook.for_demo(["acme/one", "acme/two"])
    assert book.choose("acme/one", "1.0") == book.choose("acme/two", "2.0")


def test_the_documented_example_has_a_recipe_for_each_dev_repository() -> None:
    book = load_recipes(EXAMPLE)
    repositories = (
        "marshmallow-code/marshmallow",
        "pvlib/pvlib-python",
        "pydicom/pydicom",
        "pylint-dev/astroid",
        "pyvista/pyvista",
        "sqlfluff/sqlfluff",
    )
    for repository in repositories:
        assert any("pytest" in package for package in book.choose(repository, "any").packages)
