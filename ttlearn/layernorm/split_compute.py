"""The compute kernel of one core of a split row: the op's phases on its columns, with sums that cross cores.

Mean and variance are sums over the whole row: each core packs its partial sum for the data movement to send, and takes
up the result when it is multicast. The first core of each row of the group adds its row's sums, the first of all the rows'.
Left out: recentring.
"""

from __future__ import annotations

from ..compute import (
    DEST_AUTO_LIMIT,
    BroadcastType,
    EltwiseBinaryType,
    PoolType,
    ReduceDim,
    add_binary_tile,
    add_binary_tile_init,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    get_arg_val,
    get_compile_time_arg_val,
    pack_reconfig_data_format,
    pack_tile,
    reconfig_data_format,
    rsqrt_tile,
    rsqrt_tile_init,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ..kernel_lib import InputPolicy, ReduceInputPolicy, binary, reduce
from .cbs import CENTERED, EPSILON, IN, SCALER, TILED, VARIANCE
from .compute import (
    center,
    normalize,
    scale,
    shift,
    square_centered,
    tilize_beta,
    tilize_gamma,
    tilize_input,
    untilize_output,
)
from .split_cbs import GATHERED, GATHERED_ROWS, PARTIAL, RESULT, SUBTOTAL

KEEP, POP = ReduceInputPolicy.WaitUpfrontNoPop, ReduceInputPolicy.BulkWaitBulkPop


async def partial_sum(wt: int, cb: int, then: ReduceInputPolicy) -> None:
    """Wt tiles, weighed by 1/W of the whole row, to one tile whose column 0 counts."""
    await reduce(PoolType.SUM, ReduceDim.REDUCE_ROW, cb, SCALER, PARTIAL, 1, wt, policy=then)


async def total(own: int, gathered: int, others: int, out: int) -> None:
    """This core's sum and `others` more, added on the SFPU: the FPU would cut each to TF32."""
    reconfig_data_format(own, own)
    pack_reconfig_data_format(out)
    await cb_wait_front(own, 1)
    await cb_wait_front(gathered, others)
    tile_regs_acquire()
    copy_init(own)
    copy_tile(own, 0, 0)
    room = DEST_AUTO_LIMIT() - 1
    for first in range(0, others, room):
        count = min(room, others - first)
        copy_init(gathered)
        for i in range(count):
            copy_tile(gathered, first + i, 1 + i)
        add_binary_tile_init()
        for i in range(count):
            add_binary_tile(0, 1 + i, 0)
    tile_regs_commit()
    cb_pop_front(own, 1)
    cb_pop_front(gathered, others)
    await cb_reserve_back(out, 1)
    tile_regs_wait()
    pack_tile(0, out)
    tile_regs_release()
    cb_push_back(out, 1)


async def add_up(others: int, rows: int, collects: int, out: int) -> None:
    """What this core has to add: nothing, its row's sums for the collecting core, or all of them to `out`."""
    if others:
        await total(PARTIAL, GATHERED, others, out if collects and not rows else SUBTOTAL)
    if rows:
        await total(SUBTOTAL, GATHERED_ROWS, rows, out)


async def inverse_std() -> None:
    """1/sqrt(variance + epsilon), for all cores."""

    def rsqrt(idst: int) -> None:
        rsqrt_tile_init()
        rsqrt_tile(idst)

    take, keep = InputPolicy.WaitUpfrontPopAtEnd, InputPolicy.WaitUpfrontNoPop
    add, scalar = EltwiseBinaryType.ELWADD, BroadcastType.SCALAR
    await binary(add, scalar, VARIANCE, EPSILON, RESULT, 1, 1, policy_a=take, policy_b=keep, post_op=rsqrt)


async def compute() -> None:
    """All phases on this core's Wt tiles of each tile row."""
    wt, has_gamma, has_beta, others, rows, collects = (get_compile_time_arg_val(i) for i in range(6))
    tile_rows = get_arg_val(0)
    compute_kernel_hw_startup(IN, SCALER, TILED)
    if has_gamma:
        await tilize_gamma(wt, True)
    if has_beta:
        await tilize_beta(wt, True)
    for _ in range(tile_rows):
        here, there = TILED, CENTERED  # the tile row goes to and fro between two CBs
        await tilize_input(wt, True, here)
        await partial_sum(wt, here, KEEP)
        await add_up(others, rows, collects, RESULT)
        await center(wt, here, there)
        here, there = there, here
        await square_centered(wt, here, there)
        await partial_sum(wt, there, POP)
        await add_up(others, rows, collects, VARIANCE)
        if collects:
            await inverse_std()
        await normalize(wt, here, there)
        here, there = there, here
        if has_gamma:
            await scale(wt, here, there)
            here, there = there, here
        if has_beta:
            await shift(wt, here, there)
            here, there = there, here
        await untilize_output(wt, here, True)
