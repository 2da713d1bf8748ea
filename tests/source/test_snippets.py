"""Snippets are the programs that an issue gives, and what is given can be run."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.bindings import undefined_names
from kent_agent.source.blocks import blocks
from kent_agent.source.exports import Package, package, package_names
from kent_agent.source.pieces import SnippetKind
from kent_agent.source.snippets import Snippet, snippets

MATH = Package("math", {"math": "import math", "sqrt": "from math import sqrt", "m": "import math as m"})


def only(text: str, under_test: Package | None = MATH) -> Snippet:
    """The one snippet of an issue."""
    (snippet,) = snippets(text, under_test)
    return snippet


def printed(snippet: Snippet) -> str:
    """What a snippet prints, run in an interpreter of its own."""
    command = [sys.executable, "-I", "-c", snippet.code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


DOCTEST = """\
sqrt is wrong

```python
>>> from math import sqrt
>>> def double(x):
...     return 2 * x
...
>>> double(sqrt(4))
4.0
>>> sqrt(9); x = 1
>>> sqrt(16)
4.0
```
"""


def test_a_session_loses_its_prompts_and_prints_what_it_showed() -> None:
    snippet = only(DOCTEST)
    assert snippet.kind is SnippetKind.DOCTEST
    assert ">>>" not in snippet.code
    assert snippet.printed == "4.0\n4.0"
    assert printed(snippet) == "4.0\n4.0\n"
    assert "prompts stripped" in snippet.repairs
    assert snippet.lines == ((4, 12),)


IPYTHON = """\
sqrt is wrong

    In [1]: import math
    In [2]: %timeit math.sqrt(4)
    In [3]: for i in range(2):
       ...:     print(math.sqrt(i))
       ...:
    0.0
    1.0
    In [4]: math.sqrt(
       ...:     4)
    Out[4]: 2.0
"""


def test_an_ipython_session_runs_without_its_magic_commands() -> None:
    snippet = only(IPYTHON)
    assert snippet.kind is SnippetKind.IPYTHON
    assert printed(snippet) == "0.0\n1.0\n2.0\n"
    assert snippet.printed == "0.0\n1.0\n2.0"
    assert any("%timeit" in repair for repair in snippet.repairs)


def test_a_statement_goes_on_where_its_continuation_prompts_are_missing() -> None:
    text = 'T\n\n```\n>>> import math\n>>> text = """\n4\n9\n"""\n>>> math.sqrt(int(text.split()[1]))\n3.0\n```\n'
    assert printed(only(text)) == "3.0\n"


@pytest.mark.parametrize("language", ["python", "py", ""])
def test_a_script_shows_its_last_expression(language: str) -> None:
    snippet = only(f"T\n\n```{language}\nimport math\nmath.sqrt(4)\n```\n")
    assert snippet.kind is SnippetKind.SCRIPT
    assert printed(snippet) == "2.0\n"


def test_output_below_a_script_is_cut_off_and_kept() -> None:
    snippet = only("T\n\n```\nimport math\nprint(math.sqrt(4))\n2.0\nRuntimeWarning: it is odd\nnan\n```\n")
    assert printed(snippet) == "2.0\n"
    assert snippet.printed == "2.0\nRuntimeWarning: it is odd\nnan"


def test_a_traceback_in_the_fence_is_cut_off() -> None:
    text = "T\n\n```\nimport math\nmath.sqrt('a')\nTraceback (most recent call last):\nTypeError: must be real\n```"
    snippet = only(text)
    assert "Traceback" not in snippet.code
    assert snippet.printed.startswith("Traceback")


def test_missing_imports_of_the_package_and_of_common_names_are_added() -> None:
    snippet = only("T\n\n```python\nprint(sqrt(4), m.pi > 3, Path('a').name, os.sep, datetime(2020, 1, 1).year)\n```")
    assert printed(snippet) == "2.0 True a / 2020\n"
    assert {"added: from math import sqrt", "added: import math as m"} <= set(snippet.repairs)


def test_a_later_block_is_joined_with_the_earlier_ones_it_needs() -> None:
    text = """\
T

```python
import math
x = 4
```

```python
unrelated = 1
```

and then

```python
math.sqrt(x)
```
"""
    snippet = only(text)
    assert printed(snippet) == "2.0\n"
    assert snippet.lines == ((4, 5), (15, 15))
    assert "unrelated" not in snippet.code
    assert "joined with earlier code" in snippet.repairs


def test_a_shell_command_gives_its_code() -> None:
    text = "T\n\n```console\n$ FOO=1 python3 -c \"import math; print(math.sqrt(4), '$')\"\nboom\n```\n"
    snippet = only(text)
    assert snippet.kind is SnippetKind.SHELL
    assert printed(snippet) == "2.0 $\n"


def test_a_document_for_the_interpreter_is_a_snippet() -> None:
    text = "T\n\n```sh\ncat << EOF > /tmp/t.py\nimport math\nprint(math.sqrt(4))\nEOF\npython /tmp/t.py\n```\n"
    assert printed(only(text)) == "2.0\n"


def test_functions_for_pytest_are_called() -> None:
    text = (
        "T\n\n```python\nimport math\ndef test_sqrt():\n    print(math.sqrt(4))\ndef test_tmp(tmp_path):\n    1\n```\n"
    )
    snippet = only(text)
    assert snippet.kind is SnippetKind.TEST
    assert printed(snippet) == "2.0\n"
    assert "test_tmp()" not in snippet.code


def test_code_between_the_lines_is_found_and_prose_is_not() -> None:
    text = "T\n\nRun this.\n\nimport math\n\nx = math.sqrt(4)\nprint(x)\n\nThanks\n"
    snippet = only(text)
    assert snippet.kind is SnippetKind.UNFENCED
    assert printed(snippet) == "2.0\n"
    assert "Thanks" not in snippet.code


def test_python_2_and_tabs_are_mended() -> None:
    snippet = only("T\n\n```python\nimport math\nif True:\n\tx = math.sqrt(4)\n        print x\n```\n")
    assert printed(snippet) == "2.0\n"


@pytest.mark.parametrize(
    "block",
    [
        "```python\nimport math\nprint(math.sqrt(data))\n```",  # nothing makes the data
        "```python\nprint(len('a'))\n```",  # not the package
        "```python\nimport math\ndef f():\n    return math.sqrt(4)\n```",  # does nothing
        "```python\nimport math\nprint(math.__version__)\n```",  # tells of the environment
        "```sql\nSELECT sqrt(4)\n```",
        "```\n4.0\n9.0\n```",
        "<!--\n```python\nimport math\nmath.sqrt(4)\n```\n-->",  # a template's example
        "math",
    ],
)
def test_what_cannot_run_or_tells_nothing_is_no_snippet(block: str) -> None:
    assert snippets(f"T\n\n{block}\n", MATH) == []


def test_an_issue_that_says_all_twice_gives_each_snippet_once() -> None:
    assert only(DOCTEST + "\n" + DOCTEST).lines == ((4, 12),)


def test_without_a_package_any_program_is_a_snippet() -> None:
    assert printed(only("T\n\n```python\nprint(len('a'))\n```", None)) == "1\n"


@settings(deadline=None)
@given(st.text(alphabet="`>.~ \n\tabf()=:'\"#In[1]Out$%python-c", max_size=300))
def test_any_text_has_snippets_and_each_compiles(text: str) -> None:
    for snippet in snippets(text):
        compile(snippet.code, "<snippet>", "exec")
        assert not undefined_names(snippet.code)
        for first, last in snippet.lines:
            assert 1 <= first <= last <= text.count("\n") + 1


@pytest.mark.parametrize("text", ["(\n", "$", "a\n\n", "```\nf(x)\n```\n", ">>> '''\n", "python -c '"])
def test_long_and_odd_texts_end_soon(text: str) -> None:
    assert snippets("T\n\n" + text * 5_000, MATH) == []


def test_blocks_know_their_lines_and_what_introduces_them() -> None:
    text = "Title\n\n**Actual results**\nIt prints:\n\n```text\n4\n```\n\nExpected\n--------\n~~~\n5\n~~~\n"
    fences = [block for block in blocks(text) if block.fenced]
    assert [(b.text, b.start, b.end, b.language, b.heading, b.lead) for b in fences] == [
        ("4", 7, 7, "text", "Actual results", "It prints:"),
        ("5", 13, 13, "", "Expected", ""),
    ]


@given(st.text(alphabet="`~#*-=<!> \nab", max_size=200))
def test_blocks_are_lines_of_the_text(text: str) -> None:
    lines = text.split("\n")
    for block in blocks(text):
        for number, line in enumerate(block.text.split("\n"), start=block.start):
            assert line in (lines[number - 1].rstrip(), "") or "<!--" in text


def test_names_are_looked_up_as_the_interpreter_does() -> None:
    assert undefined_names("def f():\n    return g()\ndef g():\n    return h") == {"h"}
    assert undefined_names("x = x + 1") == {"x"}
    assert undefined_names("[y for y in z]") == {"z"}
    assert undefined_names("for i in range(3):\n    print(i)") == set()
    assert undefined_names("from a import *\nb()") == set()


def test_a_package_offers_its_names_and_aliases() -> None:
    texts = {
        "src/acme/__init__.py": "from acme.core import Engine\nimport sys\nfrom numpy import array\n",
        "src/acme/core.py": "class Engine: ...\ndef start(): ...\ndef twice(): ...\n",
        "src/acme/other.py": "def twice(): ...\n",
        "tests/test_core.py": "import acme.core as ac\nimport acme.core as ac\nimport acme.other as ac\nprivate = 1\n",
    }
    assert package_names(texts) == ["acme"]
    assert package("acme", texts).imports == {
        "Engine": "from acme import Engine",
        "start": "from acme.core import start",
        "ac": "import acme.core as ac",
        "acme": "import acme",
    }


def test_tests_and_single_modules_are_no_packages_before_others() -> None:
    paths = ["tests/__init__.py", "tests/a.py", "tests/b.py", "six.py", "setup.py", "acme/__init__.py", "acme/x.py"]
    assert package_names(paths) == ["acme", "six"]


def test_a_line_that_begins_with_an_operator_is_no_magic_command() -> None:
    snippet = only("T\n\n```python\nimport math\nprint(math.sqrt(4)\n      % 3)\n```\n")
    assert printed(snippet) == "2.0\n"


def test_an_import_that_fails_in_a_session_is_a_snippet() -> None:
    text = "T\n\n```\n>>> from math import root\nImportError: cannot import name 'root'\n```\n"
    assert only(text).code == "from math import root"


def test_imports_from_the_future_stay_first_and_those_in_strings_where_they_are() -> None:
    text = """T

```python
from __future__ import annotations

code = '''
from __future__ import division
'''
print(sqrt(len(code.split())))
```
"""
    assert printed(only(text)) == "2.0\n"
