"""Programs around gamma and beta: the op's own reader, writer and buffers around another compute kernel, and a step alone.

Gamma and beta are seeded by the width. Left out: the phases themselves (`layernorm.compute`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import numpy as np

from ..compute import compute_kernel_hw_startup, get_arg_val, get_compile_time_arg_val
from ..dataflow import TensorAccessor, TensorAccessorArgs
from ..host.descriptors import KernelDescriptor, ProgramDescriptor
from ..host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ..layernorm import compute as phases
from ..layernorm.op import build, make_job
from .hangs.entry import COMPUTE, CORE, READER, WRITER, Kernel, Launch, cb, kernel
from .one_phase import Floats, bf16, bring, send

c_0, c_1, c_2, c_16, c_24 = 0, 1, 2, 16, 24

Step = Callable[[int, int, int], Coroutine[Any, Any, None]]  # Wt, where from, where to


# ---- data -----------------------------------------------------------------------------------------------------------


def gamma_of(Wt: int) -> Floats:
    return bf16(np.random.default_rng(Wt).uniform(0.5, 2, 32 * Wt))


def beta_of(Wt: int) -> Floats:
    return bf16(np.random.default_rng(32 + Wt).uniform(-1, 1, 32 * Wt))


def in_row_0(vector: Floats, elsewhere: float = 9.0) -> Floats:
    """(32, W): `vector` in row 0, `elsewhere` below."""
    rows = np.full((32, len(vector)), elsewhere, np.float64)
    rows[0] = vector
    return rows


# ---- the op's program -----------------------------------------------------------------------------------------------


def affine_with(
    scales: Step = phases.scale,
    shifts: Step = phases.shift,
    tilizes: Callable[[int], Coroutine[Any, Any, None]] | None = None,
) -> Kernel:
    """The compute kernel of x * gamma + beta: the op without its statistics."""

    async def affine() -> None:
        compute_kernel_hw_startup(c_0, c_2, c_1)
        Wt, sticks, Ht = get_compile_time_arg_val(0), bool(get_compile_time_arg_val(1)), get_arg_val(0)
        if tilizes is None:
            await phases.tilize_gamma(Wt, sticks)
        else:
            await tilizes(Wt)
        await phases.tilize_beta(Wt, sticks)
        for _ in range(Ht):
            await phases.tilize_input(Wt, sticks, c_1)
            await scales(Wt, c_1, c_24)
            await shifts(Wt, c_24, c_1)
            await phases.untilize_output(Wt, c_1, sticks)

    return affine


def whole_with(row: Callable[[int, bool], Coroutine[Any, Any, None]]) -> Kernel:
    """The op's compute kernel around the phases of one tile row."""

    async def layernorm() -> None:
        compute_kernel_hw_startup(c_0, c_2, c_1)
        Wt, sticks, Ht = get_compile_time_arg_val(0), bool(get_compile_time_arg_val(1)), get_arg_val(0)
        await phases.tilize_gamma(Wt, sticks)
        await phases.tilize_beta(Wt, sticks)
        for _ in range(Ht):
            await row(Wt, sticks)

    return layernorm


def op(
    compute: Kernel, x: Floats, *, unit: str = "sticks", depth: int = 2, table: Mapping[int, int] | None = None
) -> Launch:
    """The op's own reader, writer and CBs around `compute`. `table`: other numbers of pages for some CBs."""
    Wt = x.shape[1] // 32
    job = make_job(x, gamma_of(Wt), beta_of(Wt), pages=unit, cb_depth=depth, design="resident")
    for index, pages in (table or {}).items():
        job.cbs = job.cbs.edit(index, pages=pages)
    program = build(job)
    program.kernels[2].kernel_source = compute
    return job.tensors, program


# ---- one step alone -------------------------------------------------------------------------------------------------


async def reader() -> None:
    """x to c_1, tile by tile; a row vector to its CB once: before x, or after the first tile row of it (`late`)."""
    vector_args = TensorAccessorArgs(0)
    vector = TensorAccessor(vector_args, get_arg_val(0))
    x = TensorAccessor(TensorAccessorArgs(vector_args.next_compile_time_args_offset()), get_arg_val(1))
    index, Wt, Ht, late = (get_arg_val(i) for i in range(2, 6))
    for row in range(Ht):
        for to, tensor, first in ((index, vector, 0), (c_1, x, row * Wt))[:: -1 if late else 1]:
            for t in range(Wt if to == c_1 or row == 0 else 0):
                await bring(to, tensor, first + t, 1)


async def writer() -> None:
    """c_16, tile by tile."""
    y = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await send(c_16, y, i, 1)


def alone(step: Step, index: int, vector: Floats, x: Floats, *, depth: int = 1, late: bool = False) -> Launch:
    """One step on tiles: x in c_1, `vector` (32, W) in CB `index` from the reader, the result in c_16."""

    async def compute() -> None:
        compute_kernel_hw_startup(c_1, index, c_16)
        for _ in range(get_compile_time_arg_val(1)):
            await step(get_compile_time_arg_val(0), c_1, c_16)

    Wt, Ht = x.shape[1] // 32, x.shape[0] // 32
    tensors = [from_numpy(values, layout=TILE_LAYOUT) for values in (vector, x)]
    y = allocate_tensor_on_device(x.shape, layout=TILE_LAYOUT)
    kernels = [
        kernel(reader, READER, tensors, index, Wt, Ht, int(late)),
        KernelDescriptor(compute, CORE, COMPUTE, [Wt, Ht]),
        kernel(writer, WRITER, [y], Wt * Ht),
    ]
    return [*tensors, y], ProgramDescriptor(kernels, [cb(c_1, depth * Wt), cb(index, Wt), cb(c_16, depth * Wt)])
