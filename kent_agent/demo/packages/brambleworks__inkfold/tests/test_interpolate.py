import pytest

from inkfold import Document, InterpolationError, loads


def test_reference():
    document = loads("host = alpha\nurl = 'http://${host}/'\n")
    assert document.resolve("url") == "http://alpha/"


def test_nested_references():
    document = loads("a = x\nb = '${a}y'\nc = '${b}z'\n")
    assert document.resolve("c") == "xyz"


def test_default():
    assert loads("a = '${b:-none such}'\n").resolve("a") == "none such"


def test_numbers_are_formatted():
    assert loads("port = 80\na = 'p${port}'\n").resolve("a") == "p80"


def test_double_dollar():
    assert loads("a = 'costs $$5'\n").resolve("a") == "costs $5"


def test_dollar_before_text():
    assert loads("a = 'costs $5'\n").resolve("a") == "costs $5"


def test_loop():
    document = loads("a = '${b}'\nb = '${a}'\n")
    with pytest.raises(InterpolationError) as caught:
        document.resolve("a")
    assert "loop" in str(caught.value)


def test_unclosed():
    with pytest.raises(InterpolationError):
        loads("a = '${b'\n").resolve("a")


def test_lists():
    document = Document.from_dict({"a": "x", "b": ["${a}1", "${a}2"]})
    assert document.resolve("b") == ["x1", "x2"]


def test_resolved_copy():
    document = loads("a = x\n[s]\nb = '${a}'\n")
    assert document.resolved().get("s.b") == "x"
    assert document.get("s.b") == "${a}"
