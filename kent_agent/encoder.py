"""CodeEncoder: issues, files, symbols, tokens and patches as hypervectors of one space."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from kent_agent.hdc.codebook import ItemMemory
from kent_agent.hdc.records import encode_record
from kent_agent.hdc.vectors import Real, bundle, normalize, permute
from kent_agent.source.issue import Issue
from kent_agent.source.tokens import lex, terms
from kent_agent.task import CodePatch

DIMENSION = 4096  # chunks and roles keep bundles small enough; 10,000 costs 2.4 times as much
FILE_ROLES = ("path", "names", "body")

DEFINITION = re.compile(r"^[ \t]*(?:async[ \t]+def|def|class)[ \t]+(\w+)", re.MULTILINE)
_TITLE_WEIGHT = 3.0  # what the title says counts as if said three times
_SATURATION = 1.5  # BM25's k1: the tenth mention of a term says little more than the third


class CodeEncoder:
    """Encodes code and prose by bundling the atoms of their terms.

    Args:
        dimension: D, a multiple of 8.
        seed: of the item memory; encoders of one dimension and seed share a space on every machine.
    """

    def __init__(self, dimension: int = DIMENSION, seed: int = 0) -> None:
        self.items = ItemMemory(dimension, seed)

    @property
    def dimension(self) -> int:
        """D."""
        return self.items.dimension

    def encode_token(self, token: str) -> Real:
        """The atom of a source token, `(D,)`: exact, so that `foo` and `foos` are unrelated."""
        return self.items[f"token:{token}"].astype(np.float32)

    def encode_tokens(self, tokens: Sequence[str]) -> Real:
        """The stack of several tokens' atoms, `(n, D)` float32."""
        return self.items.stack([f"token:{token}" for token in tokens]).astype(np.float32)

    def encode_terms(self, counts: Mapping[str, float], idf: Mapping[str, float] | None = None) -> Real:
        """The unit bundle `(D,)` of search terms, their frequencies saturated, weighted by rarity where given."""
        weights = {
            term: count / (count + _SATURATION) * (1.0 if idf is None else idf.get(term, 0.0))
            for term, count in counts.items()
        }
        return normalize(self.items.bag(weights))

    def encode_text(self, text: str) -> Real:
        """The unit bundle `(D,)` of a text's search terms."""
        return self.encode_terms(Counter(terms(text)))

    def encode_issue(self, issue: Issue, idf: Mapping[str, float] | None = None) -> Real:
        """The query `(D,)` that an issue is."""
        return self.encode_terms(issue_terms(issue), idf)

    def encode_file(self, path: str, text: str) -> Real:
        """One unit hypervector a role of FILE_ROLES, `(3, D)`."""
        return self.encode_roles(file_terms(path, text))

    def encode_roles(self, counts: Mapping[str, Mapping[str, float]]) -> Real:
        """The same, `(3, D)`, from a file's search terms by role."""
        return np.stack([self.encode_terms(counts[role]) for role in FILE_ROLES])

    def encode_sequence(self, tokens: Sequence[str]) -> Real:
        """Tokens and their order, `(D,)`: the bundle of token atoms and of adjacent pairs, each permuted and bound."""
        if not tokens:
            return np.zeros(self.dimension, dtype=np.float32)
        atoms = self.encode_tokens(tokens)
        pairs = permute(atoms[:-1]) * atoms[1:]
        return normalize(bundle(np.concatenate([atoms, pairs])))

    def encode_condition(self, text: str, context: Sequence[str]) -> Real:
        """What the decoder is told, `(D,)`: the record of an issue's text and the tokens of the place it points to."""
        fillers = {
            "ISSUE": self.encode_text(text),
            "LOCATION": normalize(self.encode_tokens(context).sum(axis=0)),
        }
        return normalize(encode_record(fillers, self.items))

    def encode_patch(self, patches: CodePatch | Iterable[CodePatch]) -> Real:
        """A patch as the bundle `(D,)` of one record for each edit: FILE, OPERATION, LOCATION and CONTENT."""
        edits = [patches] if isinstance(patches, CodePatch) else list(patches)
        records = [
            encode_record(
                {
                    "FILE": normalize(self.items[f"file:{edit.file}"]),
                    "OPERATION": normalize(self.items[f"operation:{edit.operation}"]),
                    "LOCATION": normalize(self.items[f"location:{edit.file}::{edit.location}"]),
                    "CONTENT": self.encode_sequence(_content_tokens(edit.content)),
                },
                self.items,
            )
            for edit in edits
        ]
        if not records:
            return np.zeros(self.dimension, dtype=np.float32)
        return normalize(bundle(np.stack(records)))


def issue_terms(issue: Issue) -> Counter[str]:
    """Weighted search terms of an issue, the paths it mentions among them."""
    counts: Counter[str] = Counter()
    counts.update({term: _TITLE_WEIGHT * n for term, n in Counter(terms(issue.title)).items()})
    counts.update(terms(issue.prose))
    counts.update(terms(issue.code))
    mentioned = [*issue.paths, *(frame.file for frame in issue.frames)]
    counts.update(atom for path in mentioned for atom in path_suffixes(path))
    for name in issue.dotted:
        parts = name.split(".")
        counts.update(f"path:{'/'.join(parts[i:j])}" for i in range(len(parts)) for j in range(i + 2, len(parts) + 1))
    return counts


def file_terms(path: str, text: str) -> dict[str, Counter[str]]:
    """Search terms of a file by role: its path, the names it defines, its body."""
    names = DEFINITION.findall(text)
    return {
        "path": Counter([*terms(path.removesuffix(".py")), *path_suffixes(path)]),
        "names": Counter(term for name in names for term in terms(name)),
        "body": Counter(terms(text)),
    }


def symbol_terms(name: str, body: str) -> Counter[str]:
    """Search terms of a symbol: its body's, and its name's counted twice more."""
    return Counter(terms(body)) + Counter(list(terms(name)) * 2)


def path_suffixes(path: str) -> Iterator[str]:
    """Atoms of a path's endings (`path:rules`, `path:core/rules`, ...): what a mention of it may spell."""
    parts = PurePosixPath(path.removesuffix(".py")).parts
    for i in range(len(parts)):
        yield "path:" + "/".join(parts[i:])


def inverse_document_frequency(documents: Iterable[Iterable[str]]) -> dict[str, float]:
    """BM25's IDF of every term that occurs in some document."""
    frequency: Counter[str] = Counter()
    total = 0
    for document in documents:
        frequency.update(set(document))
        total += 1
    return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in frequency.items()}


def _content_tokens(content: str) -> list[str]:
    """Source tokens of a patch's content; words, where it is not lexically Python."""
    try:
        return lex(content)
    except ValueError:
        return content.split()
