"""The golden programs that finish with wrong data (tests/data/wrong_data): the same wrong data, or a Violation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import golden
import numpy as np
import pytest
from golden import Case, assert_same, cases
from golden_kernels import p_cp, p_rd, p_wr, rd1, rd_a_b1, red, st_rd, st_wr, tilz, wr1
from test_fpu import assert_near

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.tile import to_rows

ROW_SUM = {"reduce_type": PoolType.SUM, "reduce_dim": ReduceDim.REDUCE_ROW}


# ---- kernels ------------------------------------------------------------------------------------------------


async def w04_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(0, n, 2):
        await cb_wait_front(0, 2)
        for k in range(2):
            tile_regs_acquire()
            copy_tile(0, k, 0)
            tile_regs_commit()
            await cb_reserve_back(16, 1)
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
        cb_pop_front(0, 2)


async def w04_rd() -> None:
    a0, n = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    for i in range(0, n, 2):
        await cb_reserve_back(0, 2)
        p = get_write_ptr(0)
        for k in range(2):
            noc_async_read(A.get_noc_addr(i + k), p, 2048)
            p += 2048
        await noc_async_read_barrier()
        cb_push_back(0, 2)


async def w06_rd() -> None:
    a0, b0, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    aa = TensorAccessorArgs(0)
    ab = TensorAccessorArgs(aa.next_compile_time_args_offset())
    A, B = TensorAccessor(aa, a0, 2048), TensorAccessor(ab, b0, 2048)
    await cb_reserve_back(1, 1)
    noc_async_read(B.get_noc_addr(0), get_write_ptr(1), 2048)
    await noc_async_read_barrier()
    cb_push_back(1, 1)
    for i in range(0, n, 2):
        await cb_reserve_back(0, 2)
        p = get_write_ptr(0)
        for k in range(2):
            noc_async_read(A.get_noc_addr(i + k), p, 2048)
            p += 2048
        await noc_async_read_barrier()
        cb_push_back(0, 2)


async def w06_wr() -> None:
    d0, n = get_arg_val(0), get_arg_val(1)
    D = TensorAccessor(TensorAccessorArgs(0), d0, 2048)
    for i in range(0, n, 2):
        await cb_wait_front(0, 2)
        p = get_read_ptr(0)
        for k in range(2):
            noc_async_write(p, D.get_noc_addr(i + k), 2048)
            p += 2048
        await noc_async_write_barrier()
        cb_pop_front(0, 2)
    await cb_wait_front(1, 1)
    noc_async_write(get_read_ptr(1), D.get_noc_addr(n), 2048)
    await noc_async_write_barrier()
    cb_pop_front(1, 1)


async def w12_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 1, 16)
    await cb_wait_front(1, 1)
    await cb_wait_front(0, 1)
    reduce_init(0, 1, 16, **ROW_SUM)
    tile_regs_acquire()
    reduce_tile(0, 1, 0, 0, 0, **ROW_SUM)
    tile_regs_commit()
    await cb_reserve_back(16, 1)
    tile_regs_wait()
    pack_tile(0, 16)
    tile_regs_release()
    cb_push_back(16, 1)
    cb_pop_front(0, 1)
    # reduce_uninit(0) forgotten
    add_init(0, 1)
    for _ in range(1, n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        add_tiles(0, 1, 0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
    cb_pop_front(1, 1)


async def w14_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 1, 16)
    mul_init(0, 1)
    tile_regs_acquire()
    for _ in range(n):  # one DST section for all tiles: mul accumulates into slot 0
        await cb_wait_front(0, 1)
        await cb_wait_front(1, 1)
        mul_tiles(0, 1, 0, 0, 0)
        cb_pop_front(0, 1)
    tile_regs_commit()
    await cb_reserve_back(16, 1)
    tile_regs_wait()
    pack_tile(0, 16)
    tile_regs_release()
    cb_push_back(16, 1)
    cb_pop_front(1, 1)


async def w16_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 1)
    for _ in range(n):
        await cb_wait_front(0, 2)
        await cb_reserve_back(1, 2)
        tilize_init(0, 2, 1)
        tilize_block(0, 2, 1)
        tilize_uninit(0, 1)
        cb_push_back(1, 2)
        cb_pop_front(0, 2)
        await cb_wait_front(1, 2)
        await cb_reserve_back(16, 2)
        pack_untilize_init(1, 16, block_ct_dim=2, full_ct_dim=2)
        pack_untilize_block(1, 1, 16, block_ct_dim=2, full_ct_dim=2)
        pack_untilize_uninit(16)
        cb_push_back(16, 2)
        cb_pop_front(1, 2)


async def w16_rd() -> None:
    a0, Ht = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 128)
    for r in range(Ht):
        await cb_reserve_back(0, 32)
        p = get_write_ptr(0)
        for i in range(32):
            noc_async_read(A.get_noc_addr(r * 32 + i), p, 128)
            p += 128
        await noc_async_read_barrier()
        cb_push_back(0, 32)


async def w21_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    for _ in range(n):
        await cb_wait_front(0, 2)
        await cb_reserve_back(16, 2)
        tilize_init(0, 1, 16)
        tilize_block(0, 1, 16, 0, 0)
        tilize_block(0, 1, 16, 1, 1)  # two blocks of 1 tile instead of one block of 2
        tilize_uninit(0, 16)
        cb_push_back(16, 2)
        cb_pop_front(0, 2)


async def w25_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(0, n, 2):
        await cb_wait_front(0, 2)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        copy_tile(0, 1, 1)
        tile_regs_commit()
        cb_pop_front(0, 2)
        await cb_reserve_back(16, 2)
        tile_regs_wait()
        pack_tile(0, 16)
        cb_push_back(16, 1)
        pack_tile(1, 16)
        pack_tile(0, 16)
        cb_push_back(16, 1)  # packs 3, pushes 2
        tile_regs_release()


KERNELS: dict[str, Any] = {
    f.__name__: f
    for f in (
        *(p_cp, p_rd, p_wr, rd1, rd_a_b1, red, st_rd, st_wr, tilz, w04_cp, w04_rd, w06_rd, w06_wr, w12_cp, w14_cp),
        *(w16_cp, w16_rd, w21_cp, w25_cp, wr1),
    )
}


# ---- tests --------------------------------------------------------------------------------------------------
MOVES = ("w06", "w08", "w21")
HAZARDS = ("w04", "w06", "w16", "w25", "w29")  # only these break a rule; the others are plain mistakes


def named(*starts: str) -> pytest.MarkDecorator:
    return cases("wrong_data", where=lambda case: case.name.startswith(starts))


def loose(case: Case) -> Any:
    return golden.run(case, KERNELS, strict=False).bits["o"]


def tiles(case: Case, name: str) -> Any:
    return to_rows(golden.values(case.arrays[name]))


@named(*MOVES)
def test_misplaced_data_are_exactly_the_chips(case: Case) -> None:
    assert_same(loose(case), case.arrays["o"])


@named("w04")
def test_past_the_rings_end_the_reader_never_wraps_and_compute_wraps_by_subtraction(case: Case) -> None:
    written, read = [], []  # where each finds its next page; the golden case's `note` lists them

    async def reader() -> None:
        for _ in range(6):
            written.append(get_write_ptr(0) // 2048)
            cb_push_back(0, 2)

    async def compute() -> None:
        for _ in range(6):
            address = await get_tile_address(0, 0)
            if UNPACK():
                read.append(address // 2048)
            cb_pop_front(0, 2)

    async def writer() -> None:
        pass

    golden.run(replace(case, texts=None), {"w04_rd": reader, "w04_cp": compute, "p_wr": writer}, strict=False)
    assert [page - written[0] for page in written] == [0, 2, 4, 6, 8, 10]
    assert [page - read[0] for page in read] == [0, 2, 1, 0, 2, 1]


@named("w16")
def test_a_shifted_second_row_is_the_chips_except_for_sticks_still_under_way(case: Case) -> None:
    # the last two rows are sticks 32 and 33, read before they are pushed: ttsim lands a read at once, DRAM does not
    assert_same(loose(case)[:62], case.arrays["o"][:62])


@named("w12")
def test_without_reduce_uninit_later_packs_keep_columns_0_and_16(case: Case) -> None:
    got, expected = to_rows(loose(case))[1:], to_rows(case.arrays["o"])[1:]
    larger = np.maximum(np.abs(tiles(case, "a")[1:]), np.abs(tiles(case, "b")))
    assert_near(got, expected, larger * 2.0**-11)  # the adder's precision, as in test_fpu
    assert (np.delete(got, (0, 16), axis=2) == 0).all()


@named("w14")
def test_products_in_one_section_add_up(case: Case) -> None:
    # 16-bit DST: 3 products of 4 phases are 12 roundings of half a unit, 2^-9, which grow with their root
    magnitude = (np.abs(golden.values(case.arrays["a"])) * np.abs(golden.values(case.arrays["b"]))).sum(axis=0)
    assert_near(loose(case), case.arrays["o"], magnitude[None] * 4 * 2.0**-9)


@named("w17")
def test_a_scaler_in_face_0_sums_columns_0_to_15(case: Case) -> None:
    # 16-bit DST: 2 faces of 4 phases are 8 roundings of 2^-9
    magnitude = np.zeros((2, 32, 32))
    magnitude[:, :, 0] = (np.abs(tiles(case, "a")) * tiles(case, "b")[0, 0]).sum(axis=2)
    assert_near(to_rows(loose(case)), to_rows(case.arrays["o"]), magnitude * 3 * 2.0**-9)


@named(*HAZARDS)
def test_a_hazard_is_a_violation(case: Case) -> None:
    with pytest.raises(tt.Violation):
        golden.run(case, KERNELS)


@named(*HAZARDS)
def test_a_hazard_is_listed_when_not_strict(case: Case) -> None:
    assert golden.run(case, KERNELS, strict=False).run.violations


@cases("wrong_data", where=lambda case: not case.name.startswith(HAZARDS))
def test_a_mistake_that_breaks_no_rule_finishes_in_strict_mode_too(case: Case) -> None:
    assert_same(golden.run(case, KERNELS).bits["o"], loose(case))
