"""What the shipped models were learned from, row by row: nothing of SWE-bench but what may be."""

from pathlib import Path

from kent_agent.evidence.weights import EvidenceWeights
from kent_agent.operations import OperationModel
from kent_agent.source.history import FORBIDDEN_REPOSITORIES, is_source

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


def test_vendored_copies_are_no_source_to_learn_from() -> None:
    for folder in ("_vendor", "vendored", "third_party", "vendor", "_vendored"):
        assert not is_source(str(Path("pip") / folder / "requests" / "models.py"))
