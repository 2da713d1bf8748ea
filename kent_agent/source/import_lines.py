"""Imports put where a person would: into one of the same module, else behind the last import of the file."""

import ast
from collections.abc import Sequence

from kent_agent.source.application import apply_to
from kent_agent.source.document import Document, Place
from kent_agent.source.elements import element_lists
from kent_agent.source.grammar import Edit, Imports
from kent_agent.source.sameness import import_facts
from kent_agent.source.sites import add_site, is_docstring
from kent_agent.source.symbols import parse
from kent_agent.source.tokens import render


def apply_imports(text: str, imports: Imports) -> str:
    """The text with import statements added, each of one name; those that it has already are left out.

    Raises:
        SyntaxError: the text, or one of the imports, does not parse.
    """
    for tokens in imports:
        text = _with_import(Document(text), tokens)
    return text


def _with_import(document: Document, tokens: Sequence[str]) -> str:
    statement = render(tokens)
    wanted = parse(statement).body
    if import_facts(wanted).keys() <= import_facts(document.tree.body).keys():
        return document.text
    new = wanted[0]
    if isinstance(new, ast.ImportFrom):
        for i, node in enumerate(document.tree.body):
            if isinstance(node, ast.ImportFrom) and (node.module, node.level) == (new.module, new.level):
                joined = _joined(document, Place(node, document.root, "body", i), new.names[0], tokens)
                if joined is not None:
                    return joined
    return _as_line(document, statement)


def _joined(document: Document, owner: Place, name: ast.alias, tokens: Sequence[str]) -> str | None:
    """The text with a name more in an import, in alphabetical order where it is in order."""
    lists = element_lists(document, owner)
    names = [alias.name for alias in getattr(owner.node, "names", ())]
    if not lists or names == ["*"]:
        return None
    ordered = names == sorted(names, key=str.lower)
    behind = (i for i, other in enumerate(names) if other.lower() > name.name.lower())
    index = next(behind, len(names)) if ordered or names == sorted(names) else len(names)
    added = tuple(tokens[list(tokens).index("import") + 1 :])
    return apply_to(document, [Edit(add_site(document, lists[0], index), added)])


def _as_line(document: Document, statement: str) -> str:
    """The text with a line behind the last import at the top, or behind the docstring."""
    body = document.tree.body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom) and document.lines(node)]
    if imports:
        at = document.line_end(document.span(imports[-1])[1])
    elif body and is_docstring(Place(body[0], document.root, "body", 0)):
        at = document.line_end(document.span(body[0])[1])
    else:
        at = document.line_start(document.whole(body[0])[0]) if body else len(document.text)
    start = document.text[:at]
    broken = document.newline if start and not start.endswith(("\n", "\r")) else ""
    return f"{start}{broken}{statement}{document.newline}{document.text[at:]}"
