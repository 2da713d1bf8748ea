"""The index of a repository: hypervectors of its files, symbols and commits, made once for each blob and commit.

Records are addressed by what they describe (a blob's or a commit's id) and kept in an IndexStore, so that the base
commits of one repository, and processes, share all but what changed between them. Nothing in a record depends on the
rest of the repository: rarity is the query's business.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice, starmap
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from kent_agent.hdc.sparse import SparseItems, SparseVectors
from kent_agent.index import IndexStore
from kent_agent.source.outline import Bag, outline, phrase_bags, pieces, prose_of, word_bag
from kent_agent.source.symbols import own_lines, symbols

FORMAT = 1  # another number empties indexes that were written in another format
COMMITS = 1000  # of the history; older ones were measured to add nothing (design)
FILE_ROLES = ("path", "stem", "names", "body")
DETAIL_ROLES = ("prose", "pairs", "triples")  # the rows of a file's details before its pieces
SYMBOL_ROLES = ("name", "qualified", "docstring", "body", "pairs", "triples")
SYMBOL_DOCUMENTS = ("qualified", "body", "pairs", "triples")
_LINE = 12  # characters; shorter lines are alike everywhere
_AT_ONCE = 64  # drafts that are encoded together: it is the calls that cost, not the sums
_MUCH = 500_000  # characters of files; less is made sooner than other processes are
_CHUNKS = 6  # of files for each process: some take longer than others
_PARTS = tuple(map(np.dtype, ("uint16", "int8", "int32", "float32", "uint32", "int32")))  # of a packed record
_SATURATION = 1.5  # BM25's k1: the tenth mention of a term says little more than the third
_MESSAGE = 3000  # characters of a commit message; what follows is a log
_TRAILER = re.compile(r"^[A-Z][\w-]+-by: .*$", re.MULTILINE | re.IGNORECASE)
_DOCSTRING = re.compile(r'"""(.*?)"""|' + r"'''(.*?)'''", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_]\w*)\(")


class FileEntry(Protocol):
    """A file of a Source."""

    @property
    def path(self) -> str: ...

    @property
    def blob(self) -> str: ...


class Commit(Protocol):
    """A commit of a Source."""

    @property
    def sha(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def files(self) -> tuple[str, ...]: ...


class Source(Protocol):
    """What the index reads of a repository: a RepoSnapshot, or anything like it."""

    @property
    def files(self) -> Sequence[FileEntry]: ...

    def read_text(self, path: str) -> str | None: ...

    def read_texts(self, paths: Sequence[str]) -> Iterable[str | None]: ...

    def ancestors(self, limit: int) -> Sequence[str]: ...

    def commits(self, shas: Sequence[str]) -> Sequence[Commit]: ...

    def added_lines(self, shas: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]: ...


@dataclass(frozen=True)
class Record:
    """What is known of a blob or a commit by its content alone.

    Attributes:
        vectors: files have the rows FILE_ROLES; their details DETAIL_ROLES and one a piece; symbols SYMBOL_ROLES each;
            commits one.
        terms: keys of the distinct terms of its documents (a file's path and body, its pairs and triples of words,
            each symbol's name and body, a commit's message), which tell how rare a term is.
        counts: how many terms each document has.
        about: what is symbolic and not a bag of terms, ready for JSON.
    """

    vectors: SparseVectors
    terms: NDArray[np.uint32]
    counts: NDArray[np.int32]
    about: Mapping[str, Any]

    def pack(self) -> bytes:
        """The record as bytes: a header with the size of each part, and the parts."""
        vectors = self.vectors
        arrays = (vectors.positions, vectors.values, vectors.lengths, vectors.norms, self.terms, self.counts)
        about = json.dumps(self.about).encode()
        return np.array([len(array) for array in arrays], dtype=np.uint32).tobytes() + b"".join(
            [*(array.tobytes() for array in arrays), about]
        )

    @classmethod
    def unpack(cls, data: bytes) -> "Record":
        """The record that was packed. Raises ValueError where it is shorter than its header says."""
        sizes = np.frombuffer(data, np.uint32, len(_PARTS)).tolist()
        at = 4 * len(_PARTS)
        parts = []
        for size, kind in zip(sizes, _PARTS, strict=True):
            parts.append(np.frombuffer(data, kind, size, at))
            at += size * kind.itemsize
        positions, values, lengths, norms, terms, counts = parts
        return cls(SparseVectors(positions, values, lengths, norms), terms, counts, json.loads(str(data[at:], "utf-8")))


@dataclass(frozen=True)
class _Draft:
    """A record before its bags are hypervectors."""

    bags: Sequence[Bag]
    documents: Sequence[Bag]
    about: Mapping[str, Any]


class RepositoryIndex:
    """Makes records, and keeps them.

    Args:
        items: the space of the terms.
        store: where records are kept; None keeps none.
        processes: that make the records of many files; more than one are copies of this one, for a program of one
            thread that does not hold torch.
    """

    def __init__(self, items: SparseItems, store: IndexStore | None = None, processes: int = 1) -> None:
        self.items = items
        self.store = store
        self.processes = processes

    def files(self, source: Source, entries: Sequence[FileEntry]) -> list[Record]:
        """The records of files, for all of a repository; one that is no text has little but its path."""
        keys = [f"file:{entry.path}:{entry.blob}" for entry in entries]
        return self._of_files(keys, source, entries, _file)

    def details(self, source: Source, entries: Sequence[FileEntry]) -> list[Record]:
        """What costs more to make and to search, for files that rank high."""
        return self._of_files([f"details:{entry.blob}" for entry in entries], source, entries, _details)

    def symbols(self, source: Source, entries: Sequence[FileEntry]) -> list[Record]:
        """The records of the symbols of files, from their syntax trees; for the few that rank highest."""
        return self._of_files([f"symbols:{entry.blob}" for entry in entries], source, entries, _symbols)

    def commits(self, source: Source) -> list[Record]:
        """The records of the last commits, newest first."""
        shas = source.ancestors(COMMITS)
        keys = [f"commit:{sha}" for sha in shas]
        return self._records(
            keys, lambda missing: _encoded(self.items, map(_commit, source.commits([shas[i] for i in missing])))
        )

    def changes(self, source: Source, numbers: Sequence[int]) -> list[Record]:
        """What some of the last commits, by their numbers in `commits`, added: checksums of lines by path."""
        shas = source.ancestors(COMMITS)
        asked = [shas[i] for i in numbers]
        keys = [f"change:{sha}" for sha in asked]
        return self._records(
            keys, lambda missing: _encoded(self.items, map(_change, source.added_lines([asked[i] for i in missing])))
        )

    def query(self, bag: Mapping[str, float], rarity: Mapping[str, float]) -> NDArray[np.float32]:
        """The query `(D,)` that a bag of terms is: saturated, each term as heavy as it is rare."""
        weights = {term: weight * rarity[term] for term, weight in saturated(bag).items() if term in rarity}
        return self.items.query(weights)

    def _of_files(
        self, keys: Sequence[str], source: Source, entries: Sequence[FileEntry], draft: Callable[[str, str], _Draft]
    ) -> list[Record]:
        """The records of files by a function of their path and text."""

        def make(missing: Sequence[int]) -> Iterator[Record]:
            paths = [entries[i].path for i in missing]
            texts = [text or "" for text in source.read_texts(paths)]
            share = len(paths) // (self.processes * _CHUNKS)
            if self.processes == 1 or not share or sum(map(len, texts)) < _MUCH:
                return _encoded(self.items, map(draft, paths, texts))
            files = list(zip(paths, texts, strict=True))
            chunks = [files[i : i + share] for i in range(0, len(files), share)]
            return self._made_by_all(partial(_packed, self.items.dimension, self.items.seed, draft), chunks)

        return self._records(keys, make)

    def _made_by_all(
        self, make: Callable[[Sequence[tuple[str, str]]], list[bytes]], chunks: Sequence[Sequence[tuple[str, str]]]
    ) -> Iterator[Record]:
        """The records of chunks of files, in their order, by as many processes as there are."""
        # imported here, as an index that is filled already does without
        from concurrent.futures.process import BrokenProcessPool

        from kent_agent.pools import forked_pool

        made = 0
        try:
            with forked_pool(self.processes) as pool:
                for packed in pool.map(make, chunks):
                    yield from map(Record.unpack, packed)
                    made += 1
        except BrokenProcessPool:  # one was killed, as where memory is short: this one goes on alone
            for chunk in chunks[made:]:
                yield from map(Record.unpack, make(chunk))

    def _records(self, keys: Sequence[str], make: Callable[[Sequence[int]], Iterable[Record]]) -> list[Record]:
        """The record of each key: from the store where it is there, else made, given the numbers of those missing."""
        kept = self.store.get_many(keys) if self.store else {}
        records = {key: Record.unpack(data) for key, data in kept.items()}
        missing = [i for i, key in enumerate(keys) if key not in records]
        made = dict(zip([keys[i] for i in missing], make(missing), strict=True))
        if self.store and made:
            self.store.put_many({key: record.pack() for key, record in made.items()})
        records |= made
        return [records[key] for key in keys]


def _encoded(items: SparseItems, drafts: Iterable[_Draft]) -> Iterator[Record]:
    """The records that drafts become, in their order."""
    waiting = iter(drafts)
    while group := list(islice(waiting, _AT_ONCE)):
        vectors = items.encode([bag for draft in group for bag in draft.bags], _SATURATION)
        terms = items.keys([term for draft in group for bag in draft.documents for term in bag])
        counts = [np.array([len(bag) for bag in draft.documents], dtype=np.int32) for draft in group]
        ends = np.cumsum([int(count.sum()) for count in counts])
        stacks = vectors.split([len(draft.bags) for draft in group])
        for draft, stack, count, end in zip(group, stacks, counts, ends.tolist(), strict=True):
            yield Record(stack, terms[end - int(count.sum()) : end], count, draft.about)


def _packed(
    dimension: int, seed: int, draft: Callable[[str, str], _Draft], files: Sequence[tuple[str, str]]
) -> list[bytes]:
    """Packed records of some files. Runs in a process of its own."""
    return [record.pack() for record in _encoded(_items(dimension, seed), starmap(draft, files))]


@lru_cache(maxsize=1)
def _items(dimension: int, seed: int) -> SparseItems:
    """The items of a process that makes records, which know an atom that they have hashed."""
    return SparseItems(dimension, seed)


def _file(path: str, text: str) -> _Draft:
    found, body = outline(text), word_bag(text)
    about = {
        "defined": sorted(set(found.defined)),
        "assigned": found.assigned,
        "imported": found.imported,
        "size": len(text),
    }
    in_path = word_bag(path.removesuffix(".py"))
    return _Draft([in_path, word_bag(stem_of(path)), word_bag(" ".join(found.defined)), body], [in_path, body], about)


def _details(_: str, text: str) -> _Draft:
    phrases = phrase_bags(text)
    parts = filter(None, map(word_bag, pieces(text)))
    return _Draft([word_bag(prose_of(text)), *phrases, *parts], phrases, {})


def _symbols(_: str, text: str) -> _Draft:
    found, lines = symbols(text), text.split("\n")
    bags: list[Bag] = []
    calls: list[list[str]] = []
    lengths: list[int] = []
    for symbol in found:
        own = own_lines(symbol, found, lines)
        body = "\n".join(own)
        name = "" if symbol.kind == "module" else symbol.name
        docstring = " ".join(a or b for a, b in _DOCSTRING.findall(body))
        bags += [*map(word_bag, (name.rpartition(".")[2], name.replace(".", " "), docstring, body)), *phrase_bags(body)]
        calls.append(sorted(set(_CALL.findall(body))))
        lengths.append(len(own))
    documents = [bag for i, bag in enumerate(bags) if SYMBOL_ROLES[i % len(SYMBOL_ROLES)] in SYMBOL_DOCUMENTS]
    about = {"symbols": [[s.name, s.kind, s.start, s.end] for s in found], "calls": calls, "lines": lengths}
    return _Draft(bags, documents, about)


def _commit(commit: Commit) -> _Draft:
    bag = word_bag(_TRAILER.sub("", commit.message)[:_MESSAGE])
    return _Draft([bag], [bag], {"files": [path for path in commit.files if path.endswith(".py")]})


def _change(added: Mapping[str, Sequence[str]]) -> _Draft:
    return _Draft([], [], {"added": {path: line_keys(lines) for path, lines in added.items()}})


def line_keys(lines: Iterable[str]) -> list[int]:
    """The keys of the lines that have one."""
    return [key for key in map(line_key, lines) if key is not None]


def line_key(line: str) -> int | None:
    """The checksum of a line, whatever its indentation; None where it is too short to be told from others."""
    line = line.strip()
    return crc32(line.encode("utf-8", "surrogatepass")) if len(line) >= _LINE else None


def stem_of(path: str) -> str:
    """What a module is called: its file's name, or its package's for an `__init__.py`."""
    folder, _, name = path.removesuffix(".py").rpartition("/")
    return folder.rpartition("/")[2] if name == "__init__" and folder else name


def saturated(bag: Mapping[str, float]) -> Bag:
    """Term frequencies in [0, 1), rising ever more slowly."""
    return {term: count / (count + _SATURATION) for term, count in bag.items()}
