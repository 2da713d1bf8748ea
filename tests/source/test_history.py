"""Source is told from the rest of a repository, and two versions of a file differ exactly in their hunks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.history import hunks, is_source, is_test

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/pkg/core.py", True),
        ("pkg/test/client.py", True),
        ("tests/test_core.py", False),
        ("pkg/core_test.py", False),
        ("pkg/_vendor/requests/api.py", False),
        ("docs/conf.py", False),
        ("setup.py", False),
        ("pkg/data.json", False),
    ],
)
def test_source_is_told_from_tests_documentation_and_copies(path: str, expected: bool) -> None:
    assert is_source(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("tests/core.py", True), ("pkg/test_core.py", True), ("pkg/core_test.py", True), ("pkg/core.py", False)],
)
def test_tests_are_told_by_their_name_or_folder(path: str, expected: bool) -> None:
    assert is_test(path) is expected


@settings(deadline=None)
@given(LINES, LINES)
def test_hunks_put_into_the_old_lines_give_the_new_ones(old: list[str], new: list[str]) -> None:
    result = list(old)
    for a, b, c, d in reversed(list(hunks(old, new))):
        result[a:b] = new[c:d]
    assert result == new


@settings(deadline=None)
@given(LINES, LINES)
def test_between_hunks_the_versions_are_equal_and_no_hunk_is_empty(old: list[str], new: list[str]) -> None:
    i = j = 0
    for a, b, c, d in [*hunks(old, new), (len(old), len(old), len(new), len(new))]:
        assert old[i:a] == new[j:c]
        assert old[a:b] != new[c:d] or a == len(old)
        i, j = b, d


@settings(deadline=None)
@given(LINES)
def test_a_version_has_no_hunks_with_itself(lines: list[str]) -> None:
    assert list(hunks(lines, lines)) == []
