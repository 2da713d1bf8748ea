"""What the agent's tests share: a task on a small repository, the space, and a small decoder trained on the spot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kent_agent.encoder import CodeEncoder
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot
from tests.learning.lessons import one_thread, trained

__all__ = ["one_thread"]


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
def trainer() -> CodeTrainer:
    """A trainer whose model has learned that a minus becomes a plus, and to guard against what is empty."""
    return trained()


@pytest.fixture(scope="session")
def weights(trainer: CodeTrainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That model's file."""
    path = tmp_path_factory.mktemp("weights") / "decoder.safetensors"
    trainer.model.save(path)
    return path
