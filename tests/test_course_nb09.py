"""Exercises of notebook 09: other right answers, what usual mistakes are told, and what epsilon does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.kernel_lib import InputPolicy, ReduceInputPolicy, binary, reduce
from ttlearn.layernorm.phases import run_phase
from ttlearn.learn import check
from ttlearn.learn.course import exercise
from ttlearn.learn.course.nb09 import inverse_std, squares, variance
from ttlearn.learn.one_phase import c_1, c_2, c_3, c_24, c_26, c_27, sample
from ttlearn.learn.variance_programs import mean_square, one_inverse
from ttlearn.learn.verdict import State

SUM, REDUCE_ROW = PoolType.SUM, ReduceDim.REDUCE_ROW
COL, SCALAR = BroadcastType.COL, BroadcastType.SCALAR
TAKE, KEEP = InputPolicy.WaitUpfrontPopAtEnd, InputPolicy.WaitUpfrontNoPop


def rsqrt(tile: int) -> None:
    rsqrt_tile_init()
    rsqrt_tile(tile)


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def variance_by_the_helper(Wt: int) -> None:
    await reduce(SUM, REDUCE_ROW, c_1, c_2, c_26, 1, Wt, policy=ReduceInputPolicy.WaitAndPopPerTile)


async def inverse_by_the_helper() -> None:
    await binary(EltwiseBinaryType.ELWADD, SCALAR, c_26, c_3, c_27, 1, 1, policy_a=TAKE, policy_b=KEEP, post_op=rsqrt)


async def inverse_that_pops_early() -> None:
    """Pops the variance early, and works in DST tile 3."""
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    add_bcast_scalar_init(c_26, c_3)
    tile_regs_acquire()
    add_tiles_bcast(c_26, c_3, 0, 0, 3, tBcastDim=SCALAR)
    rsqrt(3)
    tile_regs_commit()
    cb_pop_front(c_26, 1)
    tile_regs_wait()
    await cb_reserve_back(c_27, 1)
    pack_tile(3, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)


async def squares_backwards(Wt: int) -> int:
    """From the last tile on, in DST tile 1; reserves and waits late."""
    mul_init(c_24, c_24)
    await cb_wait_front(c_24, Wt)
    tile_regs_acquire()
    for t in reversed(range(Wt)):
        mul_tiles(c_24, c_24, t, t, 1)
    tile_regs_commit()
    await cb_reserve_back(c_1, 1)
    tile_regs_wait()
    pack_tile(1, c_1)
    cb_push_back(c_1, 1)
    tile_regs_release()
    return 1


@pytest.mark.parametrize(
    ("id", "answers"),
    [
        ("09.1", (variance_by_the_helper, inverse_by_the_helper)),
        ("09.1", (variance, inverse_that_pops_early)),
        ("09.2", (inverse_by_the_helper,)),
        ("09.2", (inverse_that_pops_early,)),
        ("09.3", (squares_backwards,)),
    ],
)
def test_another_shape_passes(id: str, answers: tuple[Any, ...]) -> None:
    verdict = check(id, *answers)
    assert verdict.passed, repr(verdict)


async def inverse_without_constants() -> None:
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    await cb_reserve_back(c_27, 1)
    add_bcast_scalar_init(c_26, c_3)
    tile_regs_acquire()
    add_tiles_bcast(c_26, c_3, 0, 0, 0, tBcastDim=SCALAR)
    rsqrt_tile(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)
    cb_pop_front(c_26, 1)


def test_an_init_that_the_model_can_do_without_is_asked_for() -> None:
    line = inverse_without_constants.__code__.co_firstlineno + 7
    assert check("09.1", variance, inverse_without_constants).problem == (
        "The output is right here, yet a chip may give another: rsqrt_tile_init is never called; on the chip it loads the "
        "constants of rsqrt_tile, which the model does without: call it before rsqrt_tile "
        f"(inverse_without_constants line {line}, in compute: `rsqrt_tile(0)`)."
    )


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def keeps_the_squares(Wt: int) -> None:
    await reduce(SUM, REDUCE_ROW, c_1, c_2, c_26, 1, Wt, policy=ReduceInputPolicy.WaitUpfrontNoPop)


async def pops_epsilon() -> None:
    await inverse_std()
    cb_pop_front(c_3, 1)


async def no_epsilon() -> None:
    copy_init(c_26)
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    await cb_reserve_back(c_27, 1)
    tile_regs_acquire()
    copy_tile(c_26, 0, 0)
    rsqrt(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)
    cb_pop_front(c_26, 1)


async def only_the_init_is_mended() -> None:
    add_bcast_scalar_init(c_26, c_3)
    await cb_wait_front(c_26, 1)
    await cb_wait_front(c_3, 1)
    await cb_reserve_back(c_27, 1)
    tile_regs_acquire()
    add_tiles_bcast(c_26, c_3, 0, 0, 0, tBcastDim=COL)
    rsqrt(0)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_27)
    tile_regs_release()
    cb_push_back(c_27, 1)
    cb_pop_front(c_26, 1)


async def returns_the_row(Wt: int) -> int:
    await squares(Wt)
    return Wt


@pytest.mark.parametrize(
    ("id", "answers", "case", "said"),
    [
        (
            "09.1",
            (keeps_the_squares, inverse_std),
            "variance alone, six rows of two tiles",
            "UNPACK (compute), the consumer of c_1, finished and popped none",
        ),
        ("09.1", (variance, pops_epsilon), "inverse_std alone, six times", "the producer of c_3, pushes only 1 page"),
        (
            "09.1",
            (variance, no_epsilon),
            "inverse_std alone, on 1 and on 0",
            "the first, row 1, column 0, should be 31.6228 and is inf",
        ),
        (
            "09.2",
            (only_the_init_is_mended,),
            "variance 1, and a row of 0",
            "Cause: the engine is configured for another operation.",
        ),
        ("09.3", (returns_the_row,), "two rows of four tiles", "UNPACK waits for a 4th"),
    ],
)
def test_a_usual_mistake_is_told(id: str, answers: tuple[Any, ...], case: str, said: str) -> None:
    verdict = check(id, *answers)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


def test_what_is_given_is_told_by_its_row_and_by_its_cycles() -> None:
    def said(id: str) -> str:
        (given,) = exercise(id).given.values()

        async def another(*args: int) -> Any:  # not the given one itself, which would be "not attempted"
            return await given(*args)

        return check(id, another).problem

    assert "32 of 1,024 elements are wrong; the first, row 1, column 0, should be 31.6228 and is inf" in said("09.2")
    assert "cycles (model); the goal is" in said("09.3")


# ---- what the notebook states ---------------------------------------------------------------------------------------


def test_without_epsilon_the_core_gives_inf_for_variance_0() -> None:
    zeros = np.zeros((32, 32))
    assert np.isposinf(tt.generic_op(*one_inverse(zeros, inverse_std, epsilon=0.0)).output).all()
    with_epsilon = tt.generic_op(*one_inverse(zeros, inverse_std, epsilon=1e-5)).output
    assert with_epsilon == pytest.approx(1 / np.sqrt(1e-5), rel=2**-7)


def test_a_row_of_96_hundreds_becomes_ones_and_recentre_makes_it_zeros() -> None:
    hundreds = np.full((32, 96), 100.0)
    assert run_phase(9, hundreds).output == pytest.approx(1, abs=0.01)
    assert not run_phase(9, hundreds, recentre=True).output.any()


def test_one_tile_of_squares_takes_one_page_and_fewer_cycles() -> None:
    given = exercise("09.3").given["squares"]
    for Wt in (4, 16):
        row, tile = (tt.generic_op(*mean_square(phase, variance, sample(Wt, 2))) for phase in (given, squares))
        assert tile.cycles < row.cycles
        assert [next(cb.high_water for cb in run.cbs if cb.index == c_1) for run in (row, tile)] == [Wt, 1]
