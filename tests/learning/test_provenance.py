"""What the shipped models were learned from, row by row: nothing of SWE-bench but what may be."""

import json
import re
from pathlib import Path

import pytest

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.weights import weights_path
from kent_agent.evidence.weights import EvidenceWeights
from kent_agent.filling.model import FillingModel
from kent_agent.learning.splits import HELDOUT, TRAIN, VALIDATION, split_of
from kent_agent.operations import OperationModel
from kent_agent.source.history import FORBIDDEN_REPOSITORIES, is_source

MANIFESTS = sorted((Path(__file__).parents[2] / "docs").glob("*.repositories.json"))
EXAM = frozenset(
    "astropy django matplotlib seaborn flask requests xarray pylint pytest scikit-learn sphinx sympy".split()
)


def name_of(repo: str) -> str:
    return repo.split("/")[-1].lower()


def test_evidence_was_learned_from_permitted_repositories_and_the_dev_split_alone() -> None:
    rows = EvidenceWeights.load().provenance
    assert {row["origin"] for row in rows} == {"mined", "dev"}
    for row in rows:
        assert row["pairs"] > 0
        assert name_of(row["repo"]) not in EXAM
        if row["origin"] == "mined":
            assert name_of(row["repo"]) not in FORBIDDEN_REPOSITORIES


def test_a_held_out_set_of_weights_has_not_seen_its_repository() -> None:
    weights = EvidenceWeights.load()
    dev = {row["repo"] for row in weights.provenance if row["origin"] == "dev"}
    assert set(weights.held_out) == dev and len(dev) == 6
    seen = {row["repo"] for row in weights.provenance}
    assert set(weights.default.saw) == seen
    for repo, held in weights.held_out.items():
        assert set(held.saw) == seen - {repo}


def test_operations_were_learned_from_permitted_repositories() -> None:
    provenance = OperationModel.load().provenance
    repos = [*provenance["repositories"], *provenance["held_out"]]
    assert repos and FORBIDDEN_REPOSITORIES.isdisjoint(map(name_of, repos))


@pytest.fixture(scope="module")
def decoder() -> DecoderModel:
    return DecoderModel.load(weights_path(None))


def test_every_row_of_the_decoders_provenance_is_of_a_permitted_repository(decoder: DecoderModel) -> None:
    made = decoder.provenance
    uses = ("repositories", "validation_repositories", "newest_commits")
    rows = [repo for use in uses for repo in made[use]] + [*made.get("mined", {}).get("repositories", {})]
    assert rows and FORBIDDEN_REPOSITORIES >= EXAM
    assert FORBIDDEN_REPOSITORIES.isdisjoint(map(name_of, rows))


def test_the_decoder_learned_from_enough_repositories_and_says_from_which_commits(decoder: DecoderModel) -> None:
    made = decoder.provenance
    assert len(made["repositories"]) + len(made["validation_repositories"]) >= 10
    assert all(count > 0 for use in ("repositories", "validation_repositories") for count in made[use].values())
    assert set(made["newest_commits"]) >= {*made["repositories"], *made["validation_repositories"]}
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit in made["newest_commits"].values())


def test_the_decoder_saw_no_repository_that_it_is_measured_on(decoder: DecoderModel) -> None:
    made = decoder.provenance
    training, validation = set(made["repositories"]), set(made["validation_repositories"])
    assert training and validation and not training & validation
    mined = made["mined"]
    split = split_of(mined["repositories"], mined["seed"], mined.get("split"))
    assert {split[repo] for repo in training} == {TRAIN}
    assert {split[repo] for repo in validation} == {VALIDATION}
    assert list(split.values()).count(HELDOUT) >= 8


def test_every_row_of_the_filling_models_provenance_is_of_a_permitted_repository() -> None:
    made = FillingModel.load().provenance
    for run in (made, made["earlier"]):
        repos = {*run["repositories"], *run["validation_repositories"]}
        assert run["repositories"] and FORBIDDEN_REPOSITORIES.isdisjoint(map(name_of, repos))
        assert set(run["newest_commits"]) == repos
        assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit in run["newest_commits"].values())
        assert min(run["simple"].values()) > 0


def test_the_filling_model_saw_no_repository_that_it_is_measured_on(decoder: DecoderModel) -> None:
    made = FillingModel.load().provenance
    split = {repo: part for manifest in MANIFESTS for repo, part in json.loads(manifest.read_text())["split"].items()}
    for run in (made, made["earlier"]):
        assert {split[repo] for repo in run["repositories"]} == {TRAIN}
        assert set(run["validation_repositories"]) <= set(decoder.provenance["validation_repositories"])


def test_no_repository_is_learned_from_by_one_model_and_held_out_from_another() -> None:
    first, *rest = (json.loads(manifest.read_text())["split"] for manifest in MANIFESTS)
    assert rest
    for split in rest:
        assert all(first.get(repo, part) == part for repo, part in split.items())


def test_vendored_copies_are_no_source_to_learn_from() -> None:
    for folder in ("_vendor", "vendored", "third_party", "vendor", "_vendored"):
        assert not is_source(str(Path("pip") / folder / "requests" / "models.py"))
