"""Multiply-Add-Permute algebra over bipolar hypervectors (MAP; Gayler 1998).

Shapes: a hypervector is `(D,)`, a stack of them `(n, D)`. Atoms are int8 in {-1, +1}; bundles are float32.
"""

import hashlib
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Bipolar = NDArray[np.int8]
Real = NDArray[np.float32]
Vectors = TypeVar("Vectors", Bipolar, Real)


def random_bipolar(name: str, dimension: int, seed: int = 0) -> Bipolar:
    """The atom of a name, `(D,)` int8: the same on every machine, quasi-orthogonal to every other name's.

    An extendable-output hash is the generator, so that no table of atoms need be stored or shared.

    Raises:
        ValueError: the dimension is not a positive multiple of 8.
    """
    if dimension <= 0 or dimension % 8:
        raise ValueError(f"A hypervector's dimension is a positive multiple of 8, not {dimension}.")
    digest = hashlib.shake_128(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest(dimension // 8)
    bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))
    atom: Bipolar = (bits.astype(np.int8) << 1) - 1
    return atom


def bind(left: NDArray[np.generic], right: NDArray[np.generic]) -> Real:
    """Elementwise product; its own inverse for bipolar arguments, dissimilar to both."""
    product: Real = np.multiply(left, right, dtype=np.float32)
    return product


def bundle(vectors: NDArray[np.generic], weights: NDArray[np.generic] | None = None) -> Real:
    """Weighted sum of a stack `(n, D)` -> `(D,)`: similar to each of its members."""
    stack = np.asarray(vectors, dtype=np.float32)
    ones = np.ones(len(stack), dtype=np.float32)
    result: Real = (ones if weights is None else np.asarray(weights, dtype=np.float32)) @ stack
    return result


def permute(vector: Vectors, shifts: int = 1) -> Vectors:
    """Cyclic shift of the last axis: marks order, dissimilar to its argument, undone by `-shifts`."""
    return np.roll(vector, shifts, axis=-1)


def normalize(vectors: NDArray[np.generic]) -> Real:
    """Unit Euclidean length along the last axis; a zero vector stays zero."""
    stack = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(stack, axis=-1, keepdims=True)
    unit: Real = np.divide(stack, norms, out=np.zeros_like(stack), where=norms > 0)
    return unit


def cosine(query: NDArray[np.generic], vectors: NDArray[np.generic]) -> Real:
    """Cosine of a query `(D,)` to every row of `(n, D)` -> `(n,)`, in [-1, 1]; 0 where either is zero."""
    result: Real = normalize(vectors) @ normalize(query)
    return result
