"""Moved statements: deleted in one place and written in another."""

from dataclasses import replace

from kent_agent.source.document import Document
from kent_agent.source.excerpts import statement_tokens
from kent_agent.source.grammar import Action, Edit
from kent_agent.source.plans import EDIT_COST, Plan


def with_moves(document: Document, plan: Plan) -> Plan:
    """A plan whose deletions and insertions of the same statement in one function are moves."""
    edits = list(plan.edits)
    for come in [edit for edit in edits if edit.action in (Action.INSERT_STATEMENT, Action.INSERT_GUARD)]:
        for gone in [edit for edit in edits if edit.action is Action.DELETE_STATEMENT]:
            place = document.locate(gone.site.anchor, gone.site.node)
            if gone.site.scope == come.site.scope and statement_tokens(document, place.node) == come.tokens:
                site, target = (replace(edit.site, action=Action.MOVE_STATEMENT) for edit in (gone, come))
                edits = [edit for edit in edits if edit is not come and edit is not gone] + [Edit(site, (), target)]
                break
    return Plan(plan.cost - EDIT_COST * (len(plan.edits) - len(edits)), tuple(edits))
