"""Layernorm with variance = mean(x^2) - mean(x)^2: a real kernel, made of the op's phases in another order.

It can take both means while x goes by, so it is what one writes first. The two means are nearly equal when x is far
from 0, and their difference is what rounding left. Reader, writer and CBs are the op's; two CBs more. Left out:
gamma and beta, several cores, streaming.
"""

from __future__ import annotations

from dataclasses import replace

from ..compute import (
    BroadcastType,
    PoolType,
    ReduceDim,
    compute_kernel_hw_startup,
    get_arg_val,
    get_compile_time_arg_val,
)
from ..host.descriptors import ProgramDescriptor
from ..kernel_lib import ReduceInputPolicy, binary, reduce, square
from ..layernorm.cbs import CB, CENTERED, IN, MEAN, SCALER, TILED, VARIANCE, CBTable
from ..layernorm.compute import (
    BULK,
    KEEP,
    SUB,
    TAKE,
    center,
    inverse_std,
    mean,
    normalize,
    square_centered,
    tilize_input,
    untilize_output,
)
from ..layernorm.op import Job, build

MEAN_OF_SQUARES, SQUARE_OF_MEAN = 29, 30


async def variance_at_once(wt: int) -> None:
    """mean(x^2) - mean(x)^2 in c_26, from x in c_1; mean(x) stays in c_25."""
    await mean(wt, TILED)
    await square_centered(wt, TILED, CENTERED)
    pop = ReduceInputPolicy.BulkWaitBulkPop
    await reduce(PoolType.SUM, ReduceDim.REDUCE_ROW, CENTERED, SCALER, MEAN_OF_SQUARES, 1, wt, policy=pop)
    await square(MEAN, SQUARE_OF_MEAN, 1, 1, policy=KEEP, output=BULK)
    each = BroadcastType.NONE
    await binary(SUB, each, MEAN_OF_SQUARES, SQUARE_OF_MEAN, VARIANCE, 1, 1, policy_a=TAKE, policy_b=TAKE, output=BULK)


async def compute() -> None:
    """All phases, a tile row at a time."""
    wt, tile_rows = get_compile_time_arg_val(0), get_arg_val(0)
    compute_kernel_hw_startup(IN, SCALER, TILED)
    for _ in range(tile_rows):
        await tilize_input(wt, True, TILED)
        await variance_at_once(wt)
        await inverse_std()
        await center(wt, TILED, CENTERED)
        await normalize(wt, CENTERED, TILED)
        await untilize_output(wt, TILED, True)


def program(job: Job) -> ProgramDescriptor:
    """The op's program with this compute kernel and its two CBs more."""
    tile, dtype = job.x.dtype.tile_bytes, job.x.dtype
    job.cbs = CBTable(
        [
            *job.cbs,
            CB(MEAN_OF_SQUARES, 1, tile, dtype, "mean of the squares in column 0"),
            CB(SQUARE_OF_MEAN, 1, tile, dtype, "square of the mean in column 0"),
        ]
    )
    made = build(job)
    kernels = [*made.kernels[:2], replace(made.kernels[2], kernel_source=compute)]
    return replace(made, kernels=kernels)
