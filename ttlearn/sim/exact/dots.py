"""Dot products bit for bit: matmul and reduce.

The FPU takes 16 products at a time, as two sums of 8. The order in which these enter DST decides about their
rounding: matmul and REDUCE_ROW go by tile, phase, half; REDUCE_COL by tile, half, phase (SIM). Left out:
REDUCE_SCALAR's true order, which is not known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..formats import Floats
from ..fpu import FACES, LIVE, MathFidelity, PoolType, ReduceDim, quiet, to_source
from ..tile import ELEMENTS, TILE, from_rows, to_rows
from .chain import chained
from .numbers import Numbers, Wide, narrow, numbers, wide
from .products import sums_of_eight


def dots(a: Numbers, b: Numbers, fidelity: MathFidelity) -> tuple[Wide, Wide]:
    """16 products of SrcA and SrcB (2, 8, ...) in each phase: two sums (phase, 2, ...), their larger exponent (phase, ...)."""
    groups = [list(zip(*sums_of_eight(x, y, fidelity), strict=True)) for x, y in zip(a, b, strict=True)]
    sums = np.array([group[0] for group in groups], np.float64).swapaxes(0, 1)
    exponents = np.array([group[1] for group in groups], np.float64).max(axis=0)
    return sums, exponents


@quiet
def matmul_accumulate(dst: Floats, a: Floats, b: Floats, fp32_dest: bool, fidelity: MathFidelity) -> Floats:
    """DST (1024,) += A @ B for n pairs of tiles, one after the other. B goes through SrcA."""
    held: Wide = wide(to_rows(dst[None])).reshape(ELEMENTS)
    for in0, in1 in zip(*numbers(to_rows(a), to_rows(b)), strict=True):
        rows = np.ascontiguousarray(in0.T).reshape(2, 2, 8, TILE, 1)  # half, group, k, row, column
        columns = in1.reshape(2, 2, 8, 1, TILE)
        halves = [dots(column, row, fidelity) for column, row in zip(columns, rows, strict=True)]
        sums, exponents = (np.stack(x, axis=1) for x in zip(*halves, strict=True))  # phase, half
        held = chained(held, sums.reshape(-1, 2, ELEMENTS), exponents.reshape(-1, ELEMENTS), fp32_dest)
    tile: Floats = from_rows(narrow(held).reshape(1, TILE, TILE))[0]
    return tile


@quiet
def reduce_accumulate(
    pool: PoolType,
    dim: ReduceDim,
    dst: Floats | None,
    a: Floats,
    scaler: Floats,
    fp32_dest: bool,
    fidelity: MathFidelity,
) -> Floats:
    """n calls of `reduce_tile` into one DST tile (1024,). `dst` None is a fresh section: 0, or -inf for MAX."""
    fresh = -np.inf if pool is PoolType.MAX else 0.0
    start = np.full(ELEMENTS, fresh, np.float32) if dst is None else dst
    tile = np.zeros(ELEMENTS, np.float32)
    live, target = (x.reshape(FACES)[LIVE[dim]] for x in (start, tile))
    if pool is PoolType.MAX:
        total = _largest(dim, live.reshape(-1), a)
    elif dim is ReduceDim.REDUCE_SCALAR:
        total = _sum_of_all(live.reshape(-1), a, scaler, fp32_dest, fidelity)
    else:
        total = narrow(_sums(dim, wide(live.reshape(-1)), a, scaler, fp32_dest, fidelity))
    target[...] = total.reshape(target.shape)
    return tile


def _sums(dim: ReduceDim, dst: Wide, a: Floats, scaler: Floats, fp32_dest: bool, fidelity: MathFidelity) -> Wide:
    """32 sums over rows or columns. Only row 0 of the scaler's faces is read."""
    weights = scaler.reshape(2, 2, 16, 16)[:, :, 0]  # face row, face column, k
    if dim is ReduceDim.REDUCE_ROW:  # a weight a column, from faces 0 and 1, through SrcA
        data, weights = numbers(_lines(dim, a), weights[0].reshape(2, 2, 8).transpose(1, 2, 0))
        sums, exponents = dots(weights[:, :, None, :, None], data, fidelity)
        order = (1, 0, 2)  # tile, phase, half
    else:  # a weight a row, each face from the scaler's same face
        weights = np.repeat(weights.reshape(2, 2, 2, 8).transpose(2, 3, 0, 1), 16, axis=3)
        data, weights = numbers(_lines(dim, a), weights)
        sums, exponents = dots(data, weights[:, :, None], fidelity)
        order = (1, 2, 0)
    # sums: phase, group, tile, half, 32; exponents: phase, tile, half, 32
    steps = np.moveaxis(sums, 1, 3).transpose(*order, 3, 4).reshape(-1, 2, TILE)
    return chained(dst, steps, exponents.transpose(*order, 3).reshape(-1, TILE), fp32_dest)


def _lines(dim: ReduceDim, a: Floats) -> Floats:
    """What is summed: (group of 8, k, tile, half, 32), `half` the left and right columns, or the upper and lower rows."""
    faces = a.reshape(-1, 2, 2, 16, 16)  # tile, face row, face column, row, column
    if dim is ReduceDim.REDUCE_ROW:
        lines = faces.transpose(4, 0, 2, 1, 3)
    else:
        lines = faces.transpose(3, 0, 1, 2, 4)
    return lines.reshape(2, 8, len(faces), 2, TILE)


def _sum_of_all(dst: Floats, a: Floats, scaler: Floats, fp32_dest: bool, fidelity: MathFidelity) -> Floats:
    """Each tile's 16 column sums go back through SrcA and are weighted again, by the last face's scaler (W)."""
    weights = scaler.reshape(4, 16, 16)[:, 0].reshape(4, 2, 8, 1)
    held = wide(dst)
    for tile in a:
        columns = np.zeros(16)
        for face, weight in zip(tile.reshape(4, 2, 8, 16), weights, strict=True):
            columns = _entered(columns, face, weight, fp32_dest, fidelity)
        again = to_source(narrow(columns), fp32_dest).reshape(2, 8, 1)
        held = _entered(held, again, weights[3], fp32_dest, fidelity)
    return narrow(held)


def _entered(dst: Wide, a: Floats, b: Floats, fp32_dest: bool, fidelity: MathFidelity) -> Wide:
    x, y = numbers(a, b)
    sums, exponents = dots(x, y, fidelity)
    return chained(dst, sums, exponents, fp32_dest)


def _largest(dim: ReduceDim, dst: Floats, a: Floats) -> Floats:
    """The maximum, where inf and NaN are large numbers: sign and magnitude compared as integers."""
    lines = (a if dim is ReduceDim.REDUCE_SCALAR else _lines(dim, a)).reshape(-1, len(dst))
    bits = np.concatenate([dst[None], lines]).view(np.int32)
    return _ordered(_ordered(bits).max(axis=0)).view(np.float32)


def _ordered(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sign and magnitude to two's complement, and back."""
    return np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)
