"""Exercises of notebook 04a, one source and three programs."""

from __future__ import annotations

from ...compute import (
    MATH,
    PACK,
    UNPACK,
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front, get_arg_val
from ...sim.formats import Format, bfloat16, float32
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import c_0, c_16
from ..through import through, whole_numbers

# ---- what is mended ---------------------------------------------------------------------------------------------


async def by_role() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(get_arg_val(0)):
        if UNPACK():
            await cb_wait_front(c_0, 1)
        if PACK():
            await cb_reserve_back(c_16, 1)
        one_tile()
        if UNPACK():
            cb_pop_front(c_0, 1)
        if PACK():
            cb_push_back(c_16, 1)


# ---- what is given ----------------------------------------------------------------------------------------------


def one_tile() -> None:
    """The tile at the front of c_0 through the engine, to the back of c_16."""
    tile_regs_acquire()
    copy_tile(c_0, 0, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_16)
    tile_regs_release()


async def copying() -> None:
    """Tiles from c_0 to c_16, as they are."""
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(get_arg_val(0)):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        one_tile()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


def _given() -> Functions:
    async def by_role() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for _ in range(get_arg_val(0)):
            if UNPACK():
                await cb_wait_front(c_0, 1)
            if MATH():
                await cb_reserve_back(c_16, 1)
            one_tile()
            if UNPACK():
                cb_pop_front(c_0, 1)
            if MATH():
                cb_push_back(c_16, 1)

    return {"by_role": by_role}


# ---- cases --------------------------------------------------------------------------------------------------------


def copied(name: str, n: int, depth: int, seed: int | None = None, given_as: Format = bfloat16) -> Case:
    """n random tiles through the learner's kernel, unchanged."""

    def make(functions: Functions) -> Trial:
        values = whole_numbers(n)
        return Trial(*through(functions["by_role"], values, depth, given_as=given_as), values)

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="04a.1",
        title="Each call in its role",
        kind=Kind.FIX,
        reference={"by_role": by_role},
        cases=(
            copied("one tile", 1, 2),
            copied("five tiles through two", 5, 2),
            copied("depth 1", 4, 1),
            copied("three tiles of float32, made bfloat16", 3, 2, given_as=float32),
            copied("seven tiles through three, other timings", 7, 3, seed=2),
        ),
        tips=(
            "Look at the table of section 2: in whose column stand `cb_reserve_back` and `cb_push_back`?",
            "MATH makes the tile, but in DST. The one who brings it to c_16 is PACK, so PACK asks for room and hands it on.",
        ),
        given=_given(),
        equivalent={
            "by_role 3: `copy_init(c_0)`, another CB (c_16)": (
                "copy_init looks at the CB for the shape of its tiles and the way to DST, which are the same for both"
            ),
        },
    ),
)
