import pytest

from minnow.expressions import col, lit

ROW = {"name": "pike", "weight": 4.5, "length": None}


@pytest.mark.parametrize(
    "expression,expected",
    [
        (col("weight") > 4, True),
        (col("weight") * 2, 9.0),
        (col("name") == "pike", True),
        (col("name") != "pike", False),
        (lit(1) + 2, 3),
        ((col("weight") > 4) & (col("name") == "eel"), False),
        ((col("weight") > 9) | (col("name") == "pike"), True),
        (~(col("weight") > 9), True),
    ],
    ids=["gt", "mul", "eq", "ne", "lit", "and", "or", "not"],
)
def test_operators(expression, expected):
    assert expression.evaluate(ROW) == expected


def test_none_spreads():
    assert (col("length") > 4).evaluate(ROW) is None
    assert (col("length") + 4).evaluate(ROW) is None
    assert ((col("length") > 4) & (col("weight") > 4)).evaluate(ROW) is None


def test_is_null():
    assert col("length").is_null().evaluate(ROW) is True


def test_is_in():
    assert col("name").is_in(["eel", "pike"]).evaluate(ROW) is True


@pytest.mark.parametrize("pattern,expected", [("pi%", True), ("p_ke", True), ("%e", True), ("pi", False)])
def test_like(pattern, expected):
    assert col("name").like(pattern).evaluate(ROW) is expected


def test_columns():
    assert ((col("a") + 1 > col("b")) | col("c").is_null()).columns() == {"a", "b", "c"}
