"""Phases that notebooks 07 to 09 hand out: those that come after the learner's own, and those to be mended or made faster.

Each waits for its input, reserves its output, works a tile a section, pushes and pops. `row_by_row` is the kernel around
phases. Left out: the program around that (`one_phase`), and right answers (`course/`).
"""

from __future__ import annotations

from ..compute import (
    BroadcastType,
    add_bcast_cols_init,
    add_tiles_bcast,
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    get_compile_time_arg_val,
    mul_bcast_cols_init,
    mul_init,
    mul_tiles,
    mul_tiles_bcast,
    pack_tile,
    rsqrt_tile,
    rsqrt_tile_init,
    sub_bcast_cols_init,
    sub_tiles_bcast,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ..dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front
from .hangs.entry import Kernel
from .one_phase import Phase, c_0, c_1, c_3, c_16, c_24, c_25, c_26, c_27

COL = BroadcastType.COL


async def pass_on(Wt: int) -> None:
    """After the mean: copies the row from c_0 to c_16, and pops it."""
    copy_init(c_0)
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_16, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        copy_tile(c_0, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
    cb_push_back(c_16, Wt)
    cb_pop_front(c_0, Wt)


async def hand_on(Wt: int) -> None:
    """After the square: copies the centered row from c_24 to c_16, and pops it."""
    copy_init(c_24)
    await cb_wait_front(c_24, Wt)
    await cb_reserve_back(c_16, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        copy_tile(c_24, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
    cb_push_back(c_16, Wt)
    cb_pop_front(c_24, Wt)


async def normalize(Wt: int) -> None:
    """After 1/sqrt: c_24 times column 0 of c_27, and pops both."""
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_27, 1)
    await cb_reserve_back(c_16, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        mul_tiles_bcast(c_24, c_27, t, 0, 0, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
    cb_push_back(c_16, Wt)
    cb_pop_front(c_24, Wt)
    cb_pop_front(c_27, 1)


# ---- to be mended, or made faster ---------------------------------------------------------------------------------


async def narrow_center(Wt: int) -> None:
    """Needs a whole row of pages."""
    sub_bcast_cols_init(c_0, c_25)
    await cb_wait_front(c_0, Wt)
    await cb_wait_front(c_25, 1)
    await cb_reserve_back(c_24, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        sub_tiles_bcast(c_0, c_25, t, 0, 0, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_24)
        tile_regs_release()
    cb_push_back(c_24, Wt)
    cb_pop_front(c_0, Wt)
    cb_pop_front(c_25, 1)


async def careful_inverse_std() -> None:
    """Adds epsilon to row 0 only."""
    add_bcast_cols_init(c_26, c_3)
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    await cb_reserve_back(c_27, 1)
    tile_regs_acquire()
    add_tiles_bcast(c_26, c_3, 0, 0, 0, tBcastDim=COL)
    rsqrt_tile_init()
    rsqrt_tile(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)
    cb_pop_front(c_26, 1)


async def squares(Wt: int) -> int:
    """Packs a tile of squares for each tile."""
    mul_init(c_24, c_24)
    await cb_wait_front(c_24, Wt)
    await cb_reserve_back(c_1, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        mul_tiles(c_24, c_24, t, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_1)
        tile_regs_release()
    cb_push_back(c_1, Wt)
    return Wt


# ---- the loop around phases ---------------------------------------------------------------------------------------


async def nothing(Wt: int) -> None:
    """No phase."""


def row_by_row(
    cbs: tuple[int, int, int], one: Phase, two: Phase = nothing, three: Phase = nothing, four: Phase = nothing
) -> Kernel:
    """A compute kernel: the phases in this order, for each tile row. `cbs`: those of the first phase, for the start-up."""
    a, b, out = cbs

    async def compute() -> None:
        compute_kernel_hw_startup(a, b, out)
        Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
        for _ in range(Ht):
            await one(Wt)
            await two(Wt)
            await three(Wt)
            await four(Wt)

    return compute
