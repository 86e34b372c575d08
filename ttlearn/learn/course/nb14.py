"""Exercises of notebook 14, the hang clinic: three kernels that finish in their author's test, and not in the next one."""

from __future__ import annotations

import numpy as np

from ...compute import (
    add_tiles_bcast_rows,
    pack_tile,
    tile_regs_acquire,
    tile_regs_commit,
    tile_regs_release,
    tile_regs_wait,
)
from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_pop_front,
    cb_push_back,
    cb_reserve_back,
    cb_wait_front,
    get_arg_val,
    get_semaphore,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write_barrier,
    noc_async_write_page,
    noc_semaphore_wait,
    noc_semaphore_wait_min,
    tt_l1_ptr,
    uint32_t,
)
from ...host.tensor import to_numpy
from ..clinic_programs import difference, over_the_noc, rows_with_bias, sender, slow_sender
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import Kernel, c_0, c_1, c_16

# ---- what is mended -------------------------------------------------------------------------------------------------


async def pair_reader() -> None:
    a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    b = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
    for i in range(get_arg_val(2)):
        await cb_reserve_back(c_0, 1)
        noc_async_read_page(i, a, get_write_ptr(c_0))
        await noc_async_read_barrier()
        cb_push_back(c_0, 1)
        await cb_reserve_back(c_1, 1)
        noc_async_read_page(i, b, get_write_ptr(c_1))
        await noc_async_read_barrier()
        cb_push_back(c_1, 1)


async def add_bias(n: int) -> None:
    await cb_wait_front(c_1, 1)
    for _ in range(n):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        add_tiles_bcast_rows(c_0, c_1, 0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)
    cb_pop_front(c_1, 1)


async def receiver() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    arrived = tt_l1_ptr(uint32_t, get_semaphore(0))
    for i in range(get_arg_val(1)):
        await noc_semaphore_wait_min(arrived, i + 1)
        noc_async_write_page(i, target, get_write_ptr(c_0) + i * 2048)
        await noc_async_write_barrier()


# ---- what is given --------------------------------------------------------------------------------------------------


def _given_reader() -> Functions:
    async def pair_reader() -> None:
        a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        b = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
        for i in range(get_arg_val(2)):
            await cb_reserve_back(c_0, 1)
            noc_async_read_page(i, a, get_write_ptr(c_0))
            await noc_async_read_barrier()
            cb_push_back(c_0, 1)
        for i in range(get_arg_val(2)):
            await cb_reserve_back(c_1, 1)
            noc_async_read_page(i, b, get_write_ptr(c_1))
            await noc_async_read_barrier()
            cb_push_back(c_1, 1)

    return {"pair_reader": pair_reader}


def _given_bias() -> Functions:
    async def add_bias(n: int) -> None:
        for _ in range(n):
            await cb_wait_front(c_0, 1)
            await cb_wait_front(c_1, 1)
            await cb_reserve_back(c_16, 1)
            tile_regs_acquire()
            add_tiles_bcast_rows(c_0, c_1, 0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_16)
            cb_push_back(c_16, 1)
            cb_pop_front(c_0, 1)
            cb_pop_front(c_1, 1)
        tile_regs_release()

    return {"add_bias": add_bias}


def _given_receiver() -> Functions:
    async def receiver() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        arrived = tt_l1_ptr(uint32_t, get_semaphore(0))
        for i in range(get_arg_val(1)):
            await noc_semaphore_wait(arrived, i + 1)
            noc_async_write_page(i, target, get_write_ptr(c_0) + i * 2048)
            await noc_async_write_barrier()

    return {"receiver": receiver}


# ---- cases ----------------------------------------------------------------------------------------------------------


def reading(name: str, n: int, depths: tuple[int, int] = (2, 2), seed: int | None = None) -> Case:
    def make(functions: Functions) -> Trial:
        tensors, program = difference(functions["pair_reader"], n, depths)
        return Trial(tensors, program, to_numpy(tensors[0]) - to_numpy(tensors[1]))

    return Case(name, make, seed)


def biasing(name: str, n: int, rows: int = 1, depth: int = 2, seed: int | None = None) -> Case:
    def make(functions: Functions) -> Trial:
        tensors, program = rows_with_bias(functions["add_bias"], n, rows, depth)
        first = to_numpy(tensors[1])[::32]  # of each row of tiles its first row of numbers
        return Trial(tensors, program, to_numpy(tensors[0]) + np.repeat(np.tile(first, n), 32, axis=0))

    return Case(name, make, seed)


def receiving(name: str, n: int, seed: int | None = None, sends: Kernel = sender) -> Case:
    def make(functions: Functions) -> Trial:
        tensors, program = over_the_noc(functions["receiver"], n, sends)
        return Trial(tensors, program, to_numpy(tensors[0]))

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="14.1",
        title="Two operands",
        kind=Kind.FIX,
        reference={"pair_reader": pair_reader},
        cases=(
            reading("two tiles, the author's test", 2),
            reading("three tiles", 3),
            reading("c_0 of one page", 5, (1, 3)),
            reading("c_1 of one page", 5, (3, 1)),
            reading("nine tiles, other timings", 9, (3, 3), seed=1),
        ),
        tips=(
            "Which page does the compute kernel wait for first, which next? And which pages does the reader want room for "
            "before it comes to that next one?",
            "The reader's promises must come in the order in which compute waits: a tile of `a`, a tile of `b`, and so on: one loop in place of two.",
        ),
        given=_given_reader(),
    ),
    Exercise(
        id="14.2",
        title="One fault behind another",
        kind=Kind.FIX,
        reference={"add_bias": add_bias},
        cases=(
            biasing("one tile, the author's test", 1),
            biasing("four tiles", 4),
            biasing("two tiles", 2),
            biasing("two rows, each with its bias", 4, rows=2),
            biasing("depth 1", 3, rows=3, depth=1),
            biasing("five tiles, other timings", 5, rows=2, depth=3, seed=2),
        ),
        tips=(
            "Mend what the first diagnosis says, and check again: what comes then has another cause. How long is the one tile "
            "of bias needed?",
            "Wait for the bias before the loop and pop it after the loop. A DST section is released in the trip in which it "
            "was packed.",
        ),
        given=_given_bias(),
    ),
    Exercise(
        id="14.3",
        title="It hangs now and then",
        kind=Kind.FIX,
        reference={"receiver": receiver},
        cases=(
            receiving("one tile", 1),
            receiving("three tiles, the author's test", 3),
            receiving("three tiles, other timings", 3, seed=0),
            receiving("six tiles", 6),
            receiving("three tiles from a slow sender", 3, sends=slow_sender),
            receiving("eight tiles, other timings", 8, seed=3),
        ),
        tips=(
            "The sender does not wait for the receiver. What is the semaphore's value if two tiles arrive while one is being "
            "written out?",
            "`noc_semaphore_wait` wants the very value. Which call is content with more?",
        ),
        given=_given_receiver(),
    ),
)
