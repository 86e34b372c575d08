"""The FPU's rules once more, in plain Python integers, one number at a time: the oracle of test_exact.

Written from the rules alone, and sharing nothing with the package. A source register's number is (sign, exponent,
11-bit mantissa with the hidden one); DST is a float32 pattern. Numbers go in and out as float32 bit patterns.
"""

from __future__ import annotations

from collections.abc import Sequence

Source = tuple[int, int, int]  # sign, exponent field, 11-bit mantissa (0: zero)
Term = tuple[int, int, int]  # sign, exponent field, mantissa in units of which 2^23 is 1.0

PHASES = {"LoFi": (0,), "HiFi2": (0, 1), "HiFi3": (0, 1, 2), "HiFi4": (0, 1, 2, 3)}


def source(bits: int) -> Source:
    """What SrcA and SrcB keep of a float32 pattern: ten bits of mantissa; inf and NaN are large numbers."""
    sign, exponent = bits >> 31, bits >> 23 & 255
    return sign, exponent, 1024 | bits >> 13 & 1023 if exponent else 0


def half_up(mantissa: int, places: int) -> int:
    """A right shift that rounds half up."""
    return mantissa + (1 << places >> 1) >> places


def aligned(term: Term, exponent: int, fp32_dest: bool) -> int:
    """An incoming term's signed mantissa at a larger exponent: half goes up, so toward zero for a negative term."""

    def shifted(value: int, places: int) -> int:
        up = 1 << places >> 1
        return value + (up - 1 if sign and places else up) >> places

    sign, own, mantissa = term
    value = shifted(mantissa, exponent - own)
    if not fp32_dest:
        value = shifted(value, 13) << 13
    return -value if sign else value


def held_at(dst: int, exponent: int, fp32_dest: bool) -> int:
    """The signed mantissa of what DST holds, at a larger exponent: half goes away from zero."""
    own = dst >> 23 & 255
    value = half_up(dst & 0x7FFFFF | 0x800000 if own else 0, exponent - own)
    if not fp32_dest:
        value = half_up(value, 13) << 13
    return -value if dst >> 31 else value


def accumulated(dst: int, terms: Sequence[Term], fp32_dest: bool) -> int:
    """DST, a float32 pattern, plus one or two terms that enter together."""
    top = max(dst >> 23 & 255, *[term[1] for term in terms])
    total = held_at(dst, top, fp32_dest) + sum(aligned(term, top, fp32_dest) for term in terms)
    return normalised(total, top, 24 if fp32_dest else 8)


def normalised(total: int, exponent: int, width: int) -> int:
    """A sum, of which 2^23 is 1.0, as a float32 pattern of `width` bits of mantissa."""
    sign, magnitude = int(total < 0), abs(total)
    if magnitude == 0:
        return 0
    if total == -1 and width == 24:
        magnitude = 1 << 27
    places = magnitude.bit_length() - width
    if places > 0:
        magnitude = half_up(magnitude, places)
    else:
        magnitude <<= -places
    if magnitude >> width:
        magnitude, places = magnitude >> 1, places + 1
    exponent += places + width - 24
    if exponent <= 0:
        return 0
    if exponent >= 255:
        return sign << 31 | 255 << 23
    return sign << 31 | exponent << 23 | (magnitude << 24 - width & 0x7FFFFF)


def product(a: Source, b: Source, phase: int) -> Term:
    """One phase's product of SrcA and SrcB: 12 bits, of which 2^10 is 1.0."""
    odd, late = phase & 1, phase >> 1
    part_a = a[2] >> 1 & 31 if odd else a[2] >> 6
    part_b = (b[2] & 15) << 3 if late else b[2] >> 4
    exponent = a[1] + b[1] - 127 - 5 * odd - 7 * late
    if not a[2] or not b[2] or exponent <= 0:
        return 0, 0, 0
    return a[0] ^ b[0], exponent, part_a * part_b


def multiplied(dst: int, a: int, b: int, fidelity: str, fp32_dest: bool) -> int:
    """DST += a * b: element-wise multiplication."""
    for phase in PHASES[fidelity]:
        sign, exponent, mantissa = product(source(a), source(b), phase)
        dst = accumulated(dst, [(sign, exponent, mantissa << 13)], fp32_dest)
    return dst


def added(dst: int, a: int, b: int, subtract: bool, fp32_dest: bool) -> int:
    """DST += a + b or a - b; element-wise addition has DST 0 here."""
    large, small = source(a), source(b)
    if subtract:
        small = (1 - small[0], *small[1:])
    if (small[1], small[2]) > (large[1], large[2]):
        large, small = small, large
    places = large[1] - small[1]
    shifted = 0 if places > 11 else half_up(small[2], places)
    total = large[2] + shifted if large[0] == small[0] else large[2] - shifted
    return accumulated(dst, [(large[0], large[1], total << 13)], fp32_dest)


def group_sum(products: Sequence[Term]) -> Term:
    """Eight products as one term."""
    top = max(term[1] for term in products)
    total = 0
    for sign, exponent, mantissa in products:
        value = half_up(mantissa, top - exponent)
        total += -value if sign else value
    return int(total < 0), top, abs(total) << 13


def dotted(dst: int, a: Sequence[int], b: Sequence[int], phase: int, fp32_dest: bool) -> int:
    """DST += the dot product of 16 numbers of SrcA with 16 of SrcB, in one phase."""
    products = [product(source(x), source(y), phase) for x, y in zip(a, b, strict=True)]
    return accumulated(dst, [group_sum(products[:8]), group_sum(products[8:])], fp32_dest)
