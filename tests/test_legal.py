"""Habits of shipping kernels that look like hazards: strict mode lets each of them pass, and the output is right."""

from __future__ import annotations

import pytest
from programs import (
    CORE,
    OTHER,
    PAGE,
    PAIR,
    READER,
    TILE,
    WRITER,
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
)

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

ALL_FOUR = [1.0, 2.0, 3.0, 4.0]
TWO_PAGES = [cb(0, 2)]


def shared(first: int, second: int, count: int, page_size: int = PAGE) -> tt.CBDescriptor:
    """Two CBs on the same bytes."""
    formats = [tt.CBFormatDescriptor(index, tt.bfloat16, page_size) for index in (first, second)]
    return tt.CBDescriptor(count * page_size, CORE, formats)


def test_waits_and_reserves_may_be_called_twice() -> None:
    async def reserves_twice() -> None:
        for i in range(4):
            await cb_reserve_back(0, 1)
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)

    async def waits_twice() -> None:
        for i in range(4):
            await cb_wait_front(0, 1)
            await cb_wait_front(0, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(0))
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    assert pages(launch(reserves_twice, waits_twice, cbs=TWO_PAGES)) == ALL_FOUR


def test_a_page_may_be_pushed_unwritten_on_a_cb_that_shares_its_bytes() -> None:
    async def fills_c_0_pushes_c_1() -> None:
        for i in range(4):
            await cb_reserve_back(0, 1)
            await cb_reserve_back(1, 1)
            noc_async_read_page(i, tensor(0), get_write_ptr(0))
            await noc_async_read_barrier()
            cb_push_back(0, 1)
            cb_push_back(1, 1)

    async def drains_c_1() -> None:
        for i in range(4):
            await cb_wait_front(1, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(1))
            await noc_async_write_barrier()
            cb_pop_front(1, 1)
            cb_pop_front(0, 1)

    assert pages(launch(fills_c_0_pushes_c_1, drains_c_1, cbs=[shared(0, 1, 2)])) == ALL_FOUR


def test_a_cb_may_be_packed_in_place_between_its_copy_to_dst_and_its_pop() -> None:
    async def doubles_in_place() -> None:
        compute_kernel_hw_startup(0, 24)
        for source, target in ((0, 24), (24, 24), (24, 16)):
            copy_init(source)
            await cb_wait_front(source, 4)
            if source != target:
                await cb_reserve_back(target, 4)
            tile_regs_acquire()
            for i in range(4):
                copy_tile(source, i, i)
            if source == target:
                add_init(source, source)
                for i in range(4):
                    add_tiles(source, source, i, i, i)
            tile_regs_commit()
            tile_regs_wait()
            for i in range(4):
                pack_tile(i, target)
            tile_regs_release()
            cb_pop_front(source, 4)
            if source == target:
                await cb_reserve_back(target, 4)
            cb_push_back(target, 4)

    rings = [cb(index, 4, TILE) for index in (0, 16, 24)]
    run = launch(reader, tile_writer, doubles_in_place, cbs=rings, tensors=[tiles(4), no_tiles(4)])
    assert pages(run) == [2.0, 4.0, 6.0, 8.0]


def test_a_write_pointer_may_serve_as_scratch_without_reserve() -> None:
    async def mover() -> None:
        scratch = get_write_ptr(0)
        for i in range(4):
            noc_async_read_page(i, tensor(0), scratch)
            await noc_async_read_barrier()
            noc_async_write_page(i, tensor(1), scratch)
            await noc_async_write_barrier()

    assert pages(launch(mover, cbs=TWO_PAGES)) == ALL_FOUR


def test_data_that_is_in_place_may_be_read_without_a_wait() -> None:
    """Stands for a sharded CB, which the host fills: here the same RISC does."""

    async def mover() -> None:
        base = get_write_ptr(0)
        tt_l1_ptr(uint16_t, base)[0:32] = 0x3F80
        cb_push_back(0, 1)
        noc_async_write_page(0, tensor(1), get_read_ptr(0))
        await noc_async_write_barrier()

    assert pages(launch(mover, cbs=TWO_PAGES, tensors=[rows(1), empty(1)])) == [1.0]


def test_pops_may_follow_flushes_with_one_write_barrier_at_the_end() -> None:
    async def flushes() -> None:
        for i in range(4):
            await cb_wait_front(0, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(0))
            await noc_async_writes_flushed()
            cb_pop_front(0, 1)
        await noc_async_write_barrier()

    assert pages(launch(reader, flushes, cbs=TWO_PAGES)) == ALL_FOUR


def test_waits_may_be_cumulative() -> None:
    async def takes_four() -> None:
        for i in range(4):
            await cb_wait_front(0, i + 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(0) + i * PAGE)
        await noc_async_write_barrier()
        cb_pop_front(0, 4)

    assert pages(launch(reader, takes_four, cbs=[cb(0, 4)])) == ALL_FOUR


def test_a_constant_may_be_waited_for_and_never_popped() -> None:
    async def reads_with_constant() -> None:
        await cb_reserve_back(1, 1)
        noc_async_read_page(3, tensor(0), get_write_ptr(1))
        await noc_async_read_barrier()
        cb_push_back(1, 1)
        await reader()

    async def adds_the_constant() -> None:
        compute_kernel_hw_startup(0, 1, 16)
        add_init(0, 1)
        await cb_wait_front(1, 1)
        for _ in range(4):
            await cb_wait_front(0, 1)
            await cb_reserve_back(16, 1)
            tile_regs_acquire()
            add_tiles(0, 1, 0, 0, 0)
            tile_regs_commit()
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_pop_front(0, 1)
            cb_push_back(16, 1)

    rings = [cb(0, 2, TILE), cb(1, 1, TILE), cb(16, 2, TILE)]
    run = launch(reads_with_constant, tile_writer, adds_the_constant, cbs=rings, tensors=[tiles(4), no_tiles(4)])
    assert pages(run) == [5.0, 6.0, 7.0, 8.0]


def test_pages_may_be_left_over() -> None:
    async def takes_two() -> None:
        for i in range(2):
            await cb_wait_front(0, 1)
            noc_async_write_page(i, tensor(1), get_read_ptr(0))
            await noc_async_write_barrier()
            cb_pop_front(0, 1)

    run = launch(reader, takes_two, cbs=[cb(0, 4)], tensors=[rows(4), empty(2)])
    assert (pages(run), run.cbs[0].left_over) == ([1.0, 2.0], 2)


def test_garbage_may_be_unpacked_if_it_reaches_no_output() -> None:
    async def copies_one_of_two() -> None:
        compute_kernel_hw_startup(0, 16)
        copy_init(0)
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        copy_tile(0, 1, 1)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        cb_pop_front(0, 1)

    async def reads_one() -> None:
        await cb_reserve_back(0, 1)
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)

    async def writes_one() -> None:
        await cb_wait_front(16, 1)
        noc_async_write_page(0, tensor(1), get_read_ptr(16))
        await noc_async_write_barrier()
        cb_pop_front(16, 1)

    rings = [cb(0, 2, TILE), cb(16, 2, TILE)]
    assert pages(launch(reads_one, writes_one, copies_one_of_two, cbs=rings, tensors=[tiles(1), no_tiles(1)])) == [1.0]


def test_bytes_may_be_copied_inside_l1() -> None:
    async def mover() -> None:
        here, beside = get_write_ptr(0), get_write_ptr(0) + PAGE
        for i in range(4):
            noc_async_read_page(i, tensor(0), here)
            await noc_async_read_barrier()
            noc_async_read(get_noc_addr(here), beside, PAGE)
            await noc_async_read_barrier()
            noc_async_write_page(i, tensor(1), beside)
            await noc_async_write_barrier()

    assert pages(launch(mover, cbs=TWO_PAGES)) == ALL_FOUR


@pytest.mark.parametrize("seed", range(5))
def test_cores_may_hand_a_page_over_by_two_semaphores(seed: int) -> None:
    """Core (0, 0) sends when semaphore 0 says that there is room; core (1, 0) reads when semaphore 1 says so."""

    async def sender() -> None:
        for _ in range(4):
            await cb_wait_front(0, 1)
            await noc_semaphore_wait(get_semaphore(0), 1)
            noc_semaphore_set(get_semaphore(0), 0)
            noc_async_write(get_read_ptr(0), get_noc_addr(my_x() + 1, my_y(), get_write_ptr(1)), PAGE)
            await noc_async_write_barrier()
            noc_semaphore_inc(get_noc_addr(my_x() + 1, my_y(), get_semaphore(1)), 1)
            cb_pop_front(0, 1)

    async def receiver() -> None:
        for i in range(4):
            noc_semaphore_inc(get_noc_addr(my_x() - 1, my_y(), get_semaphore(0)), 1)
            await noc_semaphore_wait_min(get_semaphore(1), i + 1)
            noc_async_write_page(i, tensor(1), get_write_ptr(1))
            await noc_async_write_barrier()

    run = launch(reader, sender, more=[(receiver, WRITER, OTHER)], cbs=[cb(0, 2), cb(1, 1, PAGE, PAIR)], seed=seed)
    assert pages(run) == ALL_FOUR


def test_several_senders_may_count_up_one_semaphore() -> None:
    three = tt.core_set((1, 0), (2, 0), (3, 0))

    async def sender() -> None:
        number = my_x() - 18
        noc_async_read_page(number, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        noc_async_write(get_write_ptr(0), get_noc_addr(18, 18, get_write_ptr(0) + number * PAGE), PAGE)
        noc_semaphore_inc(get_noc_addr(18, 18, get_semaphore(0)), 1)
        await noc_async_write_barrier()

    async def collector() -> None:
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        await noc_semaphore_wait(get_semaphore(0), 3)
        for i in range(4):
            noc_async_write_page(i, tensor(1), get_write_ptr(0) + i * PAGE)
        await noc_async_write_barrier()

    cores = tt.core_set((0, 0), (1, 0), (2, 0), (3, 0))
    run = launch(more=[(collector, READER, CORE), (sender, READER, three)], cbs=[cb(0, 4, PAGE, cores)])
    assert pages(run) == ALL_FOUR


def test_a_dram_page_may_be_read_elsewhere_after_its_barrier_and_a_signal() -> None:
    async def sender() -> None:
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        noc_async_write_page(0, tensor(1), get_write_ptr(0))
        await noc_async_write_barrier()
        noc_semaphore_inc(get_noc_addr(my_x() + 1, my_y(), get_semaphore(0)), 1)

    async def receiver() -> None:
        await noc_semaphore_wait(get_semaphore(0), 1)
        noc_async_read_page(0, tensor(1), get_write_ptr(0))
        await noc_async_read_barrier()
        noc_async_write_page(1, tensor(1), get_write_ptr(0))
        await noc_async_write_barrier()

    kernels = [(sender, READER, CORE), (receiver, READER, OTHER)]
    assert pages(launch(more=kernels, cbs=[cb(0, 1, PAGE, PAIR)], tensors=[rows(1), empty(2)])) == [1.0, 1.0]


def test_a_multicast_may_include_its_sender() -> None:
    async def sender() -> None:
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        data = get_noc_multicast_addr(my_x(), my_y(), my_x() + 1, my_y(), get_write_ptr(1))
        flag = get_noc_multicast_addr(my_x(), my_y(), my_x() + 1, my_y(), get_semaphore(0))
        noc_async_write_multicast_loopback_src(get_write_ptr(0), data, PAGE, 2)
        noc_semaphore_set(get_semaphore(1), 1)
        noc_semaphore_set_multicast_loopback_src(get_semaphore(1), flag, 2)
        await noc_async_write_barrier()

    async def receiver() -> None:
        await noc_semaphore_wait(get_semaphore(0), 1)
        noc_async_write_page(my_x() - 18, tensor(1), get_read_ptr(1))
        await noc_async_write_barrier()

    rings = [cb(0, 1, PAGE, PAIR), cb(1, 1, PAGE, PAIR)]
    kernels = [(sender, READER, CORE), (receiver, WRITER, PAIR)]
    assert pages(launch(more=kernels, cbs=rings, tensors=[rows(1), empty(2)])) == [1.0, 1.0]
