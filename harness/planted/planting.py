"""Draws bugs for a release: changes that its own tests notice, each with an issue that shows one failing test."""

import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby, islice
from typing import Any

from harness.planted.changes import Planted, inverted, undone
from harness.planted.releases import Release, Tree, commit
from harness.planted.snippets import Test, functions_by_id, script, without
from harness.planted.workshop import Baseline, Workshop, executed_lines, passing
from kent_agent.execution.client import Check, Execution, Status
from kent_agent.execution.sandbox import Sandbox, SandboxError
from kent_agent.source.diff import unified_diff
from kent_agent.task import SWETask

MINED, INVERSE = "mined", "inverse"
_MOST_FAILING = 0.25  # share of the tests: what breaks more is no bug that anybody would have released
_SCRIPTS = 6  # failing tests that are tried as the issue's snippet
_FEW = 40  # tests that are run before all others are
_TRIALS = 8  # changes tried for each bug that is wanted
_TIMEOUT = 3.0  # seconds of a script: it is traced later, which takes several times as long

_ISSUE = """\
{exception} from {package}

```python
{script}```

This fails with:

{error}
"""


@dataclass(frozen=True)
class Bug:
    """A planted bug.

    Attributes:
        source: MINED or INVERSE.
        repair: the action of the edit that repairs it.
        commit: holds the bug, and none of the tests that fail.
        failing: the tests that pass without the bug and not with it.
    """

    instance_id: str
    package: str
    version: str
    source: str
    repair: str
    path: str
    scope: str
    line: int
    commit: str
    issue: str
    failing: tuple[str, ...]

    @property
    def repo(self) -> str:
        """As the row names it."""
        return Release(self.package, self.version, "", "").repo

    def task(self, image: str) -> SWETask:
        """What the agent sees."""
        return SWETask(self.instance_id, self.repo, self.commit, self.issue, self.version, image=image)

    def as_json(self) -> dict[str, Any]:
        """Itself, JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Planter:
    """Plants bugs in one release.

    Args:
        tree: the release's files.
        sandbox: of its image.
        seed: of all draws.
    """

    workshop: Workshop
    release: Release
    tree: Tree
    baseline: Baseline
    sandbox: Sandbox
    seed: int

    def mined(self, older: Tree, most: int, taken: Collection[tuple[str, str]]) -> Iterator[Bug]:
        """At most so many bugs that are a change since an older release, undone; the older release has them too.

        Args:
            taken: paths and functions that hold a bug already.
        """
        pairs = {p: (text, older.sources[p]) for p, text in self.tree.sources.items() if p in older.sources}
        before = passing(self.sandbox, unified_diff(pairs), self.baseline.patience) or frozenset()
        telling = self.baseline.passing - before
        if not telling or not most:
            return
        executed: Mapping[str, Collection[int]] = self.baseline.executed
        if len(ids := self._ids(telling)) <= _FEW:
            executed = executed_lines(self.sandbox, ids)
        changes = list(changes_since(older, self.tree, executed))
        random.Random(f"{self.seed} {self.release.name}").shuffle(changes)
        yield from self._bugs(MINED, changes, most, taken, telling)

    def inverse(self, most: int, taken: Collection[tuple[str, str]]) -> Iterator[Bug]:
        """At most so many bugs that invert an edit of the grammar."""
        if most:
            draw = random.Random(f"{self.seed} {self.release.name} {INVERSE}")
            changes = inverted(self.tree.sources, self.baseline.executed, draw)
            yield from self._bugs(INVERSE, changes, most, taken, self.baseline.passing)

    def _bugs(
        self,
        source: str,
        changes: Iterable[Planted],
        most: int,
        taken: Collection[tuple[str, str]],
        telling: frozenset[str],
    ) -> Iterator[Bug]:
        seen = set(taken)
        planted = 0
        for change in islice((each for each in changes if (each.path, each.scope) not in seen), most * _TRIALS):
            bug = self._bug(source, change, telling)
            if bug is not None:
                seen.add((change.path, change.scope))
                planted += 1
                yield bug
            if planted == most:
                return

    def _bug(self, source: str, change: Planted, telling: frozenset[str]) -> Bug | None:
        """A change as a bug; None where the tests do not notice it, or too many of them, or no script shows it."""
        diff = unified_diff({change.path: (self.tree.sources[change.path], change.text)})
        failing = self._failing(diff, telling)
        found = {name: self._known.get(name.partition("[")[0]) for name in failing}
        tests = {test.node: test for test in found.values() if test}
        if not failing & telling or None in found.values() or len(failing) > _MOST_FAILING * len(self.baseline.passing):
            return None
        shown = {found[name].node for name in failing & telling if found[name]}  # type: ignore[union-attr]
        issue = self._issue(change, [test for node, test in tests.items() if node in shown])
        if issue is None:
            return None
        return self._committed(source, change, issue, tests.values(), tuple(sorted(failing)))

    @cached_property
    def _known(self) -> Mapping[str, Test]:
        return functions_by_id(self.tree.tests)

    def _ids(self, tests: Iterable[str]) -> list[str]:
        """What pytest selects tests by, their parameters aside."""
        bare = {name.partition("[")[0] for name in tests}
        return sorted(self._known[name].node_id for name in bare if name in self._known)

    def _failing(self, diff: str, telling: frozenset[str]) -> frozenset[str]:
        """The tests that fail with a diff; none where those that would tell pass, or where they do not end."""
        ids = self._ids(telling)
        try:
            for selection in [ids, []] if len(ids) <= _FEW else [[]]:  # a few are sooner run than all
                passed = passing(self.sandbox, diff, self.baseline.patience, selection)
                if passed is None or telling <= passed:
                    return frozenset()
        except SandboxError:
            self.sandbox.start()
            return frozenset()
        return self.baseline.passing - (passed or frozenset())

    def _issue(self, change: Planted, tests: Iterable[Test]) -> str | None:
        """An issue that shows the shortest of some failing tests that fails as a script with the bug alone."""
        scripts = {script(test, self.tree.tests[test.path]) for test in tests} - {None}
        for text in sorted(scripts, key=lambda text: (len(text or ""), text))[:_SCRIPTS]:
            program = Check(text or "", timeout=_TIMEOUT)
            right, wrong = Execution(self.sandbox, program).run([{}, {change.path: change.text}])
            if right.status is Status.FINISHED and wrong.status is Status.RAISED and wrong.exception:
                exception = wrong.exception.rpartition(".")[2]
                error = ": ".join(filter(None, (exception, wrong.message.strip().split("\n")[0])))
                return _ISSUE.format(exception=exception, package=self.release.package, script=text, error=error)
        return None

    def _committed(
        self, source: str, change: Planted, issue: str, tests: Iterable[Test], failing: tuple[str, ...]
    ) -> Bug:
        """The bug, after a commit of the release with it and without the tests that fail."""
        changed = {change.path: change.text}
        by_path = sorted(tests, key=lambda test: test.path)
        for path, group in groupby(by_path, key=lambda test: test.path):
            changed[path] = without(self.tree.tests[path], [test.node for test in group])
        place = f"{change.path.removesuffix('.py').rpartition('/')[2]}.{change.scope}-{change.line}"
        name = f"{self.release.name}-{source}-{place}".replace("<", "").replace(">", "")
        held = {**self.tree.files, **{path: text.encode() for path, text in changed.items()}}
        base = commit(self.workshop.mirrors, self.release, name, held)
        about = (name, self.release.package, self.release.version, source, str(change.repair))
        return Bug(*about, change.path, change.scope, change.line, base, issue, failing)


def changes_since(older: Tree, newer: Tree, executed: Mapping[str, Collection[int]] | None = None) -> Iterator[Planted]:
    """The newer release's changes to files of both, each undone by itself, where one edit brings it back.

    Args:
        executed: lines that the newer release's tests run, by path; changes apart from them are left out.
    """
    for path, text in newer.sources.items():
        before = older.sources.get(path, text)
        if before != text:
            yield from undone(path, before, text, None if executed is None else executed.get(path, ()))
