"""Exercise of notebook 04a: other right answers, usual mistakes, and that each call acts in its role alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.learn import check
from ttlearn.learn.course.nb04a import copying, one_tile
from ttlearn.learn.hangs.entry import c_0, c_16, numbers
from ttlearn.learn.through import through
from ttlearn.learn.verdict import State

# ---- right answers of another shape ---------------------------------------------------------------------------------


async def branches_once() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(get_arg_val(0)):
        if UNPACK():
            await cb_wait_front(c_0, 1)
        elif PACK():
            await cb_reserve_back(c_16, 1)
        one_tile()
        if UNPACK():
            cb_pop_front(c_0, 1)
        elif PACK():
            cb_push_back(c_16, 1)


async def a_program_each() -> None:
    """Each role with a loop of its own."""
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    n = get_arg_val(0)
    for _ in range(n if UNPACK() else 0):
        await cb_wait_front(c_0, 1)
        copy_tile(c_0, 0, 0)
        cb_pop_front(c_0, 1)
    for _ in range(n if MATH() else 0):
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
    for _ in range(n if PACK() else 0):
        await cb_reserve_back(c_16, 1)
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)


@pytest.mark.parametrize("answer", [copying, branches_once, a_program_each])
def test_another_shape_passes(answer: Any) -> None:
    assert check("04a.1", by_role=answer).passed


# ---- usual mistakes -----------------------------------------------------------------------------------------------


def guarded(reserves: Any, pushes: Any, pops: Any = UNPACK) -> Any:
    async def by_role() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for _ in range(get_arg_val(0)):
            await cb_wait_front(c_0, 1)
            if reserves():
                await cb_reserve_back(c_16, 1)
            one_tile()
            if pops():
                cb_pop_front(c_0, 1)
            if pushes():
                cb_push_back(c_16, 1)

    return by_role


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        (guarded(PACK, MATH), "one tile", "PACK (by_role), the producer of c_16, finished and pushed none"),
        (guarded(MATH, PACK), "five tiles through two", "wait for the pop first, with `await cb_reserve_back(...)`"),
        (guarded(PACK, PACK, pops=PACK), "five tiles through two", "the consumer of c_0, finished and popped none"),
    ],
)
def test_a_call_in_the_wrong_role_is_told(answer: Any, case: str, said: str) -> None:
    verdict = check("04a.1", by_role=answer)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


async def pushes_in_math() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(get_arg_val(0)):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        one_tile()
        cb_pop_front(c_0, 1)
        if MATH():
            cb_push_back(c_16, 1)


def test_a_push_that_stands_under_another_role_is_named_with_its_line() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*through(pushes_in_math, numbers(2)))
    line = pushes_in_math.__code__.co_firstlineno + 9
    diagnosis = caught.value.diagnosis
    assert diagnosis.sentence.endswith(
        f"; line {line} calls cb_push_back under `if MATH()`, where it does nothing: the call is PACK's"
    )
    assert diagnosis.change.text == (
        f"take cb_push_back at line {line} out of `if MATH()`, or write `if PACK():` there"
    )


# ---- what the notebook says ---------------------------------------------------------------------------------------


def test_a_call_outside_its_role_takes_no_time_and_moves_nothing() -> None:
    def run(kernel: Any) -> tt.Run:
        return tt.generic_op(*through(kernel, numbers(4)))

    bare, split = run(copying), run(a_program_each)
    assert np.array_equal(bare.output, split.output)
    assert [(r.pushed, r.popped) for r in bare.cbs] == [(r.pushed, r.popped) for r in split.cbs] == [(4, 4), (4, 4)]


def test_a_print_is_told_by_each_role_and_a_guarded_one_by_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    async def telling() -> None:
        compute_kernel_hw_startup(c_0, c_16)
        copy_init(c_0)
        for i in range(get_arg_val(0)):
            await cb_wait_front(c_0, 1)
            await cb_reserve_back(c_16, 1)
            print("all", i)
            if PACK():
                print("one", i)
            one_tile()
            cb_pop_front(c_0, 1)
            cb_push_back(c_16, 1)

    tt.generic_op(*through(telling, numbers(3)))
    lines = capsys.readouterr().out.splitlines()
    assert sum("all" in line for line in lines) == 9
    assert [line.split()[1] for line in lines if "one" in line] == ["PACK:"] * 3
