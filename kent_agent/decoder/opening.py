"""Openings: a site as the writer of its tokens sees it."""

from dataclasses import dataclass

from kent_agent.decoder.surroundings import Surroundings
from kent_agent.source.grammar import Site


@dataclass(frozen=True)
class Opening:
    """Where tokens are to be written.

    Attributes:
        site: where.
        first, last: numbers of the tokens that it holds, `[first, last)`.
        old: tokens that are replaced.
        hidden: whether the tokens it holds are not to be known, as they are what a training example asks for; then
            `old` are others, made up.
    """

    site: Site
    first: int
    last: int
    old: tuple[str, ...]
    hidden: bool = False

    @classmethod
    def at(cls, around: Surroundings, site: Site) -> "Opening":
        """The opening of a site where everything is as it stands."""
        first, last = around.number(site.start), around.number(site.end)
        return cls(site, first, last, tuple(token.text for token in around.tokens[first:last]))
