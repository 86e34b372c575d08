"""Tilize, then pack_untilize: the identity on bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
from ttlearn.compute import *
from ttlearn.dataflow import *

CORES = tt.core_set((0, 0))
LIMITS = {False: 8, True: 4}  # tiles of a DST section, by fp32_dest_acc_en


async def reader() -> None:
    """32 sticks into Wt tile pages: the same bytes."""
    args = TensorAccessorArgs(0)
    src, Wt, Ht = TensorAccessor(args, get_arg_val(0)), get_arg_val(1), get_arg_val(2)
    for row in range(Ht):
        await cb_reserve_back(0, Wt)
        for i in range(32):
            noc_async_read_page(row * 32 + i, src, get_write_ptr(0) + i * args.page_size)
        await noc_async_read_barrier()
        cb_push_back(0, Wt)


async def writer() -> None:
    args = TensorAccessorArgs(0)
    dst, Wt, Ht = TensorAccessor(args, get_arg_val(0)), get_arg_val(1), get_arg_val(2)
    for row in range(Ht):
        await cb_wait_front(16, Wt)
        for i in range(32):
            noc_async_write_page(row * 32 + i, dst, get_read_ptr(16) + i * args.page_size)
        await noc_async_write_barrier()
        cb_pop_front(16, Wt)


def compute(block: int) -> Callable[[], Any]:
    async def compute() -> None:
        Wt, Ht = get_arg_val(0), get_arg_val(1)
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
            pack_untilize_init(1, 16, block_ct_dim=block, full_ct_dim=Wt)
            for c in range(Wt // block):
                await cb_wait_front(1, block)
                pack_untilize_block(1, 1, 16, c, block_ct_dim=block, full_ct_dim=Wt)
                cb_pop_front(1, block)
            pack_untilize_uninit(16)
            cb_push_back(16, Wt)

    return compute


def fitting(Wt: int, fp32_dest: bool) -> int:
    """The largest divisor of Wt that a DST section holds."""
    return max(b for b in range(1, LIMITS[fp32_dest] + 1) if Wt % b == 0)


def patterns(Wt: int, Ht: int) -> Any:
    """Every kind of bf16 but denormals, -0, inf and NaN, which the engine does not keep."""
    rng = np.random.default_rng(100 * Wt + Ht)
    bits = rng.integers(0x0080, 0x7F80, (32 * Ht, 32 * Wt), np.uint16)
    bits |= rng.integers(0, 2, bits.shape, np.uint16) << 15
    return np.where(rng.random(bits.shape) < 0.1, 0, bits).astype(np.uint16)


def round_trip(Wt: int, Ht: int, fp32_dest: bool, block: int) -> bool:
    """Is the output the input?"""
    source = tt.from_numpy(patterns(Wt, Ht))
    out = tt.allocate_tensor_on_device(source.shape)
    words = tt.TensorAccessorArgs(source).get_compile_time_args()

    def kernel(function: Callable[[], Any], config: Any, *args: int) -> tt.KernelDescriptor:
        return tt.KernelDescriptor(function, CORES, config, words, [((0, 0), [*args, Wt, Ht])])

    cbs = [tt.CBDescriptor(2048 * Wt, CORES, [tt.CBFormatDescriptor(i, tt.bfloat16, 2048)]) for i in (0, 1, 16)]
    kernels = [
        kernel(reader, tt.ReaderConfigDescriptor(), source.buffer_address()),
        kernel(writer, tt.WriterConfigDescriptor(), out.buffer_address()),
        kernel(compute(block), tt.ComputeConfigDescriptor(fp32_dest_acc_en=fp32_dest)),
    ]
    tt.generic_op([source, out], tt.ProgramDescriptor(kernels, cbs))
    return bool((tt.to_bits(out) == tt.to_bits(source)).all())


@pytest.mark.parametrize("fp32_dest", [False, True])
@pytest.mark.parametrize("Ht", [1, 2, 3])
@pytest.mark.parametrize("Wt", range(1, 17))
def test_tilize_then_pack_untilize_keeps_every_byte(Wt: int, Ht: int, fp32_dest: bool) -> None:
    assert round_trip(Wt, Ht, fp32_dest, fitting(Wt, fp32_dest))


@pytest.mark.parametrize(("Wt", "fp32_dest"), [(9, False), (16, False), (5, True), (8, True)])
def test_a_block_above_the_dst_limit_is_a_violation(Wt: int, fp32_dest: bool) -> None:
    with pytest.raises(tt.Violation, match=f"block_ct_dim {Wt} is more than a DST section holds"):
        round_trip(Wt, 1, fp32_dest, block=Wt)


@pytest.mark.parametrize(("Wt", "block"), [(8, 1), (8, 2), (8, 4), (12, 3), (12, 6)])
def test_any_divisor_below_the_limit_serves(Wt: int, block: int) -> None:
    assert round_trip(Wt, 2, False, block)
