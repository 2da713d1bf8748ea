import datetime

import pytest

from tidemark.months import FRIDAY, SUNDAY, add_months, nth_weekday, parse_weekday, quarter, week_of_month


def test_add_months():
    assert add_months(datetime.date(2024, 1, 15), 1) == datetime.date(2024, 2, 15)
    assert add_months(datetime.date(2024, 1, 31), 1) == datetime.date(2024, 2, 29)
    assert add_months(datetime.date(2024, 1, 15), -1) == datetime.date(2023, 12, 15)
    assert add_months(datetime.date(2023, 12, 15), 12) == datetime.date(2024, 12, 15)


def test_week_of_month_in_the_middle():
    assert week_of_month(datetime.date(2024, 5, 8)) == 2


def test_first_of_the_month():
    assert week_of_month(datetime.date(2024, 5, 1)) == 1


def test_nth_weekday():
    assert nth_weekday(2024, 5, FRIDAY, 1) == datetime.date(2024, 5, 3)
    assert nth_weekday(2024, 5, FRIDAY, -1) == datetime.date(2024, 5, 31)
    with pytest.raises(ValueError):
        nth_weekday(2024, 5, SUNDAY, 5)


def test_quarter():
    assert [quarter(datetime.date(2024, month, 1)) for month in (1, 3, 4, 12)] == [1, 1, 2, 4]


def test_parse_weekday():
    assert parse_weekday("Fri") == FRIDAY
    with pytest.raises(ValueError):
        parse_weekday("f")
