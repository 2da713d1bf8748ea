"""Sites as numbers: what the network reads of each place where an edit may be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from kent_agent.decoder.arrays import Numbers, Reals
from kent_agent.decoder.surroundings import OVERLAPS, Surroundings
from kent_agent.source.grammar import Action, Site

ACTIONS = tuple(Action)
BUCKETS = 96  # of names of node types and fields: there are some hundred, and few collide
CATEGORIES = 5  # a site's action, and the buckets of its node, parent, field and statement
SITE_MEASURES = 22


@dataclass(frozen=True)
class SiteTable:
    """n sites.

    Attributes:
        categories: rows of an embedding table, `(n, CATEGORIES)`: actions first, then BUCKETS for each other category.
        measures: `(n, SITE_MEASURES)`.
    """

    categories: Numbers
    measures: Reals

    def chosen(self, numbers: Numbers) -> "SiteTable":
        """The table of some of the sites."""
        return SiteTable(self.categories[numbers], self.measures[numbers])


def describe_sites(around: Surroundings, sites: Sequence[Site], starts: Sequence[int]) -> SiteTable:
    """The sites of a function as the network reads them.

    Args:
        around: the function.
        sites: in it.
        starts: offsets of the file's lines, as the parser counts them.
    """
    number = {action: i for i, action in enumerate(ACTIONS)}
    rows = [(number[site.action], *_buckets(site.node, site.parent, site.field, site.statement)) for site in sites]
    return SiteTable(
        np.array(rows, dtype=np.int64).reshape(-1, CATEGORIES), _measures(around, sites, [*starts, len(around.text)])
    )


def _buckets(*names: str) -> list[int]:
    return [len(ACTIONS) + i * BUCKETS + crc32(name.encode()) % BUCKETS for i, name in enumerate(names)]


def _measures(around: Surroundings, sites: Sequence[Site], lines: Sequence[int]) -> Reals:
    if not sites:
        return np.zeros((0, SITE_MEASURES), dtype=np.float32)
    node, hole, line = (
        np.array([(around.number(start), around.number(end)) for start, end in spans])
        for spans in (
            [site.anchor for site in sites],
            [(site.start, site.end) for site in sites],
            [(lines[site.first_line - 1], lines[site.last_line]) for site in sites],
        )
    )
    first, last = around.first, max(around.last, around.first + 1)
    columns = [
        *_said(around, node).T,
        *_said(around, line).T,
        *_hole(around, hole).T,
        np.log1p(node[:, 1] - node[:, 0]) / 3,
        np.log1p(line[:, 1] - line[:, 0]) / 4,
        (line[:, 0] - first) / (last - first),
        np.full(len(sites), np.log1p(last - first) / 6),
        np.array([min(site.index, 8) / 8 for site in sites]),
        np.array([site.index < 0 for site in sites]),
        np.log1p([_indent(around.text, lines[site.first_line - 1]) for site in sites]) / 3,
        _foremost(around, line),
    ]
    measures: Reals = np.stack(columns, axis=1).astype(np.float32)
    return measures


def _said(around: Surroundings, spans: Numbers) -> Reals:
    """What runs of tokens have in common with the issue, and their mean surprisal, `(n, OVERLAPS + 1)`."""
    sums = around.summed(spans[:, 0], spans[:, 1])
    bits = sums[:, OVERLAPS] / np.maximum(spans[:, 1] - spans[:, 0], 1)
    said: Reals = np.concatenate([np.log1p(np.maximum(sums[:, :OVERLAPS], 0)), bits[:, None] / 8], axis=1)
    return said


def _hole(around: Surroundings, holes: Numbers) -> Reals:
    """Of what is replaced: whether it is one token or none, and how often that one stands around, `(n, 4)`."""
    rows = np.zeros((len(holes), 4), dtype=np.float32)
    for row, (start, end) in zip(rows, holes.tolist(), strict=True):
        row[0], row[1] = end - start == 1, end == start
        if end - start == 1:
            token = around.tokens[start].text
            row[2], row[3] = np.log1p(around.in_function[token]) / 2, np.log1p(around.in_file[token]) / 4
    return rows


def _foremost(around: Surroundings, spans: Numbers) -> Reals:
    """What each statement has in common with the issue, as a share of the most that any has."""
    said = around.summed(spans[:, 0], spans[:, 1])[:, :OVERLAPS].sum(axis=1)
    share: Reals = said / max(float(said.max()), 1e-6)
    return share


def _indent(text: str, start: int) -> int:
    end = start
    while end < len(text) and text[end] in " \t":
        end += 1
    return end - start
