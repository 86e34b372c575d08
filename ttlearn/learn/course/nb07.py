"""Exercises of notebook 07, the mean of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...compute import (
    PoolType,
    ReduceDim,
    pack_tile,
    reduce_init,
    reduce_tile,
    reduce_uninit,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_push_back, cb_reserve_back, cb_wait_front, get_write_ptr, tt_l1_ptr
from .. import one_phase
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..given_phases import pass_on, row_by_row
from ..hangs.entry import Launch
from ..one_phase import Floats, Phase, c_0, c_2, c_16, c_25, in_column_0, sample, scaler_of

SUM, REDUCE_ROW = PoolType.SUM, ReduceDim.REDUCE_ROW
MEAN_BOUNDS = (2e-2, 5e-2)  # rtol, atol: 1/W cut to bf16 loses up to 2^-7, the sum and its pack round
SAME_FORMAT = "every CB here has the same format and tile shape, and an init looks at nothing else"

EMPTY = "c_2 has one page, and nobody has pushed one yet: there is room without asking"

# ---- what is written ------------------------------------------------------------------------------------------------


async def mean(Wt: int) -> None:
    reduce_init(c_0, c_2, c_25, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    await cb_wait_front(c_2, 1)
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_25, 1)
    tile_regs_acquire()
    for t in range(Wt):
        reduce_tile(c_0, c_2, t, 0, 0, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_25)
    tile_regs_release()
    cb_push_back(c_25, 1)
    reduce_uninit(c_0)


async def scaler_tile(W: int) -> None:
    weight = int(np.float32(1 / W).view(np.uint32)) >> 16
    await cb_reserve_back(c_2, 1)
    tile = tt_l1_ptr(np.uint16, get_write_ptr(c_2))
    for face in range(4):
        first = 256 * face
        tile[first : first + 16] = weight
    cb_push_back(c_2, 1)


# ---- what is given --------------------------------------------------------------------------------------------------


async def forgetful_mean(Wt: int) -> None:
    """`mean` without its last line."""
    reduce_init(c_0, c_2, c_25, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    await cb_wait_front(c_2, 1)
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_25, 1)
    tile_regs_acquire()
    for t in range(Wt):
        reduce_tile(c_0, c_2, t, 0, 0, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_25)
    tile_regs_release()
    cb_push_back(c_25, 1)


def program(
    phase: Phase = mean,
    x: Floats | None = None,
    *,
    scaler: Callable[[int], Any] | None = None,
    depth: int = 2,
    late: bool = False,
    fp32_dst: bool = True,
) -> Launch:
    """The mean of each row of `x`, in a tile of its own, and then the row itself. `depth`: tile rows in c_0 and c_16.

    `late`: the scaler comes after the first row, and tiles come one by one.
    """
    values = sample(4) if x is None else x
    Wt = values.shape[1] // 32

    async def by_hand() -> None:
        assert scaler is not None
        await scaler(32 * Wt)

    return one_phase.program(
        row_by_row((c_0, c_2, c_25), phase, pass_on),
        {c_0: values},
        {c_25: 1, c_16: Wt},
        {c_2: 1, c_0: depth * Wt, c_16: depth * Wt, c_25: depth},
        Wt,
        prepare=by_hand if scaler is not None else scaler_of(Wt),
        late=late,
        one_by_one=late,
        fp32_dst=fp32_dst,
    )


# ---- cases ----------------------------------------------------------------------------------------------------------


def case(
    name: str,
    Wt: int,
    Ht: int = 1,
    *,
    offset: float = 0.0,
    depth: int = 2,
    late: bool = False,
    fp32_dst: bool = True,
    seed: int | None = None,
) -> Case:
    """What was not written by the learner is the package's own."""

    def make(functions: Functions) -> Trial:
        x = sample(Wt, Ht, offset)
        expected = np.hstack([in_column_0(x.mean(axis=1, keepdims=True)), x])
        launch = program(
            functions.get("mean", mean),
            x,
            scaler=functions.get("scaler_tile"),
            depth=depth,
            late=late,
            fp32_dst=fp32_dst,
        )
        return Trial(*launch, expected, MEAN_BOUNDS)

    return Case(name, make, seed)


CASES = (
    case("one tile", 1),
    case("two rows of four tiles", 4, 2),
    case("rows of three tiles around 8, depth 1", 3, 3, offset=8, depth=1),
    case("the scaler comes after the row, and tiles one by one", 4, 2, late=True),
    case("rows of seven tiles, 16-bit DST, other timings", 7, 3, fp32_dst=False, seed=1),
)

EXERCISES = (
    Exercise(
        id="07.1",
        title="The mean of a tile row",
        kind=Kind.WRITE,
        reference={"mean": mean},
        shown={"mean": 2},
        cases=CASES,
        tips=(
            "The same round as in `pass_on`, but one section for the whole row: all tiles are added up in DST tile 0, and "
            "only then comes one pack. Who pops c_0?",
            "After `reduce_init` wait for 1 page of c_2 and Wt of c_0, reserve 1 of c_25. In one section: `reduce_tile(c_0, "
            "c_2, t, 0, 0, …)` for each t. Commit, wait, pack, release, push 1, and `reduce_uninit(c_0)`. Pop nothing.",
        ),
        equivalent={
            f"mean {line}, another CB ({name})": SAME_FORMAT
            for line in (
                "2: `reduce_init(c_0, c_2, c_25, reduce_type=SUM, reduce_dim=REDUCE_ROW)`",
                "14: `reduce_uninit(c_0)`",
            )
            for name in ("c_0", "c_2", "c_25")[line[0] == "1" :]
        },
    ),
    Exercise(
        id="07.2",
        title="The scaler tile by hand",
        kind=Kind.WRITE,
        reference={"scaler_tile": scaler_tile},
        shown={"scaler_tile": 1},
        cases=CASES,
        tips=(
            "In memory a tile is four faces of 256 numbers, one after the other. Where does the row 0 of each begin?",
            "Row 0 of face f is `tile[256 * f : 256 * f + 16]`. Reserve the page before, push it after.",
        ),
        equivalent={
            "scaler_tile 3: `await cb_reserve_back(c_2, 1)`, dropped": EMPTY,
            "scaler_tile 3: `await cb_reserve_back(c_2, 1)`, one fewer than 1": EMPTY,
            "scaler_tile 5: `for face in range(4):`, one fewer than 4": "the sum of a row looks at faces 0 and 1 only",
            "scaler_tile 7: `tile[first : first + 16] = weight`, one more than 16": (
                "element 16 of a face is the first of its row 1, which the sum does not look at"
            ),
        },
    ),
)
