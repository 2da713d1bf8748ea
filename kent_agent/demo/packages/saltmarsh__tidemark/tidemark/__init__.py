"""tidemark: intervals, durations and recurring events."""

from tidemark.duration import Duration
from tidemark.interval import Interval, IntervalSet

__version__ = "1.2.0"

__all__ = ["Duration", "Interval", "IntervalSet"]
