import datetime

import pytest

from tidemark.duration import Duration, DurationError


@pytest.mark.parametrize(
    "text,seconds",
    [("90s", 90), ("1h30m", 5400), ("1d4h", 100800), ("2w", 1209600), ("1.5h", 5400), ("-90m", -5400)],
)
def test_parse(text, seconds):
    assert Duration.parse(text).seconds == seconds


def test_spaces_and_case():
    assert Duration.parse(" 1H 30M ").seconds == 5400


@pytest.mark.parametrize("text", ["minutes", "h", "1x", "1h1h", "1h-", "abc1h"])
def test_parse_errors(text):
    with pytest.raises(DurationError):
        Duration.parse(text)


def test_str():
    assert str(Duration(5400)) == "1h30m"
    assert str(Duration(-5400)) == "-1h30m"
    assert str(Duration()) == "0s"


def test_of():
    assert Duration.of(days=1, minutes=1).seconds == 86460


def test_arithmetic():
    assert Duration(60) + Duration(30) == Duration(90)
    assert Duration(60) - Duration(90) == Duration(-30)
    assert 2 * Duration(60) == Duration(120)
    assert -Duration(60) == Duration(-60)


def test_added_to_a_datetime():
    assert Duration(60) + datetime.datetime(2024, 1, 1) == datetime.datetime(2024, 1, 1, 0, 1)


def test_ordering():
    assert sorted([Duration(3), Duration(1)]) == [Duration(1), Duration(3)]
