"""What the agent may see of a SWE-bench row, and what it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from kent_agent.errors import DatasetError


@dataclass(frozen=True)
class SWETask:
    """One instance without anything that gives its solution away.

    The hidden columns (patch, test_patch, FAIL_TO_PASS, PASS_TO_PASS, eval_script, hints_text, ...)
    have no attribute here, so no code behind this type can read them.
    """

    instance_id: str
    repo: str
    base_commit: str
    problem_statement: str
    version: str = ""
    created_at: str = ""
    environment_setup_commit: str = ""
    image: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The visible part of a dataset row.

        Raises:
            DatasetError: a required column is missing or is not text; names the instance and the column.
        """
        name = row.get("instance_id") or "a row without instance_id"
        values = {}
        for column in fields(cls):
            value = row.get(column.name)
            if value is None and column.default == "":
                continue
            if value is None:
                raise DatasetError(f"{name}: the column {column.name!r} is missing; every row needs it.")
            if not isinstance(value, str):
                raise DatasetError(f"{name}: the column {column.name!r} holds {value!r}, which is not text.")
            values[column.name] = value
        return cls(**values)


class Operation(StrEnum):
    """The kinds of edit that the OPERATION slot of a factorization can take."""

    ADD_LINE = "add_line"
    DELETE_LINE = "delete_line"
    MODIFY_LINE = "modify_line"
    ADD_FUNCTION = "add_function"
    DELETE_FUNCTION = "delete_function"
    MODIFY_FUNCTION = "modify_function"
    ADD_IMPORT = "add_import"
    DELETE_IMPORT = "delete_import"


@dataclass(frozen=True)
class CodePatch:
    """One edit: `content` is the new source text that `operation` writes at `location` in `file`.

    Attributes:
        file: path inside the repository.
        operation: what is done there.
        location: qualified symbol and 1-based line span, e.g. `Parser.parse:40-40`.
        content: the source text written; empty for deletions.
    """

    file: str
    operation: Operation
    location: str
    content: str


@dataclass(frozen=True)
class PatchResult:
    """What the generator found.

    Attributes:
        patches: its edits; none where it abstains.
        confidence: in [0, 1], of the best candidate.
        verification_passed: whether the edited file compiles, binds every name it reads, and git applies the diff.
    """

    patches: tuple[CodePatch, ...]
    confidence: float
    verification_passed: bool


@dataclass(frozen=True)
class Solution:
    """The agent's answer to one task.

    Attributes:
        model_patch: a unified diff against base_commit; empty when the agent abstains.
        result: the edits behind the diff.
        trajectory: JSON-ready evidence: stages with seconds, ranked factorizations, candidates with scores
            and why each was dropped, versions, seed, and `abstained` (the reason, or null).
    """

    instance_id: str
    model_patch: str
    result: PatchResult
    trajectory: dict[str, Any]
