"""What the agent's tests share: a task on a small repository, the space, and a small decoder trained on the spot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kent_agent.encoder import CodeEncoder
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.source.history import Fix, fixes_of
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot

BEFORE = '''\
def {name}(left, right):
    """Two numbers."""
    total = left {wrong} right
    return total
'''


@pytest.fixture
def sample_swe_task(tiny_repo: tuple[Path, SWETask]) -> SWETask:
    """A task whose fix is to turn a minus into a plus in src/tiny/calc.py."""
    return tiny_repo[1]


@pytest.fixture
def snapshot(tiny_repo: tuple[Path, SWETask]) -> Iterator[RepoSnapshot]:
    """The task's repository at its base commit."""
    repos_dir, task = tiny_repo
    with RepositoryStore(repos_dir).snapshot(task) as snapshot:
        yield snapshot


@pytest.fixture(scope="session")
def code_encoder() -> CodeEncoder:
    """A space small enough for tests."""
    return CodeEncoder(dimension=2048, seed=5)


@pytest.fixture(scope="session")
def fixes() -> list[Fix]:
    """Fixes of one pattern: a minus becomes a plus; mined as a real history's are."""
    names = ["add", "join", "merge", "combine", "plus", "accumulate"]
    return [
        fix
        for name in names
        for fix in fixes_of(
            "acme/sums",
            "0" * 40,
            f"{name}() subtracts instead of adding",
            "sums.py",
            BEFORE.format(name=name, wrong="-"),
            BEFORE.format(name=name, wrong="+"),
        )
    ]


@pytest.fixture(scope="session")
def trainer(code_encoder: CodeEncoder, fixes: list[Fix]) -> CodeTrainer:
    """A trainer whose model has learned that pattern."""
    trainer = CodeTrainer.for_fixes(fixes, code_encoder, seed=1)
    trainer.fit(fixes, epochs=60, batch_size=6)
    return trainer
