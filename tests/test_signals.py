"""Multicasts and semaphores: which corner comes first on which NOC, who counts, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from programs import CORE, OTHER, PAIR, READER, WRITER, cb, empty, rows

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause

FOUR = tt.core_set((0, 0), (1, 0), (0, 1), (1, 1))


async def idles() -> None:
    pass


def on_four(kernel: Callable[[], Any], config: Any = READER) -> tt.Run:
    """`kernel` on core (0, 0), nothing on its three neighbours to the right and below."""
    three = tt.core_set((1, 0), (0, 1), (1, 1))
    program = tt.ProgramDescriptor(
        [tt.KernelDescriptor(kernel, CORE, config), tt.KernelDescriptor(idles, three, config)],
        [cb(0, 1, cores=FOUR)],
        [tt.SemaphoreDescriptor(number, FOUR) for number in (0, 1)],
    )
    return tt.generic_op([rows(1), empty(1)], program, strict=False)


def to_the_right_and_below(address: int) -> int:
    return get_noc_multicast_addr(my_x(), my_y(), my_x() + 1, my_y() + 1, address)


def from_the_right_and_below(address: int) -> int:
    return get_noc_multicast_addr(my_x() + 1, my_y() + 1, my_x(), my_y(), address)


async def first_corner_first() -> None:
    noc_async_write_multicast(get_write_ptr(0), to_the_right_and_below(get_write_ptr(0)), 64, 3)
    await noc_async_write_barrier()


async def last_corner_first() -> None:
    noc_async_write_multicast(get_write_ptr(0), from_the_right_and_below(get_write_ptr(0)), 64, 3)
    await noc_async_write_barrier()


def reached(run: tt.Run) -> set[tuple[int, int]]:
    return {fact.detail[4:6] for fact in run.trace.facts if fact.what == "noc write"}


@pytest.mark.parametrize(("kernel", "config"), [(first_corner_first, READER), (last_corner_first, WRITER)])
def test_a_multicast_begins_at_the_corner_from_which_its_noc_runs(kernel: Any, config: Any) -> None:
    assert reached(on_four(kernel, config)) == {(1, 0), (0, 1), (1, 1)}


def test_on_noc_1_the_far_corner_comes_first() -> None:
    with pytest.raises(tt.KernelError) as caught:
        on_four(first_corner_first, WRITER)
    assert str(caught.value).startswith(
        "noc_async_write_multicast: on NOC 1, which runs left and up, a multicast from (18, 18) to (19, 19) goes round "
        "the chip; use get_noc_multicast_addr(19, 19, 18, 18, ...)"
    )


def test_on_noc_0_the_near_corner_comes_first() -> None:
    with pytest.raises(tt.KernelError) as caught:
        on_four(last_corner_first, READER)
    assert str(caught.value).startswith(
        "noc_async_write_multicast: on NOC 0, which runs right and down, a multicast from (19, 19) to (18, 18) goes round "
        "the chip; use get_noc_multicast_addr(18, 18, 19, 19, ...)"
    )


async def alone() -> None:
    here = get_noc_multicast_addr(my_x(), my_y(), my_x(), my_y(), get_write_ptr(0))
    noc_async_write_multicast_loopback_src(get_write_ptr(0), here, 64, 1)
    await noc_async_write_barrier()


def test_a_multicast_to_its_sender_alone_is_refused() -> None:
    with pytest.raises(tt.KernelError) as caught:
        on_four(alone)
    assert str(caught.value).startswith(
        "noc_async_write_multicast_loopback_src: its rectangle is this core alone, which may hang on the chip; "
        "use noc_async_write"
    )


async def increments_all() -> None:
    noc_semaphore_inc_multicast(to_the_right_and_below(get_semaphore(0)), 2, 3)
    await noc_async_atomic_barrier()


async def counts_itself() -> None:
    noc_semaphore_inc_multicast(to_the_right_and_below(get_semaphore(0)), 2, 4)
    await noc_async_write_barrier()  # not of writes
    await noc_async_atomic_barrier()


def test_an_increment_multicast_reaches_all_but_its_sender() -> None:
    run = on_four(increments_all)
    values = {xy: core.semaphores[run.device.arch.semaphore_base].values[-1] for xy, core in run.device.cores.items() if core.semaphores}  # fmt: skip
    assert values == {(0, 0): 0, (1, 0): 2, (0, 1): 2, (1, 1): 2}


def test_an_increment_multicast_with_one_destination_too_many_never_completes_its_barrier() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        on_four(counts_itself)
    diagnosis = caught.value.diagnosis
    assert diagnosis.cause is Cause.BARRIER and "await noc_async_atomic_barrier()" in diagnosis.sites[0]
    assert diagnosis.sentence.endswith(
        "`noc_semaphore_inc_multicast(to_the_right_and_below(get_semaphore(0)), 2, 4)` waits for 4 acknowledgements and "
        "reaches 3 cores"
    )


# ---- counting up --------------------------------------------------------------------------------------------


def pair(sender: Callable[[], Any], waiter: Callable[[], Any]) -> tt.Run:
    program = tt.ProgramDescriptor(
        [tt.KernelDescriptor(sender, CORE, READER), tt.KernelDescriptor(waiter, OTHER, READER)],
        [cb(0, 1, cores=PAIR)],
        [tt.SemaphoreDescriptor(0, PAIR)],
    )
    return tt.generic_op([rows(1), empty(1)], program, strict=False)


async def increments_thrice() -> None:
    for _ in range(3):
        noc_semaphore_inc(get_noc_addr(my_x() + 1, my_y(), get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


async def waits_for_each() -> None:
    for round in range(3):
        await noc_semaphore_wait_min(tt_l1_ptr(uint32_t, get_semaphore(0)), round + 1)
        print(f"round {round}")


def test_wait_min_counts_up_without_a_reset() -> None:
    assert [line.split()[-1] for line in pair(increments_thrice, waits_for_each).prints] == ["0", "1", "2"]
