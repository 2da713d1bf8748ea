"""Fault localization by execution: places weighed by what a failing check runs and where it crashes."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from kent_agent.accumulator import ConstraintAccumulator
from kent_agent.execution.client import Outcome
from kent_agent.locator import Localization
from kent_agent.resonator import Factorization
from kent_agent.source.symbols import Symbol, bodies, innermost, symbols

_BELIEF = 0.7  # exponent of what the text makes of a place
_LEAST = 1e-3  # belief in a place that the text does not speak of
_NOT_RUN = 2.0  # nats that a place loses whose lines are not run
_CRASHED, _DECAY = 2.0, 0.7  # nats of the frame where it crashed, and what is left of them a frame further out
_LINE_NOT_RUN = 4.0  # nats that an edit loses where no line around it is run: it could not change what a check does

Key = tuple[str, str]
"""A file and a qualified name in it."""


@dataclass(frozen=True)
class Trace:
    """What failing checks did at the base commit.

    Attributes:
        run: functions of which they ran a line below the header.
        near: how near to a crash a function or a line of a file was, 0 for that which crashed.
        lines: of files, that they ran.
        bodies: of files, the first line of each function -> the first one below its header.
    """

    run: Mapping[Key, Symbol]
    near: Mapping[tuple[str, str | int], int]
    lines: Mapping[str, set[int]]
    bodies: Mapping[str, Mapping[int, int]]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], read_text: Callable[[str], str | None]) -> Self:
        """The trace of some checks.

        Args:
            outcomes: of the checks at the base commit, with the lines that they ran.
            read_text: the text of a file of the repository.
        """
        lines: defaultdict[str, set[int]] = defaultdict(set)
        for outcome in outcomes:
            for path, executed in outcome.lines.items():
                lines[path].update(executed)
        texts = {path: read_text(path) or "" for path in sorted(lines)}
        found = {path: symbols(text) for path, text in texts.items()}
        below = {path: bodies(text) for path, text in texts.items()}
        run: dict[Key, Symbol] = {}
        for path in texts:
            for line in sorted(lines[path]):
                symbol = innermost(found[path], line)
                if symbol.kind == "function" and line >= below[path][symbol.start]:
                    run[path, symbol.name] = symbol
        near: dict[tuple[str, str | int], int] = {}
        for outcome in outcomes:
            for out, frame in enumerate(reversed(outcome.frames)):
                if frame.path in found:
                    for part in (innermost(found[frame.path], frame.line).name, frame.line):
                        near[frame.path, part] = min(out, near.get((frame.path, part), out))
        return cls(run, near, dict(lines), below)

    def of_lines(self, place: Factorization, lines: range) -> float:
        """What to add to the natural logarithm of the probability that some lines of a place are edited.

        Nothing is known of functions that were not run, of headers, and outside of functions. Chosen by the sites of
        69 planted bugs' repairs: their natural logarithms of probability rise by 0.64 on average.
        """
        body = self.bodies.get(place.file, {}).get(place.location.start, math.inf)
        if (place.file, place.location.name) not in self.run or lines.start < body:
            return 0.0
        near = max(self._of_frame(place.file, line) for line in lines)
        return near - (_LINE_NOT_RUN if self.lines[place.file].isdisjoint(lines) else 0.0)

    def of_place(self, key: Key, belief: float) -> float:
        """The natural logarithm of what to believe of a place, but for a constant, by the text and by what was run."""
        text = _BELIEF * math.log(max(belief, _LEAST))
        return text + self._of_frame(*key) - (0.0 if key in self.run else _NOT_RUN)

    def _of_frame(self, path: str, part: str | int) -> float:
        out = self.near.get((path, part))
        return 0.0 if out is None else _CRASHED * _DECAY**out


def traced_places(
    located: Localization, trace: Trace, k: int, failed: ConstraintAccumulator | None = None
) -> list[Factorization]:
    """The k likeliest places by the issue's text and by what failing checks ran; by the text alone if nothing ran.

    Args:
        located: by the text.
        trace: of the checks.
        failed: what failed in places that the observation does not hold, so that it could not be taken out of that.
    """
    if not trace.run or located.beliefs is None or not located.factorizations:
        return list(located.factorizations[:k])
    beliefs = {(place.path, place.symbol.name): (belief, place.symbol) for place, belief in located.beliefs.places}
    known = {key: symbol for key, (_, symbol) in beliefs.items()} | dict(trace.run)
    nats = {key: trace.of_place(key, beliefs[key][0] if key in beliefs else 0.0) for key in known}
    if failed:
        nats |= {key: nats[key] + failed.bias_of_place(key[0], known[key]) for key in known.keys() - beliefs.keys()}
    total = sum(math.exp(value) for value in nats.values())
    best = sorted(known, key=lambda key: (-nats[key], key))[:k]
    return [_factorization(located, key, known[key], math.exp(nats[key]) / total) for key in best]


def _factorization(located: Localization, key: Key, symbol: Symbol, share: float) -> Factorization:
    likeliest = located.factorizations[0]
    files = located.beliefs.files if located.beliefs else {}
    confidences = {**likeliest.confidences, "FILE": files.get(key[0], 0.0), "LOCATION": share}
    together = math.prod(confidences.values()) ** (1 / len(confidences))
    return Factorization(key[0], likeliest.operation, symbol, together, confidences, share, likeliest.converged)
