"""The files of the shipped networks and their identity; importing this loads no torch."""

import hashlib
from pathlib import Path

SHIPPED = Path(__file__).with_name("decoder.safetensors")
FILLING = Path(__file__).parents[1] / "filling" / "filling.safetensors"


def weights_path(path: Path | None) -> Path:
    """The given decoder's file, or the one that ships with the package."""
    return path or SHIPPED


def model_hash(path: Path | None = None) -> str:
    """Short SHA-256 of a decoder's file and of the filling model's; `untrained` where there is no decoder."""
    file = weights_path(path)
    if not file.is_file():
        return "untrained"
    return hashlib.sha256(file.read_bytes() + FILLING.read_bytes()).hexdigest()[:16]
