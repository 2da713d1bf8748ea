"""An issue's text is split by what it is, and no text is too strange or too long for that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.source.issue import BlobLink, parse_issue

ISSUE = """\
# Parser.parse drops the last header

<!-- please fill in -->
**Describe the bug**
`parse_header` ignores 'the last line' of mail/parser.py, see
https://github.com/acme/mail/blob/v1.2/src/mail/parser.py#L10-L20 for it.

```python
from mail import Parser
Parser().parse(b"x")
```

- [x] I have searched the issues
- [ ] I agree to the Code of Conduct

### Versions
 - OS: Linux
 - mail version: 1.4.2
"""


def test_each_part_stands_where_it_belongs() -> None:
    issue = parse_issue(ISSUE)
    assert issue.title == "Parser.parse drops the last header"
    assert issue.prose.split() == "parse_header ignores 'the last line' of mail/parser.py, see for it.".split()
    assert issue.fences == ('from mail import Parser\nParser().parse(b"x")',)
    assert issue.inline == ("parse_header",)
    assert issue.paths == ("mail/parser.py",)
    assert issue.links == (BlobLink("src/mail/parser.py", "v1.2", 10, 20),)
    assert issue.dotted == ("Parser.parse",)
    assert issue.quoted == ("the last line",)
    assert issue.versions == ("1.4.2",)


def test_what_a_template_wrote_is_set_apart() -> None:
    boilerplate = parse_issue(ISSUE).boilerplate
    for line in ("**Describe the bug**", "I have searched", "Code of Conduct", "### Versions", "OS: Linux", "1.4.2"):
        assert line in boilerplate
    assert "parse_header" not in boilerplate


def test_a_comment_of_the_template_is_gone() -> None:
    issue = parse_issue(ISSUE)
    assert "please fill in" not in issue.prose + issue.boilerplate


@pytest.mark.parametrize(
    "dump",
    [
        "pandas==1.2.3\nnumpy==1.24.0\nscipy==1.9",
        "pandas : 1.2.3\nnumpy : 1.24.0\nOS : Linux",
        "--------------------\n  Date: Mon Jan 1 2022\n  OS : Linux\n  CPU(s) : 8\n  pyvista : 0.37.0\n",
        "numpy                     1.24.0\npandas                    1.5.3\npip          22.3.1",
    ],
)
def test_a_dump_of_the_environment_is_no_code(dump: str) -> None:
    issue = parse_issue(f"Title\n\n```\n{dump}\n```\nIt fails.")
    assert issue.fences == ()
    assert dump.split("\n")[0] in issue.boilerplate
    assert issue.prose == "It fails."


def test_code_in_details_stays_code() -> None:
    issue = parse_issue("T\n<details><summary>log</summary>\n\n```\nx = parse(1)\n```\n</details>")
    assert issue.fences == ("x = parse(1)",)


def test_files_of_tracebacks_are_frames_and_no_mentions() -> None:
    trace = 'Traceback (most recent call last):\n  File "/lib/acme/io.py", line 3, in read\n    f()\nOSError: no'
    text = f"T\n```\n{trace}\n```"
    issue = parse_issue(text)
    assert issue.paths == ()
    assert [(frame.file, frame.line, frame.function) for frame in issue.frames] == [("/lib/acme/io.py", 3, "read")]


@pytest.mark.parametrize("word", ["setup.py", "github.com", "data.csv.toml", "e.g"])
def test_files_and_sites_are_no_names(word: str) -> None:
    assert word not in parse_issue(f"T\nSee {word} for it.").dotted


def test_an_open_fence_ends_with_the_text() -> None:
    assert parse_issue("T\n~~~\nx = 1\ny = 2").fences == ("x = 1\ny = 2",)


def test_an_inner_fence_of_another_kind_is_part_of_the_block() -> None:
    assert parse_issue("T\n````\n```\nx\n```\n````\nend").fences == ("```\nx\n```",)


def test_windows_paths_and_line_ends_are_read_like_others() -> None:
    issue = parse_issue("T\r\nSee acme\\io\\reader.py.\r\n")
    assert issue.paths == ("acme/io/reader.py",)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_an_issue(text: str) -> None:
    issue = parse_issue(text)
    assert isinstance(issue.prose + issue.boilerplate + issue.code, str)


@given(st.lists(st.sampled_from(["```", "~~~", "# x", "- [x] y", "a.b", "`c`", "<!--", "-->", "> d", '"q"', ""])))
def test_any_sequence_of_marks_is_an_issue(lines: list[str]) -> None:
    parse_issue("\n".join(lines))


@pytest.mark.parametrize(
    "part", ["`", "<!--", "a.", 'File "', "```\n", "> ", "a", "/a", "-", "'", "1.", "__", "a b ", "a\n", "  ", "\\"]
)
def test_long_repetitions_are_read_in_one_pass(part: str) -> None:
    """Half a million characters; a pattern that starts over at every character would take hours."""
    assert parse_issue("Title\n" + part * (500_000 // len(part))).title == "Title"
