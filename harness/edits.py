"""`python -m harness.edits`: how high the gold edit stands among those that the decoder proposes, and what it costs.

Gold edits are those of held-out mined fixes (`--fixes`) or of the gold patches of a split (`--split`), which are read
by the harness only. Percentages are of those that the grammar expresses as one edit; figures of all stand beside. In
the same run each edit is measured once more with nothing said, and priced by simple models (`edit_baselines.py`). Where
the decoder learned from a measured repository, the table says so.
"""

import ast
import json
import math
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from harness.edit_baselines import baseline_bits
from harness.edit_cases import Case, Given, Place, Population, drawn, fix_case, gold_version, row_case
from harness.edit_match import GoldVersion
from harness.edit_tables import show_edits, summarise_edits
from harness.edit_variants import VARIANTS, Variant, without_message
from harness.metrics import rank_of
from harness.repositories import open_store
from kent_agent.dataset import load_split
from kent_agent.decoder.search import EditSearch
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.weights import weights_path
from kent_agent.durable import write_atomically
from kent_agent.errors import HarnessError, KentError
from kent_agent.filling.filled import ISSUES, MESSAGES, Trust
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.pools import spawned_pool
from kent_agent.source.document import Document
from kent_agent.source.issue import Issue, parse_issue
from kent_agent.source.symbols import symbols
from kent_agent.task import SWETask
from kent_agent.workspace import RepositoryStore, RepoSnapshot

if TYPE_CHECKING:
    from kent_agent.resonator import Factorization

PROPOSALS = 1000  # of a place
OF_EACH = 200  # of each where there are several; an edit that ranks lower within its place counts as not found
CHECKED = 20  # proposals of each case that are parsed anew
SAID, WITHHELD = "said", "withheld"
SIMPLE, SILENCE = "simple edits", "silence"  # what an ablation withholds beside what VARIANTS do

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of a case.

    Attributes:
        rank: of the gold edit among the proposals, from 1; 0 where it is not among them.
        rank_texts_aside: the same, the texts of raised exceptions aside.
        bits: of the gold edit; None where the decoder cannot write it.
        proposals: how many there were.
        seconds: from opening the file to the last proposal.
        checked, parsed: proposals whose whole file was parsed anew, and those that are Python.
    """

    rank: int
    rank_texts_aside: int
    bits: float | None
    proposals: int
    seconds: float
    checked: int
    parsed: int


@dataclass(frozen=True)
class Measurement:
    """One gold change.

    Attributes:
        name: of the instance, or the commit.
        path, symbol, action: of the gold edit; empty where the change is not one edit.
        edits: how many the change is; 0 where the grammar does not express it.
        decoded: by what was told, `said` and `withheld` and the variants of an ablation; nothing unless it is one edit.
        baselines: bits of the gold edit by name; None where it cannot be chosen.
        oracle: rank among the agent's own candidates, places its own too; 0 for none, None where nobody asked.
    """

    name: str
    repo: str
    edits: int
    path: str = ""
    symbol: str = ""
    action: str = ""
    decoded: dict[str, Decoded] = field(default_factory=dict)
    baselines: dict[str, float | None] = field(default_factory=dict)
    oracle: int | None = None


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        model: the decoder's file.
        given: what is told of the place.
        ablate: whether to decode without each thing that the decoder is told.
        oracle: how many of the agent's own candidates to look through; 0 for none.
    """

    model: Path
    given: Given = Given.LOCATION
    ablate: bool = False
    oracle: int = 0


def measure_fix(fix: MinedFix, options: Options) -> Measurement:
    """Decodes a mined fix. Runs in a worker."""
    case = fix_case(fix, options.given)
    found = Measurement(f"{fix.repo}@{fix.commit[:12]}", fix.repo, len(fix.edits))
    return found if case is None else measure(found, case, options, _search(options.model))


def measure_row(row: Mapping[str, Any], store: RepositoryStore, options: Options) -> Measurement:
    """Decodes a row's gold patch. Runs in a worker."""
    task = SWETask.from_row(row)
    issue = parse_issue(task.problem_statement)
    with store.snapshot(task) as snapshot:
        own = options.given is Given.NOTHING or options.oracle
        places = _located(issue, snapshot, task.repo) if own else ()
        edits, case = row_case(row, snapshot, options.given, places)
        oracle = oracle_rank(row, snapshot, places, options) if options.oracle else None
    found = Measurement(task.instance_id, task.repo, edits, oracle=oracle)
    return found if case is None else measure(found, case, options, _search(options.model, ISSUES))


def measure(found: Measurement, case: Case, options: Options, search: EditSearch) -> Measurement:
    """Completes a measurement by decoding its case."""
    variants: dict[str, Variant] = {SAID: Situation, WITHHELD: without_message}
    if options.ablate:
        variants |= VARIANTS
    decoded = {name: decode(case, search, variant) for name, variant in variants.items()}
    if options.ablate:
        decoded[SIMPLE] = decode(case, EditSearch(search.model))
        decoded[SILENCE] = decode(case, EditSearch(search.model, search.filling, replace(search.trust, silence=0.0)))
    return Measurement(
        name=found.name,
        repo=found.repo,
        edits=found.edits,
        path=case.path,
        symbol=case.symbol.name,
        action=str(case.edit.action),
        decoded=decoded,
        baselines=_baselines(case, search.model.learned),
        oracle=found.oracle,
    )


def decode(case: Case, search: EditSearch, variant: Variant = Situation) -> Decoded:
    """Proposals for a case's places, best first, compared to its gold edit.

    Args:
        variant: makes the situations; what it withholds, the decoder does not know.
    """
    limit = PROPOSALS if len(case.places) == 1 else OF_EACH
    scored: list[tuple[float, str, str]] = []
    started = time.perf_counter()
    for place in case.places:
        with suppress(SyntaxError):
            proposals = search.propose(_situation(place, case, variant, search.model.learned), limit)
            scored += [(_log(place.share) + each.log_probability, place.path, each.after) for each in proposals]
    seconds = time.perf_counter() - started
    distinct = dict.fromkeys(each[1:] for each in sorted(scored, key=lambda each: -each[0]))
    ranked = list(islice(distinct, PROPOSALS))
    gold = GoldVersion(Document(case.before), case.after, case.symbol)
    matches = [gold.match(after) if path == case.path else (False, False) for path, after in ranked]
    sample = [after for _, after in ranked[:: max(len(ranked) // CHECKED, 1)]][:CHECKED]
    return Decoded(
        rank=rank_of(True, [exact for exact, _ in matches]),
        rank_texts_aside=rank_of(True, [loose for _, loose in matches]),
        bits=_bits(case, search, variant),
        proposals=len(scored),
        seconds=round(seconds, 4),
        checked=len(sample),
        parsed=sum(map(_parses, sample)),
    )


def oracle_rank(
    row: Mapping[str, Any], snapshot: RepoSnapshot, places: Sequence["Factorization"], options: Options
) -> int:
    """Rank of a row's gold patch among the first candidates that the agent would hand in; 0 where it is not there."""
    from kent_agent.generator import CodeGenerator

    version = gold_version(row, snapshot)
    if version is None:
        return 0
    path, before, after = version
    search = _search(options.model, ISSUES)
    generator = CodeGenerator(search.model, search.filling)
    found = generator.generate(parse_issue(row["problem_statement"]), snapshot, places, options.oracle)
    kept = [candidate for candidate in found.candidates if not candidate.dropped]
    try:
        gold = GoldVersion(Document(before), after, symbols(before)[0])
        return rank_of(True, [each.patch.file == path and gold.match(each.after).exact for each in kept])
    except SyntaxError:  # of a version of the gold file, which no candidate can give then
        return 0


def _situation(place: Place, case: Case, variant: Variant, learned: Mapping[str, float]) -> Situation:
    return variant(place.text, place.path, place.symbol, case.said, learned)


def _bits(case: Case, search: EditSearch, variant: Variant) -> float | None:
    """Bits of the gold edit, over all places where it can be made; None where it can be in none."""
    share = 0.0
    for situation, place in _gold_situations(case, variant, search.model.learned):
        found = search.log_probability(situation, [case.edit])
        share += 0.0 if found is None else place.share * math.exp(found)
    return round(-math.log2(share), 3) if share else None


def _baselines(case: Case, learned: Mapping[str, float]) -> dict[str, float | None]:
    """The same by the baselines."""
    shares = {"uniform": 0.0, "ngram": 0.0}
    for situation, place in _gold_situations(case, Situation, learned):
        for name, bits in baseline_bits(situation, case.edit).items():
            shares[name] += 0.0 if bits is None else place.share * 2**-bits
    return {name: round(-math.log2(share), 3) if share else None for name, share in shares.items()}


def _gold_situations(case: Case, variant: Variant, learned: Mapping[str, float]) -> Iterator[tuple[Situation, Place]]:
    """The places of the gold file that hold the gold edit."""
    for place in case.places:
        if place.path == case.path:
            situation = _situation(place, case, variant, learned)
            if case.edit.site in situation.sites:
                yield situation, place


def _log(share: float) -> float:
    return math.log(max(share, 1e-9))


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
    return True


@lru_cache(maxsize=2)
def _search(model: Path, trust: Trust = MESSAGES) -> EditSearch:
    """A decoder, loaded once by each process; messages are trusted as it was trained, issues less."""
    import torch

    from kent_agent.decoder.model import DecoderModel
    from kent_agent.filling.model import FillingModel

    torch.set_num_threads(1)  # as the agent decodes; workers are the parallelism
    return EditSearch(DecoderModel.load(model), FillingModel.load(), trust)


def _located(issue: Issue, snapshot: RepoSnapshot, repo: str) -> tuple["Factorization", ...]:
    """The places that the agent would decode, by weights that have not seen the repository."""
    from kent_agent.agent import AgentOptions
    from kent_agent.locator import open_locator

    return open_locator().locate(issue, snapshot, repo, AgentOptions().factorizations).factorizations


def measure_all(
    cases: Sequence[Any], work: "partial[Measurement]", workers: int, console: Console
) -> list[Measurement]:
    """Measures fixes or rows in worker processes."""
    with spawned_pool(workers) as pool:
        return list(track(pool.map(work, cases), "decoding", len(cases), console=console, transient=True))


def provenance(model: Path) -> frozenset[str]:
    """The repositories that a decoder and the filling model learned from, or were chosen by.

    Raises:
        KentError: the file holds no decoder.
    """
    from kent_agent.decoder.model import DecoderModel
    from kent_agent.filling.model import FillingModel

    told = (DecoderModel.load(model).provenance, FillingModel.load().provenance)
    keys = ("repositories", "validation_repositories")
    return frozenset(repo for made in told for key in keys for repo in made.get(key, ()))


@app.command()
def main(
    split: Annotated[str | None, typer.Option(help="Gold patches of lite, dev, NAME:SPLIT or a path.")] = None,
    fixes: Annotated[Path | None, typer.Option(help="Or the held-out fixes of what kent_agent.mine wrote.")] = None,
    repos_dir: Annotated[Path | None, typer.Option(help="Git mirrors [env KENT_REPOS_DIR].")] = None,
    given: Annotated[Given, typer.Option(help="What is told of the place.")] = Given.LOCATION,
    limit: Annotated[int, typer.Option(min=1, help="Fixes to draw, evenly over repositories.")] = 400,
    oracle_k: Annotated[int, typer.Option(min=0, help="Looks for gold among the agent's first K candidates.")] = 0,
    ablate: Annotated[bool, typer.Option(help="Also decodes without each thing that the decoder is told.")] = False,
    model: Annotated[Path | None, typer.Option(help="The decoder; the shipped one by default.")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes.")] = 1,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Writes the figures as JSON.")] = None,
) -> None:
    """Measure the decoder against gold edits: of held-out fixes, or of the gold patches of a split."""
    options = Options(weights_path(model), given, ablate, oracle_k)
    try:
        console = Console(width=160)
        saw = provenance(options.model)
        population = None
        if (split is None) == (fixes is None) or (fixes and (oracle_k or given is Given.NOTHING)):
            raise HarnessError("Name either --split or --fixes; fixes know no repository to find places in.")
        if fixes:
            chosen, population = _drawn(fixes, limit)
            measured = measure_all(chosen, partial(measure_fix, options=options), workers, console)
        else:
            data = load_split(split or "")
            work = partial(measure_row, store=open_store(data, repos_dir), options=options)
            measured = measure_all(data.rows, work, workers, console)
        summary = summarise_edits(measured, saw, population) | {"given": str(given), "workers": workers}
        show_edits(console, summary)
        if output:
            write_atomically(output, json.dumps(summary, indent=1) + "\n")
    except KentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _drawn(fixes: Path, limit: int) -> tuple[list[MinedFix], Population]:
    chosen, population = drawn(load_fixes(fixes), limit)
    if not chosen:
        raise HarnessError(f"{fixes} holds no held-out single-hunk fix; join it with kent_agent.mine.")
    return chosen, population


if __name__ == "__main__":
    app()
