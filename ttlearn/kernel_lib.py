"""The helper library: whole phases as one call, with every wait and pop in the open.

Written with `ttlearn.compute` calls only (and `ttlearn.dataflow` for the scaler), like kernel_lib of TT-Metal,
whose policies these are. C++ template arguments come first. Each helper sets the formats it needs, programs
its operation and takes its marks off again. Left out: SFPU reductions, accumulation over calls.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np

from . import compute as ck
from . import dataflow as dm
from .compute import BroadcastType, EltwiseBinaryType, PoolType, ReduceDim
from .sim.formats import bfloat16, to_bf16_trunc

PostOp = Callable[[int], None]  # called with each DST tile before it is committed


class WaitMode(Enum):
    """How `tilize` and `untilize` wait for their input."""

    WaitBlock = "each block"
    WaitUpfront = "all blocks at once"
    NoWait = "the caller has waited"


class ReduceInputPolicy(Enum):
    """How `reduce` waits for and pops its input."""

    WaitAndPopPerTile = "one tile at a time"
    BulkWaitBulkPop = "a row at a time"
    WaitUpfrontNoPop = "all at once, and the caller pops"
    NoWaitNoPop = "the caller has waited and pops"


class InputPolicy(Enum):
    """How a binary operation waits for and pops one of its operands."""

    WaitAndPopPerTile = "one tile at a time"
    WaitUpfrontPopAtEnd = "all at once, popped at the end"
    WaitUpfrontNoPop = "all at once, and the caller pops"
    NoWaitNoPop = "the caller has waited and pops"


class OutputPolicy(Enum):
    """How a binary operation reserves and pushes its output."""

    PerBlock = "a DST section at a time"
    Bulk = "all at once"


# ---- sticks and tiles -------------------------------------------------------------------------------------


async def tilize(
    block_width_tiles: int,
    input_cb: int,
    output_cb: int,
    num_blocks: int,
    total_input_pages: int | None = None,
    *,
    wait: WaitMode = WaitMode.WaitBlock,
) -> None:
    """`num_blocks` tile rows of sticks to tiles.

    Input pages are tiles, `block_width_tiles` a block; or sticks, at most 32 a block, if `total_input_pages` is given.
    """
    left = total_input_pages
    ck.reconfig_data_format(input_cb, input_cb)
    ck.pack_reconfig_data_format(output_cb)
    ck.tilize_init(input_cb, block_width_tiles, output_cb)
    if wait is WaitMode.WaitUpfront:
        await ck.cb_wait_front(input_cb, left or block_width_tiles * num_blocks)
    for _ in range(num_blocks):
        pages = block_width_tiles
        if left is not None:
            pages, left = min(32, left), left - min(32, left)
        if wait is WaitMode.WaitBlock:
            await ck.cb_wait_front(input_cb, pages)
        await ck.cb_reserve_back(output_cb, block_width_tiles)
        ck.tilize_block(input_cb, block_width_tiles, output_cb)
        ck.cb_push_back(output_cb, block_width_tiles)
        ck.cb_pop_front(input_cb, pages)
    ck.tilize_uninit(input_cb, output_cb)


async def untilize(
    block_width_tiles: int,
    input_cb: int,
    output_cb: int,
    num_blocks: int,
    output_pages: int | None = None,
    *,
    wait: WaitMode = WaitMode.WaitBlock,
) -> None:
    """`num_blocks` tile rows to sticks, in column blocks that fit a DST section.

    Output pages are tiles, `block_width_tiles` a block, or as many as `output_pages` says (32 for sticks).
    """
    pages, width = output_pages or block_width_tiles, dest_block(block_width_tiles)
    ck.reconfig_data_format(input_cb, input_cb)
    ck.pack_untilize_init(input_cb, output_cb, block_ct_dim=width, full_ct_dim=block_width_tiles)
    if wait is WaitMode.WaitUpfront:
        await ck.cb_wait_front(input_cb, block_width_tiles * num_blocks)
    for _ in range(num_blocks):
        await ck.cb_reserve_back(output_cb, pages)
        for block in range(block_width_tiles // width):
            if wait is WaitMode.WaitBlock:
                await ck.cb_wait_front(input_cb, width)
            ck.pack_untilize_block(input_cb, 1, output_cb, block, block_ct_dim=width, full_ct_dim=block_width_tiles)
            ck.cb_pop_front(input_cb, width)
        ck.cb_push_back(output_cb, pages)
    ck.pack_untilize_uninit(output_cb)


def dest_block(width: int) -> int:
    """The largest divisor of `width` (tiles) that fits one DST section."""
    limit = ck.DEST_AUTO_LIMIT()
    return max(n for n in range(1, limit + 1) if width % n == 0)


# ---- reduce -----------------------------------------------------------------------------------------------


async def reduce(
    reduce_type: PoolType,
    reduce_dim: ReduceDim,
    input_cb: int,
    scaler_cb: int,
    output_cb: int,
    rows: int,
    cols: int,
    *,
    policy: ReduceInputPolicy = ReduceInputPolicy.WaitAndPopPerTile,
    post_op: PostOp | None = None,
) -> None:
    """Reduce a block of rows x cols tiles: a tile a row (REDUCE_ROW), a column (REDUCE_COL) or in all (REDUCE_SCALAR).

    Waits for the scaler tile and never pops it.
    """
    a, b = input_cb, scaler_cb
    if reduce_type is not PoolType.MAX and reduce_dim is ReduceDim.REDUCE_ROW:
        a, b = b, a  # this reduction takes the scaler as SrcA
    ck.reconfig_data_format(a, b)
    ck.pack_reconfig_data_format(output_cb)
    ck.reduce_init(input_cb, scaler_cb, output_cb, reduce_type=reduce_type, reduce_dim=reduce_dim)
    await ck.cb_wait_front(scaler_cb, 1)
    if policy is ReduceInputPolicy.WaitUpfrontNoPop:
        await ck.cb_wait_front(input_cb, rows * cols)
    for tiles in _reduced_tiles(reduce_dim, rows, cols):
        await _reduce_group(reduce_type, reduce_dim, input_cb, scaler_cb, output_cb, tiles, policy, post_op)
    ck.reduce_uninit(input_cb)


def _reduced_tiles(dim: ReduceDim, rows: int, cols: int) -> list[range]:
    """The input tiles of each output tile."""
    if dim is ReduceDim.REDUCE_ROW:
        return [range(r * cols, (r + 1) * cols) for r in range(rows)]
    if dim is ReduceDim.REDUCE_COL:
        return [range(c, rows * cols, cols) for c in range(cols)]
    return [range(rows * cols)]


async def _reduce_group(
    pool: PoolType,
    dim: ReduceDim,
    input_cb: int,
    scaler_cb: int,
    output_cb: int,
    tiles: range,
    policy: ReduceInputPolicy,
    post_op: PostOp | None,
) -> None:
    per_tile, bulk = policy is ReduceInputPolicy.WaitAndPopPerTile, policy is ReduceInputPolicy.BulkWaitBulkPop
    if bulk:
        await ck.cb_wait_front(input_cb, len(tiles))
    ck.tile_regs_acquire()
    if per_tile:
        for _ in tiles:
            await ck.cb_wait_front(input_cb, 1)
            ck.reduce_tile(input_cb, scaler_cb, 0, 0, 0, reduce_type=pool, reduce_dim=dim)
            ck.cb_pop_front(input_cb, 1)
    else:
        for tile in range(len(tiles)) if bulk else tiles:
            ck.reduce_tile(input_cb, scaler_cb, tile, 0, 0, reduce_type=pool, reduce_dim=dim)
    if post_op is not None:
        post_op(0)
    ck.tile_regs_commit()
    if bulk:
        ck.cb_pop_front(input_cb, len(tiles))
    await ck.cb_reserve_back(output_cb, 1)
    ck.tile_regs_wait()
    ck.pack_tile(0, output_cb)
    ck.tile_regs_release()
    ck.cb_push_back(output_cb, 1)


# ---- two operands -----------------------------------------------------------------------------------------

_BLOCKS = {
    EltwiseBinaryType.ELWADD: (ck.add_init, ck.add_tiles, ck.add_block),
    EltwiseBinaryType.ELWSUB: (ck.sub_init, ck.sub_tiles, ck.sub_block),
    EltwiseBinaryType.ELWMUL: (ck.mul_init, ck.mul_tiles, ck.mul_block),
}
_BCAST = {
    EltwiseBinaryType.ELWADD: ck.add_tiles_bcast,
    EltwiseBinaryType.ELWSUB: ck.sub_tiles_bcast,
    EltwiseBinaryType.ELWMUL: ck.mul_tiles_bcast,
}


async def binary(
    op: EltwiseBinaryType,
    bcast: BroadcastType,
    input_a_cb: int,
    input_b_cb: int,
    output_cb: int,
    rows: int,
    cols: int,
    *,
    policy_a: InputPolicy = InputPolicy.WaitAndPopPerTile,
    policy_b: InputPolicy = InputPolicy.WaitAndPopPerTile,
    output: OutputPolicy = OutputPolicy.PerBlock,
    post_op: PostOp | None = None,
) -> None:
    """A op B over a block of rows x cols tiles.

    B has as many tiles as A; or, broadcast, a tile a column (ROW), a tile a row (COL), or one (SCALAR). A broadcast B
    cannot be popped tile by tile.
    """
    n = rows * cols
    n_b = {BroadcastType.NONE: n, BroadcastType.ROW: cols, BroadcastType.COL: rows, BroadcastType.SCALAR: 1}[bcast]
    ck.reconfig_data_format(input_a_cb, input_b_cb)
    ck.pack_reconfig_data_format(output_cb)
    if bcast is BroadcastType.NONE:
        _BLOCKS[op][0](input_a_cb, input_b_cb)
    else:
        ck.bcast_init(input_a_cb, input_b_cb, op=op, tBcastDim=bcast)
    await _wait_all(input_a_cb, n, policy_a)
    await _wait_all(input_b_cb, n_b, policy_b)
    if output is OutputPolicy.Bulk:
        await ck.cb_reserve_back(output_cb, n)
    per_tile_a, per_tile_b = (p is InputPolicy.WaitAndPopPerTile for p in (policy_a, policy_b))
    size = 1 if per_tile_a or per_tile_b else ck.DEST_AUTO_LIMIT()
    for first in range(0, n, size):
        count = min(size, n - first)
        if per_tile_a:
            await ck.cb_wait_front(input_a_cb, 1)
        if per_tile_b:
            await ck.cb_wait_front(input_b_cb, 1)
        start_a, start_b = 0 if per_tile_a else first, 0 if per_tile_b else first
        ck.tile_regs_acquire()
        _section(op, bcast, input_a_cb, input_b_cb, start_a, start_b, count, cols)
        for i in range(count) if post_op is not None else ():
            post_op(i)  # type: ignore[misc]
        ck.tile_regs_commit()
        if per_tile_a:
            ck.cb_pop_front(input_a_cb, 1)
        if per_tile_b:
            ck.cb_pop_front(input_b_cb, 1)
        if output is OutputPolicy.PerBlock:
            await ck.cb_reserve_back(output_cb, count)
        ck.tile_regs_wait()
        ck.pack_block(0, output_cb, count)
        ck.tile_regs_release()
        if output is OutputPolicy.PerBlock:
            ck.cb_push_back(output_cb, count)
    if output is OutputPolicy.Bulk:
        ck.cb_push_back(output_cb, n)
    _pop_all(input_a_cb, n, policy_a)
    _pop_all(input_b_cb, n_b, policy_b)


def _section(
    op: EltwiseBinaryType, bcast: BroadcastType, cb_a: int, cb_b: int, a: int, b: int, count: int, cols: int
) -> None:
    """One DST section of results: tiles a … a+count-1 of the first operand."""
    if bcast is BroadcastType.NONE:
        _BLOCKS[op][2](cb_a, cb_b, a, b, 0, count)
        return
    tiles = _BCAST[op]
    if bcast is BroadcastType.ROW:
        for i in range(count):
            tiles(cb_a, cb_b, a + i, (a + i) % cols, i, tBcastDim=bcast)
    elif bcast is BroadcastType.COL:
        for i in range(count):
            tiles(cb_a, cb_b, a + i, (a + i) // cols, i, tBcastDim=bcast)
    else:
        for i in range(count):
            tiles(cb_a, cb_b, a + i, 0, i, tBcastDim=bcast)


async def _wait_all(cb: int, n: int, policy: InputPolicy) -> None:
    if policy in (InputPolicy.WaitUpfrontNoPop, InputPolicy.WaitUpfrontPopAtEnd):
        await ck.cb_wait_front(cb, n)


def _pop_all(cb: int, n: int, policy: InputPolicy) -> None:
    if policy is InputPolicy.WaitUpfrontPopAtEnd:
        ck.cb_pop_front(cb, n)


async def square(
    input_cb: int,
    output_cb: int,
    rows: int,
    cols: int,
    *,
    policy: InputPolicy = InputPolicy.WaitUpfrontNoPop,
    output: OutputPolicy = OutputPolicy.PerBlock,
) -> None:
    """Each tile times itself."""
    if policy is InputPolicy.WaitAndPopPerTile:
        raise ValueError("square: WaitAndPopPerTile would pop its one operand twice; use WaitUpfrontPopAtEnd")
    await binary(
        EltwiseBinaryType.ELWMUL,
        BroadcastType.NONE,
        input_cb,
        input_cb,
        output_cb,
        rows,
        cols,
        policy_a=policy,
        policy_b=InputPolicy.NoWaitNoPop,
        output=output,
    )


# ---- for the reader ---------------------------------------------------------------------------------------


async def prepare_reduce_scaler(cb: int, scaler: float) -> None:
    """Reader: one bf16 tile, zero but for row 0 of each face, which holds `scaler` (cut to bf16)."""
    await dm.cb_reserve_back(cb, 1)
    tile = _bf16_tile(cb, "prepare_reduce_scaler")
    tile[0:1024] = 0
    for face in range(4):
        tile[face * 256 : face * 256 + 16] = to_bf16_trunc(scaler)
    dm.cb_push_back(cb, 1)


async def prepare_scalar_tile(cb: int, value: float) -> None:
    """Reader: one bf16 tile, zero but for element [0, 0], which holds `value` (cut to bf16)."""
    await dm.cb_reserve_back(cb, 1)
    tile = _bf16_tile(cb, "prepare_scalar_tile")
    tile[0:1024] = 0
    tile[0] = to_bf16_trunc(value)
    dm.cb_push_back(cb, 1)


def _bf16_tile(cb: int, call: str) -> dm.tt_l1_ptr:
    if dm.get_tile_size(cb) != bfloat16.tile_bytes:
        raise ValueError(f"{call}: c_{cb} must hold bfloat16 tiles; set its data_format to tt.bfloat16")
    return dm.tt_l1_ptr(np.uint16, dm.get_write_ptr(cb))
