"""The twelve compute phases, each a call of the helper library, and the kernel that runs them.

 1 tilize gamma   2 tilize beta   once;  then for each tile row
 3 tilize input   4 mean   5 center   6 square   7 variance   8 epsilon and rsqrt
 9 normalize     10 gamma  11 beta   12 untilize
A residual is tilized and added after phase 3; RMSNorm has no phases 4 and 5. `raw` has the same without helpers,
`streaming` the same on blocks of a row.
"""

from __future__ import annotations

from ..compute import (
    BroadcastType,
    EltwiseBinaryType,
    PoolType,
    ReduceDim,
    binop_with_scalar_tile_init,
    cb_pop_front,
    compute_kernel_hw_startup,
    get_arg_val,
    get_compile_time_arg_val,
    mul_unary_tile,
    rsqrt_tile,
    rsqrt_tile_init,
)
from ..kernel_lib import InputPolicy, OutputPolicy, PostOp, ReduceInputPolicy, binary, reduce, square, tilize, untilize
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
    SHOWN,
    TILED,
    VARIANCE,
)

ADD, SUB, MUL = EltwiseBinaryType.ELWADD, EltwiseBinaryType.ELWSUB, EltwiseBinaryType.ELWMUL
ROW, COL, SCALAR = BroadcastType.ROW, BroadcastType.COL, BroadcastType.SCALAR
KEEP, TAKE = InputPolicy.WaitUpfrontNoPop, InputPolicy.WaitUpfrontPopAtEnd
BULK = OutputPolicy.Bulk
LAST_PHASE = 12


async def tilize_gamma(wt: int, sticks: bool, popped: int = 1) -> None:
    """Phase 1. One stick in, Wt tiles out; rows 1 to 31 are whatever lies behind the stick. `popped`: sticks."""
    await tilize(wt, GAMMA, GAMMA_TILED, 1, popped if sticks else None)


async def tilize_beta(wt: int, sticks: bool, popped: int = 1) -> None:
    """Phase 2."""
    await tilize(wt, BETA, BETA_TILED, 1, popped if sticks else None)


async def tilize_input(wt: int, sticks: bool, out: int) -> None:
    """Phase 3."""
    await tilize(wt, IN, out, 1, 32 if sticks else None)


async def add_residual(wt: int, sticks: bool, x: int, spare: int) -> None:
    """After phase 3: x + residual, packed in x's own format to the back of `x`, which has room for two tile rows."""
    await tilize(wt, RESIDUAL, spare, 1, 32 if sticks else None)
    await binary(ADD, BroadcastType.NONE, x, spare, x, 1, wt, policy_a=TAKE, policy_b=TAKE, output=BULK)


async def mean(wt: int, cb: int, post_op: PostOp | None = None) -> None:
    """Phase 4: keeps its input for phase 5."""
    keep = ReduceInputPolicy.WaitUpfrontNoPop
    await reduce(PoolType.SUM, ReduceDim.REDUCE_ROW, cb, SCALER, MEAN, 1, wt, policy=keep, post_op=post_op)


async def center(wt: int, cb: int, out: int, mean_cb: int = MEAN, then: InputPolicy = TAKE) -> None:
    """Phase 5: input minus mean. `then`: is the mean used up?"""
    await binary(SUB, COL, cb, mean_cb, out, 1, wt, policy_a=TAKE, policy_b=then, output=BULK)


async def square_centered(wt: int, cb: int, out: int) -> None:
    """Phase 6: keeps its input for phase 9."""
    await square(cb, out, 1, wt, output=BULK)


async def variance(wt: int, cb: int) -> None:
    """Phase 7."""
    pop = ReduceInputPolicy.BulkWaitBulkPop
    await reduce(PoolType.SUM, ReduceDim.REDUCE_ROW, cb, SCALER, VARIANCE, 1, wt, policy=pop)


async def inverse_std() -> None:
    """Phase 8: 1/sqrt(variance + epsilon)."""

    def rsqrt(idst: int) -> None:
        rsqrt_tile_init()
        rsqrt_tile(idst)

    await binary(ADD, SCALAR, VARIANCE, EPSILON, INV_STD, 1, 1, policy_a=TAKE, policy_b=KEEP, post_op=rsqrt)


async def normalize(wt: int, cb: int, out: int, then: InputPolicy = TAKE) -> None:
    """Phase 9. `then`: is 1/sqrt(variance + epsilon) used up?"""
    await binary(MUL, COL, cb, INV_STD, out, 1, wt, policy_a=TAKE, policy_b=then, output=BULK)


async def scale(wt: int, cb: int, out: int, then: InputPolicy = KEEP) -> None:
    """Phase 10: times gamma. `then`: is gamma used up?"""
    await binary(MUL, ROW, cb, GAMMA_TILED, out, 1, wt, policy_a=TAKE, policy_b=then, output=BULK)


async def shift(wt: int, cb: int, out: int, then: InputPolicy = KEEP) -> None:
    """Phase 11: plus beta. `then`: is beta used up?"""
    await binary(ADD, ROW, cb, BETA_TILED, out, 1, wt, policy_a=TAKE, policy_b=then, output=BULK)


async def untilize_output(wt: int, cb: int, sticks: bool) -> None:
    """Phase 12."""
    await untilize(wt, cb, OUT, 1, 32 if sticks else None)


async def compute() -> None:
    """All phases up to `last`; what a shortened kernel would leave behind is popped."""
    wt, sticks, has_gamma, has_beta, recentre, last, rms, has_residual = (get_compile_time_arg_val(i) for i in range(8))
    tile_rows, correction = get_arg_val(0), get_arg_val(1)
    compute_kernel_hw_startup(IN, SCALER, TILED)
    if has_gamma:
        await tilize_gamma(wt, bool(sticks))
    if has_beta and last >= 2:
        await tilize_beta(wt, bool(sticks))
    if last < 3:
        return

    def exact(idst: int) -> None:
        """The scaler is 1/W cut to bf16; this makes up for what was cut."""
        binop_with_scalar_tile_init()
        mul_unary_tile(idst, correction)

    def out(phase: int, cb: int) -> int:
        """Where a phase packs: a kernel that stops after it shows its result in a CB of its own."""
        return SHOWN if last == phase else cb

    for _ in range(tile_rows):
        here, there = TILED, CENTERED  # the tile row goes to and fro between two CBs
        await tilize_input(wt, bool(sticks), out(3, here))
        if last == 3:
            continue
        if has_residual:
            await add_residual(wt, bool(sticks), here, there)
        if not rms:
            await mean(wt, here, exact if recentre else None)
        if last == 4:
            cb_pop_front(here, wt)
            continue
        if not rms:
            await center(wt, here, there if recentre else out(5, there))
            here, there = there, here
        if recentre:
            await mean(wt, here, exact)
            await center(wt, here, out(5, there))
            here, there = there, here
        if last == 5:
            continue
        await square_centered(wt, here, out(6, there))
        if last >= 7:
            await variance(wt, there)
        if last >= 8:
            await inverse_std()
        if last <= 8:
            cb_pop_front(here, wt)
            continue
        await normalize(wt, here, out(9, there))
        here, there = there, here
        if has_gamma and last >= 10:
            await scale(wt, here, out(10, there))
            here, there = there, here
        if has_beta and last >= 11:
            await shift(wt, here, out(11, there))
            here, there = there, here
        if last == LAST_PHASE:
            await untilize_output(wt, here, bool(sticks))
