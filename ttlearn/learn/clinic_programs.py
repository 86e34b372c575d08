"""Programs around the kernels of notebook 14, the hang clinic: an operand pair, rows with a bias, two cores, two passes.

A learner's kernel is passed in; the others are given and right. Left out: the exercises and their cases (`course/nb14`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..compute import (
    add_bcast_rows_init,
    compute_kernel_hw_startup,
    get_compile_time_arg_val,
    pack_tile,
    sub_init,
    sub_tiles,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ..dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_noc_addr,
    get_semaphore,
    get_write_ptr,
    noc_async_atomic_barrier,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write,
    noc_async_write_barrier,
    noc_semaphore_inc,
)
from ..host.descriptors import KernelDescriptor, ProgramDescriptor, SemaphoreDescriptor, core_set
from ..host.tensor import TILE_LAYOUT, Tensor, allocate_tensor_on_device, from_numpy
from .hangs.cores import X0, Y0
from .hangs.entry import COMPUTE, CORE, READER, WRITER, Kernel, Launch, c_0, c_1, c_16, cb, kernel
from .hangs.kept import compute_in_two_passes
from .hangs.stream import reader
from .passthrough import writer_from

c_24 = 24
writer = writer_from(c_16)


async def subtract() -> None:
    compute_kernel_hw_startup(c_0, c_1, c_16)
    sub_init(c_0, c_1)
    for _ in range(get_compile_time_arg_val(0)):
        await cb_wait_front(c_0, 1)
        await cb_wait_front(c_1, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        sub_tiles(c_0, c_1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)
        cb_pop_front(c_1, 1)


def biased(add: Callable[[int], Any]) -> Kernel:
    """A compute kernel that calls `add` once for each tile row."""

    async def compute() -> None:
        compute_kernel_hw_startup(c_0, c_1, c_16)
        add_bcast_rows_init(c_0, c_1)
        for _ in range(get_compile_time_arg_val(1)):
            await add(get_compile_time_arg_val(0))

    return compute


async def row_reader() -> None:
    """For each tile row its first tile, its tile of bias, then the other tiles."""
    x = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    bias = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
    n = get_arg_val(2)
    for row in range(get_arg_val(3)):
        await fetch(c_0, x, row * n)
        await fetch(c_1, bias, row)
        for i in range(1, n):
            await fetch(c_0, x, row * n + i)


async def fetch(buffer: int, tensor: TensorAccessor, page: int) -> None:
    await cb_reserve_back(buffer, 1)
    noc_async_read_page(page, tensor, get_write_ptr(buffer))
    await noc_async_read_barrier()
    cb_push_back(buffer, 1)


async def sender() -> None:
    """Fetches all tiles, then sends them one by one and counts each up at the receiver."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    n, x, y = get_arg_val(1), get_arg_val(2), get_arg_val(3)
    for i in range(n):
        noc_async_read_page(i, source, get_write_ptr(c_0) + i * 2048)
    await noc_async_read_barrier()
    for i in range(n):
        place = get_write_ptr(c_0) + i * 2048
        noc_async_write(place, get_noc_addr(x, y, place), 2048)
        await noc_async_write_barrier()
        noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


async def slow_sender() -> None:
    """As `sender`, but fetches each tile when it is its turn, again and again: a receiver has long written out the last."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    n, x, y = get_arg_val(1), get_arg_val(2), get_arg_val(3)
    for i in range(n):
        place = get_write_ptr(c_0) + i * 2048
        for _ in range(4):
            noc_async_read_page(i, source, place)
            await noc_async_read_barrier()
        noc_async_write(place, get_noc_addr(x, y, place), 2048)
        await noc_async_write_barrier()
        noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


def difference(reads: Kernel, n: int, depths: tuple[int, int] = (2, 2)) -> Launch:
    """a - b of `n` tiles each; `depths`: the pages of c_0 and of c_1."""
    a, b, out = _tiles(1, n), _tiles(1, n, seed=1), _empty(1, n)
    kernels = [
        kernel(reads, READER, [a, b], n),
        KernelDescriptor(subtract, CORE, COMPUTE, [n]),
        kernel(writer, WRITER, [out], n),
    ]
    return [a, b, out], ProgramDescriptor(kernels, [cb(c_0, depths[0]), cb(c_1, depths[1]), cb(c_16, 2)])


def rows_with_bias(add: Callable[[int], Any], n: int, rows: int = 1, depth: int = 2) -> Launch:
    """`rows` tile rows of `n` tiles; a row's bias is the first row of numbers of its tile in the second tensor."""
    x, bias, out = _tiles(rows, n), _tiles(rows, 1, seed=1), _empty(rows, n)
    kernels = [
        kernel(row_reader, READER, [x, bias], n, rows),
        KernelDescriptor(biased(add), CORE, COMPUTE, [n, rows]),
        kernel(writer, WRITER, [out], n * rows),
    ]
    return [x, bias, out], ProgramDescriptor(kernels, [cb(c_0, depth), cb(c_1, 1), cb(c_16, depth)])


def over_the_noc(receives: Kernel, n: int, sends: Kernel = sender) -> Launch:
    """`n` tiles from core (0, 0) to core (1, 0), which writes them out."""
    x, out, cores = _tiles(1, n), _empty(1, n), core_set((0, 0), (1, 0))
    kernels = [
        kernel(sends, READER, [x], n, X0 + 1, Y0, core=(0, 0)),
        kernel(receives, WRITER, [out], n, core=(1, 0)),
    ]
    return [x, out], ProgramDescriptor(kernels, [cb(c_0, n, cores=cores)], [SemaphoreDescriptor(0, cores)])


def two_passes(tiles: int, pages: int) -> Launch:
    """Patient 3 with other sizes: a row of `tiles` tiles, c_24 of `pages` pages."""
    x, out = _tiles(1, tiles), _empty(1, tiles)
    kernels = [
        kernel(reader, READER, [x], 0, tiles),
        kernel(compute_in_two_passes, COMPUTE, [], tiles),
        kernel(writer, WRITER, [out], tiles),
    ]
    return [x, out], ProgramDescriptor(kernels, [cb(c_0, 2), cb(c_24, pages), cb(c_16, 2)])


def _tiles(rows: int, columns: int, seed: int = 0) -> Tensor:
    """Small whole numbers, so that bf16 holds every sum."""
    values = np.random.default_rng([rows, columns, seed]).integers(-60, 60, (32 * rows, 32 * columns))
    return from_numpy(values.astype(np.float32), layout=TILE_LAYOUT)


def _empty(rows: int, columns: int) -> Tensor:
    return allocate_tensor_on_device((32 * rows, 32 * columns), layout=TILE_LAYOUT)
