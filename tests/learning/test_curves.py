"""Learning curves are an SVG that can be read."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kent_agent.errors import KentError
from kent_agent.learning.curves import draw_curves, require_matplotlib

LOG = [
    {"epoch": n, "train_bits": 30 / n, "bits": 31 / n, "site_bits": 8 / n, "token_bits": 23 / n, "median_bits": 20 / n}
    for n in (1, 2, 3)
]


def test_the_curves_of_training_and_validation_are_drawn(tmp_path: Path) -> None:
    path, again = tmp_path / "curves.svg", tmp_path / "again.svg"
    draw_curves(LOG, path)
    draw_curves(LOG, again)
    assert path.read_bytes() == again.read_bytes()
    assert sorted(tmp_path.iterdir()) == [again, path]
    root = ElementTree.parse(path).getroot()
    labels = {(element.text or "").strip() for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"epoch", "mean bits of an edit", "training, in all", "validation, in all"} <= labels
    draw_curves(LOG[:2], again)
    assert path.read_bytes() != again.read_bytes()


def test_a_missing_matplotlib_is_told_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    require_matplotlib()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(KentError, match="pip install matplotlib"):
        require_matplotlib()
