from inkfold import loads
from inkfold.schema import Field, Schema


def test_valid_document():
    schema = Schema([Field("name"), Field("port", "integer", required=False)])
    assert schema.is_valid(loads("name = x\n"))


def test_missing_and_wrong():
    schema = Schema([Field("name"), Field("port", "integer")])
    assert schema.problems(loads("port = high\n")) == [
        "name is missing",
        "port: expected an integer, found 'high'",
    ]


def test_choices():
    schema = Schema([Field("level", choices=["low", "high"])])
    assert schema.problems(loads("level = mid\n")) == ["level: 'mid' is not one of low, high"]


def test_closed_schema():
    schema = Schema([Field("a")], closed=True)
    assert schema.problems(loads("a = x\nb = 1\n")) == ["b is not declared"]
