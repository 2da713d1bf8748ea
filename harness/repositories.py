"""Where the repositories of a split are."""

import os
from pathlib import Path

from kent_agent.dataset import Split
from kent_agent.workspace import RepositoryStore


def is_demo(split: Split) -> bool:
    """Whether these are the embedded rows, and not a file that happens to bear their name."""
    return split.label == "demo" and split.path is None and split.official is None


def open_store(split: Split, repos_dir: Path | None) -> RepositoryStore:
    """The repositories in `repos_dir`, else the demo's own, else those in KENT_REPOS_DIR, else clones."""
    if repos_dir is None and is_demo(split):
        from kent_agent.demo import repositories_dir

        repos_dir = repositories_dir()
    if repos_dir is None and (named := os.environ.get("KENT_REPOS_DIR")):
        repos_dir = Path(named)
    return RepositoryStore(repos_dir)
