"""A batch loses what its examples lose, which is what decoding says of them."""

from dataclasses import replace

import pytest
import torch

from kent_agent.decoder.search import EditSearch
from kent_agent.decoder.situation import Situation
from kent_agent.learning.batches import losses
from kent_agent.learning.examples import situation_of
from kent_agent.learning.fixes import MinedFix
from tests.learning.lessons import examples, fixes, trained, untrained


@pytest.fixture(autouse=True)
def no_gradients() -> object:
    trained()
    with torch.inference_mode():
        yield


def test_a_batch_loses_what_its_examples_lose_one_by_one() -> None:
    network = untrained().network
    batch = losses(network, examples())
    each = [losses(network, [example]) for example in examples()]
    assert torch.allclose(batch.sites, torch.cat([found.sites for found in each]), atol=1e-4)
    assert torch.allclose(batch.tokens, torch.cat([found.tokens for found in each]), atol=1e-3)


def test_an_untrained_network_chooses_sites_almost_evenly() -> None:
    found = losses(untrained().network, examples()).sites
    even = torch.tensor([len(example.table.measures) for example in examples()]).log()
    assert torch.allclose(found, even, atol=1.0)


def test_examples_that_write_nothing_lose_on_their_sites_alone() -> None:
    silent = [replace(example, writings=()) for example in examples()]
    found = losses(untrained().network, silent)
    assert found.tokens.shape == (0,)
    assert torch.allclose(found.sites, losses(untrained().network, examples()).sites, atol=1e-5)


def situations(fix: MinedFix) -> list[Situation]:
    """With the message and without: an example has one of them."""
    return [situation_of(fix, untrained().learned, withheld) for withheld in (False, True)]


@pytest.mark.parametrize("number", range(len(fixes())))
def test_what_training_minimises_is_what_decoding_reads(number: int) -> None:
    """Nothing of these small functions is thinned out, so that both have the same choices."""
    fix, example = fixes()[number], examples()[number]
    found = losses(trained().model.network, [example])
    lost = float(found.sites.sum() + found.tokens.sum())
    search = EditSearch(trained().model)
    told = [search.log_probability(situation, fix.edits) for situation in situations(fix)]
    assert any(each is not None and lost == pytest.approx(-each, abs=0.05) for each in told)
