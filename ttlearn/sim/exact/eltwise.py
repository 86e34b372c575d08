"""Element-wise operations bit for bit, with their broadcasts."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .. import fpu
from ..formats import Floats
from ..fpu import BroadcastType, EltwiseBinaryType, MathFidelity, broadcast, quiet
from .dst import add_to_dst, stored, sum_of_two
from .numbers import Wide, narrow, numbers, wide
from .products import products

PLAIN = BroadcastType.NONE
MULTIPLY = EltwiseBinaryType.ELWMUL
TOGETHER = 8  # tiles: of more, what is made on the way leaves the cache, at three times the cost


@quiet
def eltwise(
    op: EltwiseBinaryType,
    a: Floats,
    b: Floats,
    bcast: BroadcastType,
    fidelity: MathFidelity,
    fp32_dest: bool,
    dst: Floats | None = None,
) -> Floats:
    """DST + (a op b) for n tiles, (n, 1024); b is n tiles or one; `dst` None is a fresh DST."""
    b = broadcast(b, bcast)
    result = np.empty(a.shape, np.float32)
    for first in range(0, len(a), TOGETHER):
        few = slice(first, first + TOGETHER)
        held = None if dst is None else dst[few]
        result[few] = _eltwise(op, a[few], b[few] if len(b) > 1 else b, fidelity, fp32_dest, held)
    return result


def _eltwise(
    op: EltwiseBinaryType, a: Floats, b: Floats, fidelity: MathFidelity, fp32_dest: bool, dst: Floats | None
) -> Floats:
    if op is MULTIPLY:
        return _product(a, b, fidelity, fp32_dest, dst)
    x, y = numbers(a, b)
    total, exponent = sum_of_two(x, y if op is EltwiseBinaryType.ELWADD else -y)
    if dst is None:  # there is nothing to align the sum to
        return narrow(stored(total, fp32_dest))
    return narrow(add_to_dst(wide(dst), [total.astype(np.float64)], exponent.astype(np.float64), fp32_dest))


def _product(a: Floats, b: Floats, fidelity: MathFidelity, fp32_dest: bool, dst: Floats | None) -> Floats:
    x, y = numbers(a, b)
    if dst is None and x.dtype == np.float32:
        if fp32_dest:  # the phases' 21 bits all fit: nothing is rounded
            return narrow(fpu.eltwise(MULTIPLY, x, y, PLAIN, fidelity, True))
        if _are_bf16(x, y):
            return _looked_up(x, y, fidelity)
    held = np.zeros(np.broadcast(a, b).shape) if dst is None else wide(dst)
    return narrow(_phase_by_phase(held, wide(a), wide(b), fidelity, fp32_dest))


def _phase_by_phase(held: Wide, x: Wide, y: Wide, fidelity: MathFidelity, fp32_dest: bool) -> Wide:
    for product, exponent in products(x, y, fidelity):
        held = add_to_dst(held, [product], exponent, fp32_dest)
    return held


# With a 16-bit DST every phase rounds. How, only the sign and the two mantissas decide, 7 bits each: a table of
# 2 x 128 x 128 products of numbers from 1 to 2 answers for all exponents.

EXPONENT16, SIGN16, MANTISSA16, ONE16 = (np.int32(x) for x in (0x7F80, 0x8000, 0x7F, 0x3F80))


@cache
def _table(fidelity: MathFidelity) -> NDArray[np.int32]:
    """bf16 patterns of the products, less the exponent of 1, by sign, SrcA's mantissa and SrcB's."""
    one_to_two = wide(((ONE16 + np.arange(128, dtype=np.int32)) << np.int32(16)).view(np.float32))
    signs = np.array([1.0, -1.0])
    x, y = np.broadcast_arrays(signs[:, None, None] * one_to_two[:, None], one_to_two)
    found = narrow(_phase_by_phase(np.zeros(x.shape), x.copy(), y.copy(), fidelity, False))
    return (found.view(np.uint32) >> np.uint32(16)).astype(np.int32).reshape(-1) - ONE16


def _looked_up(a: Floats, b: Floats, fidelity: MathFidelity) -> Floats:
    x, y = (v.view(np.int32) >> np.int32(16) for v in (a, b))
    place = ((x ^ y) & SIGN16) >> np.int32(1) | (x & MANTISSA16) << np.int32(7) | y & MANTISSA16
    pattern = _table(fidelity)[place] + (x & EXPONENT16) + (y & EXPONENT16) - ONE16
    pattern *= (a != 0) & (b != 0)
    found: Floats = (pattern << np.int32(16)).view(np.float32)
    return found


def _are_bf16(*arrays: Floats) -> bool:
    return not any((x.view(np.uint32) & np.uint32(0xFFFF)).any() for x in arrays)
