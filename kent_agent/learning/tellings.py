"""How a mined fix is told while it is learned: as its commit's message tells it, and as an issue might.

A message says what was done. An issue shows what is wrong, and names a lot besides: so does the code that the commit
adds to tests. What learned from messages alone takes too much of what an issue says for what is to be written.
"""

import re
from dataclasses import replace
from random import Random

from kent_agent.learning.fixes import MinedFix

NAMED = 0.5  # share of what tests show that is told under the name of one, and not behind the message
_TEST = re.compile(r"(?m)^[ \t]*(?:async )?def test_(\w+)")
_FRAME = re.compile(r"(?m)^[ \t]*(?:(?:async )?def test|class Test|@|#|pass$).*\n?")  # lines that show nothing


def told_by_test(fix: MinedFix, draw: Random) -> MinedFix | None:
    """A fix told by a fenced block of what its commit adds to tests; None where it adds nothing that shows.

    Args:
        draw: of what stands before the block: the message, or a title made of a test's name.
    """
    code = _FRAME.sub("", fix.test).strip("\n")
    if not code.strip():
        return None
    names = _TEST.findall(fix.test)
    said = names[0].replace("_", " ") if names and draw.random() < NAMED else fix.message
    return replace(fix, message=f"{said}\n\n```python\n{code}\n```\n")
