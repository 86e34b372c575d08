"""Numbers to try arithmetic on, as float32 arrays: near each other, far apart, cancelling, and special patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Patterns = NDArray[np.uint32]

# +-0, the smallest and largest numbers, denormals, inf, NaN, 1 and its neighbours
SPECIAL = np.array(
    [
        *(0, 0x00800000, 0x00810000, 0x00010000, 0x007F0000, 0x7F7F0000, 0x7F800000, 0x7FC00000, 0x7FFF0000),
        *(0x3F800000, 0x3F810000, 0x3F7F0000, 0x20000000, 0x5F800000, 0x3FFF0000, 0x40000000),
    ],
    np.uint32,
)


def numbers(rng: np.random.Generator, n: int, kept: int = 16, wild: bool = True) -> Floats:
    """n numbers of `kept` bits: a third each normal, apart and far apart; if `wild`, as many of any bits and special ones."""
    third = n // 3 + 1
    normal, apart, far = (scaled(rng, third, 2.0 ** rng.integers(-k, k + 1, third)) for k in (0, 14, 43))
    anything = rng.integers(0, 2**32, third, np.uint32)
    special = rng.choice(SPECIAL, third) ^ (rng.integers(0, 2, third, np.uint32) << np.uint32(31))
    kinds = [normal, apart, far, anything, special] if wild else [normal, apart, far]
    patterns = rng.permutation(np.concatenate(kinds))[:n]
    return cut(patterns, kept)


def scaled(rng: np.random.Generator, n: int, by: NDArray[np.float64]) -> Patterns:
    """Normal numbers of at least 1/2, and some zeros, times powers of two."""
    normal = rng.standard_normal(n)
    normal = np.where(np.abs(normal) < 0.02, 0, np.copysign(np.maximum(np.abs(normal), 0.5), normal))
    return (normal * by).astype(np.float32).view(np.uint32)


def near(rng: np.random.Generator, x: Floats, kept: int = 16) -> Floats:
    """-x, up to two units of its last kept bit off: what all but cancels."""
    unit = (np.int64(1) << np.int64(32 - kept)) * (x != 0)
    patterns = x.view(np.uint32).astype(np.int64) + rng.integers(-2, 3, len(x)) * unit
    return cut((patterns & 0xFFFFFFFF).astype(np.uint32) ^ np.uint32(1 << 31), kept)


def cut(patterns: Patterns, kept: int) -> Floats:
    return (patterns & np.uint32(0xFFFFFFFF << 32 - kept & 0xFFFFFFFF)).view(np.float32)
