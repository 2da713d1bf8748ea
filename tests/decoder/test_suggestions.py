"""What an issue itself proposes is taken as edits of the place that it is meant for."""

import math

import pytest

from kent_agent.decoder.search import applied
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.suggestions import PRIOR, suggested_edits
from kent_agent.decoder.surroundings import Said
from kent_agent.source.issue import parse_issue
from kent_agent.source.symbols import Symbol

TEXT = """\
def read(path, mode):
    # as bytes
    data = np.around(np.linspace(first, last, length)).astype(int)
    return data + offset
"""


def proposals(issue: str) -> list[tuple[str, float]]:
    parsed = parse_issue(issue)
    situation = Situation(TEXT, "a/reader.py", Symbol("read", "function", 1, 4), Said.by(parsed), {})
    return [(applied(situation, edit) or "", share) for edit, share in suggested_edits(parsed, situation)]


def test_a_line_of_code_that_nearly_stands_there_replaces_what_it_is_like() -> None:
    (found,) = proposals("Rounding\n\n```\ndata = np.around(np.linspace(first + step, last, length))\n```")
    after, share = found
    assert "    data = np.around(np.linspace(first + step, last, length))\n" in after
    assert "# as bytes" in after and "return data + offset" in after
    assert share <= math.log(PRIOR)


@pytest.mark.parametrize(
    "issue",
    [
        "",
        "Rounding\n\n```\ndata = np.around(np.linspace(first, last, length)).astype(int)\n```",
        "Rounding\n\n```\nimport numpy as np\nprint(np.pi)\n```",
        "read fails",
    ],
    ids=["silence", "what stands there already", "other code", "no code"],
)
def test_nothing_is_taken_from_what_proposes_nothing(issue: str) -> None:
    assert proposals(issue) == []


def test_prose_that_says_what_to_replace_by_what_is_obeyed() -> None:
    found = [after for after, _ in proposals("Wrong sign\n\nPlease replace `offset` by `self_offset` there.")]
    assert any("return data + self_offset" in after for after in found)


def test_all_that_is_proposed_shares_one_prior() -> None:
    lines = "\n".join(f"data = np.around(np.linspace(first, last, {i}))" for i in range(5))
    assert sum(math.exp(share) for _, share in proposals(f"Rounding\n\n```\n{lines}\n```")) <= PRIOR + 1e-9


def test_a_handler_also_catches_what_the_issues_traceback_ends_with() -> None:
    text = "def get(found, key):\n    try:\n        return found[key]\n    except KeyError:\n        return None\n"
    raised = 'Traceback (most recent call last):\n  File "a.py", line 3, in get\n    return found[key]\nTypeError: no'
    crash = f"get() crashes\n\n{raised}"
    parsed = parse_issue(crash)
    situation = Situation(text, "a.py", Symbol("get", "function", 1, 5), Said.by(parsed), {})
    (after,) = [applied(situation, edit) for edit, _ in suggested_edits(parsed, situation)]
    assert after == text.replace("KeyError", "(KeyError, TypeError)")
