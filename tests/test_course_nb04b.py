"""Exercises of notebook 04b: other right answers, usual mistakes, and what the notebook says of sections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.learn import check
from ttlearn.learn.course import exercise
from ttlearn.learn.course.nb04b import relu
from ttlearn.learn.hangs.engine import compute_never_commits, compute_never_releases
from ttlearn.learn.hangs.entry import c_0, c_16, c_24, numbers
from ttlearn.learn.sections import relu_in_sections, section
from ttlearn.learn.through import in_blocks, through
from ttlearn.learn.verdict import State

# ---- right answers of another shape ---------------------------------------------------------------------------------


async def pops_early() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    for _ in range(get_arg_val(0)):
        tile_regs_acquire()
        await cb_wait_front(c_0, 1)
        copy_init(c_0)
        copy_tile(c_0, 0, 3)
        cb_pop_front(c_0, 1)
        relu_tile_init()
        relu_tile(3)
        tile_regs_commit()
        await cb_reserve_back(c_16, 1)
        tile_regs_wait()
        pack_tile(3, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)


async def by_the_packer() -> None:
    """No SFPU: the packer makes negative values 0."""
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    pack_relu_config(ReluConfig.zero())
    for _ in range(get_arg_val(0)):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)


async def both_in_one_section() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(0, get_arg_val(0), 2):
        await cb_wait_front(c_0, 2)
        await cb_reserve_back(c_16, 2)
        tile_regs_acquire()
        for k in range(2):
            copy_tile(c_0, k, k)
        tile_regs_commit()
        tile_regs_wait()
        for k in range(2):
            pack_tile(k, c_16)
        tile_regs_release()
        cb_push_back(c_16, 2)
        cb_pop_front(c_0, 2)


async def one_by_one() -> None:
    compute_kernel_hw_startup(c_0, c_16)
    copy_init(c_0)
    for _ in range(get_arg_val(0)):
        await cb_wait_front(c_0, 1)
        await cb_reserve_back(c_16, 1)
        tile_regs_acquire()
        copy_tile(c_0, 0, 0)
        tile_regs_commit()
        tile_regs_wait()
        pack_tile(0, c_16)
        tile_regs_release()
        cb_push_back(c_16, 1)
        cb_pop_front(c_0, 1)


async def products_first() -> None:
    """All products of a block, then all sums, with the pops another way round."""
    compute_kernel_hw_startup(c_0, c_0, c_16)
    n = DEST_AUTO_LIMIT()
    for _ in range(get_arg_val(0) // n):
        mul_init(c_0, c_0)
        await cb_wait_front(c_0, n)
        await section(mul_tiles, c_0, c_0, c_24, n)
        await cb_wait_front(c_24, n)
        add_init(c_0, c_24)
        await section(add_tiles, c_0, c_24, c_16, n)
        cb_pop_front(c_0, n)
        cb_pop_front(c_24, n)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("04b.1", pops_early),
        ("04b.1", by_the_packer),
        ("04b.1", relu_in_sections(1)),
        ("04b.2", both_in_one_section),
        ("04b.2", one_by_one),
        ("04b.3", products_first),
    ],
)
def test_another_shape_passes(id: str, answer: Any) -> None:
    verdict = check(id, answer)
    assert verdict.passed, repr(verdict)


# ---- usual mistakes -----------------------------------------------------------------------------------------------


async def no_relu() -> None:
    await one_by_one()


def squares(block: int) -> Any:
    async def square_plus() -> None:
        compute_kernel_hw_startup(c_0, c_0, c_16)
        for _ in range(0, get_arg_val(0), block):
            await cb_wait_front(c_0, block)
            mul_init(c_0, c_0)
            await section(mul_tiles, c_0, c_0, c_24, block)
            await cb_wait_front(c_24, block)
            add_init(c_24, c_0)
            await section(add_tiles, c_24, c_0, c_16, block)
            cb_pop_front(c_24, block)
            cb_pop_front(c_0, block)

    return square_plus


async def one_init_for_all() -> None:
    compute_kernel_hw_startup(c_0, c_0, c_16)
    mul_init(c_0, c_0)
    n = DEST_AUTO_LIMIT()
    for _ in range(0, get_arg_val(0), n):
        await cb_wait_front(c_0, n)
        await section(mul_tiles, c_0, c_0, c_24, n)
        await cb_wait_front(c_24, n)
        await section(add_tiles, c_24, c_0, c_16, n)
        cb_pop_front(c_24, n)
        cb_pop_front(c_0, n)


@pytest.mark.parametrize(
    ("id", "answer", "case", "said"),
    [
        ("04b.1", no_relu, "one tile", "elements are wrong"),
        ("04b.1", compute_never_commits, "one tile", "the kernel never calls tile_regs_commit()"),
        ("04b.1", relu_in_sections(2), "one tile", "cb_wait_front(c_0, 2)"),
        ("04b.2", compute_never_releases, "one pair", "elements are wrong; the first, row 0, column 32,"),
        ("04b.3", squares(2), "16 tiles", "cycles (model); the goal is "),
        ("04b.3", squares(4), "64 tiles", "cycles (model); the goal is "),
        ("04b.3", squares(8), "64 tiles with fp32 DST", "DST tile 4 does not exist: a section holds 4 tiles"),
        ("04b.3", squares(16), "16 tiles", "DST tile 8 does not exist: a section holds 8 tiles"),
        ("04b.3", one_init_for_all, "16 tiles", "It runs to its end, and the output is wrong"),
    ],
)
def test_a_usual_mistake_is_told_with_its_cause(id: str, answer: Any, case: str, said: str) -> None:
    verdict = check(id, answer)
    assert verdict.state is State.FAILED
    assert verdict.case == case
    assert said in verdict.problem


# ---- what the notebook says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "hangs"), [(1, False), (2, False), (3, True), (8, True)])
def test_without_release_two_tiles_pass_and_the_third_stops(n: int, hangs: bool) -> None:
    launch = through(compute_never_releases, numbers(n))
    if not hangs:
        assert tt.generic_op(*launch).counters["math_ops"] == n
        return
    with pytest.raises(tt.DeviceHang) as caught:
        tt.generic_op(*launch)
    assert caught.value.run.counters["math_ops"] == 2


def test_one_release_for_two_gives_wrong_tiles_first_and_hangs_later() -> None:
    pairs = exercise("04b.2").given["pairs"]
    assert tt.generic_op(*through(pairs, numbers(4), 4)).output[0, ::32].tolist() == [1, 1, 2, 2]
    with pytest.raises(tt.DeviceHang, match="acquire 8, commit 8, wait 8, release 4"):
        tt.generic_op(*through(pairs, numbers(8), 4))


@pytest.mark.parametrize(("full", "fp32"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_section_takes_as_many_tiles_as_it_says(full: bool, fp32: bool) -> None:
    config = tt.ComputeConfigDescriptor(dst_full_sync_en=full, fp32_dest_acc_en=fp32)
    limit = (16 if full else 8) // (2 if fp32 else 1)
    run = tt.generic_op(*in_blocks(relu_in_sections(limit), numbers(32), config, 16))
    assert np.array_equal(run.output, numbers(32))
    with pytest.raises(tt.KernelError, match=f"DST tile {limit} does not exist"):
        tt.generic_op(*in_blocks(relu_in_sections(2 * limit), numbers(32), config, 16))


def test_one_section_of_all_makes_math_and_pack_take_turns() -> None:
    halves = tt.generic_op(*in_blocks(relu, numbers(64)))
    whole = tt.generic_op(*in_blocks(relu, numbers(64), tt.ComputeConfigDescriptor(dst_full_sync_en=True)))
    assert np.array_equal(halves.output, whole.output)
    assert halves.cycles < whole.cycles
