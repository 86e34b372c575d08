"""Layernorm with Welford's recurrence for mean and variance: numpy, not a kernel.

TT-Metal has it as an SFPU function (api/compute/welford.h) that this package's kernels cannot call. Mean and sum of
squares are float32, as the SFPU's are, one element at a time; rounded to bf16 where the op packs. Left out: TF32 cuts
of the operands, the SFPU's own order and reciprocals.
"""

from __future__ import annotations

import numpy as np

from ..sim.formats import Floats, round_dst16

_F = np.float32


def mean_and_variance(x: Floats) -> tuple[Floats, Floats]:
    """Of each row of (rows, W): two (rows, 1) arrays, float32 at each step."""
    mean, squares = np.zeros((2, len(x)), _F)
    for count, column in enumerate(np.ascontiguousarray(x.T), 1):
        off = column - mean
        mean = mean + off * _F(1 / count)
        squares = squares + off * (column - mean)
    return mean[:, None], (squares / _F(x.shape[1]))[:, None]


def layernorm(x: Floats, epsilon: float) -> Floats:
    """The normalized rows, each step rounded to bf16 as a pack rounds."""
    mean, variance = (round_dst16(np.ascontiguousarray(part)) for part in mean_and_variance(x))
    inverse_std = round_dst16(_F(1) / np.sqrt(variance + _F(epsilon)))
    return round_dst16(round_dst16(x - mean) * inverse_std)
