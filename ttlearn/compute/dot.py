"""Reduce, matmul and transpose.

A reduce weighs a tile by its scaler tile and sums (or takes the maximum) over rows, columns or all; it adds
to DST over several calls. The packer masks what lies outside the result until `reduce_uninit`. AVG is SUM:
the kernel supplies 1/N. Left out: reduction of DST (sfpu_reduce).
"""

from __future__ import annotations

from ..sim.fpu import PoolType, ReduceDim
from ..sim.roles import Math, Pack, Unpack
from ..sim.waits import Role, now
from ..sim.work import Shape
from . import programs
from .state import compute_kernel_hw_startup, engine

__all__ = [
    "PoolType",
    "ReduceDim",
    "matmul_block",
    "matmul_block_init",
    "matmul_init",
    "matmul_tiles",
    "mm_block_init_short",
    "mm_init_short",
    "reduce_block",
    "reduce_init",
    "reduce_tile",
    "reduce_uninit",
    "transpose_block",
    "transpose_init",
    "transpose_tile",
    "transpose_wh_init",
    "transpose_wh_init_short",
    "transpose_wh_tile",
]

_U, _M, _P = Role.UNPACK, Role.MATH, Role.PACK
_SWAPPED = {
    (pool, dim): pool is not PoolType.MAX and dim is ReduceDim.REDUCE_ROW for pool in PoolType for dim in ReduceDim
}
_SHAPES = {(pool, dim): programs.reduce_shapes(pool, dim) for pool in PoolType for dim in ReduceDim}


def reduce_init(icb: int, icb_scaler: int, ocb: int, *, reduce_type: PoolType, reduce_dim: ReduceDim) -> None:
    """Program a reduction, and the packer's mask. Formats stay: REDUCE_ROW's SUM takes the scaler as SrcA."""
    risc = engine("reduce_init")
    if isinstance(risc, Unpack):
        program = programs.UNPACK_REDUCE_ROW if _SWAPPED[reduce_type, reduce_dim] else programs.UNPACK_REDUCE
        risc.configure(program=program)
    elif isinstance(risc, Math):
        risc.configure(program=programs.reduce(reduce_type, reduce_dim))
    elif isinstance(risc, Pack):
        risc.configure(mask=reduce_dim)


def reduce_tile(
    icb: int, icb_scaler: int, itile: int, itile_scaler: int, idst: int, *, reduce_type: PoolType, reduce_dim: ReduceDim
) -> None:
    """DST[idst] += the reduction of icb[itile] weighed by icb_scaler[itile_scaler]."""
    role = now.role
    if role is _U:
        if _SWAPPED[reduce_type, reduce_dim]:
            now.risc.unpack(icb_scaler, itile_scaler, icb, itile, "reduce_tile")
        else:
            now.risc.unpack(icb, itile, icb_scaler, itile_scaler, "reduce_tile")
    elif role is _M:
        now.risc.math(idst, "reduce_tile", _SHAPES[reduce_type, reduce_dim])
    elif role is not _P:
        engine("reduce_tile")


def reduce_block(
    icb: int,
    icb_scaler: int,
    start_itile: int,
    itile_scaler: int,
    start_idst: int,
    ntiles: int,
    *,
    reduce_type: PoolType,
    reduce_dim: ReduceDim,
) -> None:
    """`ntiles` reductions, of consecutive tiles into consecutive DST tiles: nothing is summed over tiles."""
    risc, swapped = engine("reduce_block"), _SWAPPED[reduce_type, reduce_dim]
    if isinstance(risc, Unpack) and ntiles:
        step = risc.ring(icb, "reduce_block").page
        if swapped:
            risc.unpack(icb_scaler, itile_scaler, icb, start_itile, "reduce_block")
        else:
            risc.unpack(icb, start_itile, icb_scaler, itile_scaler, "reduce_block")
        risc.grow(ntiles, da=0 if swapped else step, db=step if swapped else 0)
    elif isinstance(risc, Math) and ntiles:
        risc.math(start_idst, "reduce_block", _SHAPES[reduce_type, reduce_dim])
        risc.check_dst("reduce_block", start_idst + ntiles - 1)
        risc.grow(ntiles, ddst=1)


def reduce_uninit(icb: int = 0) -> None:
    """Take the packer's mask away."""
    risc = engine("reduce_uninit")
    if isinstance(risc, Pack):
        risc.configure(mask=None)


def matmul_init(in0_cb_id: int, in1_cb_id: int, transpose: int = 0) -> None:
    """Program a tile product, with in1's tiles transposed if `transpose`.

    in1 goes to SrcA: start up with `src_order=SrcOrder.Reverse`.
    """
    risc = engine("matmul_init")
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_MATMUL_TRANSPOSED if transpose else programs.UNPACK_MATMUL)
    elif isinstance(risc, Math):
        risc.configure(program=programs.MATMUL)


mm_init_short = matmul_init

_DIRECT = Shape(1, 0, 1)  # in0 is unpacked by the call itself, beside the programmed in1
_PRODUCT = (programs.MATMUL_CALL, programs.MATMUL_CALL)


def matmul_tiles(in0_cb_id: int, in1_cb_id: int, in0_tile_index: int, in1_tile_index: int, idst: int) -> None:
    """DST[idst] += in0[in0_tile_index] @ in1[in1_tile_index]."""
    role = now.role
    if role is _U:
        now.risc.unpack(in1_cb_id, in1_tile_index, in0_cb_id, in0_tile_index, "matmul_tiles", _DIRECT)
    elif role is _M:
        now.risc.math(idst, "matmul_tiles", _PRODUCT)
    elif role is not _P:
        engine("matmul_tiles")


def matmul_block_init(
    in0_cb_id: int, in1_cb_id: int, transpose: int = 0, ct_dim: int = 1, rt_dim: int = 1, kt_dim: int = 1
) -> None:
    """Program a block product."""
    matmul_init(in0_cb_id, in1_cb_id, transpose)


mm_block_init_short = matmul_block_init


def matmul_block(
    in0_cb_id: int,
    in1_cb_id: int,
    in0_tile_index: int,
    in1_tile_index: int,
    idst: int,
    transpose: int,
    ct_dim: int,
    rt_dim: int,
    kt_dim: int,
) -> None:
    """rt_dim x ct_dim tile products into DST from `idst` on; in0's rows are kt_dim tiles apart."""
    for r in range(rt_dim):
        for c in range(ct_dim):
            matmul_tiles(in0_cb_id, in1_cb_id, in0_tile_index + r * kt_dim, in1_tile_index + c, idst + r * ct_dim + c)


def transpose_init(icb: int) -> None:
    """Program the transposition of tiles."""
    risc = engine("transpose_init")
    if isinstance(risc, Unpack):
        risc.configure(program=programs.UNPACK_TRANSPOSED)
    elif isinstance(risc, Math):
        risc.configure(program=programs.TRANSPOSE)


def transpose_tile(icb: int, itile: int, idst: int) -> None:
    """DST[idst] = icb[itile] transposed."""
    role = now.role
    if role is _U:
        now.risc.unpack(icb, itile, icb, itile, "transpose_tile")
    elif role is _M:
        now.risc.math(idst, "transpose_tile")
    elif role is not _P:
        engine("transpose_tile")


def transpose_block(icb: int, start_itile: int, start_idst: int, ntiles: int) -> None:
    """`ntiles` transpositions, of consecutive tiles into consecutive DST tiles."""
    risc = engine("transpose_block")
    if isinstance(risc, Unpack) and ntiles:
        page = risc.ring(icb, "transpose_block").page
        risc.unpack(icb, start_itile, icb, start_itile, "transpose_block")
        risc.grow(ntiles, da=page, db=page)
    elif isinstance(risc, Math) and ntiles:
        risc.math(start_idst, "transpose_block")
        risc.check_dst("transpose_block", start_idst + ntiles - 1)
        risc.grow(ntiles, ddst=1)


transpose_wh_init_short = transpose_init
transpose_wh_tile = transpose_tile


def transpose_wh_init(icb: int, ocb: int) -> None:
    """The older full start-up: `compute_kernel_hw_startup` and `transpose_init`."""
    compute_kernel_hw_startup(icb, ocb)
    transpose_init(icb)
