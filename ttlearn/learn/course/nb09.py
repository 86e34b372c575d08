"""Exercises of notebook 09: variance, epsilon, 1/sqrt, and the squares of a row in one tile."""

from __future__ import annotations

from ...compute import (
    BroadcastType,
    PoolType,
    ReduceDim,
    add_bcast_scalar_init,
    add_tiles_bcast,
    mul_init,
    mul_tiles,
    pack_tile,
    reduce_init,
    reduce_tile,
    reduce_uninit,
    rsqrt_tile,
    rsqrt_tile_init,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front
from ..exercise import Exercise, Kind
from ..given_phases import careful_inverse_std as given_inverse_std
from ..given_phases import squares as given_squares
from ..one_phase import c_1, c_2, c_3, c_24, c_26, c_27
from ..variance_programs import alone, inverted, summed, three
from .nb07 import SAME_FORMAT

SUM, REDUCE_ROW = PoolType.SUM, ReduceDim.REDUCE_ROW
SCALAR = BroadcastType.SCALAR

# ---- what is written and mended -----------------------------------------------------------------------------------


async def variance(Wt: int) -> None:
    reduce_init(c_1, c_2, c_26, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    await cb_wait_front(c_2, 1)
    await cb_wait_front(c_1, Wt)
    await cb_reserve_back(c_26, 1)
    tile_regs_acquire()
    for t in range(Wt):
        reduce_tile(c_1, c_2, t, 0, 0, reduce_type=SUM, reduce_dim=REDUCE_ROW)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_26)
    tile_regs_release()
    cb_push_back(c_26, 1)
    cb_pop_front(c_1, Wt)
    reduce_uninit(c_1)


async def inverse_std() -> None:
    add_bcast_scalar_init(c_26, c_3)
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    await cb_reserve_back(c_27, 1)
    tile_regs_acquire()
    add_tiles_bcast(c_26, c_3, 0, 0, 0, tBcastDim=SCALAR)
    rsqrt_tile_init()
    rsqrt_tile(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)
    cb_pop_front(c_26, 1)


async def careful_inverse_std() -> None:
    add_bcast_scalar_init(c_26, c_3)
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    await cb_reserve_back(c_27, 1)
    tile_regs_acquire()
    add_tiles_bcast(c_26, c_3, 0, 0, 0, tBcastDim=SCALAR)
    rsqrt_tile_init()
    rsqrt_tile(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)
    cb_pop_front(c_26, 1)


async def squares(Wt: int) -> int:
    mul_init(c_24, c_24)
    await cb_wait_front(c_24, Wt)
    await cb_reserve_back(c_1, 1)
    tile_regs_acquire()
    for t in range(Wt):
        mul_tiles(c_24, c_24, t, t, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_1)
    tile_regs_release()
    cb_push_back(c_1, 1)
    return 1


# ---- exercises ------------------------------------------------------------------------------------------------------


def of_inverse(name: str) -> dict[str, str]:
    """What is equivalent in `inverse_std`, whatever it is called."""
    return {
        f"{name} 2: `add_bcast_scalar_init(c_26, c_3)`, another CB ({cb})": SAME_FORMAT
        for cb in ("c_3", "c_26", "c_27")
    }


POPPED = "UNPACK has popped the last row's page of c_1 before it unpacks a tile of this one, so there is room"

EXERCISES = (
    Exercise(
        id="09.1",
        title="Variance, epsilon, 1/sqrt",
        kind=Kind.WRITE,
        reference={"variance": variance, "inverse_std": inverse_std},
        shown={"variance": 2, "inverse_std": 1},
        cases=(
            alone("variance alone, one tile", 1, 1),
            alone("variance alone, six rows of two tiles", 2, 6),
            inverted("inverse_std alone, on 1 and on 0", [1.0]),
            inverted("inverse_std alone, six times", [4.0, 0.01, 100.0, 1.0, 0.5, 2.0], epsilon=0.25),
            three("both, and normalize: one tile", 1),
            three("two rows of four tiles", 4, 2),
            three("rows of three tiles, depth 1", 3, 3, depth=1),
            three("scaler and epsilon come after the first row", 4, 3, late=True),
            three("rows of seven tiles, 16-bit DST, other timings", 7, 3, fp32_dst=False, seed=1),
        ),
        tips=(
            "`variance` is the mean of notebook 07 with c_1 in and c_26 out; but this time nobody needs the input again. "
            "`inverse_std` has one section: the sum, then 1/sqrt of it where it lies.",
            "In its section: `add_tiles_bcast(c_26, c_3, 0, 0, 0, tBcastDim=SCALAR)`, `rsqrt_tile_init()`, `rsqrt_tile(0)`. It "
            "pops c_26 and keeps c_3, which comes only once.",
        ),
        equivalent={
            f"variance {line}, another CB ({name})": SAME_FORMAT
            for line in (
                "2: `reduce_init(c_1, c_2, c_26, reduce_type=SUM, reduce_dim=REDUCE_ROW)`",
                "15: `reduce_uninit(c_1)`",
            )
            for name in ("c_1", "c_2", "c_26")[line[0] == "1" :]
        }
        | of_inverse("inverse_std"),
    ),
    Exercise(
        id="09.2",
        title="A constant row gives inf",
        kind=Kind.FIX,
        reference={"careful_inverse_std": careful_inverse_std},
        cases=(
            inverted("variance 1, and a row of 0", [1.0]),
            inverted("three tile rows, a larger epsilon", [4.0, 0.01, 100.0], epsilon=0.25),
            inverted("epsilon comes late", [0.5, 2.0, 0.0], late=True),
            inverted("16-bit DST, other timings", [0.5, 2.0, 9.0], depth=2, fp32_dst=False, seed=3),
        ),
        tips=(
            "Epsilon stands in element [0, 0] of its tile, and nowhere else. Which elements of c_3 does a column broadcast look at?",
            "SCALAR takes [0, 0] for all 1,024 elements: `add_bcast_scalar_init` and `tBcastDim=SCALAR`, both.",
        ),
        given={"careful_inverse_std": given_inverse_std},
        equivalent=of_inverse("careful_inverse_std"),
    ),
    Exercise(
        id="09.3",
        title="The squares of a row in one tile",
        kind=Kind.FASTER,
        reference={"squares": squares},
        cases=(
            summed(variance, "one tile", 1),
            summed(variance, "two rows of four tiles", 4, 2),
            summed(variance, "tiles that come one by one", 4, 2, one_by_one=True),
            summed(variance, "rows of seven tiles, 16-bit DST", 7, 4, fp32_dst=False),
            summed(variance, "rows of sixteen tiles, other timings", 16, 3, depth=2, seed=1),
        ),
        tips=(
            "`mul_tiles` adds its product to what DST holds. What lies in DST tile 0 after all tiles of a row were multiplied into it?",
            "One section for the whole row, with `mul_tiles(c_24, c_24, t, t, 0)` for each t; one pack; 1 page of c_1; `return 1`.",
        ),
        given={"squares": given_squares},
        equivalent={
            "squares 2: `mul_init(c_24, c_24)`, another CB (c_1)": SAME_FORMAT,
            "squares 4: `await cb_reserve_back(c_1, 1)`, dropped": POPPED,
            "squares 4: `await cb_reserve_back(c_1, 1)`, one fewer than 1": POPPED,
        },
        goals={"cycles": 1.05},
    ),
)
