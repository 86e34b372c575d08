"""What the multipliers take of a number, what their products are, and what DST keeps of a sum.

Products are exact, sums are float32, and a 16-bit DST rounds once a tile, to nearest, ties away. Left out, and done by
`exact`: every other rounding of the chip. Marks as `formats`.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from .formats import BF16_BITS, HALF_ULP, TF32_BITS, Floats, round_dst16, truncate

quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")  # inf and NaN are data here

# After 9 of sign and exponent: SrcA's top 5 and SrcB's top 7 mantissa bits, hidden one included [R]
A_HIGH = 9 + 4
A_BOTH = 9 + 9  # its next 5 too: TF32's last bit takes no part in a product
B_HIGH = 9 + 6


class MathFidelity(Enum):
    """The value: how many of the four products of high and low mantissa parts are added."""

    LoFi = 1
    HiFi2 = 2
    HiFi3 = 3
    HiFi4 = 4


def to_source(x: Floats, fp32_dest: bool) -> Floats:
    """What SrcA or SrcB keeps of a value of DST."""
    return truncate(x, TF32_BITS if fp32_dest else BF16_BITS)


def stored(x: Floats, fp32_dest: bool) -> Floats:
    """What DST keeps of a result."""
    return x if fp32_dest else round_dst16(x)


def rounded_sum(start: Floats, terms: Floats) -> Floats:
    """start + terms[0] + terms[1] ..., each sum rounded as `round_dst16` does."""
    # in place, because this loop is most of a 16-bit reduction: 2 us a tile instead of 4
    total = np.array(start)
    bits = total.view(np.uint32)
    for term in terms:
        np.add(total, term, out=total)
        np.add(bits, HALF_ULP, out=bits)
        np.bitwise_and(bits, np.uint32(0xFFFF0000), out=bits)
    return total


def factors(a: Floats, b: Floats, fidelity: MathFidelity) -> list[tuple[Floats, Floats]]:
    """The parts of SrcA and SrcB whose products a fidelity adds, merged where a part is shared."""
    a_both = truncate(a, A_BOTH)
    if fidelity is MathFidelity.HiFi4:
        return [(a_both, b)]
    b_high = truncate(b, B_HIGH)
    if fidelity is MathFidelity.HiFi2:
        return [(a_both, b_high)]
    a_high = truncate(a, A_HIGH)
    if fidelity is MathFidelity.LoFi:
        return [(a_high, b_high)]
    return [(a_both, b_high), (a_high, np.where(np.isfinite(b), b - b_high, np.float32(0)))]


def added(terms: list[Floats]) -> Floats:
    """The sum of one product or two."""
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def times(x: Floats, y: Floats) -> Floats:
    """x * y, where 0 times inf or NaN is 0, as in the FPU [R]."""
    product = x * y
    if np.isnan(product.max()):
        product = np.where((x == 0) | (y == 0), np.float32(0), product)
    return product


def dot(x: Floats, y: Floats) -> Floats:
    """x @ y under the rule of `times`."""
    product: Floats = x @ y
    if np.isnan(product.max()):
        product = times(x[..., None], y[..., None, :, :]).sum(axis=-2)
    return product
