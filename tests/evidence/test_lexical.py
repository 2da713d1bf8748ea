"""Words of an issue find the files that say them: in their paths, names, bodies, comments, pieces and phrases."""

from kent_agent.evidence.clues import Clues
from kent_agent.evidence.columns import Columns
from kent_agent.evidence.lexical import detail_columns, file_columns
from kent_agent.hdc.sparse import SparseItems
from kent_agent.repository_index import RepositoryIndex
from kent_agent.source.issue import parse_issue
from tests.evidence.memory import Memory

INDEX = RepositoryIndex(SparseItems(16_000))
PLAIN = "def alpha():\n    return beta\n"
TEXTS = {
    "src/gizmo/other.py": PLAIN,
    "src/gizmo.py": PLAIN,
    "src/named.py": "def gizmo():\n    return beta\n",
    "src/body.py": PLAIN + "print(gizmo)\n",
    "src/prose.py": PLAIN + "# gizmo\n",
    "src/plain.py": PLAIN,
}
NOISE = 0.1


def files_by_column(text: str, texts: dict[str, str]) -> dict[str, dict[str, float]]:
    """For each column its value by file."""
    source = Memory(texts)
    clues = Clues.of(parse_issue(text))
    records = INDEX.files(source, source.files)
    columns: Columns = file_columns(clues, INDEX, records)
    columns |= detail_columns(clues, INDEX, records, INDEX.details(source, source.files))
    paths = [entry.path for entry in source.files]
    assert {len(column) for column in columns.values()} == {len(paths)}
    return {name: dict(zip(paths, column.tolist(), strict=True)) for name, column in columns.items()}


def above_noise(values: dict[str, float]) -> set[str]:
    return {path.removeprefix("src/").removesuffix(".py") for path, value in values.items() if value > NOISE}


def test_each_column_finds_the_word_in_its_role() -> None:
    found = {name: above_noise(values) for name, values in files_by_column("The gizmo", TEXTS).items()}
    expected = {
        "path.title path.all": {"gizmo", "gizmo/other"},
        "path.title_stem path.all_stem": {"gizmo"},
        "names.title names.all": {"named"},
        "body.title body.all body.title_length body.all_length": {"named", "body", "prose"},
        "pieces.title pieces.all pieces.title_few pieces.all_few": {"named", "body", "prose"},
        "prose.all": {"prose"},
        "prose.prose": set(),
        "phrases.pairs phrases.pairs_length phrases.pairs_title phrases.triples phrases.triples_told": set(),
    }
    assert found == {name: files for names, files in expected.items() for name in names.split()}


def test_the_title_alone_asks_for_its_own_words_only() -> None:
    texts = TEXTS | {"src/widget.py": "def widget():\n    return widget  # widget\n"}
    columns = files_by_column("The gizmo\n\nThe widget.", texts)
    for name, values in columns.items():
        group, _, part = name.partition(".")
        if group != "phrases":
            assert (values["src/widget.py"] > NOISE) == (not part.startswith("title")), name
            assert max(values.values()) > NOISE, name
    assert columns["prose.prose"]["src/prose.py"] < NOISE < columns["prose.all"]["src/prose.py"]


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    texts = {f"src/{i}.py": "common = 1" for i in range(8)} | {"src/rare.py": "gizmo = 1"}
    columns = files_by_column("common gizmo", texts)
    for name in ("body.title", "body.all", "pieces.all"):
        assert columns[name]["src/rare.py"] > 3 * columns[name]["src/0.py"] > 0, name


def test_a_word_that_only_paths_say_is_rare_among_paths() -> None:
    texts = {"src/gizmo/one.py": PLAIN, "src/two.py": PLAIN}
    columns = files_by_column("The gizmo", texts)
    assert above_noise(columns["path.title"]) == above_noise(columns["path.all"]) == {"gizmo/one"}
    assert above_noise(columns["body.all"]) == set()


def test_the_length_column_prefers_the_file_that_says_more_of_the_issue() -> None:
    words = "alpha beta gamma delta epsilon".split()
    short = "alpha"
    texts = {"short.py": short, "long.py": "\n".join(words * 3), "other.py": "nothing"}
    columns = files_by_column(" ".join(words), texts)
    for part in ("title", "all"):
        gain = {path: columns[f"body.{part}_length"][path] / columns[f"body.{part}"][path] for path in list(texts)[:2]}
        assert gain["long.py"] > 2 * gain["short.py"] > 0


def test_a_piece_stands_out_where_the_whole_file_does_not() -> None:
    def function(i: int, word: str) -> str:
        return f"def function{i}():\n    {word}\n" + "".join(f"    x{i}x{j} = 1\n" for j in range(60))

    texts = {
        "once.py": "".join(function(i, "gizmo" if i == 3 else "nothing") for i in range(8)),
        "often.py": "".join(function(i, "gizmo" if i < 3 else "nothing") for i in range(8)),
        "never.py": "".join(function(i, "nothing") for i in range(8)),
    }
    columns = files_by_column("The gizmo", texts)
    for part in ("title", "all"):
        best, few = columns[f"pieces.{part}"], columns[f"pieces.{part}_few"]
        assert best["once.py"] > 1.5 * columns[f"body.{part}"]["once.py"]
        assert abs(best["once.py"] - best["often.py"]) < 0.05 < best["once.py"] - best["never.py"]
        assert few["often.py"] > few["once.py"] + 0.03
        assert few["often.py"] < best["often.py"] + 0.01


def test_a_phrase_is_more_than_its_words() -> None:
    texts = {"phrase.py": "# a frozen gizmo", "words.py": "# frozen things\n# some gizmo", "none.py": "# nothing"}
    title = files_by_column("Frozen gizmo", texts)
    body = files_by_column("Broken\n\nThe frozen gizmo.", texts)
    for name in ("phrases.pairs", "phrases.pairs_length"):
        assert above_noise(title[name]) == above_noise(body[name]) == {"phrase"}, name
    assert above_noise(title["phrases.pairs_title"]) == {"phrase"}
    assert above_noise(body["phrases.pairs_title"]) == set()
    assert above_noise(title["body.all"]) == {"phrase", "words"}


def test_a_triple_is_more_than_its_pairs() -> None:
    texts = {
        "triple.py": "# big frozen gizmo",
        "pairs.py": "# big frozen things\n# frozen gizmo",
        "none.py": "# nothing",
    }
    columns = files_by_column("It breaks\n\nThe big frozen gizmo.", texts)
    assert above_noise(columns["phrases.triples"]) == {"triple"}
    assert above_noise(columns["phrases.pairs"]) == {"triple", "pairs"}


def test_what_a_program_told_is_asked_for_by_itself() -> None:
    texts = {"told.py": 'fail("odd frozen gizmo")', "prose.py": "# big round widget", "title.py": "# cheese gone bad"}
    columns = files_by_column("Cheese gone bad\n\nThe big round widget says 'odd frozen gizmo'.", texts)
    assert above_noise(columns["phrases.triples_told"]) == {"told", "title"}
    assert above_noise(columns["phrases.triples"]) == {"told", "prose", "title"}


def test_the_more_of_the_issues_phrases_a_file_says_the_longer_they_are() -> None:
    issue = ["big frozen gizmo", "small round widget", "old yellow cheese"]
    texts = {"one.py": f"# {issue[0]}", "all.py": "".join(f"# {phrase}\n" for phrase in issue), "none.py": "# nothing"}
    columns = files_by_column("It breaks\n\n" + "\n".join(issue), texts)
    for name in ("phrases.pairs_length", "phrases.triples"):
        assert columns[name]["all.py"] > 1.3 * columns[name]["one.py"] > 0, name


def test_chance_resemblance_of_phrases_is_never_less_than_none() -> None:
    texts = {f"{i}.py": "\n".join(f"word{i} name{i}x{j} thing{i}x{j}" for j in range(100)) for i in range(9)}
    columns = files_by_column(f"It breaks\n\n{texts['0.py']}", texts)
    assert min(columns["phrases.pairs"].values()) < 0
    for name in ("phrases.pairs_length", "phrases.triples", "phrases.triples_told"):
        assert min(columns[name].values()) >= 0, name


def test_an_issue_without_words_is_like_nothing() -> None:
    for values in files_by_column("", TEXTS).values():
        assert set(values.values()) == {0.0}
