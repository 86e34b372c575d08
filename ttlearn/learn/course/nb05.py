"""Exercises of notebook 05, the passthrough: the compute kernel of one real execution log, and its table of buffers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ...compute import compute_kernel_hw_startup, get_compile_time_arg_val
from ...dataflow import cb_pop_front, cb_wait_front
from ...host.descriptors import ProgramDescriptor
from ...host.program import generic_op
from ...host.tensor import Tensor, to_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial, Value
from ..hangs.entry import Kernel, c_0, c_1, c_4, c_5, c_16, cb
from ..passthrough import (
    Table,
    buffers,
    copy_row,
    only_tilize,
    only_untilize,
    program,
    tilize_row,
    untilize_after,
    untilize_row,
)

Phase = Callable[[int], Coroutine[Any, Any, None]]


def totals(Wt: int, Ht: int) -> Table:
    sticks, tiles = 32 * Ht, Wt * Ht
    return {c_0: (sticks, sticks), c_1: (tiles, tiles), c_4: (1, 1), c_5: (1, 1), c_16: (sticks, sticks)}


# ---- cases ----------------------------------------------------------------------------------------------------------


def started(*phases: Phase, source: int = c_0, to: int = c_16, unused: tuple[int, ...] = ()) -> Kernel:
    """A kernel of these phases that has all it needs. `unused`: CBs whose one page is taken and given back."""

    async def compute() -> None:
        compute_kernel_hw_startup(source, to)
        Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
        for stick in unused:
            await cb_wait_front(stick, 1)
            cb_pop_front(stick, 1)
        for _ in range(Ht):
            for phase in phases:
                await phase(Wt)

    return compute


def passing(name: str, Wt: int, Ht: int, rows: int = 2, seed: int | None = None) -> Case:
    """Both phases: Ht rows of Wt tiles, with room for `rows` of them in c_1."""

    def make(functions: Functions) -> Trial:
        compute = started(functions["tilize_row"], functions["untilize_row"], unused=(c_4, c_5))
        table = buffers(Wt, "sticks") | {c_1: (rows * Wt, 2048)}
        return _same(*program(compute, Wt, Ht, table=table))

    return Case(name, make, seed)


def first_alone(functions: Functions) -> Trial:
    """c_16 is there, unused, for phases that name it in a start-up of their own."""
    tensors, program = only_tilize(started(functions["tilize_row"], to=c_1), 3, 2)
    program.cbs.append(cb(c_16, 1))
    return _same(tensors, program)


def second_alone(functions: Functions) -> Trial:
    """As `first_alone`, with an unused c_0."""
    tensors, program = only_untilize(started(functions["untilize_row"], source=c_1), 3, 2)
    program.cbs.append(cb(c_0, 1))
    return _same(tensors, program)


def with_a_copy_before(functions: Functions) -> Trial:
    """Each row is packed as tiles again after the row before it was untilized."""
    compute = started(copy_row, functions["untilize_row"])
    return _same(*untilize_after(compute, 2, 3))


def _same(tensors: list[Tensor], program: ProgramDescriptor) -> Trial:
    return Trial(tensors, program, to_numpy(tensors[0]))


def planned(Wt: int, pages: str) -> Case:
    """The table for one width in one unit."""

    def make(functions: Functions) -> Value:
        return Value(functions["buffers"](Wt, pages), buffers(Wt, pages))

    return Case(f'buffers({Wt}, "{pages}")', make)


def counted(Wt: int, Ht: int) -> Case:
    """Pages as a run of the mended program counts them."""

    def make(functions: Functions) -> Value:
        run = generic_op(*program(started(tilize_row, untilize_row, unused=(c_4, c_5)), Wt, Ht))
        return Value(functions["totals"](Wt, Ht), {r.index: (r.pushed, r.popped) for r in run.cbs})

    return Case(f"totals({Wt}, {Ht})", make)


SAME_FORMAT = "of this CB only the data format counts here, and all of them hold bfloat16"
TOLD_AGAIN = "the block call is told the width again, and the model takes it from there (the chip programs it here)"
TILIZE_INIT = "tilize_row 4: `tilize_init(c_0, Wt, c_1)`"
TILIZE_UNINIT = "tilize_row 6: `tilize_uninit(c_0, c_1)`"
UNTILIZE_INIT = "untilize_row 4: `pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)`"
UNTILIZE_BLOCK = "untilize_row 5: `pack_untilize_block(c_1, 1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)`"
UNTILIZE_UNINIT = "untilize_row 6: `pack_untilize_uninit(c_16)`"
EQUIVALENT = {
    f"{TILIZE_INIT}, another CB (c_0)": SAME_FORMAT,
    f"{TILIZE_INIT}, another CB (c_1)": SAME_FORMAT,
    f"{TILIZE_INIT}, W fixed at 32": TOLD_AGAIN,
    f"{TILIZE_UNINIT}, another CB (c_0)": SAME_FORMAT,
    f"{TILIZE_UNINIT}, another CB (c_1)": SAME_FORMAT,
    f"{UNTILIZE_INIT}, another CB (c_1)": SAME_FORMAT,
    f"{UNTILIZE_INIT}, another CB (c_16)": SAME_FORMAT,
    f"{UNTILIZE_INIT}, W fixed at 32": TOLD_AGAIN,
    f"{UNTILIZE_BLOCK}, one more than 1": "the same block is written a second time to the same place, as on the chip",
    f"{UNTILIZE_UNINIT}, another CB (c_1)": SAME_FORMAT,
}

EXERCISES = (
    Exercise(
        id="05.1",
        title="Two phases of a compute kernel",
        kind=Kind.WRITE,
        reference={"tilize_row": tilize_row, "untilize_row": untilize_row},
        cases=(
            passing("one tile", 1, 1),
            passing("two rows of four tiles", 4, 2),
            passing("three rows of three tiles, one row of room in c_1", 3, 3, rows=1),
            Case("tilize_row alone, pages coming and going one by one", first_alone),
            Case("untilize_row alone, pages coming and going one by one", second_alone),
            Case("untilize_row, with tiles packed before the next row", with_a_copy_before),
            passing("rows of eight tiles, other timings", 8, 2, seed=1),
        ),
        tips=(
            "Each phase is the same round as a writer's and a reader's in one: wait for what comes in, reserve room for what "
            "goes out, work, push what went out, pop what came in.",
            "c_0 and c_16 count sticks, 32 a row of tiles; c_1 counts tiles, Wt a row. In the second phase wait for Wt of c_1, "
            "reserve 32 of c_16, and in the end push 32 and pop Wt.",
        ),
        equivalent=EQUIVALENT,
    ),
    Exercise(
        id="05.2",
        title="The table of circular buffers",
        kind=Kind.WRITE,
        reference={"buffers": buffers},
        cases=(planned(1, "sticks"), planned(4, "sticks"), planned(4, "tiles"), planned(3, "tiles")),
        tips=(
            "A number takes 2 bytes. How many numbers has a stick of Wt tiles, how many a tile?",
            "A stick has 64 * Wt bytes, a tile 2,048. 32 sticks and Wt tiles are the same bytes.",
        ),
    ),
    Exercise(
        id="05.3",
        title="Pages pushed and popped",
        kind=Kind.WRITE,
        reference={"totals": totals},
        cases=(counted(1, 1), counted(4, 2), counted(3, 3)),
        tips=(
            "Find for each buffer the kernel that pushes and the kernel that pops. How often, and how many pages each time?",
            "gamma and beta come once. All else happens once a row of tiles, so Ht times: 32 pages of c_0 and c_16, Wt of c_1.",
        ),
    ),
)
