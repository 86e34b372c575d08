"""Many sums entering the same DST elements, one step after the other.

`add_to_dst` again and again, in fewer numpy calls: a step's arrays are short (the 32 sums of a reduce), so calls are
what costs. With an fp32 DST most steps round nothing, and a run of such steps is a plain sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .dst import ADDER_UNIT, DST16_WIDTH, DST_UNIT, FP32_WIDTH, add_to_dst
from .numbers import LARGEST, TINY, Wide, power
from .rounding import AWAY, UP

AWAY64 = AWAY[np.dtype(np.float64)]
POWER = 0x7FF << 52
LARGE = 1.5 * 2.0**52  # of a unit: what `rounding.nearest` adds and takes away
LONG, SHORT = 256, 8  # steps looked ahead; steps taken singly before looking again (all LONG, if looking was no use)
FEW = 64  # lanes that are looked ahead for; of more, some lane rounds at every step


def chained(dst: Wide, sums: Wide, exponents: Wide, fp32_dest: bool) -> Wide:
    """DST (lanes) after sums (steps, 2, lanes) entered it two by two; exponents (steps, lanes): the larger of the two."""
    if not fp32_dest or dst.size > FEW:
        return _stepwise(dst, sums, exponents, fp32_dest)
    at = 0
    while at < len(sums):
        ahead = slice(at, at + LONG)
        plain, dst = _unrounded(dst, sums[ahead], exponents[ahead])
        at += plain
        if plain < LONG and at < len(sums):
            few = slice(at, at + (SHORT if plain > SHORT else LONG))
            dst = _stepwise(dst, sums[few], exponents[few], True)
            at = few.stop
    return dst


def _unrounded(dst: Wide, sums: Wide, exponents: Wide) -> tuple[int, Wide]:
    """How many steps from the first on round nothing, and DST after them: these are plain sums."""
    after = np.concatenate([dst[None], sums.sum(axis=1)]).cumsum(axis=0)
    top = np.maximum(power(after[:-1]), exponents)
    unit = top * DST_UNIT
    large = unit * LARGE
    whole = ((sums + large[:, None]) - large[:, None] == sums).all(axis=1)
    whole &= (after[:-1] + large) - large == after[:-1]
    whole &= (after[1:].view(np.int64) & np.int64((1 << 53 - FP32_WIDTH) - 1)) == 0
    whole &= _ordinary(after[1:], unit)
    ok = whole.all(axis=1)
    count = len(ok) if ok.all() else int(ok.argmin())
    return count, after[count]


def _ordinary(x: Wide, unit: Wide) -> NDArray[np.bool_]:
    """Neither inf nor denormal, nor the odd -1 unit (`add_to_dst`)."""
    size = np.abs(x)
    ordinary: NDArray[np.bool_] = (size < LARGEST) & ((size >= TINY) | (x == 0)) & (x != -unit)
    return ordinary


def _stepwise(dst: Wide, sums: Wide, exponents: Wide, fp32_dest: bool) -> Wide:
    """Every step with its roundings. Exceptions are looked for afterwards; then all is done again by `add_to_dst`.

    Steps of zeros, as a scaler of one bit makes in half of the phases, are left out: they change DST only if
    their exponent is larger than its own, and its last bits are below theirs.
    """
    active: NDArray[np.bool_] = np.any(sums, axis=(1, 2))
    held, totals, tops = _steps(dst, sums[active], exponents[active], fp32_dest)
    after = np.concatenate([dst[None], totals])[active.cumsum()]
    large = exponents * ((DST_UNIT if fp32_dest else ADDER_UNIT) * LARGE)
    same = active[:, None] | (power(after) >= exponents) | ((after + large) - large == after)
    if same.all() and _ordinary(totals, tops * DST_UNIT).all() and np.abs(totals).max(initial=0) < LARGEST / 2:
        return held
    for terms, exponent in zip(sums, exponents, strict=True):
        dst = add_to_dst(dst, list(terms), exponent, fp32_dest)
    return dst


def _steps(dst: Wide, sums: Wide, exponents: Wide, fp32_dest: bool) -> tuple[Wide, Wide, Wide]:
    """`add_to_dst` without its exceptions: DST, and of every step the sum before rounding and the largest exponent."""
    steps, _, lanes = sums.shape
    unit, width = (DST_UNIT, FP32_WIDTH) if fp32_dest else (ADDER_UNIT, DST16_WIDTH)
    # rows of a step: DST nudged away, and the two terms nudged up (`rounding`). To have been rounded to 24 bits
    # before makes a term of a 16-bit DST half such a unit larger.
    rows = np.empty((steps, 3, lanes))
    rows[:, 1:] = sums + exponents[:, None] * (DST_UNIT * UP) if fp32_dest else sums
    totals, tops = np.empty((steps, lanes)), np.empty((steps, lanes))
    held, large = dst.copy(), np.empty(lanes)
    bits = held.view(np.int64)
    # On 32 numbers numpy takes longer to make an array, and to read a scalar, than to compute: all are made before
    power, half, mask = (np.full(lanes, x) for x in (POWER, 1 << 52 - width, -1 << 53 - width))
    away, scale, up = (np.full(lanes, x) for x in (AWAY64, unit * LARGE, ADDER_UNIT * UP + DST_UNIT / 2))
    each = zip(rows, exponents, tops, tops.view(np.int64), totals, totals.view(np.int64), strict=True)
    for row, exponent, top, top_bits, total, total_bits in each:
        np.bitwise_and(bits, power, top_bits)
        np.maximum(top, exponent, out=top)
        np.multiply(held, away, row[0])
        if not fp32_dest:
            np.multiply(top, up, large)
            row[1:] += large
        np.multiply(top, scale, large)
        np.add(row, large, row)
        np.subtract(row, large, row)
        np.add.reduce(row, 0, None, total)
        np.add(total_bits, half, bits)
        np.bitwise_and(bits, mask, bits)
    return held, totals, tops
