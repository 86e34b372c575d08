"""The compute kernel for rows that do not fit L1: the same phases, on a block of Wt tiles at a time.

A row is read in passes: one sums the mean, one the squares of what is centred, the last normalizes. `recentre` has
one more, for the mean of what the first mean left; RMSNorm has no mean and no pass for it. Sums stay in fp32 (see
`kernel_lib.accumulate`), and what cutting 1/W to bf16 lost is made up for. Left out: two passes with
mean(x^2) - mean(x)^2, which cancels far from 0.
"""

from __future__ import annotations

from ..compute import (
    binop_with_scalar_tile_init,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    compute_kernel_hw_startup,
    get_arg_val,
    get_compile_time_arg_val,
    mul_unary_tile,
)
from ..kernel_lib import reduce_accumulate, square
from .cbs import CENTERED, IN, INV_STD, MEAN, SCALER, SECOND_MEAN, TILED, VARIANCE
from .compute import (
    BULK,
    KEEP,
    TAKE,
    add_residual,
    center,
    inverse_std,
    normalize,
    scale,
    shift,
    tilize_beta,
    tilize_gamma,
    tilize_input,
    untilize_output,
)


async def load(wt: int, sticks: bool, has_residual: int) -> None:
    """A block of the input, and of the residual, in c_1."""
    await tilize_input(wt, sticks, TILED)
    if has_residual:
        await add_residual(wt, sticks, TILED, CENTERED)


async def compute() -> None:
    """`blocks` blocks of `wt` tiles a pass, three passes a tile row; two for RMSNorm, four with `recentre`."""
    wt, blocks, sticks, has_gamma, has_beta, recentre, rms, has_residual, cut = (
        get_compile_time_arg_val(i) for i in range(9)
    )
    tile_rows, correction = get_arg_val(0), get_arg_val(1)
    compute_kernel_hw_startup(IN, SCALER, TILED)

    def exact(idst: int) -> None:
        """The scaler is 1/W cut to bf16; this makes up for what was cut."""
        binop_with_scalar_tile_init()
        mul_unary_tile(idst, correction)

    for _ in range(tile_rows):
        if not rms:
            await cb_reserve_back(MEAN, 1)
            for block in range(blocks):
                await load(wt, bool(sticks), has_residual)
                await reduce_accumulate(TILED, SCALER, MEAN, wt, block > 0, post_op=exact if cut else None)
            cb_push_back(MEAN, 1)
        if recentre:
            await cb_reserve_back(SECOND_MEAN, 1)
            for block in range(blocks):
                await load(wt, bool(sticks), has_residual)
                await center(wt, TILED, CENTERED, MEAN, KEEP)
                await reduce_accumulate(CENTERED, SCALER, SECOND_MEAN, wt, block > 0, post_op=exact)
            cb_push_back(SECOND_MEAN, 1)

        await cb_reserve_back(VARIANCE, 1)
        for block in range(blocks):
            here, there = TILED, CENTERED  # the block goes to and fro between two CBs
            await load(wt, bool(sticks), has_residual)
            if not rms:
                await center(wt, here, there, MEAN, KEEP)
                here, there = there, here
            if recentre:
                await center(wt, here, there, SECOND_MEAN, KEEP)
                here, there = there, here
            await square(here, there, 1, wt, policy=TAKE, output=BULK)
            await reduce_accumulate(there, SCALER, VARIANCE, wt, block > 0, post_op=exact if cut else None)
        cb_push_back(VARIANCE, 1)
        await inverse_std()

        for _ in range(blocks):
            here, there = TILED, CENTERED
            await load(wt, bool(sticks), has_residual)
            if not rms:
                await center(wt, here, there, MEAN, KEEP)
                here, there = there, here
            if recentre:
                await center(wt, here, there, SECOND_MEAN, KEEP)
                here, there = there, here
            await normalize(wt, here, there, KEEP)
            here, there = there, here
            if has_gamma:
                await tilize_gamma(wt, bool(sticks), 32)
                await scale(wt, here, there, TAKE)
                here, there = there, here
            if has_beta:
                await tilize_beta(wt, bool(sticks), 32)
                await shift(wt, here, there, TAKE)
                here, there = there, here
            await untilize_output(wt, here, bool(sticks))

        if not rms:
            cb_pop_front(MEAN, 1)
        if recentre:
            cb_pop_front(SECOND_MEAN, 1)
        cb_pop_front(INV_STD, 1)
