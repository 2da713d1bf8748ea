"""Half-open intervals and sets of them.

An ``Interval`` contains its start and not its end. ``None`` as the start or
the end means that it is open on that side. Any type that can be ordered will
do for the bounds: dates, datetimes, numbers.
"""

import bisect

from tidemark.duration import Duration


class Interval:
    """``[start, end)``; ``None`` is unbounded.

    Raises ValueError when the end comes before the start.
    """

    __slots__ = ("end", "start")

    def __init__(self, start=None, end=None):
        if start is not None and end is not None and end < start:
            raise ValueError("an interval cannot end before it starts: %r, %r" % (start, end))
        self.start = start
        self.end = end

    @classmethod
    def at(cls, start, duration):
        """The interval of a length from ``start`` on; a negative length ends there."""
        other = start + duration.timedelta()
        return cls(min(start, other), max(start, other))

    # -- plain properties --------------------------------------------------

    @property
    def is_empty(self):
        return self.start is not None and self.start == self.end

    @property
    def is_bounded(self):
        return self.start is not None and self.end is not None

    @property
    def duration(self):
        """The length as a Duration; None when a side is open."""
        if not self.is_bounded:
            return None
        return Duration.between(self.start, self.end)

    def __eq__(self, other):
        if not isinstance(other, Interval):
            return NotImplemented
        return (self.start, self.end) == (other.start, other.end)

    def __hash__(self):
        return hash((self.start, self.end))

    def __repr__(self):
        return "Interval(%r, %r)" % (self.start, self.end)

    def __str__(self):
        start = "..." if self.start is None else str(self.start)
        end = "..." if self.end is None else str(self.end)
        return "[%s, %s)" % (start, end)

    # -- relations ---------------------------------------------------------

    def __contains__(self, moment):
        if self.start is not None and moment < self.start:
            return False
        return self.end is None or moment < self.end

    def covers(self, other):
        """Whether ``other`` lies within this interval."""
        return starts_no_later(self, other) and ends_no_earlier(self, other)

    def overlaps(self, other):
        """Whether the two share at least one moment."""
        if self.is_empty or other.is_empty:
            return False
        return before_end(self.start, other.end) and before_end(other.start, self.end)

    def touches(self, other):
        """Whether one ends exactly where the other starts."""
        return (self.end is not None and self.end == other.start) or (
            other.end is not None and other.end == self.start
        )

    def intersection(self, other):
        """The common part, or None."""
        if not self.overlaps(other):
            return None
        return Interval(later_start(self.start, other.start), earlier_end(self.end, other.end))

    def hull(self, other):
        """The smallest interval that covers both."""
        start = None
        if self.start is not None and other.start is not None:
            start = min(self.start, other.start)
        end = None
        if self.end is not None and other.end is not None:
            end = max(self.end, other.end)
        return Interval(start, end)

    def difference(self, other):
        """What is left of this interval without ``other``: none, one or two pieces."""
        common = self.intersection(other)
        if common is None:
            return [] if self.is_empty else [self]
        pieces = []
        if common.start != self.start:
            pieces.append(Interval(self.start, common.start))
        if common.end != self.end:
            pieces.append(Interval(common.end, self.end))
        return pieces

    # -- making others -----------------------------------------------------

    def shift(self, duration):
        """The same interval ``duration`` later."""
        delta = duration.timedelta()
        return Interval(
            None if self.start is None else self.start + delta,
            None if self.end is None else self.end + delta,
        )

    def split(self, duration):
        """Consecutive pieces of the given length; the last may be shorter.

        Raises ValueError for an unbounded interval or a length that is not positive.
        """
        if not self.is_bounded:
            raise ValueError("cannot split an unbounded interval: %s" % self)
        if duration.seconds <= 0:
            raise ValueError("cannot split into pieces of %s" % duration)
        delta = duration.timedelta()
        pieces = []
        start = self.start
        while start < self.end:
            end = min(start + delta, self.end)
            pieces.append(Interval(start, end))
            start = end
        return pieces


# -- bounds, where None is an open side -------------------------------------


def before_end(moment, end):
    """Whether a start comes before an end."""
    return moment is None or end is None or moment < end


def later_start(first, second):
    """The later of two starts."""
    if first is None:
        return second
    if second is None:
        return first
    return max(first, second)


def earlier_end(first, second):
    """The earlier of two ends."""
    if first is None:
        return second
    if second is None:
        return first
    return min(first, second)


def starts_no_later(first, second):
    if first.start is None:
        return True
    return second.start is not None and first.start <= second.start


def ends_no_earlier(first, second):
    if first.end is None:
        return True
    return second.end is not None and first.end >= second.end


def start_key(interval):
    """Sorts by start, the open one first, then the shorter one first."""
    opened = interval.start is not None
    closed = interval.end is None
    return (opened, interval.start if opened else 0, closed, interval.end if not closed else 0)


class IntervalSet:
    """A sorted set of disjoint intervals; overlapping ones are joined on the way in."""

    def __init__(self, intervals=()):
        self._intervals = []
        for interval in intervals:
            self.add(interval)

    def __iter__(self):
        return iter(self._intervals)

    def __len__(self):
        return len(self._intervals)

    def __bool__(self):
        return bool(self._intervals)

    def __eq__(self, other):
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return self._intervals == other._intervals

    __hash__ = None

    def __repr__(self):
        return "IntervalSet([%s])" % ", ".join(repr(interval) for interval in self._intervals)

    def __contains__(self, moment):
        return any(moment in interval for interval in self._intervals)

    def add(self, interval):
        """Add one interval and keep the set sorted and disjoint."""
        if interval.is_empty:
            return
        ordered = sorted(self._intervals + [interval], key=start_key)
        merged = [ordered[0]]
        for current in ordered[1:]:
            last = merged[-1]
            if last.overlaps(current):
                merged[-1] = last.hull(current)
            else:
                merged.append(current)
        self._intervals = merged

    def discard(self, interval):
        """Take the moments of ``interval`` out of the set."""
        remaining = []
        for mine in self._intervals:
            remaining.extend(mine.difference(interval))
        self._intervals = remaining

    def union(self, other):
        """The moments that are in either."""
        result = IntervalSet(self._intervals)
        for interval in other:
            result.add(interval)
        return result

    def intersection(self, other):
        """The moments that are in both."""
        result = IntervalSet()
        for mine in self._intervals:
            for theirs in other:
                common = mine.intersection(theirs)
                if common is not None:
                    result.add(common)
        return result

    def difference(self, other):
        """The moments that are here and not in ``other``."""
        result = IntervalSet(self._intervals)
        for interval in other:
            result.discard(interval)
        return result

    def gaps(self, within):
        """The parts of ``within`` that the set leaves free, in order."""
        free = IntervalSet([within])
        for interval in self._intervals:
            free.discard(interval)
        return list(free)

    def find(self, moment):
        """The interval that contains ``moment``, or None."""
        starts = [interval.start for interval in self._intervals if interval.start is not None]
        offset = len(self._intervals) - len(starts)
        index = bisect.bisect_right(starts, moment) - 1 + offset
        if index < 0:
            return None
        candidate = self._intervals[index]
        return candidate if moment in candidate else None

    def total(self):
        """The sum of all lengths; None when one of them is unbounded."""
        seconds = 0
        for interval in self._intervals:
            if not interval.is_bounded:
                return None
            seconds += interval.duration.seconds
        return Duration(seconds)

    def span(self):
        """The hull of the whole set, or None when it is empty."""
        if not self._intervals:
            return None
        return self._intervals[0].hull(self._intervals[-1])

    def longest(self):
        """The longest bounded interval, or None; the earliest of equals."""
        best = None
        for interval in self._intervals:
            if not interval.is_bounded:
                continue
            if best is None or best.duration < interval.duration:
                best = interval
        return best
