"""Rounding to a multiple of a unit, which is a power of two, and to a width.

Adding and taking away a number whose last bit is the unit leaves the nearest multiple. A tie goes where the number is
nudged to, by less than half its last bit: away from zero as sign and magnitude are rounded, up as two's complement is.
"""

from __future__ import annotations

import numpy as np

from .numbers import LARGEST, MANTISSA, TINY, Numbers, Wide

# x * AWAY is larger than x, by less than half its last bit: for products of 5 and 7 bits and sums of 11 in float32,
# for what DST holds in float64. (31 * 127 < 2^12: rounded to 24 bits, a nudged product is still below that half.)
AWAY = {np.dtype(np.float32): np.float32(1 + 2.0**-13), np.dtype(np.float64): np.float64(1 + 2.0**-26)}
UP = 2.0**-20  # of a unit: less than half the last bit of any term that is a quarter of the unit or more


def nearest(x: Numbers, unit: Numbers, out: Numbers | None = None) -> Numbers:
    """x, which is no tie, to a multiple of `unit`; `out` may be x itself."""
    large = unit * x.dtype.type(1.5 * 2.0 ** (MANTISSA[x.dtype] - 1))
    rounded: Numbers = np.add(x, large, out=out)
    rounded -= large
    return rounded


def half_away(x: Numbers, unit: Numbers) -> Numbers:
    """x to a multiple of `unit`, half away from zero."""
    return nearest(x * AWAY[x.dtype], unit)


def half_up(x: Wide, unit: Wide) -> Wide:
    """x to a multiple of `unit`, half up: toward zero, if x is negative."""
    return nearest(x + unit * UP, unit)


def to_width(x: Wide, bits: int) -> Wide:
    """x to `bits` bits of mantissa, half away from zero. Too large is inf, too small is 0."""
    places = 53 - bits
    rounded = ((x.view(np.int64) + np.int64(1 << places - 1)) & np.int64(-1 << places)).view(np.float64)
    size = np.abs(rounded)
    if size.max(initial=0) > LARGEST:
        rounded = np.clip(rounded, -LARGEST, LARGEST)
    return rounded * (size >= TINY) if size.min(initial=1) < TINY else rounded
