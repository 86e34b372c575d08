"""Exercises of notebook 01, circular buffers."""

from __future__ import annotations

import numpy as np

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ...host.descriptors import ProgramDescriptor
from ...host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import READER, WRITER, cb, kernel


async def reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


def copying(name: str, pages: int, depth: int, seed: int | None = None) -> Case:
    """`pages` tiles through c_0 of `depth` pages."""

    def make(functions: Functions) -> Trial:
        values = np.random.default_rng(pages).integers(-99, 99, (32, 32 * pages)).astype(np.float32)
        x = from_numpy(values, layout=TILE_LAYOUT)
        y = allocate_tensor_on_device(values.shape, layout=TILE_LAYOUT)
        kernels = [
            kernel(functions["reader"], READER, [x], pages),
            kernel(functions.get("writer", writer), WRITER, [y], pages),
        ]
        return Trial([x, y], ProgramDescriptor(kernels, [cb(0, depth)]), values)

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="01.1",
        title="A reader",
        kind=Kind.WRITE,
        reference={"reader": reader},
        cases=(
            copying("one page", 1, 2),
            copying("seven pages through two", 7, 2),
            copying("depth 1", 5, 1),
            copying("three pages of room, other timings", 8, 3, seed=1),
        ),
        tips=(
            "Four steps a page: make sure there is room, ask for the bytes, wait until they are there, hand the page on.",
            "`cb_reserve_back`, `noc_async_read_page`, `noc_async_read_barrier`, `cb_push_back`; two of them wait.",
        ),
        equivalent={},
    ),
)
