import datetime

import pytest

from tidemark.duration import Duration
from tidemark.interval import Interval, IntervalSet


def day(number, hour=0):
    return datetime.datetime(2024, 5, number, hour)


def test_contains_its_start_and_not_its_end():
    interval = Interval(1, 3)
    assert 1 in interval
    assert 3 not in interval


def test_cannot_end_before_it_starts():
    with pytest.raises(ValueError):
        Interval(3, 1)


def test_open_sides():
    assert 10**9 in Interval(1, None)
    assert Interval(None, 5).covers(Interval(1, 2))
    assert Interval(1, None).duration is None


def test_overlaps():
    assert Interval(1, 3).overlaps(Interval(2, 4))
    assert not Interval(1, 3).overlaps(Interval(3, 4))


def test_intersection_and_hull():
    assert Interval(1, 5).intersection(Interval(3, 9)) == Interval(3, 5)
    assert Interval(1, 2).hull(Interval(4, 5)) == Interval(1, 5)


def test_difference():
    assert Interval(1, 9).difference(Interval(3, 5)) == [Interval(1, 3), Interval(5, 9)]
    assert Interval(1, 9).difference(Interval(0, 10)) == []


def test_split():
    pieces = Interval(day(1), day(2, 12)).split(Duration.of(days=1))
    assert pieces == [Interval(day(1), day(2)), Interval(day(2), day(2, 12))]


def test_negative_length():
    assert Interval.at(day(2), Duration.of(days=-1)) == Interval(day(1), day(2))


def test_set_joins_overlapping():
    assert list(IntervalSet([Interval(1, 3), Interval(2, 5), Interval(7, 9)])) == [
        Interval(1, 5),
        Interval(7, 9),
    ]


def test_set_is_sorted():
    assert list(IntervalSet([Interval(7, 9), Interval(None, 2), Interval(4, 5)])) == [
        Interval(None, 2),
        Interval(4, 5),
        Interval(7, 9),
    ]


def test_set_algebra():
    first = IntervalSet([Interval(1, 5)])
    second = IntervalSet([Interval(3, 9)])
    assert first.union(second) == IntervalSet([Interval(1, 9)])
    assert first.intersection(second) == IntervalSet([Interval(3, 5)])
    assert first.difference(second) == IntervalSet([Interval(1, 3)])


def test_gaps():
    busy = IntervalSet([Interval(2, 4), Interval(6, 7)])
    assert busy.gaps(Interval(1, 8)) == [Interval(1, 2), Interval(4, 6), Interval(7, 8)]


def test_find():
    busy = IntervalSet([Interval(None, 2), Interval(4, 5)])
    assert busy.find(0) == Interval(None, 2)
    assert busy.find(3) is None
    assert busy.find(4) == Interval(4, 5)


def test_total_and_longest():
    taken = IntervalSet([Interval(day(1), day(2)), Interval(day(4), day(7))])
    assert taken.total() == Duration.of(days=4)
    assert taken.longest() == Interval(day(4), day(7))
