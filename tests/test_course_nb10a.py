"""Exercises of notebook 10a: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.errors import HostError
from ttlearn.learn import check
from ttlearn.learn.course import exercise, nb10a
from ttlearn.learn.verdict import State
from ttlearn.sim.arch import WORMHOLE_B0

c_0, c_1, c_16, c_24, c_27 = 0, 1, 16, 24, 27
COL, ROW = BroadcastType.COL, BroadcastType.ROW
section, normalize = nb10a.section, nb10a.normalize


# ---- right answers of another shape ---------------------------------------------------------------------------------


def backwards(first: int, block: int) -> None:
    """Its products from the last to the first; each tile packed to its own place."""
    tile_regs_acquire()
    for i in reversed(range(block)):
        mul_tiles_bcast(c_24, c_27, first + i, 0, i, tBcastDim=COL)
    tile_regs_commit()
    tile_regs_wait()
    for i in reversed(range(block)):
        pack_tile(i, c_1, first + i, out_of_order_output=True)
    tile_regs_release()


async def hands_on_each_block(Wt: int, section: Any) -> None:
    """Reserves, pushes and pops block by block, two tiles each."""
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_27, 1)
    for first in range(0, Wt, 2):
        block = min(2, Wt - first)
        await cb_wait_front(c_24, block)
        await cb_reserve_back(c_1, block)
        section(0, block)
        cb_push_back(c_1, block)
        cb_pop_front(c_24, block)
    cb_pop_front(c_27, 1)


async def tile_by_tile(Wt: int, section: Any) -> None:
    await cb_reserve_back(c_1, Wt)
    await cb_wait_front(c_27, 1)
    mul_bcast_cols_init(c_24, c_27)
    for t in range(Wt):
        await cb_wait_front(c_24, t + 1)
        section(t, 1)
    cb_pop_front(c_27, 1)
    cb_pop_front(c_24, Wt)
    cb_push_back(c_1, Wt)


@pytest.mark.parametrize("phase", [normalize, hands_on_each_block, tile_by_tile])
def test_another_loop_passes(phase: Any) -> None:
    verdict = check("10a.1", section, phase)
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize("phase", [normalize, tile_by_tile])
def test_another_order_within_a_section_passes(phase: Any) -> None:
    verdict = check("10a.1", backwards, phase)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


def a_tile_for_a_tile(first: int, block: int) -> None:
    tile_regs_acquire()
    for i in range(block):
        mul_tiles_bcast(c_24, c_27, first + i, first + i, i, tBcastDim=COL)
    tile_regs_commit()
    tile_regs_wait()
    for i in range(block):
        pack_tile(i, c_1)
    tile_regs_release()


def by_rows(first: int, block: int) -> None:
    tile_regs_acquire()
    for i in range(block):
        mul_tiles_bcast(c_24, c_27, first + i, 0, i, tBcastDim=ROW)
    tile_regs_commit()
    tile_regs_wait()
    for i in range(block):
        pack_tile(i, c_1)
    tile_regs_release()


def never_releases(first: int, block: int) -> None:
    tile_regs_acquire()
    for i in range(block):
        mul_tiles_bcast(c_24, c_27, first + i, 0, i, tBcastDim=COL)
    tile_regs_commit()
    tile_regs_wait()
    for i in range(block):
        pack_tile(i, c_1)


async def one_large_section(Wt: int, section: Any) -> None:
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_27, 1)
    await cb_reserve_back(c_1, Wt)
    section(0, Wt)
    cb_push_back(c_1, Wt)
    cb_pop_front(c_24, Wt)
    cb_pop_front(c_27, 1)


async def keeps_the_column(Wt: int, section: Any) -> None:
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_27, 1)
    await cb_reserve_back(c_1, Wt)
    for first in range(0, Wt, 4):
        section(first, min(4, Wt - first))
    cb_push_back(c_1, Wt)
    cb_pop_front(c_24, Wt)


async def forgets_the_last_block(Wt: int, section: Any) -> None:
    mul_bcast_cols_init(c_24, c_27)
    await cb_wait_front(c_24, Wt)
    await cb_wait_front(c_27, 1)
    await cb_reserve_back(c_1, Wt)
    for first in range(0, Wt // 4 * 4, 4):
        section(first, 4)
    cb_push_back(c_1, Wt)
    cb_pop_front(c_24, Wt)
    cb_pop_front(c_27, 1)


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        ((a_tile_for_a_tile, normalize), "two rows of four tiles", "mul_tiles_bcast"),
        ((by_rows, normalize), "two rows of four tiles", "the engine is programmed for another operation"),
        ((never_releases, normalize), "two rows of four tiles", "the first, row 32, column 0"),
        ((section, one_large_section), "rows of seven tiles, room for two, the column comes last", "holds 4"),
        ((section, keeps_the_column), "two rows of four tiles", "c_27"),
        ((section, forgets_the_last_block), "one tile", "from page 0 of c_1, which nobody had written"),
    ],
)
def test_a_usual_mistake_is_told_with_its_cause(answer: Any, case: str, said: str) -> None:
    verdict = check("10a.1", *answer)
    assert verdict.state is State.FAILED
    assert (verdict.case, said in verdict.problem) == (case, True), verdict.problem


# ---- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        (lambda Wt: {c_0: 64, c_1: Wt, c_24: Wt, c_16: 32}, "bytes of L1 for CBs; the goal is"),
        (lambda Wt: {c_0: 32, c_1: Wt, c_24: Wt - 1, c_16: 32}, "c_24"),
        (lambda Wt: {c_0: 16, c_1: Wt, c_24: Wt, c_16: 32}, "asks for 32 pages of c_0, which has 16"),
        (lambda Wt: {c_0: Wt, c_1: Wt, c_24: Wt, c_16: 32}, "asks for 32 pages of c_0, which has 2"),
        (lambda Wt: {c_0: 32, c_1: 2, c_24: 2, c_16: 32}, "asks for 8 pages of c_1, which has 2"),
    ],
)
def test_pages_that_are_too_many_or_too_few_are_told(pages: Any, said: str) -> None:
    problem = check("10a.2", pages).problem
    assert said in problem, problem


@pytest.mark.parametrize(
    ("index", "few", "enough"), [(c_0, 16, "raise c_0 from 16 to 32 pages"), (c_24, 1, "raise c_24 from 1 to 2 pages")]
)
def test_the_one_size_that_is_too_small_is_raised_and_tried(index: int, few: int, enough: str) -> None:
    table = {c_0: 32, c_1: 2, c_24: 2, c_16: 32}
    tensors, program = nb10a.op_with({**table, index: few}, Wt=2)
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(tensors, program)
    change = caught.value.diagnosis.change
    assert (change.text, change.outcome) == (enough, "tried: finishes, output not verified")
    tt.generic_op(*nb10a.op_with(table, Wt=2))  # and so it does


def test_room_for_two_rows_does_not_fit_the_widest_case_and_room_for_one_does() -> None:
    case = exercise("10a.2").cases[-1]
    assert case.name == "a row of 128 tiles"
    wide: Any = case.make(exercise("10a.2").given)
    with pytest.raises(HostError, match="bytes of L1"):
        tt.generic_op(wide.tensors, wide.program)
    narrow: Any = case.make(exercise("10a.2").reference)
    assert sum(cb.total_size for cb in narrow.program.cbs) < WORMHOLE_B0.l1_bytes - WORMHOLE_B0.cb_base


def test_the_helper_and_the_solution_give_the_same_bits() -> None:
    outputs = [tt.generic_op(*nb10a.program(phase, 7)).output for phase in (nb10a.in_blocks, nb10a.with_helper)]
    assert np.array_equal(*outputs)
    assert not np.isnan(outputs[0]).any()


def test_only_column_0_of_the_factors_counts() -> None:
    expected = nb10a.sample(4, 2) * nb10a.factors(2)
    for elsewhere in (0, 9, -1e30):
        output = tt.generic_op(*nb10a.program(elsewhere=elsewhere)).output
        assert np.allclose(output, expected, rtol=2**-7, atol=0)
