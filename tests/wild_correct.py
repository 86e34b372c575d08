"""Correct programs in shapes that no text shows: nothing may be found in them, and strict mode has nothing to say."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator

import wild_phases as phases
from correct import Program
from programs import OTHER, PAIR, READER, rows, tensor
from wild import Buffer, Stream, c_0, c_1, c_4, c_16, c_24, engine, movers, read, write

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

CORRECT: list[Callable[[], Program]] = []
correct = CORRECT.append


async def gives_four() -> None:
    for i in range(4):
        await read(c_0, i)


async def takes_four() -> None:
    for i in range(4):
        await write(c_0, i)


@correct
def phases_by_getattr() -> Program:
    async def computes() -> None:
        compute_kernel_hw_startup(Buffer.IN, Buffer.OUT)
        copy_init(Buffer.IN)
        for _ in range(4):
            for name, source, target in (("copy_one", c_0, c_24), ("copy_one", c_24, c_16)):
                await getattr(phases, name)(source, target)

    return engine(computes, gives_four, c_24)


@correct
def a_table_of_partials() -> Program:
    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        table = {k: functools.partial(phases.copy_one, c_0) for k in range(4)}
        for k in table:
            await table[k](c_16)

    return engine(computes, gives_four)


@correct
def cbs_in_a_tuple() -> Program:
    async def gives() -> None:
        for i in range(4):
            for cb in (c_0, c_4):
                await read(cb, i)

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_4, c_16)
        add_init(c_0, c_4)
        await phases.add_block(c_0, c_4, c_16, 4)

    return engine(computes, gives, c_4)


@correct
def a_constant_that_stays() -> Program:
    async def gives() -> None:
        for cb, count in ((c_4, 1), (c_0, 4)):
            for i in range(count):
                await read(cb, i)

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_4, c_16)
        add_init(c_0, c_4)
        await cb_wait_front(c_4, 1)
        for _ in range(4):
            await cb_wait_front(c_0, 1)
            await cb_reserve_back(c_16, 1)
            phases.added(c_0, c_4, c_16)
            cb_pop_front(c_0, 1)
            cb_push_back(c_16, 1)

    return engine(computes, gives, c_4)


@correct
def a_section_as_a_context() -> Program:
    @contextlib.contextmanager
    def section() -> Iterator[None]:
        tile_regs_acquire()
        yield
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for _ in range(4):
            await cb_wait_front(c_0, 1)
            await cb_reserve_back(c_16, 1)
            with section():
                copy_tile(c_0, 0, 0)
            cb_pop_front(c_0, 1)
            cb_push_back(c_16, 1)

    return engine(computes, gives_four)


@correct
def cumulative_waits_without_a_pop() -> Program:
    async def takes() -> None:
        for i in range(4):
            await cb_wait_front(c_0, i + 1)
        cb_pop_front(c_0, 4)

    return movers(gives_four, takes, 4)


@correct
def a_wait_ahead() -> Program:
    async def takes() -> None:
        await cb_wait_front(c_0, 1)
        for i in range(4):
            cb_pop_front(c_0, 1)
            if i < 3:
                await cb_wait_front(c_0, 1)

    return movers(gives_four, takes, 2)


@correct
def a_wait_twice() -> Program:
    async def takes() -> None:
        for i in range(4):
            await cb_wait_front(c_0, 1)
            await write(c_0, i)

    return movers(gives_four, takes, 2)


@correct
def a_remainder_in_its_own_block() -> Program:
    async def gives() -> None:
        left = 8
        while left:
            take = min(left, 3)
            await cb_reserve_back(c_0, take)
            cb_push_back(c_0, take)
            left -= take

    async def takes() -> None:
        for _ in range(8):
            await cb_wait_front(c_0, 1)
            cb_pop_front(c_0, 1)

    return movers(gives, takes, 9)


@correct
def loops_that_only_a_break_ends() -> Program:
    async def gives() -> None:
        for i in itertools.count():
            if i == 4:
                break
            await read(c_0, i)

    async def takes() -> None:
        page = 0
        while True:
            await write(c_0, page)
            page += 1
            if page == 4:
                return

    return movers(gives, takes, 2)


@correct
def methods_of_a_stream() -> Program:
    async def gives() -> None:
        await Stream(c_0, 5).give()

    async def takes() -> None:
        await Stream(c_0, 5).take()

    return movers(gives, takes, 2)


@correct
def cbs_that_change_places() -> Program:
    async def gives() -> None:
        here, there = c_0, c_1
        for i in range(4):
            await read(here, i)
            here, there = there, here

    async def takes() -> None:
        for i in range(4):
            await write((c_0, c_1)[i & 1], i)

    return movers(gives, takes, 1, 1)


@correct
def credits_go_back() -> Program:
    async def gives() -> None:
        for i in range(4):
            await Stream(c_1, 1).take()
            await read(c_0, i)

    async def takes() -> None:
        await Stream(c_1, 2).give()
        for i in range(4):
            await write(c_0, i)
            if i < 2:
                await Stream(c_1, 1).give()

    return movers(gives, takes, 2, 2)


@correct
def blocks_of_another_size() -> Program:
    async def takes() -> None:
        for _ in range(2):
            await cb_wait_front(c_0, 2)
            cb_pop_front(c_0, 2)

    return movers(gives_four, takes, 4)


@correct
def data_end_both_loops() -> Program:
    async def gives() -> None:
        for i in range(8):
            await cb_reserve_back(c_0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(c_0))
            await noc_async_read_barrier()
            last = tt_l1_ptr(uint16_t, get_write_ptr(c_0))[0] >= 0x4080  # 4.0
            cb_push_back(c_0, 1)
            if last:
                break

    async def takes() -> None:
        for i in itertools.count():
            await cb_wait_front(c_0, 1)
            last = tt_l1_ptr(uint16_t, get_read_ptr(c_0))[0] >= 0x4080
            await write(c_0, i)
            if last:
                break

    return movers(gives, takes, 2)


@correct
def nothing_to_do() -> Program:
    async def gives() -> None:
        for i in range(0):
            await read(c_0, i)

    async def takes() -> None:
        for i in range(0):
            await write(c_0, i)

    return movers(gives, takes, 1)


@correct
def a_helper_that_calls_itself() -> Program:
    async def some(left: int) -> None:
        if left:
            await read(c_0, left)
            await some(left - 1)

    async def gives() -> None:
        await some(4)

    return movers(gives, takes_four, 2)


@correct
def a_try_that_always_pops() -> Program:
    async def takes() -> None:
        for i in range(4):
            await cb_wait_front(c_0, 1)
            try:
                if i == 2:
                    continue
            finally:
                cb_pop_front(c_0, 1)

    return movers(gives_four, takes, 2)


@correct
def a_match_with_a_default() -> Program:
    async def gives() -> None:
        for kind in ("x", "gamma", "x", "none", "x", "x"):
            match kind:
                case "x":
                    await read(c_0, 0)
                case "gamma":
                    await read(c_1, 1)
                case _:
                    continue

    async def takes() -> None:
        await cb_wait_front(c_1, 1)
        await takes_four()

    return movers(gives, takes, 2, 1)


def signalled(first: Callable[[], object], second: Callable[[], object]) -> Program:
    """A kernel on each of two cores, with two semaphores."""
    kernels = [tt.KernelDescriptor(k, on, READER) for k, on in ((first, tt.core_set((0, 0))), (second, OTHER))]
    return [rows(1)], tt.ProgramDescriptor(kernels, [], [tt.SemaphoreDescriptor(number, PAIR) for number in (0, 1)])


@correct
def rounds_that_are_set_back() -> Program:
    async def asks() -> None:
        for _ in range(3):
            noc_semaphore_inc(get_noc_addr(my_x() + 1, my_y(), get_semaphore(0)), 1)
            await noc_async_atomic_barrier()
            await noc_semaphore_wait(get_semaphore(1), 1)
            noc_semaphore_set(get_semaphore(1), 0)

    async def answers() -> None:
        for _ in range(3):
            await noc_semaphore_wait(get_semaphore(0), 1)
            noc_semaphore_set(get_semaphore(0), 0)
            noc_semaphore_inc(get_noc_addr(my_x() - 1, my_y(), get_semaphore(1)), 1)
            await noc_async_atomic_barrier()

    return signalled(asks, answers)


@correct
def rounds_that_count_on() -> Program:
    async def asks() -> None:
        for _ in range(3):
            noc_semaphore_inc(get_noc_addr(my_x() + 1, my_y(), get_semaphore(0)), 1)
        await noc_async_atomic_barrier()

    async def counts() -> None:
        for n in (1, 2, 3):
            await noc_semaphore_wait_min(get_semaphore(0), n)

    return signalled(asks, counts)
