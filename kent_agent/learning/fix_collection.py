"""fixes.jsonl from many repositories: in parallel, resumable after a kill, the same bytes however it was made."""

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kent_agent.durable import write_atomically, writing
from kent_agent.errors import KentError, RunError
from kent_agent.learning.fix_mining import head_of, mine_fixes
from kent_agent.learning.fixes import load_fixes
from kent_agent.learning.splits import SPLITS, split_of
from kent_agent.pools import spawned_pool


@dataclass(frozen=True)
class Manifest:
    """What fixes.jsonl is mined from; the file regenerates byte for byte from it.

    Attributes:
        repositories: the commit to go back from, by `owner/name`.
        commits: how many commits of each are looked at.
        seed: of the split.
        split: of each repository.
    """

    repositories: Mapping[str, str]
    commits: int
    seed: int
    split: Mapping[str, str]

    def dump(self) -> str:
        """The manifest as JSON."""
        ordered = {name: dict(sorted(getattr(self, name).items())) for name in ("repositories", "split")}
        return json.dumps(asdict(self) | ordered, indent=1) + "\n"


def commits_listed(path: Path) -> dict[str, str]:
    """The commit of each repository in a manifest, or in a plain mapping.

    Raises:
        KentError: the file is neither.
    """
    try:
        listed: Any = json.loads(path.read_text(encoding="utf-8"))
        found = listed.get("repositories", listed)
        return {str(repo): str(commit) for repo, commit in found.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise KentError(f"{path} maps no repository to a commit ({error}); give a manifest that mine wrote.") from error


def split_listed(path: Path) -> dict[str, str]:
    """The split of the repositories in a manifest; of none in a plain mapping, or in a manifest without it.

    Raises:
        KentError: there is a split that is none, or of a repository that is not listed.
    """
    commits = commits_listed(path)
    found = json.loads(path.read_text(encoding="utf-8")).get("split", {})
    known = isinstance(found, dict) and commits.keys() >= found.keys()
    if not known or any(each not in SPLITS for each in found.values()):
        raise KentError(f"The split in {path} must map repositories that it lists to {', '.join(SPLITS)}; correct it.")
    return dict(found)


def collect_fixes(
    mirrors: Mapping[str, Path], output: Path, workers: int, commits: int, seed: int, listed: Path | None
) -> int:
    """Mines every repository that is not mined yet, and joins their rows.

    Args:
        mirrors: the git directory of each repository.
        output: fixes.jsonl; beside it come `<output>.repositories.json` and, until all is done, `<output>.parts`.
        workers: processes.
        listed: maps repositories to the commits to mine from, instead of their HEAD; others are left out. Those that
            it gives a split keep it.

    Returns:
        How many rows there are.

    Raises:
        KentError: a repository that is forbidden or unreadable, or options other than those of an earlier run.
    """
    manifest = _manifest(mirrors, output, commits, seed, listed)
    parts = output.with_name(output.name + ".parts")
    with writing(parts):
        parts.mkdir(parents=True, exist_ok=True)
    missing = [repo for repo in manifest.repositories if not _part(parts, repo).is_file()]
    _mine_all({repo: mirrors[repo] for repo in missing}, manifest, parts, workers)
    return _joined(manifest, parts, output)


def _manifest(mirrors: Mapping[str, Path], output: Path, commits: int, seed: int, listed: Path | None) -> Manifest:
    """The manifest of an earlier run into the same file, which must have been the same; else a new one."""
    path = output.with_name(output.name + ".repositories.json")
    source = listed or (path if path.is_file() else None)
    known = commits_listed(source) if source else None
    if known is not None and (unknown := known.keys() - mirrors.keys()):
        raise KentError(f"There is no mirror of {', '.join(sorted(unknown))}; clone it, or leave it out of the list.")
    heads = known if known is not None else {repo: head_of(repo, mirror) for repo, mirror in mirrors.items()}
    split = split_of(heads.keys(), seed, split_listed(source) if source else None)
    manifest = Manifest(heads, commits, seed, split)
    if path.is_file() and path.read_text(encoding="utf-8") != manifest.dump():
        raise RunError(
            f"{path} tells of other options or commits; remove it and {output.name}.parts, or choose another -o."
        )
    write_atomically(path, manifest.dump())
    return manifest


def _part(parts: Path, repo: str) -> Path:
    return parts / f"{repo.replace('/', '__')}.jsonl"


def _mine_all(mirrors: Mapping[str, Path], manifest: Manifest, parts: Path, workers: int) -> None:
    """Mines repositories, one a process at a time, telling of each as it is done."""
    started = time.monotonic()
    with spawned_pool(workers) as pool:
        running: dict[Future[tuple[int, int]], str] = {
            pool.submit(_mine_part, repo, mirror, manifest, _part(parts, repo)): repo
            for repo, mirror in mirrors.items()
        }
        try:
            for done, future in enumerate(as_completed(running), start=1):
                rows, expressed = future.result()
                left = (time.monotonic() - started) / done * (len(running) - done)
                told = f"{rows} fixes, {expressed} of them in the grammar; about {left / 60:.0f} min left"
                print(f"{done}/{len(running)} {running[future]}: {told}", file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _mine_part(repo: str, mirror: Path, manifest: Manifest, path: Path) -> tuple[int, int]:
    """Runs in a worker: writes one repository's rows beside their place, and renames them when they are all there."""
    temporary = path.with_name(path.name + ".tmp")
    rows = expressed = 0
    with writing(temporary), temporary.open("w", encoding="utf-8") as file:
        for fix in mine_fixes(repo, mirror, manifest.repositories[repo], manifest.commits):
            file.write(fix.dump() + "\n")
            rows += 1
            expressed += fix.derivation is not None
    with writing(path):
        temporary.replace(path)
    return rows, expressed


def _joined(manifest: Manifest, parts: Path, output: Path) -> int:
    """Writes all rows in the order of the repositories' names, each normalised diff once, and counts them."""
    seen: set[str] = set()
    temporary = output.with_name(output.name + ".tmp")
    with writing(temporary), temporary.open("w", encoding="utf-8") as file:
        for repo in sorted(manifest.repositories):
            for fix in load_fixes(_part(parts, repo)):
                if fix.key not in seen:
                    seen.add(fix.key)
                    file.write(replace(fix, split=manifest.split[repo]).dump() + "\n")
    with writing(output):
        temporary.replace(output)
    return len(seen)
