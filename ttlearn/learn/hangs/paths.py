"""A push or a pop that some path leaves out, and buffers that only one side knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compute import (
    add_bcast_scalar_init,
    add_tiles_bcast_scalar,
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
    tt_l1_ptr,
    uint16_t,
)
from ...debug.hang.causes import Cause
from .entry import Entry, c_0, c_2, c_16, cb, numbers
from .stream import N, same, stream

PADDED = 2  # tiles at the end that only fill up


async def reader_forgets_the_padding() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    for i in range(start, start + n):
        await cb_reserve_back(c_0, 1)
        if i == n - 1:
            padding = tt_l1_ptr(uint16_t, get_write_ptr(c_0))
            padding[0:1024] = 0
        else:
            noc_async_read_page(i, src, get_write_ptr(c_0))
            await noc_async_read_barrier()
            cb_push_back(c_0, 1)


async def reader_pads() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    for i in range(start, start + n):
        await cb_reserve_back(c_0, 1)
        if i == n - 1:
            padding = tt_l1_ptr(uint16_t, get_write_ptr(c_0))
            padding[0:1024] = 0
        else:
            noc_async_read_page(i, src, get_write_ptr(c_0))
            await noc_async_read_barrier()
        cb_push_back(c_0, 1)


def padded() -> NDArray[np.float32]:
    """The last tile is zero."""
    return np.where(numbers(N) == N, np.float32(0), numbers(N))


async def writer_skips_the_middle() -> None:
    dst_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    dst = TensorAccessor(TensorAccessorArgs(0), dst_addr)
    for i in range(start, start + n):
        await cb_wait_front(c_16, 1)
        if i < 4:
            noc_async_write_page(i, dst, get_read_ptr(c_16))
            await noc_async_write_barrier()
            cb_pop_front(c_16, 1)


async def compute_adds_a_scalar() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_2, c_16)
    add_bcast_scalar_init(c_0, c_2)
    await cb_wait_front(c_2, 1)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles_bcast_scalar(c_0, c_2, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)
    cb_pop_front(c_2, 1)


async def reader_with_scalar() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    await cb_reserve_back(c_2, 1)
    scalar = tt_l1_ptr(uint16_t, get_write_ptr(c_2))
    scalar[0:1024] = 0x3F80
    cb_push_back(c_2, 1)
    for i in range(start, start + n):
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, src, get_write_ptr(c_0))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)


def one_more() -> NDArray[np.float32]:
    return numbers(N) + 1


async def compute_never_pops() -> None:
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
        cb_push_back(c_16, 1)


ENTRIES = (
    Entry(
        "push_missing_on_one_path",
        "The last tile is padding: the reader fills it with zeros instead of fetching it, in an `if` that was added later. "
        "The push stayed in the `else`. Seven tiles flow, the eighth is made and never handed over.",
        "the tail handling of reader_unary_pad_dims_split_rows.cpp",
        lambda: stream(reader=reader_forgets_the_padding),
        lambda: stream(reader=reader_pads),
        Cause.PUSH_MISSING,
        "UNPACK",
        c_0,
        ("await cb_wait_front(c_0, 1)", "cb_push_back(c_0, 1)"),
        "push after the if, on both paths",
        padded,
    ),
    Entry(
        "pop_missing_from_some_trip_on",
        "Only the first half of the result is wanted, so the writer writes and pops four tiles and then only waits. It waits "
        "for the same page again and again, finishes, and c_16 fills up behind it: PACK is stuck, and nobody else.",
        "a writer that skips padding: writer_unary_stick_layout_split_rows with num_unpadded rows",
        lambda: stream(writer=writer_skips_the_middle),
        stream,
        Cause.POP_MISSING,
        "PACK",
        c_16,
        ("await cb_reserve_back(c_16, 1)", "cb_pop_front(c_16, 1)"),
        "pop every page that was waited for, also where it is not written",
        same,
    ),
    Entry(
        "cb_never_produced",
        "Compute adds a scalar that waits in c_2. The reader that used to make it was exchanged for the plain one: c_2 is in "
        "the CB table, compute waits for it, and no kernel pushes it.",
        "generate_bcast_scalar.hpp, or the reduce scaler, left out of the reader",
        lambda: stream(compute=compute_adds_a_scalar, more=[cb(c_2, 1)]),
        lambda: stream(reader=reader_with_scalar, compute=compute_adds_a_scalar, more=[cb(c_2, 1)]),
        Cause.NEVER_PRODUCED,
        "UNPACK",
        c_2,
        ("await cb_wait_front(c_2, 1)",),
        "let the reader fill one tile of c_2 and push it before the loop",
        one_more,
    ),
    Entry(
        "cb_never_consumed",
        "The pop is missing. Compute takes the first tile eight times over and is content; the reader finds c_0 full after two "
        "tiles. The output that did come is wrong, and the one who is stuck is not the one to blame.",
        "golden run h08; any eltwise kernel without its cb_pop_front",
        lambda: stream(compute=compute_never_pops),
        stream,
        Cause.NEVER_CONSUMED,
        "NCRISC",
        c_0,
        ("await cb_reserve_back(c_0, 1)", "await cb_wait_front(c_0, 1)"),
        "pop one tile of c_0 at the end of each trip",
        same,
    ),
)
