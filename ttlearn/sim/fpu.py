"""The math thread's arithmetic: pure functions from source tiles to what DST holds.

Arrays are float32, (n, 1024) in face order, already cut to what the source registers hold. A call
stands for n like calls of the hardware, one a tile. Products are exact, sums are float32, and a
16-bit DST rounds once a tile, to nearest, ties away. Left out, and done by `exact`: the chip's shorter
addends, its rounding after every fidelity phase and face, its inf and NaN as large numbers. Marks as `formats`.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from .formats import (
    BF16_BITS,
    HALF_ULP,
    TF32_BITS,
    Floats,
    round_dst16,
    truncate,
)
from .tile import ELEMENTS, TILE, from_rows, to_rows, untilize

FACES = (-1, 2, 2, 16, 16)  # tile, face row, face column, row, column

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


class EltwiseBinaryType(Enum):
    ELWADD = "add"
    ELWSUB = "sub"
    ELWMUL = "mul"
    __hash__ = object.__hash__  # Enum's own is Python: here and below, 6 us of a layernorm's tile (240)


class BroadcastType(Enum):
    """Which elements of B are used for all: its column 0, its row 0, or its first."""

    NONE = "none"
    COL = "col"
    ROW = "row"
    SCALAR = "scalar"
    __hash__ = object.__hash__


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


# Element-wise


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
        result = _added([_times(x, y) for x, y in _factors(a, b, fidelity)])
    result = _stored(result, fp32_dest)
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
    return _stored(dst + term, fp32_dest)


def transpose_wh(a: Floats) -> Floats:
    """Each of n tiles transposed."""
    return a.reshape(FACES).transpose(0, 2, 1, 4, 3).reshape(a.shape)


# Dot products


@quiet
def matmul_accumulate(dst: Floats, a: Floats, b: Floats, fp32_dest: bool, fidelity: MathFidelity) -> Floats:
    """DST (1024,) += A @ B for n pairs of tiles, one after the other. B goes through SrcA [R]."""
    pairs = _factors(b, a, fidelity)
    if not fp32_dest:
        products = _added([_dot(to_rows(y), to_rows(x)) for x, y in pairs])
        return _rounded_sum(dst, from_rows(products))
    # n products that are added without rounding are one product, 32n long
    total = _added([_dot(untilize(y), to_rows(x).reshape(-1, TILE)) for x, y in pairs])
    return dst + from_rows(total).reshape(ELEMENTS)


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
    return _placed(dim, _stored(_sums(dim, a, scaler, fp32_dest, fidelity), fp32_dest))


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
        total = _rounded_sum(start[0], _sums(dim, a, scaler, fp32_dest, fidelity))
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
    again = to_source(_stored(sums, fp32_dest), fp32_dest)
    pairs = _factors(again, scaler[-256:-240], fidelity)
    total: Floats = _added([_times(x, y) for x, y in pairs]).sum(axis=-1)
    return total


def _weighted(dim: ReduceDim, a: Floats, scaler: Floats, fidelity: MathFidelity, merged: bool) -> Floats:
    weights = _weights(dim, scaler)
    if dim is ReduceDim.REDUCE_ROW:  # the scaler goes through SrcA [R]
        pairs = [(data, weight) for weight, data in _factors(weights, a, fidelity)]
    else:
        pairs = _factors(a, weights, fidelity)
    if merged:  # all tiles have the same weights: added first, only one tile is left to weigh
        pairs = [(data.sum(axis=0, keepdims=True), weight) for data, weight in pairs]
    return _added([_times(data, weight) for data, weight in pairs])


def _weights(dim: ReduceDim, scaler: Floats) -> Floats:
    """Each element's weight, (1, 1024). Only row 0 of the scaler's faces is read.

    ROW: a weight a column, from faces 0 and 1 [R]. COL, SCALAR: a weight a row, each face from the
    scaler's same face [S].
    """
    rows = scaler.reshape(2, 2, 16, 16)[:, :, 0]
    used = rows[:1, :, None, :] if dim is ReduceDim.REDUCE_ROW else rows[:, :, :, None]
    return np.broadcast_to(used, (2, 2, 16, 16)).reshape(1, ELEMENTS)


# What DST and the multipliers do


def from_l1(x: Floats) -> Floats:
    """What the math makes of operands as `unpack` has cut them: here fp32 denormals are numbers."""
    return x


def to_source(x: Floats, fp32_dest: bool) -> Floats:
    """What SrcA or SrcB keeps of a value of DST."""
    return truncate(x, TF32_BITS if fp32_dest else BF16_BITS)


def _stored(x: Floats, fp32_dest: bool) -> Floats:
    return x if fp32_dest else round_dst16(x)


def _rounded_sum(start: Floats, terms: Floats) -> Floats:
    """start + terms[0] + terms[1] ..., each sum rounded as `round_dst16` does."""
    # in place, because this loop is most of a 16-bit reduction: 2 us a tile instead of 4
    total = np.array(start)
    bits = total.view(np.uint32)
    for term in terms:
        np.add(total, term, out=total)
        np.add(bits, HALF_ULP, out=bits)
        np.bitwise_and(bits, np.uint32(0xFFFF0000), out=bits)
    return total


def _factors(a: Floats, b: Floats, fidelity: MathFidelity) -> list[tuple[Floats, Floats]]:
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


def _added(terms: list[Floats]) -> Floats:
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _times(x: Floats, y: Floats) -> Floats:
    """x * y, where 0 times inf or NaN is 0, as in the FPU [R]."""
    product = x * y
    if np.isnan(product.max()):
        product = np.where((x == 0) | (y == 0), np.float32(0), product)
    return product


def _dot(x: Floats, y: Floats) -> Floats:
    """x @ y under the rule of `_times`."""
    product: Floats = x @ y
    if np.isnan(product.max()):
        product = _times(x[..., None], y[..., None, :, :]).sum(axis=-2)
    return product
