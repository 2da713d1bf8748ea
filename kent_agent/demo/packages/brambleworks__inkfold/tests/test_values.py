import pytest

from inkfold.errors import ParseError
from inkfold.values import format_value, parse_quantity, parse_value


@pytest.mark.parametrize(
    "text,expected",
    [("42", 42), ("-7", -7), ("1_000", 1000), ("0x1f", 31), ("0o17", 15), ("2.5", 2.5), ("1e-3", 0.001)],
)
def test_numbers(text, expected):
    assert parse_value(text) == expected


@pytest.mark.parametrize("word", ["yes", "True", "on"])
def test_true_words(word):
    assert parse_value(word) is True


def test_none_and_empty():
    assert parse_value("none") is None
    assert parse_value("") == ""


def test_escapes():
    assert parse_value(r'"a\tb\n"') == "a\tb\n"


def test_single_quotes_are_literal():
    assert parse_value(r"'a\tb'") == r"a\tb"


def test_unknown_escape():
    with pytest.raises(ParseError):
        parse_value(r'"\q"')


def test_nested_list():
    assert parse_value("[1, [2, 3], 'a,b',]") == [1, [2, 3], "a,b"]


def test_sizes():
    assert parse_value("4MiB") == 4 * 2**20
    assert parse_value("10 kB") == 10000


def test_durations():
    assert parse_value("90s") == 90.0
    assert parse_value("250ms") == 0.25
    assert parse_value("1.5h") == 5400.0


def test_unknown_unit_is_text():
    assert parse_quantity("12 parsecs") is None
    assert parse_value("12 parsecs") == "12 parsecs"


@pytest.mark.parametrize(
    "value",
    ["plain", "yes", "", " a ", 'say "hi"', 3, 2.5, True, None, ["a", 1]],
    ids=["text", "word", "empty", "blanks", "quotes", "int", "float", "bool", "none", "list"],
)
def test_round_trip(value):
    assert parse_value(format_value(value)) == value
