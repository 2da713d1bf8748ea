"""What all tests of filling run under."""

from tests.learning.lessons import one_thread

__all__ = ["one_thread"]
