"""What all tests of learning run under, and the mirrors that those of mining read."""

from tests.learning.lessons import one_thread
from tests.learning.mirrors import build_mirror

__all__ = ["build_mirror", "one_thread"]
