"""What of a repository's history may be learned from, and where two versions of a file differ."""

from collections.abc import Iterator
from difflib import SequenceMatcher

FORBIDDEN_REPOSITORIES = frozenset(
    # the exam: SWE-bench's test split
    "astropy django matplotlib seaborn flask requests xarray pylint pytest scikit-learn sphinx sympy "
    # the six of its dev split: their histories hold its gold commits
    "sqlfluff marshmallow pvlib-python astroid pyvista pydicom".split()
)
_OUTSIDE = frozenset(
    "tests docs doc examples example _vendor vendored vendor third_party _vendored benchmarks packages".split()
)


def is_source(path: str) -> bool:
    """True for Python files that a fix may touch: no tests, documentation, examples or vendored copies."""
    parts = path.lower().split("/")
    name = parts[-1]
    if not name.endswith(".py") or name in ("conftest.py", "setup.py") or not _OUTSIDE.isdisjoint(parts[:-1]):
        return False
    return not (name.startswith(("test_", "unittest_")) or name.endswith("_test.py") or parts[0] in ("test", "testing"))


def is_test(path: str) -> bool:
    """True for Python files that look like tests by their name or folder."""
    parts = path.lower().split("/")
    named = parts[-1].startswith("test_") or parts[-1].endswith("_test.py")
    return parts[-1].endswith(".py") and (named or not {"test", "tests"}.isdisjoint(parts[:-1]))


def hunks(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Line ranges `old[a:b]`, `new[c:d]` that differ; only what lies between common ends is aligned, for speed."""
    shared = min(len(old), len(new))
    head = next((i for i in range(shared) if old[i] != new[i]), shared)
    tail = next((i for i in range(shared - head) if old[-1 - i] != new[-1 - i]), shared - head)
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield a + head, b + head, c + head, d + head
