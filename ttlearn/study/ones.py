"""Why a thousand bf16 ones sum to 256, and what the FPU's reduce gives instead.

bf16 has eight bits of mantissa: 256 + 1 is no bf16 number and rounds back to 256. Added in pairs, or to a wider sum,
nothing is lost. The FPU adds a whole row of a face at a time, so its 16-bit DST comes further, and then goes wrong in both
directions. The FPU's sums are real runs: row r of one input holds the r-th count of ones, then zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import ml_dtypes
import numpy as np

from ..compute import PoolType, ReduceDim, compute_kernel_hw_startup
from ..dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_compile_time_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ..host.descriptors import (
    CBDescriptor,
    CBFormatDescriptor,
    ComputeConfigDescriptor,
    KernelDescriptor,
    ProgramDescriptor,
    ReaderConfigDescriptor,
    WriterConfigDescriptor,
    core_set,
)
from ..host.descriptors import TensorAccessorArgs as Words
from ..host.program import generic_op
from ..host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ..kernel_lib import ReduceInputPolicy, prepare_reduce_scaler, reduce
from ..sim.formats import bfloat16, float32

IN, SCALER, OUT = 0, 1, 16
COUNTS = (100, 256, 257, 300, 512, 1000, 4096, 5000, 6000, 8192, 10000, 12000, 16384, 20000)


# ---- on the host --------------------------------------------------------------------------------------------


def one_by_one(count: int) -> float:
    """The sum of `count` ones when every sum is rounded to bf16."""
    one = ml_dtypes.bfloat16(1)
    total = ml_dtypes.bfloat16(0)
    for _ in range(count):
        total = total + one
    return float(total)


def in_pairs(count: int) -> float:
    """The same, neighbours first, then neighbouring sums, and so on."""
    sums = np.ones(count, ml_dtypes.bfloat16)
    while len(sums) > 1:
        even = sums[: len(sums) // 2 * 2]
        sums = np.concatenate([even[0::2] + even[1::2], sums[len(even) :]])
    return float(sums[0])


def in_fp32(count: int) -> float:
    """The same, into a float32 sum."""
    return float(np.ones(count, ml_dtypes.bfloat16).astype(np.float32).sum(dtype=np.float32))


# ---- on a core ----------------------------------------------------------------------------------------------


async def reader() -> None:
    """A scaler of 1, then the input a tile at a time."""
    await prepare_reduce_scaler(SCALER, 1.0)
    x = TensorAccessor(TensorAccessorArgs(1), get_arg_val(0))
    for i in range(get_compile_time_arg_val(0)):
        await cb_reserve_back(IN, 1)
        noc_async_read_page(i, x, get_write_ptr(IN))
        await noc_async_read_barrier()
        cb_push_back(IN, 1)


async def compute() -> None:
    """All tiles into one DST tile."""
    compute_kernel_hw_startup(IN, SCALER, OUT)
    wt, pop = get_compile_time_arg_val(0), ReduceInputPolicy.BulkWaitBulkPop
    await reduce(PoolType.SUM, ReduceDim.REDUCE_ROW, IN, SCALER, OUT, 1, wt, policy=pop)
    cb_pop_front(SCALER, 1)


async def writer() -> None:
    await cb_wait_front(OUT, 1)
    noc_async_write_page(0, TensorAccessor(TensorAccessorArgs(1), get_arg_val(0)), get_read_ptr(OUT))
    await noc_async_write_barrier()
    cb_pop_front(OUT, 1)


def by_the_fpu(counts: Sequence[int], fp32_dest: bool, numerics: str = "exact") -> list[float]:
    """`reduce_tile` over rows of so many ones (at most 32 counts, of at most 20,000), in one run."""
    wt = -(-max(counts) // 32)
    rows = np.zeros((32, 32 * wt), np.float32)
    for row, count in zip(rows, counts, strict=False):
        row[:count] = 1
    x, y = from_numpy(rows, layout=TILE_LAYOUT), allocate_tensor_on_device((32, 32), float32, TILE_LAYOUT)
    core, both = core_set((0, 0)), (x, y)
    words = [[wt, *Words(tensor).get_compile_time_args()] for tensor in both]
    given = [[((0, 0), [tensor.buffer_address()])] for tensor in both]
    buffers = [(IN, wt, bfloat16), (SCALER, 1, bfloat16), (OUT, 1, float32)]
    program = ProgramDescriptor(
        [
            KernelDescriptor(reader, core, ReaderConfigDescriptor(), words[0], given[0]),
            KernelDescriptor(writer, core, WriterConfigDescriptor(), words[1], given[1]),
            KernelDescriptor(compute, core, ComputeConfigDescriptor(fp32_dest_acc_en=fp32_dest), [wt]),
        ],
        [CBDescriptor(n * f.tile_bytes, core, [CBFormatDescriptor(cb, f, f.tile_bytes)]) for cb, n, f in buffers],
        numerics=numerics,
    )
    return [float(value) for value in generic_op([x, y], program).output[: len(counts), 0]]


# ---- the table ----------------------------------------------------------------------------------------------

TITLE = "7  Why do a thousand ones sum to 256?"
_LESSON = (
    "256 + 1 is no bf16 number and rounds to 256. The FPU adds a row of a face, 16 elements, at a time: its 16-bit DST "
    "is right up to 4096 (and rounds 257 to 258); from there to 8192 each 16 counts as 32, half a unit, rounded up; "
    "above 8192 it counts as nothing."
)
COLUMNS = ("one by one", "in pairs", "fp32", "FPU, 16-bit DST", "FPU, fp32 DST")


@dataclass(frozen=True)
class Ones:
    """`sums[column]` of so many ones each, as `counts` says."""

    counts: tuple[int, ...]
    sums: dict[str, list[float]]

    def __repr__(self) -> str:
        lines = [TITLE, f"{'ones':>10}" + "".join(f"{name:>17}" for name in COLUMNS)]
        for i, count in enumerate(self.counts):
            lines.append(f"{count:>10,}" + "".join(f"{self.sums[name][i]:>17,.0f}" for name in COLUMNS))
        return "\n".join([*lines, fill(_LESSON, 100)])


def ones(counts: Sequence[int] = COUNTS) -> Ones:
    """The sums of so many ones (at most 32 counts), five ways; the FPU's are runs of a kernel."""
    host = {"one by one": one_by_one, "in pairs": in_pairs, "fp32": in_fp32}
    sums = {name: [add(count) for count in counts] for name, add in host.items()}
    sums["FPU, 16-bit DST"], sums["FPU, fp32 DST"] = (by_the_fpu(counts, wide) for wide in (False, True))
    return Ones(tuple(counts), sums)
