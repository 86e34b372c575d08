"""Programs that hang in the shapes in which kernels are written: each with its cause, its lines on both sides, and what helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import wild_phases as phases
from correct import Program, of
from programs import COMPUTE, READER, TILE, WRITER, at, empty, line, no_tiles, rows, tensor, tiles
from programs import cb as buffer

from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause

c_0, c_1, c_2, c_4, c_16, c_24, c_25 = 0, 1, 2, 4, 16, 24, 25


@dataclass(frozen=True)
class Wild:
    """A program; what its diagnosis must say. `sites`: where it waits, and where the promise would have been kept."""

    program: Program
    cause: Cause
    sentence: str
    sites: tuple[str, ...]
    advice: str


WILD: list[Callable[[], Wild]] = []
wild = WILD.append


async def read(cb: int, page: int) -> None:
    await cb_reserve_back(cb, 1)
    noc_async_read_page(page, tensor(0), get_write_ptr(cb))
    await noc_async_read_barrier()
    cb_push_back(cb, 1)


async def write(cb: int, page: int) -> None:
    await cb_wait_front(cb, 1)
    noc_async_write_page(page, tensor(1), get_read_ptr(cb))
    await noc_async_write_barrier()
    cb_pop_front(cb, 1)


async def tile_reader() -> None:
    for i in range(4):
        await read(c_0, i)


async def tile_writer() -> None:
    for i in range(4):
        await write(c_16, i)


def movers(reader: Any, writer: Any, *pages: int) -> Program:
    """Four rows through c_0, c_1, …, of so many pages."""
    return of([(reader, READER), (writer, WRITER)], [buffer(k, n) for k, n in enumerate(pages)], [rows(8), empty(8)])


def engine(compute: Any, reader: Any = tile_reader, *between: int) -> Program:
    """Four tiles from c_0 to c_16, of two pages as c_4 is; CBs between of one."""
    sizes = {c_0: 2, c_16: 2, **dict.fromkeys(between, 1)} | ({c_4: 2} if c_4 in between else {})
    kernels = [(reader, READER), (compute, COMPUTE), (tile_writer, WRITER)]
    return of(kernels, [buffer(index, size, TILE) for index, size in sizes.items()], [tiles(4), no_tiles(4)])


class Stream:
    """A CB and how many pages go through it."""

    def __init__(self, cb: int, count: int) -> None:
        self.cb, self.count = cb, count

    async def give(self) -> None:
        for _ in range(self.count):
            await cb_reserve_back(self.cb, 1)
            cb_push_back(self.cb, 1)

    async def take(self) -> None:
        for _ in range(self.count):
            await cb_wait_front(self.cb, 1)
            cb_pop_front(self.cb, 1)


# ---- a CB that changes from trip to trip --------------------------------------------------------------------


@wild
def beta_is_left_out_of_the_tuple() -> Wild:
    async def gives() -> None:
        for cb in (c_0, c_1):
            await read(cb, 0)

    async def takes() -> None:
        for cb in (c_0, c_1, c_2):
            await cb_wait_front(cb, 1)

    waits = at(takes, "cb_wait_front")
    sentence = f"BRISC waits in cb_wait_front(c_2, 1) at {waits}, but no kernel of this core ever pushes c_2: "
    sentence += "cb_push_back(c_2, …) is missing"
    advice = "let NCRISC (gives), or whoever has the data, reserve 1 page of c_2, fill and push it"
    return Wild(movers(gives, takes, 2, 2, 2), Cause.NEVER_PRODUCED, sentence, (waits,), advice)


@wild
def each_cb_gets_another_number() -> Wild:
    async def gives() -> None:
        for cb, count in ((c_0, 4), (c_1, 1)):
            for i in range(count):
                await cb_reserve_back(cb, 1)
                noc_async_read_page(i, tensor(0), get_write_ptr(cb))
                await noc_async_read_barrier()
                cb_push_back(cb, 1)

    async def takes() -> None:
        await cb_wait_front(c_1, 4)
        for i in range(4):
            await write(c_0, i)

    waits = at(takes, "cb_wait_front")
    sentence = "NCRISC (gives), the producer of c_1, finished after it pushed 1 page; BRISC waits for a 4th at " + waits
    advice = "let NCRISC (gives) push 4 pages of c_1 instead of 1, or more"
    return Wild(movers(gives, takes, 4, 4), Cause.PRODUCER_SHORT, sentence, (waits, at(gives, "cb_push_back")), advice)


@wild
def a_branch_pops_the_wrong_one() -> Wild:
    async def gives() -> None:
        for i in range(4):
            for cb in (c_0, c_1):
                await cb_reserve_back(cb, 1)
                noc_async_read_page(i, tensor(0), get_write_ptr(cb))
                await noc_async_read_barrier()
                cb_push_back(cb, 1)

    async def takes() -> None:
        for i in range(4):
            a, b = (c_0, c_1) if i % 2 == 0 else (c_1, c_0)
            await cb_wait_front(a, 1)
            await cb_wait_front(b, 1)
            cb_pop_front(a, 1)
            if b == c_0:
                cb_pop_front(c_0, 1)

    full, pop = at(gives, "cb_reserve_back"), line(takes, "cb_pop_front(a")
    sentence = (
        f"in all NCRISC (gives) pushes 4 pages of c_1, and BRISC (takes) pops 2 ({pop[0].removeprefix('takes ')}), so "
    )
    sentence += (
        f"c_1 of 1 page fills up: NCRISC waits in cb_reserve_back(c_1, 1) at {full}; more room would only postpone it"
    )
    advice = "let BRISC (takes) pop 4 pages of c_1, as many as are pushed, instead of 2; or let NCRISC (gives) push 2"
    return Wild(movers(gives, takes, 1, 1), Cause.POP_MISSING, sentence, (full, at(takes, "cb_pop_front(a")), advice)


class Buffer(IntEnum):
    """CBs by name."""

    IN = 0
    MID = 24
    OUT = 16


@wild
def one_more_than_was_meant() -> Wild:
    async def computes() -> None:
        compute_kernel_hw_startup(Buffer.IN, Buffer.OUT)
        copy_init(Buffer.IN)
        for _ in range(4):
            await phases.copy_one(Buffer.IN, Buffer.MID)
            await cb_wait_front(Buffer.MID + 1, 1)
            await cb_reserve_back(Buffer.OUT, 1)
            phases.copied(Buffer.MID, Buffer.OUT)
            cb_pop_front(Buffer.MID, 1)
            cb_push_back(Buffer.OUT, 1)

    waits, pop = at(computes, "cb_wait_front"), line(computes, "cb_pop_front")
    sentence = f"UNPACK waits in cb_wait_front(c_25, 1) at {waits}, but no kernel of this core ever pushes c_25: "
    sentence += (
        f"cb_push_back(c_25, …) is missing; UNPACK (computes) pops c_24 ({pop[0].removeprefix('computes ')}) and "
    )
    sentence += "never waits for it: c_24 may be meant"
    number = line(computes, "cb_wait_front")[0].rpartition(" ")[2]
    advice = f"let UNPACK (computes) wait for c_24 instead of c_25 at line {number}"
    program = engine(computes, tile_reader, c_24, c_25)
    return Wild(program, Cause.NEVER_PRODUCED, sentence, (waits, at(computes, "cb_pop_front")), advice)


@wild
def two_cbs_are_exchanged() -> Wild:
    async def gives() -> None:
        await read(c_4, 0)
        for i in range(4):
            await read(c_0, i)

    async def computes() -> None:
        c_gamma, c_in = c_0, c_4
        compute_kernel_hw_startup(c_in, c_gamma, c_16)
        mul_bcast_rows_init(c_in, c_gamma)
        await cb_wait_front(c_gamma, 1)
        for _ in range(4):
            await cb_wait_front(c_in, 1)
            await cb_reserve_back(c_16, 1)
            tile_regs_acquire()
            mul_tiles_bcast_rows(c_in, c_gamma, 0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, c_16)
            tile_regs_release()
            cb_pop_front(c_in, 1)
            cb_push_back(c_16, 1)

    waits = at(computes, "cb_wait_front(c_in")
    sentence = (
        f"NCRISC (gives), the producer of c_4, pushes only 1 page; UNPACK waits for a 2nd at {waits}; c_0 gets 4 pages "
    )
    sentence += "and UNPACK (computes) takes 1 of them: c_4 and c_0 look exchanged"
    push = line(read, "cb_push_back")
    advice = "look whether UNPACK (computes) or NCRISC (gives) names c_4 where c_0 is meant, and the reverse"
    sites = (waits, f"{push[0]}, in gives: `{push[1]}`")
    return Wild(engine(computes, gives, c_4), Cause.PRODUCER_SHORT, sentence, sites, advice)
