"""Events and the question what is on when."""

import datetime

from tidemark.interval import Interval, IntervalSet


class Event:
    """Something with a title and an interval; ``rule`` makes it recur."""

    def __init__(self, title, interval, rule=None, tags=()):
        self.title = title
        self.interval = interval
        self.rule = rule
        self.tags = frozenset(tags)

    @property
    def start(self):
        return self.interval.start

    @property
    def end(self):
        return self.interval.end

    def __repr__(self):
        return "Event(%r, %s)" % (self.title, self.interval)

    def within(self, window):
        """The occurrences of this event that overlap ``window``, as events."""
        if self.rule is None:
            return [self] if self.interval.overlaps(window) else []
        length = self.interval.duration
        found = []
        for moment in self.rule.occurrences(self.start):
            if moment >= window.end:
                break
            interval = Interval.at(moment, length)
            if interval.overlaps(window):
                found.append(Event(self.title, interval, tags=self.tags))
        return found


class Agenda:
    """A collection of events."""

    def __init__(self, events=()):
        self.events = list(events)

    def add(self, event):
        self.events.append(event)
        return event

    def between(self, start, end, tag=None):
        """Everything that happens in ``[start, end)``, in the order in which it begins."""
        window = Interval(start, end)
        found = []
        for event in self.events:
            if tag is None or tag in event.tags:
                found.extend(event.within(window))
        return sorted(found, key=lambda event: (event.start.date(), event.title))

    def on(self, day, tag=None):
        """Everything that happens on one date."""
        midnight = datetime.datetime.combine(day, datetime.time.min)
        return self.between(midnight, midnight + datetime.timedelta(days=1), tag)

    def busy(self, start, end):
        """The taken time in ``[start, end)`` as an IntervalSet."""
        window = Interval(start, end)
        taken = IntervalSet(event.interval for event in self.between(start, end))
        return taken.intersection([window])

    def free(self, start, end, at_least=None):
        """The free intervals in ``[start, end)``, optionally of a least length."""
        gaps = self.busy(start, end).gaps(Interval(start, end))
        if at_least is None:
            return gaps
        return [gap for gap in gaps if not gap.duration < at_least]

    def conflicts(self, start, end):
        """Pairs of events that overlap each other in ``[start, end)``."""
        events = self.between(start, end)
        pairs = []
        for position, first in enumerate(events):
            for second in events[position + 1 :]:
                if first.interval.overlaps(second.interval):
                    pairs.append((first, second))
        return pairs
