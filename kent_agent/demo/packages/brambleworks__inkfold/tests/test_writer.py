import inkfold
from inkfold import Document


def test_values_come_before_sections():
    document = Document.from_dict({"server": {"port": 80}, "name": "x"})
    assert inkfold.dumps(document) == "name = x\n\n[server]\nport = 80\n"


def test_empty_document():
    assert inkfold.dumps(Document()) == ""


def test_keeps_the_order_of_keys():
    assert inkfold.dumps(inkfold.loads("b = 1\na = 2\n")) == "b = 1\na = 2\n"


def test_round_trip():
    document = Document.from_dict({"a": [1, "two"], "s": {"t": {"u": "yes"}, "v": None}})
    assert inkfold.loads(inkfold.dumps(document)) == document


def test_dump_to_file(tmp_path):
    path = tmp_path / "out.ink"
    inkfold.dump(Document.from_dict({"a": 1}), path)
    assert path.read_text(encoding="utf-8") == "a = 1\n"
