"""The golden programs (tests/data/programs, programs_fp32) with their kernels translated line by line."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from golden import Case, assert_same, cases
from golden_kernels import Defines, Kernel, rd1, rd_a_b1, red, st_rd, st_wr, tilz, wr1
from test_fpu import assert_near

from ttlearn import compute
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.tile import to_rows

MOVES = (
    "loopback",
    "transpose",
    "untilize",
    "tilize",
    "pack_untilize",
    "roundtrip",
    "multicast",
    "semaphore",
    "fp32_tilize",
)
ADDS = ("eltwise_add", "fullsync_add", "bcast_add", "bcast_sub")


def named(*starts: str) -> pytest.MarkDecorator:
    return cases("programs", "programs_fp32", where=lambda case: case.name.startswith(starts))


# ---- kernels ------------------------------------------------------------------------------------------------


async def loop_dm() -> None:
    s0, d0, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    PB = get_compile_time_arg_val(0)
    as_ = TensorAccessorArgs(1)
    ad = TensorAccessorArgs(as_.next_compile_time_args_offset())
    S, D = TensorAccessor(as_, s0, PB), TensorAccessor(ad, d0, PB)
    l1 = get_write_ptr(0)
    for i in range(n):
        noc_async_read(S.get_noc_addr(i), l1, PB)
        await noc_async_read_barrier()
        noc_async_write(l1, D.get_noc_addr(i), PB)
        await noc_async_write_barrier()


async def rd2s() -> None:
    a0, b0, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2), get_arg_val(3)
    PB = get_compile_time_arg_val(0)
    aa = TensorAccessorArgs(1)
    ab = TensorAccessorArgs(aa.next_compile_time_args_offset())
    A, B = TensorAccessor(aa, a0, PB), TensorAccessor(ab, b0, PB)
    for i in range(start, start + n):
        await cb_reserve_back(0, 1)
        await cb_reserve_back(1, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), PB)
        noc_async_read(B.get_noc_addr(i), get_write_ptr(1), PB)
        await noc_async_read_barrier()
        cb_push_back(0, 1)
        cb_push_back(1, 1)


async def mm_rd() -> None:
    a0, b0, Mt, Kt, Nt = (get_arg_val(i) for i in range(5))
    PB = get_compile_time_arg_val(0)
    aa = TensorAccessorArgs(1)
    ab = TensorAccessorArgs(aa.next_compile_time_args_offset())
    A, B = TensorAccessor(aa, a0, PB), TensorAccessor(ab, b0, PB)
    for m in range(Mt):
        for n in range(Nt):
            for k in range(Kt):
                await cb_reserve_back(0, 1)
                noc_async_read(A.get_noc_addr(m * Kt + k), get_write_ptr(0), PB)
                await noc_async_read_barrier()
                cb_push_back(0, 1)
                await cb_reserve_back(1, 1)
                noc_async_read(B.get_noc_addr(k * Nt + n), get_write_ptr(1), PB)
                await noc_async_read_barrier()
                cb_push_back(1, 1)


async def st_rd4() -> None:
    a0, Ht = get_arg_val(0), get_arg_val(1)
    Wt, EB = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    stick = Wt * 32 * EB
    A = TensorAccessor(TensorAccessorArgs(2), a0, stick)
    for r in range(Ht):
        await cb_reserve_back(0, Wt)
        p = get_write_ptr(0)
        for i in range(32):
            noc_async_read(A.get_noc_addr(r * 32 + i), p, stick)
            p += stick
        await noc_async_read_barrier()
        cb_push_back(0, Wt)


def ew(defines: Defines) -> Kernel:
    OPI, OPT = getattr(compute, defines["OPI"]), getattr(compute, defines["OPT"])

    async def ew() -> None:
        n = get_arg_val(0)
        compute_kernel_hw_startup(0, 1, 16)
        OPI(0, 1)
        for _ in range(n):
            await cb_wait_front(0, 1)
            await cb_wait_front(1, 1)
            tile_regs_acquire()
            OPT(0, 1, 0, 0, 0)
            tile_regs_commit()
            await cb_reserve_back(16, 1)
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
            cb_pop_front(0, 1)
            cb_pop_front(1, 1)

    return ew


def ew8(defines: Defines) -> Kernel:
    OPI, OPT = getattr(compute, defines["OPI"]), getattr(compute, defines["OPT"])

    async def ew8() -> None:
        K = get_compile_time_arg_val(0)
        n = get_arg_val(0)
        compute_kernel_hw_startup(0, 1, 16)
        OPI(0, 1)
        for _ in range(0, n, K):
            await cb_wait_front(0, K)
            await cb_wait_front(1, K)
            tile_regs_acquire()
            for k in range(K):
                OPT(0, 1, k, k, k)
            tile_regs_commit()
            cb_pop_front(0, K)
            cb_pop_front(1, K)
            await cb_reserve_back(16, K)
            tile_regs_wait()
            for k in range(K):
                pack_tile(k, 16)
            tile_regs_release()
            cb_push_back(16, K)

    return ew8


def bc(defines: Defines) -> Kernel:
    BINIT, BOP = getattr(compute, defines["BINIT"]), getattr(compute, defines["BOP"])
    BDIM = BroadcastType[defines["BDIM"]]

    async def bc() -> None:
        n = get_arg_val(0)
        compute_kernel_hw_startup(0, 1, 16)
        BINIT(0, 1)
        await cb_wait_front(1, 1)
        for _ in range(n):
            await cb_wait_front(0, 1)
            tile_regs_acquire()
            BOP(0, 1, 0, 0, 0, tBcastDim=BDIM)
            tile_regs_commit()
            await cb_reserve_back(16, 1)
            tile_regs_wait()
            pack_tile(0, 16)
            tile_regs_release()
            cb_push_back(16, 1)
            cb_pop_front(0, 1)
        cb_pop_front(1, 1)

    return bc


async def mm() -> None:
    MN, Kt = get_arg_val(0), get_arg_val(1)
    compute_kernel_hw_startup(0, 1, 16, src_order=SrcOrder.Reverse)
    matmul_init(0, 1)
    for _ in range(MN):
        tile_regs_acquire()
        for _ in range(Kt):
            await cb_wait_front(0, 1)
            await cb_wait_front(1, 1)
            matmul_tiles(0, 1, 0, 0, 0)
            cb_pop_front(0, 1)
            cb_pop_front(1, 1)
        tile_regs_commit()
        tile_regs_wait()
        await cb_reserve_back(16, 1)
        pack_tile(0, 16)
        cb_push_back(16, 1)
        tile_regs_release()


async def tr() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    transpose_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        transpose_tile(0, 0, 0)
        tile_regs_commit()
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
        cb_pop_front(0, 1)


async def until() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    untilize_init(0)
    for _ in range(Ht):
        await cb_wait_front(0, Wt)
        await cb_reserve_back(16, Wt)
        untilize_block(0, Wt, 16)
        cb_push_back(16, Wt)
        cb_pop_front(0, Wt)
    untilize_uninit(0)


async def puntil() -> None:
    Wt, BCT = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    Ht = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    pack_untilize_init(0, 16, block_ct_dim=BCT, full_ct_dim=Wt)
    for _ in range(Ht):
        await cb_reserve_back(16, Wt)
        for c in range(Wt // BCT):
            await cb_wait_front(0, BCT)
            pack_untilize_block(0, 1, 16, c, block_ct_dim=BCT, full_ct_dim=Wt)
            cb_pop_front(0, BCT)
        cb_push_back(16, Wt)
    pack_untilize_uninit(16)


async def rt() -> None:
    Wt, BCT = get_compile_time_arg_val(0), get_compile_time_arg_val(1)
    Ht = get_arg_val(0)
    compute_kernel_hw_startup(0, 1)
    for _ in range(Ht):
        await cb_wait_front(0, Wt)
        await cb_reserve_back(1, Wt)
        tilize_init(0, Wt, 1)
        tilize_block(0, Wt, 1)
        tilize_uninit(0, 1)
        cb_push_back(1, Wt)
        cb_pop_front(0, Wt)
        await cb_reserve_back(16, Wt)
        pack_untilize_init(1, 16, block_ct_dim=BCT, full_ct_dim=Wt)
        for c in range(Wt // BCT):
            await cb_wait_front(1, BCT)
            pack_untilize_block(1, 1, 16, c, block_ct_dim=BCT, full_ct_dim=Wt)
            cb_pop_front(1, BCT)
        pack_untilize_uninit(16)
        cb_push_back(16, Wt)


async def mc_send() -> None:
    s0, d0, x0, y0, x1, y1, nrecv, rounds, ncore = (get_arg_val(i) for i in range(9))
    PB = get_compile_time_arg_val(0)
    as_ = TensorAccessorArgs(1)
    ad = TensorAccessorArgs(as_.next_compile_time_args_offset())
    S, D = TensorAccessor(as_, s0, PB), TensorAccessor(ad, d0, PB)
    ready = tt_l1_ptr(uint32_t, get_semaphore(0))
    valid = tt_l1_ptr(uint32_t, get_semaphore(1))
    l1 = get_write_ptr(0)
    mc = get_noc_multicast_addr(x0, y0, x1, y1, l1)
    ms = get_noc_multicast_addr(x0, y0, x1, y1, get_semaphore(1))
    for r in range(rounds):
        noc_async_read(S.get_noc_addr(r), l1, PB)
        await noc_async_read_barrier()
        await noc_semaphore_wait(ready, nrecv)
        noc_semaphore_set(ready, 0)
        noc_async_write_multicast(l1, mc, PB, nrecv)
        await noc_async_write_barrier()
        noc_semaphore_set(valid, 1)
        noc_semaphore_set_multicast(get_semaphore(1), ms, nrecv)
        await noc_async_write_barrier()
        noc_async_write(l1, D.get_noc_addr(r * ncore), PB)
        await noc_async_write_barrier()


async def mc_recv() -> None:
    d0, sx, sy, me, rounds, ncore = (get_arg_val(i) for i in range(6))
    PB = get_compile_time_arg_val(0)
    D = TensorAccessor(TensorAccessorArgs(1), d0, PB)
    valid = tt_l1_ptr(uint32_t, get_semaphore(1))
    ready = get_noc_addr(sx, sy, get_semaphore(0))
    for r in range(rounds):
        noc_semaphore_set(valid, 0)
        noc_semaphore_inc(ready, 1)
        await noc_semaphore_wait(valid, 1)
        noc_async_write(get_write_ptr(0), D.get_noc_addr(r * ncore + me), PB)
        await noc_async_write_barrier()


async def ring() -> None:
    d0, me, n, nx, ny = (get_arg_val(i) for i in range(5))
    D = TensorAccessor(TensorAccessorArgs(0), d0, 64)
    sem = tt_l1_ptr(uint32_t, get_semaphore(0))
    b = tt_l1_ptr(uint32_t, get_write_ptr(0))
    if me == 0:
        for i in range(16):
            b[i] = 1000 + i
    else:
        await noc_semaphore_wait(sem, me)
        for i in range(16):
            b[i] = b[i] * 3 + me
    noc_async_write(b.address, D.get_noc_addr(me), 64)
    await noc_async_write_barrier()
    if me + 1 < n:
        noc_async_write(b.address, get_noc_addr(nx, ny, b.address), 64)
        await noc_async_write_barrier()
        noc_semaphore_inc(get_noc_addr(nx, ny, get_semaphore(0)), me + 1)
        await noc_async_atomic_barrier()


KERNELS = {
    f.__name__: f
    for f in (
        *(bc, ew, ew8, loop_dm, mc_recv, mc_send, mm, mm_rd, puntil, rd1, rd2s, rd_a_b1, red, ring, rt),
        *(st_rd, st_rd4, st_wr, tilz, tr, until, wr1),
    )
}


# ---- tests --------------------------------------------------------------------------------------------------


def output(case: Case) -> Any:
    return golden.run(case, KERNELS).bits["o"]


def operand(case: Case, name: str) -> Any:
    """Values of an input as the FPU reads them: fp32 is cut to TF32 there, which the tolerances leave out."""
    return golden.values(case.arrays[name])


def test_every_program_is_compared() -> None:
    compared = (*MOVES, *ADDS, "eltwise_mul", "multicore_mul", "fp32_eltwise_mul", "bcast_mul", "matmul", "reduce")
    assert all(c.name.startswith(compared) for name in ("programs", "programs_fp32") for c in golden.load(name))


@named(*MOVES)
def test_moved_data_are_exactly_the_chips(case: Case) -> None:
    assert_same(output(case), case.arrays["o"])


@named("reduce_max")
def test_a_maximum_is_exactly_the_chips(case: Case) -> None:
    assert_same(output(case), case.arrays["o"])


@named(*ADDS)
def test_sums_are_the_chips_within_its_adders_precision(case: Case) -> None:
    # as in test_fpu: the chip rounds the smaller operand to the larger's unit, half of it is 2^-11 of the larger
    b = np.abs(operand(case, "b"))
    larger = np.maximum(np.abs(operand(case, "a")), b if len(b) > 1 else b.max())
    assert_near(output(case), case.arrays["o"], larger * 2.0**-11)


@named("eltwise_mul", "fp32_eltwise_mul")
def test_products_through_an_fp32_dst_are_exactly_the_chips(case: Case) -> None:
    assert_same(output(case), case.arrays["o"])


@named("multicore_mul", "bcast_mul")
def test_products_through_a_16_bit_dst_are_the_chips_within_two_units(case: Case) -> None:
    # the chip rounds DST after each of four phases, the model once
    expected = case.arrays["o"]
    assert_near(output(case), expected, np.abs(golden.values(expected)) * 2.0**-7)


@named("matmul")
def test_a_matrix_product_is_the_chips_within_its_rounding(case: Case) -> None:
    # fp32 DST, as in test_fpu: 8 products are aligned to the largest, 12 bits long: 8 * 2^-12 of the sum of |a||b|
    a, b = (np.abs(to_rows(operand(case, name))).reshape(4, 4, 32, 32) for name in "ab")
    magnitude = np.einsum("mkij,knjl->mnil", a, b).reshape(16, 32, 32)
    assert_near(to_rows(output(case)), to_rows(case.arrays["o"]), magnitude * 2.0**-9)


@named("reduce_sum")
def test_a_row_sum_is_the_chips_within_its_rounding(case: Case) -> None:
    # 16-bit DST, as in test_fpu: 3 tiles of 2 faces and 4 phases are 24 roundings of 2^-9: 4 to 5 * 2^-9
    a = np.abs(to_rows(operand(case, "a"))).reshape(2, 3, 32, 32)
    magnitude = np.zeros((2, 32, 32))
    magnitude[:, :, 0] = a.sum(axis=(1, 3)) * operand(case, "b")[0, 0]
    assert_near(to_rows(output(case)), to_rows(case.arrays["o"]), magnitude * 5 * 2.0**-9)
