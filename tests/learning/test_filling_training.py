"""From mined fixes a filling model learns which simple edit a message means; the same fixes give the same model."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from kent_agent import train
from kent_agent.decoder.outcome import applied
from kent_agent.decoder.search import Decoding
from kent_agent.errors import KentError
from kent_agent.filling.filled import filled
from kent_agent.filling.model import FillingModel
from kent_agent.learning.examples import situation_of
from kent_agent.learning.filling_examples import PAIRS, Example, common_words, filling_examples, may_be_simple
from kent_agent.learning.filling_training import losses, stacked, train_filling
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.splits import HELDOUT, TRAIN, VALIDATION
from kent_agent.source.grammar import OLD, Derivation
from tests.decoder.places import BOX
from tests.filling.simple import candidates_in
from tests.learning.lessons import fix_of, fixes, trained

EPOCHS = 20
CALLS = [("tidy", "strip"), ("clean", "rstrip"), ("loud", "upper"), ("quiet", "lower"), ("fold", "casefold")]
SPARE = [("words", "split"), ("lines", "splitlines")]


def call_fix(name: str, called: str) -> MinedFix:
    """A method is called instead of another, as the message says."""
    before = f"def {name}(text):\n    found = text.title()\n    return found\n"
    return fix_of(f"acme/{name}", f"{name}(): use {called} instead", before, before.replace("title", called))


def rows() -> list[MinedFix]:
    learned = [replace(call_fix(*each), split=TRAIN) for each in CALLS]
    others = [replace(fix, split=HELDOUT) for fix in fixes()[:1]]
    return [*learned, *(replace(call_fix(*each), split=VALIDATION) for each in SPARE), *others]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filling")
    (folder / "fixes.jsonl").write_text("".join(row.dump() + "\n" for row in rows()))
    trained().model.save(folder / "decoder.safetensors")
    return folder


def trained_in(folder: Path, name: str, workers: int = 1) -> FillingModel:
    paths = folder / "fixes.jsonl", folder / name, folder / "decoder.safetensors"
    return train_filling(*paths, 100, EPOCHS, 1, workers)


@pytest.fixture(scope="module")
def model(folder: Path) -> FillingModel:
    return trained_in(folder, "filling.safetensors")


def test_it_learns_what_is_meant(model: FillingModel) -> None:
    fix = call_fix("swapped", "swapcase")
    situation = situation_of(fix, trained().model.learned)
    with torch.inference_mode():
        found = filled(model, situation, Decoding(trained().model, situation).site_scores)
    best = max(found.edits, key=lambda edit: found.edits[edit])
    assert applied(situation, best) == fix.text_after


def test_the_model_says_what_it_learned_from(model: FillingModel) -> None:
    made = model.provenance
    assert set(made["repositories"]) == {f"acme/{name}" for name, _ in CALLS}
    assert set(made["validation_repositories"]) <= {f"acme/{name}" for name, _ in SPARE}
    assert made["simple"][TRAIN] == len(CALLS) and made["simple"][VALIDATION] > 0
    assert made["validation"]["bits"] > 0 and set(made["newest_commits"]) >= set(made["repositories"])


def test_workers_change_nothing(folder: Path, model: FillingModel) -> None:
    trained_in(folder, "again.safetensors", workers=2)
    assert (folder / "again.safetensors").read_bytes() == (folder / "filling.safetensors").read_bytes()


def test_examples_hold_the_fix_and_some_of_the_rest(folder: Path) -> None:
    common = common_words(row.message for row in rows())
    (example,) = filling_examples(rows()[0], folder / "decoder.safetensors", common, 1)
    assert example.gold >= 1 and example.weight == 1
    assert example.gold < len(example.slot) == len(example.excess) <= example.gold + 4 * PAIRS
    assert (example.excess[: example.gold] == 0).all()
    assert example.slot.max() < len(example.slots) and example.term.max() < len(example.terms)


def test_a_loss_is_what_the_fix_or_none_costs(folder: Path) -> None:
    common = common_words(row.message for row in rows())
    decoder = folder / "decoder.safetensors"
    examples = [
        example for row in rows() for seed in range(8) for example in filling_examples(row, decoder, common, seed)
    ]
    assert any(example.gold for example in examples)
    network = FillingModel.create(common).network
    batch = stacked(examples[:6])
    scores, none = network(batch.reading)
    for i, loss in enumerate(losses(network, batch).tolist()):
        own = batch.owner == i
        every = torch.cat([scores[own] + batch.excess[own], none[i : i + 1]])
        right = scores[own & batch.gold] if (own & batch.gold).any() else none[i : i + 1]
        assert loss == pytest.approx(float((every.logsumexp(0) - right.logsumexp(0)).detach()), abs=1e-4)


def test_of_larger_fixes_simple_edits_alone_are_learned_from(folder: Path) -> None:
    common, decoder = common_words(row.message for row in rows()), folder / "decoder.safetensors"
    told = replace(call_fix("tidy", "strip"), single_hunk=False)
    (larger,) = filling_examples(told, decoder, common, 1)
    assert larger.gold >= 1 and not larger.counted
    (edit,) = told.edits
    elsewhere = replace(edit, tokens=("a", "+", "b"))
    both = replace(told, derivation=Derivation((elsewhere, edit)))
    assert gold_of(filling_examples(both, decoder, common, 1)) == larger.gold
    assert gold_of(filling_examples(replace(both, single_hunk=True), decoder, common, 1)) == 0
    hard = replace(told, derivation=Derivation((elsewhere,)))
    assert not any(filling_examples(hard, decoder, common, seed) for seed in range(8))


def test_of_two_edits_at_one_site_neither_is_taken_for_wrong(folder: Path) -> None:
    common, decoder = common_words(row.message for row in rows()), folder / "decoder.safetensors"
    told = replace(call_fix("tidy", "strip"), single_hunk=False)
    (edit,) = told.edits
    alone = gold_of(filling_examples(told, decoder, common, 1))
    both = (edit, replace(edit, tokens=("text",))), (replace(edit, tokens=("text",)), edit)
    found = [filling_examples(replace(told, derivation=Derivation(edits)), decoder, common, 1) for edits in both]
    assert gold_of(found[0]) == gold_of(found[1]) > alone


def test_every_edit_that_is_compared_may_be_simple() -> None:
    found = candidates_in(BOX, "Box.area", "Use `grow(a, b, c, d, e)`, not width: `depth`, 'cm', -1")
    edits = [found.edit(pair) for pair in range(len(found.slot))]
    assert max(len(edit.tokens) for edit in edits if OLD in edit.tokens) > 12
    assert all(map(may_be_simple, edits))


def gold_of(examples: list[Example]) -> int:
    return sum(example.gold for example in examples)


def test_fixes_of_several_hunks_do_not_tell_how_often_fixes_are_simple(folder: Path) -> None:
    common = common_words(row.message for row in rows())
    fix = replace(call_fix("tidy", "strip"), single_hunk=False)
    (example,) = filling_examples(fix, folder / "decoder.safetensors", common, 1)
    network, batch = FillingModel.create(common).network, stacked([example])
    scores, _ = network(batch.reading)
    given = (scores + batch.excess).logsumexp(0) - scores[batch.gold].logsumexp(0)
    assert float(losses(network, batch).detach()) == pytest.approx(float(given.detach()), abs=1e-4)


def test_a_fix_with_tests_is_learned_from_once_more_as_they_show_it(folder: Path) -> None:
    common, decoder = common_words(row.message for row in rows()), folder / "decoder.safetensors"
    fix = replace(rows()[0], test="def test_spaces():\n    assert tidy(' a') == unheard_of\n")
    said, shown = filling_examples(fix, decoder, common, 1)
    (alone,) = filling_examples(rows()[0], decoder, common, 1)
    assert not said.by_test and shown.by_test and shown.gold
    np.testing.assert_equal(vars(said), vars(alone))
    assert shown.general[1] > said.general[1]  # more terms are said


def test_validation_tells_messages_and_tests_apart(folder: Path, tmp_path: Path) -> None:
    test = "def test_it():\n    assert words('a b') == ['a', 'b']\n"
    path = tmp_path / "fixes.jsonl"
    path.write_text("".join(replace(row, test=test).dump() + "\n" for row in rows()))
    told = train_filling(path, tmp_path / "f", folder / "decoder.safetensors", 100, 1, 1, 1).provenance["validation"]
    assert 0 < told["said"]["simple"] <= told["shown"]["simple"] == len(SPARE)  # tests are never withheld
    assert told["said"]["bits"] != told["shown"]["bits"]
    assert told["bits"] == pytest.approx((told["said"]["bits"] + told["shown"]["bits"]) / 2, abs=1e-4)


def test_of_each_repository_as_many_fixes_are_learned_from_as_are_asked_for(
    folder: Path, model: FillingModel, tmp_path: Path
) -> None:
    path = tmp_path / "fixes.jsonl"
    path.write_text("".join(replace(row, repo=f"acme/{row.split}").dump() + "\n" for row in rows()))
    made = train_filling(path, tmp_path / "f", folder / "decoder.safetensors", 2, 1, 1, 1).provenance
    assert made["simple"] == {TRAIN: 2, VALIDATION: model.provenance["simple"][VALIDATION]}


def test_training_goes_on_from_a_model(folder: Path, model: FillingModel) -> None:
    paths = folder / "fixes.jsonl", folder / "further.safetensors", folder / "decoder.safetensors"
    further = train_filling(*paths, 100, 1, 2, 1, start=folder / "filling.safetensors")
    assert further.common == model.common
    assert further.provenance["earlier"] == model.provenance
    assert further.provenance["validation"]["bits"] < 2 * model.provenance["validation"]["bits"]


def test_what_holds_nothing_to_learn_is_named(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text("".join(replace(row, split=TRAIN).dump() + "\n" for row in rows()))
    with pytest.raises(KentError, match=r"none\.jsonl holds no simple edits to train on, or none to validate on"):
        train_filling(path, tmp_path / "f", folder / "decoder.safetensors", 100, 1, 0, 1)


def test_the_command_prints_each_epoch(folder: Path, tmp_path: Path) -> None:
    told = ["--fixes", str(folder / "fixes.jsonl"), "-o", str(tmp_path / "f"), "--epochs", "2"]
    result = CliRunner().invoke(train.app, ["filling", *told, "--decoder", str(folder / "decoder.safetensors")])
    assert result.exit_code == 0
    log = [json.loads(line) for line in result.output.splitlines()]
    assert [row["epoch"] for row in log] == [1, 2] and np.isfinite([row["bits"] for row in log]).all()
