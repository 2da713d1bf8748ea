"""CodeGenerator: from factorizations to ranked candidate edits."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kent_agent.advised import advised
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.outcome import applied
from kent_agent.decoder.proposals import Proposal
from kent_agent.decoder.search import EditSearch, Steering
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.suggestions import suggested_edits
from kent_agent.decoder.surroundings import Said
from kent_agent.filling.filled import ISSUES
from kent_agent.filling.model import FillingModel
from kent_agent.repository_index import Source
from kent_agent.resonator import Factorization
from kent_agent.source.alignment import DEFINITIONS
from kent_agent.source.grammar import KIND_OF, OLD, Action, Edit
from kent_agent.source.importing import Importer
from kent_agent.source.issue import Issue
from kent_agent.source.kinds import OPERATION_OF
from kent_agent.source.meaning import changed_python, compiler_warnings, faulty_names
from kent_agent.source.units import compiling_unit
from kent_agent.source.writing import written
from kent_agent.task import CodePatch

NOT_CHECKED = "ranks below the chosen one, and was not checked"
KEPT = 32  # candidates that are listed
_FEWEST, _MOST = 40, 600  # proposals of the likeliest factorization
_LEAST = 4  # the share of those that an unlikely one has, its inverse
_DEFINITIONS = frozenset(each.__name__ for each in DEFINITIONS)

Scored = tuple[float, Factorization, Proposal]
"""A proposal with where it was decoded, and the logarithm of both their probabilities."""


Steer = Callable[[Factorization], Steering]
"""What is known of a place beside the issue and the code."""


@dataclass(frozen=True)
class Candidate:
    """One edit with its evidence.

    Attributes:
        patch: what is written where.
        after: the file's text with the edit.
        edits: the same in the edit grammar.
        score: ranks candidates of all factorizations together: the logarithm of `confidence`.
        confidence: share of the belief in places that the factorization has, times that of the edit by the decoder.
        factorization: where it was decoded.
        reason: what was done, and why there, in a sentence.
        dropped: why it is no answer; empty for those that may be one.
    """

    patch: CodePatch
    after: str
    edits: tuple[Edit, ...]
    score: float
    confidence: float
    factorization: Factorization
    reason: str
    dropped: str


@dataclass(frozen=True)
class Generation:
    """The candidates of an instance, best first, the dropped ones among them."""

    candidates: tuple[Candidate, ...]


class CodeGenerator:
    """Writes candidates with a trained decoder.

    Args:
        model: the decoder.
        filling: what knows how likely simple edits are.
    """

    def __init__(self, model: DecoderModel, filling: FillingModel | None = None) -> None:
        self.model = model
        self.search = EditSearch(model, filling, ISSUES)

    def generate(
        self,
        issue: Issue,
        source: Source,
        factorizations: Sequence[Factorization],
        limit: int,
        listed: int = 0,
        files: Sequence[str] = (),
        steering: Steer | None = None,
        searched: Sequence[Factorization] = (),
    ) -> Generation:
        """Decodes every factorization, and takes up what the issue spells out.

        Args:
            issue: the parsed issue.
            source: the repository.
            factorizations: where to look, best first.
            limit: how many candidates to keep that may be an answer.
            listed: how many candidates to list in all; those behind the last answer are not checked.
            files: where the issue's own code may be meant to stand, likeliest first.
            steering: what else is known of a place.
            searched: where what the issue names may stand; the factorizations where none are given.
        """
        said = Said.by(issue)
        spelled = list(advised(issue, files, source.read_text, searched or factorizations))
        edited = dict.fromkeys(found.file for found in (*factorizations, *(found for _, found, _ in spelled)))
        texts = {file: source.read_text(file) or "" for file in edited}
        scored: list[Scored] = list(spelled)
        for found, proposals in _shared_out(factorizations, min(max(limit, _FEWEST), _MOST)):
            least = -math.inf if steering else _least(scored, max(2 * limit, listed))
            steered = steering(found) if steering else None
            scored += self._decode(issue, said, texts[found.file], found, proposals, steered, least)
        ranked = sorted(scored, key=lambda each: -each[0])
        importer = Importer([entry.path for entry in source.files], source.read_text)
        return Generation(tuple(_candidates(ranked, said, texts, importer, limit, listed)))

    def _decode(
        self,
        issue: Issue,
        said: Said,
        text: str,
        found: Factorization,
        proposals: int,
        steering: Steering | None,
        least: float,
    ) -> Iterator[Scored]:
        """Proposals of one factorization with their scores: the decoder's, and those of the issue itself.

        Args:
            least: the score below which no proposal of the decoder's is wanted.
        """
        try:
            situation = Situation(text, found.file, found.location, said, self.model.learned)
        except SyntaxError:
            return
        place = math.log(max(found.share, 1e-9))
        for proposal in self.search.propose(situation, proposals, steering, least - place):
            if any(map(_takes_a_definition, proposal.edits)):
                continue
            yield place + proposal.log_probability, found, proposal
        for edit, log_probability in suggested_edits(issue, situation):
            after = applied(situation, edit)
            if after is not None:
                yield place + log_probability, found, Proposal((edit,), after, log_probability)


def _shared_out(factorizations: Sequence[Factorization], most: int) -> Iterator[tuple[Factorization, int]]:
    """Factorizations with how many proposals to decode: the less likely a place, the fewer of its edits rank high."""
    likeliest = max((found.share for found in factorizations), default=0.0)
    for found in factorizations:
        share = found.share / max(likeliest, 1e-9)
        yield found, max(round(most * share), most // _LEAST)


def _takes_a_definition(edit: Edit) -> bool:
    """Whether a function or a class goes: commits do so, but of 138 edits in the smaller gold patches of dev none."""
    return edit.site.action is Action.DELETE_STATEMENT and edit.site.node in _DEFINITIONS


def _least(scored: Sequence[Scored], wanted: int) -> float:
    """The score that a proposal needs to be among so many, given what there is: none while there are fewer."""
    scores = sorted((score for score, _, _ in scored), reverse=True)
    return scores[wanted - 1] if len(scores) >= wanted else -math.inf


def _candidates(
    ranked: Iterable[Scored], said: Said, texts: Mapping[str, str], importer: Importer, limit: int, listed: int
) -> Iterator[Candidate]:
    """Candidates in the order of their scores, each file as it is left once, up to so many that may be an answer."""
    seen: set[tuple[str, str]] = set()
    left = limit
    for score, found, proposal in ranked:
        key = found.file, proposal.after
        if key in seen:
            continue
        if left <= 0 and len(seen) >= listed:
            return
        seen.add(key)
        before = texts[found.file]
        if left <= 0:
            yield _candidate(score, found, proposal, said, before, NOT_CHECKED)
            continue
        bound = replace(proposal, after=importer.bound(found.file, before, proposal.after))
        candidate = _candidate(score, found, bound, said, before, fault(found.file, before, bound.after))
        left -= not candidate.dropped
        yield candidate


def _candidate(
    score: float, found: Factorization, proposal: Proposal, said: Said, before: str, dropped: str
) -> Candidate:
    edit = proposal.edits[0]
    operation = OPERATION_OF[KIND_OF[edit.action]]
    where = f"{found.location.name}:{edit.site.first_line}-{edit.site.last_line}"
    old = before[edit.site.start : edit.site.end]
    content = written([old if token == OLD else token for token in edit.tokens]) if edit.tokens else ""
    return Candidate(
        patch=CodePatch(found.file, operation, where, content),
        after=proposal.after,
        edits=proposal.edits,
        score=score,
        confidence=math.exp(min(score, 0.0)),
        factorization=found,
        reason=_reason(edit, found, proposal, said),
        dropped=dropped,
    )


def _reason(edit: Edit, found: Factorization, proposal: Proposal, said: Said) -> str:
    action = str(edit.action).replace("_", " ")
    told = [token for token in dict.fromkeys(edit.tokens) if token in said.whole]
    words = f"; the issue says {', '.join(told)}" if told else ""
    place = f"place {found.share:.0%}, edit {math.exp(proposal.log_probability):.1%}"
    return f"{action} in {found.location.name}, line {edit.site.first_line} ({place}){words}"


def fault(path: str, before: str, after: str) -> str:
    """Why an edited file is no answer; empty for one that may be."""
    changed = compiling_unit(before, after)
    old_code, new_code = (changed.before, changed.after) if changed else (before, after)
    warned = compiler_warnings(new_code)
    if warned is None:
        return "does not compile"
    if not changed_python(old_code, new_code):
        return "changes no code"
    if warned := warned - (compiler_warnings(old_code) or frozenset()):
        return f"makes the compiler warn: {', '.join(sorted(warned))}"
    if changed and changed.keeps_its_names:
        return ""
    old, new = faulty_names(before), faulty_names(after)
    if unbound := new.undefined - old.undefined:
        return f"leaves {', '.join(sorted(unbound))} unbound"
    unused = new.unused_imports - old.unused_imports
    if unused and not path.endswith("__init__.py"):  # there an import is read by whoever imports the package
        return f"imports {', '.join(sorted(unused))}, which nothing reads"
    return ""
