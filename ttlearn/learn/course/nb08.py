"""Exercises of notebook 08: center and square, and how long a page lives."""

from __future__ import annotations

import numpy as np

from ...compute import (
    BroadcastType,
    mul_init,
    mul_tiles,
    pack_tile,
    sub_bcast_cols_init,
    sub_tiles_bcast,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front
from .. import one_phase
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..given_phases import hand_on, row_by_row
from ..given_phases import narrow_center as given_center
from ..hangs.entry import Launch
from ..one_phase import Floats, Phase, bf16, c_0, c_1, c_2, c_16, c_24, c_25, in_column_0, sample, scaler_of
from .nb07 import SAME_FORMAT, mean

COL = BroadcastType.COL
BOUNDS = (1e-2, 1e-3)  # rtol, atol: one operation on bf16 numbers, one rounding
GARBAGE = 77.0  # in columns 1 to 31 of the mean, which nobody should look at

# ---- what is written and mended -----------------------------------------------------------------------------------


async def center(Wt: int) -> None:
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


async def square(Wt: int) -> None:
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


async def narrow_center(Wt: int) -> None:
    sub_bcast_cols_init(c_0, c_25)
    await cb_wait_front(c_25, 1)
    for _ in range(Wt):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_24, 1)
        tile_regs_acquire()
        sub_tiles_bcast(c_0, c_25, 0, 0, 0, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_24)
        tile_regs_release()
        cb_push_back(c_24, 1)
        cb_pop_front(c_0, 1)
    cb_pop_front(c_25, 1)


# ---- what is given --------------------------------------------------------------------------------------------------


def program(*phases: Phase, x: Floats | None = None, fp32_dst: bool = True) -> Launch:
    """`mean`, then these phases, on the tile rows of x. What comes out is c_1 and, beside it, c_16: Wt tiles a tile row each."""
    values = sample(4) if x is None else x
    Wt = values.shape[1] // 32
    pages = {c_2: 1, c_0: 2 * Wt, c_25: 1, c_24: Wt, c_1: Wt, c_16: Wt}
    compute = row_by_row((c_0, c_2, c_25), mean, *phases)
    return one_phase.program(
        compute,
        {c_0: values},
        {c_1: Wt, c_16: Wt},
        pages,
        Wt,
        prepare=scaler_of(Wt),
        one_by_one=True,
        fp32_dst=fp32_dst,
    )


def centering(
    phase: Phase, x: Floats, depth: int = 2, fp32_dst: bool = True, pages: int | None = None, late: bool = False
) -> Launch:
    """One phase that subtracts a given mean. `depth`: tile rows in c_0 and c_24, or `pages`, if given.

    `late`: the mean of a row comes after it.
    """
    Wt = x.shape[1] // 32
    given = in_column_0(bf16(x.mean(axis=1, keepdims=True)), GARBAGE)
    inputs = {c_0: x, c_25: given} if late else {c_25: given, c_0: x}
    row = pages or depth * Wt
    table = {c_0: row, c_25: depth, c_24: row}
    compute = row_by_row((c_0, c_25, c_24), phase)
    return one_phase.program(compute, inputs, {c_24: Wt}, table, Wt, one_by_one=True, fp32_dst=fp32_dst)


def squaring(phase: Phase, x: Floats, depth: int = 2, fp32_dst: bool = True) -> Launch:
    """One phase that squares c_24, and `hand_on`. `depth`: tile rows in c_24."""
    Wt = x.shape[1] // 32
    table = {c_24: depth * Wt, c_1: Wt, c_16: Wt}
    compute = row_by_row((c_24, c_24, c_1), phase, hand_on)
    return one_phase.program(compute, {c_24: x}, {c_1: Wt, c_16: Wt}, table, Wt, one_by_one=True, fp32_dst=fp32_dst)


# ---- cases ----------------------------------------------------------------------------------------------------------


def centered(
    name: str,
    Wt: int,
    Ht: int = 1,
    *,
    offset: float = 0.0,
    depth: int = 2,
    fp32_dst: bool = True,
    pages: int | None = None,
    late: bool = False,
    seed: int | None = None,
) -> Case:
    """x minus the mean that came in."""

    def make(functions: Functions) -> Trial:
        (phase,) = functions.values()
        x = sample(Wt, Ht, offset)
        launch = centering(phase, x, depth, fp32_dst, pages, late)
        return Trial(*launch, x - bf16(x.mean(axis=1, keepdims=True)), BOUNDS)

    return Case(name, make, seed)


def squared(name: str, Wt: int, Ht: int = 1, *, depth: int = 2, fp32_dst: bool = True, seed: int | None = None) -> Case:
    """The squares, and what was squared."""

    def make(functions: Functions) -> Trial:
        (phase,) = functions.values()
        x = bf16(sample(Wt, Ht) - 3)  # its constant rows are zero
        return Trial(*squaring(phase, x, depth, fp32_dst), np.hstack([x**2, x]), BOUNDS)

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="08.1",
        title="Center",
        kind=Kind.WRITE,
        reference={"center": center},
        shown={"center": 1},
        cases=(
            centered("one tile", 1),
            centered("two rows of four tiles", 4, 2),
            centered("rows of three tiles around 8, depth 1", 3, 3, offset=8, depth=1),
            centered("the mean comes after its row", 4, 3, late=True),
            centered("nine tiles: more than a DST section holds", 9),
            centered("rows of seven tiles, 16-bit DST, other timings", 7, 3, fp32_dst=False, seed=1),
        ),
        tips=(
            "Wait for the row and for its mean, and reserve room for a row in c_24. Then a section a tile, as in `pass_on` "
            "of notebook 07. Nobody needs x or the mean after this phase.",
            "`sub_bcast_cols_init(c_0, c_25)` once; `sub_tiles_bcast(c_0, c_25, t, 0, 0, tBcastDim=COL)` and one pack in each "
            "section. Push Wt of c_24, pop Wt of c_0 and 1 of c_25.",
        ),
        equivalent={
            f"center 2: `sub_bcast_cols_init(c_0, c_25)`, another CB ({name})": SAME_FORMAT
            for name in ("c_0", "c_24", "c_25")
        },
    ),
    Exercise(
        id="08.2",
        title="Square, and keep",
        kind=Kind.WRITE,
        reference={"square": square},
        shown={"square": 1},
        cases=(
            squared("one tile", 1),
            squared("two rows of four tiles", 4, 2),
            squared("rows of three tiles, depth 1", 3, 3, depth=1),
            squared("nine tiles: more than a DST section holds", 9),
            squared("rows of seven tiles, 16-bit DST, other timings", 7, 3, fp32_dst=False, seed=2),
        ),
        tips=(
            "The shape of `center`, with one operand twice. Which of the pages that you wait for does a later phase still need?",
            "`mul_init(c_24, c_24)`, and in each section `mul_tiles(c_24, c_24, t, t, 0)`. Push Wt of c_1. Pop nothing.",
        ),
        equivalent={"square 2: `mul_init(c_24, c_24)`, another CB (c_1)": SAME_FORMAT},
    ),
    Exercise(
        id="08.3",
        title="A row through two pages",
        kind=Kind.FASTER,
        reference={"narrow_center": narrow_center},
        cases=(
            centered("one tile", 1, pages=2),
            centered("two rows of four tiles", 4, 2, pages=2),
            centered("rows of seven tiles, one page each", 7, 3, depth=1, pages=1),
            centered("the mean comes after its row", 4, 3, depth=1, late=True),
            centered("rows of sixteen tiles, other timings", 16, 2, pages=2, seed=1),
        ),
        tips=(
            "Waits and pops of c_0, reserves and pushes of c_24: move them into the loop, one page each. What stays outside?",
            "After a pop the next tile of x is at the front: its index in `sub_tiles_bcast` is always 0. The mean is needed to "
            "the end of the row: wait for it before the loop, pop it after.",
        ),
        given={"narrow_center": given_center},
        equivalent={
            f"narrow_center 2: `sub_bcast_cols_init(c_0, c_25)`, another CB ({name})": SAME_FORMAT
            for name in ("c_0", "c_24", "c_25")
        },
        goals={"cycles": 1.05},
    ),
)
