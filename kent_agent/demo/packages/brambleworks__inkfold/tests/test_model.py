import pytest

from inkfold import Document, MissingKeyError, ValueTypeError


@pytest.fixture
def document():
    return Document.from_dict(
        {
            "name": "harvest",
            "debug": True,
            "server": {"port": 8080, "hosts": ["alpha", "beta"], "ratio": 0.5, "example.org": {"port": 1}},
        }
    )


def test_get_by_path(document):
    assert document.get("server.port") == 8080
    assert document["server.ratio"] == 0.5


def test_list_items_by_number(document):
    assert document.get("server.hosts.1") == "beta"


def test_list_item_that_is_no_number(document):
    assert document.get("server.hosts.first", None) is None


def test_quoted_parts(document):
    assert document.get('server."example.org".port') == 1


def test_default(document):
    assert document.get("server.user", "nobody") == "nobody"
    with pytest.raises(MissingKeyError):
        document.get("server.user")


def test_get_below_a_value(document):
    assert document.get("name.first", 0) == 0


def test_typed_reading(document):
    assert document.get_int("server.port") == 8080
    assert document.get_float("server.port") == 8080.0
    assert document.get_bool("debug") is True
    assert document.get_list("name") == ["harvest"]
    with pytest.raises(ValueTypeError):
        document.get_int("name")
    with pytest.raises(ValueTypeError):
        document.get_int("debug")


def test_contains(document):
    assert "server.hosts" in document
    assert "server.user" not in document


def test_remove(document):
    document.remove("server.port")
    assert "server.port" not in document
    with pytest.raises(MissingKeyError):
        document.remove("server.port")


def test_rename_keeps_order_and_paths(document):
    document.rename("server", "service")
    assert document.keys() == ["name", "debug", "service"]
    assert document.section("service").path == "service"


def test_merge_replaces_values(document):
    document.merge(Document.from_dict({"server": {"port": 1, "hosts": ["gamma"]}}))
    assert document.get("server.port") == 1
    assert document.get("server.hosts") == ["gamma"]


def test_merge_appends_lists(document):
    document.merge(Document.from_dict({"server": {"hosts": ["gamma"]}}), lists="append")
    assert document.get("server.hosts") == ["alpha", "beta", "gamma"]


def test_copy_is_independent(document):
    duplicate = document.copy()
    duplicate.set("server.port", 1)
    assert document.get("server.port") == 8080
    assert duplicate != document


def test_walk(document):
    assert ("server.port", 8080) in list(document.walk())
