"""Below what confidence to abstain: what costs none of the right answers."""

from kent_agent.learning.confidence import least_confidence


def test_the_least_sure_right_answer_sets_the_bound() -> None:
    assert least_confidence([(0.1, False), (0.5, True), (0.3, True), (0.9, False)]) == 0.3


def test_where_no_answer_is_right_nothing_is_asked_for() -> None:
    assert least_confidence([(0.4, False)]) == 0.0 == least_confidence([])
