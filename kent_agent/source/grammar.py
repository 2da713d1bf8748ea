"""The edit grammar: an edit is an action at a site of a file's text, with the tokens that it writes.

Wrapping is replacing: OLD among the tokens stands for what was at the site.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kent_agent.source.kinds import EditKind

OLD = "<old>"
MAX_TOKENS = 48  # of one edit; longer ones are rarely one idea
MAX_LINES = 3  # of an inserted statement
MAX_RUN = 12  # statements that one edit wraps


class Action(StrEnum):
    """The productions of the grammar, in the order of their payoff."""

    REPLACE_EXPRESSION = "replace_expression"  # or a parameter, keyword, entry, imported name
    RENAME = "rename"  # one occurrence of an identifier
    RENAME_ALL = "rename_all"  # every occurrence of a variable or an attribute in a function
    INSERT_STATEMENT = "insert_statement"
    INSERT_GUARD = "insert_guard"  # an `if` that leaves
    ADD_ELEMENT = "add_element"
    DELETE_ELEMENT = "delete_element"
    EDIT_LITERAL = "edit_literal"
    DELETE_STATEMENT = "delete_statement"
    MOVE_STATEMENT = "move_statement"
    SWAP_OPERATOR = "swap_operator"
    WRAP_STATEMENT = "wrap_statement"
    UNWRAP_STATEMENT = "unwrap_statement"
    EXTEND_CONDITION = "extend_condition"
    REPLACE_STATEMENT = "replace_statement"  # or the header of a compound one
    ADD_CLAUSE = "add_clause"  # `else`, `elif`, `except`, `finally`


STATEMENTS = frozenset(
    {Action.INSERT_STATEMENT, Action.INSERT_GUARD, Action.REPLACE_STATEMENT, Action.WRAP_STATEMENT, Action.ADD_CLAUSE}
)
"""Actions that write statements, or a header."""

KIND_OF: Mapping[Action, EditKind] = {
    Action.REPLACE_EXPRESSION: EditKind.REPLACE_EXPRESSION,
    Action.RENAME: EditKind.RENAME,
    Action.RENAME_ALL: EditKind.RENAME,
    Action.INSERT_STATEMENT: EditKind.INSERT_STATEMENT,
    Action.INSERT_GUARD: EditKind.INSERT_GUARD,
    Action.ADD_ELEMENT: EditKind.ADD_ELEMENT,
    Action.DELETE_ELEMENT: EditKind.REPLACE_EXPRESSION,
    Action.EDIT_LITERAL: EditKind.EDIT_LITERAL,
    Action.DELETE_STATEMENT: EditKind.DELETE_STATEMENT,
    Action.MOVE_STATEMENT: EditKind.MOVE_STATEMENT,
    Action.SWAP_OPERATOR: EditKind.SWAP_OPERATOR,
    Action.WRAP_STATEMENT: EditKind.WRAP_STATEMENT,
    Action.UNWRAP_STATEMENT: EditKind.DELETE_STATEMENT,
    Action.EXTEND_CONDITION: EditKind.EXTEND_CONDITION,
    Action.REPLACE_STATEMENT: EditKind.REPLACE_EXPRESSION,
    Action.ADD_CLAUSE: EditKind.INSERT_STATEMENT,
}
"""The kind that `kinds_between` would count for each action."""


@dataclass(frozen=True)
class Site:
    """A place in a file's text where an action applies.

    Attributes:
        action: what can be done here.
        start, end: character offsets of what is replaced or deleted; equal where something is inserted.
        anchor: offsets of the node that tells the site: the one replaced, or the owner of the list or block.
        node: that node's type.
        parent: the type of the node it stands in.
        field: the field of the parent that holds it; for lists and blocks the owner's field that holds those.
        index: the number of the element, statement, operator or token; -1 where there is only one.
        first_line, last_line: of the statement around it.
        statement: the type of that statement.
        scope: the qualified name of the definition around it.
    """

    action: Action
    start: int
    end: int
    anchor: tuple[int, int]
    node: str
    parent: str
    field: str
    index: int
    first_line: int
    last_line: int
    statement: str
    scope: str


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        site: where; its action says what.
        tokens: the source tokens written, OLD among them where the old text stays; none for deletions.
        target: where a moved statement goes.
    """

    site: Site
    tokens: tuple[str, ...] = ()
    target: Site | None = None

    @property
    def action(self) -> Action:
        """What is done."""
        return self.site.action

    def as_json(self) -> dict[str, Any]:
        """A form that JSON holds; `edit_from_json` is its inverse."""
        target = {"target": vars(self.target)} if self.target else {}
        return {**vars(self.site), "tokens": list(self.tokens)} | target


def edit_from_json(row: Mapping[str, Any]) -> Edit:
    """An edit from what `Edit.as_json` gave.

    Raises:
        KeyError, ValueError: the row is none.
    """
    target = row.get("target")
    return Edit(_site(row), tuple(row["tokens"]), _site(target) if target else None)


def _site(row: Mapping[str, Any]) -> Site:
    values = {name: row[name] for name in Site.__dataclass_fields__}
    return Site(**values | {"action": Action(row["action"]), "anchor": tuple(row["anchor"])})


Imports = Sequence[Sequence[str]]
"""Tokens of import statements of one name each."""


@dataclass(frozen=True)
class Derivation:
    """How one version of a file becomes another.

    Attributes:
        edits: in the order of their sites.
        imports: tokens of the module's new import statements, one name each, in the order of the new version.
    """

    edits: tuple[Edit, ...]
    imports: tuple[tuple[str, ...], ...] = ()
