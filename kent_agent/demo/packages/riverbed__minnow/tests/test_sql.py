import pytest

from minnow import ColumnError, Table
from minnow.sql import QueryError, query


@pytest.fixture
def tables():
    rows = [["pike", "Wye", 4.5], ["eel", "Usk", 2.0], ["bream", "Wye", None], ["chub", "Usk", 3.0]]
    return {"catches": Table(["name", "river", "weight"], rows)}


def names(text, tables):
    return query(text, tables).column("name")


def test_everything(tables):
    assert query("SELECT * FROM catches", tables) == tables["catches"]


def test_where(tables):
    assert names("select name from catches where weight > 2 and river = 'Usk';", tables) == ["chub"]


def test_precedence(tables):
    text = "SELECT name FROM catches WHERE name = 'eel' OR river = 'Wye' AND weight > 2"
    assert names(text, tables) == ["pike", "eel"]


def test_not_equal(tables):
    assert names("SELECT name FROM catches WHERE river != 'Wye'", tables) == ["eel", "chub"]


def test_is_null(tables):
    assert names("SELECT name FROM catches WHERE weight IS NULL", tables) == ["bream"]
    assert names("SELECT name FROM catches WHERE weight IS NOT NULL", tables) == ["pike", "eel", "chub"]


def test_like(tables):
    assert names("SELECT name FROM catches WHERE name LIKE '%b%'", tables) == ["bream", "chub"]


def test_arithmetic(tables):
    assert names("SELECT name FROM catches WHERE weight * 2 - 1 >= 5", tables) == ["pike", "chub"]


def test_order_and_limit(tables):
    assert names("SELECT name FROM catches ORDER BY name DESC LIMIT 2", tables) == ["pike", "eel"]


def test_distinct(tables):
    assert len(query("SELECT DISTINCT river FROM catches", tables)) == 2


def test_quoted_quote():
    tables = {"t": Table(["a"], [["it's"]])}
    assert len(query("SELECT a FROM t WHERE a = 'it''s'", tables)) == 1


@pytest.mark.parametrize("text", ["limit", "SELECT", "SELECT a FROM b", "SELECT * FROM catches WHERE (1"], ids=["head", "end", "table", "bracket"])
def test_errors(text, tables):
    with pytest.raises(QueryError):
        query(text, tables)


def test_unknown_column(tables):
    with pytest.raises(ColumnError):
        query("SELECT colour FROM catches", tables)
