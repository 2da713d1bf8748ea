"""How much of what commit messages tell is understood: python benchmarks/messages.py FIXES.jsonl [--split heldout].

A mined fix of one hunk is told by its message if every name that it writes, and at least one, is said there. Its file
and its function are given. It prints how often the fix is the first candidate, or among ten: of the rules for what an
issue spells out, of the simple edits, and of both together. No message of a held-out repository was read while the
rules were written, and none was learned from.
"""

import re
from collections import Counter
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from rich.console import Console
from rich.table import Table

from kent_agent.advised import advised
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.outcome import applied
from kent_agent.decoder.search import Decoding
from kent_agent.decoder.weights import weights_path
from kent_agent.filling.filled import filled
from kent_agent.filling.model import FillingModel
from kent_agent.generator import fault
from kent_agent.learning.examples import situation_of, symbol_of
from kent_agent.learning.fixes import MinedFix, load_fixes
from kent_agent.pools import spawned_pool
from kent_agent.resonator import Factorization
from kent_agent.source.issue import parse_issue
from kent_agent.source.sameness import same
from kent_agent.source.symbols import parse
from kent_agent.task import Operation

_NAME = re.compile(r"[^\W\d]\w*")
_LONGEST = 400  # different words of a message: a changelog tells everything
_TEN = 10
_EDITS = 60  # simple edits that are compared
_AT_ONCE = 512  # fixes that wait for workers


class Models(NamedTuple):
    """What weighs simple edits."""

    decoder: DecoderModel
    filling: FillingModel


def is_told(fix: MinedFix) -> bool:
    """Whether the message says every name that the fix adds."""
    lines = fix.before.split("\n")
    old = Counter(name for start, end, _ in fix.after for line in lines[start:end] for name in _NAME.findall(line))
    new = Counter(name for *_, come in fix.after for line in come for name in _NAME.findall(line))
    said = set(_NAME.findall(fix.message))
    added = (new - old).keys()
    return bool(added) and added <= said and len(said) < _LONGEST


def by_rules(fix: MinedFix) -> dict[str, float]:
    """The file as the rules for what is spelled out leave it, with the scores of that."""
    confidences = dict.fromkeys(("FILE", "OPERATION", "LOCATION"), 0.5)
    place = Factorization(fix.path, Operation.MODIFY_LINE, symbol_of(fix), 0.5, confidences, 0.5, True)
    found = advised(parse_issue(fix.message), [fix.path], lambda _: fix.before, [place])
    return {proposal.after: score for score, _, proposal in sorted(found, key=lambda each: each[0])}


def by_filling(fix: MinedFix, models: Models) -> dict[str, float]:
    """The file as the likeliest simple edits leave it, with the scores of those."""
    try:
        situation = situation_of(fix, models.decoder.learned)
    except SyntaxError:
        return {}
    with torch.inference_mode():
        scores = Decoding(models.decoder, situation).site_scores
    edits = filled(models.filling, situation, scores, _EDITS).edits
    afters = ((applied(situation, edit), share) for edit, share in reversed(edits.items()))
    return {after: share for after, share in afters if after is not None}


def ranks(fix: MinedFix, models: Models) -> dict[str, int]:
    """Where the fix ranks, from 1, by each way to understand the message; 0 where it is not among the candidates."""
    rules, simple = by_rules(fix), by_filling(fix, models)
    both = dict(rules)
    for after, score in simple.items():
        both[after] = max(score, rules.get(after, score))
    ways = {"rules": rules, "simple edits": simple, "both": both}
    return {name: _rank(fix, sorted(found, key=lambda after: -found[after])) for name, found in ways.items()}


def _rank(fix: MinedFix, afters: list[str]) -> int:
    kept = (after for after in afters if not fault(fix.path, fix.before, after))
    wanted = parse(fix.text_after)
    return next((i for i, after in enumerate(islice(kept, _TEN), 1) if same(parse(after), wanted)), 0)


def _ranked(fix: MinedFix, decoder: Path) -> tuple[bool, dict[str, int]]:
    return is_told(fix), ranks(fix, _models(decoder))


@lru_cache(maxsize=1)
def _models(decoder: Path) -> Models:
    torch.set_num_threads(1)  # workers are the parallelism
    return Models(DecoderModel.load(decoder), FillingModel.load())


def main(
    fixes: Annotated[Path, typer.Argument(help="JSON Lines, as kent_agent.mine writes them.")],
    split: Annotated[str, typer.Option(help="train, validation or heldout.")] = "heldout",
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Processes.")] = 1,
) -> None:
    """Count how many fixes their messages make."""
    chosen = (fix for fix in load_fixes(fixes) if fix.split == split and fix.single_hunk)
    counted: Counter[tuple[str, str, bool]] = Counter()
    sizes: Counter[bool] = Counter()
    with spawned_pool(workers) as pool:
        while batch := list(islice(chosen, _AT_ONCE)):
            for told, found in pool.map(partial(_ranked, decoder=weights_path(None)), batch, chunksize=8):
                sizes[told] += 1
                for way, rank in found.items():
                    counted[way, "first", told] += rank == 1
                    counted[way, "in ten", told] += 1 <= rank <= _TEN
    table = Table("", "all", "told", box=None)
    table.add_row("fixes", str(sizes.total()), str(sizes[True]))
    for way, within in dict.fromkeys((way, within) for way, within, _ in counted):
        both = counted[way, within, True] + counted[way, within, False]
        table.add_row(f"{way}, {within}", str(both), str(counted[way, within, True]))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
