"""Edits are learned from histories: a message like those of a kind is told as that kind; what was learned is kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.errors import KentError, WorkspaceError
from kent_agent.learning.operations import Lesson, evaluate, fit, lessons, train_operations
from kent_agent.operations import OperationModel, message_bag
from kent_agent.source.history import FORBIDDEN_REPOSITORIES
from kent_agent.source.kinds import Change, EditKind
from kent_agent.task import Operation
from tests.conftest import BuildRepository, Content

GUARD = Change(EditKind.INSERT_GUARD, "function")
IMPORT = Change(EditKind.ADD_IMPORT, "module")
SEEN = [
    *(Lesson("acme/a", str(i), f"Crash when the {word} is empty", "", (GUARD,)) for i, word in enumerate("abcdefgh")),
    Lesson("acme/a", "x", "Missing import of the parser", "", (IMPORT,)),
]


def history(build_repository: BuildRepository, path: Path) -> list[str]:
    code = "def f(x):\n    return x\n"
    guarded = "def f(x):\n    if not x:\n        return 0\n    return x\n"
    commits: list[tuple[str, dict[str, Content]]] = [
        ("The very first commit of all", {"pkg/a.py": code, "pkg/b.py": code, "tests/test_a.py": "x = 1\n"}),
        ("Crash when the argument is empty\n\nIt was.", {"pkg/a.py": guarded, "tests/test_a.py": "x = 2\n"}),
        ("Short title", {"pkg/b.py": "import a\n" + code}),
        ("Bump the version of everything there is", {"pkg/b.py": "import b\n" + code}),
        ("Only the tests change in this commit", {"tests/test_a.py": "x = 3\n"}),
        ("Broken syntax slips in with this commit", {"pkg/b.py": "def f(:\n"}),
        ("Many files change at once in this commit", {f"pkg/c{i}.py": code for i in range(6)}),
        ("Many files change again in this commit", {f"pkg/c{i}.py": guarded for i in range(6)}),
    ]
    return build_repository(path, list(commits))


def test_only_commits_that_tell_of_a_small_change_are_lessons(
    build_repository: BuildRepository, tmp_path: Path
) -> None:
    shas = history(build_repository, tmp_path / "a")
    (lesson,) = lessons("acme/a", tmp_path / "a" / ".git")
    assert lesson == Lesson("acme/a", shas[1], "Crash when the argument is empty", "It was.\n", (GUARD,))


@pytest.mark.parametrize("name", sorted(FORBIDDEN_REPOSITORIES))
def test_the_exams_repositories_teach_nothing_under_any_owner(name: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no training data"):
        list(lessons(f"somebodys-fork/{name}", tmp_path))


def test_training_says_what_it_learned_from_and_how_well(build_repository: BuildRepository, tmp_path: Path) -> None:
    mirrors = [(f"acme/{name}", tmp_path / name / ".git") for name in "ab"]
    newest = [history(build_repository, path.parent)[1] for _, path in mirrors]
    provenance = train_operations(mirrors, held_out=["acme/b"], dimension=512).provenance
    assert provenance["repositories"] == {"acme/a": 1}
    assert provenance["held_out"] == {"acme/b": 1}
    assert provenance["newest_commits"] == dict(zip(["acme/a", "acme/b"], newest, strict=True))
    assert provenance["edits"] == {"insert_guard": 1}
    assert provenance["validation"]["kind"]["accuracy"] == 1.0


def test_repositories_without_lessons_are_an_error(build_repository: BuildRepository, tmp_path: Path) -> None:
    build_repository(tmp_path, [("Nothing but a first commit here", {"a.py": "x = 1\n"})])
    with pytest.raises(KentError, match="no commits to learn"):
        train_operations([("acme/a", tmp_path / ".git")])


def test_a_rare_kind_is_told_by_its_words() -> None:
    model = fit(SEEN, dimension=1024)
    bag = message_bag("An import is missing", "")
    kinds = model.predict(bag)
    assert max(kinds, key=lambda kind: kinds[kind]) == EditKind.ADD_IMPORT
    operations = model.operations(bag)
    assert max(operations, key=lambda name: operations[name]) == Operation.ADD_IMPORT


def test_a_message_that_says_nothing_leaves_the_prior() -> None:
    model = fit(SEEN, dimension=1024)
    assert model.predict({}) == pytest.approx(model.prior)
    assert max(model.prior, key=lambda kind: model.prior[kind]) == EditKind.INSERT_GUARD


@given(st.dictionaries(st.text(max_size=8), st.floats(0, 100), max_size=20))
def test_predictions_are_distributions(bag: dict[str, float]) -> None:
    model = OperationModel.load()
    kinds = model.predict(bag)
    distributions = [kinds.values(), model.operations(bag).values()]
    for shares in [*distributions, *(shares.values() for shares in model.symbol_kinds(kinds).values())]:
        assert sum(shares) == pytest.approx(1)
        assert min(shares) >= 0
    assert set(kinds) == set(EditKind)
    assert set(model.operations(bag)) == set(Operation)


def test_a_kind_knows_where_its_edits_are_made() -> None:
    scopes = fit(SEEN, dimension=512).scopes
    assert scopes[EditKind.INSERT_GUARD] == pytest.approx({"module": 1 / 11, "class": 1 / 11, "function": 9 / 11})
    assert scopes[EditKind.SWAP_OPERATOR] == pytest.approx({"module": 1 / 3, "class": 1 / 3, "function": 1 / 3})


def test_an_operation_is_made_where_its_kinds_are_made() -> None:
    model = fit(SEEN, dimension=512)
    shares = model.symbol_kinds({EditKind.INSERT_GUARD: 0.2, EditKind.INSERT_STATEMENT: 0.2, EditKind.ADD_IMPORT: 0.6})
    assert shares[Operation.ADD_LINE]["function"] == pytest.approx((9 / 11 + 1 / 3) / 2)
    assert shares[Operation.ADD_IMPORT]["module"] == pytest.approx(2 / 4)
    assert set(shares) == {Operation.ADD_LINE, Operation.ADD_IMPORT}


def test_recall_counts_rare_classes_as_much_as_common_ones() -> None:
    scores = evaluate(fit(SEEN[:8], dimension=1024), SEEN)["operation"]
    assert scores == {
        "accuracy": round(8 / 9, 4),
        "majority": round(8 / 9, 4),
        "recall": 0.5,
        "balanced_recall": 0.5,
        "chance": 0.5,
        "commits": 9,
    }


def test_a_model_is_kept_in_a_file(tmp_path: Path) -> None:
    model = fit(SEEN, dimension=1024)
    model.save(tmp_path / "model.safetensors")
    loaded = OperationModel.load(tmp_path / "model.safetensors")
    bag = message_bag("Crash of the parser", "")
    assert loaded.predict(bag) == pytest.approx(model.predict(bag), abs=0.01)
    assert (loaded.scopes, loaded.prior) == (model.scopes, model.prior)


def test_a_damaged_or_missing_file_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"\0" * 20)
    for path in (damaged, tmp_path / "missing"):
        with pytest.raises(KentError, match=path.name):
            OperationModel.load(path)


def test_the_shipped_model_is_small_learned_from_no_exam_and_beats_chance() -> None:
    provenance = OperationModel.load().provenance
    seen = [*provenance["repositories"], *provenance["held_out"]]
    assert len(seen) >= 10
    assert not {repo.split("/")[1].lower() for repo in seen} & FORBIDDEN_REPOSITORIES
    for scores in provenance["validation"].values():
        assert scores["balanced_recall"] > 1.5 * scores["chance"]


def test_the_title_counts_more_than_the_rest() -> None:
    assert message_bag("crash", "crash parser") == {"crash": 4.0, "parser": 1.0}
