"""Hyperdimensional computing measured: python benchmarks/hdc.py [--svg PATH] [--quick].

Times are wall-clock. torch-hd, a development extra, gets the same vectors and its own choice of threads; the ways of a
task take turns, so that whatever else the machine does slows them all.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from kent_agent.hdc.codebook import Codebook, ItemMemory
from kent_agent.hdc.packed import PackedCodebook
from kent_agent.hdc.product import ProductResonator
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.resonator import RecordResonator
from kent_agent.hdc.vectors import Bipolar, bundle, cosine

D = 10_000
NOISE = 0.2  # share of elements whose sign is flipped
STEPS = 100  # at most, for torch-hd's resonator
TURN = 5  # trials: torch's threads spin on for a while, so a turn's first is not like the others
DIMENSIONS = (1000, 4000, 10_000)

Rows = tuple[int, ...]  # a decoding: one row of each codebook, or for each query
Way = Callable[[Any], Rows]
Share = Callable[[int, int, np.random.Generator], float]  # of D and a size


@dataclass(frozen=True)
class Result:
    """One way of doing a task, over some trials."""

    task: str
    way: str
    correct: int
    times: Sequence[float]  # milliseconds of each trial
    slower: float  # than the task's first way, by medians


def draw(rng: np.random.Generator, *shape: int) -> Bipolar:
    """Random signs."""
    return (rng.integers(0, 2, shape, dtype=np.int8) << 1) - 1


def flip(rng: np.random.Generator, vector: Any, share: float = NOISE) -> Any:
    """A vector with the signs of a share of its elements flipped."""
    return np.where(rng.random(vector.shape) < share, -vector, vector)


def compare(task: str, ways: Mapping[str, Way], trials: Iterable[tuple[Any, Rows]]) -> list[Result]:
    """All ways on each of some problems with known answers, taking turns."""
    hits = dict.fromkeys(ways, 0)
    times: dict[str, list[float]] = {way: [] for way in ways}
    problems = list(trials)
    for first in range(0, len(problems), TURN):
        for way, decode in ways.items():
            for problem, truth in problems[first : first + TURN]:
                begin = time.perf_counter()
                answer = decode(problem)
                times[way].append(1000 * (time.perf_counter() - begin))
                hits[way] += answer == truth
    base = median(times[next(iter(ways))])
    return [Result(task, way, hits[way], spent, median(spent) / base) for way, spent in times.items()]


def of_map(vectors: Any) -> Any:
    """As torch-hd's multiply-add-permute vectors, float32."""
    import torch
    import torchhd

    return torch.from_numpy(vectors).float().as_subclass(torchhd.MAPTensor)


def torch_cleanups(book: Bipolar) -> dict[str, Way]:
    """torch-hd's ways to the nearest rows of a codebook."""
    import torch
    import torchhd

    def encode(vectors: Bipolar, stored: Any) -> Any:
        bits = torch.from_numpy(vectors > 0).as_subclass(torchhd.BSCTensor)
        return bits if stored is torch.bool else of_map(vectors).to(stored)

    def way(stored: Any, similarity: Callable[..., Any], **options: Any) -> Way:
        def decode(query: Bipolar) -> Rows:
            scores = similarity(encode(query, stored), memories[stored], **options)
            return tuple(scores.argmax(dim=-1).reshape(-1).tolist())

        return decode

    types = (torch.float32, torch.float16, torch.bfloat16, torch.int8, torch.bool)
    memories = {stored: encode(book, stored) for stored in types}
    dot = torchhd.dot_similarity
    return {
        "torch-hd MAP float32 dot": way(torch.float32, dot),
        "torch-hd MAP float16 dot": way(torch.float16, dot, dtype=torch.float16),
        "torch-hd MAP bfloat16 dot": way(torch.bfloat16, dot, dtype=torch.bfloat16),
        "torch-hd MAP int8 dot": way(torch.int8, dot, dtype=torch.int32),
        "torch-hd MAP float32 cosine": way(torch.float32, torchhd.cosine_similarity),
        "torch-hd BSC hamming": way(torch.bool, torchhd.hamming_similarity),
    }


def measure_cleanup(items: int, number: int) -> Iterator[Result]:
    """A large codebook: one query by all of torch-hd's ways, its best and ours again, and many queries at once."""
    rng = np.random.default_rng(0)
    book = draw(rng, items, D)
    packed, theirs = PackedCodebook.of(book), torch_cleanups(book)

    def trials(trials: int, queries: int = 1) -> Iterator[tuple[Any, Rows]]:
        for _ in range(trials):
            targets = rng.integers(0, items, queries)
            yield flip(rng, book[targets]).squeeze(), tuple(targets.tolist())

    name, single, size = "kent_agent packed, 1 thread", "torch-hd MAP float32 dot", f"{items:,} x {D:,}"
    mine: dict[str, Way] = {
        name: lambda queries: tuple(packed.cleanup(query)[0][0] for query in np.atleast_2d(queries)),
        "kent_agent packed, all read": lambda query: (int(packed.similarities(query).argmax()),),
    }
    survey = compare(f"cleanup {size}, all ways", mine | theirs, trials(TURN))
    best = min(survey[2:], key=lambda result: median(result.times)).way
    yield from compare(f"cleanup {size}", {name: mine[name], best: theirs[best]}, trials(number))
    yield from survey
    yield from compare(f"64 cleanups {size}", {name: mine[name], single: theirs[single]}, trials(3, queries=64))


def measure_records(number: int) -> Iterator[Result]:
    """Records at the size of a repository."""
    import torchhd

    rng = np.random.default_rng(1)
    items = ItemMemory(D, seed=1)
    sizes = {"OPERATION": 12, "LOCATION": 2000, "FILE": 300}
    books = {slot: Codebook.of_atoms([f"{slot} {i}" for i in range(n)], items) for slot, n in sizes.items()}
    resonator = RecordResonator(books, [], items)
    tensors = {slot: of_map(book.vectors) for slot, book in books.items()}
    roles = {slot: of_map(items[f"role:{slot}"]) for slot in sizes}

    def jointly(record: Any) -> Rows:
        return tuple(int(belief.argmax()) for belief in resonator.decode(record).beliefs.values())

    def apart(record: Any) -> Rows:
        found = (torchhd.dot_similarity(torchhd.bind(of_map(record), roles[slot]), tensors[slot]) for slot in sizes)
        return tuple(int(scores.argmax()) for scores in found)

    def trials() -> Iterator[tuple[Any, Rows]]:
        for _ in range(number):
            truth = tuple(int(rng.integers(n)) for n in sizes.values())
            fillers = {slot: books[slot].vectors[row] for slot, row in zip(sizes, truth, strict=True)}
            yield flip(rng, encode_record(fillers, items)), truth

    ways = {"kent_agent RecordResonator": jointly, "torch-hd unbind, float32 dot": apart}
    yield from compare(f"record 12 x 2,000 x 300, {NOISE:.0%} flipped", ways, trials())


def torch_resonator(books: Sequence[Bipolar]) -> Way:
    """torch-hd's resonator network, stepped until it rests."""
    import torch
    import torchhd

    most = max(map(len, books))  # it wants codebooks of one size: those with fewer rows are filled up with zeros
    domains = of_map(np.stack([np.pad(book, [(0, most - len(book)), (0, 0)]) for book in books]))
    start = torchhd.multiset(domains)

    def factorize(vector: Bipolar) -> Rows:
        tensor, estimates = of_map(vector), start
        for _ in range(STEPS):
            before, estimates = estimates, torchhd.resonator(tensor, estimates, domains)
            if torch.equal(before, estimates):
                break
        scores = torchhd.dot_similarity(estimates.unsqueeze(-2), domains).squeeze(-2)
        return tuple(scores.abs().argmax(dim=-1).tolist())

    return factorize


def measure_products(n: int, noise: float, number: int) -> Iterator[Result]:
    """Products of three factors."""
    rng = np.random.default_rng(2)
    books = [draw(rng, size, D) for size in (n, n, 12)]
    resonator = ProductResonator(books)

    def trials() -> Iterator[tuple[Any, Rows]]:
        for _ in range(number):
            a, b, c = truth = tuple(int(rng.integers(len(book))) for book in books)
            yield flip(rng, books[0][a] * books[1][b] * books[2][c], noise), truth

    ways: dict[str, Way] = {
        "kent_agent ProductResonator": lambda vector: resonator.factorize(vector).indices,
        "torch-hd resonator": torch_resonator(books),
    }
    yield from compare(f"product {n} x {n} x 12, {noise:.0%} flipped", ways, trials())


def bundle_share(dimension: int, members: int, rng: np.random.Generator) -> float:
    """Members of a noisy bundle that are among its nearest of 1,000 items."""
    book = draw(rng, 1000, dimension)
    noisy = flip(rng, bundle(book[-members:]))
    return float((np.argsort(-cosine(noisy, book))[:members] >= 1000 - members).mean())


def record_share(dimension: int, slots: int, rng: np.random.Generator) -> float:
    """Slots of a noisy record, of 50 fillers each, that are decoded right."""
    items = ItemMemory(dimension, seed=int(rng.integers(1 << 30)))
    books = {f"slot {s}": Codebook.of_atoms([f"{s} {i}" for i in range(50)], items) for s in range(slots)}
    noisy = flip(rng, encode_record({slot: book.vectors[-1] for slot, book in books.items()}, items))
    fillers = RecordResonator(books, [], items).decode(noisy).fillers
    return float(np.mean([fillers[slot] == book.names[-1] for slot, book in books.items()]))


def product_share(dimension: int, size: int, rng: np.random.Generator) -> float:
    """1 if a noisy product of size x size x 12 candidates is factorized right, else 0."""
    books = [draw(rng, rows, dimension) for rows in (size, size, 12)]
    product = flip(rng, books[0][-1] * books[1][-1] * books[2][-1])
    return float(ProductResonator(books).factorize(product).indices == (size - 1, size - 1, 11))


CURVES = (
    ("Bundles: members found", "members, of 1,000 items", (8, 16, 32, 64, 128, 256, 512), bundle_share),
    ("Records: slots right", "slots of 50 fillers", (4, 8, 16, 32, 64), record_share),
    ("Products: factorized", "n of n x n x 12 candidates", (25, 50, 100, 200, 400, 800), product_share),
)


def measure_curve(share: Share, dimension: int, sizes: Iterable[int], trials: int) -> list[float]:
    """The mean share that is decoded right at each size."""
    rng = np.random.default_rng(3)
    return [mean(share(dimension, size, rng) for _ in range(trials)) for size in sizes]


def plot(shares: Mapping[tuple[str, int], Sequence[float]], path: Path) -> None:
    """The curves `(title, D)` side by side, the same file for the same numbers."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "capacity", "svg.fonttype": "none"}):
        figure = Figure(figsize=(12, 3.6), layout="constrained")
        for axes, (title, label, sizes, _) in zip(figure.subplots(1, 3, sharey=True), CURVES, strict=True):
            for dimension in DIMENSIONS:
                axes.plot(sizes, shares[title, dimension], marker="o", label=f"D = {dimension:,}")
            axes.set_xscale("log", base=2)
            axes.set_xticks(sizes, [str(size) for size in sizes])
            axes.set(title=title, xlabel=label, ylim=(-0.03, 1.03))
            axes.grid(alpha=0.3)
        figure.axes[0].set_ylabel(f"share right, {NOISE:.0%} of signs flipped")
        figure.axes[0].legend()
        figure.savefig(path, format="svg", metadata={"Date": None})


def table(results: Iterable[Result], title: str) -> Table:
    """What was measured, to be read."""
    measured = Table("", "correct", "median ms", "mean ms", "slower", title=title)
    for task, ways in groupby(results, key=lambda result: result.task):
        measured.add_section()
        measured.add_row(task)
        for way in ways:
            numbers = f"{median(way.times):.2f}", f"{mean(way.times):.2f}", f"{way.slower:.1f}x"
            measured.add_row("  " + way.way, f"{way.correct}/{len(way.times)}", *numbers)
    return measured


def main(
    svg: Annotated[Path, typer.Option(help="Where the capacity curves go.")] = Path("docs/capacity.svg"),
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work: a check that it runs.")] = False,
) -> None:
    """Measure cleanup, records, products and capacity, beside torch-hd."""
    import torch

    items, number, points = (2000, 5, 2) if quick else (20_000, 50, 10)
    results = [*measure_cleanup(items, number), *measure_records(number)]
    for n in (100, 200):
        for noise in (0.0, NOISE):
            results += measure_products(n, noise, number)
    console = Console(width=120)
    threads = f"{os.cpu_count()} cores, torch {torch.get_num_threads()} threads"
    console.print(table(results, f"D = {D:,}, share flipped is of signs; {threads}"))
    shares = {}
    for title, label, sizes, share in CURVES:
        curves = Table(label, *map(str, sizes), title=f"{title}, {NOISE:.0%} flipped")
        for dimension in DIMENSIONS:
            shares[title, dimension] = measure_curve(share, dimension, sizes, points)
            curves.add_row(f"D = {dimension:,}", *(f"{value:.2f}" for value in shares[title, dimension]))
        console.print(curves)
    plot(shares, svg)


if __name__ == "__main__":
    typer.run(main)
