"""What the agent may see of a row."""

from dataclasses import asdict, fields
from typing import Any

import pytest

from kent_agent.errors import DatasetError
from kent_agent.task import SWETask

VISIBLE = {
    "instance_id": "acme__tiny-1",
    "repo": "acme/tiny",
    "base_commit": "0" * 40,
    "problem_statement": "It breaks.",
    "version": "1.0",
    "created_at": "2024-01-01T00:00:00Z",
    "environment_setup_commit": "1" * 40,
    "image": "acme/tiny:latest",
}
HIDDEN = ["patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS", "eval_script", "hints_text", "log_parser"]


def test_a_task_is_the_visible_columns_and_nothing_else() -> None:
    row: dict[str, Any] = VISIBLE | dict.fromkeys(HIDDEN, "the solution")
    task = SWETask.from_row(row)
    assert asdict(task) == VISIBLE
    assert "the solution" not in repr(task)
    assert not any(hasattr(task, column) for column in HIDDEN)


@pytest.mark.parametrize("column", HIDDEN)
def test_garbage_in_a_hidden_column_changes_nothing(column: str) -> None:
    assert SWETask.from_row(VISIBLE | {column: object()}) == SWETask.from_row(VISIBLE)


@pytest.mark.parametrize("column", [field.name for field in fields(SWETask) if field.default == ""])
@pytest.mark.parametrize("absent", [True, False])
def test_columns_the_agent_can_do_without_become_empty(column: str, absent: bool) -> None:
    row: dict[str, Any] = VISIBLE | {column: None}
    if absent:
        del row[column]
    assert getattr(SWETask.from_row(row), column) == ""


@pytest.mark.parametrize("column", ["repo", "base_commit", "problem_statement"])
@pytest.mark.parametrize("value", [None, 7, ["text"]])
def test_a_column_that_is_missing_or_no_text_is_named(column: str, value: object) -> None:
    with pytest.raises(DatasetError, match=f"acme__tiny-1: the column {column!r}"):
        SWETask.from_row(VISIBLE | {column: value})


def test_a_row_without_id_is_an_error() -> None:
    with pytest.raises(DatasetError, match="a row without instance_id: the column 'instance_id'"):
        SWETask.from_row({"repo": "acme/tiny"})
