"""A program around one compute phase, or a few in a row: tiles come in, the phases work, tiles go out.

One core, one tile row after the other; every tensor lies in tiles, and every page of a CB is a bf16 tile. CBs have the
numbers of the op. Left out: sticks, which need tilize and untilize (`passthrough`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..dataflow import (
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
from ..host.descriptors import ComputeConfigDescriptor, KernelDescriptor, ProgramDescriptor
from ..host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ..kernel_lib import prepare_reduce_scaler, prepare_scalar_tile
from ..sim.formats import bf16_values, to_bf16_rne
from .hangs.entry import CORE, READER, WRITER, Kernel, Launch, cb, kernel

TILE_BYTES = 2048
c_0, c_1, c_2, c_3, c_16 = 0, 1, 2, 3, 16  # x, squares, scaler, epsilon, output
c_24, c_25, c_26, c_27 = 24, 25, 26, 27  # centered, mean, variance, 1/sqrt(variance + epsilon)

Phase = Callable[[int], Coroutine[Any, Any, None]]
Floats = NDArray[np.float64]


# ---- given kernels ------------------------------------------------------------------------------------------------


async def bring(index: int, tensor: TensorAccessor, first: int, tiles: int) -> None:
    """Tiles `first` and on into CB `index`, all of them with one barrier."""
    await cb_reserve_back(index, tiles)
    for k in range(tiles):
        noc_async_read_page(first + k, tensor, get_write_ptr(index) + k * TILE_BYTES)
    await noc_async_read_barrier()
    cb_push_back(index, tiles)


async def bring_row(index: int, tensor: TensorAccessor, first: int, tiles: int, one_by_one: bool) -> None:
    """A tile row, in one piece or a tile at a time."""
    step = 1 if one_by_one else tiles
    for k in range(0, tiles, step):
        await bring(index, tensor, first + k, step)


async def send(index: int, tensor: TensorAccessor, first: int, tiles: int) -> None:
    """As many tiles out of CB `index`."""
    await cb_wait_front(index, tiles)
    for k in range(tiles):
        noc_async_write_page(first + k, tensor, get_read_ptr(index) + k * TILE_BYTES)
    await noc_async_write_barrier()
    cb_pop_front(index, tiles)


async def send_row(index: int, tensor: TensorAccessor, first: int, tiles: int, one_by_one: bool) -> None:
    """A tile row, in one piece or a tile at a time."""
    step = 1 if one_by_one else tiles
    for k in range(0, tiles, step):
        await send(index, tensor, first + k, step)


def scaler_of(Wt: int) -> Kernel:
    """The reader makes 1/W for rows of Wt tiles, once, in c_2."""
    weight = 1 / (32 * Wt)

    async def prepare() -> None:
        await prepare_reduce_scaler(c_2, weight)

    return prepare


def epsilon_of(epsilon: float) -> Kernel:
    """The reader makes epsilon, once, in c_3."""

    async def prepare() -> None:
        await prepare_scalar_tile(c_3, epsilon)

    return prepare


def both_of(Wt: int, epsilon: float) -> Kernel:
    """Both of them."""
    scaler, shift = scaler_of(Wt), epsilon_of(epsilon)

    async def prepare() -> None:
        await scaler()
        await shift()

    return prepare


async def no_constants() -> None:
    """Nothing to make."""


def reader_of_one(prepare: Kernel, early_rows: int, one_by_one: bool) -> Kernel:
    """A tensor, a tile row at a time. `prepare` comes after the first `early_rows`."""

    async def reader() -> None:
        x = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        rows, into, tiles = get_arg_val(1), get_arg_val(2), get_arg_val(3)
        for row in range(early_rows):
            await bring_row(into, x, row * tiles, tiles, one_by_one)
        await prepare()
        for row in range(early_rows, rows):
            await bring_row(into, x, row * tiles, tiles, one_by_one)

    return reader


def reader_of_two(prepare: Kernel, early_rows: int, one_by_one: bool) -> Kernel:
    """Two tensors, a tile row of each at a time."""

    async def both_rows(row: int) -> None:
        x_args = TensorAccessorArgs(0)
        y_args = TensorAccessorArgs(x_args.next_compile_time_args_offset())
        x, y = TensorAccessor(x_args, get_arg_val(0)), TensorAccessor(y_args, get_arg_val(1))
        into, tiles, also_into, also_tiles = get_arg_val(3), get_arg_val(4), get_arg_val(5), get_arg_val(6)
        await bring_row(into, x, row * tiles, tiles, one_by_one)
        await bring_row(also_into, y, row * also_tiles, also_tiles, one_by_one)

    async def reader() -> None:
        for row in range(early_rows):
            await both_rows(row)
        await prepare()
        for row in range(early_rows, get_arg_val(2)):
            await both_rows(row)

    return reader


def writer_of_one(one_by_one: bool) -> Kernel:
    """A tile row at a time out of one CB."""

    async def writer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        rows, of, tiles = get_arg_val(1), get_arg_val(2), get_arg_val(3)
        for row in range(rows):
            await send_row(of, target, row * tiles, tiles, one_by_one)

    return writer


def writer_of_two(one_by_one: bool) -> Kernel:
    """A tile row at a time: its left part out of one CB, its right part out of another."""

    async def writer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        rows, of, tiles = get_arg_val(1), get_arg_val(2), get_arg_val(3)
        also_of, also_tiles = get_arg_val(4), get_arg_val(5)
        for row in range(rows):
            start = row * (tiles + also_tiles)
            await send_row(of, target, start, tiles, one_by_one)
            await send_row(also_of, target, start + tiles, also_tiles, one_by_one)

    return writer


# ---- the program --------------------------------------------------------------------------------------------------


def program(
    compute: Kernel,
    inputs: Mapping[int, ArrayLike],
    outputs: Mapping[int, int],
    pages: Mapping[int, int],
    Wt: int,
    *,
    prepare: Kernel = no_constants,
    late: bool = False,
    one_by_one: bool = False,
    fp32_dst: bool = True,
) -> Launch:
    """Tensors and descriptors.

    `inputs`: for one CB or two, what comes in: (H, columns), a multiple of 32 each. `outputs`: for one CB or two, the tiles
    a tile row that go out. `pages` of each CB. `compute` gets Wt and the tile rows as compile-time arguments. The
    reader calls `prepare` once, before the first row or (`late`) after it; `one_by_one`: tiles come
    and go singly, not a row at a time.
    """
    tensors = [from_numpy(values, layout=TILE_LAYOUT) for values in inputs.values()]
    rows = tensors[0].shape[0] // 32
    comes = [word for index, tensor in zip(inputs, tensors, strict=True) for word in (index, tensor.shape[1] // 32)]
    goes = [word for item in outputs.items() for word in item]
    out = allocate_tensor_on_device((32 * rows, 32 * sum(outputs.values())), layout=TILE_LAYOUT)
    config = ComputeConfigDescriptor(fp32_dest_acc_en=fp32_dst)
    reader_of = reader_of_one if len(tensors) == 1 else reader_of_two
    writer_of = writer_of_one if len(outputs) == 1 else writer_of_two
    kernels = [
        kernel(reader_of(prepare, int(late), one_by_one), READER, tensors, rows, *comes),
        KernelDescriptor(compute, CORE, config, [Wt, rows]),
        kernel(writer_of(one_by_one), WRITER, [out], rows, *goes),
    ]
    return [*tensors, out], ProgramDescriptor(kernels, [cb(index, n) for index, n in pages.items()])


# ---- data -----------------------------------------------------------------------------------------------------------


def bf16(values: ArrayLike) -> Floats:
    """As the host rounds them on their way to DRAM."""
    return bf16_values(to_bf16_rne(values)).astype(np.float64)


def sample(Wt: int, Ht: int = 1, offset: float = 0.0) -> Floats:
    """Ht rows of Wt tiles: seeded random rows around means of their own, each higher to the right; row 1 is constant."""
    random = np.random.default_rng(32 * Wt + Ht)
    shape = (32 * Ht, 32 * Wt)
    values = random.normal(size=shape) + random.uniform(-4, 4, (shape[0], 1)) + np.linspace(-2, 2, shape[1]) + offset
    values[1::32] = 3 + offset
    return bf16(values)


def in_column_0(column: ArrayLike, elsewhere: float = 0.0) -> Floats:
    """One tile wide: (H, 1) numbers in column 0, `elsewhere` in the other 31."""
    numbers = np.asarray(column, np.float64)
    tile = np.full((numbers.shape[0], 32), elsewhere)
    tile[:, :1] = numbers
    return tile
