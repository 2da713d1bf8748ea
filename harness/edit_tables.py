"""The figures of a measurement of edits, and how they are printed."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from harness.metrics import accuracy, paired_bootstrap
from kent_agent.progress import say

if TYPE_CHECKING:
    from harness.edit_cases import Population
    from harness.edits import Decoded, Measurement

CUTS = (1, 10, 100, 1000)
LEAST_REPOSITORIES = 8
_RESAMPLES = 2000

Bits = Sequence[float | None]
"""Of each gold edit; None where it cannot be written, which is more than any number."""


def summarise_edits(
    measured: Sequence["Measurement"], saw: Collection[str], population: "Population | None"
) -> dict[str, Any]:
    """The whole measurement as JSON-ready figures: shares in percent, seconds in seconds.

    Args:
        saw: the repositories that the decoder learned from.
        population: what the measured fixes were drawn from.
    """
    cases = [each for each in measured if each.decoded]
    repos = sorted({each.repo for each in measured})
    said = [each.decoded["said"] for each in cases]
    summary: dict[str, Any] = {
        "n": len(cases),
        **figures(said),
        "ci": intervals(said),
        "baselines": {name: _priced([each.baselines[name] for each in cases]) for name in ("uniform", "ngram")},
        **costs(said),
        "withheld": _with_intervals([each.decoded["withheld"] for each in cases]),
        "all": of_all(measured),
        "in_sample": [repo for repo in repos if repo in saw],
        "repositories": _by(measured, attrgetter("repo")),
        "actions": _by(cases, attrgetter("action")),
        "instances": [asdict(each) for each in measured],
    }
    if population:
        summary["population"] = _population(population)
    if any(each.oracle is not None for each in measured):
        summary["oracle"] = {"n": len(measured), "found": sum(bool(each.oracle) for each in measured)}
    variants = [name for name in (cases[0].decoded if cases else ()) if name not in ("said", "withheld")]
    if variants:
        summary["ablation"] = {name: _ablated(said, [each.decoded[name] for each in cases]) for name in variants}
    return summary


def figures(decoded: Sequence["Decoded"]) -> dict[str, Any]:
    """Reachable share, exact matches and bits."""
    return {
        "reachable": _percent([each.bits is not None for each in decoded]),
        "exact": exact([each.rank for each in decoded]),
        "exact_texts_aside": exact([each.rank_texts_aside for each in decoded]),
        "bits_median": median([each.bits for each in decoded]),
    }


def exact(ranks: Sequence[int]) -> dict[str, float]:
    """Percent of gold edits among the first k."""
    return accuracy([[rank] for rank in ranks], CUTS)["all"]


def median(bits: Bits) -> float | None:
    """The median; None where it is one that cannot be written, or of nothing."""
    return _finite(float(np.median(_numbers(bits)))) if bits else None


def intervals(decoded: Sequence["Decoded"]) -> dict[str, Any]:
    """95 % intervals of the exact matches and the median bits, resampling gold edits (Efron 1979)."""
    return {
        "exact": exact_intervals([each.rank for each in decoded]),
        "exact_texts_aside": exact_intervals([each.rank_texts_aside for each in decoded]),
        "bits_median": median_interval([each.bits for each in decoded]),
    }


def exact_intervals(ranks: Sequence[int]) -> dict[str, list[float]]:
    """For each k the interval of the percent of gold edits among the first k."""
    nothing = [0.0] * len(ranks)
    return {str(k): list(paired_bootstrap([0 < r <= k for r in ranks], nothing)) for k in CUTS} if ranks else {}


def median_interval(bits: Bits) -> list[float | None]:
    """The interval of the median; None for a bound that cannot be written."""
    if not bits:
        return [None, None]
    picks = np.random.default_rng(0).integers(0, len(bits), (_RESAMPLES, len(bits)))
    medians = np.sort(np.median(_numbers(bits)[picks], axis=1))
    return [_finite(float(medians[round(share * (_RESAMPLES - 1))])) for share in (0.025, 0.975)]


def costs(decoded: Sequence["Decoded"]) -> dict[str, Any]:
    """Candidates a second and seconds a situation, the medians so that cold starts do not tell; what parses."""
    rates = [each.proposals / each.seconds for each in decoded if each.seconds]
    seconds = [each.seconds for each in decoded]
    return {
        "candidates_per_second": round(float(np.median(rates))) if rates else 0,
        "proposals_median": int(np.median([each.proposals for each in decoded])) if decoded else 0,
        "seconds": {f"p{share}": round(float(np.percentile(seconds, share)), 3) for share in (50, 95) if seconds},
        "parses": _percent_of(sum(each.parsed for each in decoded), sum(each.checked for each in decoded)),
    }


def of_all(measured: Sequence["Measurement"]) -> dict[str, Any]:
    """Figures of all changes, those among them that are no single edit counting as not found."""
    ranks = [each.decoded["said"].rank if each.decoded else 0 for each in measured]
    aside = [each.decoded["said"].rank_texts_aside if each.decoded else 0 for each in measured]
    withheld = [each.decoded["withheld"].rank if each.decoded else 0 for each in measured]
    return {
        "n": len(measured),
        "one_edit": _percent([bool(each.decoded) for each in measured]),
        "up_to_three": _percent([each.edits > 0 for each in measured]),
        "exact": exact(ranks),
        "exact_texts_aside": exact(aside),
        "ci": {"exact": exact_intervals(ranks)},
        "withheld": {"exact": exact(withheld), "ci": {"exact": exact_intervals(withheld)}},
    }


def _with_intervals(decoded: Sequence["Decoded"]) -> dict[str, Any]:
    return {**figures(decoded), "ci": intervals(decoded)}


def _priced(bits: Bits) -> dict[str, Any]:
    return {
        "bits_median": median(bits),
        "reachable": _percent([each is not None for each in bits]),
        "ci": {"bits_median": median_interval(bits)},
    }


def _by(measured: Sequence["Measurement"], key: Callable[["Measurement"], str]) -> dict[str, Any]:
    """Figures of the changes that have each value of a key."""
    found = {}
    for value in sorted({key(each) for each in measured}):
        some = [each for each in measured if key(each) == value]
        cases = [each.decoded["said"] for each in some if each.decoded]
        found[value] = {"all": len(some), "n": len(cases), **figures(cases)}
    return found


def _population(population: "Population") -> dict[str, Any]:
    counts = population.fixes, population.one_edit, population.up_to_three
    total = counts[0].total()
    return {
        "n": total,
        "one_edit": _percent_of(counts[1].total(), total),
        "up_to_three": _percent_of(counts[2].total(), total),
        "repositories": {repo: [count[repo] for count in counts] for repo in sorted(population.fixes)},
    }


def _ablated(whole: Sequence["Decoded"], without: Sequence["Decoded"]) -> dict[str, Any]:
    """Figures without something, and what that is worth: the interval of the points of exact@100."""
    with_it, without_it = ([0 < each.rank <= 100 for each in some] for some in (whole, without))
    return {**figures(without), "worth_95": list(paired_bootstrap(with_it, without_it))}


def _numbers(bits: Bits) -> np.ndarray:
    return np.array([math.inf if each is None else each for each in bits])


def _finite(number: float) -> float | None:
    return round(number, 2) if math.isfinite(number) else None


def _percent(held: Sequence[bool]) -> float:
    return _percent_of(sum(held), len(held))


def _percent_of(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def show_edits(console: Console, summary: Mapping[str, Any]) -> None:
    """Prints the figures, and what they were measured on."""
    if summary["in_sample"]:
        say(console, f"IN-SAMPLE: the decoder learned from {', '.join(summary['in_sample'])}; these are no results.")
    _show_population(console, summary)
    table = _table()
    bits = summary["ci"]["bits_median"]
    table.add_row("one edit", *_cells(summary, summary["n"], summary["ci"]["exact"], bits))
    aside = {**summary, "exact": summary["exact_texts_aside"]}
    table.add_row("exception texts aside", *_cells(aside, summary["n"], summary["ci"]["exact_texts_aside"], bits))
    withheld = summary["withheld"]
    table.add_row(
        "message withheld", *_cells(withheld, summary["n"], withheld["ci"]["exact"], withheld["ci"]["bits_median"])
    )
    everything = summary["all"]
    table.add_row("all changes", *_cells(everything, everything["n"], everything["ci"]["exact"]))
    silent = everything["withheld"]
    table.add_row("all changes, message withheld", *_cells(silent, everything["n"], silent["ci"]["exact"]))
    for name, found in summary["baselines"].items():
        table.add_row(f"{name} prior" if name == "uniform" else f"cache {name}", *_priced_cells(found, summary["n"]))
    for title in ("repositories", "actions"):
        for name, found in summary[title].items():
            table.add_row(name, *_cells(found, found["n"]))
    console.print(table)
    _show_costs(console, summary)
    if "ablation" in summary:
        _show_ablation(console, summary)


def _show_population(console: Console, summary: Mapping[str, Any]) -> None:
    found = summary.get("population")
    if found:
        say(
            console,
            f"{found['n']} held-out fixes of one hunk of at most three lines, in {len(found['repositories'])} "
            f"repositories: {found['one_edit']} % are one edit, {found['up_to_three']} % up to three",
        )
        if len(found["repositories"]) < LEAST_REPOSITORIES:
            say(console, f"fewer than {LEAST_REPOSITORIES} repositories: too few to tell of others")
    everything = summary["all"]
    say(
        console,
        f"measured: {everything['n']} changes, of which {everything['one_edit']} % are one edit "
        f"and {everything['up_to_three']} % up to three; given: the {summary['given']}",
    )


def _show_costs(console: Console, summary: Mapping[str, Any]) -> None:
    say(console, "percent of gold edits among the first k proposals, and 95 % intervals; bits: the median")
    seconds = ", ".join(f"{name} {value}" for name, value in summary["seconds"].items())
    work = f"{summary['proposals_median']} proposals, one thread, {summary['workers']} at once"
    say(console, f"{summary['candidates_per_second']} candidates a second; seconds a situation: {seconds} ({work})")
    say(console, f"{summary['parses']} % of those parsed anew are Python")
    if "oracle" in summary:
        found = summary["oracle"]
        say(console, f"oracle: {found['found']} of {found['n']} gold patches among the agent's first candidates")


def _show_ablation(console: Console, summary: Mapping[str, Any]) -> None:
    table = _table("worth @100")
    table.add_row("all", *_cells(summary, summary["n"]), "")
    for name, found in summary["ablation"].items():
        low, high = found["worth_95"]
        table.add_row(f"without {name}", *_cells(found, summary["n"]), f"{low:+} to {high:+}")
    console.print(table)


def _table(*further: str) -> Table:
    return Table("", "n", "reachable", *(f"exact @{k}" for k in CUTS), "bits", *further, box=None)


def _cells(
    found: Mapping[str, Any],
    n: int,
    ci: Mapping[str, Sequence[float]] | None = None,
    bits: Sequence[float | None] | None = None,
) -> list[str]:
    cells = [str(n), str(found.get("reachable", ""))]
    for k, share in found["exact"].items():
        low, high = (ci or {}).get(k, (None, None))
        cells.append(f"{share}" if low is None else f"{share} ({low}-{high})")
    if "bits_median" not in found:
        return [*cells, ""]
    told = _told(found["bits_median"])
    return [*cells, f"{told} ({_told(bits[0])}-{_told(bits[1])})" if bits else told]


def _priced_cells(found: Mapping[str, Any], n: int) -> list[str]:
    low, high = found["ci"]["bits_median"]
    bits = f"{_told(found['bits_median'])} ({_told(low)}-{_told(high)})"
    return [str(n), str(found["reachable"]), *("" for _ in CUTS), bits]


def _told(bits: float | None) -> str:
    return "-" if bits is None else str(bits)
