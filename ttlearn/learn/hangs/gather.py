"""One core gathers what all the others send, and tells them when it has: counts, rectangles and the word in a flag.

The pattern of every sum over cores; `layernorm_split` uses it twice a tile row.
"""

from __future__ import annotations

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    get_arg_val,
    get_noc_addr,
    get_noc_multicast_addr,
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
    tt_l1_ptr,
    uint32_t,
)
from ...debug.hang.causes import Cause
from ...host.descriptors import ProgramDescriptor, SemaphoreDescriptor, core_set
from .cores import X0, Y0
from .entry import READER, Entry, Kernel, Launch, c_0, c_1, cb, kernel, no_tiles, numbers, over_cores, tiles

FOUR = [(0, 0), (1, 0), (2, 0), (3, 0)]


async def giver() -> None:
    src_addr, page, x, y = get_arg_val(0), get_arg_val(1), get_arg_val(2), get_arg_val(3)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(page, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write(l1_addr, get_noc_addr(x, y, get_write_ptr(c_1) + page * 2048), 2048)
    await noc_async_write_barrier()
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(1)), 1)


async def gatherer() -> None:
    dst_addr, pages, expected = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    x_first, y_first, x_last, y_last = get_arg_val(3), get_arg_val(4), get_arg_val(5), get_arg_val(6)
    dst = TensorAccessor(TensorAccessorArgs(0), dst_addr)
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), expected)
    for page in range(pages):
        noc_async_write_page(page, dst, get_write_ptr(c_1) + page * 2048)
    await noc_async_write_barrier()
    noc_semaphore_set(tt_l1_ptr(uint32_t, get_semaphore(2)), 1)
    to_all = get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(1))
    noc_semaphore_set_multicast(get_semaphore(2), to_all, get_arg_val(7))
    await noc_async_write_barrier()


async def gatherer_without_a_word() -> None:
    dst_addr, pages, expected = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    x_first, y_first, x_last, y_last = get_arg_val(3), get_arg_val(4), get_arg_val(5), get_arg_val(6)
    dst = TensorAccessor(TensorAccessorArgs(0), dst_addr)
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), expected)
    for page in range(pages):
        noc_async_write_page(page, dst, get_write_ptr(c_1) + page * 2048)
    await noc_async_write_barrier()
    to_all = get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(1))
    noc_semaphore_set_multicast(get_semaphore(2), to_all, get_arg_val(7))
    await noc_async_write_barrier()


def gather(gatherer: Kernel = gatherer, expected: int = 3, last: int = 3) -> Launch:
    """Cores (1, 0) to (3, 0) send a tile each to (0, 0), which writes them out; its flag goes as far as core `last`."""
    src, dst = tiles(3), no_tiles(3)
    kernels = [
        kernel(gatherer, READER, [dst], 3, expected, X0, Y0, X0 + last, Y0, last, core=(0, 0)),
        over_cores(giver, READER, [src], {core: (page, X0, Y0) for page, core in enumerate(FOUR[1:])}),
    ]
    cores = core_set(*FOUR)
    cbs = [cb(c_0, 1, cores=cores), cb(c_1, 3, cores=cores)]
    return [src, dst], ProgramDescriptor(kernels, cbs, [SemaphoreDescriptor(number, cores) for number in range(3)])


ENTRIES = (
    Entry(
        "gatherer_counts_itself",
        "Four cores, so the host passes 4 as the count to wait for. But only three send: the gatherer does not increment its "
        "own semaphore. It stays at 3, and the three wait for the gatherer's flag: a circle, and every core looks innocent.",
        "the collecting core of a sharded layernorm, reader_mcast_sender_unary_sharded_ln.cpp",
        lambda: gather(expected=4),
        gather,
        Cause.SEMAPHORE,
        "NCRISC",
        None,
        (
            "await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), expected)",
            "noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)",
        ),
        "wait for 3: the cores without the one that gathers",
        lambda: numbers(3),
    ),
    Entry(
        "core_outside_the_rectangle",
        "The rectangle of the flag ends one core early, and num_dests with it, so every barrier completes. Two cores go home; "
        "the third waits for a flag that was never sent to it. All other cores have finished.",
        "get_noc_multicast_addr takes both corners as belonging to the rectangle, not one past its end",
        lambda: gather(last=2),
        gather,
        Cause.SEMAPHORE,
        "NCRISC",
        None,
        (
            "await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(1)), 1)",
            "noc_semaphore_set_multicast(get_semaphore(2), to_all, get_arg_val(7))",
        ),
        "give the last core of the row as the second corner, and 3 as num_dests",
        lambda: numbers(3),
        (3, 0),
    ),
    Entry(
        "flag_without_a_word",
        "noc_semaphore_set_multicast sends a word of this core's L1, and nobody has set it: a 0 arrives where 0 was. The flag "
        "was sent, it has landed, every barrier is complete, and all three cores wait on.",
        "noc_semaphore_set_multicast copies the sender's semaphore word; it does not take a value",
        lambda: gather(gatherer_without_a_word),
        gather,
        Cause.SEMAPHORE,
        "NCRISC",
        None,
        (
            "await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(1)), 1)",
            "noc_semaphore_set_multicast(get_semaphore(2), to_all, get_arg_val(7))",
        ),
        "noc_semaphore_set the word to 1 before it is multicast",
        lambda: numbers(3),
        (1, 0),
    ),
)
