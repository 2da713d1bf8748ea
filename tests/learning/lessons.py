"""Fixes of two patterns, mined as a real history's are, and a small decoder that has learned them."""

from collections.abc import Iterator
from functools import cache

import pytest
import torch

from kent_agent.decoder.model import DecoderModel
from kent_agent.decoder.network import NetworkShape
from kent_agent.hdc.sparse import SparseItems
from kent_agent.learning.examples import Example, examples_of, learned_tokens
from kent_agent.learning.fix_mining import SmallCommit, commit_fixes
from kent_agent.learning.fixes import MinedFix
from kent_agent.learning.trainer import CodeTrainer

SHAPE = NetworkShape(dimension=512, width=32, layers=1, heads=2, wholes=1024, parts=512, dropout=0.0)
EPOCHS = 40

SIGN = '''\
"""Numbers."""


def {name}({left}, {right}):
    """Two numbers."""
    {result} = {left} - {right}
    return {result}
'''
DIRECT = '''\
"""Numbers."""


def {name}({left}, {right}):
    """Two numbers."""
    return {left} - {right}
'''
GUARD = '''\
"""Sequences."""


def {name}({values}):
    """One number."""
    total = sum({values})
    return total / len({values})
'''
ADDITIONS = [
    ("add", "left", "right", "total"),
    ("join", "first", "second", "both"),
    ("merge", "one", "other", "result"),
    ("combine", "a", "b", "total"),
    ("plus", "left", "more", "found"),
    ("accumulate", "total", "item", "total"),
    ("both", "this", "that", ""),
    ("unite", "start", "rest", ""),
    ("gather", "x", "y", ""),
]
MEANS = [("mean", "values"), ("average", "items"), ("centre", "points"), ("typical", "rows")]


def fix_of(repo: str, message: str, before: str, after: str) -> MinedFix:
    """The fix that a commit on one file makes."""
    commit = SmallCommit("1" * 40, "2" * 40, message, (("sums.py", "3" * 40, "4" * 40),))
    (fix,) = commit_fixes(repo, commit, [("sums.py", before, after)])
    return fix


def sign_fix(name: str, left: str, right: str, result: str) -> MinedFix:
    """A minus becomes a plus, in an assignment or where nothing is assigned."""
    before = (SIGN if result else DIRECT).format(name=name, left=left, right=right, result=result)
    return fix_of(f"acme/{name}", f"{name}() subtracts instead of adding", before, before.replace(" - ", " + "))


def guard_fix(name: str, values: str) -> MinedFix:
    """A guard is inserted."""
    before = GUARD.format(name=name, values=values)
    guard = f"    if not {values}:\n        return 0\n"
    message = f"{name}() divides by zero where {values} is empty"
    return fix_of(f"acme/{name}", message, before, before.replace("    total =", guard + "    total ="))


@cache
def fixes() -> tuple[MinedFix, ...]:
    """All of them, each of a repository of its own."""
    return (*(sign_fix(*names) for names in ADDITIONS), *(guard_fix(*names) for names in MEANS))


@cache
def examples() -> tuple[Example, ...]:
    """The same as examples of a small space."""
    items, learned = SparseItems(SHAPE.dimension), learned_tokens(fixes())
    made = [example for fix in fixes() for example in examples_of(fix, learned, items)]
    return tuple(example for example in made if example.edits)


def untrained(seed: int = 1, shape: NetworkShape = SHAPE) -> DecoderModel:
    """A model that has learned nothing yet."""
    return DecoderModel.create(learned_tokens(fixes()), shape, seed)


@cache
def trained() -> CodeTrainer:
    """A trainer at its end."""
    trainer = CodeTrainer(untrained(), EPOCHS, learning_rate=1e-2, batch_size=5, seed=1)
    trainer.fit(examples())
    return trainer


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Torch computes on one thread: what is as small as this is slower on more. For a conftest to import."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
