"""Learning curves as an SVG."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from kent_agent.errors import KentError

_CURVES = {
    "train_bits": "training, in all",
    "bits": "validation, in all",
    "site_bits": "validation, the site",
    "token_bits": "validation, the tokens",
}


def require_matplotlib() -> None:
    """Checks that curves can be drawn, before hours are spent.

    Raises:
        KentError: matplotlib is missing.
    """
    if find_spec("matplotlib") is None:
        raise KentError("Learning curves need matplotlib, which is missing; install it with pip install matplotlib.")


def draw_curves(log: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draws mean bits of an edit by epoch, the same file for the same numbers.

    Args:
        log: of each epoch its number, the bits of training and those of validation.
        path: of the SVG.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with rc_context({"svg.hashsalt": "training", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        for name, label in _CURVES.items():
            axes.plot([row["epoch"] for row in log], [row[name] for row in log], marker="o", label=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="epoch", ylabel="mean bits of an edit")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
        partial = path.with_name(path.name + ".partial")
        figure.savefig(partial, format="svg", metadata={"Date": None})
    partial.replace(path)
