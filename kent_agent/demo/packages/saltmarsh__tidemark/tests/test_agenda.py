import datetime

import pytest

from tidemark.agenda import Agenda, Event
from tidemark.duration import Duration
from tidemark.interval import Interval
from tidemark.recurrence import Rule


def at(hour, day=6):
    return datetime.datetime(2024, 5, day, hour)


@pytest.fixture
def agenda():
    return Agenda(
        [
            Event("alignment", Interval(at(9), at(10)), Rule("daily"), tags=["work"]),
            Event("lunch", Interval(at(12), at(13))),
            Event("review", Interval(at(12), at(14)), tags=["work"]),
        ]
    )


def titles(events):
    return [event.title for event in events]


def test_on_a_day(agenda):
    assert titles(agenda.on(datetime.date(2024, 5, 6))) == ["alignment", "lunch", "review"]


def test_recurring_event(agenda):
    assert titles(agenda.on(datetime.date(2024, 5, 20))) == ["alignment"]


def test_by_tag(agenda):
    assert titles(agenda.on(datetime.date(2024, 5, 6), tag="work")) == ["alignment", "review"]


def test_free_time(agenda):
    assert agenda.free(at(8), at(18)) == [
        Interval(at(8), at(9)),
        Interval(at(10), at(12)),
        Interval(at(14), at(18)),
    ]
    assert agenda.free(at(8), at(18), at_least=Duration.of(hours=3)) == [Interval(at(14), at(18))]


def test_conflicts(agenda):
    assert [(a.title, b.title) for a, b in agenda.conflicts(at(8), at(18))] == [("lunch", "review")]


def test_events_of_several_days(agenda):
    found = agenda.between(at(0, 6), at(0, 8))
    assert titles(found) == ["alignment", "lunch", "review", "alignment"]
