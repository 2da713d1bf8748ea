"""The `demo` split: issues in three small packages that were written for it, and their git repositories.

What lies here:

    manifest.json          the repositories' commits in order, the files they add, the instances
    packages/<owner>__<name>/   the files as the commits add them, bugs included
    instances/<instance_id>/    issue.md, hints.md, fix.patch, test.patch

To add an instance:

1. Put issue.md (title, empty line, text), hints.md, fix.patch and test.patch into
   `instances/<owner>__<name>-<n>/`. The patches are git diffs against the state after the repository's
   commits so far; test.patch changes existing test files, and no test's id holds a blank.
2. Append `{"date": ..., "message": ..., "fixes": "<owner>__<name>-<n>"}` to the repository's commits. Its
   parent becomes the instance's base commit. (A commit may instead `add` files from `packages/`.)
3. Append an instance with its instance_id, repo, version and created_at (when the issue was written), the
   commits as "" and the lists of tests as [].
4. Run `python -m kent_agent.demo.refresh`. It builds the repositories, runs the tests before and after the
   fix, and writes the commit ids, FAIL_TO_PASS and PASS_TO_PASS into the manifest.

A file that a published commit adds is never edited again: that would change the ids of all commits after it.
"""

from kent_agent.demo.repositories import build_repositories, repositories_dir
from kent_agent.demo.rows import load_rows

__all__ = ["build_repositories", "load_rows", "repositories_dir"]
