"""CodeResonator: factorises an issue into (FILE, OPERATION, LOCATION) of one repository."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Protocol

import numpy as np

from kent_agent.encoder import CodeEncoder, file_terms, inverse_document_frequency, symbol_terms
from kent_agent.hdc.codebook import Codebook
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.resonator import Decoding, Link, RecordResonator
from kent_agent.hdc.vectors import Real
from kent_agent.source.history import is_source
from kent_agent.source.issue import Issue
from kent_agent.source.symbols import Symbol, symbols
from kent_agent.task import Operation

_SHORTLIST = 24  # files whose symbols are worth a syntax tree
_SHARPNESS = 2.0  # inverse temperature of evidence, in standard deviations over the candidates
_KEPT_FILES = 4096  # encoded files kept in memory: 300 instances of one repository share most of theirs


class Source(Protocol):
    """What the resonator reads of a repository: a RepoSnapshot, or anything like it."""

    @property
    def files(self) -> Sequence["Entry"]: ...

    def read_text(self, path: str) -> str | None: ...


class Entry(Protocol):
    """A file of a Source."""

    @property
    def path(self) -> str: ...


@dataclass(frozen=True)
class Factorization:
    """One answer to where and what.

    Attributes:
        file: path inside the repository.
        operation: the kind of edit.
        location: the symbol to edit, with its lines.
        confidence: geometric mean of the slots' confidences, in [0, 1].
        confidences: each slot's, by name.
        converged: whether the resonator settled.
    """

    file: str
    operation: Operation
    location: Symbol
    confidence: float
    confidences: Mapping[str, float]
    converged: bool


@dataclass(frozen=True)
class _EncodedFile:
    vectors: Real  # (3, D), one a role
    terms: frozenset[str]


class CodeResonator:
    """Weighs a repository's files and symbols against an issue, and solves the three slots jointly.

    Args:
        encoder: the space.
    """

    def __init__(self, encoder: CodeEncoder) -> None:
        self.encoder = encoder
        self._encoded = lru_cache(maxsize=_KEPT_FILES)(self._encode_file)

    def factorize(
        self, issue: Issue, source: Source, operations: Mapping[Operation, float], k: int = 5
    ) -> list[Factorization]:
        """The k best factorizations of an issue, best first; empty where the repository has no Python source.

        Args:
            issue: the parsed issue.
            source: the repository at its base commit.
            operations: evidence for each operation, summing to 1.
            k: how many, at most.
        """
        files = self.rank_files(issue, source)
        if not files:
            return []
        places = self._rank_places(issue, source, files)
        return self._solve(files, places, operations, k)

    def rank_files(self, issue: Issue, source: Source) -> dict[str, float]:
        """Evidence for each Python source file of the repository, best first, summing to 1."""
        encoded: dict[str, _EncodedFile] = {}
        for entry in source.files:
            if not is_source(entry.path):
                continue
            text = source.read_text(entry.path)
            if text is not None:
                encoded[entry.path] = self._encoded(entry.path, text)
        if not encoded:
            return {}
        idf = inverse_document_frequency(file.terms for file in encoded.values())
        query = self.encoder.encode_issue(issue, idf)
        scores = np.stack([file.vectors for file in encoded.values()]) @ query
        evidence = _evidence(scores.sum(axis=1))
        order = np.argsort(-evidence, kind="stable")
        paths = list(encoded)
        return {paths[i]: float(evidence[i]) for i in order}

    def _encode_file(self, path: str, text: str) -> _EncodedFile:
        counts = file_terms(path, text)
        return _EncodedFile(self.encoder.encode_roles(counts), frozenset(chain.from_iterable(counts.values())))

    def _rank_places(self, issue: Issue, source: Source, files: Mapping[str, float]) -> dict[tuple[str, Symbol], float]:
        """Evidence for the symbols of the likeliest files, summing to 1."""
        counts: dict[tuple[str, Symbol], Counter[str]] = {}
        for path in list(files)[:_SHORTLIST]:
            text = source.read_text(path) or ""
            lines = text.split("\n")
            found = symbols(text)
            for symbol in found:
                body = "\n".join(_own_lines(symbol, found, lines))
                counts[path, symbol] = symbol_terms("" if symbol.kind == "module" else symbol.name, body)
        idf = inverse_document_frequency(counts.values())
        query = self.encoder.encode_issue(issue, idf)
        stack = np.stack([self.encoder.encode_terms(bag) for bag in counts.values()])
        return dict(zip(counts, _evidence(stack @ query).tolist(), strict=True))

    def _solve(
        self,
        files: Mapping[str, float],
        places: Mapping[tuple[str, Symbol], float],
        operations: Mapping[Operation, float],
        k: int,
    ) -> list[Factorization]:
        items = self.encoder.items
        names = [f"{path}::{symbol.name}:{symbol.start}" for path, symbol in places]
        by_name = dict(zip(names, places, strict=True))
        shortlist = list(dict.fromkeys(path for path, _ in places))
        codebooks = {
            "FILE": Codebook.of_atoms(shortlist, items),
            "OPERATION": Codebook.of_atoms(list(operations), items),
            "LOCATION": Codebook.of_atoms(names, items),
        }
        weights = {
            "FILE": np.array([files[path] for path in shortlist], dtype=np.float32),
            "OPERATION": np.array(list(operations.values()), dtype=np.float32),
            "LOCATION": np.array(list(places.values()), dtype=np.float32),
        }
        record = encode_record({slot: weights[slot] @ book.vectors for slot, book in codebooks.items()}, items)
        belongs = Link.of_pairs("FILE", "LOCATION", codebooks, _membership(shortlist, places))
        found = RecordResonator(codebooks, [belongs], items).decode_top(record, k)
        return [_factorization(decoding, by_name) for decoding in found]


def _factorization(decoding: Decoding, places: Mapping[str, tuple[str, Symbol]]) -> Factorization:
    """A decoding in terms of the repository; the location's own file wins over a FILE slot that disagrees."""
    path, symbol = places[decoding.fillers["LOCATION"]]
    return Factorization(
        file=path,
        operation=Operation(decoding.fillers["OPERATION"]),
        location=symbol,
        confidence=decoding.confidence if decoding.fillers["FILE"] == path else decoding.confidence / 2,
        confidences=decoding.confidences,
        converged=decoding.converged,
    )


def _membership(files: Sequence[str], places: Mapping[tuple[str, Symbol], float]) -> dict[tuple[int, int], float]:
    """For each (file, place in it): the place's share of its file's evidence."""
    total = dict.fromkeys(files, 0.0)
    for (path, _), weight in places.items():
        total[path] += weight
    number = {path: i for i, path in enumerate(files)}
    return {(number[path], j): weight / max(total[path], 1e-12) for j, ((path, _), weight) in enumerate(places.items())}


def _own_lines(symbol: Symbol, found: Sequence[Symbol], lines: Sequence[str]) -> list[str]:
    """A symbol's lines; for modules and classes those that no function inside owns."""
    if symbol.kind == "function":
        return list(lines[symbol.start - 1 : symbol.end])
    owned = {
        line
        for other in found
        if other.kind == "function" and symbol.start <= other.start and other.end <= symbol.end
        for line in range(other.start, other.end + 1)
    }
    return [lines[i - 1] for i in range(symbol.start, min(symbol.end, len(lines)) + 1) if i not in owned]


def _evidence(scores: Real) -> Real:
    """Scores `(n,)` as shares that sum to 1: a softmax over standard scores, so that it fits any repository's size."""
    spread = float(scores.std()) or 1.0
    shares = np.exp(_SHARPNESS * (scores - scores.max()) / spread)
    result: Real = (shares / shares.sum()).astype(np.float32)
    return result
