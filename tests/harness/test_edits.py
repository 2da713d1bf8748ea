"""`python -m harness.edits` ranks and prices gold edits, never in sample unsaid, and compares as a whole file would."""

import ast
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from harness.edit_baselines import CacheNgram, baseline_bits
from harness.edit_cases import Given, drawn, fix_case, shared_evenly
from harness.edit_match import GoldVersion, changed
from harness.edit_tables import median, median_interval, summarise_edits
from harness.edit_variants import VARIANTS
from harness.edits import SILENCE, SIMPLE, Decoded, Measurement, app, decode
from kent_agent.dataset import write_rows
from kent_agent.decoder.continuations import END
from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.network import NetworkShape
from kent_agent.decoder.search import EditSearch
from kent_agent.decoder.situation import Situation
from kent_agent.decoder.surroundings import Said
from kent_agent.learning.examples import examples_of, situation_of
from kent_agent.learning.fix_mining import head_of, mine_fixes
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.trainer import CodeTrainer
from kent_agent.source.diff import unified_diff
from kent_agent.source.document import Document
from kent_agent.source.grammar import Action
from kent_agent.source.sameness import effective, same
from kent_agent.source.symbols import Symbol, parse, symbols
from tests.conftest import BuildRepository
from tests.harness.conftest import Calc

SHAPE = NetworkShape(dimension=512, width=32, layers=1, heads=2, wholes=1024, parts=1024, dropout=0.0)
SUM = '''\
def {name}(left, right):
    """Two numbers."""
    total = left + right
    return {result}
'''
LOGGED = "def close(stream):\n{log}    stream.flush()\n    stream.close()\n"
NAMED = "def read(stream):\n    return stream.{name}()\n"
THREE = "def three(a, b, c):\n    {}\n    {}\n    {}\n    return a\n"
ONES, OTHERS = ("a.seek(0)", "b.tell()", "c.mark()"), ("del a[0]", "print(b, 1)", "c.x = b")


def history(build_repository: BuildRepository, folder: Path, repo: str, names: Sequence[str]) -> list[MinedFix]:
    """What is mined from a repository whose functions give no total, until a commit for each mends it."""
    wrong = {f"{name}.py": SUM.format(name=name, result="left") for name in names}
    right = {f"{name}.py": SUM.format(name=name, result="total") for name in names}
    commits = [(f"{path} forgets to return the total", {path: text}) for path, text in right.items()]
    path = folder / repo.replace("/", "__")
    build_repository(
        path,
        [
            ("First", wrong | {"log.py": LOGGED.format(log="    log(stream)\n"), "three.py": THREE.format(*ONES)}),
            *commits,
            ("Do not log", {"log.py": LOGGED.format(log="")}),
            ("Rewrite three", {"three.py": THREE.format(*OTHERS)}),
        ],
    )
    mirror = path / ".git"
    return list(mine_fixes(repo, mirror, head_of(repo, mirror), 50))


@pytest.fixture(scope="module")
def fixes(build_repository: BuildRepository, tmp_path_factory: pytest.TempPathFactory) -> list[MinedFix]:
    """Those of two repositories, to learn from and held out."""
    folder = tmp_path_factory.mktemp("mirrors")
    learned = history(build_repository, folder, "acme/sums", ["add", "join", "sum_up", "combine", "plus", "unite"])
    heldout = history(build_repository, folder, "acme/others", ["accumulate", "gather"])
    return [replace(f, split="train") for f in learned] + [replace(f, split="heldout") for f in heldout]


@pytest.fixture(scope="module")
def model(fixes: list[MinedFix]) -> DecoderModel:
    """One that has learned the fixes of acme/sums."""
    torch.set_num_threads(1)  # results do not depend on how many cores there are
    model = DecoderModel.create({}, SHAPE, seed=1)
    model.provenance = {"repositories": {"acme/sums": 8}, "validation_repositories": {"acme/checked": 1}}
    chosen = [fix for fix in fixes if fix.split == "train" and len(fix.edits) == 1]
    made = [example for fix in chosen for example in examples_of(fix, {}, model.items)]
    CodeTrainer(model, epochs=60, learning_rate=3e-3, batch_size=8).fit(made)
    return model


def sole(fixes: Sequence[MinedFix], path: str) -> MinedFix:
    (found,) = [fix for fix in fixes if fix.path == path and fix.split == "heldout"]
    return found


def written(fixes: Sequence[MinedFix], path: Path) -> Path:
    path.write_text("".join(fix.dump() + "\n" for fix in fixes))
    return path


@pytest.fixture(scope="module")
def measured(
    fixes: list[MinedFix], model: DecoderModel, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    """What the command prints and writes of the held-out fixes."""
    folder = tmp_path_factory.mktemp("edits")
    model.save(folder / "model.safetensors")
    file, output = written(fixes, folder / "fixes.jsonl"), folder / "figures.json"
    arguments = ["--fixes", str(file), "--model", str(folder / "model.safetensors"), "-o", str(output)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output, json.loads(output.read_text())


def test_what_was_learned_elsewhere_ranks_first(measured: tuple[str, dict[str, Any]]) -> None:
    _, figures = measured
    assert (figures["n"], figures["all"]["n"]) == (3, 4), "the three statements that change are no single edit"
    assert figures["actions"]["rename"]["exact"]["1"] == 100.0
    assert figures["exact"]["10"] == figures["exact"]["1000"] == 100.0
    assert figures["reachable"] == figures["parses"] == 100.0
    assert figures["bits_median"] < 5
    assert figures["baselines"]["uniform"]["bits_median"] > 6
    assert figures["ci"]["exact"]["10"] == [100.0, 100.0]
    assert figures["candidates_per_second"] > 0
    assert figures["repositories"]["acme/others"]["all"] == 4
    assert figures["actions"]["rename"]["n"] == 2


def test_all_changes_are_counted_and_those_that_are_no_single_edit_are_not_found(
    measured: tuple[str, dict[str, Any]],
) -> None:
    _, figures = measured
    assert figures["all"]["exact"]["1000"] == figures["all"]["one_edit"] == 75.0
    assert figures["all"]["up_to_three"] == 100.0
    assert figures["population"] == {
        "n": 4,
        "one_edit": 75.0,
        "up_to_three": 100.0,
        "repositories": {"acme/others": [4, 3, 4]},
    }
    (missed,) = [each for each in figures["instances"] if not each["decoded"]]
    assert (missed["edits"], missed["baselines"]) == (3, {})


def test_the_table_tells_what_it_rests_on(measured: tuple[str, dict[str, Any]]) -> None:
    output, _ = measured
    assert "IN-SAMPLE" not in output
    assert "4 held-out fixes" in output and "in 1 repositories: 75.0 % are one edit" in output
    assert "fewer than 8 repositories" in output
    for row in ("message withheld", "uniform prior", "cache ngram", "acme/others", "rename"):
        assert row in output


@pytest.mark.parametrize("key", ["repositories", "validation_repositories"])
def test_a_model_that_saw_a_measured_repository_is_told_in_sample(
    fixes: list[MinedFix], tmp_path: Path, key: str
) -> None:
    model = DecoderModel.create({}, SHAPE)
    model.provenance = {key: {"acme/others": 3}}
    model.save(tmp_path / "model.safetensors")
    file = written([sole(fixes, "three.py")], tmp_path / "fixes.jsonl")
    result = CliRunner().invoke(app, ["--fixes", str(file), "--model", str(tmp_path / "model.safetensors")])
    assert result.exit_code == 0, result.output
    assert "IN-SAMPLE: the decoder learned from acme/others; these are no results." in result.output


def test_a_deletion_costs_a_uniform_prior_its_site(fixes: list[MinedFix]) -> None:
    fix = sole(fixes, "log.py")
    situation = situation_of(fix, {})
    assert fix.edits[0].action is Action.DELETE_STATEMENT
    bits = math.log2(len(situation.sites))
    assert baseline_bits(situation, fix.edits[0]) == {"uniform": bits, "ngram": bits}


def test_a_site_of_another_function_cannot_be_chosen(fixes: list[MinedFix]) -> None:
    situation = situation_of(sole(fixes, "gather.py"), {})
    assert baseline_bits(situation, sole(fixes, "log.py").edits[0]) == {"uniform": None, "ngram": None}


def test_the_ngram_is_a_distribution_that_prefers_what_the_file_repeats() -> None:
    text = "def f(a):\n    g(a.x)\n    g(a.x)\n    return g(b)\n"
    learned = {"print": math.log(0.25), "[": math.log(0.125)}
    situation = Situation(text, "f.py", symbols(text)[1], Said.nothing(), learned)
    ngram = CacheNgram(situation)
    for context in (["a", "."], ["unheard"], []):
        assert sum(ngram.share(token, context) for token in situation.lexicon.tokens) == pytest.approx(1)
    assert ngram.share("x", ["a", "."]) > 0.5 > ngram.share("b", ["a", "."])
    assert ngram.share("print", ["unheard"]) > ngram.share(END, ["unheard"])


def silent_name(folder: Path, build_repository: BuildRepository) -> MinedFix:
    """A fix that writes a name that its message alone holds."""
    path = folder / "acme__named"
    build_repository(
        path,
        [
            ("First", {"named.py": NAMED.format(name="readall")}),
            ("read() should call `readinto1`", {"named.py": NAMED.format(name="readinto1")}),
        ],
    )
    (fix,) = mine_fixes("acme/named", path / ".git", head_of("acme/named", path / ".git"), 5)
    return replace(fix, split="heldout")


def test_withholding_the_message_withholds_its_names(
    build_repository: BuildRepository, tmp_path: Path, model: DecoderModel
) -> None:
    file = written([silent_name(tmp_path, build_repository)], tmp_path / "fixes.jsonl")
    model.save(tmp_path / "model.safetensors")
    arguments = ["--fixes", str(file), "--model", str(tmp_path / "model.safetensors"), "--ablate"]
    result = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "figures.json")])
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["reachable"], figures["withheld"]["reachable"]) == (100.0, 0.0)
    assert figures["ablation"].keys() == {*VARIANTS, SIMPLE, SILENCE}
    assert "without hypervector" in result.output
    assert figures["ablation"]["issue tokens"]["reachable"] == 0.0
    assert figures["ablation"]["hypervector"]["reachable"] == 100.0
    assert figures["withheld"]["bits_median"] is None and figures["withheld"]["exact"]["1000"] == 0.0


def test_variants_withhold_what_they_name(build_repository: BuildRepository, tmp_path: Path) -> None:
    fix = silent_name(tmp_path, build_repository)
    whole = situation_of(fix, {"obscure": -5.0})
    items = DecoderModel.create({}, SHAPE).items
    without = {
        name: make(fix.before, fix.path, whole.symbol, whole.said, whole.learned) for name, make in VARIANTS.items()
    }
    for name, situation in without.items():
        assert situation.sites == whole.sites, name
        silent, opening = name == "hypervector", situation.opening(fix.edits[0].site)
        assert not situation.condition(items).any() if silent else (situation.condition(items)).any(), name
        assert situation.lexicon.after(opening, ())[0].any() == (name != "what follows what"), name
        assert situation.lexicon.at(opening).any() == (name != "standing to the site"), name
        assert ("readinto1" in situation.lexicon.number) == (name != "issue tokens"), name
        assert ("obscure" in situation.lexicon.number) == (name != "learned tokens"), name
    assert (without["issue tokens"].condition(items) == whole.condition(items)).all()


def test_where_only_the_file_is_given_all_its_symbols_share_evenly(fixes: list[MinedFix], model: DecoderModel) -> None:
    fix = sole(fixes, "gather.py")
    case, narrow = fix_case(fix, Given.FILE), fix_case(fix, Given.LOCATION)
    assert case is not None and narrow is not None
    assert [place.symbol.name for place in case.places] == ["<module>", "gather"]
    assert {place.share for place in case.places} == {0.5}
    wide, near = (decode(each, EditSearch(model)) for each in (case, narrow))
    assert wide.bits == pytest.approx((near.bits or 0) + 1, abs=0.01), "the module's own code cannot be it"
    assert 1 <= near.rank <= wide.rank


@pytest.mark.parametrize("told", list(Given))
def test_a_splits_gold_patch_is_a_case(calc: Calc, model: DecoderModel, tmp_path: Path, told: Given) -> None:
    model.save(tmp_path / "model.safetensors")
    before = (calc.repository / "calc/core.py").read_text()
    after = before.replace("        self.balance -= amount\n", "")
    gold = calc.row | {"patch": unified_diff({"calc/core.py": (before, after)})}
    nothing = calc.row | {"instance_id": "acme__calc-2", "patch": ""}
    write_rows([gold, nothing], tmp_path / "rows.jsonl")
    arguments = ["--split", str(tmp_path / "rows.jsonl"), "--repos-dir", str(calc.repos_dir), "--given", told.value]
    arguments += ["--model", str(tmp_path / "model.safetensors"), "-o", str(tmp_path / "figures.json")]
    result = CliRunner().invoke(app, [*arguments, "--oracle-k", "200"])
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["n"], figures["all"]["n"], figures["reachable"]) == (1, 2, 100.0)
    assert figures["exact"]["1000"] == 100.0
    assert figures["instances"][0]["symbol"] == "Account.add"
    assert figures["oracle"] == {"n": 2, "found": 1}
    assert "population" not in figures


def test_fixes_are_drawn_evenly_and_whatever_their_order(fixes: list[MinedFix]) -> None:
    heldout = [replace(fix, split="heldout") for fix in fixes]
    chosen, population = drawn(heldout, 6)
    assert sorted(fix.repo for fix in chosen) == ["acme/others"] * 3 + ["acme/sums"] * 3
    assert drawn(reversed(heldout), 6)[0] == chosen
    assert population.fixes == {"acme/sums": 8, "acme/others": 4}
    assert not drawn([replace(fix, single_hunk=False) for fix in heldout], 6)[0]
    assert not drawn([replace(fix, split="train") for fix in heldout], 6)[0]


@given(st.integers(0, 60), st.dictionaries(st.text(max_size=3), st.integers(0, 20), max_size=8))
def test_a_total_is_shared_as_evenly_as_can_be(total: int, most: dict[str, int]) -> None:
    shares = shared_evenly(total, most)
    assert sum(shares.values()) == min(total, sum(most.values()))
    held_back = [shares[name] for name in most if shares[name] < most[name]]
    assert all(shares[name] <= most[name] for name in most)
    assert not held_back or max(shares.values()) <= min(held_back) + 1


@pytest.mark.parametrize(
    "arguments", [[], ["--split", "demo", "--fixes", "f.jsonl"], ["--fixes", "no-such.jsonl", "--given", "nothing"]]
)
def test_what_cannot_be_measured_is_one_sentence(arguments: list[str], model: DecoderModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model.safetensors")
    result = CliRunner().invoke(app, [*arguments, "--model", str(tmp_path / "model.safetensors")])
    assert result.exit_code == 2
    assert "Name either --split or --fixes" in result.output


def test_fixes_without_any_held_out_are_one_sentence(
    fixes: list[MinedFix], model: DecoderModel, tmp_path: Path
) -> None:
    model.save(tmp_path / "model.safetensors")
    file = written([replace(fixes[0], split="train")], tmp_path / "fixes.jsonl")
    result = CliRunner().invoke(app, ["--fixes", str(file), "--model", str(tmp_path / "model.safetensors")])
    assert result.exit_code == 2
    assert "holds no held-out single-hunk fix" in result.output


CODE = '''\
import os


class Reader:
    """Reads."""

    def read(self, size):
        if size:
            raise ValueError("bad size %s" % size)
        return self.stream.read(size)

    def close(self):
        self.stream.close()


if os:
    x = 1
y = 2
'''
READ = "Reader.read"


def gold(after: str, name: str = READ) -> GoldVersion:
    symbol = next(each for each in symbols(CODE) if each.name == name)
    return GoldVersion(Document(CODE), after, symbol)


def edited(*replaced: tuple[str, str], text: str = CODE) -> str:
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize(
    ("ours", "match"),
    [
        (("read(size)\n", "read(size or 0)\n"), (True, True)),
        (("read(size)\n", "read(\n            (size or 0),  # all\n        )\n"), (True, True)),
        (("read(size)\n", "read(size or 1)\n"), (False, False)),
        (("if size:", "if size or 0:"), (False, False)),
        (("x = 1", "x = 3"), (False, False)),
    ],
)
def test_a_version_matches_whatever_its_formatting(ours: tuple[str, str], match: tuple[bool, bool]) -> None:
    assert gold(edited(("read(size)\n", "read(size or 0)\n"))).match(edited(ours)) == match


def test_docstrings_and_comments_do_not_tell() -> None:
    after = edited(("self, size):\n", 'self, size):\n        """Reads."""\n        # all\n        pass\n'))
    version = edited(("if size:", "if size > 0:"), text=after)
    assert gold(edited(("if size:", "if size > 0:"))).match(version).exact


def test_words_of_an_exception_are_counted_apart() -> None:
    wanted = gold(edited(("bad size %s", "no size: %s")))
    assert wanted.match(edited(("bad size %s", "wrong %s"))) == (False, True)
    assert wanted.match(edited(("ValueError", "TypeError"))) == (False, False)
    assert wanted.match(edited(('"bad size %s" % size', '"no size: %s" % self'))) == (False, False)


def test_a_clause_outside_of_the_symbol_is_compared_in_its_statement() -> None:
    after = edited(("    x = 1\n", "    x = 1\nelse:\n    x = 2\n"))
    assert gold(after, "<module>").match(edited(("x = 1\n", "x = 1\nelse:\n    x = 2  # two\n"))).exact
    assert not gold(after, "<module>").match(edited(("x = 1\n", "x = 1\nelse:\n    x = 3\n"))).exact


def versions() -> Iterator[str]:
    """Every version that one replaced word, or one line less, makes of the code, where it parses."""
    words = ["size", "self", "read", "stream", "x", "1", "True"]
    for old in words:
        for at in range(len(CODE)):
            if CODE.startswith(old, at):
                yield from (CODE[:at] + new + CODE[at + len(old) :] for new in words)
    lines = CODE.splitlines(keepends=True)
    yield from ("".join([*lines[:i], *lines[i + 1 :]]) for i in range(len(lines)))


def test_a_match_is_what_whole_files_would_say() -> None:
    def whole(text: str) -> list[ast.AST]:
        return effective(parse(text).body)

    parsing = []
    for text in versions():
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        parsing.append(text)
    wanted = [edited(("if size:", "if self:")), edited(("return self", "return size"))]
    wanted += [text for text in parsing if "def close" not in text][:1]
    hits = 0
    for after in wanted:
        version = gold(after)
        for text in parsing:
            expected = same(whole(text), whole(after))
            assert version.match(text).exact == expected, text
            hits += expected
    assert hits == 3 and len(parsing) > 50


@given(st.text("ab\n", max_size=12), st.text("ab\n", max_size=12))
def test_texts_differ_in_the_changed_range_only(before: str, after: str) -> None:
    start, end = changed(before, after)
    assert 0 <= start <= end <= len(before)
    assert after.startswith(before[:start]) and after.endswith(before[end:])
    assert (start == end and len(before) == len(after)) == (before == after)


def decoded(rank: int, bits: float | None) -> Decoded:
    return Decoded(rank, rank, bits, proposals=100, seconds=0.5, checked=10, parsed=9)


def test_the_summary_has_the_documented_shape() -> None:
    told = [(1, 4.0), (20, 8.0), (0, None)]
    rows = [
        Measurement(
            f"i-{i}",
            "o/r",
            edits=1,
            action="rename",
            decoded={"said": decoded(*each), "withheld": decoded(0, None), "hypervector": decoded(200, 9.0)},
            baselines={"uniform": 10.0 + i, "ngram": None},
        )
        for i, each in enumerate(told)
    ]
    summary = summarise_edits([*rows, Measurement("i-3", "o/s", edits=0)], ["o/s", "o/t"], None)
    assert (summary["n"], summary["reachable"], summary["bits_median"]) == (3, 66.7, 8.0)
    assert summary["exact"] == {"1": 33.3, "10": 33.3, "100": 66.7, "1000": 66.7}
    assert summary["baselines"]["uniform"]["bits_median"] == 11.0
    assert summary["baselines"]["ngram"]["bits_median"] is None
    assert (summary["candidates_per_second"], summary["parses"]) == (200, 90.0)
    assert summary["withheld"]["exact"]["1000"] == 0.0
    assert summary["all"]["exact"]["1"] == 25.0
    assert (summary["all"]["one_edit"], summary["all"]["up_to_three"]) == (75.0, 75.0)
    assert summary["in_sample"] == ["o/s"]
    assert summary["repositories"]["o/s"]["all"] == 1 and summary["repositories"]["o/s"]["n"] == 0
    assert summary["ablation"]["hypervector"]["exact"]["100"] == 0.0
    assert summary["ablation"]["hypervector"]["worth_95"][1] == 100.0
    json.dumps(summary, allow_nan=False)


def test_what_cannot_be_written_is_dearer_than_any_median() -> None:
    assert median([3.0, None, 5.0]) == 5.0
    assert median([None, None, 5.0]) is None
    low, high = median_interval([3.0, 4.0, 5.0, None])
    assert low is not None and low >= 3.0 and high is None


def test_a_version_that_ends_the_symbol_early_is_compared_by_what_is_around_it() -> None:
    before = "class A:\n    def f(self):\n        a = 1\n        return a\n"
    method = Symbol("A.f", "function", 2, 4)
    gold = GoldVersion(Document(before), before.replace("a = 1", "a = 2"), method)
    assert gold.match("class A:\n    def f(self):\n        a = 1\nreturned = a\n") == (False, False)
    early = GoldVersion(Document(before), "class A:\n    def f(self):\n        a = 1\nb = a\n", method)
    assert early.match("class A:\n    def f(self):\n        a = 1\nb =  a\n") == (True, True)
