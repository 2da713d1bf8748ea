import pytest

from minnow import ColumnError, Table, col


@pytest.fixture
def catches():
    return Table(
        ["name", "river", "weight"],
        [["pike", "Wye", 4.5], ["eel", "Usk", 2.0], ["bream", "Wye", None], ["chub", "Usk", 3.0]],
    )


def test_unknown_column(catches):
    with pytest.raises(ColumnError) as caught:
        catches.column("colour")
    assert str(caught.value) == "no column 'colour'; there are: name, river, weight"


def test_select_and_drop(catches):
    assert catches.select("weight", "name").rows[0] == [4.5, "pike"]
    assert catches.drop("river").names == ["name", "weight"]


def test_where(catches):
    assert catches.where(col("weight") > 2.5).column("name") == ["pike", "chub"]


def test_with_column(catches):
    assert catches.with_column("double", col("weight") * 2).column("double") == [9.0, 4.0, None, 6.0]
    assert catches.with_column("weight", 1).names == catches.names


def test_order_by_one_column(catches):
    assert catches.order_by("name").column("name") == ["bream", "chub", "eel", "pike"]


def test_order_by_descending(catches):
    assert catches.order_by("-name").column("name") == ["pike", "eel", "chub", "bream"]


def test_none_sorts_first(catches):
    assert catches.order_by("weight").column("name") == ["bream", "eel", "chub", "pike"]


def test_distinct(catches):
    assert catches.select("river").distinct().rows == [["Wye"], ["Usk"]]


def test_group_by(catches):
    result = catches.group_by("river").aggregate(fish=("count", "name"), heaviest=("max", "weight"))
    assert result.rows == [["Wye", 2, 4.5], ["Usk", 2, 3.0]]


def test_aggregate_of_nothing():
    assert Table(["a"], []).aggregate(n=("count", "a")).rows == [[0]]


def test_inner_join(catches):
    rivers = Table(["river", "length"], [["Wye", 250]])
    assert catches.join(rivers, "river").column("length") == [250, 250]


def test_left_join(catches):
    rivers = Table(["river", "length"], [["Wye", 250]])
    assert catches.join(rivers, "river", how="left").column("length") == [250, None, 250, None]


def test_join_suffix(catches):
    other = Table(["name", "weight"], [["pike", 9.0]])
    assert catches.join(other, "name").names == ["name", "river", "weight", "weight_right"]


def test_pivot():
    table = Table(["a", "b", "n"], [["x", "p", 1], ["x", "q", 2], ["y", "p", 3]])
    assert table.pivot("a", "b", "n").rows == [["x", 1, 2], ["y", 3, None]]


def test_describe(catches):
    assert catches.describe().column("column") == ["weight"]
    assert catches.describe().column("max") == [4.5]


def test_value_counts(catches):
    assert catches.value_counts("river").rows == [["Wye", 2], ["Usk", 2]]


def test_format(catches):
    assert catches.select("name", "weight").limit(1).format() == "name  weight\npike  4.5"


def test_rows_of_wrong_length():
    with pytest.raises(ValueError):
        Table(["a"], [[1, 2]])
