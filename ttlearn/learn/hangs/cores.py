"""Several cores: semaphores nobody reaches, multicasts, and a core that is stuck for another one's reasons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_push_back,
    cb_reserve_back,
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
    noc_async_write_multicast,
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
from .entry import READER, WRITER, Entry, Kernel, Launch, c_0, cb, kernel, no_tiles, numbers, over_cores, tiles

PAIR = [(0, 0), (1, 0)]
THREE = [(0, 0), (1, 0), (2, 0)]
X0, Y0 = 18, 18  # NOC coordinates of worker (0, 0): what worker_core_from_logical_core gives


# ---- one core sends a tile to another -----------------------------------------------------------------------


async def sender_without_signal() -> None:
    src_addr, x, y = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(0, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write(l1_addr, get_noc_addr(x, y, l1_addr), 2048)
    await noc_async_write_barrier()


async def sender() -> None:
    src_addr, x, y = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(0, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write(l1_addr, get_noc_addr(x, y, l1_addr), 2048)
    await noc_async_write_barrier()
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


async def sender_adds_two() -> None:
    src_addr, x, y = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(0, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write(l1_addr, get_noc_addr(x, y, l1_addr), 2048)
    await noc_async_write_barrier()
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 2)
    await noc_async_atomic_barrier()


async def receiver() -> None:
    dst = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    page = get_arg_val(1)
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)
    noc_async_write_page(page, dst, get_write_ptr(c_0))
    await noc_async_write_barrier()


async def sender_reserves_too_much() -> None:
    src_addr, x, y = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    await cb_reserve_back(c_0, 2)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(0, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write(l1_addr, get_noc_addr(x, y, l1_addr), 2048)
    await noc_async_write_barrier()
    cb_push_back(c_0, 1)
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


def pair(sender: Kernel = sender, pages: int = 1) -> Launch:
    src, dst = tiles(1), no_tiles(1)
    kernels = [
        kernel(sender, READER, [src], X0 + 1, Y0, core=(0, 0)),
        kernel(receiver, WRITER, [dst], 0, core=(1, 0)),
    ]
    cores = core_set(*PAIR)
    program = ProgramDescriptor(kernels, [cb(c_0, pages, cores=cores)], [SemaphoreDescriptor(0, cores)])
    return [src, dst], program


def one_tile() -> NDArray[np.float32]:
    return numbers(1)


# ---- one core tells all --------------------------------------------------------------------------------------


async def multicaster_waits_for_itself() -> None:
    src_addr, page = get_arg_val(0), get_arg_val(1)
    x_first, y_first, x_last, y_last = get_arg_val(2), get_arg_val(3), get_arg_val(4), get_arg_val(5)
    num_dests = get_arg_val(6)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(page, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write_multicast(
        l1_addr, get_noc_multicast_addr(x_first, y_first, x_last, y_last, l1_addr), 2048, num_dests
    )
    await noc_async_write_barrier()
    valid = tt_l1_ptr(uint32_t, get_semaphore(1))
    noc_semaphore_set(valid, 1)
    noc_semaphore_set_multicast(
        get_semaphore(1), get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(0)), num_dests
    )
    await noc_async_write_barrier()
    await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)


async def multicaster() -> None:
    src_addr, page = get_arg_val(0), get_arg_val(1)
    x_first, y_first, x_last, y_last = get_arg_val(2), get_arg_val(3), get_arg_val(4), get_arg_val(5)
    num_dests = get_arg_val(6)
    src = TensorAccessor(TensorAccessorArgs(0), src_addr)
    l1_addr = get_write_ptr(c_0)
    noc_async_read_page(page, src, l1_addr)
    await noc_async_read_barrier()
    noc_async_write_multicast(
        l1_addr, get_noc_multicast_addr(x_first, y_first, x_last, y_last, l1_addr), 2048, num_dests
    )
    await noc_async_write_barrier()
    valid = tt_l1_ptr(uint32_t, get_semaphore(1))
    noc_semaphore_set(valid, 1)
    noc_semaphore_set_multicast(
        get_semaphore(1), get_noc_multicast_addr(x_first, y_first, x_last, y_last, get_semaphore(0)), num_dests
    )
    await noc_async_write_barrier()


def to_all(sender: Kernel, num_dests: int) -> Launch:
    """Core (0, 0) sends its tile to all three cores; (1, 0) and (2, 0) write theirs out."""
    src, dst = tiles(1), no_tiles(2)
    cores = core_set(*THREE)
    kernels = [
        kernel(sender, READER, [src], 0, X0, Y0, X0 + 2, Y0, num_dests, core=(0, 0)),
        over_cores(receiver, WRITER, [dst], {(1, 0): (0,), (2, 0): (1,)}),
    ]
    semaphores = [SemaphoreDescriptor(0, cores), SemaphoreDescriptor(1, cores)]
    return [src, dst], ProgramDescriptor(kernels, [cb(c_0, 1, cores=cores)], semaphores)


def twice() -> NDArray[np.float32]:
    return np.ones((32, 64), np.float32)


ENTRIES = (
    Entry(
        "semaphore_never_incremented",
        "Core (0, 0) writes a tile into core (1, 0)'s L1 and goes home. The bytes are there; nobody says so. The receiver polls "
        "its semaphore for ever, and every barrier has completed.",
        "a point-to-point send without noc_semaphore_inc; golden run h10",
        lambda: pair(sender_without_signal),
        pair,
        Cause.SEMAPHORE,
        "BRISC",
        None,
        (
            "await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)",
            "noc_async_write(l1_addr, get_noc_addr(x, y, l1_addr), 2048)",
        ),
        "let the sender call noc_semaphore_inc on the receiver's semaphore after its write barrier",
        one_tile,
        (1, 0),
    ),
    Entry(
        "semaphore_past_its_value",
        "The sender counts bytes in halves and adds 2. The receiver waits for exactly 1: the semaphore goes from 0 to 2 and is "
        "never 1. noc_semaphore_wait wants the very value, noc_semaphore_wait_min would have been content.",
        "noc_semaphore_wait where several senders, or one with another step, count up",
        lambda: pair(sender_adds_two),
        pair,
        Cause.SEMAPHORE,
        "BRISC",
        None,
        (
            "await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)",
            "noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(0)), 2)",
        ),
        "add 1, or wait with noc_semaphore_wait_min",
        one_tile,
        (1, 0),
    ),
    Entry(
        "multicast_leaves_its_sender_out",
        "One core reads, multicasts to the whole row and then waits for the flag as everybody does. A multicast reaches its "
        "sender only if the call says loopback_src: all others go on, the sender waits for itself.",
        "the in0 sender of the multicast matmul, reader_bmm_tile_layout_in0_sender_padding.cpp; golden run h27",
        lambda: to_all(multicaster_waits_for_itself, 2),
        lambda: to_all(multicaster, 2),
        Cause.SEMAPHORE,
        "NCRISC",
        None,
        ("await noc_semaphore_wait(tt_l1_ptr(uint32_t, get_semaphore(0)), 1)", "noc_semaphore_set_multicast("),
        "do not wait for what one sends oneself, or send with noc_semaphore_set_multicast_loopback_src",
        twice,
        (0, 0),
    ),
    Entry(
        "multicast_counts_one_too_many",
        "num_dests is how many acknowledgements the barrier waits for. The host passes the rectangle's three cores and forgets "
        "that the sender is one of them: two answer, the write barrier waits for the third, and the flag is never sent.",
        "num_dests of noc_async_write_multicast, with and without the sender",
        lambda: to_all(multicaster, 3),
        lambda: to_all(multicaster, 2),
        Cause.BARRIER,
        "NCRISC",
        None,
        ("await noc_async_write_barrier()", "noc_async_write_multicast("),
        "pass 2: the cores of the rectangle without the sender",
        twice,
        (0, 0),
    ),
    Entry(
        "another_cores_fault",
        "Core (1, 0) waits for a semaphore of core (0, 0), and that is what the board shows first. But nothing is wrong there: "
        "core (0, 0) never came so far, because it asks its own c_0 for two pages where there is one.",
        "any chain over cores: the receiver's dump shows NSW, the reason stands on the sender's line",
        lambda: pair(sender_reserves_too_much),
        lambda: pair(sender_reserves_too_much, 2),
        Cause.REQUEST_TOO_LARGE,
        "NCRISC",
        c_0,
        ("await cb_reserve_back(c_0, 2)",),
        "give c_0 two pages, or reserve one",
        one_tile,
        (0, 0),
    ),
)
