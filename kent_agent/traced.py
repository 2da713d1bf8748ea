"""Fault localization by execution: places weighed by what a failing check runs and where it crashes."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kent_agent.accumulator import ConstraintAccumulator
from kent_agent.execution.client import Outcome
from kent_agent.locator import Localization
from kent_agent.resonator import Factorization
from kent_agent.source.symbols import Symbol, innermost, symbols

_BELIEF = 0.7  # exponent of what the text makes of a place
_LEAST = 1e-3  # belief in a place that the text does not speak of
_NOT_RUN = 2.0  # nats that a place loses whose lines are not run
_CRASHED, _DECAY = 2.0, 0.7  # nats of the frame where it crashed, and what is left of them a frame further out
_LINE_NOT_RUN = 4.0  # nats that an edit loses where no line around it is run: it could not change what a check does

Key = tuple[str, str]
"""A file and a qualified name in it."""

LineEvidence = Callable[[Factorization, range], float]
"""What to add to the natural logarithm of the probability that some lines of a place are edited."""


@dataclass(frozen=True)
class _Traced:
    """What failing checks did: functions that they ran, and how near to the crash each was, 0 nearest."""

    run: Mapping[Key, Symbol]
    frames: Mapping[Key, int]


def traced_places(
    located: Localization,
    outcomes: Sequence[Outcome],
    read_text: Callable[[str], str | None],
    k: int,
    failed: ConstraintAccumulator | None = None,
) -> list[Factorization]:
    """The k likeliest places by the issue's text and by what failing checks ran; by the text alone if nothing ran.

    Args:
        located: by the text.
        outcomes: of the checks at the base commit, with the lines that they ran.
        read_text: the text of a file of the repository.
        failed: what failed in places that the observation does not hold, so that it could not be taken out of that.
    """
    traced = _traced(outcomes, read_text)
    if not traced.run or located.beliefs is None or not located.factorizations:
        return list(located.factorizations[:k])
    beliefs = {(place.path, place.symbol.name): (belief, place.symbol) for place, belief in located.beliefs.places}
    known = {key: symbol for key, (_, symbol) in beliefs.items()} | dict(traced.run)
    nats = {key: _nats(key, beliefs[key][0] if key in beliefs else 0.0, traced) for key in known}
    if failed:
        nats |= {key: nats[key] + failed.bias_of_place(key[0], known[key]) for key in known.keys() - beliefs.keys()}
    total = sum(math.exp(value) for value in nats.values())
    best = sorted(known, key=lambda key: (-nats[key], key))[:k]
    return [_factorization(located, key, known[key], math.exp(nats[key]) / total) for key in best]


def traced_lines(outcomes: Sequence[Outcome]) -> LineEvidence:
    """What failing checks say of lines inside of a function: those that are run, and those that their frames stand at.

    Chosen by the sites of 69 planted bugs' repairs: their natural logarithms of probability rise by 0.64 on average.

    Args:
        outcomes: of the checks at the base commit, with the lines that they ran.
    """
    run = _lines_run(outcomes)
    crashed: dict[tuple[str, int], float] = {}
    for outcome in outcomes:
        for out, frame in enumerate(reversed(outcome.frames)):
            crashed[frame.path, frame.line] = max(crashed.get((frame.path, frame.line), 0.0), _CRASHED * _DECAY**out)

    def nats(found: Factorization, lines: range) -> float:
        if found.location.kind != "function" or lines.start <= found.location.start:  # a header runs on import
            return 0.0
        near = max(crashed.get((found.file, line), 0.0) for line in lines)
        return near - (_LINE_NOT_RUN if run.get(found.file, set()).isdisjoint(lines) else 0.0)

    return nats


def _nats(key: Key, belief: float, traced: _Traced) -> float:
    near = _CRASHED * _DECAY ** traced.frames[key] if key in traced.frames else 0.0
    return _BELIEF * math.log(max(belief, _LEAST)) + near - (0.0 if key in traced.run else _NOT_RUN)


def _traced(outcomes: Sequence[Outcome], read_text: Callable[[str], str | None]) -> _Traced:
    lines = _lines_run(outcomes)
    found = {path: symbols(read_text(path) or "") for path in sorted(lines)}
    run: dict[Key, Symbol] = {}
    for path, numbers in lines.items():
        for line in sorted(numbers):
            symbol = innermost(found[path], line)
            if symbol.kind == "function" and line > symbol.start:  # a `def` line runs on import
                run[path, symbol.name] = symbol
    frames: dict[Key, int] = {}
    for outcome in outcomes:
        for out, frame in enumerate(reversed(outcome.frames)):
            if frame.path in found:
                key = frame.path, innermost(found[frame.path], frame.line).name
                frames[key] = min(out, frames.get(key, out))
    return _Traced(run, frames)


def _lines_run(outcomes: Sequence[Outcome]) -> Mapping[str, set[int]]:
    lines: defaultdict[str, set[int]] = defaultdict(set)
    for outcome in outcomes:
        for path, executed in outcome.lines.items():
            lines[path].update(executed)
    return dict(lines)


def _factorization(located: Localization, key: Key, symbol: Symbol, share: float) -> Factorization:
    likeliest = located.factorizations[0]
    files = located.beliefs.files if located.beliefs else {}
    confidences = {**likeliest.confidences, "FILE": files.get(key[0], 0.0), "LOCATION": share}
    together = math.prod(confidences.values()) ** (1 / len(confidences))
    return Factorization(key[0], likeliest.operation, symbol, together, confidences, likeliest.converged)
