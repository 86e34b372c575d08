"""A CB that two kernels pop: each has a pointer of its own, so both take its first pages."""

from __future__ import annotations

from typing import Any

import pytest
from programs import cb, empty, launch, rows, tensor, within

import ttlearn as tt
from ttlearn.dataflow import *

PAGES = 4


async def fills(count: int) -> None:
    for i in range(count):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, tensor(0), get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def takes(first: int, count: int) -> None:
    for i in range(first, first + count):
        await cb_wait_front(0, 1)
        noc_async_write_page(i, tensor(1), get_read_ptr(0))
        await noc_async_write_barrier()
        cb_pop_front(0, 1)


async def fills_and_takes_two() -> None:
    await fills(PAGES)
    await takes(0, 2)


async def takes_the_other_two() -> None:
    await takes(2, 2)


def shared(pages: int, strict: bool = True) -> Any:
    tensors = [rows(PAGES), empty(PAGES)]
    run = launch(fills_and_takes_two, takes_the_other_two, cbs=[cb(0, pages)], tensors=tensors, strict=strict)
    return run, tensors


def test_two_consumers_of_a_cb_are_refused() -> None:
    with pytest.raises(tt.Violation) as caught:
        shared(8)
    one, other = (
        within(kernel, "takes(", takes, "cb_pop_front") for kernel in (takes_the_other_two, fills_and_takes_two)
    )
    assert str(caught.value) == (
        f"c_0 is popped by two kernels: 2 pages by BRISC (takes_the_other_two), the last at {one} and 2 pages by NCRISC "
        f"(fills_and_takes_two), the last at {other}; each has a pointer of its own, so they take the same pages: "
        "leave c_0 to one of them, or give each a CB of its own"
    )


def test_two_consumers_take_the_same_pages() -> None:
    run, (given, taken) = shared(8, strict=False)
    bits, out = tt.to_bits(given), tt.to_bits(taken)
    assert (out[:2] == bits[:2]).all()
    assert (out[2:] == bits[:2]).all()
    assert len(run.violations) == 1


async def fills_and_takes_a_round() -> None:
    await fills(2)
    await takes(0, 2)
    await fills(2)
    cb_push_back(1, 1)


async def takes_over() -> None:
    await cb_wait_front(1, 1)
    await takes(2, 1)


def test_who_takes_over_after_a_whole_round_finds_the_front() -> None:
    tensors = [rows(2), empty(3)]
    launch(fills_and_takes_a_round, takes_over, cbs=[cb(0, 2), cb(1, 2)], tensors=tensors, strict=True)
    bits, out = tt.to_bits(tensors[0]), tt.to_bits(tensors[1])
    assert (out == bits[[0, 1, 0]]).all()
