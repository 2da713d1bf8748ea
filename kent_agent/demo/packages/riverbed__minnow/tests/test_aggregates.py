import pytest

from minnow.aggregates import aggregate


@pytest.mark.parametrize(
    "name,expected",
    [("count", 4), ("sum", 10), ("avg", 2.5), ("min", 1), ("max", 4), ("median", 2.5), ("distinct", 4)],
)
def test_numbers(name, expected):
    assert aggregate(name)([1, 2, 3, 4]) == expected


@pytest.mark.parametrize("name", ["sum", "avg", "min", "max", "median", "first"])
def test_nothing(name):
    assert aggregate(name)([]) is None


def test_count_leaves_none_out():
    assert aggregate("count")([1, None]) == 1


def test_first_keeps_none():
    assert aggregate("first")([None, 1]) is None


def test_unknown():
    with pytest.raises(ValueError):
        aggregate("mode")
