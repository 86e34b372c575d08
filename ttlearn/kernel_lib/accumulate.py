"""A row's sum, block by block: for rows that do not lie in L1 at once.

The packer adds each block's sum to what L1 holds, in fp32 (`pack_reconfig_l1_acc`). TT-Metal's large-tensor kernels
load the sum back into DST instead (`Accumulate` of reduce_helpers_compute.hpp); that way goes through SrcA, which
cuts it to TF32 at every block: 100 equal blocks lose 1.6 % of their sum. Left out: reductions over
columns, MAX. How the packer rounds its own sum is unverified.
"""

from __future__ import annotations

from .. import compute as ck
from ..compute import PoolType, ReduceDim
from .reduce import PostOp

__all__ = [
    "reduce_accumulate",
]

_SUM, _ROW = PoolType.SUM, ReduceDim.REDUCE_ROW


async def reduce_accumulate(
    input_cb: int, scaler_cb: int, sum_cb: int, cols: int, add: bool, *, post_op: PostOp | None = None
) -> None:
    """Sum the rows of `cols` tiles into the page at the back of `sum_cb`, whose format is fp32; `add` to what it holds.

    The caller reserves that page before the first block (without `add`) and pushes it after the last. Pops the block.
    """
    ck.reconfig_data_format(scaler_cb, input_cb)  # this reduction takes the scaler as SrcA
    ck.pack_reconfig_data_format(sum_cb)
    ck.reduce_init(input_cb, scaler_cb, sum_cb, reduce_type=_SUM, reduce_dim=_ROW)
    await ck.cb_wait_front(scaler_cb, 1)
    await ck.cb_wait_front(input_cb, cols)
    ck.tile_regs_acquire()
    for i in range(cols):
        ck.reduce_tile(input_cb, scaler_cb, i, 0, 0, reduce_type=_SUM, reduce_dim=_ROW)
    if post_op is not None:
        post_op(0)
    ck.tile_regs_commit()
    ck.cb_pop_front(input_cb, cols)
    ck.tile_regs_wait()
    ck.pack_reconfig_l1_acc(int(add))
    ck.pack_tile(0, sum_cb, 0, out_of_order_output=True)
    ck.tile_regs_release()
    ck.pack_reconfig_l1_acc(0)
    ck.reduce_uninit(input_cb)
