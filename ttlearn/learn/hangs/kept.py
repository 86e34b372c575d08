"""Buffers that are too small for what is kept in them, and promises that wait for each other."""

from __future__ import annotations

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
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
)
from ...debug.hang.causes import Cause
from .entry import Entry, c_0, c_1, c_16, c_24, cb
from .stream import N, same, stream

# ---- two passes through an intermediate CB ------------------------------------------------------------------


async def compute_in_two_passes() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_24, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_24)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_24, 1)
    copy_init(c_24)
    for _ in range(n):
        await cb_wait_front(c_24, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_24, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_24, 1)
        cb_push_back(c_16, 1)


# ---- credits ------------------------------------------------------------------------------------------------


async def reader_on_credit() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    for i in range(start, start + n):
        await cb_wait_front(c_1, 1)
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, src, get_write_ptr(c_0))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)
        cb_pop_front(c_1, 1)


async def compute_gives_credit() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        await cb_reserve_back(c_1, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        pack_tile(0, c_1)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)
        cb_push_back(c_1, 1)


async def compute_gives_credit_first() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(n):
        await cb_reserve_back(c_1, 1)
        cb_push_back(c_1, 1)
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


ENTRIES = (
    Entry(
        "intermediate_too_small",
        "Two passes over a row with an intermediate buffer between them, two pages deep like all the others. The first pass "
        "must end before the second takes a page, so the buffer has to hold the row, and it does not.",
        "layernorm's c_24 and softmax's c_exps, given 2 pages instead of Wt",
        lambda: stream(compute=compute_in_two_passes, more=[cb(c_24, 2)]),
        lambda: stream(compute=compute_in_two_passes, more=[cb(c_24, N)]),
        Cause.TOO_SMALL,
        "PACK",
        c_24,
        ("await cb_reserve_back(c_24, 1)", "cb_pop_front(c_24, 1)"),
        f"give c_24 the pages of a whole row, {N}",
        same,
    ),
    Entry(
        "circle_of_two_cbs",
        "To keep the reader from running ahead, compute hands back a credit a tile, in a CB of its own. The reader waits for "
        "its first credit before it reads the first tile, and compute gives one only after a tile.",
        "a hand-made flow control between reader and compute; golden run h05",
        lambda: stream(reader=reader_on_credit, compute=compute_gives_credit, more=[cb(c_1, 1)]),
        lambda: stream(reader=reader_on_credit, compute=compute_gives_credit_first, more=[cb(c_1, 1)]),
        Cause.CIRCLE,
        "NCRISC",
        c_1,
        ("await cb_wait_front(c_1, 1)", "await cb_wait_front(c_0, 1)"),
        "give the credit before the tile is waited for, or take c_1 away: c_0 limits the reader anyhow",
        same,
    ),
)
