"""The math thread's arithmetic: pure functions from source tiles to what DST holds.

Arrays are float32, (n, 1024) in face order, already cut to what the source registers hold. A call
stands for n like calls of the hardware, one a tile. Here are element-wise operations and matmul; `reduce_tile` is in
`reduction`, and what both multiply and round with in `products`. Left out, and done by `exact`: the chip's shorter
addends, its rounding after every fidelity phase and face, its inf and NaN as large numbers. Marks as `formats`.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from .formats import Floats
from .products import MathFidelity, added, dot, factors, quiet, rounded_sum, stored, times, to_source
from .reduction import LIVE, PoolType, ReduceDim, reduce, reduce_accumulate
from .tile import ELEMENTS, FACES, TILE, from_rows, to_rows, untilize

__all__ = [
    "FACES",
    "LIVE",
    "BroadcastType",
    "EltwiseBinaryType",
    "MathFidelity",
    "PoolType",
    "ReduceDim",
    "accumulate",
    "broadcast",
    "eltwise",
    "from_l1",
    "matmul_accumulate",
    "quiet",
    "reduce",
    "reduce_accumulate",
    "to_source",
    "transpose_wh",
]


class EltwiseBinaryType(Enum):
    ELWADD = "add"
    ELWSUB = "sub"
    ELWMUL = "mul"
    __hash__ = object.__hash__  # Enum's own is Python: here, below and in `reduction`, 6 us of a layernorm's tile (240)


class BroadcastType(Enum):
    """Which elements of B are used for all: its column 0, its row 0, or its first."""

    NONE = "none"
    COL = "col"
    ROW = "row"
    SCALAR = "scalar"
    __hash__ = object.__hash__


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
    """DST + (a op b) for n tiles, (n, 1024); b is n tiles or one. Add and subtract know no fidelity [R]."""
    b = broadcast(b, bcast)
    if op is EltwiseBinaryType.ELWADD:
        result = a + b
    elif op is EltwiseBinaryType.ELWSUB:
        result = a - b
    else:
        result = added([times(x, y) for x, y in factors(a, b, fidelity)])
    result = stored(result, fp32_dest)
    return result if dst is None else accumulate(dst, result, fp32_dest)


_USED_OF_B = {
    BroadcastType.COL: np.s_[:, :, :1, :, :1],  # faces 0 and 2
    BroadcastType.ROW: np.s_[:, :1, :, :1, :],  # faces 0 and 1
    BroadcastType.SCALAR: np.s_[:, :1, :1, :1, :1],
}


def broadcast(b: Floats, bcast: BroadcastType) -> Floats:
    """The (m, 1024) operand that a broadcast makes of B's (m, 1024) [R]."""
    if bcast is BroadcastType.NONE:
        return b
    faces = b.reshape(FACES)
    return np.broadcast_to(faces[_USED_OF_B[bcast]], faces.shape).reshape(b.shape)


@quiet
def accumulate(dst: Floats, term: Floats, fp32_dest: bool) -> Floats:
    """DST += term, as multiplications do."""
    return stored(dst + term, fp32_dest)


def transpose_wh(a: Floats) -> Floats:
    """Each of n tiles transposed."""
    return a.reshape(FACES).transpose(0, 2, 1, 4, 3).reshape(a.shape)


@quiet
def matmul_accumulate(dst: Floats, a: Floats, b: Floats, fp32_dest: bool, fidelity: MathFidelity) -> Floats:
    """DST (1024,) += A @ B for n pairs of tiles, one after the other. B goes through SrcA [R]."""
    pairs = factors(b, a, fidelity)
    if not fp32_dest:
        products = added([dot(to_rows(y), to_rows(x)) for x, y in pairs])
        return rounded_sum(dst, from_rows(products))
    # n products that are added without rounding are one product, 32n long
    total = added([dot(untilize(y), to_rows(x).reshape(-1, TILE)) for x, y in pairs])
    return dst + from_rows(total).reshape(ELEMENTS)


def from_l1(x: Floats) -> Floats:
    """What the math makes of operands as `unpack` has cut them: here fp32 denormals are numbers."""
    return x
