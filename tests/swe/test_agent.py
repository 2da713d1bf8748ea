"""KentAgent: from a task to a diff that applies, or to an abstention with its reason; never from hidden fields."""

import dataclasses
import json
from pathlib import Path

import pytest
import unidiff

from kent_agent.agent import AgentOptions, KentAgent
from kent_agent.decoder.model import DecoderModel
from kent_agent.errors import PatchError, WorkspaceError
from kent_agent.task import Solution, SWETask
from kent_agent.workspace import RepoSnapshot
from tests.conftest import BuildRepository

HIDDEN = ("patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS", "eval_script", "hints_text", "log_parser", "eval_type")


def solve(repos_dir: Path, task: SWETask, weights: Path, min_confidence: float | None = None) -> Solution:
    return KentAgent(AgentOptions(repos_dir, model=weights, min_confidence=min_confidence)).solve(task)


def commit(build_repository: BuildRepository, path: Path, files: dict[str, str | bytes], issue: str) -> SWETask:
    (base,) = build_repository(path / "acme__sums", [("Add sums", files)])
    return SWETask("acme__sums-1", "acme/sums", base, issue)


SUMS = "def grand_total(left, right):\r\n    total = left - right  # both\r\n    return total"


@pytest.fixture
def task(build_repository: BuildRepository, tmp_path: Path) -> SWETask:
    return commit(build_repository, tmp_path, {"sums.py": SUMS}, "grand_total() subtracts instead of adding")


def test_the_answer_is_a_diff_that_parses_applies_and_keeps_line_endings(
    tmp_path: Path, task: SWETask, weights: Path
) -> None:
    solution = solve(tmp_path, task, weights)
    (file,) = unidiff.PatchSet(solution.model_patch)
    assert (file.path, file.added, file.removed) == ("sums.py", 1, 1)
    assert "+    total = left + right  # both\r\n" in solution.model_patch
    with RepoSnapshot(task.repo, task.base_commit, tmp_path / "acme__sums") as snapshot:
        after = snapshot.apply(solution.model_patch)["sums.py"]
    assert after.startswith(b"def grand_total(left, right):\r\n    total = left + right")
    assert after.endswith(b"\r\n    return total")
    assert solution.result.verification_passed and 0 < solution.result.confidence <= 1


def test_the_trajectory_holds_the_evidence_as_json(tmp_path: Path, task: SWETask, weights: Path) -> None:
    trajectory = json.loads(json.dumps(solve(tmp_path, task, weights).trajectory))
    assert set(trajectory["stages"]) == {"workspace", "factorize", "generate", "check"}
    assert trajectory["factorizations"][0]["file"] == "sums.py"
    assert trajectory["abstained"] is None and trajectory["seed"] == 0
    assert len(trajectory["versions"]["model"]) == 16
    wanted = {"score", "confidence", "edits", "reason", "dropped", "file", "content"}
    assert all(wanted <= set(candidate) for candidate in trajectory["candidates"])
    scores = [candidate["score"] for candidate in trajectory["candidates"]]
    assert scores == sorted(scores, reverse=True) and len(scores) > 1


def test_below_the_confidence_asked_for_it_abstains_and_keeps_the_ranked_list(
    tmp_path: Path, task: SWETask, weights: Path
) -> None:
    bold = solve(tmp_path, task, weights, min_confidence=0)
    shy = solve(tmp_path, task, weights, min_confidence=1)
    assert bold.model_patch and not shy.model_patch and shy.result.patches == ()
    assert "confidence" in shy.trajectory["abstained"] and "below 1" in shy.trajectory["abstained"]
    assert not any(candidate["chosen"] for candidate in shy.trajectory["candidates"])
    assert [c["content"] for c in shy.trajectory["candidates"]] == [c["content"] for c in bold.trajectory["candidates"]]
    assert shy.result.confidence == bold.result.confidence


def test_the_model_says_how_sure_to_be(tmp_path: Path, task: SWETask, weights: Path) -> None:
    model = DecoderModel.load(weights)
    model.min_confidence = 1.0
    model.save(tmp_path / "shy.safetensors")
    assert solve(tmp_path, task, tmp_path / "shy.safetensors").model_patch == ""
    assert solve(tmp_path, task, tmp_path / "shy.safetensors", min_confidence=0).model_patch


def test_the_same_task_gives_the_same_bytes(tmp_path: Path, task: SWETask, weights: Path) -> None:
    assert solve(tmp_path, task, weights).model_patch == solve(tmp_path, task, weights).model_patch


def test_a_task_has_no_room_for_what_is_hidden(tmp_path: Path, task: SWETask, weights: Path) -> None:
    row = dataclasses.asdict(task)
    garbage = row | dict.fromkeys(HIDDEN, "garbage in grand_total: total = left * right")
    assert not {field.name for field in dataclasses.fields(SWETask)} & set(HIDDEN)
    clean, dirty = (solve(tmp_path, SWETask.from_row(r), weights).model_patch for r in (row, garbage))
    assert clean == dirty != ""


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"README.md": "# nothing here"}, "no Python source"),
        ({"a.py": "def broken(:\n"}, "no statement"),
        ({"a.py": b"# caf\xe9 in Latin-1\nx = 1\n"}, "no statement"),
        ({"a.py": "x = 1\n" * 1_000_000}, "no statement"),
    ],
    ids=["no Python", "syntax error", "not UTF-8", "6 MB"],
)
def test_where_nothing_can_be_edited_it_abstains_and_says_why(
    build_repository: BuildRepository, tmp_path: Path, weights: Path, files: dict[str, str | bytes], reason: str
) -> None:
    solution = solve(tmp_path, commit(build_repository, tmp_path, files, "broken"), weights)
    assert solution.model_patch == "" and solution.result.patches == ()
    assert reason in solution.trajectory["abstained"]


@pytest.mark.parametrize("issue", ["", "\0\ud800", "x" * 200_000, "```\n" * 5000])
def test_any_issue_text_is_survived(tmp_path: Path, task: SWETask, weights: Path, issue: str) -> None:
    solution = solve(tmp_path, dataclasses.replace(task, problem_statement=issue), weights)
    assert solution.trajectory["factorizations"]


def test_a_missing_commit_names_instance_and_repository(tmp_path: Path, task: SWETask, weights: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"acme__sums-1.*acme/sums"):
        solve(tmp_path, dataclasses.replace(task, base_commit="f" * 40), weights)


def test_a_candidate_whose_diff_git_refuses_gives_way_to_the_next(
    tmp_path: Path, task: SWETask, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = solve(tmp_path, task, weights)
    check = RepoSnapshot.check

    def refuse_the_first(snapshot: RepoSnapshot, patch: str) -> None:
        if patch == first.model_patch:
            raise PatchError("refused for the test")
        check(snapshot, patch)

    monkeypatch.setattr(RepoSnapshot, "check", refuse_the_first)
    second = solve(tmp_path, task, weights)
    assert second.model_patch != first.model_patch
    candidates = second.trajectory["candidates"]
    assert candidates[0]["dropped"] == "refused for the test" and not candidates[0]["chosen"]
    assert sum(candidate["chosen"] for candidate in candidates) == bool(second.model_patch)


def test_every_candidate_but_the_chosen_one_says_why_it_was_dropped(
    tmp_path: Path, task: SWETask, weights: Path
) -> None:
    candidates = solve(tmp_path, task, weights).trajectory["candidates"]
    assert [candidate["chosen"] for candidate in candidates].count(True) == 1
    assert all(bool(candidate["dropped"]) != candidate["chosen"] for candidate in candidates)
