"""EditSearch: the likeliest edits of a place, best first over sites, actions and tokens together.

A partial edit's probability bounds that of all its completions, so that partial edits are taken up in the order of
their probabilities (best-first search), some at a time, since the network reads many as fast as one.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from kent_agent.decoder.lexicon import END
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.proposals import Proposal
from kent_agent.decoder.situation import Situation, action_token
from kent_agent.decoder.surroundings import Reals
from kent_agent.decoder.syntax import Syntax
from kent_agent.errors import PatchError
from kent_agent.source.application import apply_to
from kent_agent.source.grammar import MAX_TOKENS, Action, Edit, Site
from kent_agent.source.symbols import parse

WORDLESS = frozenset({Action.DELETE_STATEMENT, Action.DELETE_ELEMENT, Action.UNWRAP_STATEMENT})
"""Actions that write nothing."""

_HYPOTHESES = 240  # sites that tokens are decoded for
_AT_ONCE = 48  # partial edits that are continued together
_BRANCHES = 16  # continuations of each
_ROUNDS, _FOR_ONE = 10, 30  # rounds at most: so many, and one more for each so many edits asked for
_SPARE = 1.5  # completed edits for each proposal: some do not parse, or repeat another
_MOVED, _TARGETS = 12, 12  # statements that are moved, and places that each may go to
_NEAR = 2
_LONGEST = 24  # tokens; longer edits are not found by search


@dataclass(frozen=True)
class _Partial:
    """What has been written at a hypothesis' site so far."""

    hypothesis: int
    written: tuple[int, ...]
    log_probability: float


class EditSearch:
    """Finds edits.

    Args:
        model: the decoder.
    """

    def __init__(self, model: DecoderModel) -> None:
        self.model = model

    def propose(self, situation: Situation, limit: int) -> list[Proposal]:
        """The likeliest edits, best first: distinct ones that apply, parse and change the text.

        Args:
            situation: the place to edit.
            limit: how many at most.
        """
        with torch.inference_mode():
            decoding = Decoding(self.model, situation)
            completed = sorted(decoding.completed(int(limit * _SPARE)), key=lambda each: -each[1])
        found: dict[str, Proposal] = {}
        for edit, log_probability in completed:
            after = applied(situation, edit)
            if after is not None and after not in found:
                found[after] = Proposal((edit,), after, log_probability)
            if len(found) >= limit:
                break
        return list(found.values())

    def log_probability(self, situation: Situation, edits: Sequence[Edit]) -> float | None:
        """Natural logarithm of the probability of edits; None where a site or a token cannot be chosen."""
        with torch.inference_mode():
            decoding = Decoding(self.model, situation)
            found = [decoding.log_probability(edit) for edit in edits]
        return None if None in found else sum(each for each in found if each is not None)


class Decoding:
    """The decoding of one situation.

    Args:
        model: the decoder.
        situation: the place to edit.
    """

    def __init__(self, model: DecoderModel, situation: Situation) -> None:
        self.network = model.network
        self.situation = situation
        self.condition = torch.from_numpy(situation.condition(model.items))[None]
        self._memories: dict[int, tuple[Tensor, Tensor]] = {}

    @cached_property
    def site_scores(self) -> Reals:
        """Natural logarithms of the sites' probabilities, `(n,)`."""
        table = self.situation.table
        scores = self.network.forward_classify(
            self.condition,
            torch.from_numpy(table.categories),
            torch.from_numpy(table.measures),
            torch.zeros(len(table.measures), dtype=torch.long),
        )
        found: Reals = torch.log_softmax(scores, 0).numpy()
        return found

    @cached_property
    def _words(self) -> Tensor:
        """Embeddings of the lexicon, `(V, width)`."""
        return self.network.embed(self.situation.lexicon.tokens)

    @cached_property
    def _standing(self) -> Tensor:
        return torch.from_numpy(self.situation.lexicon.standing())

    @cached_property
    def _syntax(self) -> Syntax:
        return Syntax(self.situation.lexicon.tokens)

    def log_probability(self, edit: Edit) -> float | None:
        """Of one edit; None where it cannot be chosen."""
        sites = self.situation.sites
        if edit.site not in sites:
            return None
        on_site = float(self.site_scores[sites.index(edit.site)])
        if edit.action is Action.MOVE_STATEMENT:
            there = [share for target, share in targets(sites, edit.site) if target == edit.target]
            return on_site + there[0] if there else None
        if edit.action in WORDLESS:
            return on_site
        number = self.situation.lexicon.number
        wanted = [number.get(token) for token in (*edit.tokens, END)]
        if None in wanted or len(edit.tokens) > MAX_TOKENS:
            return None
        numbers = [i for i in wanted if i is not None]
        memory, unused = self._read([edit.site])
        steps = [tuple(numbers[:i]) for i in range(len(numbers))]
        logits = self._logits(edit.site, memory, unused, steps)
        shares = torch.log_softmax(logits, -1)
        return on_site + float(shares[torch.arange(len(numbers)), numbers].sum())

    def completed(self, limit: int) -> Iterator[tuple[Edit, float]]:
        """Edits with the logarithms of their probabilities; of those that write something the likeliest, best first."""
        sites, scores = self.situation.sites, self.site_scores
        order = np.argsort(-scores, kind="stable").tolist()
        for i in order:
            if sites[i].action in WORDLESS:
                yield Edit(sites[i]), float(scores[i])
        for i in [i for i in order if sites[i].action is Action.MOVE_STATEMENT][:_MOVED]:
            for target, share in targets(sites, sites[i])[:_TARGETS]:
                yield Edit(sites[i], (), target), float(scores[i]) + share
        worded = [i for i in order if sites[i].action not in WORDLESS | {Action.MOVE_STATEMENT}]
        chosen = worded[:_HYPOTHESES]
        queue = [(-float(scores[i]), n, _Partial(i, (), float(scores[i]))) for n, i in enumerate(chosen)]
        heapq.heapify(queue)
        ended: list[tuple[float, int, _Partial]] = []
        count, ticket = 0, len(queue)
        for _ in range(_ROUNDS + limit // _FOR_ONE):
            while ended and (not queue or ended[0][0] <= queue[0][0]):  # nothing can become likelier than it
                partial = heapq.heappop(ended)[2]
                count += 1
                yield self._edit(partial), partial.log_probability
            if not queue or count >= limit:
                return
            taken = [heapq.heappop(queue)[2] for _ in range(min(_AT_ONCE, len(queue)))]
            for partial, token, log_probability in self._continued(taken):
                ticket += 1
                if token == END:
                    whole = _Partial(partial.hypothesis, partial.written, log_probability)
                    heapq.heappush(ended, (-log_probability, ticket, whole))
                elif len(partial.written) < _LONGEST:
                    number = self.situation.lexicon.number[token]
                    grown = _Partial(partial.hypothesis, (*partial.written, number), log_probability)
                    heapq.heappush(queue, (-log_probability, ticket, grown))
        yield from ((self._edit(partial), partial.log_probability) for _, _, partial in ended)

    def _edit(self, partial: _Partial) -> Edit:
        tokens = self.situation.lexicon.tokens
        return Edit(self.situation.sites[partial.hypothesis], tuple(tokens[i] for i in partial.written))

    def _continued(self, taken: Sequence[_Partial]) -> Iterator[tuple[_Partial, str, float]]:
        """The likeliest next tokens of partial edits, with the logarithms of what is then written."""
        sites, tokens = self.situation.sites, self.situation.lexicon.tokens
        self._remember([partial.hypothesis for partial in taken])
        logits = self._next_logits(taken)
        shares = torch.log_softmax(logits, -1)
        allowed = np.stack(
            [self._syntax.following([tokens[i] for i in each.written], sites[each.hypothesis].action) for each in taken]
        )
        masked = shares.masked_fill(~torch.from_numpy(allowed), -torch.inf)
        best, numbers = masked.topk(min(_BRANCHES, len(tokens)), dim=-1)
        for partial, row, found in zip(taken, best.tolist(), numbers.tolist(), strict=True):
            for share, number in zip(row, found, strict=True):
                if share > -30:
                    yield partial, tokens[number], partial.log_probability + share

    def _remember(self, hypotheses: Iterable[int]) -> None:
        """Reads the surroundings of sites that have not been read yet."""
        missing = [i for i in dict.fromkeys(hypotheses) if i not in self._memories]
        if not missing:
            return
        memory, unused = self._read([self.situation.sites[i] for i in missing])
        for i, row, mask in zip(missing, memory, unused, strict=True):
            self._memories[i] = row, mask

    def _read(self, sites: Sequence[Site]) -> tuple[Tensor, Tensor]:
        """Memories `(B, 1 + S, width)` of sites, and where in them nothing is."""
        readings = [self.situation.reading(site) for site in sites]
        words = list(dict.fromkeys(token for tokens, _ in readings for token in tokens))
        number = {word: i for i, word in enumerate(words)}
        longest = max(len(tokens) for tokens, _ in readings)
        rows = torch.tensor([[number[t] for t in tokens] + [-1] * (longest - len(tokens)) for tokens, _ in readings])
        segments = torch.tensor([[*parts, *[0] * (longest - len(parts))] for _, parts in readings])
        embedded = self.network.embed(words)[rows.clamp(min=0)]
        unused = rows < 0
        return self.network.read(self.condition.expand(len(sites), -1), embedded, segments, unused), unused

    def _next_logits(self, taken: Sequence[_Partial]) -> Tensor:
        """Logits `(B, V)` of the next tokens."""
        memories = [self._memories[partial.hypothesis] for partial in taken]
        longest = max(len(mask) for _, mask in memories)
        memory = torch.stack([_lengthened(row, longest + 1) for row, _ in memories])
        unused = torch.stack(
            [torch.nn.functional.pad(mask, (0, longest - len(mask)), value=True) for _, mask in memories]
        )
        sites = self.situation.sites
        actions = self.network.embed([action_token(sites[each.hypothesis]) for each in taken])
        steps = max(len(each.written) for each in taken)
        rows = torch.tensor([[*each.written, *[0] * (steps - len(each.written))] for each in taken], dtype=torch.long)
        written = torch.cat([actions[:, None], self._words[rows]], 1)
        states = self.network.forward_generate(memory, unused, written)
        last = states[torch.arange(len(taken)), torch.tensor([len(each.written) for each in taken])]
        at = torch.stack([self._at(each.hypothesis) for each in taken])
        after = torch.from_numpy(np.stack([self._after(sites[each.hypothesis], each.written) for each in taken]))
        return self._scored(last[:, None], at, after[:, None])[:, 0]

    def _logits(self, site: Site, memory: Tensor, unused: Tensor, steps: Sequence[tuple[int, ...]]) -> Tensor:
        """Logits `(T, V)` after each of the growing prefixes of what is written at one site."""
        longest = torch.tensor(steps[-1], dtype=torch.long)
        written = torch.cat([self.network.embed([action_token(site)]), self._words[longest]])[None]
        states = self.network.forward_generate(memory, unused, written)
        at = torch.from_numpy(self.situation.lexicon.at(site))[None]
        after = torch.from_numpy(np.stack([self._after(site, prefix) for prefix in steps]))[None]
        return self._scored(states, at, after)[0]

    def _scored(self, states: Tensor, at: Tensor, after: Tensor) -> Tensor:
        size = len(states)
        words, standing = self._words.expand(size, -1, -1), self._standing.expand(size, -1, -1)
        return self.network.logits(states, words, standing, at, after)

    def _at(self, hypothesis: int) -> Tensor:
        if hypothesis not in self._places:
            self._places[hypothesis] = torch.from_numpy(self.situation.lexicon.at(self.situation.sites[hypothesis]))
        return self._places[hypothesis]

    @cached_property
    def _places(self) -> dict[int, Tensor]:
        return {}

    def _after(self, site: Site, written: Sequence[int]) -> Reals:
        before, following = self.situation.neighbours(site)
        tokens = self.situation.lexicon.tokens
        return self.situation.lexicon.after([*before, *(tokens[i] for i in written)], following)


def targets(sites: Sequence[Site], moved: Site) -> list[tuple[Site, float]]:
    """Where a statement of a function may go, nearest first, with natural logarithms of probabilities.

    Of 120 mined moves half go to the six nearest places, and the share falls about as one over the rank.
    """
    found = [site for site in sites if site.action is Action.INSERT_STATEMENT and site.scope == moved.scope]
    found = [site for site in found if not moved.start < site.start < moved.end]
    found.sort(key=lambda site: min(abs(site.start - moved.start), abs(site.start - moved.end)))
    weights = np.array([1 / (rank + _NEAR) for rank in range(len(found))])
    shares = np.log(weights / weights.sum()).tolist() if found else []
    return [(replace(site, action=Action.MOVE_STATEMENT), share) for site, share in zip(found, shares, strict=True)]


def _lengthened(rows: Tensor, length: int) -> Tensor:
    return torch.nn.functional.pad(rows, (0, 0, 0, length - len(rows)))


def applied(situation: Situation, edit: Edit) -> str | None:
    """The file's text after an edit; None where it does not apply, does not parse, or changes nothing."""
    document = situation.document
    try:
        after = apply_to(document, [edit])
    except (PatchError, SyntaxError):
        return None
    if after == document.text:
        return None
    start, end = document.top_level(edit.site.start, edit.site.end)
    try:
        parse(after[start : end + len(after) - len(document.text)])
    except SyntaxError:
        return None
    return after
