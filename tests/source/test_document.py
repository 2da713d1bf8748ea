"""Offsets of nodes are those of their text, whatever the line endings, the characters and the layout."""

import ast
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent.source.document import Document, Place, positioned_below
from tests.source.programs import MODULES, SHAPES

ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])


def places(place: Place) -> Iterator[Place]:
    yield place
    for child in positioned_below(place):
        yield from places(child)


def place_of(document: Document, kind: type[ast.AST], number: int = 0) -> Place:
    return [place for place in places(document.root) if isinstance(place.node, kind)][number]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_an_expressions_text_is_that_expression(name: str, ending: str) -> None:
    document = Document(MODULES[name].replace("\n", ending))
    for place in places(document.root):
        if isinstance(place.node, ast.expr) and not isinstance(place.node, ast.Slice | ast.Starred):
            subscript = place.field == "slice"  # whose tuple may hold slices
            text = f"x[{document.source(place.node)}\n]" if subscript else f"({document.source(place.node)}\n)"
            found = ast.parse(text, mode="eval").body
            assert _dumped(found.slice if subscript else found) == _dumped(place.node)


def _dumped(node: ast.AST) -> str:
    for inner in ast.walk(node):
        if hasattr(inner, "ctx"):
            inner.ctx = ast.Load()
    return ast.dump(node)


@settings(deadline=None)
@given(st.sampled_from(["a", "é", "日本", "🐍"]), ENDINGS)
def test_offsets_count_characters_and_lines_as_the_parser_does(wide: str, ending: str) -> None:
    document = Document(f"x = '{wide}'; y = f('{wide}', name){ending}z = 1{ending}")
    assert document.source(place_of(document, ast.Call).node) == f"f('{wide}', name)"
    assert document.source(document.tree.body[2]) == "z = 1"
    assert [document.line(document.span(node)[0]) for node in document.tree.body] == [1, 1, 2]


@pytest.mark.parametrize("name", MODULES)
def test_every_node_is_found_by_its_offsets(name: str) -> None:
    document = Document(MODULES[name])
    for place in places(document.root):
        span = document.span(place.node)
        found = document.locate(span, type(place.node).__name__)
        assert document.span(found.node) == span and type(found.node) is type(place.node)


def test_a_node_that_is_not_there_is_not_found() -> None:
    with pytest.raises(ValueError, match="no Call at"):
        Document("x = f(a)\n").locate((4, 7), "Call")


@settings(deadline=None)
@given(st.sampled_from(sorted(MODULES)), st.floats(0, 1, exclude_max=True))
def test_lines_and_offsets_agree(name: str, share: float) -> None:
    document, text = Document(MODULES[name]), MODULES[name]
    at = int(share * len(text))
    assert document.line(at) == text[:at].count("\n") + 1
    assert document.line_start(at) <= at < document.line_end(at)
    assert (
        text[document.line_start(at) : document.line_end(at)] == text.splitlines(keepends=True)[document.line(at) - 1]
    )


HEADERS = [
    (ast.ClassDef, "class Shape(Base, metaclass=Meta):"),
    (ast.FunctionDef, 'def area(self, unit=None, /, scale: float = 1.0, *rest, deep=False, **more) -> "int | None":'),
    (ast.With, 'with open(self.path, "rb") as file, lock:'),
    (ast.Try, "try:"),
    (ast.ExceptHandler, "except (OSError, ValueError) as error:"),
    (ast.For, "for i, (x, y) in enumerate(zip(*rest)):"),
    (ast.If, "if x is not None and y < i <= 3 or not deep:"),
    (ast.While, 'while (n := next(self)) != b"\\n":'),
    (ast.Match, "match self.kind:"),
    (ast.match_case, 'case "a" | None if self.ok:'),
]


@pytest.mark.parametrize(("kind", "header"), HEADERS)
def test_a_header_ends_with_its_own_colon(kind: type[ast.AST], header: str) -> None:
    document = Document(SHAPES)
    span = document.header(place_of(document, kind).node)
    assert span is not None and document.text[slice(*span)] == header


def test_a_simple_statement_has_no_header() -> None:
    document = Document("x = {1: 2}\n")
    assert document.header(document.tree.body[0]) is None


def test_a_definition_is_whole_with_its_decorators() -> None:
    document = Document(SHAPES)
    shape = place_of(document, ast.ClassDef).node
    assert document.source(shape).startswith("class")
    assert document.text[document.whole(shape)[0] :].startswith("@decorated\n@other(1)\nclass")


@pytest.mark.parametrize(
    ("text", "number", "lines"),
    [
        ("a()\nb()  # c\n", 1, "b()  # c\n"),
        ("a(1,\n  2)\n", 0, "a(1,\n  2)\n"),
        ("a()", 0, "a()"),
        ("a(); b()\n", 0, None),
        ("a(); b()\n", 1, None),
    ],
)
def test_a_statement_has_lines_unless_it_shares_one(text: str, number: int, lines: str | None) -> None:
    document = Document(text)
    span = document.lines(document.tree.body[number])
    assert (span and text[slice(*span)]) == lines


BRANCHES = """\
def f(x):
    if x:
        a(x)
        b(1)
    elif y:
        c(x)
"""


@pytest.mark.parametrize(
    ("inside", "around"),
    [
        ("x)\n        b", BRANCHES[BRANCHES.index("    if") :]),  # two statements of a block
        ("1", "        b(1)\n"),
        ("        c(x)", BRANCHES[BRANCHES.index("    if") :]),  # the whole of a statement
        ("y", BRANCHES[BRANCHES.index("    if") :]),  # an elif is read with its if
        ("x):", BRANCHES),
        ("f(x)", BRANCHES),
    ],
)
def test_around_a_span_is_the_innermost_statement_that_can_be_read_by_itself(inside: str, around: str) -> None:
    document = Document(BRANCHES + "g()\n")
    start = BRANCHES.index(inside)
    assert document.text[slice(*document.around(start, start + len(inside)))] == around


def test_around_an_insertion_between_statements_is_what_holds_both() -> None:
    document = Document(BRANCHES)
    start, end = document.around(*2 * (BRANCHES.index("        b(1)"),))
    assert document.text[start:end] == BRANCHES[BRANCHES.index("    if") :]


def test_places_know_what_is_around_them() -> None:
    document = Document(SHAPES)
    place = place_of(document, ast.Attribute, -1)
    assert document.source(place.node) == "sys . stderr"
    assert place.scope == "outer.inner"
    assert isinstance(place.statement.node, ast.Assign)
    assert place.function is not None and getattr(place.function.node, "name", "") == "outer"
    assert document.root.scope == "<module>" and document.root.function is None


def test_what_does_not_parse_is_no_document() -> None:
    with pytest.raises(SyntaxError):
        Document("def broken(:\n")
