"""Rules for events that come again.

A ``Rule`` is expanded from the moment of its first occurrence, the anchor.
"""

import datetime

from tidemark.months import add_months, parse_weekday

FREQUENCIES = ("daily", "weekly", "monthly", "yearly")


class RuleError(ValueError):
    """A rule that makes no sense."""


class Rule:
    """How often something happens.

    ``every`` is the step, ``weekdays`` picks days of a weekly rule, ``until``
    is the last moment that may occur, ``count`` the number of occurrences.
    """

    def __init__(self, frequency, every=1, weekdays=(), until=None, count=None):
        if frequency not in FREQUENCIES:
            raise RuleError("unknown frequency: %r" % frequency)
        if every < 1:
            raise RuleError("every must be at least 1, not %r" % every)
        if weekdays and frequency != "weekly":
            raise RuleError("weekdays belong to weekly rules only")
        self.frequency = frequency
        self.every = every
        self.weekdays = tuple(sorted(set(weekdays)))
        self.until = until
        self.count = count

    @classmethod
    def parse(cls, text):
        """Read ``every 2 weeks on mon, thu`` or ``every month``; raises RuleError."""
        head, _, days = text.strip().lower().partition(" on ")
        words = head.split()
        if len(words) not in (2, 3) or words[0] != "every":
            raise RuleError("cannot read the rule %r" % text)
        names = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
        unit = words[-1].rstrip("s")
        if unit not in names:
            raise RuleError("unknown unit in %r" % text)
        try:
            every = int(words[1]) if len(words) == 3 else 1
            weekdays = [parse_weekday(day) for day in days.split(",")] if days else ()
        except ValueError as error:
            raise RuleError("cannot read the rule %r: %s" % (text, error))
        return cls(names[unit], every, weekdays)

    def occurrences(self, anchor):
        """Yield the moments from ``anchor`` on, without end unless the rule has one."""
        produced = 0
        for moment in self._moments(anchor):
            if self.until is not None and moment > self.until:
                return
            if self.count is not None and produced >= self.count:
                return
            produced += 1
            yield moment

    def between(self, anchor, start, end):
        """The occurrences in ``[start, end)`` as a list."""
        found = []
        for moment in self.occurrences(anchor):
            if moment >= end:
                break
            if moment >= start:
                found.append(moment)
        return found

    def after(self, anchor, moment):
        """The first occurrence after ``moment``, or None."""
        for candidate in self.occurrences(anchor):
            if candidate > moment:
                return candidate
        return None

    def _moments(self, anchor):
        if self.frequency == "daily":
            return self._stepped(anchor, datetime.timedelta(days=self.every))
        if self.frequency == "weekly":
            return self._weekly(anchor)
        if self.frequency == "monthly":
            return self._monthly(anchor)
        return self._yearly(anchor)

    def _stepped(self, anchor, step):
        current = anchor
        while True:
            yield current
            current = current + step

    def _weekly(self, anchor):
        weekdays = self.weekdays or (anchor.weekday(),)
        monday = anchor - datetime.timedelta(days=anchor.weekday())
        while True:
            for weekday in weekdays:
                moment = monday + datetime.timedelta(days=weekday)
                if moment >= anchor:
                    yield moment
            monday += datetime.timedelta(weeks=self.every)

    def _monthly(self, anchor):
        current = anchor
        while True:
            yield current
            current = add_months(current, self.every)

    def _yearly(self, anchor):
        current = anchor
        while True:
            yield current
            current = add_months(current, 12 * self.every)
