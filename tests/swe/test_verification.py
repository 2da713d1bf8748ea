"""Verification is no decoration: on known fixes it lets through what was written, and nothing planted.

The known fixes are the demo's gold patches, with the shipped decoder, at the place that was really changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import unidiff

from kent_agent import demo
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.verification import TokenVerifier
from kent_agent.decoder.vocabulary import Vocabulary
from kent_agent.decoder.weights import weights_path
from kent_agent.generator import CodeGenerator
from kent_agent.resonator import Factorization
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import innermost, symbols
from kent_agent.source.tokens import lex
from kent_agent.task import Operation, SWETask
from kent_agent.workspace import RepositoryStore

FOREIGN = ["kubernetes_pod_spec", "tf_session", "'quokka'", "0xCAFE", "BeautifulSoup", "__zorkmid__"]


@dataclass(frozen=True)
class Fix:
    """One hunk of a gold patch: what it wrote, and what the agent may write there."""

    written: tuple[str, ...]
    vocabulary: Vocabulary
    verifier: TokenVerifier


@pytest.fixture(scope="module")
def known_fixes() -> list[Fix]:
    generator = CodeGenerator(DecoderModel.load(weights_path(None)))
    store = RepositoryStore(demo.repositories_dir())
    return [fix for row in demo.load_rows() for fix in hunks(row, generator, store)]


def hunks(row: dict[str, Any], generator: CodeGenerator, store: RepositoryStore) -> Iterator[Fix]:
    task = SWETask.from_row(row)
    with store.snapshot(task) as snapshot:
        for file in unidiff.PatchSet(row["patch"]):
            text = snapshot.read_text(file.path) or ""
            contexts = generator.contexts(parse_issue(task.problem_statement), snapshot, {file.path: text})
            for hunk in file:
                symbol = innermost(symbols(text), hunk.source_start + 3)
                found = Factorization(file.path, Operation.MODIFY_LINE, symbol, 1.0, {"OPERATION": 1.0}, True)
                verifier = generator.verifier(found, text, contexts)
                yield Fix(tuple(written_by(hunk)), generator.vocabulary(contexts), verifier)


def written_by(hunk: unidiff.Hunk) -> Iterator[str]:
    for line in hunk:
        if line.is_added:
            try:
                yield from lex(line.value.strip())
            except ValueError:  # a part of a docstring
                continue


def test_at_least_99_percent_of_the_vocabulary_tokens_of_known_fixes_are_accepted(known_fixes: list[Fix]) -> None:
    accepted = [fix.verifier.accepts(token) for fix in known_fixes for token in fix.written if token in fix.vocabulary]
    assert len(accepted) > 300
    assert sum(accepted) / len(accepted) >= 0.99


def test_every_planted_foreign_token_is_refused(known_fixes: list[Fix]) -> None:
    assert not [token for fix in known_fixes for token in FOREIGN if fix.verifier.accepts(token)]


def test_what_verification_refuses_is_more_than_what_the_vocabulary_lacks(known_fixes: list[Fix]) -> None:
    """Names that the repository defines elsewhere may be written somewhere, but not for every factorization."""
    refused = {token for fix in known_fixes for token in fix.vocabulary.tokens if not fix.verifier.accepts(token)}
    assert len(refused) > 20
