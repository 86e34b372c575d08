"""Exercises of notebook 10a, normalize: the centred row times one column."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...compute import (
    DEST_AUTO_LIMIT,
    BroadcastType,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    compute_kernel_hw_startup,
    get_compile_time_arg_val,
    mul_bcast_cols_init,
    mul_tiles_bcast,
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import TensorAccessor, TensorAccessorArgs, get_arg_val
from ...host.descriptors import ComputeConfigDescriptor, KernelDescriptor, ProgramDescriptor
from ...host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ...kernel_lib import InputPolicy, OutputPolicy, binary
from ...layernorm import golden
from ...layernorm.cbs import CENTERED, INV_STD, TILED
from ...layernorm.compute import MUL
from ...layernorm.op import build, make_job
from ..exercise import BF16, Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import CORE, READER, WRITER, Kernel, Launch, cb, kernel
from ..one_phase import Floats, Phase, bf16, bring, in_column_0, sample, send

c_0, c_1, c_16, c_24, c_27 = 0, TILED, 16, CENTERED, INV_STD
COL = BroadcastType.COL
Section = Callable[[int, int], None]  # the first tile, how many
PRODUCT = (2.0**-7, 1e-6)  # rtol, atol: one product, rounded once to bf16

# ---- what is written ------------------------------------------------------------------------------------------------


def section(first: int, block: int) -> None:
    tile_regs_acquire()
    for i in range(block):
        mul_tiles_bcast(c_24, c_27, first + i, 0, i, tBcastDim=COL)
    tile_regs_commit()
    tile_regs_wait()
    for i in range(block):
        pack_tile(i, c_1)
    tile_regs_release()


async def normalize(Wt: int, section: Section) -> None:
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_27, 1)
    await cb_reserve_back(c_1, Wt)
    dst = DEST_AUTO_LIMIT()
    for first in range(0, Wt, dst):
        section(first, min(dst, Wt - first))
    cb_push_back(c_1, Wt)
    cb_pop_front(c_24, Wt)
    cb_pop_front(c_27, 1)


def pages(Wt: int) -> dict[int, int]:
    return {c_0: 32, c_1: Wt, c_24: Wt, c_16: 32}


# ---- what is given --------------------------------------------------------------------------------------------------


async def in_blocks(Wt: int) -> None:
    """The solution, as one phase."""
    await normalize(Wt, section)


async def one_by_one(Wt: int) -> None:
    """The same phase with a DST section for each tile."""
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_27, 1)
    await cb_reserve_back(c_1, Wt)
    for t in range(Wt):
        section(t, 1)
    cb_push_back(c_1, Wt)
    cb_pop_front(c_24, Wt)
    cb_pop_front(c_27, 1)


async def with_helper(Wt: int) -> None:
    """The same phase by the helper library."""
    take = InputPolicy.WaitUpfrontPopAtEnd
    await binary(MUL, COL, c_24, c_27, c_1, 1, Wt, policy_a=take, policy_b=take, output=OutputPolicy.Bulk)


def _given_pages() -> Functions:
    def pages(Wt: int) -> dict[int, int]:
        return {c_0: 64, c_1: 2 * Wt, c_24: 2 * Wt, c_16: 64}

    return {"pages": pages}


def around(phase: Phase) -> Kernel:
    """The phase, for each tile row."""

    async def compute() -> None:
        compute_kernel_hw_startup(c_24, c_27, c_1)
        Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
        for _ in range(Ht):
            await phase(Wt)

    return compute


def factors(Ht: int) -> Floats:
    """(32 Ht, 1): one number a row, as 1/sqrt(variance + epsilon) would be; from 0.2 to 5."""
    return bf16(np.geomspace(0.2, 5, 32 * Ht)[:, None])


async def reader() -> None:
    """A tile row at a time: its column to c_27 and its tiles to c_24, one by one; the column first, or last (`late`)."""
    factor_args = TensorAccessorArgs(0)
    factor = TensorAccessor(factor_args, get_arg_val(0))
    x = TensorAccessor(TensorAccessorArgs(factor_args.next_compile_time_args_offset()), get_arg_val(1))
    Wt, Ht, late = (get_arg_val(i) for i in range(2, 5))
    for row in range(Ht):
        if not late:
            await bring(c_27, factor, row, 1)
        for t in range(Wt):
            await bring(c_24, x, row * Wt + t, 1)
        if late:
            await bring(c_27, factor, row, 1)


async def writer() -> None:
    """c_1, tile by tile."""
    y = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await send(c_1, y, i, 1)


def program(
    phase: Phase = in_blocks,
    Wt: int = 4,
    Ht: int = 2,
    *,
    depth: int = 1,
    elsewhere: float = 9.0,
    late: bool = False,
    fp32_dst: bool = True,
) -> Launch:
    """Each row times a number of its own. `depth`: tile rows a CB; `elsewhere`: what lies beside column 0."""
    column = from_numpy(in_column_0(factors(Ht), float(elsewhere)), layout=TILE_LAYOUT)
    x = from_numpy(sample(Wt, Ht), layout=TILE_LAYOUT)
    y = allocate_tensor_on_device(x.shape, layout=TILE_LAYOUT)
    config = ComputeConfigDescriptor(fp32_dest_acc_en=fp32_dst)
    kernels = [
        kernel(reader, READER, [column, x], Wt, Ht, int(late)),
        KernelDescriptor(around(phase), CORE, config, [Wt, Ht]),
        kernel(writer, WRITER, [y], Wt * Ht),
    ]
    return [column, x, y], ProgramDescriptor(kernels, [cb(c_24, depth * Wt), cb(c_27, depth), cb(c_1, depth * Wt)])


def op_with(table: Mapping[int, int], Wt: int, Ht: int = 2) -> Launch:
    """The op on rows of Wt tiles, without gamma and beta, so that normalize makes its output. `table`: pages of its CBs."""
    job = make_job(sample(Wt, Ht), design="resident", cb_depth=1)
    for index, count in table.items():
        job.cbs = job.cbs.edit(index, pages=count)
    return job.tensors, build(job)


# ---- cases ----------------------------------------------------------------------------------------------------------


def row_times(
    name: str, Wt: int, Ht: int, *, depth: int = 1, late: bool = False, fp32_dst: bool = True, seed: int | None = None
) -> Case:
    """Ht rows of Wt tiles, each line times its number; nines lie beside column 0."""

    def make(functions: Functions) -> Trial:
        async def phase(Wt: int) -> None:
            await functions["normalize"](Wt, functions["section"])

        launch = program(phase, Wt, Ht, depth=depth, late=late, fp32_dst=fp32_dst)
        return Trial(*launch, sample(Wt, Ht) * factors(Ht), PRODUCT)

    return Case(name, make, seed)


def fitted(name: str, Wt: int, Ht: int) -> Case:
    """The op with the learner's table."""

    def make(functions: Functions) -> Trial:
        x = sample(Wt, Ht)
        return Trial(*op_with(functions["pages"](Wt), Wt, Ht), golden.layernorm(x), BF16)

    return Case(name, make)


EXERCISES = (
    Exercise(
        id="10a.1",
        title="Normalize",
        kind=Kind.WRITE,
        reference={"section": section, "normalize": normalize},
        shown={"normalize": 1},
        cases=(
            row_times("one tile", 1, 1),
            row_times("two rows of four tiles", 4, 2),
            row_times("rows of seven tiles, room for two, the column comes last", 7, 3, depth=2, late=True),
            row_times("rows of eleven tiles, 16-bit DST, other timings", 11, 2, fp32_dst=False, seed=1),
        ),
        tips=(
            "A section is one round: acquire, all products, commit, wait, all packs, release. Around the sections stand the "
            "waits before and the push and the pops after, once for the whole row.",
            "`mul_tiles_bcast(c_24, c_27, first + i, 0, i, tBcastDim=COL)` and `pack_tile(i, c_1)`, each for i below `block`. In "
            "normalize wait for Wt of c_24 and 1 of c_27, reserve Wt of c_1, call `section(first, min(dst, Wt - first))` for "
            "first = 0, dst, 2 dst ..., push Wt, pop Wt and 1.",
        ),
        equivalent={
            f"normalize 2: `mul_bcast_cols_init(c_24, c_27)`, another CB ({other})": (
                "an init programs formats, and all three hold bf16 tiles"
            )
            for other in ("c_1", "c_24", "c_27")
        },
    ),
    Exercise(
        id="10a.2",
        title="A row that fits L1",
        kind=Kind.FASTER,
        reference={"pages": pages},
        cases=(
            fitted("rows of two tiles", 2, 3),
            fitted("rows of eight tiles", 8, 3),
            fitted("a row of 128 tiles", 128, 1),
        ),
        tips=(
            "c_0 and c_16 count sticks: how many make one tile row? And how many tile rows of each buffer does the op need "
            "at one time?",
            "One tile row each: 32 sticks in c_0 and c_16, Wt tiles in c_1 and c_24. Nobody waits for the second.",
        ),
        given=_given_pages(),
        goals={"l1_bytes": 1.0, "cycles": 1.02},
    ),
)
