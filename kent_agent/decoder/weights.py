"""The shipped network's file and its identity; importing this loads no torch."""

import hashlib
from pathlib import Path

SHIPPED = Path(__file__).with_name("decoder.safetensors")


def weights_path(path: Path | None) -> Path:
    """The given weights file, or the one that ships with the package."""
    return path or SHIPPED


def model_hash(path: Path | None = None) -> str:
    """Short SHA-256 of a weights file; `untrained` where there is none."""
    file = weights_path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16] if file.is_file() else "untrained"
