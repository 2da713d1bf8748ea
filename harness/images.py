"""Evaluation images without a registry: build them, and check them with the gold patches."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.builder import Blueprint, BuiltImage, ImageBuilder, draw_up
from harness.daemon import LOCAL_LABEL, connect, image_origins
from harness.official import run_official
from harness.recipes import RecipeBook, load_recipes
from harness.repositories import open_store
from kent_agent.dataset import DEMO, Split, load_split, write_rows
from kent_agent.errors import DatasetError, HarnessError, KentError

__all__ = ["LOCAL_LABEL", "app", "build_images", "ensure_demo_images"]

DEMO_BASE_IMAGE = "python:3.11-slim"

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)

Rows = Sequence[dict[str, Any]]
Report = Callable[[str], object]
SplitOption = Annotated[
    str, typer.Option(help="lite, verified, full, dev, demo, any of them with :SPLIT, or a file of rows.")
]
SubsetOption = Annotated[str | None, typer.Option(help="--subset X --split Y is --split X:Y.")]
InstancesOption = Annotated[
    list[str] | None, typer.Option(help="Only these ids; separated by commas, or the option repeated.")
]


@app.command()
def build(
    split: SplitOption,
    subset: SubsetOption = None,
    repos_dir: Annotated[
        Path | None,
        typer.Option(envvar="KENT_REPOS_DIR", help="Git mirrors: <owner>__<name> or <owner>__<name>.git."),
    ] = None,
    base_image: Annotated[
        str | None,
        typer.Option(envvar="KENT_BASE_IMAGE", help=f"What to build on; {DEMO_BASE_IMAGE} for demo."),
    ] = None,
    recipes: Annotated[Path | None, typer.Option(help="Recipe file, see docs/recipes.md; demo needs none.")] = None,
    ca_bundle: Annotated[
        Path | None,
        typer.Option(envvar="SSL_CERT_FILE", help="Certificates that pip in the images is to trust."),
    ] = None,
    instance_ids: InstancesOption = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Builds at a time.")] = 2,
) -> None:
    """Build the image that each row of the split names; one that is there already is reused."""
    try:
        chosen = _select(load_split(split, subset), instance_ids)
        if base_image is None and not chosen.is_demo:
            raise HarnessError("--base-image is missing; name an image with Debian's apt and the recipes' Python.")
        blueprints = _draw_up_all(chosen, repos_dir, recipes)
        builder = ImageBuilder(connect(), base_image or DEMO_BASE_IMAGE, _read_bundle(ca_bundle))
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if not build_images(builder, blueprints, workers, typer.echo):
        raise typer.Exit(1)


def build_images(builder: ImageBuilder, blueprints: Sequence[Blueprint], workers: int, report: Report) -> bool:
    """Build environments, then instances, and go on after a failure.

    Args:
        workers: builds at a time.
        report: called with a line or more for every image, as it is done.

    Returns:
        Whether every image is there now.
    """
    sharing: dict[str, list[Blueprint]] = {}
    for blueprint in blueprints:
        sharing.setdefault(blueprint.recipe.digest, []).append(blueprint)
    ready: list[Blueprint] = []
    there = 0
    with ThreadPoolExecutor(workers) as pool:
        try:
            environments = {pool.submit(builder.environment, group[0].recipe): group for group in sharing.values()}
            for environment in as_completed(environments):
                group = environments[environment]
                if _succeeded(environment, ", ".join(blueprint.instance_id for blueprint in group), report):
                    ready += group
            instances = {pool.submit(builder.instance, blueprint): blueprint for blueprint in ready}
            for instance in as_completed(instances):
                if _succeeded(instance, instances[instance].instance_id, report):
                    report(_line(instances[instance], instance.result()))
                    there += 1
        except BaseException:  # Ctrl-C: the builds under way end, the others do not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    report(f"{there} of {len(blueprints)} images are there.")
    return there == len(blueprints)


def _succeeded(build: Future[Any], names: str, report: Report) -> bool:
    """Wait for a build; its failure is reported and not raised, so that the others go on."""
    error = build.exception()
    if isinstance(error, HarnessError | OSError):
        report(f"FAILED: {names}: {error}")
    elif error is not None:
        raise error
    return error is None


def _line(blueprint: Blueprint, built: BuiltImage) -> str:
    state = "there already" if built.reused else f"built in {built.seconds:.0f} s"
    line = f"{blueprint.image}: {state}, {built.size / 1e6:.0f} MB"
    if built.left_out:
        lacking = f"{blueprint.mirror} lacks the content of {', '.join(built.left_out)}"
        line += f"\nWARNING: {blueprint.instance_id}: left out, since {lacking}"
    return line


@app.command()
def check(
    split: SplitOption,
    subset: SubsetOption = None,
    instance_ids: InstancesOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder of report and logs [predictions/gold__SPLIT]."),
    ] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Containers at a time.")] = 2,
    timeout: Annotated[
        int, typer.Option("-t", "--timeout", min=1, help="Seconds an instance's tests may take.")
    ] = 1800,
) -> None:
    """List which images are faithful: the gold patch resolves there, says the official harness."""
    try:
        chosen = _select(load_split(split, subset), instance_ids)
        origins = image_origins(connect(), chosen.rows, split)
        workdir = output or Path("predictions") / f"gold__{chosen.label}"
        report = _run_gold(chosen.rows, workdir, workers, timeout)
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    kinds = {origin.image: f"{origin.kind} {origin.digest[:19]}" for origin in origins}
    for row in chosen.rows:
        typer.echo(f"{row['instance_id']}: {_verdict(row['instance_id'], report)} ({kinds[row['image']]})")
    faithful = len(report["resolved_ids"])
    typer.echo(f"{faithful} of {len(chosen.rows)} images are faithful; report and logs: {workdir}")
    if faithful < len(chosen.rows):
        raise typer.Exit(1)


def _run_gold(rows: Rows, workdir: Path, workers: int, timeout: int) -> dict[str, Any]:
    """The official report on the gold patches, under a new run id: the harness repeats no known one."""
    workdir.mkdir(parents=True, exist_ok=True)
    predictions = workdir / "gold.jsonl"
    write_rows(
        [
            {
                "instance_id": row["instance_id"],
                "model_name_or_path": "gold",
                "model_patch": row.get("patch") or "",
            }
            for row in rows
        ],
        predictions,
    )
    run_id = f"gold-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    return run_official(rows, predictions, workdir, run_id, workers, timeout)


def _verdict(instance_id: str, report: dict[str, Any]) -> str:
    for ids, verdict in (
        ("resolved_ids", "faithful"),
        ("error_ids", "NOT FAITHFUL, the run ended in an error"),
        ("unresolved_ids", "NOT FAITHFUL, its tests do not pass with the gold patch"),
        ("empty_patch_ids", "NOT FAITHFUL, the row has no gold patch"),
    ):
        if instance_id in report.get(ids, ()):
            return verdict
    return "NOT FAITHFUL, it did not run"


def ensure_demo_images(base_image: str | None) -> str | None:
    """Build the demo's images where they are not there.

    Args:
        base_image: built upon instead of KENT_BASE_IMAGE, or python:3.11-slim where that is not set.

    Returns:
        None when all images are there, else one sentence why not.
    """
    base_image = base_image or os.environ.get("KENT_BASE_IMAGE") or DEMO_BASE_IMAGE
    bundle = os.environ.get("SSL_CERT_FILE")
    failures: list[str] = []
    try:
        builder = ImageBuilder(connect(), base_image, _read_bundle(Path(bundle) if bundle else None))
        blueprints = _draw_up_all(load_split(DEMO), None, None)
    except KentError as error:
        return str(error)
    if build_images(builder, blueprints, 2, lambda line: failures.append(line) if "FAILED" in line else None):
        return None
    return f"The demo's images cannot be built on {base_image}: {failures[0].splitlines()[-1].strip()}"


def _select(split: Split, instance_ids: Sequence[str] | None) -> Split:
    wanted = {name.strip() for value in instance_ids or () for name in value.split(",") if name.strip()}
    unknown = wanted - {row["instance_id"] for row in split.rows}
    if unknown:
        raise DatasetError(f"{', '.join(sorted(unknown))} not in {split.label}; check --instance-ids.")
    return replace(split, rows=tuple(row for row in split.rows if not wanted or row["instance_id"] in wanted))


def _draw_up_all(split: Split, repos_dir: Path | None, recipes: Path | None) -> list[Blueprint]:
    """Blueprints for the rows; a missing recipe, mirror or commit is found here, before anything is built."""
    if recipes is not None:
        book = load_recipes(recipes)
    elif split.is_demo:
        book = RecipeBook.for_demo(task.repo for task in split.tasks())
    else:
        raise HarnessError("--recipes is missing; name your recipe file, as docs/recipes.md describes it.")
    store = open_store(split, None if split.is_demo else repos_dir)
    return [draw_up(task, store.mirror(task.repo), book.choose(task.repo, task.version)) for task in split.tasks()]


def _read_bundle(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise HarnessError(f"The CA bundle {path} cannot be read ({error.strerror}); see --ca-bundle.") from error


if __name__ == "__main__":
    app()
