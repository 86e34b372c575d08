"""Exercises of notebook 11: other right answers, what usual mistakes are told, and that its programs are what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ttlearn as tt
from ttlearn.dataflow import *
from ttlearn.learn import check
from ttlearn.learn.pipelines import SLOW, pipeline, slow
from ttlearn.learn.verdict import State
from ttlearn.silicon.programs import relu


def accessors() -> tuple[Any, Any]:
    return (
        TensorAccessor(TensorAccessorArgs(0), get_arg_val(0)),
        TensorAccessor(TensorAccessorArgs(2), get_arg_val(1)),
    )


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def one_operand_after_the_other() -> None:
    tiles, block = get_arg_val(2), get_arg_val(3)
    for first in range(0, tiles, block):
        for cb, source in enumerate(accessors()):
            await cb_reserve_back(cb, block)
            for k in reversed(range(block)):
                noc_async_read_page(first + k, source, get_write_ptr(cb) + k * 2048)
        await noc_async_read_barrier()
        cb_push_back(1, block)
        cb_push_back(0, block)


async def counts_blocks() -> None:
    a, b = accessors()
    tiles, block = get_arg_val(2), get_arg_val(3)
    for trip in range(tiles // block):
        await cb_reserve_back(1, block)
        await cb_reserve_back(0, block)
        to_a, to_b = get_write_ptr(0), get_write_ptr(1)
        for page in range(trip * block, (trip + 1) * block):
            noc_async_read_page(page, b, to_b)
            noc_async_read_page(page, a, to_a)
            to_a, to_b = to_a + 2048, to_b + 2048
        await noc_async_read_barrier()
        for cb in (0, 1):
            for _ in range(block):
                cb_push_back(cb, 1)


@pytest.mark.parametrize("answer", [one_operand_after_the_other, counts_blocks])
def test_another_reader_passes(answer: Any) -> None:
    verdict = check("11.3", answer)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def a_barrier_a_pair() -> None:
    a, b = accessors()
    tiles, block = get_arg_val(2), get_arg_val(3)
    for first in range(0, tiles, block):
        await cb_reserve_back(0, block)
        await cb_reserve_back(1, block)
        for k in range(block):
            noc_async_read_page(first + k, a, get_write_ptr(0) + k * 2048)
            noc_async_read_page(first + k, b, get_write_ptr(1) + k * 2048)
            await noc_async_read_barrier()
        cb_push_back(0, block)
        cb_push_back(1, block)


def room_for_one(buffer: int) -> Callable[[], Any]:
    """The right reader but for one buffer, of which it reserves one page and writes a block."""

    async def reader() -> None:
        a, b = accessors()
        tiles, block = get_arg_val(2), get_arg_val(3)
        for first in range(0, tiles, block):
            await cb_reserve_back(0, 1 if buffer == 0 else block)
            await cb_reserve_back(1, 1 if buffer == 1 else block)
            for k in range(block):
                noc_async_read_page(first + k, a, get_write_ptr(0) + k * 2048)
                noc_async_read_page(first + k, b, get_write_ptr(1) + k * 2048)
            await noc_async_read_barrier()
            cb_push_back(0, block)
            cb_push_back(1, block)

    return reader


async def a_barrier_at_the_end() -> None:
    a, b = accessors()
    tiles, block = get_arg_val(2), get_arg_val(3)
    for first in range(0, tiles, block):
        await cb_reserve_back(0, block)
        await cb_reserve_back(1, block)
        for k in range(block):
            noc_async_read_page(first + k, a, get_write_ptr(0) + k * 2048)
            noc_async_read_page(first + k, b, get_write_ptr(1) + k * 2048)
        cb_push_back(0, block)
        cb_push_back(1, block)
    await noc_async_read_barrier()


async def all_to_one_place() -> None:
    a, b = accessors()
    tiles, block = get_arg_val(2), get_arg_val(3)
    for first in range(0, tiles, block):
        await cb_reserve_back(0, block)
        await cb_reserve_back(1, block)
        for k in range(block):
            noc_async_read_page(first + k, a, get_write_ptr(0))
            noc_async_read_page(first + k, b, get_write_ptr(1))
        await noc_async_read_barrier()
        cb_push_back(0, block)
        cb_push_back(1, block)


def planning(*answer: int) -> Callable[[], tuple[int, ...]]:
    return lambda: answer


def always(word: str) -> Callable[[str], str]:
    return lambda program: word


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("11.1", planning(4, 2, 1), "cycles (model); the goal is "),
        ("11.1", planning(4, 2, 2), "it takes 32,768 bytes of L1 for CBs; the goal is 24,576"),
        ("11.1", planning(6, 1, 1), "cycles (model); the goal is "),
        ("11.2", always("nothing"), "cycles (model); the goal is "),
        ("11.2", always("block"), "bytes of L1 for CBs; the goal is "),
        ("11.2", always("depth"), "change('B') gave 'depth': that takes 8,192 bytes of L1 more and saves 0 of "),
        ("11.2", always("cores"), "change('A') gave 'cores'; choose one of 'depth', 'block', 'nothing'"),
        ("11.3", a_barrier_a_pair, "cycles (model); the goal is "),
        ("11.3", a_barrier_at_the_end, "await noc_async_read_barrier()"),
        ("11.3", room_for_one(0), "UNPACK (adder) reads page 1 of c_0"),
        ("11.3", room_for_one(1), "UNPACK (adder) reads page 1 of c_1"),
        ("11.3", all_to_one_place, "both bring bytes to the same place"),
    ],
)
def test_a_usual_mistake_is_told_with_its_cause(id: str, answer: Any, said: str) -> None:
    verdict = check(id, answer)
    assert verdict.state is State.FAILED
    assert said in verdict.problem, verdict.problem


@pytest.mark.parametrize(("program", "wrong"), [("A", "nothing"), ("B", "depth"), ("C", "depth"), ("D", "block")])
def test_each_program_is_told_by_its_own_case(program: str, wrong: str) -> None:
    right = {"A": "depth", "B": "block", "C": "nothing", "D": "nothing"}
    verdict = check("11.2", lambda name: wrong if name == program else right[name])
    assert verdict.case == f"program {program}"


# ---- the programs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("block", "depth"), [(1, 2), (4, 1), (8, 2)])
def test_the_pipeline_takes_as_long_as_the_one_that_was_compared_with_silicon(block: int, depth: int) -> None:
    assert tt.generic_op(*pipeline(64, block, depth, depth)).cycles == relu(64, block, depth).cycles


def test_the_four_slow_programs_are_slow_for_four_reasons() -> None:
    words = {program: tt.generic_op(*slow(program)).bottleneck.partition(":")[0] for program in SLOW}
    assert words == {"A": "latency bound", "B": "latency bound", "C": "DRAM bound", "D": "compute bound"}
