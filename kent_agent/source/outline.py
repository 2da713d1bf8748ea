"""A Python file at a glance: what it defines and imports, its prose, its pieces, without a syntax tree.

Regular expressions are an order of magnitude cheaper than a tree, need no parsable text, and are enough to rank
files; exact symbols are for the few that rank high (`source/symbols.py`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kent_agent.source.tokens import terms_of

# These match at the line feed before a line, which is found several times faster than the line's beginning is.
_DEFINITION = re.compile(r"\n[ \t]*(?:async[ \t]+def|def|class)[ \t]+(\w+)")
_ASSIGNMENT = re.compile(r"\n([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=(?=[^=])")
_IMPORT = re.compile(r"\n[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]+)|import[ \t]+([\w., \t]+))")
_PROSE = re.compile(r'"""(.*?)"""|' + r"'''(.*?)'''" + r"|#([^\n]*)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?")
_SHORT = 400  # characters: a shorter piece is joined to the one before it
_LONG = 6000  # a longer one is cut

Bag = dict[str, float]
"""Search terms with their frequencies."""


@dataclass(frozen=True)
class Outline:
    """What a file offers and needs.

    Attributes:
        defined: names of its classes and functions, as often as they are defined.
        assigned: names that it binds at module level.
        imported: dotted names that it imports, relative ones with their leading dots.
    """

    defined: tuple[str, ...]
    assigned: tuple[str, ...]
    imported: tuple[str, ...]


def outline(text: str) -> Outline:
    """The outline of a file; any text has one."""
    lines = "\n" + text
    return Outline(
        defined=tuple(_DEFINITION.findall(lines)),
        assigned=tuple(dict.fromkeys(_ASSIGNMENT.findall(lines))),
        imported=tuple(dict.fromkeys(_imports(lines))),
    )


def pieces(text: str) -> list[str]:
    """A file cut at its definitions: each piece about as long as a function."""
    cuts = [0, *(match.start() for match in _DEFINITION.finditer("\n" + text)), len(text)]
    found: list[str] = []
    for start, end in pairwise(cuts):
        if found and len(found[-1]) < _SHORT:
            found[-1] += text[start:end]
        else:
            found.append(text[start:end])
    return [piece[i : i + _LONG] for piece in found for i in range(0, len(piece), _LONG)]


def prose_of(text: str) -> str:
    """A file's comments and triple-quoted strings."""
    return "\n".join("".join(groups) for groups in _PROSE.findall(text))


def word_bag(text: str) -> Bag:
    """Search terms of a text; equal words are split once, which is what makes large files cheap."""
    bag: Bag = {}
    held = bag.get
    for word, count in Counter(_WORD.findall(text)).items():
        for term in terms_of(word):
            bag[term] = held(term, 0.0) + count
    return bag


def phrase_bags(text: str) -> tuple[Bag, Bag]:
    """Pairs and triples of neighbouring words of a line, each one term: what a phrase says beyond its words."""
    pairs: list[str] = []
    triples: list[str] = []
    for line in text.split("\n"):
        words = [split[0] for split in map(terms_of, _WORD.findall(line)) if split]
        both = [f"{left} {right}" for left, right in pairwise(words)]
        pairs += both
        triples += [f"{pair} {word}" for pair, word in zip(both, words[2:], strict=False)]
    return _counted(pairs), _counted(triples)


def _counted(terms: Sequence[str]) -> Bag:
    return {term: float(n) for term, n in Counter(terms).items()}


def _imports(lines: str) -> list[str]:
    found: list[str] = []
    for module, names, plain in _IMPORT.findall(lines):
        if plain:
            found += [part.split()[0] for part in plain.split(",") if part.strip()]
            continue
        prefix = module if module.endswith(".") else module + "."
        listed = [name.split()[0] for name in re.sub(r"#[^\n]*|[()\\]", " ", names).split(",") if name.split()]
        found += [prefix + name for name in listed if name != "*"]
        found.append(module)
    return found
