"""Exercises of notebook 04b, DST: a kernel with its sections, a section freed too late, and sections well filled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...compute import (
    DEST_AUTO_LIMIT,
    add_init,
    add_tiles,
    compute_kernel_hw_startup,
    copy_init,
    copy_tile,
    mul_init,
    mul_tiles,
    pack_tile,
    relu_tile,
    relu_tile_init,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front, get_arg_val
from ...host.descriptors import ComputeConfigDescriptor
from ...sim.formats import Format, bfloat16, float32
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import COMPUTE, c_0, c_16, c_24
from ..sections import section
from ..through import in_blocks, through, whole_numbers

FP32 = ComputeConfigDescriptor(fp32_dest_acc_en=True)

# ---- what is written and mended ---------------------------------------------------------------------------------


async def relu() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    relu_tile_init()
    for _ in range(get_arg_val(0)):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        relu_tile(0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_pop_front(c_0, 1)
        cb_push_back(c_16, 1)


async def pairs() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(0, get_arg_val(0), 2):
        await cb_wait_front(c_0, 2)
        await cb_reserve_back(c_16, 2)
        for k in range(2):
            tile_regs_acquire()
            copy_tile(c_0, k, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_16)
            tile_regs_release()
        cb_pop_front(c_0, 2)
        cb_push_back(c_16, 2)


async def square_plus() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    block = DEST_AUTO_LIMIT()
    for _ in range(0, get_arg_val(0), block):
        await cb_wait_front(c_0, block)
        mul_init(c_0, c_0)
        await section(mul_tiles, c_0, c_0, c_24, block)
        await cb_wait_front(c_24, block)
        add_init(c_24, c_0)
        await section(add_tiles, c_24, c_0, c_16, block)
        cb_pop_front(c_24, block)
        cb_pop_front(c_0, block)


# ---- what is given ----------------------------------------------------------------------------------------------


def _given_pairs() -> Functions:
    async def pairs() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for _ in range(0, get_arg_val(0), 2):
            await cb_wait_front(c_0, 2)
            await cb_reserve_back(c_16, 2)
            for k in range(2):
                tile_regs_acquire()
                copy_tile(c_0, k, 0)
                tile_regs_commit()
                tile_regs_wait()
                pack_tile(0, c_16)
            tile_regs_release()
            cb_pop_front(c_0, 2)
            cb_push_back(c_16, 2)

    return {"pairs": pairs}


def _given_square_plus() -> Functions:
    async def square_plus() -> None:
        compute_kernel_hw_startup(c_0, c_0, c_16)
        block = 1
        for _ in range(0, get_arg_val(0), block):
            await cb_wait_front(c_0, block)
            mul_init(c_0, c_0)
            await section(mul_tiles, c_0, c_0, c_24, block)
            await cb_wait_front(c_24, block)
            add_init(c_24, c_0)
            await section(add_tiles, c_24, c_0, c_16, block)
            cb_pop_front(c_24, block)
            cb_pop_front(c_0, block)

    return {"square_plus": square_plus}


# ---- cases --------------------------------------------------------------------------------------------------------

Sum = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def streamed(name: str, of: Sum, n: int, depth: int, seed: int | None = None, given_as: Format = bfloat16) -> Case:
    """n random tiles through the one kernel that the learner hands in; it gives `of` them."""

    def make(functions: Functions) -> Trial:
        (compute,) = functions.values()
        values = whole_numbers(n)
        return Trial(*through(compute, values, depth, given_as=given_as), of(values))

    return Case(name, make, seed)


def blocked(name: str, n: int, config: ComputeConfigDescriptor = COMPUTE, block: int = 8) -> Case:
    """x * x + x of n random tiles."""

    def make(functions: Functions) -> Trial:
        values = whole_numbers(n)
        return Trial(*in_blocks(functions["square_plus"], values, config, block), values * values + values)

    return Case(name, make)


def rectified(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.maximum(values, 0)


def unchanged(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values


COPY_INIT = "copy_init looks at the CB for the shape of its tiles and the way to DST, which are the same for both"
ONE_FORMAT = "of a CB it wants shape and format of its tiles, and all CBs here have the same"
TRIPS = "the count of tiles divides evenly, so there are as many trips"
SFPU_INIT = "the model keeps no state of the SFPU that a relu would need; on a chip the init must stay"

EXERCISES = (
    Exercise(
        id="04b.1",
        title="A kernel with its sections",
        kind=Kind.WRITE,
        reference={"relu": relu},
        shown={"relu": 4},
        cases=(
            streamed("one tile", rectified, 1, 2),
            streamed("twelve tiles through two", rectified, 12, 2),
            streamed("depth 1", rectified, 4, 1),
            streamed("three tiles of float32, made bfloat16", rectified, 3, 2, given_as=float32),
            streamed("seven tiles through three, other timings", rectified, 7, 3, seed=2),
        ),
        tips=(
            "Eleven lines: two waits; MATH's part between acquire and commit; PACK's part between wait and release; pop and push.",
            "MATH's part is `copy_tile(c_0, 0, 0)`, then `relu_tile(0)`, which works on DST tile 0 in place. PACK's part is "
            "`pack_tile(0, c_16)`.",
        ),
        equivalent={
            "relu 3: `copy_init(c_0)`, another CB (c_16)": COPY_INIT,
            "relu 4: `relu_tile_init()`, dropped": SFPU_INIT,
        },
    ),
    Exercise(
        id="04b.2",
        title="One release for two",
        kind=Kind.FIX,
        reference={"pairs": pairs},
        cases=(
            streamed("one pair", unchanged, 2, 2),
            streamed("three pairs through two", unchanged, 6, 2),
            streamed("two pairs of float32, made bfloat16", unchanged, 4, 4, given_as=float32),
            streamed("four pairs through four, other timings", unchanged, 8, 4, seed=3),
        ),
        tips=(
            "Count: how many sections does a trip acquire, commit, wait for and release?",
            "Which section PACK packs from changes with tile_regs_release only. Each acquire needs a commit, a wait and a "
            "release of its own; or take both tiles through one section.",
        ),
        given=_given_pairs(),
        equivalent={
            "pairs 3: `copy_init(c_0)`, another CB (c_16)": COPY_INIT,
            "pairs 4: `for _ in range(0, get_arg_val(0), 2):`, one more than 0": TRIPS,
        },
    ),
    Exercise(
        id="04b.3",
        title="Sections well filled",
        kind=Kind.FASTER,
        reference={"square_plus": square_plus},
        cases=(
            blocked("16 tiles", 16),
            blocked("16 tiles that come one by one", 16, block=1),
            blocked("64 tiles", 64),
            blocked("64 tiles with fp32 DST", 64, FP32),
        ),
        tips=(
            "An init costs each processor time, and the second section waits until the first one's tiles are packed. Both happen "
            "once for each section, however many tiles it holds.",
            "A section holds 8 tiles, or 4 with fp32 DST. `DEST_AUTO_LIMIT()` gives the number that is right for this kernel.",
        ),
        given=_given_square_plus(),
        goals={"cycles": 1.05},
        equivalent={
            "square_plus 2: `compute_kernel_hw_startup(c_0, c_0, c_16)`, another CB (c_24)": ONE_FORMAT,
            "square_plus 4: `for _ in range(0, get_arg_val(0), block):`, one more than 0": TRIPS,
            "square_plus 6: `mul_init(c_0, c_0)`, another CB (c_24)": ONE_FORMAT,
            "square_plus 8: `await cb_wait_front(c_24, block)`, one fewer than block": (
                "section pushes the whole block at once, so whoever sees one tile fewer sees all"
            ),
            "square_plus 9: `add_init(c_24, c_0)`, another CB (c_0)": ONE_FORMAT,
            "square_plus 9: `add_init(c_24, c_0)`, another CB (c_24)": ONE_FORMAT,
        },
    ),
)
