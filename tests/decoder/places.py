"""Situations on a text, with or without an issue."""

from collections.abc import Mapping

from kent_agent.decoder.situation import Situation
from kent_agent.decoder.surroundings import Said, Surroundings
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol, symbols

BOX = '''\
class Box:
    """A box."""

    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self, unit='cm'):
        size = self.width * self.height
        if unit == 'mm':
            return size * 100
        return self.scaled(size, unit)

    def scaled(self, size, unit):
        return size
'''
ISSUE = 'Box.area() is wrong\n\nThe height is read twice; see `self.height`. Pass "depth" in mm.'


def symbol_in(text: str, name: str) -> Symbol:
    """The symbol of a name."""
    return next(symbol for symbol in symbols(text) if symbol.name == name)


def situation_in(
    text: str, name: str, issue: str | None = ISSUE, learned: Mapping[str, float] | None = None, path: str = "boxes.py"
) -> Situation:
    """The situation of a symbol; without an issue where that is None."""
    said = Said.nothing() if issue is None else Said.by(parse_issue(issue))
    return Situation(text, path, symbol_in(text, name), said, learned or {})


def surroundings_in(text: str, name: str, issue: str | None = ISSUE) -> Surroundings:
    """What surrounds a symbol."""
    return situation_in(text, name, issue).around
