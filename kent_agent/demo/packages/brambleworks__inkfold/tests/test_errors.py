import pytest

import inkfold
from inkfold.errors import ParseError, ValueTypeError


def test_parse_error_knows_its_line():
    with pytest.raises(ParseError) as caught:
        inkfold.loads("a = 1\nnonsense\n")
    assert caught.value.line == 2


def test_message_without_source():
    error = ParseError("unclosed quote", 3, 7)
    assert str(error) == "line 3, column 7: unclosed quote"


def test_missing_key_is_a_key_error():
    with pytest.raises(KeyError) as caught:
        inkfold.loads("a = 1").get("b")
    assert str(caught.value) == "no such key: b"


def test_value_type_error_message():
    assert str(ValueTypeError("port", "an integer", "x")) == "port: expected an integer, found 'x'"
