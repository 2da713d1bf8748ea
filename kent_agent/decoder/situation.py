"""A function with an issue: all that the network reads of an edit before it is made."""

from collections.abc import Mapping
from copy import copy
from functools import cached_property

from kent_agent.decoder.arrays import Reals
from kent_agent.decoder.lexicon import Lexicon
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.site_table import SiteTable, describe_sites
from kent_agent.decoder.surroundings import PARTS, Said, Surroundings
from kent_agent.hdc.sparse import SparseItems
from kent_agent.hdc.vectors import normalize
from kent_agent.source.document import Document
from kent_agent.source.grammar import Site
from kent_agent.source.outline import word_bag
from kent_agent.source.sites import sites_in
from kent_agent.source.symbols import Symbol

MOST_SITES = 4000  # of a function; a module's own code may have more
_TITLE = 3.0  # what the title says counts as if said three times
_SATURATION = 1.5  # the tenth mention of a term says little more than the third
_KIND, _SAID, _BEFORE, _OLD, _BEHIND = 5, 24, 40, 24, 20  # tokens that are read at a site
MOST_READ = _KIND + _SAID + _BEFORE + _OLD + _BEHIND


class Situation:
    """The place to edit, as a factorization or a mined fix names it.

    Args:
        text: the file.
        path: of the file.
        symbol: the function, class or module to edit.
        said: by the issue.
        learned: tokens that were common in training, with the logarithms of their shares.

    Raises:
        SyntaxError: the file does not parse.
    """

    def __init__(self, text: str, path: str, symbol: Symbol, said: Said, learned: Mapping[str, float]) -> None:
        self.path = path
        self.symbol = symbol
        self.said = said
        self.learned = learned
        self.document = Document(text)
        starts = self.document.starts
        end = starts[symbol.end] if symbol.end < len(starts) else len(text)
        self.around = Surroundings(text, starts[symbol.start - 1], end, said)

    @cached_property
    def sites(self) -> list[Site]:
        """Where the symbol itself can be edited; those of symbols inside it apart, unless it is a function."""
        symbol = self.symbol
        within = None if symbol.kind == "function" else symbol.name
        found = sites_in(self.document, symbol.start, symbol.end, within)
        own = (site for site in found if within is None or site.scope == within)
        return [site for site, _ in zip(own, range(MOST_SITES), strict=False)]

    @cached_property
    def table(self) -> SiteTable:
        """The sites as numbers."""
        return describe_sites(self.around, self.sites, self.document.starts)

    @cached_property
    def lexicon(self) -> Lexicon:
        """What may be written."""
        return Lexicon(self.around, self.learned)

    @cached_property
    def pointed(self) -> Mapping[int, float]:
        """The lines that the issue points at, and by how much that raises the logarithms of their odds."""
        lines = self.document.text.split("\n")
        return self.said.pointers.odds(self.path, lines, range(self.symbol.start, self.symbol.end + 1))

    def silent(self) -> "Situation":
        """The same where nothing is said."""
        other = copy(self)
        other.said, other.around = Said.nothing(), self.around.silent()
        for told in ("lexicon", "pointed", "table"):
            other.__dict__.pop(told, None)
        return other

    def condition(self, items: SparseItems) -> Reals:
        """The unit hypervector `(D,)` of what the issue says and of the place: its path's and its symbol's names."""
        bag: dict[str, float] = {}
        for part, weight in zip(PARTS, (_TITLE, 1.0, 0.5), strict=True):
            for term, count in self.said.terms[part].items():
                bag[term] = bag.get(term, 0.0) + weight * count
        bag = {term: count / (count + _SATURATION) for term, count in bag.items()}
        bag |= {f"path:{term}": 0.5 for term in word_bag(self.path.removesuffix(".py"))}
        bag |= {f"symbol:{term}": 0.5 for term in word_bag(self.symbol.name)}
        return normalize(items.query(bag))

    def opening(self, site: Site) -> Opening:
        """A site as the writer sees it."""
        return Opening.at(self.around, site)

    def reading(self, opening: Opening) -> tuple[list[str], list[int]]:
        """What is read at a site, token by token, and the segment of each."""
        around, site = self.around, opening.site
        kind = [action_token(site), f"<{site.node}>", f"<in {site.parent}>", f"<.{site.field}>", f"<{site.statement}>"]
        told = list(dict.fromkeys([*self.said.tokens["title"], *self.said.tokens["code"]]))[:_SAID]
        before, behind = (
            [token.text for token in around.tokens[start:end]]
            for start, end in (
                (max(opening.first - _BEFORE, 0), opening.first),
                (opening.last, opening.last + _BEHIND),
            )
        )
        parts = (kind, told, before, opening.old[:_OLD], behind)
        return [token for part in parts for token in part], [i for i, part in enumerate(parts) for _ in part]

    def neighbours(self, site: Site) -> tuple[list[str], str]:
        """The two tokens before a site, and the one behind it."""
        tokens = self.around.tokens
        first, last = self.around.number(site.start), self.around.number(site.end)
        return [token.text for token in tokens[max(first - 2, 0) : first]], tokens[last].text if last < len(
            tokens
        ) else ""


def action_token(site: Site) -> str:
    """The token that stands for a site's action, where writing begins."""
    return f"<{site.action}>"


def after_tokens(situation: Situation, opening: Opening, written: tuple[str, ...]) -> Reals:
    """For each prefix of what is written, empty first, how the lexicon's tokens stand after it, `(T, V, AFTER)`."""
    return situation.lexicon.after(opening, *(written[:i] for i in range(len(written) + 1)))
