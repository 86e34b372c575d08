"""`tt.explore`: programs that depend on timing are found, with a seed that shows it again; correct ones never are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import golden
import numpy as np
import pytest
from correct import Make, each, golden_ok, layernorm, layernorms, odd, of
from programs import CORE, PAGE, READER, WRITER, cb, empty, pages, reader, rows, tensor, writer

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.trials.outcome import End

PROGRAMS = {**golden_ok(golden.load), **layernorms(), **odd()}
FEW, MANY = 20, 200
CORES = tt.core_set((0, 0), (1, 0), (2, 0))


# ---- correct programs -------------------------------------------------------------------------------------


@each(PROGRAMS)
def test_correct_programs_do_the_same_at_every_timing(make: Make) -> None:
    found = tt.explore(make, FEW)
    assert found.same and found.plain.end is End.FINISHES and found.plain.violations == ()
    assert found.cycles[0] < found.cycles[1]


@pytest.mark.soak
@each(PROGRAMS)
def test_correct_programs_do_the_same_at_two_hundred_timings(make: Make) -> None:
    assert tt.explore(make, MANY).same


def test_the_same_seed_gives_the_same_times() -> None:
    make = odd()["a copy"]
    assert tt.explore(make, [7]).cycles == tt.explore(make, [7]).cycles != tt.explore(make, [8]).cycles


def test_blackhole_can_be_explored() -> None:
    assert tt.explore(lambda: layernorm(arch="blackhole"), 3, arch="blackhole").same


# ---- programs that differ only under other timings ----------------------------------------------------------


async def waits_with_a_timeout() -> None:
    """Gives up after a while, and writes what it has: the page may be there by then, or not."""
    for _ in range(13):
        if cb_pages_available_at_front(0, 1):
            break
        await invalidate_l1_cache()
    if cb_pages_available_at_front(0, 1):
        await cb_wait_front(0, 1)
        noc_async_write_page(0, tensor(1), get_read_ptr(0))
    else:
        noc_async_write_page(0, tensor(1), MEM_ZEROS_BASE(), 64)
    await noc_async_write_barrier()


async def reads_one() -> None:
    await cb_reserve_back(0, 1)
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    await noc_async_read_barrier()
    cb_push_back(0, 1)


def timeout() -> Any:
    return of([(reads_one, READER), (waits_with_a_timeout, WRITER)], [cb(0, 1)], [rows(1), empty(1)])


async def pushes_after_a_while() -> None:
    """Instead of a barrier, time: nearly always long enough."""
    await cb_reserve_back(0, 1)
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    for _ in range(2):
        await invalidate_l1_cache()
    cb_push_back(0, 1)
    await noc_async_read_barrier()


async def writes_one() -> None:
    await cb_wait_front(0, 1)
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()
    cb_pop_front(0, 1)


async def works_long_then_writes() -> None:
    await cb_wait_front(0, 1)
    tt_l1_ptr(uint16_t, get_write_ptr(1))[0:380] = 0
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()
    cb_pop_front(0, 1)


def no_barrier() -> Any:
    kernels = [(pushes_after_a_while, READER), (works_long_then_writes, WRITER)]
    return of(kernels, [cb(0, 1), cb(1, 12)], [rows(1), empty(1)])


async def counts_up() -> None:
    for _ in range(my_x() - 19):
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
    noc_semaphore_inc(get_noc_addr(18, 18, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


async def waits_for_exactly_one() -> None:
    """Equal to 1: it may be 2 by the time it looks, and then stays so. `noc_semaphore_wait_min` is meant."""
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    await noc_async_read_barrier()
    await noc_semaphore_wait(get_semaphore(0), 1)
    noc_async_write_page(0, tensor(1), get_write_ptr(0))
    await noc_async_write_barrier()


def on_cores(*kernels: tuple[Any, tt.CoreRangeSet]) -> Any:
    tensors, descriptor = of([], [cb(0, 1, PAGE, CORES)], [rows(1), empty(1)])
    words = [word for t in tensors for word in tt.TensorAccessorArgs(t).get_compile_time_args()]
    addresses = [t.buffer_address() for t in tensors]
    for function, cores in kernels:
        kernel = tt.KernelDescriptor(function, cores, READER, words, common_runtime_args=addresses)
        descriptor.kernels.append(kernel)
    descriptor.semaphores.append(tt.SemaphoreDescriptor(0, CORES))
    return tensors, descriptor


def counted() -> Any:
    return on_cores((waits_for_exactly_one, CORE), (counts_up, tt.core_set((1, 0), (2, 0))))


async def sends_its_number() -> None:
    tt_l1_ptr(uint16_t, get_write_ptr(0))[0:32] = 0x3F80 + my_x()
    noc_async_write(get_write_ptr(0), get_noc_addr(18, 18, get_write_ptr(0)), PAGE)
    await noc_async_write_barrier()
    noc_semaphore_inc(get_noc_addr(18, 18, get_semaphore(0)), 1)
    await noc_async_atomic_barrier()


async def keeps_the_last() -> None:
    await noc_semaphore_wait(get_semaphore(0), 2)
    noc_async_write_page(0, tensor(1), get_write_ptr(0))
    await noc_async_write_barrier()


def last_wins() -> Any:
    return on_cores((keeps_the_last, CORE), (sends_its_number, tt.core_set((1, 0), (2, 0))))


DIFFER: dict[str, tuple[Callable[[], Any], bool, str]] = {
    "a poll with a timeout": (timeout, True, "1 of 1 pages of the output differ, the first is page 0"),
    "time instead of a barrier": (no_barrier, False, "1 of 1 pages of the output differ, the first is page 0"),
    "a semaphore that is overrun": (counted, True, "it hangs where it finishes without a seed: "),
    "two writers of one place": (last_wins, False, "1 of 1 pages of the output differ, the first is page 0"),
}


@pytest.mark.parametrize(("make", "strict", "what"), list(DIFFER.values()), ids=list(DIFFER))
def test_what_depends_on_timing_is_found_and_can_be_replayed(make: Make, strict: bool, what: str) -> None:
    found = tt.explore(make, MANY, strict=strict)
    assert found.seed is not None and not found.same and found.what.startswith(what)
    assert f"replay it: tt.generic_op(*make(), seed={found.seed}" in repr(found)
    plain = tt.generic_op(*make(), strict=strict)
    try:
        other = tt.generic_op(*make(), strict=strict, seed=found.seed)
    except tt.DeviceHang:
        assert "hangs" in what
    else:
        assert pages(plain) != pages(other)


# ---- what is compared, and what it says ---------------------------------------------------------------------


def test_the_whole_text_of_a_finding() -> None:
    found = tt.explore(timeout, MANY)
    low, high = found.cycles
    assert repr(found) == (
        f"seed {found.seed} differs (timing {found.tried} of those tried, {low:,} to {high:,} cycles (model)): "
        "1 of 1 pages of the output differ, the first is page 0\n"
        f"replay it: tt.generic_op(*make(), seed={found.seed})"
    )


def test_the_whole_text_where_nothing_differs() -> None:
    found = tt.explore(odd()["a copy"], 5)
    low, high = found.cycles
    assert repr(found) == (
        f"5 timings, {low:,} to {high:,} cycles (model): it finishes each time, with the same output"
    )


def test_a_violation_that_is_always_there_is_no_difference() -> None:
    async def never_pops_in_time() -> None:
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        cb_push_back(0, 1)
        await noc_async_read_barrier()

    make = lambda: of([(never_pops_in_time, READER), (writes_one, WRITER)], [cb(0, 1)], [rows(1), empty(1)])  # noqa: E731
    plain = tt.explore(make, 5)
    assert plain.same and plain.plain.end is End.REFUSED


def test_a_pair_is_copied() -> None:
    tensors, descriptor = odd()["a copy"]()
    before = tensors[-1].bits.copy()
    assert tt.explore((tensors, descriptor), 3).same
    assert (tensors[-1].bits == before).all() and descriptor.last_run is None


def test_data_that_change_cannot_be_compared() -> None:
    rng = np.random.default_rng(0)

    def make() -> Any:
        return of([(reader, READER), (writer, WRITER)], [cb(0, 2)], [tt.from_numpy(rng.random((4, 32))), empty(4)])

    with pytest.raises(tt.HostError, match=r"make\(\) gives other tensors each time"):
        tt.explore(make, 3)


def test_something_else_than_a_program() -> None:
    with pytest.raises(
        tt.HostError, match=r"give a pair \(tensors, ProgramDescriptor\), or a function that returns one"
    ):
        tt.explore(lambda: 3)


def test_kernels_print_nothing_while_timings_are_tried(capsys: pytest.CaptureFixture[str]) -> None:
    async def prints() -> None:
        print("hello")

    tt.explore(lambda: of([(prints, READER)], [], [rows(1), empty(1)]), 2)
    assert capsys.readouterr() == ("", "")
