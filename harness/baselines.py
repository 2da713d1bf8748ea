"""Classical rankers over the same candidates: BM25 and TF-IDF cosine, both over split identifiers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.gold import Place
from kent_agent.errors import HarnessError
from kent_agent.source.symbols import own_lines, symbols
from kent_agent.source.tokens import terms

PATH_WEIGHT = 5  # how often a document repeats the terms of its path
SEARCHED = 50  # files whose functions are ranked
INSTALL = "install what it needs with pip install 'kent_agent[dev]'."


def file_rankings(query: str, documents: Mapping[str, str]) -> dict[str, list[str]]:
    """Files, likeliest first, by each ranker.

    Args:
        query: the issue.
        documents: text of each candidate file by path.

    Raises:
        HarnessError: a ranker's package, a development extra, is not installed.
    """
    paths = list(documents)
    bags = [[*PATH_WEIGHT * list(terms(path)), *terms(text)] for path, text in documents.items()]
    return {name: [paths[i] for i in order] for name, order in _orders(query, bags).items()}


def function_rankings(query: str, documents: Mapping[str, str]) -> dict[str, list[Place]]:
    """Symbols of the likeliest files, likeliest first, by each ranker; terms of paths and names count as in files."""
    found = {}
    for name, files in file_rankings(query, documents).items():
        places: list[Place] = []
        bags: list[list[str]] = []
        for path in files[:SEARCHED]:
            inside, lines = symbols(documents[path]), documents[path].split("\n")
            for symbol in inside:
                places.append((path, symbol.name))
                body = "\n".join(own_lines(symbol, inside, lines))
                bags.append([*terms(path), *PATH_WEIGHT * list(terms(symbol.name)), *terms(body)])
        found[name] = list(dict.fromkeys(places[i] for i in _orders(query, bags)[name]))
    return found


def _orders(query: str, bags: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    """Numbers of documents, best first, by each ranker; ties in their order."""
    words = list(terms(query))
    if not words or not any(bags):
        return {name: list(range(len(bags))) for name in ("bm25", "tfidf")}
    scores = {"bm25": _bm25(words, bags), "tfidf": _tfidf(words, bags)}
    return {name: np.argsort(-each, kind="stable").tolist() for name, each in scores.items()}


def _bm25(words: Sequence[str], bags: Sequence[Sequence[str]]) -> NDArray[np.floating[Any]]:
    try:
        import bm25s
    except ImportError as error:
        raise HarnessError(f"The baseline BM25 needs the package bm25s; {INSTALL}") from error
    retriever = bm25s.BM25()
    retriever.index([list(bag) for bag in bags], show_progress=False)
    return np.asarray(retriever.get_scores(list(words)))


def _tfidf(words: Sequence[str], bags: Sequence[Sequence[str]]) -> NDArray[np.floating[Any]]:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError as error:
        raise HarnessError(f"The baseline TF-IDF needs the package scikit-learn; {INSTALL}") from error
    vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    matrix = vectorizer.fit_transform(bags)
    return np.asarray((matrix @ vectorizer.transform([words]).T).todense()).ravel()
