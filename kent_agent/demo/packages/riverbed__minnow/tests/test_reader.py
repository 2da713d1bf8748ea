import pytest

from minnow.reader import parse_csv, read_csv, read_records

TEXT = "name,weight,caught\npike,4.5,yes\neel,2,no\nbream,NA,yes\n"


def test_types_are_guessed():
    table = parse_csv(TEXT)
    assert table.names == ["name", "weight", "caught"]
    assert table.rows[0] == ["pike", 4.5, True]
    assert table.rows[2] == ["bream", None, True]


def test_types_off():
    assert parse_csv(TEXT, types=False).rows[1] == ["eel", "2", "no"]


def test_integers_stay_integers():
    assert parse_csv("a\n1\n2\n").column("a") == [1, 2]


def test_ragged_rows():
    with pytest.raises(ValueError):
        parse_csv("a,b\n1\n")


def test_empty_text():
    assert len(parse_csv("")) == 0


def test_read_csv(tmp_path):
    path = tmp_path / "catches.csv"
    path.write_text(TEXT, encoding="utf-8")
    assert len(read_csv(path)) == 3


def test_read_records():
    table = read_records([{"a": 1}, {"b": 2, "a": 3}])
    assert table.names == ["a", "b"]
    assert table.rows == [[1, None], [3, 2]]
