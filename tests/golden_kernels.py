"""The golden kernels that several sets share, translated line by line; the C++ text is in tests/data/*.json.

A kernel that C++ specialises by defines is a function of them here (`red`, and `ew` in the test files).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ttlearn.compute import *
from ttlearn.dataflow import *

Defines = dict[str, str]
Kernel = Callable[[], Any]


async def rd1() -> None:
    a0, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    PB = get_compile_time_arg_val(0)
    A = TensorAccessor(TensorAccessorArgs(1), a0, PB)
    for i in range(start, start + n):
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), PB)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def rd_a_b1() -> None:
    a0, b0, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    PB = get_compile_time_arg_val(0)
    aa = TensorAccessorArgs(1)
    ab = TensorAccessorArgs(aa.next_compile_time_args_offset())
    A, B = TensorAccessor(aa, a0, PB), TensorAccessor(ab, b0, PB)
    await cb_reserve_back(1, 1)
    noc_async_read(B.get_noc_addr(0), get_write_ptr(1), PB)
    await noc_async_read_barrier()
    cb_push_back(1, 1)
    for i in range(n):
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), PB)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def wr1() -> None:
    d0, start, n = get_arg_val(0), get_arg_val(1), get_arg_val(2)
    PB = get_compile_time_arg_val(0)
    D = TensorAccessor(TensorAccessorArgs(1), d0, PB)
    for i in range(start, start + n):
        await cb_wait_front(16, 1)
        noc_async_write(get_read_ptr(16), D.get_noc_addr(i), PB)
        await noc_async_write_barrier()
        cb_pop_front(16, 1)


async def st_rd() -> None:
    a0, Ht = get_arg_val(0), get_arg_val(1)
    Wt = get_compile_time_arg_val(0)
    stick = Wt * 64
    A = TensorAccessor(TensorAccessorArgs(1), a0, stick)
    for r in range(Ht):
        await cb_reserve_back(0, Wt)
        p = get_write_ptr(0)
        for i in range(32):
            noc_async_read(A.get_noc_addr(r * 32 + i), p, stick)
            p += stick
        await noc_async_read_barrier()
        cb_push_back(0, Wt)


async def st_wr() -> None:
    d0, Ht = get_arg_val(0), get_arg_val(1)
    Wt = get_compile_time_arg_val(0)
    stick = Wt * 64
    D = TensorAccessor(TensorAccessorArgs(1), d0, stick)
    for r in range(Ht):
        await cb_wait_front(16, Wt)
        p = get_read_ptr(16)
        for i in range(32):
            noc_async_write(p, D.get_noc_addr(r * 32 + i), stick)
            p += stick
        await noc_async_write_barrier()
        cb_pop_front(16, Wt)


async def tilz() -> None:
    Wt, Ht = get_compile_time_arg_val(0), get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    tilize_init(0, Wt, 16)
    for _ in range(Ht):
        await cb_wait_front(0, Wt)
        await cb_reserve_back(16, Wt)
        tilize_block(0, Wt, 16)
        cb_push_back(16, Wt)
        cb_pop_front(0, Wt)
    tilize_uninit(0, 16)


def red(defines: Defines) -> Kernel:
    of = {"reduce_type": PoolType[defines["RP"]], "reduce_dim": ReduceDim[defines["RD"]]}

    async def red() -> None:
        groups, K = get_arg_val(0), get_arg_val(1)
        compute_kernel_hw_startup(0, 1, 16)
        reduce_init(0, 1, 16, **of)
        await cb_wait_front(1, 1)
        for _ in range(groups):
            tile_regs_acquire()
            for _ in range(K):
                await cb_wait_front(0, 1)
                reduce_tile(0, 1, 0, 0, 0, **of)
                cb_pop_front(0, 1)
            tile_regs_commit()
            tile_regs_wait()
            await cb_reserve_back(16, 1)
            pack_tile(0, 16)
            cb_push_back(16, 1)
            tile_regs_release()
        reduce_uninit(0)
        cb_pop_front(1, 1)

    return red


async def p_rd() -> None:
    a0, n = get_arg_val(0), get_arg_val(1)
    A = TensorAccessor(TensorAccessorArgs(0), a0, 2048)
    for i in range(n):
        await cb_reserve_back(0, 1)
        noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048)
        await noc_async_read_barrier()
        cb_push_back(0, 1)


async def p_wr() -> None:
    d0, n = get_arg_val(0), get_arg_val(1)
    D = TensorAccessor(TensorAccessorArgs(0), d0, 2048)
    for i in range(n):
        await cb_wait_front(16, 1)
        noc_async_write(get_read_ptr(16), D.get_noc_addr(i), 2048)
        await noc_async_write_barrier()
        cb_pop_front(16, 1)


async def p_cp() -> None:
    n = get_arg_val(0)
    compute_kernel_hw_startup(0, 16)
    copy_init(0)
    for _ in range(n):
        await cb_wait_front(0, 1)
        tile_regs_acquire()
        copy_tile(0, 0, 0)
        tile_regs_commit()
        cb_pop_front(0, 1)
        await cb_reserve_back(16, 1)
        tile_regs_wait()
        pack_tile(0, 16)
        tile_regs_release()
        cb_push_back(16, 1)
