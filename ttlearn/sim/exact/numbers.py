"""What the source registers and DST hold, as numbers: to the FPU inf and NaN are large numbers, denormals are 0 (SIM).

float64 holds every such number, the product of two and all sums in between. Moderate ones stay float32, which is twice
as fast: the same functions serve both. An exponent is kept as the power of two itself, 0 for the number 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Floats

Wide = NDArray[np.float64]
Numbers = NDArray[Any]  # float32, if all are moderate, or float64

EXPONENT = np.uint32(0x7F800000)
ONE_LESS = np.uint32(0x00800000)  # of an exponent
TINY = 2.0**-126  # the smallest number; what is below it is 0
LARGEST = 2.0**128  # inf as a number: exponent 255, mantissa 0

# Between these a product, its lowest phase (2^-12) and the unit of that (2^-10) are float32, and so is 2^24 units
MODERATE = (np.uint32((127 - 46) << 24), np.uint32((127 + 46) << 24))  # patterns without their sign

INTEGER: dict[Any, Any] = {np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}
MANTISSA = {np.dtype(np.float32): 24, np.dtype(np.float64): 53}  # bits, the hidden one included
INFINITE = {np.dtype(np.float32): 0xFF << 23, np.dtype(np.float64): 0x7FF << 52}  # the pattern of inf


def from_l1(x: Floats) -> Floats:
    """Operands on their way from L1: a denormal, and a zero with a sign, become 0."""
    zero = (x.view(np.uint32) & EXPONENT) == 0
    return np.where(zero, np.float32(0), x) if zero.any() else x


def numbers(*arrays: Floats) -> list[Numbers]:
    """float32 patterns as numbers, all of one type."""
    given = [np.ascontiguousarray(x) for x in arrays]
    return list(given) if all(moderate(x) for x in given) else [wide(x) for x in given]


def moderate(x: Floats) -> bool:
    """Is every number 0, or neither small nor large?"""
    size = x.view(np.uint32) << np.uint32(1)  # without the sign
    low, high = MODERATE
    return bool(size.max() < high and (size - np.uint32(1)).min() >= low)  # 0 - 1 is the largest


def wide(x: Floats) -> Wide:
    """float32 patterns as float64: exponent field 255 is nothing special, field 0 is zero."""
    x = np.ascontiguousarray(x)
    exponent = x.view(np.uint32) & EXPONENT
    numbers = x.astype(np.float64)
    if exponent.max(initial=0) == EXPONENT:
        large = exponent == EXPONENT
        halves = (x.view(np.uint32) - large * ONE_LESS).view(np.float32)
        numbers = np.where(large, 2 * halves.astype(np.float64), numbers)
    if exponent.min(initial=EXPONENT) == 0:
        numbers *= exponent != 0
    return numbers


def narrow(x: Numbers) -> Floats:
    """Numbers that DST holds, the caller's own array, as float32 patterns. Zero has no sign."""
    x += x.dtype.type(0)
    return x.astype(np.float32, copy=False)


def power(x: Numbers) -> Numbers:
    """The power of two in each number, 0 for 0."""
    return _masked(x, INFINITE[x.dtype])


def cut(x: Numbers, bits: int) -> Numbers:
    """The first `bits` bits of each mantissa, the hidden one included."""
    return _masked(x, -1 << MANTISSA[x.dtype] - bits)


def _masked(x: Numbers, mask: int) -> Numbers:
    integer = INTEGER[x.dtype]
    kept: Numbers = (x.view(integer) & integer(mask)).view(x.dtype)
    return kept
