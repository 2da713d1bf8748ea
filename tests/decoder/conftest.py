"""What all tests of the decoder run under."""

from tests.learning.lessons import one_thread

__all__ = ["one_thread"]
