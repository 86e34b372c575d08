"""The same twelve phases without helpers, for study: every wait, section, pack and pop stands here.

Read it beside `compute`: what a helper's policy says in a word there is a line here. Left out: shortened
kernels, which stop after a phase, and the streaming design; those exist with helpers only.
"""

from __future__ import annotations

from ..compute import (
    DEST_AUTO_LIMIT,
    BroadcastType,
    PoolType,
    ReduceDim,
    add_bcast_rows_init,
    add_bcast_scalar_init,
    add_init,
    add_tiles,
    add_tiles_bcast,
    binop_with_scalar_tile_init,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    compute_kernel_hw_startup,
    get_arg_val,
    get_compile_time_arg_val,
    mul_bcast_cols_init,
    mul_bcast_rows_init,
    mul_init,
    mul_tiles,
    mul_tiles_bcast,
    mul_unary_tile,
    pack_reconfig_data_format,
    pack_tile,
    pack_untilize_block,
    pack_untilize_init,
    pack_untilize_uninit,
    reconfig_data_format,
    reduce_init,
    reduce_tile,
    reduce_uninit,
    rsqrt_tile,
    rsqrt_tile_init,
    sub_bcast_cols_init,
    sub_tiles_bcast,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
    tilize_block,
    tilize_init,
    tilize_uninit,
)
from .cbs import (
    BETA,
    BETA_TILED,
    CENTERED,
    EPSILON,
    GAMMA,
    GAMMA_TILED,
    IN,
    INV_STD,
    MEAN,
    OUT,
    RESIDUAL,
    SCALER,
    TILED,
    VARIANCE,
)

ROW, COL, SCALAR = BroadcastType.ROW, BroadcastType.COL, BroadcastType.SCALAR
SUM, REDUCE_ROW = PoolType.SUM, ReduceDim.REDUCE_ROW


async def tilize(wt: int, cb_in: int, cb_out: int, pages: int) -> None:
    """Phases 1 to 3: `pages` sticks or tiles of one tile row to Wt tiles."""
    reconfig_data_format(cb_in, cb_in)
    pack_reconfig_data_format(cb_out)
    tilize_init(cb_in, wt, cb_out)
    await cb_wait_front(cb_in, pages)
    await cb_reserve_back(cb_out, wt)
    tilize_block(cb_in, wt, cb_out)
    cb_push_back(cb_out, wt)
    cb_pop_front(cb_in, pages)
    tilize_uninit(cb_in, cb_out)


async def add(wt: int, cb_in: int, cb_other: int) -> None:
    """After phase 3: the sum goes to the back of `cb_in`, which has room for two tile rows."""
    reconfig_data_format(cb_in, cb_other)
    pack_reconfig_data_format(cb_in)
    add_init(cb_in, cb_other)
    await cb_wait_front(cb_in, wt)
    await cb_wait_front(cb_other, wt)
    await cb_reserve_back(cb_in, wt)
    dst = DEST_AUTO_LIMIT()
    for first in range(0, wt, dst):
        block = min(dst, wt - first)
        tile_regs_acquire()
        for i in range(block):
            add_tiles(cb_in, cb_other, first + i, first + i, i)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(block):
            pack_tile(i, cb_in)
        tile_regs_release()
    cb_push_back(cb_in, wt)
    cb_pop_front(cb_in, wt)
    cb_pop_front(cb_other, wt)


async def row_mean(wt: int, cb_in: int, cb_out: int, correction: int | None = None) -> None:
    """Phases 4 and 7: Wt tiles, weighed by 1/W, to one tile whose column 0 counts. Keeps its input."""
    reconfig_data_format(SCALER, cb_in)  # this reduction takes the scaler as SrcA
    pack_reconfig_data_format(cb_out)
    reduce_init(cb_in, SCALER, cb_out, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    await cb_wait_front(SCALER, 1)
    await cb_wait_front(cb_in, wt)
    tile_regs_acquire()
    for t in range(wt):
        reduce_tile(cb_in, SCALER, t, 0, 0, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    if correction is not None:
        binop_with_scalar_tile_init()
        mul_unary_tile(0, correction)
    tile_regs_commit()
    await cb_reserve_back(cb_out, 1)
    tile_regs_wait()
    pack_tile(0, cb_out)
    tile_regs_release()
    cb_push_back(cb_out, 1)
    reduce_uninit(cb_in)


async def center(wt: int, cb_in: int, cb_out: int) -> None:
    """Phase 5."""
    reconfig_data_format(cb_in, MEAN)
    pack_reconfig_data_format(cb_out)
    sub_bcast_cols_init(cb_in, MEAN)
    await cb_wait_front(cb_in, wt)
    await cb_wait_front(MEAN, 1)
    await cb_reserve_back(cb_out, wt)
    dst = DEST_AUTO_LIMIT()
    for first in range(0, wt, dst):
        block = min(dst, wt - first)
        tile_regs_acquire()
        for i in range(block):
            sub_tiles_bcast(cb_in, MEAN, first + i, 0, i, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(block):
            pack_tile(i, cb_out)
        tile_regs_release()
    cb_push_back(cb_out, wt)
    cb_pop_front(cb_in, wt)
    cb_pop_front(MEAN, 1)


async def square(wt: int, cb_in: int, cb_out: int) -> None:
    """Phase 6. Does not pop its input: phase 9 needs it."""
    reconfig_data_format(cb_in, cb_in)
    pack_reconfig_data_format(cb_out)
    mul_init(cb_in, cb_in)
    await cb_wait_front(cb_in, wt)
    await cb_reserve_back(cb_out, wt)
    dst = DEST_AUTO_LIMIT()
    for first in range(0, wt, dst):
        block = min(dst, wt - first)
        tile_regs_acquire()
        for i in range(block):
            mul_tiles(cb_in, cb_in, first + i, first + i, i)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(block):
            pack_tile(i, cb_out)
        tile_regs_release()
    cb_push_back(cb_out, wt)


async def inverse_std() -> None:
    """Phase 8."""
    reconfig_data_format(VARIANCE, EPSILON)
    pack_reconfig_data_format(INV_STD)
    add_bcast_scalar_init(VARIANCE, EPSILON)
    await cb_wait_front(VARIANCE, 1)
    await cb_wait_front(EPSILON, 1)
    tile_regs_acquire()
    add_tiles_bcast(VARIANCE, EPSILON, 0, 0, 0, tBcastDim=SCALAR)
    rsqrt_tile_init()
    rsqrt_tile(0)
    tile_regs_commit()
    await cb_reserve_back(INV_STD, 1)
    tile_regs_wait()
    pack_tile(0, INV_STD)
    tile_regs_release()
    cb_push_back(INV_STD, 1)
    cb_pop_front(VARIANCE, 1)


async def normalize(wt: int, cb_in: int, cb_out: int) -> None:
    """Phase 9."""
    reconfig_data_format(cb_in, INV_STD)
    pack_reconfig_data_format(cb_out)
    mul_bcast_cols_init(cb_in, INV_STD)
    await cb_wait_front(cb_in, wt)
    await cb_wait_front(INV_STD, 1)
    await cb_reserve_back(cb_out, wt)
    dst = DEST_AUTO_LIMIT()
    for first in range(0, wt, dst):
        block = min(dst, wt - first)
        tile_regs_acquire()
        for i in range(block):
            mul_tiles_bcast(cb_in, INV_STD, first + i, 0, i, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(block):
            pack_tile(i, cb_out)
        tile_regs_release()
    cb_push_back(cb_out, wt)
    cb_pop_front(cb_in, wt)
    cb_pop_front(INV_STD, 1)


async def affine(wt: int, cb_in: int, cb_row: int, cb_out: int, multiply: bool) -> None:
    """Phases 10 (times gamma) and 11 (plus beta): row 0 of the tiles in `cb_row`, which stay."""
    reconfig_data_format(cb_in, cb_row)
    pack_reconfig_data_format(cb_out)
    (mul_bcast_rows_init if multiply else add_bcast_rows_init)(cb_in, cb_row)
    tiles = mul_tiles_bcast if multiply else add_tiles_bcast
    await cb_wait_front(cb_in, wt)
    await cb_wait_front(cb_row, wt)
    await cb_reserve_back(cb_out, wt)
    dst = DEST_AUTO_LIMIT()
    for first in range(0, wt, dst):
        block = min(dst, wt - first)
        tile_regs_acquire()
        for i in range(block):
            tiles(cb_in, cb_row, first + i, first + i, i, tBcastDim=ROW)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(block):
            pack_tile(i, cb_out)
        tile_regs_release()
    cb_push_back(cb_out, wt)
    cb_pop_front(cb_in, wt)


async def untilize(wt: int, cb_in: int, pages: int) -> None:
    """Phase 12: in column blocks that divide Wt and fit a DST section."""
    block = column_block(wt)
    reconfig_data_format(cb_in, cb_in)
    pack_untilize_init(cb_in, OUT, block_ct_dim=block, full_ct_dim=wt)
    await cb_reserve_back(OUT, pages)
    for c in range(wt // block):
        await cb_wait_front(cb_in, block)
        pack_untilize_block(cb_in, 1, OUT, c, block_ct_dim=block, full_ct_dim=wt)
        cb_pop_front(cb_in, block)
    cb_push_back(OUT, pages)
    pack_untilize_uninit(OUT)


def column_block(wt: int) -> int:
    """The largest divisor of Wt that fits a DST section."""
    block = min(wt, DEST_AUTO_LIMIT())
    while wt % block:
        block -= 1
    return block


async def compute() -> None:
    """Once gamma and beta, then ten phases a tile row."""
    wt, sticks, has_gamma, has_beta, recentre, _last, rms, has_residual = (
        get_compile_time_arg_val(i) for i in range(8)
    )
    tile_rows, correction = get_arg_val(0), get_arg_val(1)
    row_pages, one_stick = (32, 1) if sticks else (wt, wt)
    compute_kernel_hw_startup(IN, SCALER, TILED)
    if has_gamma:
        await tilize(wt, GAMMA, GAMMA_TILED, one_stick)
    if has_beta:
        await tilize(wt, BETA, BETA_TILED, one_stick)
    for _ in range(tile_rows):
        here, there = TILED, CENTERED  # the tile row goes to and fro between two CBs
        await tilize(wt, IN, here, row_pages)
        if has_residual:
            await tilize(wt, RESIDUAL, there, row_pages)
            await add(wt, here, there)
        if not rms:
            await row_mean(wt, here, MEAN, correction if recentre else None)
            await center(wt, here, there)
            here, there = there, here
        if recentre:
            await row_mean(wt, here, MEAN, correction)
            await center(wt, here, there)
            here, there = there, here
        await square(wt, here, there)
        await row_mean(wt, there, VARIANCE)
        cb_pop_front(there, wt)
        await inverse_std()
        await normalize(wt, here, there)
        here, there = there, here
        if has_gamma:
            await affine(wt, here, GAMMA_TILED, there, multiply=True)
            here, there = there, here
        if has_beta:
            await affine(wt, here, BETA_TILED, there, multiply=False)
            here, there = there, here
        await untilize(wt, here, row_pages)
