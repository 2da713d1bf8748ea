import datetime
import itertools

import pytest

from tidemark.recurrence import Rule, RuleError


def take(rule, anchor, count):
    return list(itertools.islice(rule.occurrences(anchor), count))


def test_daily():
    start = datetime.date(2024, 2, 28)
    assert take(Rule("daily"), start, 3) == [start, datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)]


def test_weekly_on_days():
    rule = Rule.parse("every 2 weeks on mon, thu")
    assert take(rule, datetime.date(2024, 5, 2), 3) == [
        datetime.date(2024, 5, 2),
        datetime.date(2024, 5, 13),
        datetime.date(2024, 5, 16),
    ]


def test_monthly():
    assert take(Rule("monthly"), datetime.date(2024, 1, 15), 3) == [
        datetime.date(2024, 1, 15),
        datetime.date(2024, 2, 15),
        datetime.date(2024, 3, 15),
    ]


def test_yearly():
    assert take(Rule("yearly", every=2), datetime.date(2023, 6, 1), 2) == [
        datetime.date(2023, 6, 1),
        datetime.date(2025, 6, 1),
    ]


def test_until_is_included():
    rule = Rule("daily", until=datetime.date(2024, 5, 3))
    assert len(list(rule.occurrences(datetime.date(2024, 5, 1)))) == 3


def test_count():
    assert len(list(Rule("daily", count=4).occurrences(datetime.date(2024, 5, 1)))) == 4


def test_between_and_after():
    rule = Rule("daily")
    anchor = datetime.date(2024, 5, 1)
    assert rule.between(anchor, datetime.date(2024, 5, 3), datetime.date(2024, 5, 5)) == [
        datetime.date(2024, 5, 3),
        datetime.date(2024, 5, 4),
    ]
    assert rule.after(anchor, anchor) == datetime.date(2024, 5, 2)


@pytest.mark.parametrize(
    "text",
    ["daily", "every 2", "every fortnight", "every 2 weeks on noday"],
    ids=["word", "unit", "fortnight", "weekday"],
)
def test_unreadable_rules(text):
    with pytest.raises(RuleError):
        Rule.parse(text)


def test_weekdays_need_a_weekly_rule():
    with pytest.raises(RuleError):
        Rule("daily", weekdays=[1])
