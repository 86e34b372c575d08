"""Compute kernels of the measured programs. Left out: the originals' other variants."""

from __future__ import annotations

from .. import compute as ck
from .. import kernel_lib
from ..kernel_lib import InputPolicy, ReduceInputPolicy
from .dataflow import IN, IN_B, OUT


async def relu() -> None:
    """c_0 to c_16 through relu_tile: a DST section a tile, CBs moved a block at a time."""
    block, left = ck.get_compile_time_arg_val(0), ck.get_arg_val(1)
    ck.compute_kernel_hw_startup(IN, OUT)
    ck.copy_init(IN)
    ck.relu_tile_init()
    while left:
        tiles = min(block, left)
        await ck.cb_wait_front(IN, tiles)
        await ck.cb_reserve_back(OUT, tiles)
        for i in range(tiles):
            ck.tile_regs_acquire()
            ck.copy_tile(IN, i, 0)
            ck.relu_tile(0)
            ck.tile_regs_commit()
            ck.tile_regs_wait()
            ck.pack_tile(0, OUT)
            ck.tile_regs_release()
        ck.cb_pop_front(IN, tiles)
        ck.cb_push_back(OUT, tiles)
        left -= tiles


async def tilize() -> None:
    """A tile row of sticks in c_0 to tiles in c_16. With 0 tiles: what stands around the measured part."""
    width = ck.get_arg_val(1)
    ck.compute_kernel_hw_startup(IN, OUT)
    ck.tilize_init(IN, width or 1, OUT)
    if width:
        await ck.cb_wait_front(IN, width)
        await ck.cb_reserve_back(OUT, width)
        ck.tilize_block(IN, width, OUT)
        ck.cb_push_back(OUT, width)
        ck.cb_pop_front(IN, width)


async def row_mean() -> None:
    """The tiles of c_0, a row of them, to one tile of means in c_16; the scaler is in c_1."""
    tiles = ck.get_arg_val(1)
    ck.compute_kernel_hw_startup(IN_B, IN, OUT)
    if tiles:
        total, row, policy = ck.PoolType.SUM, ck.ReduceDim.REDUCE_ROW, ReduceInputPolicy.BulkWaitBulkPop
        await kernel_lib.reduce(total, row, IN, IN_B, OUT, 1, tiles, policy=policy)


async def square() -> None:
    """The tiles of c_0 times themselves to c_16, a DST section a tile. The init is no part of what is measured."""
    tiles = ck.get_arg_val(1)
    ck.compute_kernel_hw_startup(IN, OUT)
    ck.mul_init(IN, IN)
    for _ in range(tiles):
        await ck.cb_wait_front(IN, 1)
        ck.tile_regs_acquire()
        ck.mul_tiles(IN, IN, 0, 0, 0)
        ck.tile_regs_commit()
        ck.cb_pop_front(IN, 1)
        await ck.cb_reserve_back(OUT, 1)
        ck.tile_regs_wait()
        ck.pack_tile(0, OUT)
        ck.tile_regs_release()
        ck.cb_push_back(OUT, 1)


async def scale() -> None:
    """The tiles of c_0 times the column of c_1 to c_16."""
    tiles = ck.get_arg_val(1)
    ck.compute_kernel_hw_startup(IN, IN_B, OUT)
    if tiles:
        mul, column = ck.EltwiseBinaryType.ELWMUL, ck.BroadcastType.COL
        await kernel_lib.binary(mul, column, IN, IN_B, OUT, 1, tiles, policy_b=InputPolicy.WaitUpfrontNoPop)
