"""`reduce_tile`: sums and largest elements over the rows, the columns or the whole of tiles.

Arrays as in `fpu`: n tiles are float32 (n, 1024) in face order; the scaler is a tile, (1024,). Multiplied and rounded
by `products`. Left out: MAX's scaler. Marks as `formats`.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from .formats import Floats
from .products import MathFidelity, added, factors, quiet, rounded_sum, stored, times, to_source
from .tile import ELEMENTS, FACES


class PoolType(Enum):
    """AVG is SUM: the 1/N is the kernel's to supply, in the scaler."""

    SUM = "sum"
    AVG = "avg"
    MAX = "max"
    __hash__ = object.__hash__


class ReduceDim(Enum):
    """ROW leaves column 0, COL leaves row 0, SCALAR leaves one element."""

    REDUCE_ROW = "row"
    REDUCE_COL = "col"
    REDUCE_SCALAR = "scalar"
    __hash__ = object.__hash__


@quiet
def reduce(
    pool: PoolType,
    dim: ReduceDim,
    a: Floats,
    scaler: Floats,
    fp32_dest: bool,
    fidelity: MathFidelity,
) -> Floats:
    """`reduce_tile` of each of n tiles into a DST tile of its own: (n, 1024), 0 outside the result.

    MAX takes its scaler for 1, as the vendor's simulator does.
    """
    if pool is PoolType.MAX:
        return _placed(dim, _largest(dim, a))
    return _placed(dim, stored(_sums(dim, a, scaler, fp32_dest, fidelity), fp32_dest))


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
    """n calls of `reduce_tile` into one DST tile (1024,).

    `dst` None is a fresh section, which hardware reads as 0, or -inf for MAX [R].
    """
    fresh = -np.inf if pool is PoolType.MAX else 0.0
    tile = np.full(ELEMENTS, fresh, np.float32) if dst is None else dst
    start = tile.reshape(FACES)[LIVE[dim]]
    if pool is PoolType.MAX:
        total = np.maximum(start, _largest(dim, a.max(axis=0, keepdims=True)))
    elif fp32_dest:
        total = start + _sums(dim, a, scaler, fp32_dest, fidelity, merged=True)
    else:
        total = rounded_sum(start[0], _sums(dim, a, scaler, fp32_dest, fidelity))
    return _placed(dim, total.reshape(start.shape)).reshape(ELEMENTS)


# where a result lies, and over what it is taken; SCALAR takes its last step, over 16 columns, apart
LIVE: dict[ReduceDim, tuple[slice | int, ...]] = {
    ReduceDim.REDUCE_ROW: np.s_[:, :, 0, :, 0],
    ReduceDim.REDUCE_COL: np.s_[:, 0, :, 0, :],
    ReduceDim.REDUCE_SCALAR: np.s_[:, 0, 0, 0, 0],
}
_AXES = {
    ReduceDim.REDUCE_ROW: (2, 4),
    ReduceDim.REDUCE_COL: (1, 3),
    ReduceDim.REDUCE_SCALAR: (1, 2, 3),
}


def _placed(dim: ReduceDim, live: Floats) -> Floats:
    tiles = np.zeros((len(live), ELEMENTS), np.float32)
    tiles.reshape(FACES)[LIVE[dim]] = live
    return tiles


def _largest(dim: ReduceDim, a: Floats) -> Floats:
    largest: Floats = a.reshape(FACES).max(axis=_AXES[dim])
    return largest.max(axis=-1) if dim is ReduceDim.REDUCE_SCALAR else largest


def _sums(
    dim: ReduceDim,
    a: Floats,
    scaler: Floats,
    fp32_dest: bool,
    fidelity: MathFidelity,
    merged: bool = False,
) -> Floats:
    weighted = _weighted(dim, a, scaler, fidelity, merged)
    sums: Floats = weighted.reshape(FACES).sum(axis=_AXES[dim])
    if dim is not ReduceDim.REDUCE_SCALAR:
        return sums
    # The 16 column sums go back through SrcA and are weighted again, by the last face's scaler [S]:
    # a mean over N elements wants 1/sqrt(N) as its scaler.
    again = to_source(stored(sums, fp32_dest), fp32_dest)
    pairs = factors(again, scaler[-256:-240], fidelity)
    total: Floats = added([times(x, y) for x, y in pairs]).sum(axis=-1)
    return total


def _weighted(dim: ReduceDim, a: Floats, scaler: Floats, fidelity: MathFidelity, merged: bool) -> Floats:
    weights = _weights(dim, scaler)
    if dim is ReduceDim.REDUCE_ROW:  # the scaler goes through SrcA [R]
        pairs = [(data, weight) for weight, data in factors(weights, a, fidelity)]
    else:
        pairs = factors(a, weights, fidelity)
    if merged:  # all tiles have the same weights: added first, only one tile is left to weigh
        pairs = [(data.sum(axis=0, keepdims=True), weight) for data, weight in pairs]
    return added([times(data, weight) for data, weight in pairs])


def _weights(dim: ReduceDim, scaler: Floats) -> Floats:
    """Each element's weight, (1, 1024). Only row 0 of the scaler's faces is read.

    ROW: a weight a column, from faces 0 and 1 [R]. COL, SCALAR: a weight a row, each face from the
    scaler's same face [S].
    """
    rows = scaler.reshape(2, 2, 16, 16)[:, :, 0]
    used = rows[:1, :, None, :] if dim is ReduceDim.REDUCE_ROW else rows[:, :, :, None]
    return np.broadcast_to(used, (2, 2, 16, 16)).reshape(1, ELEMENTS)
