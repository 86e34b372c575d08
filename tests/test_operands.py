"""Operands of DST tiles that are worked out long after their pages were given back, and in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_kernel_lib import CORE, no_tiles, tile_cb, tiles, whole, words

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *
from ttlearn.sim.batch import READ
from ttlearn.sim.waits import now
from ttlearn.sim.work import Work

BLOCKS = 4  # of 2 tiles of a column of A, and 2 of a row of B: their products fill 4 DST tiles, again and again


async def reader() -> None:
    for block in range(BLOCKS):
        for cb in (0, 1):
            tensor = TensorAccessor(TensorAccessorArgs(2 * cb), get_arg_val(cb))
            await cb_reserve_back(cb, 2)
            for i in range(2):
                noc_async_read_page(2 * block + i, tensor, get_write_ptr(cb) + i * get_tile_size(cb))
            await noc_async_read_barrier()
            cb_push_back(cb, 2)


async def writer() -> None:
    tensor = TensorAccessor(TensorAccessorArgs(4), get_arg_val(2))
    for i in range(4):
        await cb_wait_front(16, 1)
        noc_async_write_page(i, tensor, get_read_ptr(16))
        await noc_async_write_barrier()
        cb_pop_front(16, 1)
    unpacks = [work for work in now.risc.core.unpack.queue if isinstance(work, Work)]
    held.append(sum(work.loaded not in (None, READ) for work in unpacks))


held: list[int] = []  # unpacks whose operands are kept at the end of a run


async def outer_products(tile_op: Any) -> None:
    tile_regs_acquire()
    for _ in range(BLOCKS):
        await cb_wait_front(0, 2)
        await cb_wait_front(1, 2)
        for r in range(2):
            for c in range(2):
                tile_op(0, 1, r, c, 2 * r + c)
        cb_pop_front(0, 2)
        cb_pop_front(1, 2)
    tile_regs_commit()
    await cb_reserve_back(16, 4)
    tile_regs_wait()
    pack_block(0, 16, 4)
    tile_regs_release()
    cb_push_back(16, 4)


async def multiplies_matrices() -> None:
    compute_kernel_hw_startup(0, 1, 16, src_order=SrcOrder.Reverse)
    matmul_init(0, 1)
    await outer_products(matmul_tiles)


async def multiplies_elements() -> None:
    compute_kernel_hw_startup(0, 1, 16)
    mul_init(0, 1)
    await outer_products(mul_tiles)


def run(compute: Any, ring: int, strict: bool) -> Any:
    """The two operands and the output, in tiles (n, 32, 32), of a run whose input CBs have `ring` tiles each."""
    given = [np.clip(whole(2 * BLOCKS, 1, seed), -4, 4) for seed in (1, 2)]
    tensors = [tiles(given[0]), tiles(given[1]), no_tiles(4, 1)]
    kernels = [
        tt.KernelDescriptor(kernel, CORE, config, words(*tensors), [((0, 0), [t.buffer_address() for t in tensors])])
        for kernel, config in (
            (reader, tt.ReaderConfigDescriptor()),
            (writer, tt.WriterConfigDescriptor()),
            (compute, tt.ComputeConfigDescriptor(fp32_dest_acc_en=True)),
        )
    ]
    cbs = [tile_cb(0, ring), tile_cb(1, ring), tile_cb(16, 4)]
    tt.generic_op(tensors, tt.ProgramDescriptor(kernels, cbs), strict=strict)
    return (*(x.reshape(-1, 32, 32) for x in given), tt.to_numpy(tensors[2]).reshape(-1, 32, 32))


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("ring", [2, 4])
@pytest.mark.parametrize(("compute", "times"), [(multiplies_matrices, np.matmul), (multiplies_elements, np.multiply)])
def test_products_of_popped_pages_add_up_in_every_dst_tile(compute: Any, times: Any, ring: int, strict: bool) -> None:
    a, b, out = run(compute, ring, strict)
    for r in range(2):
        for c in range(2):
            expected = sum(times(x, y) for x, y in zip(a[r::2], b[c::2], strict=True))
            assert (out[2 * r + c] == bf16(expected)).all()


def bf16(x: Any) -> Any:
    """To nearest; |x| < 2^11 here, in whole numbers: ties away, as the packer."""
    unit = 2.0 ** np.maximum(np.floor(np.log2(np.maximum(np.abs(x), 1))) - 7, 0)
    return np.sign(x) * np.floor(np.abs(x) / unit + 0.5) * unit


def test_operands_that_math_is_past_are_let_go() -> None:
    held.clear()
    run(multiplies_matrices, 2, True)
    assert held == [1]  # the last one's: nothing came after it
