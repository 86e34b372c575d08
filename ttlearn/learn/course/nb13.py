"""Exercises of notebook 13, many cores: sharing out rows, and one core that gathers what the others send.

Left out: what the package's own split layernorm does with both (`layernorm.split_dataflow`).
"""

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
    get_noc_addr,
    get_noc_multicast_addr,
    get_read_ptr,
    get_semaphore,
    get_write_ptr,
    noc_async_atomic_barrier,
    noc_async_read_barrier,
    noc_async_read_page,
    noc_async_write,
    noc_async_write_barrier,
    noc_async_write_page,
    noc_semaphore_inc,
    noc_semaphore_set,
    noc_semaphore_set_multicast,
    noc_semaphore_wait,
    noc_semaphore_wait_min,
    tt_l1_ptr,
    uint32_t,
)
from ...errors import HostError
from ...host.descriptors import ProgramDescriptor, SemaphoreDescriptor, core_set
from ...host.tensor import TILE_LAYOUT, allocate_tensor_on_device, from_numpy, to_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.cores import X0, Y0
from ..hangs.entry import READER, WRITER, Kernel, Launch, cb, kernel, no_tiles, over_cores

# ---- what is written and mended -----------------------------------------------------------------------------------


def split(tile_rows: int, cores: int) -> list[tuple[int, int]]:
    few, more = divmod(tile_rows, cores)
    shares, first = [], 0
    for core in range(cores):
        count = few + 1 if core < more else few
        shares.append((first, count))
        first += count
    return shares


async def gatherer() -> None:
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    others, rounds = get_arg_val(1), get_arg_val(2)
    arrived, go = tt_l1_ptr(uint32_t, get_semaphore(0)), tt_l1_ptr(uint32_t, get_semaphore(2))
    x_first, y_first, x_last, y_last = (get_arg_val(k) for k in range(3, 7))
    to_all = get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(1))
    noc_semaphore_set(go, 1)
    for turn in range(rounds):
        await noc_semaphore_wait(arrived, others)
        noc_semaphore_set(arrived, 0)
        for k in range(others):
            noc_async_write_page(turn * others + k, target, get_write_ptr(1) + k * 2048)
        await noc_async_write_barrier()
        noc_semaphore_set_multicast(get_semaphore(2), to_all, others)
    await noc_async_write_barrier()


# ---- what is given --------------------------------------------------------------------------------------------------


def _given_gatherer() -> Functions:
    async def gatherer() -> None:
        target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        others, rounds = get_arg_val(1), get_arg_val(2)
        arrived, go = tt_l1_ptr(uint32_t, get_semaphore(0)), tt_l1_ptr(uint32_t, get_semaphore(2))
        x_first, y_first, x_last, y_last = (get_arg_val(k) for k in range(3, 7))
        to_all = get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(1))
        noc_semaphore_set(go, 1)
        for turn in range(rounds):
            await noc_semaphore_wait(arrived, others + 1)
            for k in range(others):
                noc_async_write_page(turn * others + k, target, get_write_ptr(1) + k * 2048)
            await noc_async_write_barrier()
            noc_semaphore_set_multicast(get_semaphore(2), to_all, others)
        await noc_async_write_barrier()

    return {"gatherer": gatherer}


async def giver() -> None:
    """Sends a tile a round into its place on core (x, y), adds 1 to that core's semaphore 0, waits for the word to go on."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    place, others, rounds = get_arg_val(1), get_arg_val(2), get_arg_val(3)
    x, y = get_arg_val(4), get_arg_val(5)
    go = tt_l1_ptr(uint32_t, get_semaphore(1))
    for turn in range(rounds):
        noc_async_read_page(turn * others + place, source, get_write_ptr(0))
        await noc_async_read_barrier()
        noc_async_write(get_write_ptr(0), get_noc_addr(x, y, get_write_ptr(1) + place * 2048), 2048)
        await noc_async_write_barrier()
        noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)
        await noc_semaphore_wait(go, 1)
        noc_semaphore_set(go, 0)
    await noc_async_atomic_barrier()


# ---- programs -----------------------------------------------------------------------------------------------------


async def share_reader() -> None:
    """`get_arg_val(2)` tiles from tile `get_arg_val(1)` on, through c_0."""
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    first, tiles = get_arg_val(1), get_arg_val(2)
    for page in range(first, first + tiles):
        await cb_reserve_back(0, 1)
        noc_async_read_page(page, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def share_writer() -> None:
    """As `share_reader`, outwards."""
    target = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    first, tiles = get_arg_val(1), get_arg_val(2)
    for page in range(first, first + tiles):
        await cb_wait_front(0, 1)
        noc_async_write_page(page, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


def shared(shares: list[tuple[int, int]], tile_rows: int, wt: int) -> Launch:
    """A copy of `tile_rows` rows of `wt` tiles: core (k, 0), and from the ninth on (k - 8, 1), has the rows of share k."""
    values = np.random.default_rng(tile_rows).integers(-99, 99, (32 * tile_rows, 32 * wt)).astype(np.float32)
    x, y = from_numpy(values, layout=TILE_LAYOUT), allocate_tensor_on_device(values.shape, layout=TILE_LAYOUT)
    args = {(k % 8, k // 8): (first * wt, count * wt) for k, (first, count) in enumerate(shares)}
    kernels = [over_cores(share_reader, READER, [x], args), over_cores(share_writer, WRITER, [y], args)]
    return [x, y], ProgramDescriptor(kernels, [cb(0, 2, cores=core_set(*args))])


def gathering(gatherer: Kernel, others: int = 3, rounds: int = 1) -> Launch:
    """Cores (1, 0) to (`others`, 0) send a tile each to core (0, 0), which writes them out; in so many rounds."""
    count = others * rounds
    values = np.random.default_rng(count).integers(-99, 99, (32, 32 * count)).astype(np.float32)
    x, y = from_numpy(values, layout=TILE_LAYOUT), no_tiles(count)
    places = {(1 + k, 0): (k, others, rounds, X0, Y0) for k in range(others)}
    kernels = [
        kernel(gatherer, READER, [y], others, rounds, X0, Y0, X0 + others, Y0),
        over_cores(giver, READER, [x], places),
    ]
    cores = core_set((0, 0), *places)
    cbs = [cb(0, 1, cores=cores), cb(1, others, cores=cores)]
    return [x, y], ProgramDescriptor(kernels, cbs, [SemaphoreDescriptor(number, cores) for number in range(3)])


# ---- cases --------------------------------------------------------------------------------------------------------


def sharing(tile_rows: int, cores: int, wt: int = 2) -> Case:
    """A copy with the learner's shares, if they are shares."""

    def make(functions: Functions) -> Trial:
        shares = [(int(first), int(count)) for first, count in functions["split"](tile_rows, cores)]
        if len(shares) != cores:
            raise HostError(
                f"split({tile_rows}, {cores}) gave {len(shares)} shares; every core wants one, be it (0, 0)"
            )
        if fault := unfair(shares, tile_rows):
            raise HostError(f"split({tile_rows}, {cores}) gave {shares}; {fault} (each pair: first tile row, how many)")
        tensors, program = shared(shares, tile_rows, wt)
        return Trial(tensors, program, to_numpy(tensors[0]))

    return Case(f"{tile_rows} tile rows, {cores} core{'s' * (cores > 1)}", make)


def unfair(shares: list[tuple[int, int]], tile_rows: int) -> str:
    """What is wrong with shares, empty if nothing is. Where a share of no rows begins does not matter."""
    rows = [row for first, count in shares for row in range(first, first + count)]
    if any(not 0 <= row < tile_rows for row in rows) or any(count < 0 for _, count in shares):
        return f"there are only the rows 0 to {tile_rows - 1}"
    if len(set(rows)) < tile_rows:
        return f"row {min({*range(tile_rows)} - {*rows})} is in no share"
    if len(rows) > tile_rows:
        row = next(row for row in rows if rows.count(row) > 1)
        return f"row {row} is in {rows.count(row)} shares"
    most, least = max(count for _, count in shares), min(count for _, count in shares)
    return f"one core has {most} rows and another {least}" if most > least + 1 else ""


def late(gatherer: Kernel) -> Kernel:
    """The gatherer begins when all others have already given for the first round."""

    async def gathers_late() -> None:
        await noc_semaphore_wait_min(tt_l1_ptr(uint32_t, get_semaphore(0)), get_arg_val(1))
        await gatherer()

    return gathers_late


def gathered(name: str, others: int, rounds: int, seed: int | None = None, begins_late: bool = False) -> Case:
    def make(functions: Functions) -> Trial:
        mine = functions["gatherer"]
        tensors, program = gathering(late(mine) if begins_late else mine, others, rounds)
        return Trial(tensors, program, to_numpy(tensors[0]))

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="13.1",
        title="Rows shared out",
        kind=Kind.WRITE,
        reference={"split": split},
        cases=(sharing(4, 1), sharing(8, 4), sharing(7, 3), sharing(11, 8), sharing(2, 4), sharing(21, 16)),
        tips=(
            "`divmod(tile_rows, cores)` gives what each core surely gets, and how many cores must take one more.",
            "Walk over the cores and keep in a variable where the next share begins.",
        ),
        goals={"dram_bytes": 1.0, "cycles": 1.2},
    ),
    Exercise(
        id="13.2",
        title="Who is counted, and when the count begins anew",
        kind=Kind.FIX,
        reference={"gatherer": gatherer},
        cases=(
            gathered("two others, one round", 2, 1),
            gathered("three others, two rounds", 3, 2),
            gathered("one other, three rounds", 1, 3),
            gathered("three others have given before the gatherer begins", 3, 2, begins_late=True),
            gathered("five others, four rounds, other timings", 5, 4, seed=2),
        ),
        tips=(
            "Which cores add to semaphore 0? Does the gatherer? And who ever takes the count back to 0 before the next round?",
            "Wait for `others`, and then `noc_semaphore_set(arrived, 0)`: before the word to go on, since from then on the "
            "others may add again.",
        ),
        given=_given_gatherer(),
    ),
)
