"""Repair of bugs planted in released packages: python benchmarks/planted.py --cache DIR -o OUT.json [--most N].

The packages (harness/planted/releases.json) are small, and neither trained on nor of SWE-bench. A mined bug undoes one
change between two releases: a single edit of the grammar that the newer release's tests notice, as they notice the
older release. An inverse bug inverts an edit of the grammar where tests run. The issue shows one failing test as a
script; tests that fail are taken out of what the agent sees. It answers twice, with and without execution, and all
tests of the release judge what it wrote. Beside OUT.json lie OUT.bugs.jsonl and OUT.rows.jsonl, from which a run that
was killed goes on.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from harness.builder import ImageBuilder
from harness.daemon import connect
from harness.images import DEMO_BASE_IMAGE
from harness.metrics import share_interval
from harness.planted.judging import Judge, attempt
from harness.planted.planting import INVERSE, MINED, Bug, Planter, changes_since
from harness.planted.releases import Release, Tree, commit, releases
from harness.planted.workshop import Workshop
from kent_agent.agent import AgentOptions, KentAgent
from kent_agent.durable import JsonLines, write_atomically
from kent_agent.errors import KentError

ARMS = {"without": "none", "with": "docker"}


@dataclass(frozen=True)
class Draw:
    """How bugs are drawn: the seed, and how many of each source a package has at most."""

    seed: int
    mined: int
    inverse: int

    def of(self, source: str) -> int:
        """How many bugs of a source a package has at most."""
        return self.mined if source == MINED else self.inverse


def plant(workshop: Workshop, cache: Path, listed: Sequence[Release], draw: Draw, log: JsonLines) -> None:
    """Plants bugs in the releases of one package, the newest first; what the log holds is not drawn again."""
    trees = [Tree.of(release, cache) for release in listed]
    for i in range(len(listed) - 1, 0, -1):
        for source in (MINED, INVERSE):
            name = f"{listed[i].name}-{source}"
            drawn = any(record["name"] == name for record in log.records)
            planted = [bug for bug in bugs_of(log) if bug.package == listed[i].package]
            left = draw.of(source) - sum(bug.source == source for bug in planted)
            if drawn or left <= 0 or (source == INVERSE and i < len(listed) - 1):
                continue
            found: list[Bug] = []
            if source == INVERSE or next(changes_since(trees[i - 1], trees[i]), None):
                taken = {(bug.path, bug.scope) for bug in planted}
                try:
                    found = drawn_bugs(workshop, listed[i], trees[i - 1 : i + 1], source, left, taken, draw.seed)
                except KentError as error:  # an image that does not build, a container that ends
                    print(f"{name}: {error}", flush=True)
            log.append({"name": name, "bugs": [bug.as_json() for bug in found]})
            print(f"{name}: {len(found)} bugs", flush=True)


def drawn_bugs(
    workshop: Workshop,
    release: Release,
    trees: Sequence[Tree],
    source: str,
    most: int,
    taken: Collection[tuple[str, str]],
    seed: int,
) -> list[Bug]:
    """Bugs of one source in a release; none where its tests do not run.

    Args:
        trees: of the release before, and of this one.
        taken: paths and functions that hold a bug already.
    """
    image = clean_image(workshop, release, trees[1])
    with workshop.sandbox(image) as sandbox:
        baseline = workshop.baseline(release, sandbox)
        if baseline is None:
            return []
        planter = Planter(workshop, release, trees[1], baseline, sandbox, seed)
        return list(planter.mined(trees[0], most, taken) if source == MINED else planter.inverse(most, taken))


def clean_image(workshop: Workshop, release: Release, tree: Tree) -> str:
    """The image of a release as it is."""
    base = commit(workshop.mirrors, release, release.name, tree.files)
    return workshop.build(release, release.name, base)


def bugs_of(log: JsonLines) -> Iterator[Bug]:
    """The bugs that a log holds, in the order in which they were drawn."""
    for record in log.records:
        for row in record["bugs"]:
            yield Bug(**row | {"failing": tuple(row["failing"])})


def measure(workshop: Workshop, cache: Path, bug: Bug, agents: Mapping[str, KentAgent]) -> dict[str, Any]:
    """What the agents make of one bug, judged."""
    release = next(each for each in releases()[bug.package] if each.version == bug.version)
    tree = Tree.of(release, cache)
    clean = clean_image(workshop, release, tree)
    with workshop.sandbox(clean) as sandbox:
        baseline = workshop.baseline(release, sandbox)
    if baseline is None:
        raise KentError(f"The tests of {release.name} do not pass any more.")
    judge = Judge(workshop, clean, tree, baseline)
    image = workshop.build(release, bug.instance_id, bug.commit)
    arms = {}
    try:
        for arm, agent in agents.items():
            solution, told = attempt(agent, bug, image)
            arms[arm] = told | judge.verdict(bug, solution.model_patch)
    finally:
        workshop.remove(image)
    about = {name: getattr(bug, name) for name in ("instance_id", "package", "version", "source", "repair")}
    return about | {"arms": arms}


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shares repaired, of all bugs, by source and by the repair's action; places; what survived."""
    groups = {"all": list(rows)}
    for key in ("source", "repair", "package"):
        for name in sorted({row[key] for row in rows}):
            groups[f"{key} {name}"] = [row for row in rows if row[key] == name]
    repaired = {name: _repaired(group) for name, group in groups.items()}
    return {"repaired": repaired, "places": _places(rows), "survivors": _survivors(rows)}


def _repaired(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    figures: dict[str, Any] = {"n": len(rows)}
    for arm in ARMS:
        hits = sum(row["arms"][arm]["repaired"] for row in rows)
        share = round(100 * hits / len(rows), 1)
        same = sum(row["arms"][arm]["identical"] for row in rows)
        figures[arm] = {"repaired": hits, "percent": share, "95": share_interval(hits, len(rows)), "identical": same}
    return figures


def _places(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bugs that show when their issue is run, and in how many the place is the first looked at, or among the first."""
    shown = [row for row in rows if (row["arms"]["with"]["validation"] or {}).get("checks")]
    figures: dict[str, Any] = {"n": len(shown)}
    for arm in ARMS:
        ranks = [row["arms"][arm]["place"] for row in shown]
        figures[arm] = {"first": sum(rank == 1 for rank in ranks), "looked_at": sum(rank > 0 for rank in ranks)}
    return figures


def _survivors(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bugs that show, those with a candidate that makes the check pass, and those with a survivor."""
    told = [row["arms"]["with"]["validation"] or {} for row in rows]
    firsts = [each["first_survivor"] for each in told if each.get("first_survivor")]
    return {
        "reproduced": sum(bool(each.get("checks")) for each in told),
        "passed": len(firsts),
        "survived": sum(bool(each.get("survived")) for each in told),
        "first": {"mean": round(mean(firsts), 2), "median": median(firsts)} if firsts else None,
    }


def show(console: Console, summary: Mapping[str, Any]) -> None:
    """Prints the table of repairs, the places, and what survived."""
    table = Table("bugs", "n", *(f"{arm} execution" for arm in ARMS), box=None)
    for name, figures in summary["repaired"].items():
        table.add_row(name, str(figures["n"]), *(_cell(figures[arm]) for arm in ARMS))
    console.print(table)
    found, places = summary["survivors"], summary["places"]
    for arm in ARMS:
        console.print(
            f"the function, {arm} execution: looked at first in {places[arm]['first']}, at all in "
            f"{places[arm]['looked_at']} of {places['n']}",
            soft_wrap=True,
        )
    console.print(
        f"reproduced {found['reproduced']}, a candidate made the check pass in {found['passed']}, the first after "
        f"{found['first']}; one survived in {found['survived']}",
        soft_wrap=True,
    )


def _cell(figures: Mapping[str, Any]) -> str:
    low, high = figures["95"]
    return f"{figures['repaired']} = {figures['percent']} % ({low} to {high})"


def chosen(names: str | None) -> Iterable[list[Release]]:
    """The releases of the packages named, or of all."""
    listed = releases()
    wanted = names.split(",") if names else list(listed)
    if unknown := set(wanted) - set(listed):
        raise KentError(f"{', '.join(sorted(unknown))} not in harness/planted/releases.json; check --packages.")
    return [listed[name] for name in wanted]


def open_workshop(cache: Path, base_image: str) -> Workshop:
    """Where images are built and run, all of whose files lie in one folder."""
    client = connect()
    bundle = os.environ.get("SSL_CERT_FILE")
    builder = ImageBuilder(client, base_image, Path(bundle).read_bytes() if bundle else None)
    return Workshop(client, builder, cache / "mirrors", cache / "baselines")


def run_agents(
    workshop: Workshop, sdists: Path, bugs: Sequence[Bug], options: AgentOptions, log: JsonLines
) -> list[dict[str, Any]]:
    """Measures the bugs that the log does not hold for these weights and options; the rows of all of them."""
    agents = {arm: KentAgent(AgentOptions(**{**vars(options), "validate": validate})) for arm, validate in ARMS.items()}
    settings: dict[str, Any] = {
        "model": agents["with"].model_hash,
        "candidates": options.candidates,
        "budget": options.budget,
    }
    held = {row["instance_id"]: row for row in log.records if settings.items() <= row.items()}
    for number, bug in enumerate(bugs, 1):
        if bug.instance_id not in held:
            row = held[bug.instance_id] = settings | measure(workshop, sdists, bug, agents)
            log.append(row)
            told = ", ".join(f"{arm} {'repaired' if each['repaired'] else '-'}" for arm, each in row["arms"].items())
            print(f"{number}/{len(bugs)} {bug.instance_id}: {told}", flush=True)
    return [held[bug.instance_id] for bug in bugs]


def main(
    cache: Annotated[Path, typer.Option(help="Folder for downloads, mirrors and baselines; kept between runs.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON of the figures; two JSONL files lie beside it.")],
    packages: Annotated[str | None, typer.Option(help="Of these alone, separated by commas.")] = None,
    mined: Annotated[int, typer.Option(min=0, help="Undone changes of a package at most.")] = 4,
    inverse: Annotated[int, typer.Option(min=0, help="Inverted edits of a package at most.")] = 4,
    limit: Annotated[int | None, typer.Option(min=1, help="Measure so many bugs at most.")] = None,
    plant_only: Annotated[bool, typer.Option("--plant-only", help="Draw the bugs, and measure none.")] = False,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates that are run at most for a bug.")] = 60,
    budget: Annotated[float, typer.Option(help="Seconds of execution for a bug.")] = 120.0,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    base_image: Annotated[str, typer.Option(envvar="KENT_BASE_IMAGE", help="What to build on.")] = DEMO_BASE_IMAGE,
) -> None:
    """Plant bugs, let the agent answer with and without execution, and let the packages' own tests judge."""
    cache = cache.absolute()
    sdists = cache / "sdists"
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        workshop = open_workshop(cache, base_image)
        with closing(JsonLines(output.with_suffix(".bugs.jsonl"), ("name",))) as log:
            for listed in chosen(packages):
                plant(workshop, sdists, listed, Draw(seed, mined, inverse), log)
            bugs = [bug for bug in bugs_of(log) if packages is None or bug.package in packages.split(",")][:limit]
        print(f"{len(bugs)} bugs, {sum(bug.source == MINED for bug in bugs)} of them mined")
        if plant_only or not bugs:
            return
        options = AgentOptions(workshop.mirrors, candidates=candidates, budget=budget)
        with closing(JsonLines(output.with_suffix(".rows.jsonl"), ("instance_id", "model"))) as log:
            rows = run_agents(workshop, sdists, bugs, options, log)
        summary = summarise(rows)
        write_atomically(
            output, json.dumps({**summary, "seed": seed, "candidates": candidates, "bugs": rows}, indent=1)
        )
        show(Console(), summary)
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
