"""Where the repositories of a split are."""

from pathlib import Path

from kent_agent.dataset import Split
from kent_agent.workspace import RepositoryStore, mirrors_dir


def open_store(split: Split, repos_dir: Path | None) -> RepositoryStore:
    """The repositories in `repos_dir`, else the demo's own, else those in KENT_REPOS_DIR, else clones.

    Raises:
        WorkspaceError: the folder that was named is not there.
    """
    if repos_dir is None and split.is_demo:
        from kent_agent.demo import repositories_dir

        return RepositoryStore(repositories_dir())
    return RepositoryStore(mirrors_dir(repos_dir))
