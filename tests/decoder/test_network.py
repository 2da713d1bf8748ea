"""The network: embeddings are sums, padding and later tokens change nothing, each condition has its own sites."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kent_agent.decoder.continuations import AFTER
from kent_agent.decoder.lexicon import AT, STANDING
from kent_agent.decoder.network import CodeGeneratorNetwork, NetworkShape, Told, hashes
from kent_agent.decoder.site_table import ACTIONS, CATEGORIES, SITE_MEASURES

SHAPE = NetworkShape(dimension=64, width=16, layers=2, heads=2, wholes=256, parts=128)
TOKENS = ["<rename>", "def", "read_lines", "(", "path", ")", ":", "return", "'text'"]


@pytest.fixture(scope="module", autouse=True)
def no_gradients() -> object:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def network() -> CodeGeneratorNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return CodeGeneratorNetwork(SHAPE).eval()


@pytest.fixture(scope="module")
def condition() -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(2, SHAPE.dimension, generator=torch.Generator().manual_seed(1)))


@given(st.text(min_size=1, max_size=80))
def test_a_token_has_a_row_of_its_own_and_one_for_each_part(token: str) -> None:
    own, *parts = hashes(token, SHAPE.wholes, SHAPE.parts)
    assert own < SHAPE.wholes
    assert all(SHAPE.wholes <= part < SHAPE.wholes + SHAPE.parts for part in parts)


def test_names_with_the_same_parts_share_their_rows() -> None:
    assert hashes("readLines", 256, 128)[1:] == hashes("read_lines", 256, 128)[1:]
    assert hashes("readLines", 256, 128)[0] != hashes("read_lines", 256, 128)[0]


def test_an_embedding_is_the_sum_over_the_parts(network: CodeGeneratorNetwork) -> None:
    tokens = [*TOKENS, "'\ud800'"]
    rows = [network.table.weight[list(hashes(token, SHAPE.wholes, SHAPE.parts))].sum(0) for token in tokens]
    assert torch.allclose(network.embed(tokens), torch.stack(rows), atol=1e-6)


def memory_of(
    network: CodeGeneratorNetwork, condition: torch.Tensor, lengths: list[int], padding: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The memories of readings of some lengths, with so much padding, and where that is."""
    words = network.embed(TOKENS)
    size = max(lengths) + padding
    rows = torch.tensor([[i % len(TOKENS) if i < length else 0 for i in range(size)] for length in lengths])
    unused = torch.tensor([[i >= length for i in range(size)] for length in lengths])
    segments = (torch.arange(size) // 3).clamp(max=4).expand(len(lengths), -1)
    return network.read(condition[: len(lengths)], words[rows], segments, unused), unused


def test_padding_changes_neither_memory_nor_states(network: CodeGeneratorNetwork, condition: torch.Tensor) -> None:
    written = network.embed(["<rename>", "path", "return"])[None].expand(2, -1, -1)
    (alone, mask), (padded, longer) = (memory_of(network, condition, [7, 4], n) for n in (0, 5))
    for row, length in enumerate([7, 4]):
        assert torch.allclose(alone[row, : length + 1], padded[row, : length + 1], atol=1e-5)
    states = [
        network.forward_generate(network.recall(memory), unused, written)
        for memory, unused in ((alone, mask), (padded, longer))
    ]
    assert torch.allclose(*states, atol=1e-5)


def test_a_row_does_not_depend_on_the_others_of_its_batch(
    network: CodeGeneratorNetwork, condition: torch.Tensor
) -> None:
    (both, _), (one, _) = (memory_of(network, condition, lengths, 0) for lengths in ([4, 7], [4]))
    assert torch.allclose(both[0, :5], one[0], atol=1e-5)


def test_no_state_sees_a_later_token(network: CodeGeneratorNetwork, condition: torch.Tensor) -> None:
    memory, unused = memory_of(network, condition, [5], 0)
    left, right = (
        network.forward_generate(network.recall(memory), unused, network.embed(["<rename>", "path", last])[None])
        for last in ("return", "(")
    )
    assert torch.allclose(left[:, :2], right[:, :2], atol=1e-6) and not torch.allclose(left[:, 2], right[:, 2])


def test_the_sites_of_each_condition_are_scored_under_it(
    network: CodeGeneratorNetwork, condition: torch.Tensor
) -> None:
    draw = torch.Generator().manual_seed(2)
    categories = torch.randint(len(ACTIONS), (6, CATEGORIES), generator=draw)
    measures = torch.randn(6, SITE_MEASURES, generator=draw)
    owner = torch.tensor([0, 0, 1, 1, 1, 0])
    together = network.forward_classify(condition, categories, measures, owner)
    for each in (0, 1):
        mine = owner == each
        alone = network.forward_classify(
            condition[each : each + 1], categories[mine], measures[mine], torch.zeros(3, dtype=torch.long)
        )
        assert torch.allclose(together[mine], alone, atol=1e-6)
    swapped = network.forward_classify(condition.flip(0), categories, measures, owner)
    assert not torch.allclose(together, swapped)


def test_a_logit_is_the_embedding_against_the_state_and_what_the_measures_say(network: CodeGeneratorNetwork) -> None:
    draw = torch.Generator().manual_seed(4)
    states, words = (torch.randn(2, n, SHAPE.width, generator=draw) for n in (3, 5))
    used = torch.tensor([[True, True, False], [True, False, False]])
    standing = torch.randn(2, 5, STANDING, generator=draw)
    place = torch.randn(3, 5, AT + AFTER, generator=draw)
    logits = network.logits(states, used, words, Told(standing, place))
    assert logits.shape == (3, 5)
    for row, (owner, step) in enumerate([(0, 0), (0, 1), (1, 0)]):
        state, token = states[owner, step], 4
        measured = torch.cat([standing[owner, token], place[row, token]])
        hidden = torch.relu(network.measure(measured) + network.judge(state))
        expected = state @ words[owner, token] / SHAPE.width**0.5 + network.weigh(state) @ measured
        expected = expected + network.decide(hidden).squeeze()
        assert logits[row, token].item() == pytest.approx(expected.item(), abs=1e-4)


def test_the_writer_computes_what_torchs_own_does(network: CodeGeneratorNetwork, condition: torch.Tensor) -> None:
    """Its attention is written out only so that a memory's keys and values are computed once."""
    memory, unused = memory_of(network, condition, [7, 4], 2)
    written = network.embed(["<rename>", "path", "return"])[None].expand(2, -1, -1)
    length, padding = written.shape[1], torch.cat([torch.zeros(2, 1, dtype=torch.bool), unused], 1)
    theirs = network.writer(
        written + network.positions(torch.arange(length)),
        memory,
        tgt_mask=torch.ones(length, length, dtype=torch.bool).triu(1),
        memory_key_padding_mask=padding,
    )
    assert torch.allclose(network.forward_generate(network.recall(memory), unused, written), theirs, atol=1e-5)
