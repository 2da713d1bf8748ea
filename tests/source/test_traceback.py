"""Tracebacks are found in every form that people paste."""

import pytest

from kent_agent.source.traceback import Frame, tracebacks

PLAIN = """\
Traceback (most recent call last):
  File "run.py", line 3, in <module>
    main()
  File "/site-packages/acme/core.py", line 41, in main
    raise ValueError("bad: 3")
ValueError: bad: 3
"""


def test_a_plain_traceback_has_frames_outermost_first_and_what_was_raised() -> None:
    (found,) = tracebacks(PLAIN)
    assert found.frames == (
        Frame("run.py", 3, "<module>", "main()"),
        Frame("/site-packages/acme/core.py", 41, "main", 'raise ValueError("bad: 3")'),
    )
    assert (found.exception, found.message) == ("ValueError", "bad: 3")


@pytest.mark.parametrize("mark", ["> ", "    ", ">> ", "\t"])
def test_quoted_and_indented_ones_read_alike(mark: str) -> None:
    assert tracebacks("\n".join(mark + line for line in PLAIN.split("\n"))) == tracebacks(PLAIN)


def test_chained_ones_are_apart() -> None:
    between = "\nDuring handling of the above exception, another exception occurred:\n\n"
    first, second = tracebacks(PLAIN + between + PLAIN.replace("ValueError", "acme.errors.ParseError"))
    assert (first.exception, second.exception) == ("ValueError", "acme.errors.ParseError")


def test_a_notebook_s_form() -> None:
    text = """\
~/lib/acme/io.py in read(path, mode)
     10     with open(path) as f:
---> 12         return parse(f)
     13

/usr/lib/acme/parse.py:7, in parse(f)
----> 7     raise KeyError('x')

KeyError: 'x'
"""
    (found,) = tracebacks(text)
    assert [(f.file, f.line, f.function) for f in found.frames] == [
        ("~/lib/acme/io.py", 12, "read"),
        ("/usr/lib/acme/parse.py", 7, "parse"),
    ]
    assert found.frames[0].code == "return parse(f)"
    assert (found.exception, found.message) == ("KeyError", "'x'")


def test_a_test_runner_s_form() -> None:
    (found,) = tracebacks("tests/test_io.py:12: in test_read\n    read()\nacme/io.py:7: OSError\n")
    assert [(f.file, f.line, f.function) for f in found.frames] == [
        ("tests/test_io.py", 12, "test_read"),
        ("acme/io.py", 7, ""),
    ]


def test_one_that_is_cut_off_has_no_exception() -> None:
    (found,) = tracebacks('  File "a.py", line 1, in f\n    g()\n')
    assert found.exception == ""


@pytest.mark.parametrize("text", ["", "ValueError: alone", "no trace in sight", "in file a.py at line 3"])
def test_other_text_is_none(text: str) -> None:
    assert tracebacks(text) == []
