"""CodeEncoder puts issues, files, tokens and patches into one space."""

from collections import Counter

import numpy as np
import pytest

from kent_agent.encoder import CodeEncoder, inverse_document_frequency, path_suffixes
from kent_agent.hdc.codebook import Codebook
from kent_agent.hdc.records import unbind_role
from kent_agent.hdc.vectors import Real, cosine
from kent_agent.source.issue import parse_issue
from kent_agent.task import CodePatch, Operation

PLUS = CodePatch("src/tiny/calc.py", Operation.MODIFY_LINE, "add:6-6", "return left + right")
MINUS = CodePatch("src/tiny/calc.py", Operation.MODIFY_LINE, "add:6-6", "return left - right * scale(left)")
OTHER = CodePatch("src/tiny/text.py", Operation.ADD_IMPORT, "<module>:1-1", "import re")


def similarity(left: Real, right: Real) -> float:
    return float(cosine(left, right[None])[0])


def test_a_single_file_change_gives_back_its_parts(code_encoder: CodeEncoder) -> None:
    encoded = code_encoder.encode_patch(PLUS)
    assert encoded.shape == (2048,)
    operations = Codebook.of_atoms([f"operation:{operation}" for operation in Operation], code_encoder.items)
    files = Codebook.of_atoms([f"file:{name}" for name in ("setup.py", "src/tiny/calc.py", "a.py")], code_encoder.items)
    items = code_encoder.items
    assert operations.cleanup(unbind_role(encoded, "OPERATION", items))[0][0] == "operation:modify_line"
    assert files.cleanup(unbind_role(encoded, "FILE", items))[0][0] == "file:src/tiny/calc.py"


def test_a_patches_content_tells_it_from_another_at_the_same_place(code_encoder: CodeEncoder) -> None:
    plus, minus = code_encoder.encode_patch(PLUS), code_encoder.encode_patch(MINUS)
    assert similarity(plus, code_encoder.encode_patch(PLUS)) == pytest.approx(1.0)
    assert 0.7 < similarity(plus, minus) < 0.97


def test_the_order_of_tokens_matters(code_encoder: CodeEncoder) -> None:
    forward = code_encoder.encode_sequence(["a", "-", "b"])
    backward = code_encoder.encode_sequence(["b", "-", "a"])
    assert 0.3 < similarity(forward, backward) < 0.9


def test_several_files_are_all_in_the_bundle(code_encoder: CodeEncoder) -> None:
    both = code_encoder.encode_patch([PLUS, OTHER])
    stranger = CodePatch("lib/x.py", Operation.DELETE_LINE, "f:1-1", "")
    for part in (PLUS, OTHER):
        assert similarity(both, code_encoder.encode_patch(part)) > 0.5
    assert similarity(both, code_encoder.encode_patch(stranger)) < 0.2


def test_no_patch_is_the_zero_vector(code_encoder: CodeEncoder) -> None:
    assert not code_encoder.encode_patch([]).any()


def test_an_issue_is_most_similar_to_the_file_it_speaks_of(code_encoder: CodeEncoder) -> None:
    files = {
        "src/parser.py": "class Parser:\n    def parse_header(self, line): ...\n",
        "src/writer.py": "class Writer:\n    def write_body(self, text): ...\n",
        "src/colors.py": "RED = 1\n",
    }
    documents = [Counter([*path_suffixes(path), *text.split()]) for path, text in files.items()]
    assert inverse_document_frequency(documents)["path:parser"] > 0
    query = code_encoder.encode_issue(parse_issue("parse_header fails\nThe parser drops the last header line."))
    scores = [float((code_encoder.encode_file(path, text) @ query).sum()) for path, text in files.items()]
    assert int(np.argmax(scores)) == 0


def test_spaces_of_different_seeds_are_unrelated() -> None:
    left, right = (CodeEncoder(2048, seed).encode_text("parse the header") for seed in (1, 2))
    assert abs(similarity(left, right)) < 0.12
