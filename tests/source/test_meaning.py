"""What counts as a change, and which names a change leaves unbound."""

import pytest

from kent_agent.errors import PatchError
from kent_agent.source.meaning import changed_python, compiler_warnings, faulty_names

FUNCTION = 'def f(x):\n    """Doc."""\n    # why\n    return x + 1\n'


@pytest.mark.parametrize(
    "after",
    [
        FUNCTION,
        FUNCTION.replace("# why", "# because"),
        FUNCTION.replace('"""Doc."""', '"""Other."""'),
        FUNCTION.replace('    """Doc."""\n', ""),
        FUNCTION.replace("x + 1", "(x+1)  # one more"),
        FUNCTION + "\n\n'a bare string'\n",
        FUNCTION.replace("    # why\n", "    pass\n"),
        FUNCTION.replace("    # why\n", "    x = x\n"),
        FUNCTION.replace("    # why\n", "    x.y, 3\n"),
        FUNCTION + "    print(x)\n",
        "\ufeff" + FUNCTION,
    ],
)
def test_comments_docstrings_layout_and_no_ops_are_no_change(after: str) -> None:
    assert not changed_python(FUNCTION, after)


@pytest.mark.parametrize(
    "after",
    [
        FUNCTION.replace("x + 1", "x - 1"),
        FUNCTION.replace("return ", "return None or "),
        "import os\n" + FUNCTION,
        FUNCTION.replace("    # why\n", "    x = x + 0\n"),
        *(
            FUNCTION.replace("    # why\n", f"    {busy}\n")
            for busy in (
                "x()",
                "if x(): pass",
                "if x: x = 2",
                "assert x",
                "try: x()\n    except Exception: pass",
                "for i in x(): pass",
                "x += 1",
                "x, y = y, x",
                "del x",
            )
        ),
        FUNCTION.replace("    # why\n", "    return\n"),
        FUNCTION.replace("    return x + 1", "    return 'Doc.'"),
        FUNCTION.replace("(x)", "(x=1)"),
        "",
    ],
)
def test_other_edits_are_changes(after: str) -> None:
    assert changed_python(FUNCTION, after)


@pytest.mark.parametrize("after", ["def f(:\n", "x = '\0'\n", "(" * 500 + ")" * 500])
def test_source_that_does_not_parse_is_refused(after: str) -> None:
    with pytest.raises(PatchError, match="does not parse"):
        changed_python("x = 1\n", after)
    assert compiler_warnings(after) is None


@pytest.mark.parametrize("source", ["def f(a, a): pass\n", "return 1\n", "break\n"])
def test_source_that_parses_may_not_compile(source: str) -> None:
    assert compiler_warnings(source) is None


def test_the_compilers_warnings_are_told_and_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    (warning,) = compiler_warnings("'%s'(1)\n") or ()
    assert "not callable" in warning
    assert compiler_warnings("x = 1\n") == frozenset()
    assert not recwarn.list


def test_mending_a_syntax_error_is_a_change() -> None:
    assert changed_python("def f(:\n", "def f():\n    return 1\n")


def test_a_bare_return_at_the_end_is_no_change() -> None:
    assert not changed_python("def f():\n    g()\n", "def f():\n    g()\n    return None\n")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import os\nos.name\n", set()),
        ("os.name\n", {"os"}),
        ("def f(x):\n    return x + y\n", {"y"}),
        ("def f():\n    print(z)\n    z = 1\n", {"z"}),
        ("from a import *\nanything\n", set()),
        ("def f(:\n", set()),
    ],
)
def test_names_that_nothing_binds(source: str, names: set[str]) -> None:
    assert faulty_names(source).undefined == names


def test_imports_that_nothing_reads() -> None:
    assert faulty_names("import os\nfrom a import b, c\nc()\n").unused_imports == {"os", "a.b"}


def test_the_order_of_imports_is_no_change() -> None:
    before = "import os\nfrom a import b, c as d\nimport re\nf()\nimport sys\n"
    assert not changed_python(before, "import re\nimport os\nfrom a import c as d, b\nf()\nimport sys\n")
    assert changed_python(before, before.replace("f()\nimport sys\n", "import sys\nf()\n")), "f may import"


def test_joining_and_parting_imports_is_no_change() -> None:
    parted = "from .a import b\nfrom .a import c as d\nimport os\nimport re\nf()\n"
    joined = "import os, re\nfrom .a import b, c as d\nf()\n"
    assert not changed_python(parted, joined) and not changed_python(joined, parted)
    assert changed_python(joined, parted.replace("from .a import b", "from ..a import b"))
    assert changed_python(joined, parted.replace("import re\nf()", "f()\nimport re"))


@pytest.mark.parametrize("second", ["from b import c", "from b import *", "import b as c"])
def test_the_later_of_two_imports_of_a_name_counts(second: str) -> None:
    assert changed_python(f"from a import c\n{second}\n", f"{second}\nfrom a import c\n")


@pytest.mark.parametrize("again", ["import os, os\n", "import os\nimport os\n"])
def test_importing_again_is_no_change(again: str) -> None:
    assert not changed_python("import os\n", again)
    assert changed_python("import os\n", "import os, re\n")


def test_a_future_that_does_not_stand_at_the_top_is_survived() -> None:
    source = "def f():\n    from __future__ import annotations\n    return unbound\n"
    assert faulty_names(source).undefined == frozenset()
    assert compiler_warnings(source) is None, "the compiler refuses it"
