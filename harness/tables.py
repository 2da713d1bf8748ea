"""The figures of a localization measurement, and how they are printed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from harness.metrics import accuracy, expected_calibration_error, mean_reciprocal_rank, paired_bootstrap, reliability
from kent_agent.progress import say

if TYPE_CHECKING:
    from harness.localization import Measurement

FILE_CUTS = (1, 3, 5, 10)
FUNCTION_CUTS = (1, 5, 10)

Accuracies = dict[str, dict[str, float]]


def summarise(measured: Sequence["Measurement"], excluded: int) -> dict[str, Any]:
    """The whole measurement as JSON-ready figures: accuracies in percent, seconds in seconds."""
    names = list(measured[0].baselines)
    return {
        "n": len(measured),
        "excluded": excluded,
        "in_sample": sorted({each.repo for each in measured if each.in_sample}),
        **accuracies([each.files for each in measured], [each.functions for each in measured]),
        "mrr": mean_reciprocal_rank([each.files for each in measured]),
        "operation": operation_accuracy(measured),
        "baselines": {name: _baseline(measured, name) for name in names},
        "difference_95": {name: _differences(measured, name) for name in names},
        "calibration": {slot: _calibration(measured, slot) for slot in measured[0].beliefs},
        "repositories": {repo: _figures(group) for repo, group in _by_repo(measured).items()},
        "latency": {
            f"{kind}_p{share}": round(float(np.percentile([getattr(each, kind) for each in measured], share)), 3)
            for kind in ("cold", "warm")
            for share in (50, 95)
        },
        "index_bytes": {
            "p50": int(np.median([each.index_bytes for each in measured])),
            "max": max(each.index_bytes for each in measured),
        },
        "peak_rss_mb": max(each.peak_rss_mb for each in measured),
        "instances": [asdict(each) for each in measured],
    }


def accuracies(files: Sequence[Sequence[int]], functions: Sequence[Sequence[int]]) -> dict[str, Accuracies]:
    """Percent of instances with all, and with any, of their gold among the first k; of those that have such gold."""
    return {"file": accuracy(files, FILE_CUTS), "function": accuracy([f for f in functions if f], FUNCTION_CUTS)}


def operation_accuracy(measured: Iterable["Measurement"]) -> dict[str, float]:
    """Percent of instances whose first answer names the operation of the gold patch, and of the commonest operation."""
    pairs = [each.operation for each in measured if each.operation[0]]
    if not pairs:
        return {"1": 0.0, "commonest": 0.0}
    golds = [gold for gold, _ in pairs]
    commonest = max(golds.count(gold) for gold in set(golds))
    right = sum(gold == named for gold, named in pairs)
    return {"1": round(100 * right / len(pairs), 1), "commonest": round(100 * commonest / len(pairs), 1)}


def _figures(measured: Sequence["Measurement"]) -> dict[str, Any]:
    found = accuracies([each.files for each in measured], [each.functions for each in measured])
    return {"n": len(measured), **found, "operation": operation_accuracy(measured)}


def _baseline(measured: Sequence["Measurement"], name: str) -> dict[str, Any]:
    ranks = [each.baselines[name] for each in measured]
    files = [rank["files"] for rank in ranks]
    return {**accuracies(files, [rank["functions"] for rank in ranks]), "mrr": mean_reciprocal_rank(files)}


def _differences(measured: Sequence["Measurement"], name: str) -> dict[str, Any]:
    """95 % intervals of the locator's accuracy less a baseline's."""
    cuts = {"files": ("file", FILE_CUTS), "functions": ("function", FUNCTION_CUTS)}
    found: dict[str, Any] = {}
    for key, (title, ks) in cuts.items():
        kept = [each for each in measured if getattr(each, key)]
        for quantity, test in (("all", all), ("any", any)):
            for k in ks:
                ours = [test(0 < r <= k for r in getattr(each, key)) for each in kept]
                theirs = [test(0 < r <= k for r in each.baselines[name][key]) for each in kept]
                found.setdefault(title, {}).setdefault(quantity, {})[str(k)] = list(paired_bootstrap(ours, theirs))
    return found


def _calibration(measured: Sequence["Measurement"], slot: str) -> dict[str, Any]:
    confidences = [each.beliefs[slot][0] for each in measured]
    hits = [each.beliefs[slot][1] for each in measured]
    return {
        "expected_calibration_error": round(expected_calibration_error(confidences, hits), 4),
        "reliability": [list(each) for each in reliability(confidences, hits)],
    }


def _by_repo(measured: Sequence["Measurement"]) -> dict[str, list["Measurement"]]:
    return {repo: [each for each in measured if each.repo == repo] for repo in sorted({each.repo for each in measured})}


def show_summary(console: Console, measured: Sequence["Measurement"], summary: Mapping[str, Any]) -> None:
    """Prints the accuracies of the locator and the baselines, of all instances and by repository, and the costs."""
    if summary["in_sample"]:
        say(console, f"IN-SAMPLE: the weights were fitted to {', '.join(summary['in_sample'])}; these are no results.")
    table = _table("n", "operation @1")
    for name, figures in {"all": summary, **summary["repositories"]}.items():
        table.add_row(name, *_cells(figures), str(figures["n"]), str(figures["operation"]["1"]))
    for name, figures in summary["baselines"].items():
        table.add_row(f"{name}, all", *_cells(figures), str(summary["n"]), "")
    console.print(table)
    say(console, f"percent of instances: all gold places / any gold place; {summary['excluded']} without gold excluded")
    for name, found in summary["difference_95"].items():
        for title in ("file", "function"):
            told = ", ".join(f"@{k} {low:+} to {high:+}" for k, (low, high) in found[title]["all"].items())
            say(console, f"locator less {name}, {title}, all gold, 95 % interval: {told}")
    say(console, f"file MRR {summary['mrr']}; commonest operation {summary['operation']['commonest']} %")
    for slot, found in summary["calibration"].items():
        told = ", ".join(f"{said:.2f}: {right:.2f} ({n})" for said, right, n in found["reliability"] if n)
        say(console, f"{slot} calibration error {found['expected_calibration_error']:.3f}; said: right (n): {told}")
    seconds = ", ".join(f"{name} {value}" for name, value in summary["latency"].items())
    index = summary["index_bytes"]
    say(console, f"seconds: {seconds}; index bytes p50 {index['p50']:,}, max {index['max']:,}")
    say(console, f"peak memory {summary['peak_rss_mb']} MB")


def show_ablation(console: Console, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints the accuracies of each variant, fitted and measured alike."""
    table = _table()
    for name, figures in rows.items():
        table.add_row(name, *_cells(figures))
    console.print(table)
    say(console, "every row is fitted on this split alone, leaving one repository out")


def _table(*further: str) -> Table:
    cuts = (*(f"file @{k}" for k in FILE_CUTS), *(f"function @{k}" for k in FUNCTION_CUTS))
    return Table("", *cuts, *further, box=None)


def _cells(figures: Mapping[str, Any]) -> list[str]:
    cells = []
    for title, cuts in (("file", FILE_CUTS), ("function", FUNCTION_CUTS)):
        found = figures[title]
        cells += [f"{found['all'][str(k)]} / {found['any'][str(k)]}" for k in cuts]
    return cells
