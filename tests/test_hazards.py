"""What hardware passes over in silence: caught in strict mode, with both lines; carried out otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import (
    CORE,
    OTHER,
    PAIR,
    READER,
    TILE,
    WRITER,
    at,
    cb,
    empty,
    launch,
    no_tiles,
    pages,
    reader,
    rows,
    tensor,
    tile_writer,
    tiles,
    within,
    writer,
)

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

TWO_PAGES = [cb(0, 2)]
TILE_RINGS = [cb(0, 2, TILE), cb(16, 2, TILE)]


def refused(*kernels: Any, **options: Any) -> str:
    """The text of the violation that strict mode raises."""
    with pytest.raises(tt.Violation) as caught:
        launch(*kernels, **options)
    return str(caught.value)


def carried_out(*kernels: Any, **options: Any) -> tt.Run:
    return launch(*kernels, strict=False, **options)


async def copies() -> None:
    """Four tiles from c_0 to c_16."""
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(4):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


# ---- transfers and pages ----------------------------------------------------------------------------------


async def pushes_early() -> None:
    for i in range(4):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        cb_push_back(0, 1)
    await noc_async_read_barrier()


def test_a_push_before_the_read_barrier_is_refused() -> None:
    assert refused(pushes_early, writer, cbs=TWO_PAGES) == (
        f"cb_push_back(c_0, 1) at {at(pushes_early, 'cb_push_back')} hands on a page whose noc_async_read at "
        f"{at(pushes_early, 'noc_async_read_page')} may not have landed: "
        "put `await noc_async_read_barrier()` before the push"
    )


def test_a_push_before_the_read_barrier_hands_on_poison() -> None:
    run = carried_out(pushes_early, writer, cbs=TWO_PAGES)
    assert math.isnan(pages(run)[0])
    assert run.violations[0] == refused(pushes_early, writer, cbs=TWO_PAGES)


async def signals_early() -> None:
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    noc_semaphore_set(get_semaphore(0), 1)
    await noc_async_read_barrier()


async def sends_after_signal() -> None:
    await noc_semaphore_wait(get_semaphore(0), 1)
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()


def test_a_signal_before_the_read_barrier_is_refused() -> None:
    assert refused(signals_early, sends_after_signal, cbs=TWO_PAGES) == (
        f"BRISC (sends_after_signal) reads page 0 of c_0 at {at(sends_after_signal, 'noc_async_write_page')}, but the "
        f"noc_async_read of NCRISC (signals_early) at {at(signals_early, 'noc_async_read_page')} may not have landed: "
        "put `await noc_async_read_barrier()` into signals_early, before it hands the bytes on"
    )


async def never_waits() -> None:
    for i in range(4):
        noc_async_write_page(i, tensor(1), get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


def test_a_writer_that_does_not_wait_is_refused() -> None:
    assert refused(reader, never_waits, cbs=TWO_PAGES) == (
        f"NCRISC (reader) writes page 0 of c_0 at {at(reader, 'noc_async_read_page')}, but BRISC (never_waits) read it "
        f"at {at(never_waits, 'noc_async_write_page')}, before anybody had written it: "
        "let never_waits wait for the push first, with `await cb_wait_front(...)`"
    )


def test_a_writer_that_does_not_wait_sends_poison_and_then_old_pages() -> None:
    first, second, *others = pages(carried_out(reader, never_waits, cbs=TWO_PAGES))
    assert math.isnan(first)
    assert math.isnan(second)
    assert others == [1.0, 2.0]


async def copies_unasked() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    tile_regs_acquire()
    copy_tile(0, 0, 0)
    tile_regs_commit()
    cb_pop_front(0, 1)
    await cb_reserve_back(16, 1)
    tile_regs_wait()
    pack_tile(0, 16)
    tile_regs_release()
    cb_push_back(16, 1)


def test_a_compute_kernel_that_does_not_wait_is_refused() -> None:
    message = refused(reader, tile_writer, copies_unasked, cbs=TILE_RINGS, tensors=[tiles(4), no_tiles(4)])
    assert message == (
        f"UNPACK (copies_unasked) reads page 0 of c_0 at {at(copies_unasked, 'copy_tile')}, but NCRISC (reader) writes "
        f"it at {at(reader, 'noc_async_read_page')}, and nothing says that it has finished: "
        "let copies_unasked wait for the push first, with `await cb_wait_front(...)`"
    )


async def sends_after_pop() -> None:
    for i in range(4):
        await cb_wait_front(0, 1)
        page = get_read_ptr(0)
        cb_pop_front(0, 1)
        noc_async_write_page(i, tensor(1), page)
        await noc_async_write_barrier()


async def sends_late_after_pop() -> None:
    await cb_wait_front(0, 1)
    for i in range(4):
        page = get_read_ptr(0)
        cb_pop_front(0, 1)
        if i < 3:
            await cb_wait_front(0, 1)
        noc_async_write_page(i, tensor(1), page)
        await noc_async_write_barrier()


def test_a_page_read_after_its_pop_is_refused() -> None:
    message = refused(reader, sends_after_pop, cbs=TWO_PAGES)
    assert message == (
        "BRISC (sends_after_pop) reads page 0 of c_0 after giving it back: read at "
        f"{at(sends_after_pop, 'noc_async_write_page')}, popped at {at(sends_after_pop, 'cb_pop_front')}; "
        "the producer may be writing there already, so pop after the last read"
    )


def test_a_page_read_after_its_pop_holds_the_next_one() -> None:
    assert pages(carried_out(reader, sends_late_after_pop, cbs=[cb(0, 1)])) == [2.0, 3.0, 4.0, 4.0]


async def stores() -> None:
    """Two long pages, of 1.0 and of 2.0."""
    for pattern in (0x3F80, 0x4000):
        await cb_reserve_back(0, 1)
        tt_l1_ptr(uint16_t, get_write_ptr(0))[0:4096] = pattern
        cb_push_back(0, 1)


async def pops_unflushed() -> None:
    for i in range(2):
        await cb_wait_front(0, 1)
        for k in range(6):
            noc_async_write_page(6 * i + k, tensor(1), get_read_ptr(0))
        cb_pop_front(0, 1)
    await noc_async_write_barrier()


def long_pages() -> dict[str, Any]:
    return {"cbs": [cb(0, 1, 8192)], "tensors": [empty(12, 4096)] * 2}


def test_a_pop_before_the_flush_is_refused() -> None:
    assert refused(stores, pops_unflushed, **long_pages()) == (
        f"cb_pop_front(c_0, 1) at {at(pops_unflushed, 'cb_pop_front')} gives back a page whose bytes the "
        f"noc_async_write at {at(pops_unflushed, 'noc_async_write_page')} may not have taken away: "
        "put `await noc_async_writes_flushed()` (or a write barrier) before the pop"
    )


def test_a_page_popped_before_the_flush_leaves_with_the_next_one_s_bytes() -> None:
    assert pages(carried_out(stores, pops_unflushed, **long_pages())) == [2.0] * 12


async def overwrites_its_source() -> None:
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    await noc_async_read_barrier()
    noc_async_write_page(0, tensor(1), get_write_ptr(0))
    noc_async_read_page(1, tensor(0), get_write_ptr(0))
    await noc_async_full_barrier()


def test_bytes_overwritten_before_the_flush_are_refused() -> None:
    name = "NCRISC (overwrites_its_source)"
    assert refused(overwrites_its_source, cbs=TWO_PAGES) == (
        f"{name} writes page 0 of c_0 at {at(overwrites_its_source, 'read_page(1')}, but the noc_async_write of {name} "
        f"at {at(overwrites_its_source, 'write_page')} may not have taken its bytes away: "
        "put `await noc_async_writes_flushed()` (or a write barrier) between them"
    )


async def never_reserves() -> None:
    for i in range(4):
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writes_twice() -> None:
    for i in range(4):
        await cb_wait_front(0, 1)
        for _ in range(2):
            noc_async_write_page(i, tensor(1), get_read_ptr(0))
            await noc_async_write_barrier()
        cb_pop_front(0, 1)


def test_a_reader_that_does_not_reserve_is_refused() -> None:
    assert refused(never_reserves, writer, cbs=TWO_PAGES) == (
        f"NCRISC (never_reserves) writes page 0 of c_0 at {at(never_reserves, 'noc_async_read_page')}, but BRISC "
        f"(writer) reads it at {at(writer, 'noc_async_write_page')}, and nothing says that it has finished: "
        "let never_reserves wait for the pop first, with `await cb_reserve_back(...)`"
    )


def test_a_page_written_again_before_it_is_read_is_the_producer_s_fault() -> None:
    assert refused(never_reserves, writer, cbs=[cb(0, 1)]) == (
        f"BRISC (writer) reads page 0 of c_0 at {at(writer, 'noc_async_write_page')}, but NCRISC (never_reserves) "
        f"writes it again at {at(never_reserves, 'noc_async_read_page')}, and nothing says that it was given back: "
        "let never_reserves wait for the pop first, with `await cb_reserve_back(...)`"
    )


def test_a_reader_that_does_not_reserve_overwrites_pages() -> None:
    assert pages(carried_out(never_reserves, writes_twice, cbs=[cb(0, 1)])) != [1.0, 2.0, 3.0, 4.0]


async def packs_unasked() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(4):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


def test_a_packer_that_does_not_reserve_is_refused() -> None:
    message = refused(reader, tile_writer, packs_unasked, cbs=TILE_RINGS, tensors=[tiles(4), no_tiles(4)])
    assert message == (
        f"PACK (packs_unasked) writes page 0 of c_16 at {at(packs_unasked, 'pack_tile')}, but BRISC (tile_writer) reads "
        f"it at {at(tile_writer, 'noc_async_write_page')}, and nothing says that it has finished: "
        "let packs_unasked wait for the pop first, with `await cb_reserve_back(...)`"
    )


async def leaves_a_read() -> None:
    noc_async_read_page(0, tensor(0), get_write_ptr(0))


def test_a_kernel_may_not_end_with_a_read_under_way() -> None:
    assert refused(leaves_a_read, cbs=TWO_PAGES) == (
        f"NCRISC (leaves_a_read) ends with a read under way, started at {at(leaves_a_read, 'noc_async_read_page')}: "
        "put `await noc_async_read_barrier()` before the end"
    )


async def leaves_writes() -> None:
    for i in range(4):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(0))
        await noc_async_writes_flushed()
        cb_pop_front(0, 1)


def test_a_kernel_may_not_end_with_writes_under_way() -> None:
    assert refused(reader, leaves_writes, cbs=TWO_PAGES) == (
        "BRISC (leaves_writes) ends with 4 writes under way, the first started at "
        f"{at(leaves_writes, 'noc_async_write_page')}: put `await noc_async_write_barrier()` before the end"
    )


# ---- signals between cores --------------------------------------------------------------------------------


def there(address: int) -> int:
    """That address in core (1, 0)."""
    return get_noc_addr(my_x() + 1, my_y(), address)


def both(address: int) -> int:
    """That address in cores (0, 0) and (1, 0)."""
    return get_noc_multicast_addr(my_x(), my_y(), my_x() + 1, my_y(), address)


async def fetch() -> None:
    noc_async_read_page(0, tensor(0), get_write_ptr(0))
    await noc_async_read_barrier()


async def receives() -> None:
    """On core (1, 0): a page that is announced by semaphore 0."""
    await noc_semaphore_wait(get_semaphore(0), 1)
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()


def to_other_core(sender: Callable[[], Any], receiver: Callable[[], Any] = receives, width: int = 32) -> dict[str, Any]:
    return {
        "more": [(sender, READER, CORE), (receiver, WRITER, OTHER)],
        "cbs": [cb(0, 2, 2 * width, PAIR)],
        "tensors": [rows(1, width), empty(2, width)],
    }


async def signals_another_way() -> None:
    await fetch()
    noc_async_write_multicast(get_write_ptr(0), both(get_write_ptr(0)), get_tile_size(0), 1)
    noc_semaphore_inc(there(get_semaphore(0)), 1)
    await noc_async_write_barrier()


def test_a_signal_on_another_path_than_its_data_needs_a_write_barrier() -> None:
    assert refused(**to_other_core(signals_another_way, width=1024)) == (
        f"BRISC (receives) of core (1, 0) reads page 0 of c_0 at {at(receives, 'noc_async_write_page')}, but the "
        "noc_async_write of NCRISC (signals_another_way) of core (0, 0) at "
        f"{at(signals_another_way, 'noc_async_write_multicast')} may not have arrived: what announces it may overtake "
        "it: put `await noc_async_write_barrier()` into signals_another_way, before it announces the bytes"
    )


def test_a_signal_on_another_path_may_overtake_its_data() -> None:
    runs = [carried_out(**to_other_core(signals_another_way, width=1024), seed=seed) for seed in range(20)]
    assert {math.isnan(pages(run)[0]) for run in runs} == {True, False}


async def signals_after_the_barrier() -> None:
    await fetch()
    noc_async_write_multicast(get_write_ptr(0), both(get_write_ptr(0)), 64, 1)
    await noc_async_write_barrier()
    noc_semaphore_inc(there(get_semaphore(0)), 1)


def test_a_signal_after_the_write_barrier_is_legal() -> None:
    assert pages(launch(**to_other_core(signals_after_the_barrier)))[0] == 1.0


async def announces_a_dram_page() -> None:
    await fetch()
    noc_async_write_page(1, tensor(1), get_write_ptr(0))
    noc_semaphore_inc(there(get_semaphore(0)), 1)
    await noc_async_write_barrier()


async def reads_the_dram_page() -> None:
    await noc_semaphore_wait(get_semaphore(0), 1)
    noc_async_read_page(1, tensor(1), get_write_ptr(0))
    await noc_async_read_barrier()


def test_a_dram_page_needs_a_write_barrier_before_its_signal() -> None:
    assert refused(**to_other_core(announces_a_dram_page, reads_the_dram_page)) == (
        "BRISC (reads_the_dram_page) of core (1, 0) reads page 1 of the output at "
        f"{at(reads_the_dram_page, 'noc_async_read_page')}, but the noc_async_write of NCRISC (announces_a_dram_page) of "
        f"core (0, 0) at {at(announces_a_dram_page, 'noc_async_write_page')} may not have arrived: what announces it may "
        "overtake it: put `await noc_async_write_barrier()` into announces_a_dram_page, before it announces the bytes"
    )


async def fetches_from_core_0() -> None:
    noc_async_read(get_noc_addr(my_x() - 1, my_y(), get_write_ptr(0)), get_write_ptr(0), 64)
    await noc_async_read_barrier()


def test_bytes_of_another_core_need_a_signal_before_they_are_read() -> None:
    assert refused(**to_other_core(fetch, fetches_from_core_0)) == (
        "BRISC (fetches_from_core_0) of core (1, 0) reads page 0 of c_0 of core (0, 0) at "
        f"{at(fetches_from_core_0, 'noc_async_read(')}, but NCRISC (fetch) of core (0, 0) writes it at "
        f"{at(fetch, 'noc_async_read_page')}, and nothing says that it has finished: "
        "let fetches_from_core_0 wait for a semaphore that says so"
    )


async def multicasts() -> None:
    await fetch()
    noc_async_write_multicast(get_write_ptr(0), both(get_write_ptr(0)), 64, 1)
    noc_semaphore_set(get_semaphore(0), 1)
    noc_semaphore_set_multicast(get_semaphore(0), both(get_semaphore(0)), 1)
    await noc_async_write_barrier()


async def multicasts_flushed() -> None:
    await fetch()
    noc_async_write_multicast(get_write_ptr(0), both(get_write_ptr(0)), 64, 1)
    await noc_async_writes_flushed()
    noc_semaphore_set(get_semaphore(0), 1)
    noc_semaphore_set_multicast(get_semaphore(0), both(get_semaphore(0)), 1)
    await noc_async_write_barrier()


def test_a_flag_multicast_after_its_data_needs_no_barrier() -> None:
    assert pages(launch(**to_other_core(multicasts)))[0] == 1.0


def test_on_blackhole_a_flag_multicast_needs_a_flush_after_its_data() -> None:
    assert refused(**to_other_core(multicasts), arch="blackhole") == (
        f"BRISC (receives) of core (1, 0) reads page 0 of c_0 at {at(receives, 'noc_async_write_page')}, but the "
        f"noc_async_write of NCRISC (multicasts) of core (0, 0) at {at(multicasts, 'noc_async_write_multicast')} may not "
        "have arrived: what announces it may overtake it: put `await noc_async_write_barrier()` into multicasts, "
        "before it announces the bytes"
    )
    assert pages(launch(**to_other_core(multicasts_flushed), arch="blackhole"))[0] == 1.0


async def adds_to_all() -> None:
    await fetch()
    noc_async_write_multicast(get_write_ptr(0), both(get_write_ptr(0)), 64, 1)
    noc_semaphore_inc_multicast(both(get_semaphore(0)), 1, 1)
    await noc_async_write_barrier()


def test_an_increment_multicast_after_its_data_needs_no_barrier() -> None:
    assert pages(launch(**to_other_core(adds_to_all)))[0] == 1.0


async def sends_to_one() -> None:
    await fetch()
    noc_async_write(get_write_ptr(0), there(get_write_ptr(0)), 64)
    noc_semaphore_inc(there(get_semaphore(0)), 1)
    await noc_async_write_barrier()


def test_an_increment_after_data_for_the_same_core_needs_no_barrier() -> None:
    assert pages(launch(**to_other_core(sends_to_one)))[0] == 1.0


async def acknowledges_in_between() -> None:
    await fetch()
    noc_async_write_multicast(get_write_ptr(0), both(get_write_ptr(0)), 64, 1)
    noc_semaphore_inc(there(get_semaphore(1)), 1)
    noc_semaphore_set(get_semaphore(0), 1)
    noc_semaphore_set_multicast(get_semaphore(0), both(get_semaphore(0)), 1)
    await noc_async_write_barrier()


async def receives_after_both() -> None:
    await noc_semaphore_wait(get_semaphore(1), 1)
    await noc_semaphore_wait(get_semaphore(0), 1)
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()


def test_a_signal_about_something_else_needs_no_barrier() -> None:
    assert pages(launch(**to_other_core(acknowledges_in_between, receives_after_both)))[0] == 1.0


# ---- poison -----------------------------------------------------------------------------------------------


async def sends_an_empty_page() -> None:
    noc_async_write_page(0, tensor(1), get_read_ptr(0))
    await noc_async_write_barrier()


def test_poison_in_the_output_is_traced_to_the_line_that_wrote_it() -> None:
    assert refused(None, sends_an_empty_page, cbs=TWO_PAGES) == (
        "page 0 of the output holds poison: BRISC (sends_an_empty_page) wrote it at "
        f"{at(sends_an_empty_page, 'noc_async_write_page')} from page 0 of c_0, which nobody had written; "
        "fill that page first, and wait until it is there"
    )


async def passes_on() -> None:
    await fetch()
    noc_async_write_page(0, tensor(1), get_write_ptr(0))
    await noc_async_write_barrier()


def test_poison_of_a_tensor_that_nobody_filled_is_traced_to_its_read() -> None:
    assert refused(passes_on, cbs=TWO_PAGES, tensors=[empty(1), empty(1)]) == (
        f"page 0 of the output holds poison: NCRISC (passes_on) wrote it at {at(passes_on, 'noc_async_write_page')} "
        "from page 0 of c_0, which NCRISC (passes_on) filled at "
        f"{within(passes_on, 'fetch()', fetch, 'noc_async_read_page')} with bytes that nobody had written; "
        "fill those first"
    )


async def copies_garbage() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    await cb_reserve_back(16, 1)
    tile_regs_acquire()
    copy_tile(0, 0, 0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, 16)
    tile_regs_release()
    cb_push_back(16, 1)


async def writes_a_tile() -> None:
    await cb_wait_front(16, 1)
    noc_async_write_page(0, tensor(1), get_read_ptr(16))
    await noc_async_write_barrier()
    cb_pop_front(16, 1)


def test_poison_that_went_through_the_engine_is_traced_to_its_unpack() -> None:
    tensors = [tiles(1), no_tiles(1)]
    assert refused(None, writes_a_tile, copies_garbage, cbs=TILE_RINGS, tensors=tensors) == (
        "page 0 of the output holds inf or NaN that comes from poison: UNPACK (copies_garbage) read page 0 of c_0 at "
        f"{at(copies_garbage, 'copy_tile')}, which nobody had written; fill it first, or wait until it is there"
    )


async def reads_garbage_and_divides_by_zero() -> None:
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    await cb_wait_front(0, 1)
    await cb_reserve_back(16, 1)
    tile_regs_acquire()
    copy_tile(0, 1, 1)
    sub_init(0, 0)
    sub_tiles(0, 0, 0, 0, 0)
    recip_tile_init()
    recip_tile(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, 16)
    tile_regs_release()
    cb_push_back(16, 1)
    cb_pop_front(0, 1)


async def one_page() -> None:
    await fetch()
    cb_push_back(0, 1)


def test_an_infinity_of_the_kernel_s_own_is_not_blamed_on_poison() -> None:
    kernels = one_page, writes_a_tile, reads_garbage_and_divides_by_zero
    run = launch(*kernels, cbs=TILE_RINGS, tensors=[tiles(1), no_tiles(1)])
    assert np.isinf(run.output).all()


# ---- the ring ---------------------------------------------------------------------------------------------


def test_a_ring_wraps_when_its_pointer_meets_the_end() -> None:
    offsets: list[int] = []

    async def kernel() -> None:
        base = get_write_ptr(0)
        for count in (5, 7):
            await cb_reserve_back(0, count)
            cb_push_back(0, count)
            cb_pop_front(0, count)
            offsets.append(get_write_ptr(0) - base)

    launch(kernel, cbs=[cb(0, 12)])
    assert offsets == [320, 0]


async def overruns() -> None:
    for _ in range(2):
        await cb_reserve_back(0, 7)
        cb_push_back(0, 7)
        cb_pop_front(0, 7)


def test_a_pointer_past_the_ring_is_refused() -> None:
    assert refused(overruns, cbs=[cb(0, 12), cb(1, 1)]) == (
        f"cb_push_back(c_0, 7) at {at(overruns, 'cb_push_back')}: the pointer of NCRISC is at page 7 of 12, so 7 pages "
        "run past the ring's end into the neighbour's memory; the counts must meet the end exactly: give c_0 14 pages, "
        "a multiple of 7, or push 5 here and the rest after it"
    )


def test_a_pointer_past_the_ring_destroys_the_neighbour() -> None:
    seen: list[int] = []

    async def kernel() -> None:
        base, neighbour = get_write_ptr(0), tt_l1_ptr(uint16_t, get_write_ptr(1))
        neighbour[0] = 5
        cb_push_back(0, 7)
        cb_pop_front(0, 7)
        tt_l1_ptr(uint16_t, get_write_ptr(0))[0 : 7 * 32] = 9
        cb_push_back(0, 7)
        seen.extend([get_write_ptr(0) - base, neighbour[0]])

    carried_out(kernel, cbs=[cb(0, 12), cb(1, 1)])
    assert seen == [896, 9]


def test_a_pop_of_pages_that_are_not_there_makes_any_number_available() -> None:
    answers: list[bool] = []

    async def kernel() -> None:
        answers.append(cb_pages_available_at_front(0, 1))
        cb_pop_front(0, 1)
        answers.append(cb_pages_available_at_front(0, 100))

    launch(kernel, cbs=TWO_PAGES)
    assert answers == [False, True]
