"""The demo's instances as rows in the format of SWE-bench's datasets."""

import json
import re
from typing import Any

from kent_agent.demo.manifest import Instance, Manifest

TEST_COMMAND = "python -m pytest -rA"
LOG_PARSER = "parse_log_pytest"
EVAL_SCRIPT = """\
#!/bin/bash
set -uxo pipefail
source /opt/miniconda3/bin/activate
conda activate testbed
cd /testbed
git config --global --add safe.directory /testbed
cd /testbed
git status
git show
git -c core.fileMode=false diff {base_commit}
source /opt/miniconda3/bin/activate
conda activate testbed
git checkout {base_commit} {files}
git apply -v - <<'EOF_114329324912'
{test_patch}
EOF_114329324912
: '>>>>> Start Test Output'
{command} {files}
: '>>>>> End Test Output'
git checkout {base_commit} {files}
"""


def load_rows() -> list[dict[str, Any]]:
    """A row for each instance of the manifest, with the columns of the official datasets.

    Raises:
        DatasetError: the installation lacks one of the demo's files.
    """
    return [_row(instance) for instance in Manifest.load().instances]


def test_files(test_patch: str) -> list[str]:
    """The paths that a git diff changes, in its order."""
    return re.findall(r"^diff --git a/.+ b/(.+)$", test_patch, re.MULTILINE)


def _row(instance: Instance) -> dict[str, Any]:
    return {
        "repo": instance.repo,
        "instance_id": instance.instance_id,
        "base_commit": instance.base_commit,
        "patch": instance.fix,
        "test_patch": instance.tests,
        "problem_statement": instance.issue,
        "hints_text": instance.hints,
        "created_at": instance.created_at,
        "version": instance.version,
        "FAIL_TO_PASS": json.dumps(instance.FAIL_TO_PASS),
        "PASS_TO_PASS": json.dumps(instance.PASS_TO_PASS),
        "environment_setup_commit": instance.environment_setup_commit,
        "image": f"kent_agent/sweb.eval.demo.{instance.instance_id.replace('__', '_1776_')}:latest",
        "eval_script": EVAL_SCRIPT.format(
            base_commit=instance.base_commit,
            test_patch=instance.tests,
            command=TEST_COMMAND,
            files=" ".join(test_files(instance.tests)),
        ),
        "log_parser": LOG_PARSER,
        "eval_type": "pass_and_fail",
    }
