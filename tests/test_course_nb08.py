"""Exercises of notebook 08: other right answers, what usual mistakes are told, and how long pages live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.debug.hang.causes import Cause
from ttlearn.kernel_lib import InputPolicy, OutputPolicy, binary
from ttlearn.kernel_lib import square as square_helper
from ttlearn.learn import check
from ttlearn.learn.course import exercise
from ttlearn.learn.course.nb08 import center, centering, narrow_center, program, square
from ttlearn.learn.given_phases import hand_on
from ttlearn.learn.one_phase import c_0, c_1, c_16, c_24, c_25, sample
from ttlearn.learn.verdict import State

COL, SUB = BroadcastType.COL, EltwiseBinaryType.ELWSUB
TAKE = InputPolicy.WaitUpfrontPopAtEnd

# ---- right answers of another shape ---------------------------------------------------------------------------------


async def center_by_the_helper(Wt: int) -> None:
    await binary(SUB, COL, c_0, c_25, c_24, 1, Wt, policy_a=TAKE, policy_b=TAKE, output=OutputPolicy.Bulk)


async def center_backwards_in_place(Wt: int) -> None:
    """From the last tile on, each packed where it belongs."""
    await cb_reserve_back(c_24, Wt)
    await cb_wait_front(c_25, 1)
    await cb_wait_front(c_0, Wt)
    sub_bcast_cols_init(c_0, c_25)
    for t in reversed(range(Wt)):
        tile_regs_acquire()
        sub_tiles_bcast(c_0, c_25, t, 0, 1, tBcastDim=COL)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(1, c_24, t, out_of_order_output=True)
        tile_regs_release()
    cb_pop_front(c_25, 1)
    cb_pop_front(c_0, Wt)
    cb_push_back(c_24, Wt)


async def square_by_the_helper(Wt: int) -> None:
    await square_helper(c_24, c_1, 1, Wt)


async def square_in_blocks(Wt: int) -> None:
    mul_init(c_24, c_24)
    await cb_wait_front(c_24, Wt)
    for first in range(0, Wt, DEST_AUTO_LIMIT()):
        count = min(DEST_AUTO_LIMIT(), Wt - first)
        await cb_reserve_back(c_1, count)
        tile_regs_acquire()
        for i in range(count):
            mul_tiles(c_24, c_24, first + i, first + i, i)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(count):
            pack_tile(i, c_1)
        tile_regs_release()
        cb_push_back(c_1, count)


async def narrow_by_the_helper(Wt: int) -> None:
    await binary(SUB, COL, c_0, c_25, c_24, 1, Wt, policy_b=TAKE)


async def narrow_and_pops_early(Wt: int) -> None:
    """Gives x back as soon as MATH has it, and reserves only then."""
    await cb_wait_front(c_25, 1)
    sub_bcast_cols_init(c_0, c_25)
    for _ in range(Wt):
        tile_regs_acquire()
        await cb_wait_front(c_0, 1)
        sub_tiles_bcast(c_0, c_25, 0, 0, 0, tBcastDim=COL)
        cb_pop_front(c_0, 1)
        tile_regs_commit()
        tile_regs_wait()
        await cb_reserve_back(c_24, 1)
        pack_tile(0, c_24)
        cb_push_back(c_24, 1)
        tile_regs_release()
    cb_pop_front(c_25, 1)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("08.1", center_by_the_helper),
        ("08.1", center_backwards_in_place),
        ("08.1", narrow_by_the_helper),
        ("08.2", square_by_the_helper),
        ("08.2", square_in_blocks),
        ("08.3", narrow_by_the_helper),
        ("08.3", narrow_and_pops_early),
    ],
)
def test_another_shape_passes(id: str, answer: Any) -> None:
    verdict = check(id, answer)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def square_that_pops(Wt: int) -> None:
    await square(Wt)
    cb_pop_front(c_24, Wt)


async def center_with_row_0(Wt: int) -> None:
    sub_bcast_rows_init(c_0, c_25)
    await cb_wait_front(c_0, Wt)
    await cb_wait_front(c_25, 1)
    await cb_reserve_back(c_24, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        sub_tiles_bcast(c_0, c_25, t, 0, 0, tBcastDim=BroadcastType.ROW)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_24)
        tile_regs_release()
    cb_push_back(c_24, Wt)
    cb_pop_front(c_0, Wt)
    cb_pop_front(c_25, 1)


async def a_mean_a_tile(Wt: int) -> None:
    await cb_wait_front(c_25, Wt)
    await center(Wt)


@pytest.mark.parametrize(
    ("id", "answer", "case", "said"),
    [
        ("08.1", center_with_row_0, "one tile", 'sub_tiles_bcast is carried out as "sub, row broadcast"'),
        ("08.1", a_mean_a_tile, "two rows of four tiles", "UNPACK asks for 4 pages of c_25, which has 2"),
        ("08.2", square_that_pops, "one tile", "Cause: a page was popped that is needed again."),
        ("08.3", center_by_the_helper, "two rows of four tiles", "Cause: a request is larger than its CB."),
    ],
)
def test_a_usual_mistake_is_told(id: str, answer: Any, case: str, said: str) -> None:
    verdict = check(id, answer)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


def test_what_is_given_in_08_3_hangs_as_soon_as_a_row_is_longer_than_its_buffer() -> None:
    verdict = check("08.3", exercise("08.3").reference["narrow_center"])
    assert verdict.passed
    given = exercise("08.3").given["narrow_center"]
    with pytest.raises(tt.DeviceHang):
        tt.generic_op(*centering(given, sample(3), pages=2))
    assert tt.generic_op(*centering(given, sample(2), pages=2)).cycles > 0


# ---- how long pages live, as the notebook tells it ----------------------------------------------------------------------


async def forgetful_hand_on(Wt: int) -> None:
    copy_init(c_24)
    await cb_wait_front(c_24, Wt)
    await cb_reserve_back(c_16, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        copy_tile(c_24, t, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
    cb_push_back(c_16, Wt)


def test_a_pop_too_few_shows_in_the_second_row_only() -> None:
    x = sample(3)
    run = tt.generic_op(*program(center, square, forgetful_hand_on, x=x))
    assert next(cb.left_over for cb in run.cbs if cb.index == c_24) == 3
    right = tt.generic_op(*program(center, square, hand_on, x=x)).output
    assert np.array_equal(run.output, right)
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*program(center, square, forgetful_hand_on, x=sample(3, 2)))
    assert caught.value.diagnosis.cause is Cause.NEVER_CONSUMED
    assert "PACK waits in cb_reserve_back(c_24, 3)" in str(caught.value)
    assert "(inside center line " in str(caught.value)


def test_a_narrow_center_needs_no_more_pages_for_a_longer_row_and_is_faster() -> None:
    for Wt in (4, 16):
        whole = tt.generic_op(*centering(center, sample(Wt), depth=1))
        narrow = tt.generic_op(*centering(narrow_center, sample(Wt), pages=2))
        assert np.array_equal(whole.output, narrow.output)
        assert narrow.cycles < whole.cycles
