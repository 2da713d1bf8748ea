"""A term takes the place of another wherever it is code, and only as a whole."""

import pytest

from kent_agent.source.rewording import reworded
from kent_agent.source.splicing import Lines
from kent_agent.source.transplant import Statements

TEXT = '''\
class Box:
    def area(self, wide):
        """Of wide and height."""
        # wide first
        total = wide * self.height
        wider = super.area(wide)
        return total["wide"] + wider
'''


def texts(old: str, new: str, text: str = TEXT, lines: range | None = None) -> list[str]:
    file = Lines(Statements(text))
    wanted = lines or range(1, text.count("\n") + 1)
    return [text[: each.start] + each.code + text[each.end :] for each in reworded(file, wanted, old, new)]


def test_a_term_that_stands_once_has_one_place() -> None:
    assert texts("self.height", "self.depth") == [TEXT.replace("self.height", "self.depth")]


def test_what_stands_in_several_places_is_reworded_everywhere_and_at_each_alone() -> None:
    everywhere, *alone = texts("wide", "width", lines=range(4, 7))
    assert everywhere.count("width") == 2 and "wider" in everywhere and "# wide first" in everywhere
    assert [text.count("width") for text in alone] == [1, 1]


def test_a_fragment_is_found_however_it_is_spaced_and_quoted() -> None:
    assert texts("super.", "super().") == [TEXT.replace("super.", "super().")]
    assert texts("total[ 'wide' ]", "total") == [TEXT.replace('total["wide"]', "total")]


@pytest.mark.parametrize(("old", "new"), [("missing", "x"), ("height", "self.height"), ("Of wide", "x"), ("area", "x")])
def test_nothing_is_found_where_it_is_not_there_or_there_already_or_no_code(old: str, new: str) -> None:
    assert texts(old, new, lines=range(1, 6)) == []


def test_a_name_that_only_self_has_is_written_as_its_attribute() -> None:
    assert texts("total", "height", lines=range(7, 8)) == [TEXT.replace('total["wide"]', 'self.height["wide"]')]


def test_an_attribute_may_be_one_of_something_that_is_named_otherwise() -> None:
    assert texts("box.height", "box.depth") == [TEXT.replace("self.height", "self.depth")]


def test_a_string_may_name_an_attribute() -> None:
    assert texts("self.wide", "self.width", lines=range(7, 8)) == [TEXT.replace('total["wide"]', 'total["width"]')]


def test_a_constant_takes_the_place_of_a_string_and_not_of_what_is_in_it() -> None:
    assert texts("wide", "None", lines=range(7, 8)) == [TEXT.replace('total["wide"]', "total[None]")]


@pytest.mark.parametrize("text", ["kind = one\n", "kind: str = one\n", "def f(\n    kind, b\n):\n    pass\n"])
def test_what_is_bound_is_not_renamed_alone(text: str) -> None:
    assert texts("kind", "sort", text) == []


def test_a_word_of_a_sentence_in_a_string_is_no_name() -> None:
    assert texts("wide", "broad", 'raise E("how wide it is")\n') == []
    assert texts("wide", "broad", 'raise E("wide")\n') == ['raise E("broad")\n']


def test_what_stands_everywhere_is_not_meant() -> None:
    assert texts("x", "y", "".join(f"a{i} = x\n" for i in range(30))) == []
