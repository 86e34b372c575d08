"""Reductions of a block of tiles, with their four input policies."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .. import compute as ck
from ..compute import PoolType, ReduceDim

__all__ = [
    "PostOp",
    "ReduceInputPolicy",
    "reduce",
]


PostOp = Callable[[int], None]  # called with each DST tile before it is committed


class ReduceInputPolicy(Enum):
    """How `reduce` waits for and pops its input."""

    WaitAndPopPerTile = "one tile at a time"
    BulkWaitBulkPop = "the tiles of one result at a time"
    WaitUpfrontNoPop = "all at once, and the caller pops"
    NoWaitNoPop = "the caller has waited and pops"


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

    Waits for the scaler tile and never pops it. Policies that pop take the tiles in the order in which they are
    reduced, for REDUCE_COL column by column; the others look them up in a row-major block.
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
    groups = {ReduceDim.REDUCE_ROW: rows, ReduceDim.REDUCE_COL: cols, ReduceDim.REDUCE_SCALAR: 1}[reduce_dim]
    n = {ReduceDim.REDUCE_ROW: cols, ReduceDim.REDUCE_COL: rows, ReduceDim.REDUCE_SCALAR: rows * cols}[reduce_dim]
    for group in range(groups):
        first = group * cols if reduce_dim is ReduceDim.REDUCE_ROW else group
        step = cols if reduce_dim is ReduceDim.REDUCE_COL else 1
        await _reduce_group(
            reduce_type, reduce_dim, input_cb, scaler_cb, output_cb, first, step, n, policy=policy, post_op=post_op
        )
    ck.reduce_uninit(input_cb)


async def _reduce_group(
    pool: PoolType,
    dim: ReduceDim,
    input_cb: int,
    scaler_cb: int,
    output_cb: int,
    first: int,
    step: int,
    n: int,
    *,
    policy: ReduceInputPolicy,
    post_op: PostOp | None,
) -> None:
    """The `n` tiles of one result, in a row-major block `step` apart from `first` on."""
    per_tile, bulk = policy is ReduceInputPolicy.WaitAndPopPerTile, policy is ReduceInputPolicy.BulkWaitBulkPop
    if bulk:
        await ck.cb_wait_front(input_cb, n)
    ck.tile_regs_acquire()
    for i in range(n):
        if per_tile:
            await ck.cb_wait_front(input_cb, 1)
        tile = 0 if per_tile else i if bulk else first + i * step
        ck.reduce_tile(input_cb, scaler_cb, tile, 0, 0, reduce_type=pool, reduce_dim=dim)
        if per_tile:
            ck.cb_pop_front(input_cb, 1)
    if post_op is not None:
        post_op(0)
    ck.tile_regs_commit()
    if bulk:
        ck.cb_pop_front(input_cb, n)
    await ck.cb_reserve_back(output_cb, 1)
    ck.tile_regs_wait()
    ck.pack_tile(0, output_cb)
    ck.tile_regs_release()
    ck.cb_push_back(output_cb, 1)
