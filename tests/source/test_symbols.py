"""Symbols have their exact lines."""

from kent_agent.source.symbols import innermost, symbols

SOURCE = """\
import os


@decorated(
    1
)
class Outer:
    x = 1

    @property
    def value(self):
        def inner():
            return 1
        return inner()


if os.name:
    async def conditional():
        pass
"""


def test_spans_include_decorators_and_nesting() -> None:
    assert [(s.name, s.kind, s.start, s.end) for s in symbols(SOURCE)] == [
        ("<module>", "module", 1, 20),
        ("Outer", "class", 4, 14),
        ("Outer.value", "function", 10, 14),
        ("Outer.value.inner", "function", 12, 13),
        ("conditional", "function", 18, 19),
    ]


def test_the_innermost_symbol_of_a_line() -> None:
    found = symbols(SOURCE)
    assert [innermost(found, line).name for line in (1, 8, 13, 14, 19)] == (
        ["<module>", "Outer", "Outer.value.inner", "Outer.value", "conditional"]
    )


def test_a_file_that_does_not_parse_is_a_module_alone() -> None:
    assert [s.name for s in symbols("def broken(:\n")] == ["<module>"]
    assert [s.name for s in symbols("x = 1\0")] == ["<module>"]
