"""Pages that are given back too early: what is popped is gone, and a wait counts anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compute import (
    add_init,
    add_tiles,
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    mul_init,
    mul_tiles,
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
from .entry import Entry, Kernel, Launch, c_0, c_16, c_24, c_25, cb, numbers
from .stream import N, same, stream

# ---- square, then normalize ---------------------------------------------------------------------------------


async def compute_pops_centered_early() -> None:
    Wt = get_arg_val(0)
    compute_kernel_hw_startup(c_24, c_24, c_25)
    await cb_wait_front(c_24, Wt)
    mul_init(c_24, c_24)
    await cb_reserve_back(c_25, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        mul_tiles(c_24, c_24, t, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_25)
        tile_regs_release()
    cb_push_back(c_25, Wt)
    cb_pop_front(c_24, Wt)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_25, Wt)
    add_init(c_24, c_25)
    for t in range(Wt):
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles(c_24, c_25, t, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
    cb_pop_front(c_25, Wt)


async def compute_keeps_centered() -> None:
    Wt = get_arg_val(0)
    compute_kernel_hw_startup(c_24, c_24, c_25)
    await cb_wait_front(c_24, Wt)
    mul_init(c_24, c_24)
    await cb_reserve_back(c_25, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        mul_tiles(c_24, c_24, t, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_25)
        tile_regs_release()
    cb_push_back(c_25, Wt)
    await cb_wait_front(c_25, Wt)
    add_init(c_24, c_25)
    for t in range(Wt):
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles(c_24, c_25, t, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
    cb_pop_front(c_24, Wt)
    cb_pop_front(c_25, Wt)


async def reader_of_centered() -> None:
    src_addr, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    for i in range(start, start + n):
        await cb_reserve_back(c_24, 1)
        noc_async_read_page(i, src, get_write_ptr(c_24))
        await noc_async_read_barrier()
        cb_push_back(c_24, 1)


def squared(compute: Kernel) -> Launch:
    return stream(reader=reader_of_centered, compute=compute, more=[cb(c_24, N), cb(c_25, N)])


def sums() -> NDArray[np.float32]:
    """x + x*x, of whole numbers that bf16 holds."""
    return numbers(N) + numbers(N) ** 2


# ---- cumulative waits ---------------------------------------------------------------------------------------


async def compute_in_blocks_cumulative() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for block in range(n // 2):
        await cb_wait_front(c_0, 2 * (block + 1))
        for t in range(2):
            await cb_reserve_back(c_16, 1)
            tile_regs_acquire()
            copy_tile(c_0, t, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_16)
            tile_regs_release()
            cb_push_back(c_16, 1)
        cb_pop_front(c_0, 2)


async def compute_in_blocks() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(n // 2):
        await cb_wait_front(c_0, 2)
        for t in range(2):
            await cb_reserve_back(c_16, 1)
            tile_regs_acquire()
            copy_tile(c_0, t, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_16)
            tile_regs_release()
            cb_push_back(c_16, 1)
        cb_pop_front(c_0, 2)


ENTRIES = (
    Entry(
        "popped_but_needed_again",
        "The square of the centred values is done with them and pops them, as every tidy phase does. But normalize wants the "
        "same tiles two phases later, and a popped page never comes back.",
        "layernorm phases 4 and 9: square pops c_24 that normalize multiplies",
        lambda: squared(compute_pops_centered_early),
        lambda: squared(compute_keeps_centered),
        Cause.POPPED_TOO_EARLY,
        "UNPACK",
        c_24,
        ("await cb_wait_front(c_24, Wt)", "cb_pop_front(c_24, Wt)"),
        "pop c_24 once, after its last use (the policy WaitUpfrontNoPop)",
        sums,
    ),
    Entry(
        "cumulative_wait_with_pop",
        "Waits are cumulative as long as nothing is popped: 2, 4, 6 pages. Somebody added a pop to each block to save memory, "
        "and the second block now waits for four pages when only two more of the six are to come at its front.",
        "golden run h15; the blocked input of bmm_large_block_zm.cpp",
        lambda: stream(compute=compute_in_blocks_cumulative, depth=N),
        lambda: stream(compute=compute_in_blocks, depth=N),
        Cause.POPPED_TOO_EARLY,
        "UNPACK",
        c_0,
        ("await cb_wait_front(c_0, 2 * (block + 1))", "cb_pop_front(c_0, 2)"),
        "wait for 2 in each block, or pop all of them once at the end",
        same,
    ),
)
