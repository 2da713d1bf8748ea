"""For maintainers: `python -m kent_agent.demo.refresh` recomputes what the manifest expects.

Builds the repositories, runs each instance's tests before and after its fix, and writes the commit ids and
the lists FAIL_TO_PASS and PASS_TO_PASS into manifest.json. An instance that its fix does not resolve ends it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kent_agent.demo.manifest import MANIFEST, Instance, Manifest, Repository, read_text
from kent_agent.demo.repositories import write_history
from kent_agent.demo.rows import LOG_PARSER, TEST_COMMAND, test_files


def refresh() -> None:
    """Rewrite manifest.json; its entries keep their order.

    Raises:
        ValueError: an instance without a commit that fixes it, without tests that its fix makes pass, with
            tests that it breaks, or with a test whose id the log parser cannot read.
    """
    manifest = Manifest.load()
    content = json.loads(read_text(MANIFEST.name))
    entries = {entry["instance_id"]: entry for entry in content["instances"]}
    with tempfile.TemporaryDirectory() as folder:
        for repository, record in zip(manifest.repositories, content["repositories"], strict=True):
            built = Path(folder) / repository.folder
            ids = write_history(manifest, repository, built)
            record["head"] = ids[-1]
            bases = _bases(repository, ids)
            for name, base_commit in bases.items():
                entries[name]["base_commit"] = base_commit
                entries[name]["environment_setup_commit"] = next(iter(bases.values()))
                entries[name] |= _test_lists(manifest.instance(name), built, base_commit)
    orphans = [name for name, entry in entries.items() if not entry["base_commit"]]
    if orphans:
        raise ValueError(f"no commit fixes {', '.join(orphans)}")
    MANIFEST.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _bases(repository: Repository, ids: list[str]) -> dict[str, str]:
    """The base commit of each instance: the one before the commit that fixes it."""
    pairs = zip(repository.commits[1:], ids, strict=False)
    return {commit.fixes: parent for commit, parent in pairs if commit.fixes}


def _test_lists(instance: Instance, mirror: Path, base_commit: str) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _run(["git", "clone", "--quiet", str(mirror), str(clone)], Path(folder))
        _run(["git", "checkout", "--quiet", base_commit], clone)
        _run(["git", "apply", "-"], clone, instance.tests)
        before = _outcomes(instance, clone)
        _run(["git", "apply", "-"], clone, instance.fix)
        after = _outcomes(instance, clone)
    passed = [name for name, status in after.items() if status == "PASSED"]
    lists = {
        "FAIL_TO_PASS": [name for name in passed if before.get(name) != "PASSED"],
        "PASS_TO_PASS": [name for name in passed if before.get(name) == "PASSED"],
    }
    if len(passed) != len(after) or not lists["FAIL_TO_PASS"]:
        raise ValueError(f"{instance.instance_id}: after the fix its tests say {after}")
    return lists


def _outcomes(instance: Instance, clone: Path) -> dict[str, Any]:
    """The status of each test by its id, as swebench reads it off pytest's output."""
    from swebench.harness.log_parsers import PARSER_REGISTRY

    # -B: the bytecode of a file would outlive a fix made within the same second that keeps its size.
    command = [sys.executable, "-B", *TEST_COMMAND.split()[1:], *test_files(instance.tests)]
    log = subprocess.run(command, cwd=clone, capture_output=True, text=True).stdout
    statuses = dict(PARSER_REGISTRY[LOG_PARSER](log, None))
    cut = [name for name in statuses if "[" in name and not name.endswith("]")]
    if cut:
        raise ValueError(f"{instance.instance_id}: the ids of these tests hold blanks: {', '.join(cut)}")
    return statuses


def _run(command: list[str], folder: Path, text: str = "") -> None:
    subprocess.run(command, cwd=folder, input=text, text=True, check=True)


if __name__ == "__main__":
    refresh()
