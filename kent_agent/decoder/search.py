"""EditSearch: the likeliest edits of a place, best first over sites, actions and tokens together.

A partial edit's probability bounds that of all its completions, so that partial edits are taken up in the order of
their probabilities (best-first search), some at a time, since the network reads many as fast as one.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from kent_agent.decoder.arrays import Reals
from kent_agent.decoder.continuations import AFTER, END, Written
from kent_agent.decoder.lexicon import AT
from kent_agent.decoder.literals import literal_variants
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.moving import targets
from kent_agent.decoder.network import Memory, Told
from kent_agent.decoder.opening import Opening
from kent_agent.decoder.outcome import applied
from kent_agent.decoder.proposals import Proposal
from kent_agent.decoder.situation import MOST_READ, Situation, action_token
from kent_agent.decoder.syntax import Syntax
from kent_agent.filling.filled import MESSAGES, MOST, Filled, Trust, blended, filled
from kent_agent.filling.model import FillingModel
from kent_agent.source.grammar import MAX_TOKENS, Action, Edit, Site

WORDLESS = frozenset({Action.DELETE_STATEMENT, Action.DELETE_ELEMENT, Action.UNWRAP_STATEMENT})
"""Actions that write nothing."""

_HYPOTHESES = 240  # sites that tokens are decoded for
_FEWEST, _AT_ONCE = 8, 48  # partial edits that are continued together: few where few edits are asked for
_BRANCHES = 16  # continuations of each
_FEW = 4  # where less than such a part of all tokens may follow, the others are not looked at
_ROUNDS, _FOR_ONE = 10, 30  # rounds at most: so many, and one more for each so many edits asked for
_SPARE = 1.5  # completed edits for each proposal: some do not parse, or repeat another
_NEARLY = 2.0  # how much less likely an edit may be decoded that counts where it is a simple one, too
_MOVED, _TARGETS = 12, 12  # statements that are moved, and places that each may go to
_LITERALS = 24  # sites whose strings are varied
_LONGEST = 24  # tokens; longer edits are not found by search


@dataclass(frozen=True)
class Steering:
    """What is known of a place beside the issue and the code.

    Attributes:
        bias: what to add to the natural logarithm of an action's probability as edits are searched; it steers which
            are found, and in which order, and their probabilities are as without it.
        evidence: what to add to the natural logarithm of the probability that some lines are edited, before those of
            all sites are made to sum to 1; part of the probabilities.
    """

    bias: Callable[[Action], float]
    evidence: Callable[[range], float]


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
        filling: knows how likely simple edits are; their probabilities and the decoder's are mixed.
        trust: in what is said.
    """

    def __init__(self, model: DecoderModel, filling: FillingModel | None = None, trust: Trust = MESSAGES) -> None:
        self.model = model
        self.filling = filling
        self.trust = trust

    def propose(
        self, situation: Situation, limit: int, steering: Steering | None = None, least: float = -math.inf
    ) -> list[Proposal]:
        """The likeliest edits, best first: distinct ones that apply, parse and change the text.

        Args:
            situation: the place to edit.
            limit: how many at most.
            steering: what else is known of the place; its bias counts towards what is best here.
            least: natural logarithm of the probability, its bias included, below which none is wanted.
        """
        most = int(limit * _SPARE)
        with torch.inference_mode():
            decoding = Decoding(self.model, situation, steering)
            simple = self._filled(situation, decoding, most)
            completed = _best(decoding.completed(most, least - simple.none - _NEARLY))
        found: dict[str, Proposal] = {}
        for edit, log_probability in sorted(_mixed(completed, simple, steering).items(), key=lambda each: -each[1]):
            if len(found) >= limit or log_probability < least:
                break
            after = applied(situation, edit)
            if after is not None and after not in found:
                found[after] = Proposal(
                    (edit,), after, log_probability - (steering.bias(edit.action) if steering else 0.0)
                )
        return list(found.values())

    def log_probability(self, situation: Situation, edits: Sequence[Edit]) -> float | None:
        """Natural logarithm of the probability of edits; None where a site or a token cannot be chosen."""
        with torch.inference_mode():
            decoding = Decoding(self.model, situation)
            simple = self._filled(situation, decoding, MOST)
            found = [_either(decoding.log_probability(edit), simple, edit) for edit in edits]
        return None if None in found else sum(each for each in found if each is not None)

    def _filled(self, situation: Situation, decoding: "Decoding", limit: int) -> Filled:
        if self.filling is None:
            return Filled()
        told = filled(self.filling, situation, decoding.site_scores, limit, self.trust.odds)
        if not self.trust.silence or not situation.said.wording.words:
            return told
        deaf = Decoding(self.model, situation.silent(), decoding.steering)
        silent = filled(self.filling, deaf.situation, deaf.site_scores, limit, self.trust.odds)
        return blended(told, silent, self.trust.silence, limit)


def _best(completed: Iterator[tuple[Edit, float]]) -> dict[Edit, float]:
    """Edits with the highest of their scores: a string may be written in two ways."""
    best: dict[Edit, float] = {}
    for edit, share in completed:
        best[edit] = max(share, best.get(edit, share))
    return best


def _mixed(completed: Mapping[Edit, float], simple: Filled, steering: Steering | None) -> dict[Edit, float]:
    """What a decoder completed and simple edits, each with the natural logarithm of its probability and its bias."""
    mixed = {edit: share + simple.none for edit, share in completed.items()}
    for edit, share in simple.edits.items():
        biased = share + (steering.bias(edit.action) if steering else 0.0)
        mixed[edit] = float(np.logaddexp(mixed[edit], biased)) if edit in mixed else biased
    return mixed


def _either(decoded: float | None, simple: Filled, edit: Edit) -> float | None:
    """The probability of an edit, decoded or simple or both."""
    shares = [] if decoded is None else [decoded + simple.none]
    shares += [simple.edits[edit]] if edit in simple.edits else []
    return float(np.logaddexp.reduce(shares)) if shares else None


class Decoding:
    """The decoding of one situation.

    Args:
        model: the decoder.
        situation: the place to edit.
        steering: what else is known of it.
    """

    def __init__(self, model: DecoderModel, situation: Situation, steering: Steering | None = None) -> None:
        self.network = model.network
        self.situation = situation
        self.steering = steering
        self.condition = torch.from_numpy(situation.condition(model.items))[None]
        self._memories: dict[int, tuple[Tensor, ...]] = {}

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
        scores = scores + torch.tensor([self._evidence(self._lines(site)) for site in self.situation.sites])
        found: Reals = torch.log_softmax(scores, 0).numpy()
        return found

    def _evidence(self, lines: range) -> float:
        """What speaks for some lines beside what the network reads: that the issue points at them, and runs."""
        pointed = max((self.situation.pointed[line] for line in lines if line in self.situation.pointed), default=0.0)
        return pointed + (self.steering.evidence(lines) if self.steering else 0.0)

    def _lines(self, site: Site) -> range:
        """The lines of a site's statement; of what is inserted those that it comes to stand behind."""
        if site.action is Action.INSERT_STATEMENT:
            line = self.situation.document.line(site.start)
            return range(line - 2, line + 1)
        return range(site.first_line, site.last_line + 1)

    @cached_property
    def _steered(self) -> Reals:
        """The sites' scores with the bias of their actions, `(n,)`."""
        if self.steering is None:
            return self.site_scores
        of_action = {action: self.steering.bias(action) for action in Action}
        found: Reals = self.site_scores + np.array(
            [of_action[site.action] for site in self.situation.sites], dtype=np.float32
        )
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
        told = [self._written(edit)]
        if edit.action is Action.EDIT_LITERAL:
            told.append(self._variants(edit.site).get(edit.tokens[0]))
        found = [share for share in told if share is not None]
        return on_site + max(found) if found else None

    def _written(self, edit: Edit) -> float | None:
        """Of the tokens of one edit, at its site; None where one cannot be chosen."""
        number = self.situation.lexicon.number
        wanted = [number.get(token) for token in (*edit.tokens, END)]
        if None in wanted or len(edit.tokens) > MAX_TOKENS:
            return None
        numbers = [i for i in wanted if i is not None]
        here = [self.situation.sites.index(edit.site)] * len(numbers)
        shares = self._shares(here, [tuple(numbers[:i]) for i in range(len(numbers))])
        of_edit = float(shares[torch.arange(len(numbers)), numbers].sum())
        return of_edit if of_edit > -torch.inf else None

    def completed(self, limit: int, least: float = -math.inf) -> Iterator[tuple[Edit, float]]:
        """Edits with the logarithms of their probabilities; of those that write something the likeliest, best first.

        Args:
            limit: how many that write something.
            least: where the logarithms of those end.
        """
        sites, scores = self.situation.sites, self._steered
        order = np.argsort(-scores, kind="stable").tolist()
        for i in order:
            if sites[i].action in WORDLESS:
                yield Edit(sites[i]), float(scores[i])
        for i in [i for i in order if sites[i].action is Action.MOVE_STATEMENT][:_MOVED]:
            for target, share in targets(sites, sites[i])[:_TARGETS]:
                yield Edit(sites[i], (), target), float(scores[i]) + share
        for i in [i for i in order if sites[i].action is Action.EDIT_LITERAL][:_LITERALS]:
            yield from ((Edit(sites[i], (new,)), float(scores[i]) + on) for new, on in self._variants(sites[i]).items())
        worded = [i for i in order if sites[i].action not in WORDLESS | {Action.MOVE_STATEMENT}]
        chosen = worded[:_HYPOTHESES]
        queue = [(-float(scores[i]), n, _Partial(i, (), float(scores[i]))) for n, i in enumerate(chosen)]
        heapq.heapify(queue)
        ended: list[tuple[float, int, _Partial]] = []
        count, ticket = 0, len(queue)
        at_once = min(_AT_ONCE, _FEWEST + limit // 3)
        for _ in range(_ROUNDS + limit // _FOR_ONE):
            while ended and (not queue or ended[0][0] <= queue[0][0]):  # nothing can become likelier than it
                partial = heapq.heappop(ended)[2]
                count += 1
                yield self._edit(partial), partial.log_probability
            if not queue or count >= limit or -queue[0][0] < least:
                return
            taken = [heapq.heappop(queue)[2] for _ in range(min(at_once, len(queue)))]
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

    def _variants(self, literal: Site) -> dict[str, float]:
        """Strings that are nearly a site's, with the natural logarithms of their probabilities there."""
        return literal_variants(self.situation.document.text[literal.start : literal.end], self.situation.said)

    def _edit(self, partial: _Partial) -> Edit:
        tokens = self.situation.lexicon.tokens
        return Edit(self.situation.sites[partial.hypothesis], tuple(tokens[i] for i in partial.written))

    def _continued(self, taken: Sequence[_Partial]) -> Iterator[tuple[_Partial, str, float]]:
        """The likeliest next tokens of partial edits, with the logarithms of what is then written."""
        tokens = self.situation.lexicon.tokens
        shares = self._shares([partial.hypothesis for partial in taken], [partial.written for partial in taken])
        best, numbers = shares.topk(min(_BRANCHES, len(tokens)), dim=-1)
        for partial, row, found in zip(taken, best.tolist(), numbers.tolist(), strict=True):
            for share, number in zip(row, found, strict=True):
                if share > -30:
                    yield partial, tokens[number], partial.log_probability + share

    def _opening(self, hypothesis: int) -> Opening:
        if hypothesis not in self._openings:
            self._openings[hypothesis] = self.situation.opening(self.situation.sites[hypothesis])
        return self._openings[hypothesis]

    @cached_property
    def _openings(self) -> dict[int, Opening]:
        return {}

    def _recalled(self, hypotheses: Sequence[int]) -> tuple[Memory, Tensor]:
        """What the writer attends to at sites, each read once, and where in that nothing is, `(B, S)`."""
        missing = [i for i in dict.fromkeys(hypotheses) if i not in self._memories]
        if missing:
            memory, unused = self._read([self._opening(i) for i in missing])
            flat = [each for pair in self.network.recall(memory) for each in pair]
            spare = MOST_READ - unused.shape[1]  # all are kept as long as any, so that they can be stacked
            flat = [torch.nn.functional.pad(each, (0, 0, 0, spare)) for each in flat]
            unused = torch.nn.functional.pad(unused, (0, spare), value=True)
            self._memories |= {i: (unused[n], *(each[n] for each in flat)) for n, i in enumerate(missing)}
        unused, *rows = map(torch.stack, zip(*(self._memories[i] for i in hypotheses), strict=True))
        longest = int((~unused).sum(1).max())
        rows = [each[:, :, : 1 + longest] for each in rows]
        return tuple(zip(rows[::2], rows[1::2], strict=True)), unused[:, :longest]

    def _read(self, openings: Sequence[Opening]) -> tuple[Tensor, Tensor]:
        """Memories `(B, 1 + S, width)` of openings, and where in them nothing is `(B, S)`."""
        readings = [self.situation.reading(opening) for opening in openings]
        words = list(dict.fromkeys(token for tokens, _ in readings for token in tokens))
        number = {word: i for i, word in enumerate(words)}
        longest = max(len(tokens) for tokens, _ in readings)
        rows = torch.tensor([[number[t] for t in tokens] + [-1] * (longest - len(tokens)) for tokens, _ in readings])
        segments = torch.tensor([[*parts, *[0] * (longest - len(parts))] for _, parts in readings])
        embedded = self.network.embed(words)[rows.clamp(min=0)]
        unused = rows < 0
        return self.network.read(self.condition.expand(len(openings), -1), embedded, segments, unused), unused

    def _shares(self, hypotheses: Sequence[int], written: Sequence[tuple[int, ...]]) -> Tensor:
        """Natural logarithms `(B, V)` of the probabilities of the next tokens, of those that the syntax lets follow."""
        tokens = self.situation.lexicon.tokens
        openings = [self._opening(i) for i in hypotheses]
        texts = [[tokens[i] for i in each] for each in written]
        states = self._states(hypotheses, openings, written)
        place = torch.from_numpy(self._place(openings, texts))
        following = (self._syntax.following(text, each.site.action) for text, each in zip(texts, openings, strict=True))
        allowed = torch.from_numpy(np.stack(list(following)))
        shares = torch.full(allowed.shape, -torch.inf)
        few = allowed.sum(1) < len(tokens) // _FEW
        for rows, chosen in ((few, allowed[few].any(0).nonzero()[:, 0]), (~few, slice(None))):
            logits = self.network.logits(
                states[None, rows],
                torch.ones(1, int(rows.sum()), dtype=torch.bool),
                self._words[None, chosen],
                Told(self._standing[None, chosen], place[rows][:, chosen]),
            )
            found = torch.full((len(logits), len(tokens)), -torch.inf)
            found[:, chosen] = torch.log_softmax(logits.masked_fill(~allowed[rows][:, chosen], -torch.inf), -1)
            shares[rows] = found
        return shares

    def _states(
        self, hypotheses: Sequence[int], openings: Sequence[Opening], written: Sequence[tuple[int, ...]]
    ) -> Tensor:
        """The writer's states after what is written, `(B, width)`."""
        actions = self.network.embed([action_token(opening.site) for opening in openings])
        steps = max(map(len, written))
        rows = torch.tensor([[*each, *[0] * (steps - len(each))] for each in written], dtype=torch.long)
        told = torch.cat([actions[:, None], self._words[rows]], 1)
        states = self.network.forward_generate(*self._recalled(hypotheses), told)
        return states[torch.arange(len(written)), torch.tensor([len(each) for each in written])]

    def _place(self, openings: Sequence[Opening], written: Sequence[Sequence[str]]) -> Reals:
        """How the lexicon stands to sites and to what is written there, `(B, V, AT + AFTER)`."""
        lexicon = self.situation.lexicon
        place = np.zeros((len(openings), len(lexicon.tokens), AT + AFTER), dtype=np.float32)
        for row, opening in zip(place, openings, strict=True):
            if opening.site not in self._places:
                self._places[opening.site] = lexicon.at(opening)
            row[:, :AT] = self._places[opening.site]
        found = lexicon.continuations.after([Written(*each) for each in zip(openings, written, strict=True)])
        place[found.owners, found.tokens, AT:] = found.rows
        return place

    @cached_property
    def _places(self) -> dict[Site, Reals]:
        return {}
