"""More programs that hang: numbers that the host gives, counts that do not agree, and signals between cores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from correct import Program
from programs import READER, WRITER, at, cb, empty, line, rows, tensor
from wild import Stream, Wild, c_0, c_1, c_2, movers, read

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause

MORE: list[Callable[[], Wild]] = []
more = MORE.append


def told(reader: Any, writer: Any, given: dict[tuple[int, int], tuple[list[int], list[int]]]) -> Program:
    """Each core's reader and writer with runtime arguments of their own; c_0 of two pages."""
    on, where = [rows(8), empty(8)], tt.core_set(*given)
    words = [word for t in on for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    addresses = [t.buffer_address() for t in on]
    kernels = [
        tt.KernelDescriptor(kernel, where, config, words, [(core, both[k]) for core, both in given.items()], addresses)
        for k, (kernel, config) in enumerate(((reader, READER), (writer, WRITER)))
    ]
    return on, tt.ProgramDescriptor(kernels, [cb(c_0, 2, cores=where)])


def cores(first: Callable[[], Any], *others: Callable[[], Any]) -> Program:
    """A kernel on core (0, 0), others on the cores beside it, two semaphores on each."""
    places = [(x, 0) for x in range(len(others) + 1)]
    kernels = [tt.KernelDescriptor(k, tt.core_set(xy), READER) for k, xy in zip((first, *others), places, strict=True)]
    semaphores = [tt.SemaphoreDescriptor(number, tt.core_set(*places)) for number in (0, 1)]
    return [rows(1)], tt.ProgramDescriptor(kernels, [], semaphores)


# ---- numbers ------------------------------------------------------------------------------------------------


@more
def two_arguments_of_one_core_are_exchanged() -> Wild:
    async def gives() -> None:
        first, count = get_arg_val(0), get_arg_val(1)
        for page in range(first, first + count):
            await cb_reserve_back(c_0, 1)
            noc_async_read_page(page, tensor(0), get_write_ptr(c_0))
            await noc_async_read_barrier()
            cb_push_back(c_0, 1)

    async def takes() -> None:
        for i in range(get_arg_val(1)):
            await cb_wait_front(c_0, 1)
            noc_async_write_page(get_arg_val(0) + i, tensor(1), get_read_ptr(c_0))
            await noc_async_write_barrier()
            cb_pop_front(c_0, 1)

    waits = at(takes, "cb_wait_front")
    sentence = "on core (1, 0), NCRISC (gives), the producer of c_0, finished after it pushed 2 pages; BRISC waits for a 3rd at "
    program = told(gives, takes, {(0, 0): ([0, 2], [0, 2]), (1, 0): ([6, 2], [2, 6])})
    advice = "exchange the runtime arguments 0 and 1 of gives, 6 and 2, on core (1, 0)"
    sites = (waits, at(gives, "cb_push_back"))
    return Wild(program, Cause.PRODUCER_SHORT, sentence + waits, sites, advice)


@more
def a_kernel_with_nothing_to_do_returns() -> Wild:
    async def gives() -> None:
        if get_arg_val(0) == 0:
            return
        await Stream(c_0, 1).give()

    async def takes() -> None:
        await cb_wait_front(c_0, 1)

    waits, push = at(takes, "cb_wait_front"), line(Stream.give, "cb_push_back")
    sentence = f"BRISC waits in cb_wait_front(c_0, 1) at {waits}, but no kernel of this core ever pushes c_0: "
    sentence += f"cb_push_back(c_0, …) is missing; NCRISC (gives) would push it ({push[0]}) if its runtime argument 0 were not 0"
    program, sites = told(gives, takes, {(0, 0): ([0], [])}), (waits, f"{push[0]}, in gives: `{push[1]}`")
    advice = "give NCRISC (gives) another runtime argument 0 than 0"
    return Wild(program, Cause.NEVER_PRODUCED, sentence, sites, advice)


@more
def the_right_number_and_a_remainder_that_is_lost() -> Wild:
    async def gives() -> None:
        for _ in range(get_arg_val(0) // 2):
            await cb_reserve_back(c_0, 2)
            cb_push_back(c_0, 2)

    async def takes() -> None:
        for _ in range(get_arg_val(0)):
            await cb_wait_front(c_0, 1)
            cb_pop_front(c_0, 1)

    waits = at(takes, "cb_wait_front")
    sentence = (
        f"NCRISC (gives), the producer of c_0, finished after it pushed 4 pages; BRISC waits for a 5th at {waits}"
    )
    program, sites = told(gives, takes, {(0, 0): ([5], [5])}), (waits, at(gives, "cb_push_back"))
    advice = "let NCRISC (gives) push 5 pages of c_0, as many as BRISC (takes) pops, instead of 4; or pop 4 there"
    return Wild(program, Cause.PRODUCER_SHORT, sentence, sites, advice)


# ---- counts -------------------------------------------------------------------------------------------------


@more
def each_page_is_pushed_twice() -> Wild:
    async def gives() -> None:
        for _ in range(8):
            await cb_reserve_back(c_0, 1)
            for _ in (0, 1):
                cb_push_back(c_0, 1)

    async def takes() -> None:
        for _ in range(8):
            await cb_wait_front(c_0, 1)
            cb_pop_front(c_0, 1)

    waits, push = at(gives, "cb_reserve_back"), line(gives, "cb_push_back")[0].removeprefix("gives ")
    sentence = f"NCRISC (gives) reserves 8 pages of c_0 in all and pushes 16 ({push}); NCRISC waits for 1 free of 4 pages at {waits}"
    advice = f"let NCRISC (gives) push c_0 ({push}) once for each page that it reserves, 8 in all"
    return Wild(movers(gives, takes, 4), Cause.PUSHED_TOO_MANY, sentence, (waits, at(gives, "cb_push_back")), advice)


@more
def two_names_for_one_cb() -> Wild:
    ids = {"x": c_0, "gamma": c_2, "beta": c_2}

    async def gives() -> None:
        for name in ids:
            await read(ids[name], 0)

    async def takes() -> None:
        for index in (c_0, c_1, c_2):
            await cb_wait_front(index, 1)

    waits, push = at(takes, "cb_wait_front"), line(read, "cb_push_back")
    sentence = f"BRISC waits in cb_wait_front(c_1, 1) at {waits}, but no kernel of this core ever pushes c_1: cb_push_back(c_1, …) "
    sentence += "is missing; NCRISC (gives) pushes 2 pages of c_2, and BRISC (takes) takes 1: some may be meant for c_1"
    sites, advice = (
        (waits, f"{push[0]}, in gives: `{push[1]}`"),
        f"look whether NCRISC (gives) names c_2 where c_1 is meant ({push[0]})",
    )
    return Wild(movers(gives, takes, 2, 2, 2), Cause.NEVER_PRODUCED, sentence, sites, advice)


# ---- signals ------------------------------------------------------------------------------------------------


@more
def the_increment_goes_to_the_next_core() -> Wild:
    async def sends() -> None:
        noc_semaphore_inc(get_noc_addr(my_x() + 2, my_y(), get_semaphore(0)), 1)
        await noc_async_atomic_barrier()

    async def waits() -> None:
        await noc_semaphore_wait(get_semaphore(0), 1)

    async def idles() -> None: ...

    stuck, sent = at(waits, "noc_semaphore_wait"), line(sends, "noc_semaphore_inc")
    sentence = (
        f"NCRISC of core (1, 0) waits at {stuck} until semaphore 0 is 1, and it stays 0: NCRISC (sends) of core (0, 0) "
    )
    sentence += f"changes that of core (2, 0), at {sent[0]}: `{sent[1]}`, and nobody changes that of core (1, 0)"
    advice = f"let the address at {sent[0].removeprefix('sends ')} be that of core (1, 0), or send to that core, too"
    return Wild(cores(sends, waits, idles), Cause.SEMAPHORE, sentence, (stuck, f"{sent[0]}: `{sent[1]}`"), advice)


@more
def the_number_of_the_semaphore_is_wrong() -> Wild:
    async def sends() -> None:
        for core, number in ((1, 1), (2, 0)):
            noc_semaphore_inc(get_noc_addr(my_x() + core, my_y(), get_semaphore(number)), 1)
        await noc_async_atomic_barrier()

    async def waits() -> None:
        await noc_semaphore_wait(get_semaphore(0), 1)

    stuck, sent = at(waits, "noc_semaphore_wait"), line(sends, "noc_semaphore_inc")
    sentence = f"NCRISC of core (1, 0) waits at {stuck} until semaphore 0 is 1, and it stays 0: nobody has set or incremented it, "
    sentence += "and all who could have finished, while semaphore 1 of this core has come to 1"
    advice = "wait for semaphore 1, or let those who change it change this one"
    return Wild(cores(sends, waits, waits), Cause.SEMAPHORE, sentence, (stuck, f"{sent[0]}: `{sent[1]}`"), advice)


@more
def one_member_never_tells_the_leader() -> Wild:
    async def leads() -> None:
        await noc_semaphore_wait(get_semaphore(0), 2)

    async def tells() -> None:
        if my_x() == 20:
            return
        noc_semaphore_inc(get_noc_addr(18, 18, get_semaphore(0)), 1)
        await noc_async_atomic_barrier()

    stuck, sent = at(leads, "noc_semaphore_wait"), at(tells, "noc_semaphore_inc")
    sentence = f"NCRISC of core (0, 0) waits at {stuck} until semaphore 0 is 2, and it stays 1: core (1, 0) has incremented it, "
    sentence += f"NCRISC (tells) at {sent}, and has finished; core (2, 0) runs the same kernel to its end without incrementing it"
    advice = "let core (2, 0) increment it, too, or wait for 1"
    return Wild(cores(leads, tells, tells), Cause.SEMAPHORE, sentence, (stuck, sent), advice)
