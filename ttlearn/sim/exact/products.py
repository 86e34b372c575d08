"""A multiplication's phases: which bits of SrcA meet which of SrcB; and products summed by eights.

SrcA's 11-bit mantissa is cut into 5 and 5 bits (the last one takes no part), SrcB's into 7 and 4; a fidelity is how
many of the four products are taken, one phase after the other (SIM).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..fpu import MathFidelity
from .dst import ADDER_UNIT
from .numbers import TINY, Numbers, cut, power
from .rounding import AWAY, nearest

A_HIGH, A_BOTH, B_HIGH = 5, 10, 7  # leading bits of a mantissa

Parts = tuple[Numbers, Numbers]


def parts_of_a(a: Numbers) -> Parts:
    high = cut(a, A_HIGH)
    return high, cut(a, A_BOTH) - high


def parts_of_b(b: Numbers) -> Parts:
    high = cut(b, B_HIGH)
    return high, b - high


def phases(fidelity: MathFidelity) -> Iterator[tuple[int, int, float]]:
    """Each phase: which part of SrcA, which of SrcB, and by what it lowers the exponent."""
    for phase in range(fidelity.value):
        low_a, low_b = phase & 1, phase >> 1
        yield low_a, low_b, 2.0 ** (-5 * low_a - 7 * low_b)


def products(a: Numbers, b: Numbers, fidelity: MathFidelity) -> Iterator[tuple[Numbers, Numbers]]:
    """Of each phase the products of SrcA's part and SrcB's, and their exponents. A product too small is 0."""
    parts_a, parts_b = parts_of_a(a), parts_of_b(b)
    exponents = power(a) * power(b)
    for low_a, low_b, lower in phases(fidelity):
        exponent = exponents * lower
        kept = exponent >= TINY
        yield parts_a[low_a] * parts_b[low_b] * kept, exponent * kept


def sums_of_eight(a: Numbers, b: Numbers, fidelity: MathFidelity) -> Iterator[tuple[Numbers, Numbers]]:
    """Of each phase the sums (...) of eight products of SrcA and SrcB (8, ...) and their exponents.

    The eight are aligned to the largest exponent of theirs, also if its product is 0.
    """
    number = a.dtype.type
    parts_a, parts_b = parts_of_a(a), [part * AWAY[b.dtype] for part in parts_of_b(b)]
    exponents = power(a) * power(b)
    largest = exponents.max(axis=0)
    for low_a, low_b, lower in phases(fidelity):
        product, top = parts_a[low_a] * parts_b[low_b], largest * number(lower)
        if number is np.float64:  # float32 numbers are moderate
            product *= exponents * lower >= TINY
            top *= top >= TINY
        yield nearest(product, np.maximum(top, number(TINY)) * number(ADDER_UNIT), product).sum(axis=0), top
