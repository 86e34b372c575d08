"""The program that most entries break: tiles go from DRAM over c_0 through compute and c_16 back to DRAM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...compute import (
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
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
from ...host.descriptors import CBDescriptor, ProgramDescriptor
from .entry import COMPUTE, READER, WRITER, Kernel, Launch, c_0, c_16, cb, kernel, no_tiles, numbers, tiles

N = 8  # tiles


async def reader() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    for i in range(start, start + n):
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, src, get_write_ptr(c_0))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)


async def compute() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


async def writer() -> None:
    dst_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    dst = TensorAccessor(TensorAccessorArgs(0), dst_addr)
    for i in range(start, start + n):
        await cb_wait_front(c_16, 1)
        noc_async_write_page(i, dst, get_read_ptr(c_16))
        await noc_async_write_barrier()
        cb_pop_front(c_16, 1)


def stream(
    read: int = N,
    computed: int = N,
    written: int = N,
    *,
    reader: Kernel = reader,
    compute: Kernel = compute,
    writer: Kernel = writer,
    depth: int = 2,
    more: Sequence[CBDescriptor] = (),
) -> Launch:
    """N tiles on core (0, 0). Each kernel is told how many there are."""
    src, dst = tiles(N), no_tiles(N)
    kernels = [
        kernel(reader, READER, [src], 0, read),
        kernel(writer, WRITER, [dst], 0, written),
        kernel(compute, COMPUTE, [], computed),
    ]
    return [src, dst], ProgramDescriptor(kernels, [cb(c_0, depth), cb(c_16, 2), *more])


def same() -> NDArray[np.float32]:
    """What the stream gives: its input."""
    return numbers(N)
