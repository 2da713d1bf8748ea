"""What an issue offers to search by: bags of terms by the kind of text, identifiers, and dotted names."""

import re
from collections import Counter
from dataclasses import dataclass

from kent_agent.source.issue import Issue
from kent_agent.source.outline import Bag, phrase_bags, word_bag

_IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")
_HUMP = re.compile(r"[a-z][A-Z]")
_FROM_IMPORT = re.compile(r"from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?([\w, ]+)")
_ALIAS = re.compile(r"import[ \t]+([\w.]+)[ \t]+as[ \t]+(\w+)")
_TITLE_COUNT = 2  # a word of the title counts as often as two of the text
_BOILERPLATE_COUNT = 0.1  # and a template's or a version table's hardly


@dataclass(frozen=True)
class Clues:
    """An issue as something to search by.

    Attributes:
        issue: it.
        title, prose, code, whole: terms of its title, its prose, its code, and of all that it says.
        title_phrases, told_phrases, phrases: pairs and triples of neighbouring words of its title, of what a program
            told the author (what was raised, what is quoted) and the title, and of all that it says.
        in_title, in_prose, in_code: its identifiers by where they stand.
        named: identifiers that are surely meant as names: spelled like one, dotted, or in code.
        dotted: the parts of its dotted names, those of its import statements among them, aliases resolved.
        links: pairs of names that follow each other in a dotted name, like a class and its method.
    """

    issue: Issue
    title: Bag
    prose: Bag
    code: Bag
    whole: Bag
    title_phrases: tuple[Bag, Bag]
    told_phrases: tuple[Bag, Bag]
    phrases: tuple[Bag, Bag]
    in_title: frozenset[str]
    in_prose: frozenset[str]
    in_code: frozenset[str]
    named: frozenset[str]
    dotted: tuple[tuple[str, ...], ...]
    links: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, issue: Issue) -> "Clues":
        """The clues of an issue."""
        whole: Counter[str] = Counter()
        for text, count in (
            (issue.title, float(_TITLE_COUNT)),
            (issue.prose, 1.0),
            (issue.code, 1.0),
            (issue.boilerplate, _BOILERPLATE_COUNT),
        ):
            for term, n in word_bag(text).items():
                whole[term] += count * n  # type: ignore[assignment]
        in_title, in_prose, in_code = (
            frozenset(_IDENTIFIER.findall(text)) for text in (issue.title, issue.prose, issue.code)
        )
        dotted = _dotted(issue)
        messages = [traceback.message for traceback in issue.tracebacks]
        parts = frozenset(part for name in issue.dotted for part in name.split("."))
        return cls(
            issue=issue,
            title=word_bag(issue.title),
            prose=word_bag(issue.prose),
            code=word_bag(issue.code),
            whole=dict(whole),
            title_phrases=phrase_bags(issue.title),
            told_phrases=phrase_bags("\n".join((issue.title, *messages, *issue.quoted))),
            phrases=phrase_bags("\n".join((issue.title, issue.prose, issue.code, *messages))),
            in_title=in_title,
            in_prose=in_prose | parts,
            in_code=in_code,
            named=frozenset(filter(is_spelled_as_name, in_title | in_prose)) | parts | in_code,
            dotted=dotted,
            links=frozenset(
                link for name in issue.dotted for link in zip(name.split("."), name.split(".")[1:], strict=False)
            ),
        )

    @property
    def identifiers(self) -> frozenset[str]:
        """All of the issue's identifiers."""
        return self.in_title | self.in_prose | self.in_code


def is_spelled_as_name(word: str) -> bool:
    """Whether a word of prose looks like a name of code: humps, underscores inside, or a capital like a class's."""
    capital = word[0].isupper() and not word.isupper() and len(word) > 3
    return "_" in word.strip("_") or bool(_HUMP.search(word)) or capital


def _dotted(issue: Issue) -> tuple[tuple[str, ...], ...]:
    text = "\n".join((issue.prose, issue.code))
    names = list(issue.dotted)
    for module, imported in _FROM_IMPORT.findall(text):
        names += [f"{module}.{name.split()[0]}" for name in imported.split(",") if name.strip()]
    aliases = {alias: module for module, alias in _ALIAS.findall(text)}
    found = []
    for name in dict.fromkeys(names):
        first, *rest = name.split(".")
        found.append((*aliases.get(first, first).split("."), *rest))
    return tuple(found)
