"""Durations that people can read and type."""

import datetime
import re

UNITS = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
SECONDS = dict(UNITS)

PART = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhms])")


class DurationError(ValueError):
    """The text is not a duration."""


class Duration:
    """A signed number of seconds.

    >>> Duration.parse("1h30m").seconds
    5400
    >>> str(Duration(5400))
    '1h30m'
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds=0):
        self.seconds = seconds

    @classmethod
    def of(cls, weeks=0, days=0, hours=0, minutes=0, seconds=0):
        """The sum of the given units."""
        return cls(((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds)

    @classmethod
    def between(cls, start, end):
        """From one datetime to another; negative if ``end`` comes first."""
        return cls(int((end - start).total_seconds()))

    @classmethod
    def parse(cls, text):
        """Read ``1d4h``, ``90m``, ``-1h30m``, ``1.5h``; units may not repeat.

        Raises DurationError.
        """
        stripped = text.strip().lower()
        negative = stripped.startswith("-")
        rest = stripped.lstrip("+-")
        total = 0
        seen = set()
        position = 0
        for match in PART.finditer(rest):
            if rest[position : match.start()].strip():
                break
            number, unit = match.groups()
            if unit in seen:
                raise DurationError("%r names %s twice" % (text, unit))
            seen.add(unit)
            amount = float(number) * SECONDS[unit]
            total += -amount if negative and not total else amount
            position = match.end()
        if not seen or rest[position:].strip():
            raise DurationError("%r is not a duration" % text)
        return cls(int(total) if total == int(total) else total)

    def timedelta(self):
        """The same span as a datetime.timedelta."""
        return datetime.timedelta(seconds=self.seconds)

    def parts(self):
        """Pairs of unit and amount, the largest unit first, zeros left out."""
        rest = abs(int(self.seconds))
        result = []
        for unit, size in UNITS:
            amount, rest = divmod(rest, size)
            if amount:
                result.append((unit, amount))
        return result

    def __str__(self):
        text = "".join("%d%s" % (amount, unit) for unit, amount in self.parts())
        if not text:
            return "0s"
        return "-" + text if self.seconds < 0 else text

    def __repr__(self):
        return "Duration(%r)" % self.seconds

    def __bool__(self):
        return self.seconds != 0

    def __eq__(self, other):
        if not isinstance(other, Duration):
            return NotImplemented
        return self.seconds == other.seconds

    def __lt__(self, other):
        if not isinstance(other, Duration):
            return NotImplemented
        return self.seconds < other.seconds

    def __hash__(self):
        return hash(self.seconds)

    def __neg__(self):
        return Duration(-self.seconds)

    def __abs__(self):
        return Duration(abs(self.seconds))

    def __add__(self, other):
        if isinstance(other, Duration):
            return Duration(self.seconds + other.seconds)
        if isinstance(other, datetime.datetime):
            return other + self.timedelta()
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other):
        if not isinstance(other, Duration):
            return NotImplemented
        return Duration(self.seconds - other.seconds)

    def __mul__(self, factor):
        if not isinstance(factor, (int, float)):
            return NotImplemented
        return Duration(self.seconds * factor)

    __rmul__ = __mul__
