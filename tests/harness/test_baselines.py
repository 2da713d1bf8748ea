"""The classical rankers put what an issue names first, over the same candidates."""

import sys

import pytest

from harness.baselines import file_rankings, function_rankings
from kent_agent.errors import HarnessError

DOCUMENTS = {
    "src/tiny/__init__.py": "",
    "src/tiny/calc.py": "def add(left, right):\n    return left - right\n",
    "src/tiny/text.py": "class Words:\n    def countWords(self, text):\n        return len(text.split())\n",
}


@pytest.mark.parametrize("ranker", ["bm25", "tfidf"])
def test_the_file_that_the_issue_describes_is_first_and_all_are_ranked(ranker: str) -> None:
    ranking = file_rankings("the count of words in a text is wrong", DOCUMENTS)[ranker]
    assert ranking[0] == "src/tiny/text.py"
    assert sorted(ranking) == sorted(DOCUMENTS)


@pytest.mark.parametrize("ranker", ["bm25", "tfidf"])
def test_so_is_the_function(ranker: str) -> None:
    assert function_rankings("count_words is wrong", DOCUMENTS)[ranker][0] == ("src/tiny/text.py", "Words.countWords")


@pytest.mark.parametrize("query", ["", "!!!"])
def test_an_issue_without_words_leaves_the_order_as_it_is(query: str) -> None:
    assert set(map(tuple, file_rankings(query, DOCUMENTS).values())) == {tuple(DOCUMENTS)}


def test_no_candidates_are_no_ranking() -> None:
    assert file_rankings("words", {}) == {"bm25": [], "tfidf": []}
    assert function_rankings("words", {}) == {"bm25": [], "tfidf": []}


@pytest.mark.parametrize("package", ["bm25s", "sklearn.feature_extraction.text"])
def test_a_missing_package_is_one_sentence(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(HarnessError, match="pip install"):
        file_rankings("words", DOCUMENTS)
