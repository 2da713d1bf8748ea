"""A small repository with a bug, and its row in swebench 5's format."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CORE = '''\
"""Sums."""

LIMIT = 10


class Account:
    """Money."""

    def __init__(self, start=0):
        self.balance = start

    def add(self, amount):
        self.balance -= amount
        return self.balance


def double(value):
    return value * 2
'''
TESTS = """\
from calc.core import Account, double


def test_double():
    assert double(4) == 8
"""
GOLD = """\
diff --git a/calc/core.py b/calc/core.py
--- a/calc/core.py
+++ b/calc/core.py
@@ -12,3 +12,3 @@ class Account:
     def add(self, amount):
-        self.balance -= amount
+        self.balance += amount
         return self.balance
"""
TEST_PATCH = """\
diff --git a/tests/test_core.py b/tests/test_core.py
--- a/tests/test_core.py
+++ b/tests/test_core.py
@@ -4,2 +4,6 @@
 def test_double():
     assert double(4) == 8
+
+
+def test_add():
+    assert Account(1).add(2) == 3
"""
EVAL_SCRIPT = """\
#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout {base} tests/test_core.py
git apply -v - <<'EOF_114329324912'
{test_patch}
EOF_114329324912
: '>>>>> Start Test Output'
pytest -rA tests/test_core.py
: '>>>>> End Test Output'
git checkout {base} tests/test_core.py
"""


@dataclass(frozen=True)
class Calc:
    """The repository `acme/calc` in `repos_dir`, and the row whose gold patch mends it."""

    repos_dir: Path
    row: dict[str, Any]

    @property
    def repository(self) -> Path:
        return self.repos_dir / "acme__calc"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="session")
def calc(tmp_path_factory: pytest.TempPathFactory) -> Calc:
    repository = tmp_path_factory.mktemp("repos") / "acme__calc"
    for path, text in {"calc/__init__.py": "", "calc/core.py": CORE, "tests/test_core.py": TESTS}.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    git(repository, "init", "--quiet")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "start")
    base = git(repository, "rev-parse", "HEAD")
    row = {
        "instance_id": "acme__calc-1",
        "repo": "acme/calc",
        "base_commit": base,
        "problem_statement": "add() subtracts",
        "version": "1.0",
        "image": "kent_agent/test.absent:latest",
        "patch": GOLD,
        "test_patch": TEST_PATCH,
        "FAIL_TO_PASS": json.dumps(["tests/test_core.py::test_add"]),
        "PASS_TO_PASS": json.dumps(["tests/test_core.py::test_double"]),
        "eval_script": EVAL_SCRIPT.format(base=base, test_patch=TEST_PATCH),
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
    }
    return Calc(repository.parent, row)


Submit = Callable[..., Path]


@pytest.fixture(scope="session")
def submit(tmp_path_factory: pytest.TempPathFactory) -> Submit:
    """Writes a predictions file into a folder of its own: `submit({instance_id: patch}, name=...)`."""

    def write(patches: dict[str, str], name: str = "model__split.jsonl") -> Path:
        path = tmp_path_factory.mktemp("predictions") / name
        rows = [
            {"instance_id": instance_id, "model_name_or_path": "some/model", "model_patch": patch}
            for instance_id, patch in patches.items()
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write
