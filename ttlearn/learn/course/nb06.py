"""Exercises of notebook 06, the detective: the log's hang, its wrong gamma, and a hang of the same family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...compute import (
    add_init,
    add_tiles,
    compute_kernel_hw_startup,
    get_compile_time_arg_val,
    mul_init,
    mul_tiles,
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import cb_pop_front, cb_push_back, cb_reserve_back, cb_wait_front
from ...errors import HostError
from ...host.descriptors import KernelDescriptor, ProgramDescriptor
from ...host.findings import Kind as Findable
from ...host.tensor import ROW_MAJOR_LAYOUT, TILE_LAYOUT, Tensor, allocate_tensor_on_device, from_numpy, to_numpy
from .. import passthrough as log
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import COMPUTE, CORE, READER, WRITER, Kernel, Launch, c_0, c_4, c_5, c_16, c_24, cb, kernel
from ..hangs.log_gamma import reader_of_tiled_gamma
from ..passthrough import tilize_row, untilize_row

# ---- what is mended -------------------------------------------------------------------------------------------------


async def passthrough() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    Wt, Ht = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    for stick in (c_4, c_5):
        await cb_wait_front(stick, 1)
        cb_pop_front(stick, 1)
    for _ in range(Ht):
        await tilize_row(Wt)
        await untilize_row(Wt)


def gamma_and_page(values: Any) -> tuple[Tensor, int]:
    tensor = from_numpy(values, layout=ROW_MAJOR_LAYOUT)
    return tensor, tensor.buffer_page_size()


async def twice_the_square() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    for _ in range(get_compile_time_arg_val(0)):
        mul_init(c_0, c_0)
        await one_tile(c_0, mul_tiles, c_24)
        add_init(c_24, c_24)
        await one_tile(c_24, add_tiles, c_16)


# ---- what is given --------------------------------------------------------------------------------------------------


async def one_tile(source: int, operation: Callable[..., None], to: int) -> None:
    """A tile of `source` with itself, to `to`."""
    await cb_wait_front(source, 1)
    await cb_reserve_back(to, 1)
    tile_regs_acquire()
    operation(source, source, 0, 0, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, to)
    tile_regs_release()
    cb_push_back(to, 1)
    cb_pop_front(source, 1)


def _given_gamma() -> Functions:
    def gamma_and_page(values: Any) -> tuple[Tensor, int]:
        tensor = from_numpy(np.tile(values, (32, 1)), layout=TILE_LAYOUT)
        return tensor, 2 * values.size

    return {"gamma_and_page": gamma_and_page}


def _given_square() -> Functions:
    async def twice_the_square() -> None:
        compute_kernel_hw_startup(c_0, c_0, c_16)
        mul_init(c_0, c_0)
        add_init(c_24, c_24)
        for _ in range(get_compile_time_arg_val(0)):
            await one_tile(c_0, mul_tiles, c_24)
            await one_tile(c_24, add_tiles, c_16)

    return {"twice_the_square": twice_the_square}


def with_gamma(place: Callable[[Any], tuple[Tensor, int]], compute: Kernel = passthrough, Wt: int = 4) -> Launch:
    """The mended program; `place` puts gamma on the device and says how large the page of c_4 is. c_4 lies first in L1."""
    tensor, page = place(np.linspace(0.5, 2, 32 * Wt)[None])
    table = {c_4: (1, page), **{i: row for i, row in log.buffers(Wt, "sticks").items() if i != c_4}}
    return log.program(compute, Wt, 2, reads=reader_of_tiled_gamma, table=table, gamma=tensor)


def squares(compute: Kernel, count: int, depth: int = 2) -> Launch:
    """`count` tiles of whole numbers, c_24 of one page between the two operations."""
    values = np.random.default_rng(count).integers(-8, 9, (32, 32 * count)).astype(np.float32)
    x, out = from_numpy(values, layout=TILE_LAYOUT), allocate_tensor_on_device(values.shape, layout=TILE_LAYOUT)
    kernels = [
        kernel(log.reader_into(c_0), READER, [x], count),
        KernelDescriptor(compute, CORE, COMPUTE, [count]),
        kernel(log.writer_from(c_16), WRITER, [out], count),
    ]
    return [x, out], ProgramDescriptor(kernels, [cb(c_0, depth), cb(c_24, 1), cb(c_16, depth)])


# ---- cases ----------------------------------------------------------------------------------------------------------


def passing(name: str, Wt: int, Ht: int, seed: int | None = None) -> Case:
    """The log's program with the learner's compute kernel."""

    def make(functions: Functions) -> Trial:
        tensors, program = log.program(functions["passthrough"], Wt, Ht)
        _refuse_start_ups(tensors, program)
        return Trial(tensors, program, to_numpy(tensors[0]))

    return Case(name, make, seed)


def _refuse_start_ups(tensors: list[Tensor], program: ProgramDescriptor) -> None:
    """Late, or more than one: it runs here, and need not run on the chip."""
    for finding in program.check(tensors):
        if finding.kind is Findable.START_UP:
            raise HostError(str(finding).removeprefix("hint: "))


def fetching(name: str, Wt: int) -> Case:
    """The mended program with the learner's gamma."""

    def make(functions: Functions) -> Trial:
        tensors, program = with_gamma(functions["gamma_and_page"], Wt=Wt)
        gamma, room = tensors[1], program.cbs[0].total_size
        brought = min(gamma.buffer_page_size() // 2, gamma.shape[-1] if gamma.layout is ROW_MAJOR_LAYOUT else 32)
        if brought < 32 * Wt and gamma.buffer_page_size() <= room:  # else the run tells what is damaged
            raise HostError(
                f"gamma has {gamma.buffer_num_pages()} pages, and the reader brings page 0 alone: {brought} of its {32 * Wt} "
                "numbers; make it a stick, whose one page holds them all"
            )
        return Trial(tensors, program, to_numpy(tensors[0]))

    return Case(name, make)


def squaring(name: str, count: int, depth: int = 2, seed: int | None = None) -> Case:
    def make(functions: Functions) -> Trial:
        tensors, program = squares(functions["twice_the_square"], count, depth)
        _refuse_start_ups(tensors, program)
        return Trial(tensors, program, 2 * to_numpy(tensors[0]) ** 2)

    return Case(name, make, seed)


UNUSED = "gamma and beta are not used yet, and each is pushed once; a page left in a CB at the end is legal"

EXERCISES = (
    Exercise(
        id="06.1",
        title="The log's kernel, mended",
        kind=Kind.FIX,
        reference={"passthrough": passthrough},
        cases=(
            passing("32 x 32 numbers, the log's own test", 1, 1),
            passing("64 x 32 numbers, its other test", 1, 2),
            passing("four tiles wide", 4, 2),
            passing("eight tiles wide, other timings", 8, 3, seed=1),
        ),
        tips=(
            "Who tells UNPACK, MATH and PACK which formats they are to read and write? Nobody so far.",
            "`compute_kernel_hw_startup(c_0, c_16)`, the first buffer that is read and the last that is written, as the "
            "kernel's first line.",
        ),
        given={"passthrough": log.passthrough},
        equivalent={
            "passthrough 4: `for stick in (c_4, c_5):`, dropped": UNUSED,
            "passthrough 6: `cb_pop_front(stick, 1)`, dropped": UNUSED,
            "passthrough 6: `cb_pop_front(stick, 1)`, one fewer than 1": UNUSED,
        },
    ),
    Exercise(
        id="06.2",
        title="A gamma that fits its buffer",
        kind=Kind.FIX,
        reference={"gamma_and_page": gamma_and_page},
        cases=(fetching("four tiles wide", 4), fetching("one tile wide", 1), fetching("five tiles wide", 5)),
        tips=(
            "How many bytes does one page read of this tensor bring, and how many has the page of c_4? "
            "`tensor.buffer_page_size()` tells.",
            "Make gamma a stick (ROW_MAJOR_LAYOUT), as the plan says, and let the tensor tell the size of the page.",
        ),
        given=_given_gamma(),
    ),
    Exercise(
        id="06.3",
        title="A hang of the same family",
        kind=Kind.FIX,
        reference={"twice_the_square": twice_the_square},
        cases=(
            squaring("one tile", 1),
            squaring("five tiles", 5),
            squaring("depth 1", 4, depth=1),
            squaring("six tiles, other timings", 6, 3, seed=2),
        ),
        tips=(
            "An init programs the engine for one operation. Which of the two programs stands when the first mul_tiles comes?",
            "Put each init right before its operation, inside the loop: what was programmed stays only until the next init.",
        ),
        given=_given_square(),
    ),
)
