"""Programs that hang whose calls no text shows: phases from tables, methods, contexts, loops of every kind, data."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import AsyncIterator, Callable, Iterator

import wild_phases as phases
from correct import of
from programs import COMPUTE, READER, TILE, WRITER, at, line, no_tiles, tensor, tiles, within
from programs import cb as buffer
from wild import Stream, Wild, c_0, c_1, c_4, c_16, c_24, c_25, engine, movers, read, tile_reader, tile_writer, write

from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause

SHAPES: list[Callable[[], Wild]] = []
wild = SHAPES.append


# ---- phases that no text shows --------------------------------------------------------------------------------


@wild
def a_phase_found_by_getattr_keeps_its_page() -> Wild:
    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for _ in range(4):
            for name, source, target in (("copy_and_keep", c_0, c_24), ("copy_one", c_24, c_16)):
                await getattr(phases, name)(source, target)

    waits = within(computes, "getattr(", phases.copy_one, "cb_wait_front")
    lost = line(phases.copy_and_keep, "cb_reserve_back")
    sentence = f"UNPACK waits in cb_wait_front(c_24, 1) at {waits}, but no kernel of this core ever pushes c_24: "
    sentence += f"cb_push_back(c_24, …) is missing; PACK (computes) reserves its pages ({lost[0]}) and hands none on"
    advice = f"let PACK (computes) push c_24 after it has filled what it reserves at {lost[0]}"
    sites = (waits, f"{lost[0]}, in computes: `{lost[1]}`")
    kernels = [(tile_reader, READER), (computes, COMPUTE), (tile_writer, WRITER)]
    cbs = [buffer(index, 4, TILE) for index in (c_0, c_24, c_16)]
    return Wild(of(kernels, cbs, [tiles(4), no_tiles(4)]), Cause.NEVER_PRODUCED, sentence, sites, advice)


@wild
def a_table_of_phases_pops_too_early() -> Wild:
    async def adds() -> None:
        add_init(c_24, c_25)
        await cb_wait_front(c_25, 1)
        await cb_wait_front(c_24, 1)
        await cb_reserve_back(c_16, 1)
        phases.added(c_24, c_25, c_16)
        for cb in (c_24, c_25):
            cb_pop_front(cb, 1)
        cb_push_back(c_16, 1)

    table = {
        "first": functools.partial(phases.copy_one, c_0, c_24),
        "second": functools.partial(phases.copy_one, c_24, c_25),
    }

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for name in ("first", "second"):
            await table[name]()
        await adds()

    waits = within(computes, "adds()", adds, "cb_wait_front(c_24")
    popped = within(computes, "table[name]()", phases.copy_one, "cb_pop_front")
    place, text = line(computes, "table[name]()")[0], line(phases.copy_one, "cb_pop_front")[1]
    sentence = f"UNPACK waits for 1 page of c_24 at {waits}, but has given 1 of its 1 page back before "
    sentence += f"({place.removeprefix('computes ')}: `{text}`), and PACK (computes) pushes no more: a popped page is gone, and a "
    sentence += "wait counts only those still at the front"
    advice = f"pop c_24 ({place.removeprefix('computes ')}) only after its last use, which comes after "
    advice += f"{line(computes, 'adds()')[0].removeprefix('computes ')}; or push it again"
    program = engine(computes, tile_reader, c_24, c_25)
    return Wild(program, Cause.POPPED_TOO_EARLY, sentence, (waits, popped), advice)


@wild
def the_root_is_two_phases_away() -> Wild:
    async def gives() -> None:
        for i in range(4):
            await read(c_0, i)
            await cb_reserve_back(c_4, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(c_4))
            await noc_async_read_barrier()
            if i < 2:
                cb_push_back(c_4, 1)

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        for _ in range(4):
            copy_init(c_0)
            await phases.copy_one(c_0, c_24)
            add_init(c_24, c_4)
            await phases.add_block(c_24, c_4, c_25, 1)
            copy_init(c_25)
            await phases.copy_one(c_25, c_16)

    waits, push = within(computes, "add_block(", phases.add_block, "cb_wait_front(b"), line(gives, "cb_push_back")
    reserve = line(gives, "cb_reserve_back")[0].removeprefix("gives ")
    number = push[0].removeprefix("gives ")
    sentence = f"NCRISC (gives), the producer of c_4, finished after it pushed 2 pages; UNPACK waits for a 3rd at {waits}; NCRISC "
    sentence += (
        f"has called cb_reserve_back for 4 pages ({reserve}) and cb_push_back for 2 ({number}): {number} is reached "
    )
    sentence += "only where i < 2"
    advice = "push c_4 on every path on which it is reserved"
    program = engine(computes, gives, c_4, c_24, c_25)
    return Wild(program, Cause.PUSH_MISSING, sentence, (waits, at(gives, "cb_push_back")), advice)


# ---- ways of saying how often -----------------------------------------------------------------------------------


@wild
def a_while_loop_ends_one_block_early() -> Wild:
    async def gives() -> None:
        left = 8
        while left > 3:
            take = min(left, 3)
            await cb_reserve_back(c_0, take)
            cb_push_back(c_0, take)
            left -= take

    async def takes() -> None:
        for _ in range(8):
            await cb_wait_front(c_0, 1)
            cb_pop_front(c_0, 1)

    waits = at(takes, "cb_wait_front")
    sentence = (
        f"NCRISC (gives), the producer of c_0, finished after it pushed 6 pages; BRISC waits for a 7th at {waits}"
    )
    advice = "let NCRISC (gives) push 8 pages of c_0, as many as BRISC (takes) pops, instead of 6; or pop 6 there"
    return Wild(movers(gives, takes, 6), Cause.PRODUCER_SHORT, sentence, (waits, at(gives, "cb_push_back")), advice)


@wild
def a_product_of_ranges_is_smaller_than_the_list() -> Wild:
    async def gives() -> None:
        for row, column in itertools.product(range(2), range(3)):
            await cb_reserve_back(c_0, 1)
            noc_async_read_page(3 * row + column, tensor(0), get_write_ptr(c_0))
            await noc_async_read_barrier()
            cb_push_back(c_0, 1)

    pages = list(range(8))

    async def takes() -> None:
        for page in pages:
            await write(c_0, page)

    waits = within(takes, "write(", write, "cb_wait_front")
    sentence = (
        f"NCRISC (gives), the producer of c_0, finished after it pushed 6 pages; BRISC waits for a 7th at {waits}"
    )
    advice = "let NCRISC (gives) push 8 pages of c_0, as many as BRISC (takes) pops, instead of 6; or pop 6 there"
    return Wild(movers(gives, takes, 2), Cause.PRODUCER_SHORT, sentence, (waits, at(gives, "cb_push_back")), advice)


@wild
def a_wait_ahead_asks_for_one_page_too_many() -> Wild:
    async def gives() -> None:
        for i in range(4):
            await read(c_0, i)

    async def takes() -> None:
        await cb_wait_front(c_0, 1)
        for _ in range(4):
            cb_pop_front(c_0, 1)
            await cb_wait_front(c_0, 1)  # ahead

    waits = at(takes, "# ahead")
    sentence = (
        f"NCRISC (gives), the producer of c_0, finished after it pushed 4 pages; BRISC waits for a 5th at {waits}"
    )
    push = line(read, "cb_push_back")
    advice = "let NCRISC (gives) push 5 pages of c_0 instead of 4, or more"
    sites = (waits, f"{push[0]}, in gives: `{push[1]}`")
    return Wild(movers(gives, takes, 2), Cause.PRODUCER_SHORT, sentence, sites, advice)


# ---- objects ------------------------------------------------------------------------------------------------


@wild
def methods_of_a_stream() -> Wild:
    async def gives() -> None:
        await Stream(c_0, 3).give()

    async def takes() -> None:
        await Stream(c_0, 4).take()

    waits, push = within(takes, "take()", Stream.take, "cb_wait_front"), line(Stream.give, "cb_push_back")
    sentence = (
        f"NCRISC (gives), the producer of c_0, finished after it pushed 3 pages; BRISC waits for a 4th at {waits}"
    )
    advice = "let NCRISC (gives) push 4 pages of c_0, as many as BRISC (takes) pops, instead of 3; or pop 3 there"
    sites = (waits, f"{push[0]}, in gives: `{push[1]}`")
    return Wild(movers(gives, takes, 2), Cause.PRODUCER_SHORT, sentence, sites, advice)


@wild
def a_context_manager_pushes_only_one_cb() -> Wild:
    @contextlib.asynccontextmanager
    async def page(cb: int) -> AsyncIterator[int]:
        await cb_reserve_back(cb, 1)
        yield get_write_ptr(cb)
        if cb == c_0:
            cb_push_back(cb, 1)

    async def gives() -> None:
        for cb in (c_0, c_1):
            async with page(cb) as address:
                noc_async_read_page(0, tensor(0), address)
                await noc_async_read_barrier()

    async def takes() -> None:
        for cb in (c_0, c_1):
            await cb_wait_front(cb, 1)

    waits, reserve = at(takes, "cb_wait_front"), line(page.__wrapped__, "cb_reserve_back")  # type: ignore[attr-defined]
    sentence = f"BRISC waits in cb_wait_front(c_1, 1) at {waits}, but no kernel of this core ever pushes c_1: "
    sentence += f"cb_push_back(c_1, …) is missing; NCRISC (gives) reserves its pages ({reserve[0]}) and hands none on"
    advice = f"let NCRISC (gives) push c_1 after it has filled what it reserves at {reserve[0]}"
    sites = (waits, f"{reserve[0]}, in gives: `{reserve[1]}`")
    return Wild(movers(gives, takes, 2, 2), Cause.NEVER_PRODUCED, sentence, sites, advice)


@wild
def a_section_that_is_never_released() -> Wild:
    @contextlib.contextmanager
    def section() -> Iterator[None]:
        tile_regs_acquire()
        yield
        tile_regs_commit()
        tile_regs_wait()

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for _ in range(4):
            await cb_wait_front(c_0, 1)
            await cb_reserve_back(c_16, 1)
            with section():
                copy_tile(c_0, 0, 0)
            pack_tile(0, c_16)
            cb_pop_front(c_0, 1)
            cb_push_back(c_16, 1)

    inner = section.__wrapped__  # type: ignore[attr-defined]
    waits, taken = within(computes, "with section()", inner, "acquire"), line(inner, "tile_regs_wait")
    sentence = (
        f"MATH stalls in tile_regs_acquire at {waits}: every DST section is held by PACK, and the kernel never calls "
    )
    sentence += f"tile_regs_release(), though it calls tile_regs_wait() at {taken[0].replace('section ', '')}"
    advice = "call tile_regs_release() after the last pack_tile of a section, once for each tile_regs_wait()"
    sites = (waits, f"{taken[0]}, in computes: `{taken[1]}`")
    return Wild(engine(computes), Cause.DST_MISUSE, sentence, sites, advice)


@wild
def the_wrong_init_from_a_table() -> Wild:
    inits = {"add": mul_init, "mul": add_init}

    async def gives() -> None:
        for i in range(4):
            await read(c_0, i)
            await read(c_4, i)

    async def computes() -> None:
        compute_kernel_hw_startup(c_0, c_4, c_16)
        inits["add"](c_0, c_4)
        for _ in range(4):
            await phases.add_block(c_0, c_4, c_16, 1)

    stalls, init = within(computes, "add_block", phases.added, "add_tiles"), line(computes, 'inits["add"]')
    place = init[0].removeprefix("computes ")
    sentence = f"UNPACK stalls in add_tiles at {stalls}: SrcA and SrcB are full, and MATH takes no more of them; the engine is "
    sentence += f"programmed for another operation (the init before it is `{init[1]}`, {place})"
    advice = f"call add_init(c_0, c_4) before add_tiles instead of `{init[1]}`"
    return Wild(
        engine(computes, gives, c_4), Cause.WRONG_OPERATION, sentence, (stalls, at(computes, 'inits["add"]')), advice
    )


# ---- what cannot be told -------------------------------------------------------------------------------------


@wild
def data_decide_what_is_pushed() -> Wild:
    async def gives() -> None:
        for i in range(6):
            await cb_reserve_back(c_0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(c_0))
            await noc_async_read_barrier()
            rare = tt_l1_ptr(uint16_t, get_write_ptr(c_0))[0] == 99
            cb_push_back(c_1 if rare else c_0, 1)

    async def takes() -> None:
        await cb_wait_front(c_1, 1)
        for i in range(6):
            await write(c_0, i)

    waits, full = at(takes, "cb_wait_front"), at(gives, "cb_reserve_back")
    sentence = f"BRISC waits in cb_wait_front(c_1, 1) at {waits}, and no kernel has pushed c_1 yet; NCRISC (gives), which waits "
    sentence += f"in cb_reserve_back(c_0, 1) at {full}, may push it later, or never: that depends on data"
    advice = "let NCRISC (gives) push c_1 before it waits there, or do not wait for c_1 if it never comes"
    return Wild(movers(gives, takes, 2, 2), Cause.NOT_TOLD, sentence, (waits, full), advice)
