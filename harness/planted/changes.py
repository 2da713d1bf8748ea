"""Changes that plant a bug whose repair is one edit: a released change undone, or an edit of the grammar inverted."""

import ast
import keyword
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kent_agent.errors import PatchError
from kent_agent.source.application import apply_to
from kent_agent.source.bindings import undefined_names
from kent_agent.source.derivation import derive
from kent_agent.source.document import Document, Place
from kent_agent.source.grammar import Action, Edit, Site
from kent_agent.source.history import hunks
from kent_agent.source.sites import sites_in

LARGEST = 120_000  # characters of a file that is looked at

_SWAPS: Mapping[str, Sequence[str]] = {
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
    "is": ("is not",),
    "is not": ("is",),
    "in": ("not in",),
    "not in": ("in",),
    "and": ("or",),
    "or": ("and",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+", "/"),
    "/": ("//", "*"),
    "//": ("/",),
    "%": ("//",),
    "+=": ("-=",),
    "-=": ("+=",),
}
_DELETED = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.If, ast.Raise)


@dataclass(frozen=True)
class Planted:
    """A file with a bug in it.

    Attributes:
        path: of the file.
        text: of it, with the bug.
        repair: the action of the one edit that repairs it.
        scope: the qualified name of the function that it is in.
        line: that the repair is at, in the text with the bug.
    """

    path: str
    text: str
    repair: Action
    scope: str
    line: int


def undone(path: str, older: str, newer: str, executed: Collection[int] | None = None) -> Iterator[Planted]:
    """The newer text with one of its changes undone at a time: those that are one edit inside of a function.

    Args:
        executed: the lines of the newer text that tests run; changes that none of them touches are left out.
    """
    if max(len(older), len(newer)) > LARGEST:
        return
    old, new = older.splitlines(keepends=True), newer.splitlines(keepends=True)
    for a, b, c, d in hunks(old, new):
        if executed is not None and set(executed).isdisjoint(range(c, d + 2)):
            continue
        text = "".join([*new[:c], *old[a:b], *new[d:]])
        if (found := planted(path, text, newer)) is not None:
            yield found


def inverted(
    texts: Mapping[str, str], executed: Mapping[str, frozenset[int]], draw: random.Random
) -> Iterator[Planted]:
    """Files after one edit at a time that writes what is plausible and wrong, the kinds of edit in turn.

    Args:
        executed: the lines that tests run, by path; edits are made in statements that begin there.
    """
    documents = {path: Document(text) for path, text in texts.items() if executed.get(path) and len(text) <= LARGEST}
    pools: dict[Action, list[tuple[str, Edit]]] = {}
    for path, document in documents.items():
        for site in sites_in(document, 1, document.text.count("\n") + 1):
            if site.scope != "<module>" and site.first_line in executed[path]:
                edits = list(_wrong(document, site))
                pools.setdefault(site.action, []).extend([(path, draw.choice(edits))] if edits else [])
    for action in sorted(pools):
        draw.shuffle(pools[action])
    while any(pools.values()):
        for action in sorted(pools):
            found = _next_that_holds(documents, pools[action])
            if found is not None:
                yield found


def _next_that_holds(documents: Mapping[str, Document], pool: list[tuple[str, Edit]]) -> Planted | None:
    """The file after the last edit of a pool that one edit repairs; it and those behind it leave the pool."""
    while pool:
        path, edit = pool.pop()
        try:
            changed = apply_to(documents[path], [edit])
        except (PatchError, SyntaxError):
            continue
        if (found := planted(path, changed, documents[path].text)) is not None:
            return found
    return None


def planted(path: str, text: str, right: str) -> Planted | None:
    """A wrong text that one edit repairs; None where it takes more, imports among them, or leaves a name unbound."""
    try:
        if undefined_names(text) - undefined_names(right):
            return None
    except SyntaxError:
        return None
    if _untyped(text) == _untyped(right):
        return None
    repair = derive(text, right, 1)
    if repair is None or repair.imports or repair.edits[0].site.scope == "<module>":
        return None
    site = repair.edits[0].site
    return Planted(path, text, site.action, site.scope, site.first_line)


def _untyped(text: str) -> str:
    """What a text does, its annotations aside."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)


def _wrong(document: Document, site: Site) -> Iterator[Edit]:
    """Edits at a site that write what may stand there by mistake."""
    place = document.locate(site.anchor, site.node)
    source = document.text[site.start : site.end]
    match site.action:
        case Action.SWAP_OPERATOR:
            yield from (Edit(site, tuple(other.split())) for other in _SWAPS.get(" ".join(source.split()), ()))
        case Action.RENAME:
            yield from (Edit(site, (name,)) for name in _others(document, place, source))
        case Action.EDIT_LITERAL if source.isdecimal():
            yield from (Edit(site, (str(int(source) + step),)) for step in (1, -1) if int(source) + step >= 0)
        case Action.REPLACE_EXPRESSION:
            yield from (Edit(site, (kept,)) for kept in _less(document, place.node))
        case Action.DELETE_ELEMENT if not isinstance(place.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield Edit(site)
        case Action.DELETE_STATEMENT if isinstance(place.node, _DELETED) and _is_short(place.node):
            yield Edit(site)


def _others(document: Document, place: Place, name: str) -> list[str]:
    """Other names of the function, for a variable that is read."""
    function = place.function
    if function is None or not isinstance(place.node, ast.Name) or not isinstance(place.node.ctx, ast.Load):
        return []
    bound = {node.arg for node in ast.walk(function.node) if isinstance(node, ast.arg)}
    bound |= {n.id for n in ast.walk(function.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return sorted(bound - {name}) if name in bound and not keyword.iskeyword(name) else []


def _less(document: Document, node: ast.AST) -> Iterator[str]:
    """Expressions that lack a part of one: `not`, an operand of `and` or `or`; or the other truth value."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield document.source(operand)
        case ast.BoolOp(values=[left, right]):
            yield document.source(left)
            yield document.source(right)
        case ast.Constant(value=bool() as value):
            yield str(not value)


def _is_short(node: ast.AST) -> bool:
    """Whether a statement is one that an edit would insert: of one line, or an `if` that only leaves."""
    if isinstance(node, ast.If):
        return (
            not node.orelse and len(node.body) == 1 and isinstance(node.body[0], ast.Return | ast.Raise | ast.Continue)
        )
    return not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
