"""Circular buffers: pointers and counters against a small model, and what the two sides see of each other."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import CORE, TILE, cb, empty, launch, no_tiles, pages, reader, rows, tensor, tile_writer, tiles, writer

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.cb import CircularBuffer, Ring

BASE = 4096


def ring(count: int, page_size: int = 64, engine: bool = False) -> Ring:
    return Ring(CircularBuffer(0, BASE, page_size, count, tt.bfloat16), engine)


# ---- pointers and counters --------------------------------------------------------------------------------


@st.composite
def trips(draw: st.DrawFn, count: int) -> list[int]:
    """Bursts that add up to `count` pages on each of a few trips round the ring."""
    bursts = []
    for _ in range(draw(st.integers(1, 3))):
        left = count
        while left:
            bursts.append(draw(st.integers(1, left)))
            left -= bursts[-1]
    return bursts


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[int, list[int], list[int]]:
    count = draw(st.integers(1, 12))
    return count, draw(trips(count)), draw(trips(count))


@given(exchanges(), st.booleans(), st.data())
def test_both_sides_agree_with_a_queue(exchange: tuple[int, list[int], list[int]], engine: bool, data: Any) -> None:
    count, pushes, pops = exchange
    producer, consumer, queue, pushed = ring(count, engine=engine), ring(count, engine=engine), deque[int](), 0
    while pushes or pops:
        can_push = bool(pushes) and len(queue) + pushes[0] <= count
        can_pop = bool(pops) and pops[0] <= len(queue)
        if not can_push and not can_pop:
            break
        if can_push and (not can_pop or data.draw(st.booleans())):
            queue.extend(range(pushed, pushed + pushes[0]))
            pushed += pushes[0]
            producer.push(pushes.pop(0))
        else:
            consumer.pop(pops[0])
            for _ in range(pops.pop(0)):
                queue.popleft()
        front = queue[0] if queue else pushed
        assert (producer.wr - BASE, consumer.rd - BASE) == (pushed % count * 64, front % count * 64)
        assert (producer.free(consumer.acked), consumer.ready(producer.received)) == (count - len(queue), len(queue))


@given(st.integers(1, 40), st.integers(0, 200_000), st.integers(0, 200_000))
def test_counters_have_16_bits(count: int, received: int, acked: int) -> None:
    one = ring(count)
    one.received = one.acked = received
    assert one.free(acked) == count - int(np.uint16((received - acked) % 65536))
    assert one.ready(acked) == int(np.uint16((acked - received) % 65536))


@given(st.integers(1, 12), st.lists(st.integers(1, 12), max_size=12))
def test_a_data_movement_pointer_wraps_only_where_it_meets_the_end(count: int, pushes: list[int]) -> None:
    one, page = ring(count), 0
    for burst in pushes:
        one.push(burst)
        page = 0 if page + burst == count else page + burst
        assert one.wr == BASE + 64 * page


@given(st.integers(1, 12), st.lists(st.integers(1, 12), max_size=12))
def test_a_compute_pointer_wraps_at_or_past_the_end(count: int, pushes: list[int]) -> None:
    one, page = ring(count, engine=True), 0
    for burst in pushes:
        one.push(burst)
        page = page + burst - count if page + burst >= count else page + burst
        assert one.wr == BASE + 64 * page


def test_an_overrunning_data_movement_pointer_is_the_vendor_s() -> None:
    """tt-metal.md, I 4: three pages, pushes of two, under the vendor's simulator."""
    one, offsets = ring(3, TILE), []
    for _ in range(3):
        one.push(2)
        offsets.append(one.wr - BASE)
    assert offsets == [4096, 8192, 12288]


def test_a_compute_pointer_counts_pages_in_words_of_16_bytes() -> None:
    mover, engine = ring(4, 40), ring(4, 40, engine=True)
    for one in (mover, engine):
        one.push(1)
    assert (mover.wr - BASE, engine.wr - BASE) == (40, 32)


# ---- in a program -----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(exchanges())
def test_any_bursts_that_fit_the_ring_deliver_pages_in_order(exchange: tuple[int, list[int], list[int]]) -> None:
    count, pushes, pops = exchange
    total = min(sum(pushes), sum(pops))

    async def sends() -> None:
        page = 0
        for burst in pushes:
            burst = min(burst, total - page)
            await cb_reserve_back(0, burst)
            for k in range(burst):
                noc_async_read_page(page + k, tensor(0), get_write_ptr(0) + 64 * k)
            await noc_async_read_barrier()
            cb_push_back(0, burst)
            page += burst

    async def takes() -> None:
        page = 0
        for burst in pops:
            burst = min(burst, total - page)
            await cb_wait_front(0, burst)
            for k in range(burst):
                noc_async_write_page(page + k, tensor(1), get_read_ptr(0) + 64 * k)
            await noc_async_write_barrier()
            cb_pop_front(0, burst)
            page += burst

    run = launch(sends, takes, cbs=[cb(0, count)], tensors=[rows(total), empty(total)])
    assert pages(run) == [float(n) for n in range(1, total + 1)]


def waits(run: tt.Run, call: str) -> list[int]:
    return [event.end for event in run.trace.events() if event.what == f"wait {call}"]


def moves(run: tt.Run, what: str) -> list[int]:
    return [event.start for event in run.trace.events() if event.what == what]


async def pushes_one_by_one() -> None:
    for _ in range(3):
        noc_async_read_page(0, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


def test_wait_front_blocks_until_enough_pages_are_pushed() -> None:
    async def takes_three() -> None:
        await cb_wait_front(0, 3)

    run = launch(pushes_one_by_one, takes_three, cbs=[cb(0, 4)])
    assert moves(run, "push")[1] < moves(run, "push")[2] < waits(run, "cb_wait_front")[0]


def test_wait_front_is_cumulative() -> None:
    async def takes_one_then_two() -> None:
        await cb_wait_front(0, 1)
        await cb_wait_front(0, 2)

    run = launch(pushes_one_by_one, takes_one_then_two, cbs=[cb(0, 4)])
    (first, second), pushes = waits(run, "cb_wait_front"), moves(run, "push")
    assert pushes[0] < first < pushes[1] < second < pushes[2]


def test_reserve_back_blocks_until_enough_pages_are_popped() -> None:
    run = launch(reader, writer, cbs=[cb(0, 1)])
    assert all(pop < end for pop, end in zip(moves(run, "pop"), waits(run, "cb_reserve_back"), strict=False))
    assert run.cbs[0].high_water == 1


def test_a_reserve_larger_than_the_ring_hangs() -> None:
    async def asks_too_much() -> None:
        await cb_reserve_back(0, 3)

    with pytest.raises(tt.DeviceHang, match="asks for 3 pages of c_0, which has 2"):
        launch(asks_too_much, cbs=[cb(0, 2)])


def test_questions_about_pages_do_not_wait() -> None:
    answers: list[bool] = []

    async def asks() -> None:
        answers.extend([cb_pages_available_at_front(0, 1), cb_pages_reservable_at_back(0, 2)])
        cb_push_back(0, 2)
        answers.extend([cb_pages_reservable_at_back(0, 1)])

    launch(asks, cbs=[cb(0, 2)])
    assert answers == [False, True, False]


def test_cbs_start_where_the_vendor_s_simulator_puts_them() -> None:
    """tt-metal.md, A: CBs of 768 and 48 bytes, and the next one."""
    starts: list[int] = []

    async def asks() -> None:
        starts.extend(get_write_ptr(index) for index in (0, 1, 2))

    launch(asks, cbs=[cb(0, 12), cb(1, 1, 48), cb(2, 1)])
    assert starts == [105_824, 106_592, 106_656]


def test_a_tile_size_is_the_format_s_and_not_the_page_s() -> None:
    """tt-metal.md, A."""
    sizes: list[int] = []

    async def asks() -> None:
        sizes.extend([get_tile_size(0), get_tile_size(1)])

    words = tt.CBDescriptor(48, CORE, [tt.CBFormatDescriptor(1, tt.float32, 48)])
    launch(asks, cbs=[cb(0, 1), words])
    assert sizes == [2048, 4096]


# ---- the same again ---------------------------------------------------------------------------------------


async def doubles() -> None:
    compute_kernel_hw_startup(0, 16)
    add_init(0, 0)
    for _ in range(4):
        await cb_wait_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_acquire()
        add_tiles(0, 0, 0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)


def doubled(seed: int | None) -> tt.Run:
    rings = [cb(0, 2, TILE), cb(16, 2, TILE)]
    return launch(reader, tile_writer, doubles, cbs=rings, tensors=[tiles(4), no_tiles(4)], seed=seed)


def story(run: tt.Run) -> list[tuple[Any, ...]]:
    return [(*event[:5], str(event.detail), str(event.site)) for event in run.trace.events()]


@pytest.mark.parametrize("seed", [None, 7])
def test_the_same_program_and_seed_give_the_same_trace(seed: int | None) -> None:
    assert story(doubled(seed)) == story(doubled(seed))


def test_seeds_change_the_trace() -> None:
    assert story(doubled(1)) != story(doubled(2))


@pytest.mark.parametrize("seed", range(50))
def test_seeds_do_not_change_the_output_of_a_correct_program(seed: int) -> None:
    run = doubled(seed)
    assert (pages(run), run.violations) == ([2.0, 4.0, 6.0, 8.0], [])
