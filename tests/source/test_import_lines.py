"""Imports are added once, where they belong, and move nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.import_lines import apply_imports
from kent_agent.source.sameness import import_facts
from kent_agent.source.symbols import parse
from kent_agent.source.tokens import lex
from tests.source.programs import MODULES

IMPORTS = [
    *("import json", "import a.b", "import re as regex", "from a.b import c", "from a.b import new as old"),
    *("from . import x", "from ..y import z", "from pathlib import Path", "from typing import Final"),
]
CHOICES = st.lists(st.sampled_from(IMPORTS), max_size=4)
NAMES, NEWLINES = st.sampled_from(sorted(MODULES)), st.sampled_from(["\n", "\r\n"])


@settings(max_examples=50, deadline=None)
@given(NAMES, CHOICES, NEWLINES)
def test_a_module_imports_what_it_did_and_what_was_added(name: str, lines: list[str], newline: str) -> None:
    before = MODULES[name].replace("\n", newline)
    after = apply_imports(before, [lex(line) for line in lines])
    wanted = import_facts(parse(before).body).keys() | import_facts(parse("\n".join(lines)).body).keys()
    assert import_facts(parse(after).body).keys() == wanted
    assert after.count("\n") == after.count(newline)


@settings(max_examples=50, deadline=None)
@given(NAMES, CHOICES)
def test_everything_else_stays_byte_for_byte(name: str, lines: list[str]) -> None:
    before = MODULES[name]
    after = apply_imports(before, [lex(line) for line in lines])
    kept = [line for line in before.split("\n") if "import" not in line]
    rest = iter(after.split("\n"))
    assert all(line in rest for line in kept)


@settings(max_examples=50, deadline=None)
@given(NAMES, CHOICES)
def test_a_second_time_adds_nothing(name: str, lines: list[str]) -> None:
    imports = [lex(line) for line in lines]
    once = apply_imports(MODULES[name], imports)
    assert apply_imports(once, imports) == once


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        ("", "import a", "import a\n"),
        ("x = 1\n", "import a", "import a\nx = 1\n"),
        ("# licence\n\nx = 1\n", "import a", "# licence\n\nimport a\nx = 1\n"),
        ('"""Doc."""', "import a", '"""Doc."""\nimport a\n'),
        ("import b", "import a", "import b\nimport a\n"),
        ("import b\n\n\ndef f():\n    import c\n", "import a", "import b\nimport a\n\n\ndef f():\n    import c\n"),
        ("from m import b\n", "from m import a", "from m import a, b\n"),
        ("from m import z, b\n", "from m import c", "from m import z, b, c\n"),
        ("from m import *\n", "from m import c", "from m import *\nfrom m import c\n"),
        ("from m import b  # why\n", "from m import c as d", "from m import b, c as d  # why\n"),
        ("from m import (a, c)\n", "from m import b", "from m import (a, b, c)\n"),
        ("@a\ndef f(): pass\n", "import a", "import a\n@a\ndef f(): pass\n"),
        ("from .m import a\n", "from m import b", "from .m import a\nfrom m import b\n"),
    ],
)
def test_an_import_goes_where_a_person_would_put_it(before: str, line: str, after: str) -> None:
    assert apply_imports(before, [lex(line)]) == after


def test_what_does_not_parse_is_refused() -> None:
    with pytest.raises(SyntaxError):
        apply_imports("def broken(:\n", [["import", "a"]])
    with pytest.raises(SyntaxError):
        apply_imports("x = 1\n", [["import", "1"]])
