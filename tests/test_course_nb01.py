"""Exercises of notebook 01: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.learn import check
from ttlearn.learn.course import exercise
from ttlearn.learn.verdict import State


def accessor() -> Any:
    return TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def reads_halves() -> None:
    source = accessor()
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        for offset in (1024, 0):
            noc_async_read(source.get_noc_addr(i, offset), get_write_ptr(0) + offset, 1024)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def counts_down() -> None:
    source, left = accessor(), get_arg_val(1)
    while left:
        await cb_reserve_back(0, 1)
        await cb_reserve_back(0, 1)  # asks twice: takes nothing
        noc_async_read(source.get_noc_addr(get_arg_val(1) - left), get_write_ptr(0), 2048)
        await noc_async_read_barrier()
        cb_push_back(0, 1)
        left -= 1


async def writes_halves() -> None:
    target = accessor()
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        for offset in (1024, 0):
            noc_async_write(get_read_ptr(0) + offset, target.get_noc_addr(i, offset), 1024)
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def flushes() -> None:
    target = accessor()
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await noc_async_writes_flushed()
        cb_pop_front(0, 1)
    await noc_async_write_barrier()


async def waits_for_two() -> None:
    target = accessor()
    for i in range(0, get_arg_val(1), 2):
        await cb_wait_front(0, 2)
        for k in (1, 0):
            noc_async_write_page(i + k, target, get_read_ptr(0) + k * 2048)
        await noc_async_write_barrier()
        cb_pop_front(0, 1)
        cb_pop_front(0, 1)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("01.1", reads_halves),
        ("01.1", counts_down),
        ("01.2", writes_halves),
        ("01.2", flushes),
        ("01.3", waits_for_two),
        ("01.3", flushes),
    ],
)
def test_another_shape_passes(id: str, answer: Any) -> None:
    assert check(id, answer).passed


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def no_await() -> None:
    source = accessor()
    for i in range(get_arg_val(1)):
        cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def no_barrier() -> None:
    source = accessor()
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        cb_push_back(0, 1)


async def all_at_once() -> None:
    source, n = accessor(), get_arg_val(1)
    await cb_reserve_back(0, n)
    for i in range(n):
        noc_async_read_page(i, source, get_write_ptr(0) + 2048 * i)
    await noc_async_read_barrier()
    cb_push_back(0, n)


async def never_pops() -> None:
    target = accessor()
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await noc_async_write_barrier()


async def counts_and_pops() -> None:
    target = accessor()
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, i + 1)
        noc_async_write_page(i, target, get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def the_other_pointer() -> None:
    target = accessor()
    for i in range(get_arg_val(1)):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, target, get_write_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


@pytest.mark.parametrize(
    ("id", "answer", "case", "said"),
    [
        ("01.1", no_await, "one page", "write `await cb_reserve_back(...)`"),
        ("01.1", no_barrier, "one page", "put `await noc_async_read_barrier()` before the push"),
        ("01.1", all_at_once, "seven pages through two", "NCRISC asks for 7 pages of c_0, which has 2"),
        ("01.2", never_pops, "seven pages through two", "cb_pop_front(c_0, …) is missing"),
        ("01.2", counts_and_pops, "seven pages through two", "BRISC asks for 3 pages of c_0, which has 2"),
        (
            "01.2",
            the_other_pointer,
            "seven pages through two",
            "a consumer reads at `get_read_ptr`, which its pops move on",
        ),
    ],
)
def test_a_usual_mistake_is_told_with_its_cause(id: str, answer: Any, case: str, said: str) -> None:
    verdict = check(id, answer)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


def test_a_wait_for_one_more_page_is_told_as_a_read_before_the_push() -> None:
    async def pair_writer() -> None:
        target = accessor()
        for i in range(0, get_arg_val(1), 2):
            await cb_wait_front(0, 1)
            noc_async_write_page(i, target, get_read_ptr(0))
            await cb_wait_front(0, 1)
            noc_async_write_page(i + 1, target, get_read_ptr(0) + 2048)
            await noc_async_write_barrier()
            cb_pop_front(0, 2)

    problem = check("01.3", pair_writer).problem
    assert problem.startswith("BRISC (pair_writer) reads page 1 of c_0 at pair_writer line ")
    assert ": `noc_async_write_page(i + 1, target, get_read_ptr(0) + 2048)`, but " in problem
    assert "and this is page 2 from the front on" in problem


# ---- a plan -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "depth", "said"),
    [
        (2, 8, "cycles (model); the goal is "),
        (8, 8, "cycles (model); the goal is "),
        (8, 16, "it takes 32,768 bytes of L1 for CBs; the goal is 16,384"),
        (4, 7, "the counts must meet the end exactly: give c_0 8 pages, a multiple of 4"),
        (0, 8, "range() arg 3 must not be zero"),
    ],
)
def test_a_plan_that_is_slow_large_or_impossible_is_told_why(block: int, depth: int, said: str) -> None:
    assert said in check("01.4", lambda: (block, depth)).problem


def test_the_reference_plan_is_the_fastest_that_fits() -> None:
    case, cycles = exercise("01.4").cases[0], {}
    for block in (1, 2, 4, 8):
        for depth in range(block, 9, block):
            trial: Any = case.make({"plan": lambda plan=(block, depth): plan})
            cycles[block, depth] = tt.generic_op(trial.tensors, trial.program).cycles
    assert min(cycles, key=lambda plan: cycles[plan]) == (4, 8)
