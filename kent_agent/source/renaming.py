"""Names that are others throughout a function in the next version."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from kent_agent.source.alignment import FUNCTIONS
from kent_agent.source.document import Document, Place
from kent_agent.source.grammar import Edit
from kent_agent.source.sites import functions, identifier_of, occurrences, rename_all_site


def renamed_throughout(
    old: Document, ours: Sequence[Place], theirs: Sequence[ast.AST]
) -> Iterator[tuple[Edit, Callable[[], None]]]:
    """Renamings that may be part of the change, each done in the old tree until the function given with it is called.

    A variable or an attribute counts that is no more, beside one that is new and occurs as often.
    """
    others = {place.scope: place.node for node in theirs for place in functions_in(Place(node))}
    for place in (inner for outer in ours for inner in functions_in(outer)):
        other = others.get(place.scope)
        if other is None:
            continue
        for attribute in (False, True):
            mine, new = _names(place.node, attribute), _names(other, attribute)
            for name, count in mine.items():
                if count < 2 or name in new:
                    continue
                for called in [n for n, often in new.items() if often == count and n not in mine]:
                    found = occurrences(old, place, name, attribute)
                    site = rename_all_site(old, found[0]) if found else None
                    if site is not None:
                        yield Edit(site, (called,)), _rename([p.node for p in found], called)


def functions_in(place: Place) -> Iterator[Place]:
    """A function itself, or those in what it is not."""
    if isinstance(place.node, FUNCTIONS):
        yield place
    else:
        yield from functions(place)


def _names(node: ast.AST, attribute: bool) -> Counter[str]:
    wanted = (ast.Attribute,) if attribute else (ast.Name, ast.arg, ast.ExceptHandler)
    return Counter(identifier_of(inner) for inner in ast.walk(node) if isinstance(inner, wanted))


def _rename(nodes: Sequence[ast.AST], name: str) -> Callable[[], None]:
    """Gives nodes another identifier, and gives back how to undo that."""
    fields = [
        next(f for f in ("id", "attr", "arg", "name") if isinstance(getattr(node, f, None), str)) for node in nodes
    ]
    before = [getattr(node, field) for node, field in zip(nodes, fields, strict=True)]

    def put(values: Sequence[str]) -> None:
        for node, field, value in zip(nodes, fields, values, strict=True):
            setattr(node, field, value)

    put([name] * len(nodes))
    return lambda: put(before)
