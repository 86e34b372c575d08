"""The engine: programmed for another operation, or its DST sections taken and not handed on."""

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
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front, get_arg_val
from ...debug.hang.causes import Cause
from .entry import Entry, c_0, c_16, numbers
from .stream import N, same, stream


async def compute_adds_after_mul_init() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_0, c_16)
    mul_init(c_0, c_0)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles(c_0, c_0, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


async def compute_adds() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_0, c_16)
    add_init(c_0, c_0)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles(c_0, c_0, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


def doubled() -> NDArray[np.float32]:
    return 2 * numbers(N)


async def compute_never_releases() -> None:
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
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


async def compute_never_commits() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


async def compute_commits_half() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for i in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        if i < 4:
            tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


ENTRIES = (
    Entry(
        "init_of_another_operation",
        "The product became a sum, and the init above the loop was forgotten. mul_init lets UNPACK and MATH hand operands over "
        "in another rhythm than add_tiles takes them: the engine stalls after the first tile, with every page in place.",
        "golden run h36: mul_init, then add_tiles",
        lambda: stream(compute=compute_adds_after_mul_init),
        lambda: stream(compute=compute_adds),
        Cause.WRONG_OPERATION,
        "UNPACK",
        c_0,
        ("add_tiles(c_0, c_0, 0, 0, 0)", "mul_init(c_0, c_0)"),
        "call add_init(c_0, c_0) before add_tiles",
        doubled,
    ),
    Entry(
        "release_missing",
        "DST has two sections. PACK packs them and never gives them back, so MATH computes two tiles and stops at its third "
        "acquire. PACK itself goes on with what it holds: the writer finishes with eight tiles, and looks innocent and done.",
        "golden run h17",
        lambda: stream(compute=compute_never_releases),
        stream,
        Cause.DST_MISUSE,
        "MATH",
        None,
        ("tile_regs_acquire()", "tile_regs_wait()"),
        "call tile_regs_release() after the last pack_tile of a section",
        same,
    ),
    Entry(
        "commit_missing",
        "The four tile_regs calls stand in a kernel like brackets, and one is gone. MATH computes the first tile and never "
        "says so: PACK waits for a section that is full and was not handed over.",
        "any eltwise kernel: acquire and release are there, commit is not",
        lambda: stream(compute=compute_never_commits),
        stream,
        Cause.DST_MISUSE,
        "PACK",
        None,
        ("tile_regs_wait()", "tile_regs_acquire()"),
        "call tile_regs_commit() after the last operation of a section",
        same,
    ),
    Entry(
        "commit_missing_from_some_trip_on",
        "The commit slipped into an `if` that skips the padding tiles. Four tiles come out, then PACK waits: acquire, wait and "
        "release are called eight times, commit four times.",
        "a compute kernel with a masked tail",
        lambda: stream(compute=compute_commits_half),
        stream,
        Cause.DST_MISUSE,
        "PACK",
        None,
        ("tile_regs_wait()", "tile_regs_commit()"),
        "commit in every trip in which a section was acquired",
        same,
    ),
)
