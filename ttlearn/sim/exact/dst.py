"""How products and sums enter DST: aligned to the largest exponent, rounded, added, rounded to what DST holds.

All rules are those that the golden runs follow (SIM). Left out: which numbers an operation multiplies (eltwise, dots).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..formats import round_dst16
from .numbers import TINY, Numbers, Wide, power
from .rounding import half_away, half_up, to_width

ADDER_UNIT = 2.0**-10  # the last bit of an 11-bit mantissa, as a share of its power of two
DST_UNIT = 2.0**-23
FP32_WIDTH, DST16_WIDTH = 24, 8  # bits of a mantissa in DST, the hidden one included


def stored(x: Numbers, fp32_dest: bool) -> Numbers:
    """What DST keeps of a sum."""
    if x.dtype == np.float32:
        return x if fp32_dest else round_dst16(x)
    return to_width(x, FP32_WIDTH if fp32_dest else DST16_WIDTH)


def add_to_dst(dst: Wide, terms: Sequence[Wide], top: Wide, fp32_dest: bool) -> Wide:
    """DST and one or two terms that enter together; `top` is the terms' largest exponent.

    All are aligned to the largest exponent, which rounds DST's magnitude but terms as two's complement. A 16-bit
    DST aligns to 11 bits: a term after it was rounded to 24.
    """
    top = np.maximum(np.maximum(power(dst), top), TINY)
    unit, adder_unit = top * DST_UNIT, top * ADDER_UNIT
    total = half_away(dst, unit if fp32_dest else adder_unit)
    for term in terms:
        aligned = half_up(term, unit)
        total = total + (aligned if fp32_dest else half_up(aligned, adder_unit))
    if fp32_dest:
        # a sum of -1 unit is not shifted up the 27 places that it needs (no run in tests/data has one)
        total = np.where(total == -unit, -16 * top, total)
    return stored(total, fp32_dest)


def sum_of_two(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """x + y as one term, and its exponent: 11-bit mantissas, the smaller one aligned to the larger."""
    top = power(x)
    np.maximum(top, power(y), out=top)
    unit = np.maximum(top, x.dtype.type(TINY))
    unit *= x.dtype.type(ADDER_UNIT)
    total = half_away(x, unit)
    total += half_away(y, unit)
    return total, top
