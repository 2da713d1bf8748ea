"""Arithmetic on months, weeks and days of the Gregorian calendar."""

import calendar
import datetime

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def days_in_month(year, month):
    """28 to 31."""
    return calendar.monthrange(year, month)[1]


def add_months(moment, count):
    """``moment`` ``count`` months later; the day is cut to the month's last."""
    index = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(index, 12)
    day = min(moment.day, days_in_month(year, month + 1))
    return moment.replace(year=year, month=month + 1, day=day)


def week_of_month(day, first_weekday=MONDAY):
    """Which row of a wall calendar ``day`` stands in, counted from 1."""
    first = day.replace(day=1)
    offset = (first.weekday() - first_weekday) % 7
    return (day.day + offset) // 7 + 1


def nth_weekday(year, month, weekday, number):
    """The ``number``-th ``weekday`` of a month; -1 is the last.

    Raises ValueError when the month has no such day.
    """
    last = days_in_month(year, month)
    if number < 0:
        end = datetime.date(year, month, last)
        day = last - (end.weekday() - weekday) % 7 + (number + 1) * 7
    else:
        start = datetime.date(year, month, 1)
        day = 1 + (weekday - start.weekday()) % 7 + (number - 1) * 7
    if number == 0 or not 1 <= day <= last:
        raise ValueError("%04d-%02d has no such weekday: %d" % (year, month, number))
    return datetime.date(year, month, day)


def quarter(day):
    """1 to 4."""
    return (day.month - 1) // 3 + 1


def parse_weekday(name):
    """0 for ``monday``, ``Mon`` or ``mo``; raises ValueError."""
    lowered = name.strip().lower()
    if len(lowered) >= 2:
        for number, full in enumerate(WEEKDAY_NAMES):
            if full.startswith(lowered):
                return number
    raise ValueError("not a weekday: %r" % name)
