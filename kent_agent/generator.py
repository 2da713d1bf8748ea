"""CodeGenerator: from a factorization to ranked, verified candidate edits of the file it points to."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.search import Rejections, VerifiedSearch
from kent_agent.decoder.verification import TokenVerifier
from kent_agent.decoder.vocabulary import Vocabulary
from kent_agent.encoder import DEFINITION
from kent_agent.hdc.vectors import Real
from kent_agent.repository_index import Source
from kent_agent.resonator import Factorization
from kent_agent.source.edits import DEFINITIONS, IMPORTS, Statement, apply_edit, statements, text_of
from kent_agent.source.history import MAX_TOKENS, context_tokens, is_source
from kent_agent.source.issue import Issue
from kent_agent.source.meaning import changed_python, compiler_warnings, faulty_names
from kent_agent.source.symbols import innermost, symbols
from kent_agent.source.tokens import LAYOUT, is_identifier, lex
from kent_agent.task import CodePatch, Operation

_HYPOTHESES = 12  # (place, pattern) pairs decoded for an instance
_PLACE_SHARPNESS = 2.0  # inverse temperature of the place's evidence, in standard deviations
_REPOSITORY_NAMES = 2000  # the commonest ones that bound the vocabulary
_CONDITION_CHARACTERS = 600  # of the issue's prose: commit messages, which the decoder learned from, are short


@dataclass(frozen=True)
class Candidate:
    """One edit with its evidence.

    Attributes:
        patch: what is written where.
        after: the file's text with the edit; empty where nothing was written.
        score: ranks candidates of all factorizations together; the sum of the logarithms of the factorization's
            confidence, the place's and the pattern's probability, and the tokens' (their geometric mean).
        log_probability: of the tokens, in nats.
        factorization: what it was decoded from.
        pattern: the kind of edit.
        verified: whether every token of it belongs to the factorization's context.
        dropped: why it is no answer; empty for those that may be one.
    """

    patch: CodePatch
    after: str
    score: float
    log_probability: float
    factorization: Factorization
    pattern: str
    verified: bool
    dropped: str


@dataclass(frozen=True)
class _Hypothesis:
    """A place and a pattern, before any token is written there."""

    found: Factorization
    place: Statement
    pattern: str
    log_prior: float
    condition: Real
    verifier: TokenVerifier

    @property
    def operation(self) -> Operation:
        return Operation(self.pattern.split(":")[0])

    @property
    def score(self) -> float:
        return self.log_prior + math.log(max(self.found.confidence, 1e-12))


@dataclass(frozen=True)
class Generation:
    """All candidates of an instance, best first, and the tokens that verification refused."""

    candidates: tuple[Candidate, ...]
    rejections: Rejections = field(default_factory=Rejections)


class CodeGenerator:
    """Writes candidates with a trained decoder.

    Args:
        model: the decoder.
    """

    def __init__(self, model: DecoderModel) -> None:
        self.model = model
        self.encoder = model.encoder

    def generate(self, issue: Issue, source: Source, factorizations: Sequence[Factorization], limit: int) -> Generation:
        """Decodes every factorization into candidates.

        Args:
            issue: the parsed issue.
            source: the repository.
            factorizations: where to look, best first.
            limit: how many candidates to keep.
        """
        texts = {found.file: source.read_text(found.file) or "" for found in factorizations}
        contexts = self.contexts(issue, source, texts)
        search = VerifiedSearch(self.model, self.vocabulary(contexts))
        rejections = Rejections()
        hypotheses = [
            hypothesis
            for found in factorizations
            for hypothesis in self._hypotheses(issue, found, texts[found.file], contexts)
        ]
        hypotheses.sort(key=lambda hypothesis: -hypothesis.score)
        candidates = [
            candidate
            for hypothesis in hypotheses[:_HYPOTHESES]
            for candidate in self._decode(hypothesis, texts[hypothesis.found.file], search, rejections)
        ]
        candidates.sort(key=lambda candidate: (bool(candidate.dropped), -candidate.score))
        return Generation(tuple(_distinct(candidates))[:limit], rejections)

    def contexts(self, issue: Issue, source: Source, texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Tokens that this instance offers, by where they come from; the repository's are the names it defines."""
        issue_text = "\n".join([issue.title, issue.prose, issue.code])
        names = Counter(name for e in source.files if is_source(e.path) for name in defined_names(source, e.path))
        return {
            "issue": issue_tokens(issue_text),
            **{f"file:{path}": context_tokens(text, 1, text.count("\n") + 1, 3000) for path, text in texts.items()},
            "repository": tuple(name for name, _ in names.most_common(_REPOSITORY_NAMES)),
        }

    def vocabulary(self, contexts: Mapping[str, Sequence[str]]) -> Vocabulary:
        """What may be written at all: the learned tokens and those of `contexts`."""
        return Vocabulary(self.model.tokens, chain.from_iterable(contexts.values()))

    def verifier(self, found: Factorization, text: str, contexts: Mapping[str, Sequence[str]]) -> TokenVerifier:
        """What may be written for one factorization: learned tokens, and those of its place, file and issue."""
        return TokenVerifier(
            self.encoder,
            {
                "location": context_tokens(text, found.location.start, found.location.end),
                "file": contexts[f"file:{found.file}"],
                "issue": contexts["issue"],
                "learned": self.model.tokens,
            },
        )

    def _hypotheses(
        self, issue: Issue, found: Factorization, text: str, contexts: Mapping[str, tuple[str, ...]]
    ) -> list[_Hypothesis]:
        """Every place of a location with every pattern that fits it, in no order."""
        places = _places(text, found)
        if not places:
            return []
        local = context_tokens(text, found.location.start, found.location.end)
        condition = self.encoder.encode_condition(condition_text(issue), local)
        verifier = self.verifier(found, text, contexts)
        place_scores = self._log_place_shares(issue, text, places)
        patterns = self._log_pattern_shares(condition, found)
        return [
            _Hypothesis(found, place, pattern, on_place + on_pattern, condition, verifier)
            for pattern, on_pattern in patterns.items()
            for place, on_place in zip(places, place_scores, strict=True)
            if _fits(pattern, place)
        ]

    def _log_place_shares(self, issue: Issue, text: str, places: Sequence[Statement]) -> list[float]:
        """Log probabilities of n places: a softmax over the standardised similarities of their text to the issue."""
        query = self.encoder.encode_issue(issue)
        scores = np.stack([self.encoder.encode_text(text_of(text, place)) for place in places]) @ query
        logits = _PLACE_SHARPNESS * (scores - scores.max()) / (float(scores.std()) or 1.0)
        shares: list[float] = (logits - math.log(float(np.exp(logits).sum()))).tolist()
        return shares

    def _log_pattern_shares(self, condition: Real, found: Factorization) -> dict[str, float]:
        """Log weights of the patterns; those of another operation than the factorization's count as it is in doubt."""
        doubt = 1.0 - found.confidences["OPERATION"]
        return {
            pattern: math.log(max(share * (1.0 if pattern.startswith(f"{found.operation}:") else doubt), 1e-9))
            for pattern, share in self.model.classify(condition).items()
        }

    def _decode(
        self, hypothesis: _Hypothesis, text: str, search: VerifiedSearch, rejections: Rejections
    ) -> Iterator[Candidate]:
        """Candidates of one hypothesis, likeliest first; the dropped ones with their reason."""
        before = _tokens_of(text, hypothesis.place)
        if before is None:
            return
        if hypothesis.operation in _DELETIONS:
            yield self._candidate(hypothesis, text, (), 0.0)
            return
        condition, pattern, verifier = hypothesis.condition, hypothesis.pattern, hypothesis.verifier
        for decoded in search.decode(condition, pattern, before, verifier, rejections):
            yield self._candidate(hypothesis, text, decoded.tokens, decoded.log_probability)

    def _candidate(
        self, hypothesis: _Hypothesis, text: str, tokens: Sequence[str], log_probability: float
    ) -> Candidate:
        """A hypothesis with its tokens written; their log probability counts by the token: long edits are no worse."""
        found, place, operation = hypothesis.found, hypothesis.place, hypothesis.operation
        after, content, dropped = "", "", "writes nothing"
        if tokens or operation in _DELETIONS:
            after, content = apply_edit(text, place, operation, list(tokens))
            dropped = _fault(found.file, text, after)
        patch = CodePatch(found.file, operation, f"{found.location.name}:{place.start}-{place.end}", content)
        score = hypothesis.score + log_probability / (len(tokens) + 1)
        verified = all(token in LAYOUT or hypothesis.verifier.accepts(token) for token in tokens)
        return Candidate(patch, after, score, log_probability, found, hypothesis.pattern, verified, dropped)


_DELETIONS = frozenset({Operation.DELETE_LINE, Operation.DELETE_FUNCTION, Operation.DELETE_IMPORT})


def _fault(path: str, before: str, after: str) -> str:
    """Why an edited file is no answer; empty for one that may be."""
    warned = compiler_warnings(after)
    if warned is None:
        return "does not compile"
    if not changed_python(before, after):
        return "changes no code"
    if warned := warned - (compiler_warnings(before) or frozenset()):
        return f"makes the compiler warn: {', '.join(sorted(warned))}"
    old, new = faulty_names(before), faulty_names(after)
    if unbound := new.undefined - old.undefined:
        return f"leaves {', '.join(sorted(unbound))} unbound"
    unused = new.unused_imports - old.unused_imports
    if unused and not path.endswith("__init__.py"):  # there an import is read by whoever imports the package
        return f"imports {', '.join(sorted(unused))}, which nothing reads"
    return ""


def _fits(pattern: str, place: Statement) -> bool:
    """Whether an edit of this pattern can be done at a place."""
    operation, kind = pattern.split(":")
    match Operation(operation):
        case Operation.ADD_LINE:
            return place.kind not in IMPORTS and place.kind not in _LEAVES_THE_BLOCK
        case Operation.ADD_FUNCTION:
            return place.kind in DEFINITIONS
        case Operation.ADD_IMPORT:
            return place.kind in IMPORTS
    return place.kind == kind


_LEAVES_THE_BLOCK = frozenset({"Return", "Raise", "Break", "Continue", "ClassDef"})  # what follows never runs


def _places(text: str, found: Factorization) -> list[Statement]:
    """The statements that a location itself owns (those of symbols inside it apart), and the file's imports."""
    try:
        places = statements(text)
    except SyntaxError:
        return []
    nested = symbols(text)
    return [
        place
        for place in places
        if innermost(nested, place.start) == found.location
        or (place.kind in IMPORTS and not place.indent)
        or (place.kind in DEFINITIONS and found.location.start <= place.start <= found.location.end)
    ]


def _tokens_of(text: str, place: Statement) -> tuple[str, ...] | None:
    """Tokens of a place; None where they do not lex alone or are too many to read."""
    try:
        tokens = tuple(lex(text_of(text, place)))
    except ValueError:
        return None
    return tokens if 0 < len(tokens) <= MAX_TOKENS else None


def condition_text(issue: Issue) -> str:
    """The part of an issue that the decoder is told: about as much as a commit message says."""
    return f"{issue.title}\n{issue.prose[:_CONDITION_CHARACTERS]}"


def issue_tokens(text: str) -> tuple[str, ...]:
    """Source tokens that prose and code offer: what lexes in it line by line, and every identifier."""
    words = (word.strip("`'\".,:;()[]") for word in text.split())
    lexed = context_tokens(text, 1, text.count("\n") + 1, limit=2000)
    return tuple(dict.fromkeys([*lexed, *(word for word in words if is_identifier(word))]))


def defined_names(source: Source, path: str) -> list[str]:
    """Names of the classes and functions that a file defines, as often as it does."""
    return DEFINITION.findall(source.read_text(path) or "")


def _distinct(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Candidates without those that leave a file just as a better one does; dropped ones all stay."""
    seen: set[tuple[str, str]] = set()
    for candidate in candidates:
        key = (candidate.patch.file, candidate.after)
        if not candidate.dropped and key in seen:
            continue
        seen.add(key)
        yield candidate
