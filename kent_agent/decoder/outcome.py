"""What becomes of a file by an edit that was decoded."""

from kent_agent.decoder.situation import Situation
from kent_agent.errors import PatchError
from kent_agent.source.application import changes_of, rewritten
from kent_agent.source.document import alone, indent_of
from kent_agent.source.grammar import Edit
from kent_agent.source.symbols import parse


def applied(situation: Situation, edit: Edit) -> str | None:
    """The file's text after an edit; None where it does not apply, does not parse, or changes nothing.

    Parsed is what is around all that the edit changes, which may be more than its site.
    """
    document = situation.document
    try:
        changes = changes_of(document, [edit])
    except (PatchError, SyntaxError):
        return None
    after = rewritten(document.text, changes)
    if after == document.text:
        return None
    start, end = document.around(min(each.start for each in changes), max(each.end for each in changes))
    piece = after[start : end + len(after) - len(document.text)]
    try:
        parse(alone(piece, indent_of(document.text[start:end])))
    except SyntaxError:
        return None
    return after
