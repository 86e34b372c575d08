"""Exercises of notebook 10b: gamma and beta, and the whole op put together."""

from __future__ import annotations

import numpy as np

from ...compute import (
    BroadcastType,
    add_bcast_rows_init,
    add_tiles_bcast,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    mul_bcast_rows_init,
    mul_tiles_bcast,
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
    tilize_block,
    tilize_init,
    tilize_uninit,
)
from ...layernorm import compute as phases
from ...layernorm import golden
from ..affine import affine_with, alone, beta_of, gamma_of, in_row_0, op, whole_with
from ..exercise import BF16, Case, Exercise, Functions, Kind, Trial
from ..one_phase import bf16, sample

c_1, c_4, c_6, c_7, c_24 = 1, 4, 6, 7, 24
ROW = BroadcastType.ROW
ONE_STEP = (2.0**-7, 1e-2)  # rtol, atol: one product or sum, rounded once to bf16

# ---- what is written and mended -------------------------------------------------------------------------------------


async def scale(Wt: int, x: int, out: int) -> None:
    mul_bcast_rows_init(x, c_6)
    await cb_wait_front(x, Wt)
    await cb_wait_front(c_6, Wt)
    await cb_reserve_back(out, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        mul_tiles_bcast(x, c_6, t, t, 0, tBcastDim=ROW)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, out)
        tile_regs_release()
    cb_push_back(out, Wt)
    cb_pop_front(x, Wt)


async def shift(Wt: int, x: int, out: int) -> None:
    add_bcast_rows_init(x, c_7)
    await cb_wait_front(x, Wt)
    await cb_wait_front(c_7, Wt)
    await cb_reserve_back(out, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        add_tiles_bcast(x, c_7, t, t, 0, tBcastDim=ROW)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, out)
        tile_regs_release()
    cb_push_back(out, Wt)
    cb_pop_front(x, Wt)


async def tilize_gamma(Wt: int) -> None:
    tilize_init(c_4, Wt, c_6)
    await cb_wait_front(c_4, 1)
    await cb_reserve_back(c_6, Wt)
    tilize_block(c_4, Wt, c_6)
    cb_push_back(c_6, Wt)
    cb_pop_front(c_4, 1)
    tilize_uninit(c_4, c_6)


async def tile_row(Wt: int, sticks: bool) -> None:
    await phases.tilize_input(Wt, sticks, c_1)
    await phases.mean(Wt, c_1)
    await phases.center(Wt, c_1, c_24)
    await phases.square_centered(Wt, c_24, c_1)
    await phases.variance(Wt, c_1)
    await phases.inverse_std()
    await phases.normalize(Wt, c_24, c_1)
    await phases.scale(Wt, c_1, c_24)
    await phases.shift(Wt, c_24, c_1)
    await phases.untilize_output(Wt, c_1, sticks)


# ---- what is given --------------------------------------------------------------------------------------------------


def _given_tilize() -> Functions:
    async def tilize_gamma(Wt: int) -> None:
        tilize_init(c_4, Wt, c_6)
        await cb_wait_front(c_4, 32)
        await cb_reserve_back(c_6, Wt)
        tilize_block(c_4, Wt, c_6)
        cb_push_back(c_6, Wt)
        cb_pop_front(c_4, 32)
        tilize_uninit(c_4, c_6)

    return {"tilize_gamma": tilize_gamma}


# ---- cases ----------------------------------------------------------------------------------------------------------


def scaled(name: str, Wt: int, Ht: int, *, depth: int = 1, late: bool = False) -> Case:
    def make(functions: Functions) -> Trial:
        x, vector = sample(Wt, Ht), gamma_of(Wt)
        launch = alone(functions["scale"], c_6, in_row_0(vector), x, depth=depth, late=late)
        return Trial(*launch, x * vector, ONE_STEP)

    return Case(name, make)


def shifted(name: str, Wt: int, Ht: int, *, depth: int = 1, late: bool = False) -> Case:
    def make(functions: Functions) -> Trial:
        x, vector = sample(Wt, Ht), beta_of(Wt)
        launch = alone(functions["shift"], c_7, in_row_0(vector), x, depth=depth, late=late)
        return Trial(*launch, x + vector, ONE_STEP)

    return Case(name, make)


def both(name: str, Wt: int, Ht: int, *, unit: str = "sticks", depth: int = 2, seed: int | None = None) -> Case:
    """x * gamma + beta, in the op's own program. What was not written by the learner is the package's own."""

    def make(functions: Functions) -> Trial:
        x = sample(Wt, Ht)
        steps = {"scales": functions.get("scale", phases.scale), "shifts": functions.get("shift", phases.shift)}
        compute = affine_with(**steps, tilizes=functions.get("tilize_gamma"))
        return Trial(*op(compute, x, unit=unit, depth=depth), x * gamma_of(Wt) + beta_of(Wt), BF16)

    return Case(name, make, seed)


def whole(
    name: str,
    Wt: int,
    Ht: int,
    *,
    unit: str = "sticks",
    depth: int = 2,
    offset: float = 0.0,
    even: bool = True,
    seed: int | None = None,
) -> Case:
    """The op on rows with means of their own, the second of each 32 constant; if not `even`, plain normal rows."""

    def make(functions: Functions) -> Trial:
        plain = bf16(np.random.default_rng(Wt).normal(size=(32 * Ht, 32 * Wt)))
        x = sample(Wt, Ht, offset) if even else plain
        launch = op(whole_with(functions["tile_row"]), x, unit=unit, depth=depth)
        return Trial(*launch, golden.layernorm(x, gamma_of(Wt), beta_of(Wt)), BF16)

    return Case(name, make, seed)


SAME_FORMAT = "of this CB only the data format counts here, and all of them hold bfloat16"
NOBODY_BEFORE = "c_6 is empty when the kernel begins, so that this never waits"
NOBODY_AFTER = "the one stick has been read, and nobody asks c_4 for anything afterwards"
TOLD_AGAIN = "the block call is told the width again, and the model takes it from there (the chip programs it here)"
SCALE_INIT, SHIFT_INIT = "scale 2: `mul_bcast_rows_init(x, c_6)`", "shift 2: `add_bcast_rows_init(x, c_7)`"
INIT, UNINIT = "tilize_gamma 2: `tilize_init(c_4, Wt, c_6)`", "tilize_gamma 8: `tilize_uninit(c_4, c_6)`"
RESERVE, POP = "tilize_gamma 4: `await cb_reserve_back(c_6, Wt)`", "tilize_gamma 7: `cb_pop_front(c_4, 1)`"

EXERCISES = (
    Exercise(
        id="10b.1",
        title="Scale and shift",
        kind=Kind.WRITE,
        reference={"scale": scale, "shift": shift},
        cases=(
            scaled("scale alone, one tile", 1, 1),
            shifted("shift alone, one tile", 1, 1),
            scaled("scale alone, two rows of two tiles", 2, 2),
            shifted("shift alone, two rows of two tiles", 2, 2),
            scaled("scale alone, three rows of five tiles, gamma comes late", 5, 3, late=True),
            shifted("shift alone, three rows of five tiles, beta comes late", 5, 3, late=True),
            scaled("scale alone, two rows of six tiles, room for two", 6, 2, depth=2),
            shifted("shift alone, two rows of six tiles, room for two", 6, 2, depth=2),
            both("both in the op, two rows of three tiles", 3, 2),
            both("both in the op, tile pages, depth 1, other timings", 9, 2, unit="tiles", depth=1, seed=1),
        ),
        tips=(
            "Normalize with three changes: the init, which tile of the second operand meets tile t, and who pops the second "
            "operand.",
            "`mul_bcast_rows_init(x, c_6)`, then `mul_tiles_bcast(x, c_6, t, t, 0, tBcastDim=ROW)` for each tile t. Wait "
            "for Wt of c_6 in each tile row, and pop none: the next tile row needs them. Shift is the same with `add_` and c_7.",
        ),
        equivalent={
            **{f"{SCALE_INIT}, another CB ({other})": SAME_FORMAT for other in ("x", "c_6", "out")},
            **{f"{SHIFT_INIT}, another CB ({other})": SAME_FORMAT for other in ("x", "c_7", "out")},
        },
    ),
    Exercise(
        id="10b.2",
        title="One stick in room for 32",
        kind=Kind.FIX,
        reference={"tilize_gamma": tilize_gamma},
        cases=(
            both("one tile", 1, 1),
            both("two rows of four tiles", 4, 2),
            both("rows of seven tiles, depth 1, other timings", 7, 3, depth=1, seed=2),
        ),
        tips=(
            "How many pages of c_4 does the reader push, ever? And who waits for how many?",
            "The reader pushes one stick. Wait for 1 and pop 1; that c_4 has room for 32 is another matter.",
        ),
        given=_given_tilize(),
        equivalent={
            **{f"{line}, another CB ({other})": SAME_FORMAT for line in (INIT, UNINIT) for other in ("c_4", "c_6")},
            f"{INIT}, W fixed at 32": TOLD_AGAIN,
            f"{RESERVE}, dropped": NOBODY_BEFORE,
            f"{RESERVE}, one fewer than Wt": NOBODY_BEFORE,
            f"{RESERVE}, W fixed at 32": NOBODY_BEFORE,
            f"{RESERVE}, another CB (c_4)": NOBODY_BEFORE,
            f"{POP}, dropped": NOBODY_AFTER,
            f"{POP}, one more than 1": NOBODY_AFTER,
            f"{POP}, one fewer than 1": NOBODY_AFTER,
            f"{UNINIT}, dropped": "beta comes next, and its tilize_init programs the same once more",
        },
    ),
    Exercise(
        id="10b.3",
        title="The whole op",
        kind=Kind.WRITE,
        reference={"tile_row": tile_row},
        cases=(
            whole("rows of one tile", 1, 1),
            whole("two rows of four tiles around 8", 4, 2, offset=8),
            whole("two rows of three tiles", 3, 2, even=False),
            whole("tile pages, depth 1, other timings", 8, 3, unit="tiles", depth=1, offset=8, seed=3),
        ),
        tips=(
            "Follow the data: who leaves its result where, and is it still there when somebody needs it again? Mean keeps "
            "its row, center gives it back; square keeps its row for normalize.",
            "tilize to c_1; mean; center from c_1 to c_24; square from c_24 to c_1; variance takes it from c_1; inverse_std; "
            "normalize from c_24 to c_1; scale to c_24; shift back to c_1; untilize from c_1.",
        ),
    ),
)
