"""Counts that do not agree: one side is told more, or asks for more, than the other side or the CB can give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compute import (
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    mul_bcast_rows_init,
    mul_tiles_bcast_rows,
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
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
)
from ...debug.hang.causes import Cause
from ...host.descriptors import ProgramDescriptor, core_set
from .entry import (
    COMPUTE,
    READER,
    WRITER,
    Entry,
    Kernel,
    Launch,
    c_0,
    c_4,
    c_16,
    cb,
    kernel,
    no_tiles,
    numbers,
    over_cores,
    tiles,
)
from .stream import N, compute, reader, same, stream, writer

# ---- a whole row at once ------------------------------------------------------------------------------------


async def compute_by_rows() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    await cb_wait_front(c_0, n)
    for i in range(n):
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, i, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
    cb_pop_front(c_0, n)


# ---- gamma --------------------------------------------------------------------------------------------------


async def reader_of_one_gamma() -> None:
    src_addr, gamma_addr, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    gamma = TensorAccessor(TensorAccessorArgs(2), gamma_addr)
    await cb_reserve_back(c_4, 1)
    noc_async_read_page(0, gamma, get_write_ptr(c_4))
    await noc_async_read_barrier()
    cb_push_back(c_4, 1)
    for i in range(n):
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, src, get_write_ptr(c_0))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)


async def reader_of_gamma() -> None:
    src_addr, gamma_addr, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    gamma = TensorAccessor(TensorAccessorArgs(2), gamma_addr)
    for i in range(n):
        await cb_reserve_back(c_4, 1)
        noc_async_read_page(i, gamma, get_write_ptr(c_4))
        await noc_async_read_barrier()
        cb_push_back(c_4, 1)
    for i in range(n):
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, src, get_write_ptr(c_0))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)


async def compute_times_gamma() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_4, c_16)
    mul_bcast_rows_init(c_0, c_4)
    await cb_wait_front(c_4, n)
    for i in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        mul_tiles_bcast_rows(c_0, c_4, 0, i, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)
    cb_pop_front(c_4, n)


def with_gamma(reader: Kernel) -> Launch:
    src, gamma, dst = tiles(N), tiles(N), no_tiles(N)
    kernels = [
        kernel(reader, READER, [src, gamma], N),
        kernel(writer, WRITER, [dst], 0, N),
        kernel(compute_times_gamma, COMPUTE, [], N),
    ]
    return [src, gamma, dst], ProgramDescriptor(kernels, [cb(c_0, 2), cb(c_4, N), cb(c_16, 2)])


def squares() -> NDArray[np.float32]:
    """Tile i times gamma's tile i, which is the same."""
    return numbers(N) ** 2


# ---- over four cores ----------------------------------------------------------------------------------------

SPLIT = {(0, 0): (0, 3), (1, 0): (3, 3), (2, 0): (6, 2), (3, 0): (8, 2)}  # core: (first tile, tiles), 10 in all


def over_four_cores(computed: dict[tuple[int, int], tuple[int, ...]]) -> Launch:
    src, dst = tiles(10), no_tiles(10)
    kernels = [
        over_cores(reader, READER, [src], SPLIT),
        over_cores(writer, WRITER, [dst], SPLIT),
        over_cores(compute, COMPUTE, [], computed),
    ]
    cores = core_set(*SPLIT)
    return [src, dst], ProgramDescriptor(kernels, [cb(c_0, 2, cores=cores), cb(c_16, 2, cores=cores)])


ENTRIES = (
    Entry(
        "producer_short",
        "The host divides the length by the tile size and forgets the last, half-full tile. Reader and compute disagree by "
        "one: the reader has long gone home, and UNPACK waits for a page that nobody will bring.",
        "reader_unary_interleaved_start_id.cpp with num_tiles rounded down; watcher line CWFW, W,UPAD, D, D",
        lambda: stream(read=N - 1),
        stream,
        Cause.PRODUCER_SHORT,
        "UNPACK",
        c_0,
        ("await cb_wait_front(c_0, 1)", "cb_push_back(c_0, 1)"),
        f"tell the reader {N} tiles, as compute and writer are told",
        same,
    ),
    Entry(
        "consumer_early",
        "The writer was told of five tiles, compute of eight. For two more tiles c_16 gives room, so everything seems to "
        "work; with c_16 one page deeper it would even finish, and leave three tiles behind.",
        "writer_unary_interleaved_start_id.cpp with the number of another core",
        lambda: stream(written=N - 3),
        stream,
        Cause.CONSUMER_EARLY,
        "PACK",
        c_16,
        ("await cb_reserve_back(c_16, 1)", "cb_pop_front(c_16, 1)"),
        f"tell the writer {N} tiles",
        same,
    ),
    Entry(
        "request_larger_than_the_cb",
        "A kernel that took tiles one by one was rewritten to take a whole row at once. The host program still gives c_0 two "
        "pages: a double buffer. A wait for eight pages of a CB that holds two is a wait for ever.",
        "the wait-upfront policies of the kernel library; layernorm with its row in c_0",
        lambda: stream(compute=compute_by_rows),
        lambda: stream(compute=compute_by_rows, depth=N),
        Cause.REQUEST_TOO_LARGE,
        "UNPACK",
        c_0,
        ("await cb_wait_front(c_0, n)",),
        f"give c_0 {N} pages",
        same,
    ),
    Entry(
        "gamma_one_tile",
        "gamma is a row of n tiles and compute waits for all of them before the first product. The reader was copied from an "
        "op whose scaler is a single tile, and reads one.",
        "layernorm's gamma, bcast_rows; reader_bcast_h_interleaved.cpp",
        lambda: with_gamma(reader_of_one_gamma),
        lambda: with_gamma(reader_of_gamma),
        Cause.PRODUCER_SHORT,
        "UNPACK",
        c_4,
        ("await cb_wait_front(c_4, n)", "cb_push_back(c_4, 1)"),
        "read and push n tiles of gamma",
        squares,
    ),
    Entry(
        "uneven_split",
        "Ten tiles over four cores: 3, 3, 2, 2. Reader and writer get the right numbers, compute gets the first group's number "
        "on every core. Two cores finish, two wait for a third tile that was never theirs.",
        "split_work_to_cores, whose second core group was given the first group's compile-time arguments",
        lambda: over_four_cores(dict.fromkeys(SPLIT, (3,))),
        lambda: over_four_cores({core: (count,) for core, (_, count) in SPLIT.items()}),
        Cause.PRODUCER_SHORT,
        "UNPACK",
        c_0,
        ("await cb_wait_front(c_0, 1)", "cb_push_back(c_0, 1)"),
        "give compute on the second group's cores 2 tiles",
        lambda: numbers(10),
        (2, 0),
    ),
)
