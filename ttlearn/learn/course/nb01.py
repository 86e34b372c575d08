"""Exercises of notebook 01, circular buffers."""

from __future__ import annotations

import numpy as np

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_read_ptr,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
)
from ...host.descriptors import ProgramDescriptor
from ...host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..given import block_reader, block_writer
from ..hangs.entry import READER, WRITER, Kernel, cb, kernel

# ---- what is written and mended ---------------------------------------------------------------------------------


async def reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def pair_writer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(0, get_arg_val(1), 2):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await cb_wait_front(0, 2)
        noc_async_write_page(i + 1, target, get_read_ptr(0) + 2048)
        await noc_async_write_barrier()
        cb_pop_front(0, 2)


def plan() -> tuple[int, int]:
    block, depth = 4, 8
    return block, depth


# ---- what is given ----------------------------------------------------------------------------------------------


def _given_writer() -> Functions:
    async def pair_writer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(0, get_arg_val(1), 2):
            await cb_wait_front(0, 1)
            noc_async_write_page(i, target, get_read_ptr(0))
            await cb_wait_front(0, 1)
            noc_async_write_page(i + 1, target, get_read_ptr(0) + 2048)
            await noc_async_write_barrier()
            cb_pop_front(0, 2)

    return {"pair_writer": pair_writer}


def _given_plan() -> Functions:
    def plan() -> tuple[int, int]:
        block, depth = 1, 2
        return block, depth

    return {"plan": plan}


# ---- cases --------------------------------------------------------------------------------------------------------


def copying(name: str, pages: int, depth: int, seed: int | None = None) -> Case:
    """`pages` tiles through c_0 of `depth` pages. Any kernel of the learner's called …reader or …writer takes part."""

    def make(functions: Functions) -> Trial:
        named = {name.rpartition("_")[2]: function for name, function in functions.items()}
        return _trial(named.get("reader", reader), named.get("writer", writer), pages, depth)

    return Case(name, make, seed)


def planned(name: str, pages: int) -> Case:
    """`pages` tiles by the given block kernels, in blocks and through a depth of the learner's choice."""

    def make(functions: Functions) -> Trial:
        block, depth = functions["plan"]()
        return _trial(block_reader, block_writer, pages, depth, block)

    return Case(name, make)


def _trial(reads: Kernel, writes: Kernel, pages: int, depth: int, *args: int) -> Trial:
    values = np.random.default_rng(pages).integers(-99, 99, (32, 32 * pages)).astype(np.float32)
    x = from_numpy(values, layout=TILE_LAYOUT)
    y = allocate_tensor_on_device(values.shape, layout=TILE_LAYOUT)
    kernels = [kernel(reads, READER, [x], pages, *args), kernel(writes, WRITER, [y], pages, *args)]
    return Trial([x, y], ProgramDescriptor(kernels, [cb(0, depth)]), values)


EXERCISES = (
    Exercise(
        id="01.1",
        title="A reader",
        kind=Kind.WRITE,
        reference={"reader": reader},
        shown={"reader": 2},
        cases=(
            copying("one page", 1, 2),
            copying("seven pages through two", 7, 2),
            copying("depth 1", 5, 1),
            copying("three pages of room, other timings", 8, 3, seed=1),
        ),
        tips=(
            "Four steps a page: make sure there is room, ask for the bytes, wait until they are there, hand the page on.",
            "`cb_reserve_back`, `noc_async_read_page`, `noc_async_read_barrier`, `cb_push_back`; two of them wait.",
        ),
    ),
    Exercise(
        id="01.2",
        title="A writer",
        kind=Kind.WRITE,
        reference={"writer": writer},
        shown={"writer": 2},
        cases=(
            copying("one page", 1, 2),
            copying("seven pages through two", 7, 2),
            copying("depth 1", 5, 1),
            copying("three pages of room, other timings", 8, 3, seed=1),
        ),
        tips=(
            "The reader's steps in a mirror: wait for a page, send its bytes, wait until they have arrived, give the page back.",
            "`cb_wait_front`, `noc_async_write_page` from `get_read_ptr(0)`, `noc_async_write_barrier`, `cb_pop_front`.",
        ),
    ),
    Exercise(
        id="01.3",
        title="A wait that counts from the front",
        kind=Kind.FIX,
        reference={"pair_writer": pair_writer},
        cases=(
            copying("one pair", 2, 2),
            copying("three pairs through four pages", 6, 4),
            copying("a ring of one pair", 8, 2),
            copying("three pairs of room, other timings", 12, 6, seed=3),
        ),
        tips=(
            "How many pages must lie at the front before the second write may begin: one, or two?",
            "`cb_wait_front(0, n)` waits until n pages lie there in all. Pages that an earlier wait has seen count again, "
            "until they are popped.",
        ),
        given=_given_writer(),
        equivalent={
            "pair_writer 4: `await cb_wait_front(0, 1)`, one more than 1": (
                "waits for the whole pair before its first write: later, and right"
            ),
        },
    ),
    Exercise(
        id="01.4",
        title="Blocks and depth in 16 KiB",
        kind=Kind.FASTER,
        reference={"plan": plan},
        cases=(planned("48 tiles", 48), planned("96 tiles", 96)),
        tips=(
            "16 KiB are 8 tiles. A larger block means fewer barriers; but while the writer empties one block, where does "
            "the reader put the next?",
            "Two blocks must fit into the ring, so that both sides can work: the depth is twice the block.",
        ),
        given=_given_plan(),
        goals={"l1_bytes": 1.0, "cycles": 1.05},
    ),
)
