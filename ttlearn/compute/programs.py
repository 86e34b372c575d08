"""What each init programs into the engine: the Src halves an unpack gives, the halves MATH takes, and the sum.

An op call only runs what an init has programmed, so an op after a foreign init computes what that init
said, or starves, or chokes: the counts here decide which. They are read in the 0.81.1 headers
(llk_unpack_*.h, llk_math_*.h, Wormhole); one half is one face of 16 rows, or a whole tile where noted.
Left out: programs of the other template kind (matmul's under an element-wise call).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..sim import fpu
from ..sim.arch import Arch
from ..sim.fpu import BroadcastType, EltwiseBinaryType, MathFidelity, PoolType, ReduceDim
from ..sim.roles import Math
from ..sim.work import MathProgram, Shape, Tiles, UnpackProgram

# ---- UNPACK -----------------------------------------------------------------------------------------------

UNPACK_A = UnpackProgram("copy", 4, 4, reads=1)  # SrcB gets dummy zeros
UNPACK_TO_DEST = UnpackProgram("copy to DST", 4, 4, reads=1, whole=True)  # its time is that of a copy (unverified)
UNPACK_TRANSPOSED = UnpackProgram("transpose", 4, 4, reads=1)
UNPACK_TILIZE = UnpackProgram("tilize", 2, 2, reads=1)  # two runs a tile: upper faces, lower faces
UNPACK_UNTILIZE = UnpackProgram("untilize", 4, 4, reads=1, untilized=True)
UNPACK_MATMUL = UnpackProgram("matmul", 1, 0)  # whole tiles; in0 goes to SrcB by the call itself
UNPACK_MATMUL_TRANSPOSED = UnpackProgram("matmul, in1 transposed", 1, 0, transposed=True)
UNPACK_AB = {
    BroadcastType.NONE: UnpackProgram("two operands", 4, 4),
    BroadcastType.ROW: UnpackProgram("two operands, row broadcast", 4, 4),
    BroadcastType.COL: UnpackProgram("two operands, column broadcast", 4, 2),
    BroadcastType.SCALAR: UnpackProgram("two operands, scalar broadcast", 4, 1),
}
UNPACK_REUSE = {  # one operand is in DST: the other goes to SrcB if DST goes to SrcA, and the other way round
    True: UnpackProgram("DST as first operand", 4, 4, reads=1, only_b=True),
    False: UnpackProgram("DST as second operand", 4, 4, reads=1),
}
UNPACK_BCAST = {
    BroadcastType.ROW: UnpackProgram("row broadcast", 0, 4, reads=1, only_b=True),
    BroadcastType.COL: UnpackProgram("column broadcast", 1, 2, reads=1, only_b=True),
    BroadcastType.SCALAR: UnpackProgram("scalar broadcast", 1, 1, reads=1, only_b=True),
}
UNPACK_REDUCE = UnpackProgram("reduce", 4, 4)
UNPACK_REDUCE_ROW = UnpackProgram("reduce rows", 1, 1)  # whole tiles, scaler to SrcA

# ---- MATH -------------------------------------------------------------------------------------------------


def _copied(a: Tiles, b: Tiles, risc: Math, dst: Tiles | None) -> Tiles:
    return a


COPY = MathProgram("copy", 4, 4, lambda fidelity, arch: int(arch.copy), _copied)
TRANSPOSE = MathProgram(
    "transpose", 4, 4, lambda fidelity, arch: int(arch.copy), lambda a, b, risc, dst: fpu.transpose_wh(a)
)


@cache
def binary(op: EltwiseBinaryType, bcast: BroadcastType, high: bool, adds: bool = False) -> MathProgram:
    """add, sub or mul; above LoFi one run of mul takes one face through all phases. mul always adds to DST."""

    def apply(a: Tiles, b: Tiles, risc: Math, dst: Tiles | None) -> Tiles:
        return risc.arithmetic.eltwise(op, a, b, bcast, risc.fidelity, risc.fp32_dest, dst)

    def cycles(fidelity: MathFidelity, arch: Arch) -> int:
        return arch.eltwise * (fidelity.value if multiplies else 1)

    multiplies = op is EltwiseBinaryType.ELWMUL
    whole = bcast in (BroadcastType.NONE, BroadcastType.ROW)
    if multiplies and high:
        takes = (1, 1) if whole else (1, 0)
    else:
        takes = (4, 4) if whole else (2 if bcast is BroadcastType.COL else 4, 0)
    name = op.value if bcast is BroadcastType.NONE else f"{op.value}, {bcast.value} broadcast"
    return MathProgram(name, *takes, cycles, apply, adds=adds or multiplies)


def binary_shapes(op: EltwiseBinaryType, bcast: BroadcastType) -> tuple[Shape, Shape]:
    """Runs and extra releases of SrcB that a call makes, at LoFi and above."""
    low = {BroadcastType.COL: Shape(2, 0, 2), BroadcastType.SCALAR: Shape(1, 0, 1)}.get(bcast, Shape(1))
    if op is not EltwiseBinaryType.ELWMUL:
        return low, low
    high = {BroadcastType.COL: Shape(4, 0, 2), BroadcastType.SCALAR: Shape(4, 0, 1)}.get(bcast, Shape(4))
    return low, high


@cache
def reuse(op: EltwiseBinaryType, dst_first: bool) -> MathProgram:
    """DST = DST op operand, or operand op DST; a run takes one face, and the call moves DST's face to Src first."""
    multiplies = op is EltwiseBinaryType.ELWMUL

    def fold(dst: Tiles | None, a: Tiles, b: Tiles, risc: Math) -> Tiles:
        held = np.zeros(1024, np.float32) if dst is None else dst
        for operand in b if dst_first else a:
            # SrcA and SrcB are narrower than an fp32 DST (unverified)
            source = risc.arithmetic.to_source(held, risc.fp32_dest)
            pair = (source, operand) if dst_first else (operand, source)
            held = risc.arithmetic.eltwise(
                op, pair[0][None], pair[1][None], BroadcastType.NONE, risc.fidelity, risc.fp32_dest
            )[0]
        return held

    def cycles(fidelity: MathFidelity, arch: Arch) -> int:
        return arch.copy + arch.eltwise * (fidelity.value if multiplies else 1)  # unverified: both parts, one by one

    name = f"{op.value} with DST"
    return MathProgram(name, 1, 1, cycles, lambda a, b, risc, dst: fold(None, a, b, risc)[None], fold)


REUSE_CALL = (Shape(4), Shape(4))


def unary_bcast(bcast: BroadcastType) -> tuple[MathProgram, tuple[Shape, Shape]]:
    """A row, column or element of SrcB to a whole tile; and what a call takes."""
    takes = {BroadcastType.ROW: (0, 4), BroadcastType.COL: (0, 0), BroadcastType.SCALAR: (1, 1)}[bcast]
    shape = Shape(2, 1, 2) if bcast is BroadcastType.COL else Shape(1)

    def apply(a: Tiles, b: Tiles, risc: Math, dst: Tiles | None) -> Tiles:
        return np.broadcast_to(fpu.broadcast(b, bcast), a.shape)

    program = MathProgram(f"{bcast.value} broadcast", *takes, lambda fidelity, arch: int(arch.copy), apply)
    return program, (shape, shape)


@cache
def reduce(pool: PoolType, dim: ReduceDim) -> MathProgram:
    """Sum, or maximum, over a tile's rows, columns or all of it, added to what DST holds."""
    swapped = pool is not PoolType.MAX and dim is ReduceDim.REDUCE_ROW

    def fold(dst: Tiles | None, a: Tiles, b: Tiles, risc: Math) -> Tiles:
        data, scaler = (b, a) if swapped else (a, b)
        if len(data) < len(scaler):
            data = np.broadcast_to(data, scaler.shape)
        if len(scaler) == 1 or not (scaler != scaler[0]).any():
            return risc.arithmetic.reduce_accumulate(pool, dim, dst, data, scaler[0], risc.fp32_dest, risc.fidelity)
        for tile, weights in zip(data, scaler, strict=True):
            dst = risc.arithmetic.reduce_accumulate(pool, dim, dst, tile[None], weights, risc.fp32_dest, risc.fidelity)
        assert dst is not None
        return dst

    def apply(a: Tiles, b: Tiles, risc: Math, held: Tiles | None) -> Tiles:
        return fold(None, a, b, risc)[None]

    def cycles(fidelity: MathFidelity, arch: Arch) -> int:
        return arch.reduce_tile * fidelity.value // 4 if pool is not PoolType.MAX else arch.reduce_tile // 4

    takes = 1 if swapped else 0  # the call itself releases the faces of the others
    return MathProgram(f"reduce {pool.name} {dim.name}", takes, takes, cycles, apply, fold, adds=True)


def reduce_shapes(pool: PoolType, dim: ReduceDim) -> tuple[Shape, Shape]:
    if pool is not PoolType.MAX and dim is ReduceDim.REDUCE_ROW:
        return Shape(1), Shape(1)
    runs = Shape(0, 4, 4)
    return runs, runs if pool is PoolType.MAX else Shape(4, 4, 4)


def _product(dst: Tiles | None, a: Tiles, b: Tiles, risc: Math) -> Tiles:
    """SrcA holds in1, SrcB in0: DST += in0 @ in1."""
    n = max(len(a), len(b))
    in0, in1 = np.broadcast_to(b, (n, 1024)), np.broadcast_to(a, (n, 1024))
    start = np.zeros(1024, np.float32) if dst is None else dst
    return risc.arithmetic.matmul_accumulate(start, in0, in1, risc.fp32_dest, risc.fidelity)


MATMUL = MathProgram(
    "matmul",
    1,
    0,
    lambda fidelity, arch: int(arch.matmul_phase * fidelity.value + arch.matmul_fixed),
    lambda a, b, risc, dst: _product(None, a, b, risc)[None],
    _product,
    adds=True,
)
MATMUL_CALL = Shape(1, 0, 1)
