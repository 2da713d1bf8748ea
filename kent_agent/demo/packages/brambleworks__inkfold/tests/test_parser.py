import pytest

import inkfold
from inkfold.errors import ParseError

SAMPLE = """
title = "harvest"   # the name

[server.http]
port = 8080
hosts = [
    alpha,
    beta,
]

[server.tls]
enabled = no
"""


def test_sections_and_values():
    document = inkfold.loads(SAMPLE)
    assert document.get("title") == "harvest"
    assert document.get("server.http.port") == 8080
    assert document.get("server.http.hosts") == ["alpha", "beta"]
    assert document.get("server.tls.enabled") is False


def test_comment_marks_inside_quotes():
    assert inkfold.loads("a = 'x # y; z'").get("a") == "x # y; z"


def test_continuation():
    assert inkfold.loads("a = one \\\n  two\n").get("a") == "one two"


def test_duplicate_key():
    with pytest.raises(ParseError):
        inkfold.loads("a = 1\na = 2\n")
    assert inkfold.loads("a = 1\na = 2\n", strict=False).get("a") == 2


def test_value_used_as_section():
    with pytest.raises(ParseError):
        inkfold.loads("a = 1\n[a.b]\nc = 2\n")


def test_unfinished_list():
    with pytest.raises(ParseError) as caught:
        inkfold.loads("a = 1\nb = [1,\n2\n")
    assert caught.value.line == 2


def test_load_file(tmp_path):
    path = tmp_path / "a.ink"
    path.write_text("a = 1\n", encoding="utf-8")
    assert inkfold.load(path).get("a") == 1
