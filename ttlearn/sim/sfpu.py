"""The vector unit's arithmetic: functions of DST tiles in place.

What SFPSTORE cuts and what a kernel rounds before it differs by function (W, llk_sfpu) [S]. Except rsqrt, these
compute in numpy; the chip's own approximations are left out. Marks as in `formats`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .formats import (
    BF16_BITS,
    Floats,
    bf16_values,
    round_dst16,
    to_bf16_rne,
    truncate,
)
from .fpu import quiet

# The SFPU: functions of DST in place


@dataclass(frozen=True)
class Sfpu:
    """One SFPU function: what it computes in float32 and how it writes a 16-bit DST."""

    compute: Callable[..., Floats]
    store16: Callable[[Floats], Floats]

    @quiet
    def __call__(self, x: Floats, fp32_dest: bool, *scalar: float) -> Floats:
        result = self.compute(x, *scalar)
        return result if fp32_dest else self.store16(result)


def rsqrt(x: Floats) -> Floats:
    """1/sqrt(x) to 23 bits, as the chip: a guess from the bits, one cubic and one Newton step [S].

    Kokosinski et al. 2024, doi 10.1007/s11075-024-01932-7; W, ckernel_sfpu_sqrt.h.
    +-0 gives +-inf, inf gives 0, less than 0 gives NaN.
    """
    guess = (np.uint32(0x5F1110A0) - (x.view(np.uint32) >> np.uint32(1))).view(np.float32)
    c = -guess * (x * guess)
    y = guess * (np.float32(2.2825186) + c * (np.float32(2.2533049) + c))
    # the chip's multiply-add rounds once: float64 keeps the product whole (7.4e-8 off, else 1.0e-7)
    error = (1 - y.astype(np.float64) * (x * y)).astype(np.float32)
    y += error * (y * np.float32(0.5))
    y = np.where(x < 0, np.float32(np.nan), y)
    return np.where((x == 0) | (x == np.inf), 1 / x, y)


def _cut(x: Floats) -> Floats:
    return truncate(x, BF16_BITS)


def _to_even(x: Floats) -> Floats:
    return bf16_values(to_bf16_rne(x))


# SFPSTORE cuts a value to 16 bits; some kernels round it before, not all alike (W, llk_sfpu) [S].
# Except rsqrt, these compute in numpy: the chip's own approximations are left out.
SFPU: dict[str, Sfpu] = {
    "rsqrt": Sfpu(rsqrt, round_dst16),
    "sqrt": Sfpu(np.sqrt, round_dst16),
    "recip": Sfpu(np.reciprocal, round_dst16),
    "exp": Sfpu(np.exp, round_dst16),
    "square": Sfpu(np.square, _to_even),
    "relu": Sfpu(lambda x: np.maximum(x, 0), _cut),
    "abs": Sfpu(np.abs, _cut),
    "add": Sfpu(np.add, _cut),
    "sub": Sfpu(np.subtract, _cut),
    "mul": Sfpu(np.multiply, _cut),
    "rsub": Sfpu(lambda x, scalar: scalar - x, _to_even),
}
