"""Randomness that can be asked for anywhere: the same question always gets the same answer.

A generator that runs on from a start would make every night depend on all nights before it.
Here every thing (a listing, a day, a row) has a key, and a property of it is a hash of key and
property. Only what is made once and whole (the sellers) or day by day uses numpy's generators.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP = 0x9E3779B97F4A7C15
_ALL = 0xFFFFFFFFFFFFFFFF


def mix(keys: Keys) -> Keys:
    """Scatters keys over all 64 bits (the finaliser of splitmix64; one to one)."""
    x = keys ^ (keys >> np.uint64(30))
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def noise(keys: Keys, *streams: int) -> Keys:
    """One random 64-bit number per key, independent between streams."""
    for stream in streams:
        keys = mix(keys + np.uint64((stream + 1) * _STEP & _ALL))
    return keys


def one(*streams: int) -> float:
    """One number in [0, 1) for this combination of whole numbers."""
    return float(unit(noise(np.zeros(1, np.uint64), *streams))[0])


def unit(numbers: Keys) -> Floats:
    """Random 64-bit numbers as numbers in [0, 1)."""
    return (numbers >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(numbers: Keys, limits: int | NDArray[np.integer]) -> Ints:
    """Random 64-bit numbers as whole numbers from 0 to below the limit."""
    return (unit(numbers) * limits).astype(np.int64)


class Weighted:
    """Picks positions 0..n-1 in proportion to their weights, from numbers in [0, 1)."""

    def __init__(self, weights: Sequence[float] | Floats) -> None:
        heights = np.cumsum(np.asarray(weights, np.float64))
        self.edges = heights / heights[-1]

    def pick(self, numbers: Floats) -> Ints:
        last = len(self.edges) - 1
        return np.minimum(np.searchsorted(self.edges, numbers, side="right"), last)


def evenly(count: int, dimensions: int, seed: int, stream: int) -> Floats:
    """`count` points of the unit cube that leave no gaps (Kronecker sequence), one per row.

    Where shares matter (cities, lengths of memberships) evenly spread numbers keep a small
    universe as close to its parameters as a large one.
    """
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    start = generator(seed, stream).random(dimensions)
    return (start + np.arange(1, count + 1)[:, None] * steps) % 1.0


def generator(seed: int, *stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, *stream]))
