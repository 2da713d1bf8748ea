"""What a decoder proposes: edits with their probabilities."""

from dataclasses import dataclass

from kent_agent.source.grammar import Edit


@dataclass(frozen=True)
class Proposal:
    """An edit of one place.

    Attributes:
        edits: what is done, one edit or more.
        after: the file's text with them.
        log_probability: natural logarithm under the decoder, of the site, its action and the tokens; proposals for one
            place are comparable whatever their actions.
    """

    edits: tuple[Edit, ...]
    after: str
    log_probability: float
