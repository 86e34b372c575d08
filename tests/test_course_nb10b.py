"""Exercises of notebook 10b: other right answers, and what usual mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.debug.hang.causes import Cause
from ttlearn.kernel_lib import InputPolicy, OutputPolicy, binary
from ttlearn.layernorm import compute as phases
from ttlearn.learn import affine, check
from ttlearn.learn.course import nb10b
from ttlearn.learn.one_phase import sample
from ttlearn.learn.verdict import State

c_1, c_4, c_6, c_7, c_24 = 1, 4, 6, 7, 24
ROW, COL = BroadcastType.ROW, BroadcastType.COL
MUL, ADD = EltwiseBinaryType.ELWMUL, EltwiseBinaryType.ELWADD
TAKE, KEEP = InputPolicy.WaitUpfrontPopAtEnd, InputPolicy.WaitUpfrontNoPop
scale, shift = nb10b.scale, nb10b.shift


# ---- right answers of another shape ---------------------------------------------------------------------------------


async def helper_scale(Wt: int, x: int, out: int) -> None:
    await binary(MUL, ROW, x, c_6, out, 1, Wt, policy_a=TAKE, policy_b=KEEP, output=OutputPolicy.Bulk)


async def helper_shift(Wt: int, x: int, out: int) -> None:
    await binary(ADD, ROW, x, c_7, out, 1, Wt, policy_a=TAKE, policy_b=KEEP, output=OutputPolicy.Bulk)


async def streaming_scale(Wt: int, x: int, out: int) -> None:
    """Waits, hands on and gives back tile by tile; gamma by a wait that grows."""
    mul_bcast_rows_init(x, c_6)
    for t in range(Wt):
        await cb_wait_front(c_6, t + 1)
        await cb_wait_front(x, 1)
        tile_regs_acquire()
        mul_tiles_bcast(x, c_6, 0, t, 0, tBcastDim=ROW)
        tile_regs_commit()
        cb_pop_front(x, 1)
        await cb_reserve_back(out, 1)
        tile_regs_wait()
        pack_tile(0, out)
        tile_regs_release()
        cb_push_back(out, 1)


async def shift_in_blocks(Wt: int, x: int, out: int) -> None:
    await cb_wait_front(c_7, Wt)
    await cb_wait_front(x, Wt)
    await cb_reserve_back(out, Wt)
    add_bcast_rows_init(x, c_7)
    for first in range(0, Wt, 3):
        block = min(3, Wt - first)
        tile_regs_acquire()
        for i in range(block):
            add_tiles_bcast(x, c_7, first + i, first + i, i, tBcastDim=ROW)
        tile_regs_commit()
        tile_regs_wait()
        for i in range(block):
            pack_tile(i, out)
        tile_regs_release()
    cb_pop_front(x, Wt)
    cb_push_back(out, Wt)


@pytest.mark.parametrize("answer", [(helper_scale, helper_shift), (streaming_scale, shift), (scale, shift_in_blocks)])
def test_another_shape_of_scale_and_shift_passes(answer: Any) -> None:
    verdict = check("10b.1", *answer)
    assert verdict.passed, repr(verdict)


async def by_helper(Wt: int) -> None:
    await phases.tilize_gamma(Wt, True)


async def pops_late(Wt: int) -> None:
    await cb_reserve_back(c_6, Wt)
    await cb_wait_front(c_4, 1)
    tilize_init(c_4, Wt, c_6)
    tilize_block(c_4, Wt, c_6)
    tilize_uninit(c_4, c_6)
    cb_pop_front(c_4, 1)
    cb_push_back(c_6, Wt)


@pytest.mark.parametrize("answer", [by_helper, pops_late])
def test_another_tilize_of_gamma_passes(answer: Any) -> None:
    assert check("10b.2", answer).passed


async def scales_before_it_normalizes(Wt: int, sticks: bool) -> None:
    await phases.tilize_input(Wt, sticks, c_1)
    await phases.mean(Wt, c_1)
    await phases.center(Wt, c_1, c_24)
    await phases.square_centered(Wt, c_24, c_1)
    await phases.variance(Wt, c_1)
    await phases.scale(Wt, c_24, c_1)
    await phases.inverse_std()
    await phases.normalize(Wt, c_1, c_24)
    await phases.shift(Wt, c_24, c_1)
    await phases.untilize_output(Wt, c_1, sticks)


async def the_other_way_round(Wt: int, sticks: bool) -> None:
    """c_24 where the solution has c_1."""
    await phases.tilize_input(Wt, sticks, c_24)
    await phases.mean(Wt, c_24)
    await phases.center(Wt, c_24, c_1)
    await phases.square_centered(Wt, c_1, c_24)
    await phases.variance(Wt, c_24)
    await phases.inverse_std()
    await phases.normalize(Wt, c_1, c_24)
    await phases.scale(Wt, c_24, c_1)
    await phases.shift(Wt, c_1, c_24)
    await phases.untilize_output(Wt, c_24, sticks)


@pytest.mark.parametrize("answer", [scales_before_it_normalizes, the_other_way_round])
def test_another_order_of_the_phases_passes(answer: Any) -> None:
    verdict = check("10b.3", answer)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def pops_gamma(Wt: int, x: int, out: int) -> None:
    await binary(MUL, ROW, x, c_6, out, 1, Wt, policy_a=TAKE, policy_b=TAKE, output=OutputPolicy.Bulk)


async def gamma_by_columns(Wt: int, x: int, out: int) -> None:
    await binary(MUL, COL, x, c_6, out, 1, Wt, policy_a=TAKE, policy_b=KEEP, output=OutputPolicy.Bulk)


async def one_tile_of_gamma(Wt: int, x: int, out: int) -> None:
    mul_bcast_rows_init(x, c_6)
    await cb_wait_front(x, Wt)
    await cb_wait_front(c_6, 1)
    await cb_reserve_back(out, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        mul_tiles_bcast(x, c_6, t, 0, 0, tBcastDim=ROW)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, out)
        tile_regs_release()
    cb_push_back(out, Wt)
    cb_pop_front(x, Wt)


async def no_init(Wt: int, x: int, out: int) -> None:
    await cb_wait_front(x, Wt)
    await cb_wait_front(c_7, Wt)
    await cb_reserve_back(out, Wt)
    for t in range(Wt):
        tile_regs_acquire()
        add_tiles_bcast(x, c_7, t, t, 0, tBcastDim=ROW)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, out)
        tile_regs_release()
    cb_push_back(out, Wt)
    cb_pop_front(x, Wt)


@pytest.mark.parametrize(
    ("answer", "case", "said"),
    [
        ((pops_gamma, shift), "scale alone, two rows of two tiles", "the producer of c_6, finished"),
        ((gamma_by_columns, shift), "scale alone, one tile", "elements are wrong; the first, row 0"),
        ((one_tile_of_gamma, shift), "scale alone, two rows of two tiles", "row 0, column 32"),
        ((scale, no_init), "shift alone, one tile", "compute_kernel_hw_startup has run, but no operation's init"),
    ],
)
def test_a_usual_mistake_in_scale_or_shift_is_told(answer: Any, case: str, said: str) -> None:
    verdict = check("10b.1", *answer)
    assert verdict.state is State.FAILED
    assert (verdict.case, said in verdict.problem) == (case, True), verdict.problem


async def waits_for_tiles(Wt: int) -> None:
    await phases.tilize_gamma(Wt, False)


def test_a_tilize_that_counts_tiles_waits_for_ever_from_two_tiles_on() -> None:
    verdict = check("10b.2", waits_for_tiles)
    assert verdict.case == "two rows of four tiles"
    assert "NCRISC (reader)" in verdict.problem and "c_4" in verdict.problem


STEPS = ("tilize_input", "mean", "center", "square_centered", "variance", "inverse_std", "normalize", "scale", "shift")
STEPS += ("untilize_output",)


async def step(name: str, Wt: int, sticks: bool, c_1: int = c_1, c_24: int = c_24) -> None:
    """One line of the solution, with other buffers if asked for."""
    buffers = {"tilize_input": (sticks, c_1), "untilize_output": (c_1, sticks), "mean": (c_1,), "variance": (c_1,)}
    buffers |= dict.fromkeys(("center", "scale"), (c_1, c_24))
    buffers |= dict.fromkeys(("square_centered", "normalize", "shift"), (c_24, c_1))
    await (phases.inverse_std() if name == "inverse_std" else getattr(phases, name)(Wt, *buffers[name]))


def without(left_out: str) -> Any:
    async def tile_row(Wt: int, sticks: bool) -> None:
        for name in STEPS:
            if name != left_out:
                await step(name, Wt, sticks)

    return tile_row


def exchanged(other: str) -> Any:
    """The solution with c_1 and c_24 exchanged in one phase."""

    async def tile_row(Wt: int, sticks: bool) -> None:
        for name in STEPS:
            await step(name, Wt, sticks, *((c_24, c_1) if name == other else ()))

    return tile_row


def test_the_steps_are_the_solution() -> None:
    assert check("10b.3", without("nothing")).passed
    assert check("10b.3", exchanged("nothing")).passed


@pytest.mark.parametrize("phase", STEPS)
def test_no_phase_may_be_left_out(phase: str) -> None:
    assert check("10b.3", without(phase)).state is State.FAILED


async def without_inverse_std(Wt: int, sticks: bool) -> None:
    await phases.tilize_input(Wt, sticks, c_1)
    await phases.mean(Wt, c_1)
    await phases.center(Wt, c_1, c_24)
    await phases.square_centered(Wt, c_24, c_1)
    await phases.variance(Wt, c_1)
    await phases.normalize(Wt, c_24, c_1)
    await phases.scale(Wt, c_1, c_24)
    await phases.shift(Wt, c_24, c_1)
    await phases.untilize_output(Wt, c_1, sticks)


def test_a_forgotten_phase_is_told_by_the_cb_that_it_should_fill_and_by_the_learners_line() -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*affine.op(affine.whole_with(without_inverse_std), sample(4, 2)))
    diagnosis = caught.value.diagnosis
    assert diagnosis.cause is Cause.NEVER_PRODUCED
    line = without_inverse_std.__code__.co_firstlineno + 6
    start = diagnosis.sentence.partition(" (inside ")[0]
    assert start == f"UNPACK waits in cb_wait_front(c_27, 1) at without_inverse_std line {line}"
    assert diagnosis.sentence.partition("): ")[2] == (
        "`await phases.normalize(Wt, c_24, c_1)`, but no kernel of this core ever pushes c_27: cb_push_back(c_27, …) is "
        "missing; NCRISC (reader) pushes c_3, which nobody waits for: they should be one, or a step from c_3 to c_27 is missing"
    )
    assert diagnosis.change.text.startswith(
        "let an earlier phase of the compute kernel, or whoever has the data, reserve"
    )
    assert "BRISC" in {role for _, role in (stop.place for stop in diagnosis.victims)}


@pytest.mark.parametrize(("phase", "cb"), [("mean", 25), ("variance", 26), ("untilize_output", 16)])
def test_of_kernels_whose_calls_cannot_be_told_the_engine_lacks_first(phase: str, cb: int) -> None:
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*affine.op(affine.whole_with(without(phase)), sample(4, 2)))
    stop = caught.value.diagnosis.root.stop
    assert (caught.value.diagnosis.cause, stop.cb.index) == (Cause.NEVER_PRODUCED, cb)


@pytest.mark.parametrize("phase", [name for name in STEPS if name != "inverse_std"])
def test_no_phase_may_have_the_other_buffer(phase: str) -> None:
    assert check("10b.3", exchanged(phase)).state is State.FAILED


# ---- what the notebook tells ------------------------------------------------------------------------------------------


def test_only_row_0_of_the_tiles_of_gamma_counts() -> None:
    vector, x = affine.gamma_of(3), sample(3, 2)
    expected = x * vector
    for elsewhere in (0.0, 9.0, -1e30):
        output = tt.generic_op(*affine.alone(scale, c_6, affine.in_row_0(vector, elsewhere), x)).output
        assert np.allclose(output, expected, rtol=2**-7, atol=0)


def test_one_stick_of_room_gives_right_numbers_by_luck_and_a_violation() -> None:
    x = sample(4, 2)
    small = affine.op(affine.affine_with(), x, table={c_4: 1})
    expected = x * affine.gamma_of(4) + affine.beta_of(4)
    assert np.allclose(tt.generic_op(*small, strict=False).output, expected, rtol=1e-2, atol=5e-2)
    with pytest.raises(tt.Violation, match=r"reads page 0 of c_4"):
        tt.generic_op(*small)
