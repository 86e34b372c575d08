"""Exercises of notebook 07: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.kernel_lib import ReduceInputPolicy, prepare_reduce_scaler, reduce
from ttlearn.learn import check
from ttlearn.learn.course.nb07 import forgetful_mean, program, scaler_tile
from ttlearn.learn.course.nb07 import mean as the_mean
from ttlearn.learn.one_phase import c_0, c_2, c_16, c_25, sample
from ttlearn.learn.verdict import State

SUM, REDUCE_ROW = PoolType.SUM, ReduceDim.REDUCE_ROW


def weigh(tile: int, dst: int = 0) -> None:
    reduce_tile(c_0, c_2, tile, 0, dst, reduce_type=SUM, reduce_dim=REDUCE_ROW)


def init() -> None:
    reduce_init(c_0, c_2, c_25, reduce_type=SUM, reduce_dim=REDUCE_ROW)


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def by_the_helper(Wt: int) -> None:
    await reduce(SUM, REDUCE_ROW, c_0, c_2, c_25, 1, Wt, policy=ReduceInputPolicy.WaitUpfrontNoPop)


async def from_the_right_and_late(Wt: int) -> None:
    """Waits tile by tile, sums from the last tile on into DST tile 2, and reserves only before it packs."""
    for tiles in range(1, Wt + 1):
        await cb_wait_front(c_0, tiles)
    await cb_wait_front(c_2, 1)
    init()
    tile_regs_acquire()
    for tile in reversed(range(Wt)):
        weigh(tile, dst=2)
    tile_regs_commit()
    await cb_reserve_back(c_25, 1)
    tile_regs_wait()
    pack_tile(2, c_25)
    tile_regs_release()
    reduce_uninit(c_0)
    cb_push_back(c_25, 1)


async def average(Wt: int) -> None:
    """AVG is SUM: the weights come from the scaler."""
    reduce_init(c_0, c_2, c_25, reduce_type=PoolType.AVG, reduce_dim=REDUCE_ROW)
    await cb_wait_front(c_0, Wt)
    await cb_wait_front(c_2, 1)
    await cb_reserve_back(c_25, 1)
    tile_regs_acquire()
    for tile in range(Wt):
        reduce_tile(c_0, c_2, tile, 0, 0, reduce_type=PoolType.AVG, reduce_dim=REDUCE_ROW)
    tile_regs_commit()
    tile_regs_wait()
    pack_tile(0, c_25)
    tile_regs_release()
    reduce_uninit(c_0)
    cb_push_back(c_25, 1)


def bits(number: float) -> int:
    return int(np.float32(number).view(np.uint32)) >> 16


async def whole_tile(W: int) -> None:
    await cb_reserve_back(c_2, 1)
    tt_l1_ptr(np.uint16, get_write_ptr(c_2))[0:1024] = bits(1 / W)
    cb_push_back(c_2, 1)


async def word_by_word(W: int) -> None:
    """Two weights in each 32-bit word, and only the two faces that count."""
    await cb_reserve_back(c_2, 1)
    words = tt_l1_ptr(np.uint32, get_write_ptr(c_2))
    for first in (0, 128):
        for i in range(8):
            words[first + i] = bits(1 / W) << 16 | bits(1 / W)
    cb_push_back(c_2, 1)


async def scaler_by_the_helper(W: int) -> None:
    await prepare_reduce_scaler(c_2, 1 / W)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("07.1", by_the_helper),
        ("07.1", from_the_right_and_late),
        ("07.1", average),
        ("07.2", whole_tile),
        ("07.2", word_by_word),
        ("07.2", scaler_by_the_helper),
    ],
)
def test_another_shape_passes(id: str, answer: Any) -> None:
    verdict = check(id, answer)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def pops_the_row(Wt: int) -> None:
    await the_mean(Wt)
    cb_pop_front(c_0, Wt)


async def a_section_a_tile(Wt: int) -> None:
    init()
    await cb_wait_front(c_2, 1)
    await cb_wait_front(c_0, Wt)
    await cb_reserve_back(c_25, 1)
    for tile in range(Wt):
        tile_regs_acquire()
        weigh(tile)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_25)
        tile_regs_release()
    cb_push_back(c_25, 1)
    reduce_uninit(c_0)


async def first_32_words(W: int) -> None:
    await cb_reserve_back(c_2, 1)
    tile = tt_l1_ptr(np.uint16, get_write_ptr(c_2))
    tile[0:1024] = 0
    tile[0:32] = bits(1 / W)
    cb_push_back(c_2, 1)


async def column_0(W: int) -> None:
    await cb_reserve_back(c_2, 1)
    tile = tt_l1_ptr(np.uint16, get_write_ptr(c_2))
    tile[0:1024] = 0
    for face in range(4):
        for row in range(16):
            tile[256 * face + 16 * row] = bits(1 / W)
    cb_push_back(c_2, 1)


async def one_tile_wide(W: int) -> None:
    await scaler_tile(32)


@pytest.mark.parametrize(
    ("id", "answer", "case", "said"),
    [
        ("07.1", pops_the_row, "one tile", " of the given pass_on: `await cb_wait_front(c_0, Wt)`"),
        ("07.1", forgetful_mean, "one tile", "the first, row 0, column 33, should be"),
        ("07.1", a_section_a_tile, "two rows of four tiles", "c_25"),
        ("07.2", first_32_words, "one tile", "It runs to its end, and the output is wrong: 3"),
        ("07.2", column_0, "one tile", "It runs to its end, and the output is wrong: 3"),
        ("07.2", one_tile_wide, "two rows of four tiles", "the first, row 0, column 0, should be"),
    ],
)
def test_a_usual_mistake_is_told(id: str, answer: Any, case: str, said: str) -> None:
    verdict = check(id, answer)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


def test_means_made_by_numpy_are_not_accepted() -> None:
    """A phase that packs without summing has left the engine's work out, whatever its numbers."""

    async def copies_only(Wt: int) -> None:
        copy_init(c_0)
        await cb_wait_front(c_0, Wt)
        await cb_reserve_back(c_25, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_25)
        tile_regs_release()
        cb_push_back(c_25, 1)

    assert not check("07.1", copies_only).passed


# ---- what the notebook states ---------------------------------------------------------------------------------------


def test_the_forgetful_mean_lets_columns_0_and_16_through() -> None:
    x = sample(2)
    output = tt.generic_op(*program(forgetful_mean, x)).output
    copied = output[:, 32:]
    assert np.flatnonzero((copied == x).all(axis=0)).tolist() == [0, 16, 32, 48]
    assert not copied[:, [c for c in range(64) if c % 16]].any()


def test_c_16_is_where_the_row_goes_on() -> None:
    run = tt.generic_op(*program(x=sample(3, 2)))
    assert {cb.index: (cb.pushed, cb.popped) for cb in run.cbs}[c_16] == (6, 6)
