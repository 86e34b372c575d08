"""Exercises of notebook 00, the whole kernel."""

from __future__ import annotations

from ...dataflow import (
    TensorAccessor,
    TensorAccessorArgs,
    cb_push_back,
    cb_reserve_back,
    get_arg_val,
    get_write_ptr,
    noc_async_read_barrier,
    noc_async_read_page,
)
from ..exercise import Exercise, Functions, Kind
from .nb01 import copying


async def sparing_reader() -> None:
    source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    for i in range(get_arg_val(1)):
        await cb_reserve_back(0, 1)
        noc_async_read_page(i, source, get_write_ptr(0))
        await noc_async_read_barrier()
        cb_push_back(0, 1)


def _given() -> Functions:
    async def sparing_reader() -> None:
        source = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        for i in range(get_arg_val(1)):
            await cb_reserve_back(0, 1)
            noc_async_read_page(i, source, get_write_ptr(0))
            await noc_async_read_barrier()
            if i % 2 == 1:
                cb_push_back(0, 1)

    return {"sparing_reader": sparing_reader}


EXERCISES = (
    Exercise(
        id="00.1",
        title="A reader that keeps its promise",
        kind=Kind.FIX,
        reference={"sparing_reader": sparing_reader},
        cases=(
            copying("two pages", 2, 2),
            copying("five pages through two", 5, 2),
            copying("depth 1", 4, 1),
            copying("seven pages through three, other timings", 7, 3, seed=2),
        ),
        tips=(
            "The writer takes one page a trip, and makes as many trips as there are pages. How many does this reader hand on?",
            "Handing on two pages at a time needs two pages of room and two different places to read to. "
            "Handing on each page when it is there needs neither.",
        ),
        given=_given(),
    ),
)
