"""Exercises of notebook 02: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest

from ttlearn.dataflow import *
from ttlearn.learn import check
from ttlearn.learn.check import judge
from ttlearn.learn.course import exercise
from ttlearn.learn.course.nb02 import crop_reader
from ttlearn.learn.verdict import State


def accessor() -> Any:
    return TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def last_stick_first() -> None:
    source = accessor()
    stick = source.get_aligned_page_size()
    for block in range(get_arg_val(1) // 32):
        await cb_reserve_back(0, 32)
        for k in reversed(range(32)):
            noc_async_read_page(32 * block + k, source, get_write_ptr(0) + k * stick)
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def reserves_and_pushes_one_by_one() -> None:
    source = accessor()
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, row % 32 + 1)
        noc_async_read_page(row, source, get_write_ptr(0) + row % 32 * source.get_aligned_page_size())
        if row % 32 == 31:
            await noc_async_read_barrier()
            for _ in range(32):
                cb_push_back(0, 1)


async def waits_in_each_trip() -> None:
    target = accessor()
    for row in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(row, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def reads_from_the_stick_start() -> None:
    """96 bytes from an aligned address; the 64 that are wanted lie 16 bytes in."""
    source = accessor()
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read(source.get_noc_addr(row), get_write_ptr(0), 96)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def writes_by_address() -> None:
    target = accessor()
    for row in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write(get_read_ptr(0) + 16, target.get_noc_addr(row), 64)
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def reads_by_address() -> None:
    source = accessor()
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read(source.get_noc_addr(row), get_write_ptr(0), source.get_aligned_page_size())
        await noc_async_read_barrier()
        cb_push_back(0, 1)


@pytest.mark.parametrize(
    ("id", "answers"),
    [
        ("02.1", [last_stick_first]),
        ("02.1", [reserves_and_pushes_one_by_one]),
        ("02.2", [waits_in_each_trip]),
        ("02.3", [reads_from_the_stick_start, writes_by_address]),
        ("02.4", [reads_by_address]),
    ],
)
def test_another_shape_passes(id: str, answers: list[Any]) -> None:
    verdict = check(id, *answers)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def a_barrier_a_stick() -> None:
    source = accessor()
    for first in range(0, get_arg_val(1), 32):
        await cb_reserve_back(0, 32)
        to = get_write_ptr(0)
        for row in range(first, first + 32):
            noc_async_read_page(row, source, to)
            await noc_async_read_barrier()
            to += source.get_aligned_page_size()
        cb_push_back(0, 32)


async def all_to_one_place() -> None:
    source = accessor()
    for first in range(0, get_arg_val(1), 32):
        await cb_reserve_back(0, 32)
        for row in range(first, first + 32):
            noc_async_read_page(row, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def always_the_first_rows() -> None:
    source = accessor()
    for _ in range(0, get_arg_val(1), 32):
        await cb_reserve_back(0, 32)
        to = get_write_ptr(0)
        for row in range(32):
            noc_async_read_page(row, source, to)
            to += source.get_aligned_page_size()
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def pushes_a_tile() -> None:
    source = accessor()
    for first in range(0, get_arg_val(1), 32):
        await cb_reserve_back(0, 32)
        to = get_write_ptr(0)
        for row in range(first, first + 32):
            noc_async_read_page(row, source, to)
            to += source.get_aligned_page_size()
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def steps_of_64_bytes() -> None:
    source = accessor()
    for first in range(0, get_arg_val(1), 32):
        await cb_reserve_back(0, 32)
        for k in range(32):
            noc_async_read_page(first + k, source, get_write_ptr(0) + 64 * k)
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def only_flushes() -> None:
    target = accessor()
    for row in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(row, target, get_read_ptr(0))
        await noc_async_writes_flushed()
        cb_pop_front(0, 1)


async def pieces_with_one_barrier() -> None:
    source = accessor()
    for row in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        for offset in range(0, source.get_aligned_page_size(), 64):
            noc_async_read(source.get_noc_addr(row, offset), get_write_ptr(0) + offset, 64)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("02.1", a_barrier_a_stick, "cycles (model); the goal is "),
        ("02.1", all_to_one_place, "both bring bytes to the same place"),
        ("02.1", always_the_first_rows, "; all of that row is what belongs into row 0"),
        ("02.1", pushes_a_tile, "the one counts tiles, the other sticks"),
        ("02.1", steps_of_64_bytes, "both bring bytes to the same place"),
        ("02.2", only_flushes, "put `await noc_async_write_barrier()` before the end"),
        ("02.4", pieces_with_one_barrier, "it takes 272 NOC transactions; the goal is 32"),
    ],
)
def test_a_usual_mistake_is_told_with_its_cause(id: str, answer: Any, said: str) -> None:
    verdict = check(id, answer)
    assert verdict.state is State.FAILED
    assert said in verdict.problem


def test_mending_one_side_of_the_crop_is_not_enough() -> None:
    crop = exercise("02.3")
    one_side = judge(crop, {"crop_reader": crop_reader, "crop_writer": crop.given["crop_writer"]})
    assert one_side.state is State.FAILED and "page 0 of the output holds poison" in one_side.problem
    assert one_side.problem.endswith(
        "from page 0 of c_0, where nobody had written bytes 0 to 15; write from where the filled bytes begin, or fill those too"
    )
