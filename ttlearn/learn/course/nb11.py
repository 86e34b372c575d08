"""Exercises of notebook 11, time: block and depth in little L1, one change that helps, a barrier in the wrong place.

Left out: the programs themselves (`pipelines`).
"""

from __future__ import annotations

from functools import cache

import numpy as np

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
from ...errors import HostError
from ...host.descriptors import ProgramDescriptor
from ...host.program import generic_op
from ...host.tensor import Tensor, to_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..pipelines import SLOW, adding, pipeline, slow

# ---- what is chosen and mended ----------------------------------------------------------------------------------


def plan() -> tuple[int, int, int]:
    block, depth_in, depth_out = 3, 2, 2
    return block, depth_in, depth_out


def change(program: str) -> str:
    answers = {"A": "depth", "B": "block", "C": "nothing", "D": "nothing"}
    return answers[program]


async def pair_reader() -> None:
    a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
    b = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
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


# ---- what is given ----------------------------------------------------------------------------------------------


def _given_plan() -> Functions:
    def plan() -> tuple[int, int, int]:
        block, depth_in, depth_out = 2, 3, 3
        return block, depth_in, depth_out

    return {"plan": plan}


def _given_change() -> Functions:
    def change(program: str) -> str:
        answers = {"A": "depth", "B": "depth", "C": "depth", "D": "depth"}
        return answers[program]

    return {"change": change}


def _given_reader() -> Functions:
    async def pair_reader() -> None:
        a = TensorAccessor(TensorAccessorArgs(0), get_arg_val(0))
        b = TensorAccessor(TensorAccessorArgs(2), get_arg_val(1))
        tiles, block = get_arg_val(2), get_arg_val(3)
        for first in range(0, tiles, block):
            await cb_reserve_back(0, block)
            await cb_reserve_back(1, block)
            for k in range(block):
                noc_async_read_page(first + k, a, get_write_ptr(0) + k * 2048)
                await noc_async_read_barrier()
                noc_async_read_page(first + k, b, get_write_ptr(1) + k * 2048)
                await noc_async_read_barrier()
            cb_push_back(0, block)
            cb_push_back(1, block)

    return {"pair_reader": pair_reader}


# ---- cases --------------------------------------------------------------------------------------------------------


def planned(name: str, tiles: int) -> Case:
    def make(functions: Functions) -> Trial:
        block, depth_in, depth_out = functions["plan"]()
        return _relu(*pipeline(tiles, block, depth_in, depth_out))

    return Case(name, make)


def changed(program: str) -> Case:
    def make(functions: Functions) -> Trial:
        answer = functions["change"](program)
        tensors, described = slow(program, answer)
        if answer != "nothing":
            _must_pay(program, answer)
        return _relu(tensors, described)

    return Case(f"program {program}", make)


def _must_pay(program: str, answer: str) -> None:
    """Raises HostError if a change saves less than 5 % of the program's cycles."""
    (before, l1_before), (after, l1_after) = (_cost(program, change) for change in ("nothing", answer))
    if after > 0.95 * before:
        raise HostError(
            f"change({program!r}) gave {answer!r}: that takes {l1_after - l1_before:,} bytes of L1 more and saves "
            f"{before - after:,} of {before:,} cycles (model); it does not pay"
        )


@cache
def _cost(program: str, answer: str) -> tuple[int, int]:
    """Cycles, and bytes of L1 for the CBs of a core."""
    tensors, described = slow(program, answer)
    return generic_op(tensors, described).cycles, sum(each.total_size for each in described.cbs)


def _relu(tensors: list[Tensor], program: ProgramDescriptor) -> Trial:
    return Trial(tensors, program, np.maximum(to_numpy(tensors[0]), 0))


def summed(
    name: str,
    tiles: int,
    block: int,
    depths: tuple[int, int] = (2, 2),
    times: int = 1,
    step: int = 0,
    seed: int | None = None,
    minus: bool = False,
) -> Case:
    def make(functions: Functions) -> Trial:
        tensors, program = adding(functions["pair_reader"], tiles, block, depths, times, step, minus)
        a, b = (to_numpy(tensor) for tensor in tensors[:2])
        return Trial(tensors, program, a - b if minus else a + b)

    return Case(name, make, seed)


EXERCISES = (
    Exercise(
        id="11.1",
        title="As fast as 24 KiB allow",
        kind=Kind.FASTER,
        reference={"plan": plan},
        cases=(planned("48 tiles", 48), planned("96 tiles", 96)),
        tips=(
            "24 KiB are 12 tiles, for c_0 and c_16 together. Three work here: reader, engine, writer. Which of them waits "
            "if c_0 has only one block? And if c_16 has?",
            "Each buffer wants two blocks, so that both its sides can work. That leaves three tiles for a block.",
        ),
        given=_given_plan(),
        goals={"l1_bytes": 1.0, "cycles": 1.05},
    ),
    Exercise(
        id="11.2",
        title="One change, or none",
        kind=Kind.FASTER,
        reference={"change": change},
        cases=tuple(changed(program) for program in SLOW),
        tips=(
            "Find in each table who is busy most of the time, and what the others wait for. Room and pages: somebody stands "
            "still for lack of depth. A barrier, all the time: too little is asked for at once.",
            "If MATH is busy nearly all the time, or 64 cores wait for DRAM, neither depth nor block gives anything.",
        ),
        given=_given_change(),
        goals={"l1_bytes": 1.0, "cycles": 1.05},
    ),
    Exercise(
        id="11.3",
        title="One barrier a block",
        kind=Kind.FASTER,
        reference={"pair_reader": pair_reader},
        cases=(
            summed("one block of four", 4, 4),
            summed("blocks of one tile, a slow engine, little room in c_0", 5, 1, (1, 3), 20),
            summed("blocks of one tile, a slow engine, little room in c_1", 6, 1, (3, 1), 20),
            summed("three blocks of eight, subtracted", 24, 8, minus=True),
            summed("little room in c_0", 16, 4, (1, 3)),
            summed("little room in c_1", 16, 4, (3, 1)),
            summed("the engine pops tile by tile, little room in c_0", 8, 4, (1, 2), 20, step=1),
            summed("the engine pops tile by tile, little room in c_1", 8, 4, (2, 1), 20, step=1),
            summed("blocks of eight, other timings", 48, 8, seed=1),
        ),
        tips=(
            "A barrier waits for all reads that this processor has asked for. How many barriers does a block need?",
            "Both barriers out of the inner loop, and one behind it: after all reads of the block, before the two pushes.",
        ),
        given=_given_reader(),
        goals={"cycles": 1.1},
    ),
)
