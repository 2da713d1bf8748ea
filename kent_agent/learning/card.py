"""The card of a trained decoder: what it is, what it learned from, what it scores, and how to make it again."""

from collections.abc import Mapping
from typing import Any

from kent_agent.decoder.model import DecoderModel

_CARD = """\
# The decoder

`decoder.safetensors`: it points at the site of an edit and writes its tokens, with {parameters:,} parameters in fp16
(width {width}, {layers} layers to read and as many to write, {heads} heads). What is known of the issue and the place
is a {dimension:,}-dimensional hypervector. It has no fixed vocabulary: a token's embedding is the sum of its parts'.
{learned:,} tokens that training often wrote may be written everywhere; all others come from the file and the issue.

## Data

Small functional changes from the histories of the repositories below, at most {each} of each repository, drawn by seed
{seed}, by commits from before the one that is named. {held_out}No repository of SWE-bench, test or dev, is among them.

| repository | fixes | use | commit |
|---|---|---|---|
{rows}

In all {training:,} fixes to learn from and {validation:,} to validate on. Of the functions that were fixed, {clozes:,}
pieces were also written anew without a message (`kent_agent/learning/cloze.py`), for how code goes on.

## Validation

{scores}

Bits are -log2 of the probability of the right choice. An example holds some of the sites and tokens that a function
offers; those that were drawn stand for the others.

## Training another

```
python -m kent_agent.mine --repos-dir mirrors/ -o fixes.jsonl{mining}
python -m kent_agent.train decoder --fixes fixes.jsonl -o decoder/ --limit {each} --epochs {epochs} --seed {seed}
```

with bare clones named `<owner>__<name>.git` in `mirrors/`. The same commits and seeds give the same fixes, byte for
byte, and these the same model on the same machine.
"""
_NAMES = {
    "bits": "an edit in all",
    "site_bits": "its site",
    "token_bits": "its tokens, where it writes any",
    "median_bits": "the median of fixes of one edit, tokens that cannot be written left out",
}


def card(model: DecoderModel) -> str:
    """Markdown about a model, from its own provenance.

    Args:
        model: as `kent_agent.train decoder` made it.
    """
    made, shape = model.provenance, model.network.shape
    mined = made.get("mined", {})
    uses = _uses(made)
    return _CARD.format(
        parameters=model.network.parameters_in_all,
        width=shape.width,
        layers=shape.layers,
        heads=shape.heads,
        dimension=shape.dimension,
        learned=len(model.learned),
        each=made["fixes_each"],
        seed=made["seed"],
        epochs=made["epochs"],
        held_out=_held_out(uses, mined),
        rows="\n".join(_row(repo, *uses[repo], _commit(repo, made)) for repo in sorted(uses, key=str.lower)),
        training=sum(made["repositories"].values()),
        clozes=made.get("clozes", 0),
        validation=sum(made["validation_repositories"].values()),
        scores=_scores(made.get("validation", {})),
        mining=f" --seed {mined['seed']} --commits {mined['commits']} --repositories commits.json" if mined else "",
    )


def _uses(made: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """How many fixes of each repository there are, and what for."""
    names = {"repositories": "training", "validation_repositories": "validation"}
    return {repo: (count, use) for name, use in names.items() for repo, count in made[name].items()}


def _commit(repo: str, made: Mapping[str, Any]) -> str:
    """The commit that a repository was mined from; the newest with a fix where that is not known."""
    found: str = made.get("mined", {}).get("repositories", {}).get(repo) or made["newest_commits"][repo]
    return found


def _row(repo: str, count: int, use: str, commit: str) -> str:
    return f"| {repo} | {count} | {use} | `{commit}` |"


def _held_out(uses: Mapping[str, object], mined: Mapping[str, Any]) -> str:
    others = sorted(mined.get("repositories", {}).keys() - uses.keys(), key=str.lower)
    return f"Mined with them, and held out: {', '.join(others)}. " if others else ""


def _scores(scores: Mapping[str, float]) -> str:
    if not scores:
        return "It has not been validated."
    lines = [f"- {label}: {scores[name]} bits" for name, label in _NAMES.items()]
    return "\n".join([f"After epoch {scores['epoch']}, the best one:", "", *lines])
