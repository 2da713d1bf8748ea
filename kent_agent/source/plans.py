"""Sequences of edits with what they cost, and the cheapest one from one list to another."""

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from kent_agent.source.grammar import MAX_TOKENS, Edit, Site

EDIT_COST = 10  # in tokens: about what telling the place and the action of one more edit takes
_MOST = 10  # items between equal ones that are aligned; more are rarely three edits


class Plan(NamedTuple):
    """Edits in the order of their sites, and what they cost in tokens."""

    cost: int
    edits: tuple[Edit, ...]


NOTHING = Plan(0, ())


def plan_of(site: Site | None, tokens: tuple[str, ...] = ()) -> Plan | None:
    """The plan of one edit; None where it has no site or too many tokens."""
    if site is None or len(tokens) > MAX_TOKENS:
        return None
    return Plan(EDIT_COST + len(tokens), (Edit(site, tokens),))


def cheapest(plans: Iterable[Plan | None]) -> Plan | None:
    """The plan that costs least, the first of those that tie; None where there is none."""
    return min((plan for plan in plans if plan is not None), key=lambda plan: plan.cost, default=None)


def joined(most: int, plans: Iterable[Plan | None]) -> Plan | None:
    """Plans one after the other; None, and no look at the rest, where one is missing or they have too many edits."""
    edits: list[Edit] = []
    cost = 0
    for plan in plans:
        if plan is None or len(edits) + len(plan.edits) > most:
            return None
        cost += plan.cost
        edits += plan.edits
    return Plan(cost, tuple(edits))


def common_ends(ours: int, theirs: int, alike: Callable[[int, int], bool]) -> tuple[int, int]:
    """How many items two lists have in common at their starts, and then at their ends."""
    shortest = min(ours, theirs)
    head = next((i for i in range(shortest) if not alike(i, i)), shortest)
    rest = shortest - head
    return head, next((i for i in range(rest) if not alike(ours - 1 - i, theirs - 1 - i)), rest)


def gaps(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Ranges `ours[a:b]`, `theirs[c:d]` between equal items."""
    head, tail = common_ends(len(ours), len(theirs), lambda i, j: ours[i] == theirs[j])
    matcher = SequenceMatcher(None, ours[head : len(ours) - tail], theirs[head : len(theirs) - tail], autojunk=False)
    return [(a + head, b + head, c + head, d + head) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


class Steps(NamedTuple):
    """How one list becomes another, by the numbers of their items.

    Attributes:
        changed: an item of ours into one of theirs.
        deleted: an item of ours, gone.
        inserted: an item of theirs, come before one of ours.
        further: other ways on from two items, each with the items that it leads to.
    """

    changed: Callable[[int, int], Plan | None]
    deleted: Callable[[int], Plan | None]
    inserted: Callable[[int, int], Plan | None]
    further: Callable[[int, int], Iterable[tuple[int, int, Plan | None]]] = lambda i, j: ()


def aligned(steps: Steps, most: int, ours: tuple[int, int], theirs: tuple[int, int]) -> Plan | None:
    """The cheapest way from a range of one list to a range of another; None where it has too many edits."""
    (a, b), (c, d) = ours, theirs
    if max(b - a, d - c) > _MOST or (a == b and d - c > most) or (c == d and b - a > most):
        return None
    best: dict[tuple[int, int], Plan | None] = {(b, d): NOTHING}
    for i in range(b, a - 1, -1):
        for j in range(d, c - 1, -1):
            if (i, j) != (b, d):
                best[i, j] = cheapest(_ways(steps, most, best, i, j))
    return best[a, c]


def _ways(steps: Steps, most: int, best: dict[tuple[int, int], Plan | None], i: int, j: int) -> Iterable[Plan | None]:
    """The plans on from two items, given the best ones from those behind them; each is made only where it leads on."""
    rest = best.get((i + 1, j + 1))
    if rest is not None:
        yield joined(most, (steps.changed(i, j), rest))
    yield from (joined(most, (plan, best.get((k, m)))) for k, m, plan in steps.further(i, j))
    rest = best.get((i + 1, j))
    if rest is not None:
        yield joined(most, (steps.deleted(i), rest))
    rest = best.get((i, j + 1))
    if rest is not None:
        yield joined(most, (steps.inserted(i, j), rest))
