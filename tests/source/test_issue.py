"""Each part of an issue is told from the others."""

from kent_agent.source.issue import Frame, parse_issue

ISSUE = """\
Parser.parse() crashes on empty input
<!-- please fill in the template -->
Calling `parse` fails, see https://example.org/a.b.c and pkg/core/parser.py:

```python
from pkg.core import Parser
Parser().parse("")
```

Traceback (most recent call last):
  File "/usr/lib/pkg/core/parser.py", line 40, in parse
    raise
IndexError: list index out of range
"""


def test_an_issue_falls_into_its_parts() -> None:
    issue = parse_issue(ISSUE)
    assert issue.title == "Parser.parse() crashes on empty input"
    assert "template" not in issue.prose and "example.org" not in issue.prose
    assert 'Parser().parse("")' in issue.code and "parse\n" in issue.code + "\n"
    assert "from pkg.core" not in issue.prose
    assert issue.frames == (Frame("/usr/lib/pkg/core/parser.py", 40, "parse"),)
    assert issue.paths == ("pkg/core/parser.py", "/usr/lib/pkg/core/parser.py")
    assert "Parser.parse" in issue.dotted and "pkg.core" in issue.dotted
    assert not any(name.startswith("example") for name in issue.dotted)


def test_an_empty_issue_has_empty_parts() -> None:
    issue = parse_issue("")
    assert (issue.title, issue.prose, issue.code, issue.frames, issue.paths) == ("", "", "", (), ())


def test_a_fence_that_is_never_closed_is_code_to_the_end() -> None:
    assert parse_issue("Title\n```\ncode here").code == "code here"
